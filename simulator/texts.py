"""WhatsApp's message contents: built, padded, unpadded and put into words."""

import secrets
from dataclasses import dataclass
from typing import Any

from google.protobuf.message import DecodeError

from simulator.protobufs import e2e

_WRAPPERS = (
    "ephemeralMessage",
    "viewOnceMessage",
    "viewOnceMessageV2",
    "viewOnceMessageV2Extension",
    "documentWithCaptionMessage",
    "editedMessage",
)
_NOT_CONTENT = {"messageContextInfo", "senderKeyDistributionMessage"}


class MalformedMessage(ValueError):
    """The decrypted bytes are not a padded WhatsApp message."""


@dataclass(frozen=True)
class Content:
    """A message in words: its kind, its text (empty where there is none), for copies of own messages the addressee."""

    kind: str
    text: str
    destination: str = ""


def pad(plain: bytes) -> bytes:
    """The bytes with 1 to 15 bytes of padding."""
    size = 1 + secrets.randbelow(15)
    return plain + bytes([size]) * size


def unpad(padded: bytes) -> bytes:
    """The bytes without their padding; raises MalformedMessage."""
    size = padded[-1] if padded else 0
    if not 0 < size <= len(padded) or padded[-size:] != bytes([size]) * size:
        raise MalformedMessage("The padding of the decrypted message is wrong.")
    return padded[:-size]


def text(words: str) -> Any:
    """A plain text message."""
    return e2e.Message(conversation=words)


def to_own_device(message: Any, destination: str) -> Any:
    """The copy of an own message for one's other devices."""
    return e2e.Message(deviceSentMessage={"destinationJID": destination, "message": message})


def read(padded: bytes) -> Content:
    """A decrypted message in words; raises MalformedMessage."""
    try:
        message = e2e.Message.FromString(unpad(padded))
    except DecodeError as error:
        raise MalformedMessage(f"The decrypted message is not a protobuf ({error}).") from error
    if message.HasField("deviceSentMessage"):
        inner = _describe(message.deviceSentMessage.message)
        return Content(inner.kind, inner.text, message.deviceSentMessage.destinationJID)
    return _describe(message)


def _describe(message: Any) -> Content:
    for wrapper in _WRAPPERS:
        if message.HasField(wrapper):
            return _describe(getattr(message, wrapper).message)
    if message.HasField("conversation"):
        return Content("text", message.conversation)
    if message.HasField("extendedTextMessage"):
        return Content("text", message.extendedTextMessage.text)
    if message.HasField("protocolMessage"):
        protocol = message.protocolMessage
        kind = protocol.Type.Name(protocol.type).lower().replace("_", "-")
        return Content(kind, _describe(protocol.editedMessage).text if protocol.HasField("editedMessage") else "")
    for field, value in message.ListFields():
        if field.name not in _NOT_CONTENT:
            words = getattr(value, "caption", "") or getattr(value, "text", "") or getattr(value, "displayName", "")
            return Content(field.name.removesuffix("Message"), words if isinstance(words, str) else "")
    return Content("empty", "")
