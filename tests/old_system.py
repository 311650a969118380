"""Files as the old Node system wrote them, about the people of the cast: nothing in them was ever somebody's."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.builders import NOW, in_
from tests.cast import ALICE, BOB, CHARLIE, DORA, GROUP, Person


def misread(text: str) -> str:
    """The text as it looks once its UTF-8 was read as Windows-1252, as far as that has the bytes.

    >>> misread("Grüße")
    'GrÃ¼ÃŸe'
    """
    return "".join(bytes([byte]).decode("cp1252", errors="ignore") or chr(byte) for byte in text.encode())


def instant(at: datetime) -> str:
    """As JavaScript prints it: 2025-12-24T10:00:00.000Z"""
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03d}Z"


def old_message(
    number: int = 1, to: Person | str = ALICE, at: datetime | None = None, **changes: Any
) -> dict[str, Any]:
    """A record of scheduled.json, pending, due in an hour."""
    person = to if isinstance(to, Person) else None
    record = {
        "id": f"17665704{number:05d}_k3j9x{number}",
        "to": person.number if person else to,
        "contactName": person.name if person else "Somebody",
        "message": f"The kettle is on, no. {number}.",
        "scheduledTime": instant(at or in_(hours=1)),
        "status": "pending",
        "createdAt": instant(NOW - timedelta(days=3)),
        "createdFrom": "web",
        "sentAt": None,
    }
    return record | changes


def old_contact(person: Person = ALICE, **changes: Any) -> dict[str, Any]:
    """A record of contacts.json, which has the number as its key."""
    phones = {"primary": person.number, "secondary": None}
    return {"name": person.name, "aliases": [], "phones": phones, "favorite": False, "tags": []} | changes


def said(text: str = "Tea?", at: datetime = NOW, *, from_me: bool = False, **changes: Any) -> dict[str, Any]:
    """A message of chats.json, in words only: the old system kept neither its id nor who wrote it."""
    stamp = int(at.timestamp())
    record = {"message": text, "timestamp": stamp, "isFromMe": from_me, "messageType": "text"}
    return record | {"date": instant(datetime.fromtimestamp(stamp, UTC))} | changes


def image(chat: str, ident: str, at: datetime = NOW, **key: Any) -> dict[str, Any]:
    """A picture of chats.json: with the client's own record, its bytes as an object with a number for each key."""
    stamp = int(at.timestamp())
    raw = {
        "key": {"remoteJid": chat, "fromMe": False, "id": ident, **key},
        "messageTimestamp": {"low": stamp, "high": 0, "unsigned": True},
        "message": {"imageMessage": {"url": "https://media.example/1", "mediaKey": {"0": 7, "1": 255}, "width": 1080}},
    }
    long = {"low": stamp, "high": 0, "unsigned": True}
    return said("[Image]", at, messageType="image", rawMessage=raw) | {"timestamp": long}


def old_chat(address: str, *messages: dict[str, Any], name: str | None = None) -> dict[str, Any]:
    """A chat of chats.json, whose key is its address."""
    last = messages[-1]["timestamp"] if messages else 0
    group = address.endswith("@g.us")
    return {
        "id": address,
        "messages": [*messages],
        "lastMessageTime": last,
        "unreadCount": 1,
        "name": name,
        "isGroup": group,
    }


def scheduled() -> dict[str, Any]:
    """A scheduled.json with one of each kind."""
    return {
        "messages": [
            old_message(1, DORA, message=misread("Grüße 👋"), contactName=misread(DORA.name)),
            old_message(2, f"+{BOB.number}", at=in_(hours=-2)),
            old_message(3, BOB, at=in_(days=-30), status="sent", sentAt=instant(in_(days=-30, seconds=31))),
            old_message(4, CHARLIE, at=in_(days=-20), status="failed", error="timed out waiting for message"),
            old_message(5, f"{CHARLIE.number}@s.whatsapp.net", scheduledInTimezone="Asia/Dubai"),
        ]
    }


def contacts() -> dict[str, Any]:
    """A contacts.json of three people."""
    two = {"primary": BOB.number, "secondary": CHARLIE.number}
    return {
        ALICE.number: old_contact(ALICE, aliases=["Al"], favorite=True, tags=["family"], timezone="Europe/London"),
        BOB.number: old_contact(BOB, phones=two, defaultPhone="secondary"),
        DORA.number: old_contact(DORA, name=misread(DORA.name)),
    }


def chats() -> dict[str, Any]:
    """A chats.json of a person and a group."""
    one = [said("Tea?", in_(days=-1)), said(misread("Grüße"), in_(days=-1, minutes=1), from_me=True)]
    return {
        ALICE.jid: old_chat(ALICE.jid, *one, one[0], image(ALICE.jid, "3EB0A", NOW), name=misread("Zoë")),
        GROUP: old_chat(GROUP, image(GROUP, "3EB0B", NOW, participant=BOB.jid), said("Hi", NOW), name="Family"),
    }


def write(folder: Path, **files: Any) -> Path:
    """These as name.json in the folder, as JavaScript prints them; bytes as they are."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, value in files.items():
        data = value if isinstance(value, bytes) else json.dumps(value, ensure_ascii=False, indent=2).encode()
        (folder / f"{name}.json").write_bytes(data)
    return folder
