"""Builds WhatsApp's message contents from what somebody is asked to say."""

from typing import TYPE_CHECKING, Any

from simulator.clock import utc_now
from simulator.media import MediaType
from simulator.nodes import Jid
from simulator.people import Person
from simulator.protobufs import e2e
from simulator.sayings import FileToSend, Saying

if TYPE_CHECKING:
    from simulator.network import Network

_MEDIA = {
    "image": MediaType.IMAGE,
    "video": MediaType.VIDEO,
    "audio": MediaType.AUDIO,
    "voice": MediaType.AUDIO,
    "document": MediaType.DOCUMENT,
    "sticker": MediaType.IMAGE,
}
_FIELDS = {"voice": "audioMessage"}
_CAPTIONED = {"image", "video", "document"}
_TIMED = {"video", "audio", "voice"}


class NotThere(LookupError):
    """The message that is answered, edited, deleted or reacted to is not in this chat."""


def compose(network: "Network", speaker: Person, chat: str, peer: Jid, saying: Saying) -> Any:
    """The message, a file in it uploaded; `chat` is its name on the speaker's phone, `peer` its address.

    Raises NotThere.
    """
    if saying.kind in ("reaction", "edit", "delete"):
        return _change(network, speaker, chat, peer, saying)
    if saying.file is not None:
        name, value = _FIELDS.get(saying.kind, f"{saying.kind}Message"), _file(network, saying, saying.file)
    elif saying.location is not None:
        place = saying.location
        name, value = (
            "locationMessage",
            {
                "degreesLatitude": place.latitude,
                "degreesLongitude": place.longitude,
                "name": place.name,
                "address": place.address,
                "comment": saying.text,
            },
        )
    elif saying.contact is not None:
        name, value = "contactMessage", {"displayName": saying.contact.name, "vcard": saying.contact.vcard}
    elif saying.reply_to is None:
        return e2e.Message(conversation=saying.text)
    else:
        name, value = "extendedTextMessage", {"text": saying.text}
    if saying.reply_to is not None:
        value["contextInfo"] = _context(network, speaker, chat, saying.reply_to)
    return e2e.Message(**{name: value})


def _file(network: "Network", saying: Saying, file: FileToSend) -> dict[str, Any]:
    sealed, path = network.files.upload(file.content, _MEDIA[saying.kind])
    value: dict[str, Any] = {
        "mimetype": file.mimetype,
        "directPath": path,
        "mediaKey": sealed.key,
        "fileSHA256": sealed.sha256,
        "fileEncSHA256": sealed.encrypted_sha256,
        "fileLength": sealed.size,
        "mediaKeyTimestamp": int(utc_now().timestamp()),
    }
    if saying.kind in _CAPTIONED:
        value["caption"] = saying.text
    if saying.kind in _TIMED and file.seconds is not None:
        value["seconds"] = file.seconds
    if saying.kind == "voice":
        value["PTT"] = True
    if saying.kind == "document" and file.name is not None:
        value["fileName"] = value["title"] = file.name
    return value


def _context(network: "Network", speaker: Person, chat: str, message_id: str) -> dict[str, Any]:
    known = network.mailbox.find(speaker.phone, chat, message_id)
    author = network.people.by_phone(known.from_phone) if known else None
    if known is None or author is None:
        raise NotThere("There is no message with this id in the chat to answer.")
    quoted = e2e.Message.FromString(known.content) if known.content else e2e.Message(conversation=known.text)
    return {"stanzaID": message_id, "participant": str(author.lid_jid), "quotedMessage": quoted}


def _change(network: "Network", speaker: Person, chat: str, peer: Jid, saying: Saying) -> Any:
    known = network.mailbox.find(speaker.phone, chat, saying.target or "")
    author = network.people.by_phone(known.from_phone) if known else None
    if known is None or author is None:
        raise NotThere(f"There is no message with this id in the chat for this {saying.kind}.")
    own, now = author.phone == speaker.phone, int(utc_now().timestamp() * 1000)
    if saying.kind != "reaction" and not own:
        raise NotThere(f"Only an own message can be the target of this {saying.kind}.")
    key: dict[str, Any] = {"remoteJID": str(peer), "fromMe": own, "ID": known.id}
    if peer.server == "g.us":
        key["participant"] = str(author.lid_jid)
    if saying.kind == "reaction":
        return e2e.Message(reactionMessage={"key": key, "text": saying.text, "senderTimestampMS": now})
    if saying.kind == "delete":
        return e2e.Message(protocolMessage={"type": "REVOKE", "key": key})
    better = e2e.Message(conversation=saying.text)
    change = {"type": "MESSAGE_EDIT", "key": key, "editedMessage": better, "timestampMS": now}
    return e2e.Message(editedMessage={"message": {"protocolMessage": change}})
