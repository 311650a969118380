"""A captured message: what WhatsApp showed of one message of one chat, to us or from us. Never changed.

One line of a history segment is one of these. The same message may be captured many times; copies are merged by `key`.
"""

import hashlib
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import Field

from shared.model.values import Instant, Record

ChatId = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\s/\\\x00-\x1f]+$")]


class Key(NamedTuple):
    """What makes two captures the same message; `sender` is empty where nobody said who wrote it."""

    chat: str
    sender: str
    id: str


class Captured(Record):
    """One message as it was captured; `at` is WhatsApp's time for it, aware UTC. Unknown fields are kept."""

    v: Literal[1] = Field(default=1, description="of the line's format, always written")
    chat: ChatId = Field(description="the chat's WhatsApp address, as it came")
    sender: ChatId | None = Field(default=None, description="who wrote it; None: the owner, or not known")
    id: ChatId = Field(description="WhatsApp's id, or one made of the content, see `made_id`")
    at: Instant
    from_me: bool = False
    kind: str = Field(default="text", min_length=1, max_length=40, description="text, image, video, audio, document…")
    text: str = ""
    quoted: ChatId | None = Field(default=None, description="the id of the message it answers")
    chat_name: str | None = Field(default=None, max_length=1000)
    raw: dict[str, Any] | None = Field(default=None, description="the client's own message, with its media reference")
    source: str = Field(default="link", max_length=20, description="who captured it: the link, or the old system")

    @property
    def key(self) -> Key:
        """What it is known by."""
        return Key(self.chat, self.sender or "", self.id)

    def line(self) -> bytes:
        """This message as a line of a segment, without its line end; the same message always gives the same bytes."""
        return b'{"v":1,' + self.model_dump_json(by_alias=True, exclude_defaults=True).encode()[1:]


def read_line(line: bytes) -> Captured:
    """The message in a line of a segment. Raises pydantic.ValidationError."""
    return Captured.model_validate_json(line)


def merge(mine: Captured, theirs: Captured) -> Captured:
    """Of two captures of one message the one that says more; refuses those of different messages (ValueError)."""
    if mine.key != theirs.key:
        raise ValueError("cannot merge captures of two messages")
    return max(mine, theirs, key=_weight)


def _weight(captured: Captured) -> tuple[bool, bool, int, bytes]:
    line = captured.line()
    return (captured.raw is not None, captured.source == "link", len(line), line)


def made_id(*parts: object) -> str:
    """An id for a message whose own was not kept: the same parts always give the same one.

    >>> made_id("447700900001@s.whatsapp.net", 1766427969, False, "text", "Tea?")[:8]
    'made-8ed'
    """
    return f"made-{hashlib.sha256(repr(parts).encode(errors='backslashreplace')).hexdigest()[:32]}"
