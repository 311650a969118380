"""What an event of the library tells capture: a message, or a change of one; who is who; that the phone lives.

Pure. The events are the library's own objects, looked at by attribute, so that this module needs no library.
"""

import base64
from collections.abc import Iterable
from datetime import UTC, datetime
from enum import StrEnum
from functools import lru_cache
from typing import Any, NamedTuple

from session_host.link_events import PEER
from shared.model.address import Address, BadAddress, Kind
from shared.model.captured import Captured

# Numbers of WhatsApp's own messages (WAWebProtobufsE2E.proto; held to it by a test).
REVOKE = 0
MESSAGE_EDIT = 14

_KINDS = {
    "conversation": "text",
    "extendedTextMessage": "text",
    "imageMessage": "image",
    "videoMessage": "video",
    "ptvMessage": "video",
    "audioMessage": "audio",
    "documentMessage": "document",
    "stickerMessage": "sticker",
    "lottieStickerMessage": "sticker",
    "contactMessage": "contact",
    "contactsArrayMessage": "contact",
    "locationMessage": "location",
    "liveLocationMessage": "location",
    "pollCreationMessage": "poll",
    "pollCreationMessageV2": "poll",
    "pollCreationMessageV3": "poll",
    "eventMessage": "event",
    "groupInviteMessage": "invite",
}
_WITH_MEDIA = {"image", "video", "audio", "document", "sticker"}
_NO_MESSAGE = {
    "senderKeyDistributionMessage",
    "fastRatchetKeySenderKeyDistributionMessage",
    "messageContextInfo",
    "protocolMessage",
    "encReactionMessage",
    "secretEncryptedMessage",
    "pollUpdateMessage",
    "keepInChatMessage",
    "pinInChatMessage",
    "stickerSyncRmrMessage",
    "placeholderMessage",
}
"""Parts that no person sees as a message of its own."""


class What(StrEnum):
    """How a message may be changed afterwards."""

    EDIT = "edit"
    DELETE = "delete"
    REACTION = "reaction"


class Change(NamedTuple):
    """A change of another message. by: empty where it was the owner. text: the new text, or the emoji (empty: none)."""

    chat: str
    target: str
    by: str
    what: What
    at: datetime
    text: str


class Pair(NamedTuple):
    """A hidden number and the phone number of the same person, as WhatsApp addresses."""

    lid: str
    number: str


class Seen(NamedTuple):
    """What one event tells. name: an address and what its owner is called; phone_at: when our own phone did this."""

    message: Captured | None = None
    change: Change | None = None
    pairs: tuple[Pair, ...] = ()
    name: tuple[str, str] | None = None
    phone_at: datetime | None = None


NOTHING = Seen()
LONGEST_NAME = 200


def of_message(event: Any) -> Seen:
    """What a MessageEv tells. Raises pydantic.ValidationError for one that no client could have made."""
    info, source = event.Info, event.Info.MessageSource
    at = _at(info.Timestamp / 1000)
    chat, sender = jid(source.Chat), jid(source.Sender)
    seen = Seen(pairs=_pairs(source), phone_at=at if source.IsFromMe and source.Sender.Device == 0 else None)
    if info.Category == PEER or chat is None or sender is None:
        return seen
    by = "" if source.IsFromMe else sender
    if by and (name := _name(info.Pushname)):
        seen = seen._replace(name=(sender, name))
    message = event.Message
    if change := _change(message, chat, by, at):
        return seen._replace(change=change)
    for field, part in message.ListFields():
        if field.name not in _NO_MESSAGE:
            return seen._replace(message=_captured(event, field.name, part, chat, by, at))
    return seen


def of_undecryptable(event: Any) -> Seen:
    """What an UndecryptableMessageEv tells: only who is who."""
    return Seen(pairs=_pairs(event.Info.MessageSource))


def of_receipt(event: Any) -> Seen:
    """What a ReceiptEv tells: our own phone has read something."""
    source = event.MessageSource
    ours = source.IsFromMe and source.Sender.Device == 0
    return Seen(pairs=_pairs(source), phone_at=_at(event.Timestamp) if ours else None)


def given_names(contacts: Iterable[Any]) -> dict[str, str]:
    """What the owner calls people, by address, of the library's contacts: most are only known by their own names."""
    found: dict[str, str] = {}
    for each in contacts:
        name = _name(each.Info.FullName) or _name(each.Info.FirstName)
        if name and (address := jid(each.JID)):
            found[address] = name
    return found


def jid(address: Any) -> str | None:
    """The library's address of a person or a group without its device; None for any other.

    >>> from types import SimpleNamespace
    >>> jid(SimpleNamespace(User="447700900001", Server="s.whatsapp.net"))
    '447700900001@s.whatsapp.net'
    """
    return _jid(address.User, address.Server)


@lru_cache(maxsize=4096)
def _jid(user: str, server: str) -> str | None:
    try:
        return Address.from_stored(f"{user}@{server}").jid
    except BadAddress:
        return None


def _name(told: str | bytes) -> str:
    """A name as it is kept; the library hands over as bytes what is no UTF-8."""
    return (told.decode(errors="replace") if isinstance(told, bytes) else told).strip()[:LONGEST_NAME]


def is_hidden(address: str) -> bool:
    """Whether it is a hidden number (LID)."""
    return address.endswith(f"@{Kind.LID.value}")


def _at(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _moment(millis: int, at: datetime) -> datetime:
    """What a sender's own clock says, to the millisecond; never later than WhatsApp's: no change wins for ever."""
    return _at(millis / 1000) if 0 < millis <= at.timestamp() * 1000 else at


def _pairs(source: Any) -> tuple[Pair, ...]:
    found = [(jid(source.Sender), jid(source.SenderAlt))]
    if not source.IsGroup:
        other = source.RecipientAlt if source.IsFromMe else source.SenderAlt
        found.append((jid(source.Chat), jid(other)))
    pairs = {pair for one, other in found if one and other and (pair := _pair(one, other))}
    return tuple(sorted(pairs))


@lru_cache(maxsize=4096)
def _pair(one: str, other: str) -> Pair | None:
    kinds = {Address.from_stored(each).kind: each for each in (one, other)}
    return Pair(kinds[Kind.LID], kinds[Kind.PHONE]) if kinds.keys() == {Kind.LID, Kind.PHONE} else None


def _change(message: Any, chat: str, by: str, at: datetime) -> Change | None:
    if message.HasField("reactionMessage"):
        part = message.reactionMessage
        moment = _moment(part.senderTimestampMS, at)
        return Change(chat, part.key.ID, by, What.REACTION, moment, part.text[:40])
    if not message.HasField("protocolMessage"):
        return None
    part = message.protocolMessage
    if part.type == REVOKE and part.key.ID:
        return Change(chat, part.key.ID, by, What.DELETE, at, "")
    if part.type == MESSAGE_EDIT:
        moment = _moment(part.timestampMS, at)
        texts = [_text(field.name, each) for field, each in part.editedMessage.ListFields() if field.name in _KINDS]
        return Change(chat, part.key.ID, by, What.EDIT, moment, texts[0] if texts else "")
    return None


def _captured(event: Any, name: str, part: Any, chat: str, by: str, at: datetime) -> Captured:
    kind = _KINDS.get(name, "other")
    if kind == "audio" and part.PTT:
        kind = "voice"
    raw: dict[str, Any] | None = None
    if kind in _WITH_MEDIA or kind in ("voice", "other"):
        raw = {"protobuf": base64.b64encode(event.Message.SerializeToString()).decode()}
        if kind != "other":
            raw["media"] = _media(part)
    context = getattr(part, "contextInfo", None)
    return Captured(
        chat=chat,
        sender=by or None,
        id=event.Info.ID,
        at=at,
        from_me=not by,
        kind=kind,
        text=_text(name, part),
        quoted=(context.stanzaID or None) if context is not None else None,
        raw=raw,
    )


def _media(part: Any) -> dict[str, Any]:
    """What its sender says of a file, as shared.model.chats.MediaFacts reads it; the bytes are not here."""
    words = {"mime": getattr(part, "mimetype", ""), "name": getattr(part, "fileName", "") or getattr(part, "title", "")}
    numbers = {"size": "fileLength", "seconds": "seconds", "width": "width", "height": "height"}
    told: dict[str, Any] = {name: str(value)[:200] for name, value in words.items()}
    told |= {name: int(getattr(part, field, 0)) for name, field in numbers.items()}
    return {name: value for name, value in told.items() if value}


def _text(name: str, part: Any) -> str:
    if name == "conversation":
        return str(part)
    for field in ("text", "caption", "displayName", "name", "fileName"):
        value = getattr(part, field, "")
        if isinstance(value, str) and value:
            return value
    return ""
