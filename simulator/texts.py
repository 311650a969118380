"""The bytes inside of a sealed message: padded and unpadded, read, and wrapped for one's own devices."""

import secrets
from dataclasses import dataclass, field
from typing import Any

from google.protobuf.message import DecodeError

from simulator import contents
from simulator.contents import Content
from simulator.protobufs import e2e


class MalformedMessage(ValueError):
    """The decrypted bytes are not a padded WhatsApp message."""


@dataclass(frozen=True)
class Opened:
    """A decrypted message; for copies of own messages the addressee, for one that hands out a sender key that key."""

    message: Any = field(repr=False)
    destination: str = ""

    @property
    def content(self) -> Content:
        """The message in words."""
        return contents.describe(self.message)


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


def read(padded: bytes) -> Opened:
    """A decrypted message; raises MalformedMessage."""
    try:
        message = e2e.Message.FromString(unpad(padded))
    except DecodeError as error:
        raise MalformedMessage(f"The decrypted message is not a protobuf ({error}).") from error
    if message.HasField("deviceSentMessage"):
        return Opened(message.deviceSentMessage.message, message.deviceSentMessage.destinationJID)
    return Opened(message)
