"""Messages as the WhatsApp library's protobufs, built by hand: so nothing of it needs ffmpeg, and no word is looked up.

The protobuf classes come from whoever has the library loaded; here is only what goes into which field.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from session_host.outgoing import Outgoing
from shared.model.address import Address, Kind
from shared.model.content import About, Act, ContactCard, Location, Media

UPLOAD_AS: Mapping[str, str] = {
    "image": "MediaImage",
    "video": "MediaVideo",
    "audio": "MediaAudio",
    "voice": "MediaAudio",
    "document": "MediaDocument",
}
"""The library's name for how a file of each kind is encrypted."""
VOICE_MIME = "audio/ogg; codecs=opus"


class Way(NamedTuple):
    """What a message needs to know besides its content: where it goes, who sends it, when, and what was uploaded."""

    to: Address
    own_number: str | None
    now_ms: int
    uploaded: Any = None


def build(protobuf: Any, what: Outgoing, way: Way) -> Any:
    """The library's message. `protobuf` is its module of message classes. Raises ValueError for a text that is none."""
    message = protobuf.Message()
    if what.about is not None and what.about.act is not Act.REPLY:
        _ACTS[what.about.act](protobuf, message, what, way)
        return message
    part = _content(message, what, way)
    if what.about is not None:
        _quote(part.contextInfo, what.about, way)
    return message


def _content(message: Any, what: Outgoing, way: Way) -> Any:
    """Fills in the content; the part of the message that can carry a quotation."""
    attachment = what.attachment
    if isinstance(attachment, Media):
        return _media(message, attachment, what.text, way)
    if isinstance(attachment, Location):
        part = message.locationMessage
        part.degreesLatitude, part.degreesLongitude = attachment.latitude, attachment.longitude
        part.name, part.address = attachment.name or "", attachment.address or ""
        return part
    if isinstance(attachment, ContactCard):
        part = message.contactMessage
        part.displayName, part.vcard = attachment.name, vcard(attachment)
        return part
    if what.about is None:
        message.conversation = what.text
        return message
    message.extendedTextMessage.text = what.text
    return message.extendedTextMessage


def _media(message: Any, media: Media, caption: str, way: Way) -> Any:
    part = _PARTS[media.kind](message, caption)
    up = way.uploaded
    part.URL, part.directPath, part.mediaKey = up.url, up.DirectPath, up.MediaKey
    part.fileEncSHA256, part.fileSHA256, part.fileLength = up.FileEncSHA256, up.FileSHA256, up.FileLength
    part.mediaKeyTimestamp = way.now_ms // 1000
    part.mimetype = VOICE_MIME if media.kind == "voice" else media.mime
    if media.kind == "voice":
        part.PTT = True
    if media.kind == "document":
        part.fileName = part.title = media.name or "file"
    elif caption:
        part.caption = caption
    if media.kind in ("image", "video") and media.width and media.height:
        part.width, part.height = media.width, media.height
    if media.kind in ("video", "audio", "voice") and media.seconds:
        part.seconds = media.seconds
    return part


def _document(message: Any, caption: str) -> Any:
    if not caption:
        return message.documentMessage
    part = message.documentWithCaptionMessage.message.documentMessage
    part.caption = caption
    return part


_PARTS: Mapping[str, Callable[[Any, str], Any]] = {
    "image": lambda message, _: message.imageMessage,
    "video": lambda message, _: message.videoMessage,
    "audio": lambda message, _: message.audioMessage,
    "voice": lambda message, _: message.audioMessage,
    "document": _document,
}


def _quote(context: Any, about: About, way: Way) -> None:
    context.stanzaID = about.message_id
    context.participant = _author(about, way).jid
    context.quotedMessage.conversation = about.quoted


def _author(about: About, way: Way) -> Address:
    """Who wrote the other message: this account, who is named, or the other side of the chat."""
    if about.from_me and way.own_number:
        return Address(kind=Kind.PHONE, user=way.own_number)
    return Address.from_stored(about.sender) if about.sender else way.to


def _key(key: Any, about: About, way: Way) -> None:
    key.remoteJID, key.fromMe, key.ID = way.to.jid, about.from_me, about.message_id
    if way.to.kind is Kind.GROUP and not about.from_me:
        key.participant = _author(about, way).jid


def _react(_protobuf: Any, message: Any, what: Outgoing, way: Way) -> None:
    part = message.reactionMessage
    _key(part.key, _about(what), way)
    part.text, part.senderTimestampMS = what.text, way.now_ms


def _edit(protobuf: Any, message: Any, what: Outgoing, way: Way) -> None:
    part = message.editedMessage.message.protocolMessage
    _key(part.key, _about(what), way)
    part.type = protobuf.ProtocolMessage.MESSAGE_EDIT
    part.editedMessage.conversation = what.text
    part.timestampMS = way.now_ms


def _delete(protobuf: Any, message: Any, what: Outgoing, way: Way) -> None:
    part = message.protocolMessage
    _key(part.key, _about(what), way)
    part.type = protobuf.ProtocolMessage.REVOKE


_ACTS: Mapping[Act, Callable[[Any, Any, Outgoing, Way], None]] = {
    Act.REACT: _react,
    Act.EDIT: _edit,
    Act.DELETE: _delete,
}


def _about(what: Outgoing) -> About:
    if what.about is None:
        raise ValueError("an act needs the message it is about")
    return what.about


def vcard(card: ContactCard) -> str:
    r"""The card as vCard 3.0, with WhatsApp's mark on each number.

    >>> vcard(ContactCard(kind="contact", name="Ada; L.", phones=("447700900123",))).split("\n")[3]
    'FN:Ada\\; L.'
    """
    name = card.name.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,")
    numbers = [f"TEL;type=CELL;waid={phone}:+{phone}" for phone in card.phones]
    return "\n".join(["BEGIN:VCARD", "VERSION:3.0", f"N:;{name};;;", f"FN:{name}", *numbers, "END:VCARD"])
