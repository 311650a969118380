"""Captured chats worth a look: every kind of message, hostile names and texts, replies, gaps, a file that is kept."""

import struct
import zlib
from datetime import UTC, datetime, timedelta

from shared.host_client import File
from shared.model.captured import Captured
from tests.cast import ALICE, BOB, EVE, GROUP
from tests.fakes import events
from tests.ui.served import Served

KEPT = "0" * 64


def picture(width: int = 320, height: int = 200) -> bytes:
    """A PNG with all colours of an evening."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    rows = (
        b"\0" + bytes(each for x in range(width) for each in (60 + 150 * y // height, 90, 60 + 150 * x // width))
        for y in range(height)
    )
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(b"".join(rows)))
        + chunk(b"IEND", b"")
    )


def furnish_chats(served: Served, now: datetime | None = None) -> None:
    """Three chats: Alice's with everything, a group, and one with somebody who chose a hostile name."""
    now = now or datetime.now(UTC).replace(microsecond=0)
    chats = served.host.chats

    def ago(**span: float) -> datetime:
        return now - timedelta(**span)

    reply = {"text": "Yes, at *four* then", "contextInfo": {"stanzaID": "3EB0A"}}
    bill = {"mimetype": "application/pdf", "fileName": "bill <b>for</b> the kettle.pdf", "fileLength": 120_000}
    chats.hear(
        events.message(
            ALICE.jid, "Shall we have tea? https://tea.example/menu", push_name="Ali", id_="3EB0A", at=ago(days=2)
        ),
        events.message(ALICE.jid, from_me=True, extendedTextMessage=reply, at=ago(days=2, minutes=-4)),
        events.message(ALICE.jid, "Teh scarf", id_="3EB0B", at=ago(days=1)),
        events.edit(ALICE.jid, "3EB0B", "The scarf is ready", at=ago(days=1, minutes=-1)),
        events.reaction(ALICE.jid, "3EB0B", "❤", from_me=True, at=ago(hours=23)),
        events.message(ALICE.jid, documentMessage={**bill, "caption": "The bill"}, at=ago(hours=20)),
        events.message(ALICE.jid, audioMessage={"PTT": True, "seconds": 75, "fileLength": 90_000}, at=ago(hours=3)),
        events.message(ALICE.jid, "Never mind", id_="3EB0C", at=ago(hours=2)),
        events.deletion(ALICE.jid, "3EB0C", at=ago(hours=2)),
        events.message(ALICE.jid, locationMessage={"name": "The pier"}, at=ago(minutes=50)),
        events.message(ALICE.jid, "long " * 700, at=ago(minutes=20)),
        events.message(ALICE.jid, "The kettle is on.", from_me=True, id_="3EB0FICTION", at=ago(minutes=4)),
        events.message(GROUP, "Who brings cake?", sender=BOB.jid, push_name="Bob", at=ago(hours=5)),
        events.message(GROUP, orderMessage={}, sender=EVE.jid, push_name=EVE.name, at=ago(hours=4)),
        events.message(EVE.jid, "<script>alert(1)</script>", push_name=EVE.name, at=ago(days=12)),
    )
    png = picture()
    cat = Captured(
        chat=ALICE.jid, id="3EB0D", at=ago(minutes=40), from_me=True, kind="image", text="The cat",
        raw={"media": {"media": KEPT, "mime": "image/png", "size": len(png)}},
    )  # fmt: skip
    chats.keep(cat)
    chats.files[KEPT] = File(png, "image/png")
    chats.store.gap("killed", ago(hours=22), ago(hours=21))
    chats.since = ago(days=12)
