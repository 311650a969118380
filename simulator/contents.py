"""WhatsApp's message contents put into words: the kind, the text, and the facts that belong to the kind."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from simulator.facts import Card, Facts, File, Place, Quote
from simulator.media import MediaType

_WRAPPERS = (
    "ephemeralMessage",
    "viewOnceMessage",
    "viewOnceMessageV2",
    "viewOnceMessageV2Extension",
    "documentWithCaptionMessage",
    "editedMessage",
)
_NOT_CONTENT = {"messageContextInfo", "senderKeyDistributionMessage"}
_FILES = {
    "imageMessage": ("image", MediaType.IMAGE),
    "videoMessage": ("video", MediaType.VIDEO),
    "audioMessage": ("audio", MediaType.AUDIO),
    "documentMessage": ("document", MediaType.DOCUMENT),
    "stickerMessage": ("sticker", MediaType.IMAGE),
}
_MEDIA_TYPES = {
    "image": "image",
    "video": "video",
    "audio": "audio",
    "voice": "ptt",
    "document": "document",
    "sticker": "sticker",
    "contact": "vcard",
    "location": "location",
}
_PROTOCOL_KINDS = {"revoke": "delete", "message-edit": "edit"}


@dataclass(frozen=True)
class Attachment:
    """Where a message's file is and how it is opened."""

    media: MediaType
    path: str
    key: bytes = field(repr=False)
    sha256: bytes
    encrypted_sha256: bytes


@dataclass(frozen=True)
class Content:
    """A message in words: its kind, its text (empty where there is none), its facts, its file."""

    kind: str
    text: str = field(default="", repr=False)
    facts: Facts = field(default_factory=Facts, repr=False)
    attachment: Attachment | None = None


def describe(message: Any) -> Content:
    """A message's content in words; wrappers around it are taken off."""
    for wrapper in _WRAPPERS:
        if message.HasField(wrapper):
            return describe(getattr(message, wrapper).message)
    for name, value in ((one.name, value) for one, value in message.ListFields()):
        if name in _NOT_CONTENT:
            continue
        if name in _FILES:
            return _file(*_FILES[name], value)
        if name in _DESCRIBED:
            return _DESCRIBED[name](value)
        words = getattr(value, "caption", "") or getattr(value, "text", "") or getattr(value, "displayName", "")
        return Content(
            name.removesuffix("Message"), words if isinstance(words, str) else "", Facts(quoted=_quoted(value))
        )
    return Content("empty")


def seconds(at: str) -> int:
    """A moment in ISO form as seconds since 1970."""
    return int(datetime.fromisoformat(at).timestamp())


def stanza_type(message: Any) -> str:
    """What the stanza around a message says of it: `text`, `media` or `reaction`."""
    kind = describe(message).kind
    return "reaction" if kind == "reaction" else "media" if media_type(message) else "text"


def edit_attribute(message: Any) -> str | None:
    """How the stanza marks an edit (1), and a deletion or a reaction taken back (7)."""
    content = describe(message)
    if content.kind == "edit":
        return "1"
    return "7" if content.kind == "delete" or (content.kind == "reaction" and not content.text) else None


def media_type(message: Any) -> str | None:
    """The word for a message's kind of media; None for one without."""
    if message.HasField("deviceSentMessage"):
        return media_type(message.deviceSentMessage.message)
    return _MEDIA_TYPES.get(describe(message).kind)


def _file(kind: str, media: MediaType, value: Any) -> Content:
    file = File(
        mimetype=value.mimetype,
        name=getattr(value, "fileName", "") or None,
        seconds=getattr(value, "seconds", 0) or None,
        width=getattr(value, "width", 0) or None,
        height=getattr(value, "height", 0) or None,
    )
    attachment = Attachment(media, value.directPath, value.mediaKey, value.fileSHA256, value.fileEncSHA256)
    if kind == "audio" and value.PTT:
        kind = "voice"
    return Content(kind, getattr(value, "caption", ""), Facts(file=file, quoted=_quoted(value)), attachment)


def _location(value: Any) -> Content:
    place = Place(
        latitude=value.degreesLatitude, longitude=value.degreesLongitude, name=value.name, address=value.address
    )
    return Content("location", value.comment, Facts(location=place, quoted=_quoted(value)))


def _card(value: Any) -> Content:
    card = Card(name=value.displayName, vcard=value.vcard)
    return Content("contact", card.name, Facts(contacts=(card,), quoted=_quoted(value)))


def _cards(value: Any) -> Content:
    cards = tuple(Card(name=one.displayName, vcard=one.vcard) for one in value.contacts)
    return Content("contact", value.displayName, Facts(contacts=cards, quoted=_quoted(value)))


def _protocol(value: Any) -> Content:
    name = value.Type.Name(value.type).lower().replace("_", "-")
    kind = _PROTOCOL_KINDS.get(name, name)
    words = describe(value.editedMessage).text if value.HasField("editedMessage") else ""
    return Content(kind, words, Facts(target=value.key.ID or None))


_DESCRIBED: dict[str, Callable[[Any], Content]] = {
    "conversation": lambda words: Content("text", words),
    "extendedTextMessage": lambda value: Content("text", value.text, Facts(quoted=_quoted(value))),
    "protocolMessage": _protocol,
    "reactionMessage": lambda value: Content("reaction", value.text, Facts(target=value.key.ID or None)),
    "locationMessage": _location,
    "contactMessage": _card,
    "contactsArrayMessage": _cards,
}


def _quoted(value: Any) -> Quote | None:
    context = getattr(value, "contextInfo", None)
    if context is None or not context.stanzaID:
        return None
    text = describe(context.quotedMessage).text if context.HasField("quotedMessage") else ""
    return Quote(id=context.stanzaID, text=text, from_=context.participant or None)
