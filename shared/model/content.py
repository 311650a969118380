"""What a message may hold besides its text: an attachment, or another message that it is about."""

import re
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, StringConstraints, Tag

from shared.model.sentence import said
from shared.model.values import Record

MAX_TEXT = 65_536
"""WhatsApp's own limit for a text, in characters."""
MAX_CAPTION = 1_024
"""The limit that WhatsApp documents for the text beside an attachment, in characters."""
MAX_MEDIA = 16_000_000
"""Bytes of one file: the host holds it in memory while it leaves."""
MAX_EMOJI = 20
"""Code points of one emoji; a family of four with skin tones has eleven."""

MediaId = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
"""SHA-256 of the file's bytes, in hexadecimal: also its name in the bucket."""
Mime = Annotated[
    str, StringConstraints(max_length=120, pattern=r"^[a-z]+/[a-z0-9][a-z0-9.+_-]*(; ?codecs=[a-z0-9.,]+)?$")
]
FileName = Annotated[
    str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^/\\:\x00-\x1f\x7f\u202a-\u202e\u2066-\u2069]+$")
]
"""A name without a path, control characters or marks that turn the reading direction round."""
Line = Annotated[str, StringConstraints(max_length=300, pattern=r"^[^\x00-\x1f\x7f]*$")]
Digits = Annotated[str, StringConstraints(pattern=r"^[1-9][0-9]{4,14}$")]
WhatsAppId = Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=r"^[A-Za-z0-9._-]+$")]
Seconds = Annotated[int, Field(ge=0, le=86_400)]
Pixels = Annotated[int, Field(ge=1, le=100_000)]

MIMES: dict[str, frozenset[str] | None] = {
    "image": frozenset({"image/jpeg", "image/png"}),
    "video": frozenset({"video/mp4", "video/3gpp"}),
    "audio": frozenset({"audio/mpeg", "audio/mp4", "audio/aac", "audio/amr", "audio/ogg"}),
    "voice": frozenset({"audio/ogg"}),
    "document": None,
}
"""What each kind takes, None: everything. Any other file can be sent as a document."""


class Media(Record):
    """A file in the bucket, shown as its `kind` says; a voice message is Opus in Ogg."""

    kind: Literal["image", "video", "audio", "voice", "document"]
    media: MediaId
    mime: Mime
    name: FileName | None = None
    size: int = Field(ge=1, le=MAX_MEDIA, description="bytes")
    width: Pixels | None = None
    height: Pixels | None = None
    seconds: Seconds | None = None


class Location(Record):
    """A place on the map, in degrees."""

    kind: Literal["location"]
    latitude: float = Field(ge=-90, le=90, allow_inf_nan=False)
    longitude: float = Field(ge=-180, le=180, allow_inf_nan=False)
    name: Line | None = None
    address: Line | None = None


class ContactCard(Record):
    """Somebody's name and phone numbers, in digits with country code."""

    kind: Literal["contact"]
    name: Annotated[Line, StringConstraints(min_length=1)]
    phones: tuple[Digits, ...] = Field(min_length=1, max_length=10)


class Unfamiliar(Record):
    """An attachment of a kind that a newer version writes: kept as it is, and never sent by this one."""

    kind: str = Field(min_length=1, max_length=40)


def _tag(value: Any) -> str:
    kind = value.get("kind") if isinstance(value, dict) else getattr(value, "kind", None)
    if kind in MIMES:
        return "media"
    return kind if kind in ("location", "contact") else "unfamiliar"


Attachment = Annotated[
    Annotated[Media, Tag("media")]
    | Annotated[Location, Tag("location")]
    | Annotated[ContactCard, Tag("contact")]
    | Annotated[Unfamiliar, Tag("unfamiliar")],
    Discriminator(_tag),
]


class Act(StrEnum):
    """What a message does with another one."""

    REPLY = "reply"
    REACT = "react"
    EDIT = "edit"
    DELETE = "delete"


class About(Record):
    """Another message of the same chat, and what is done with it.

    sender: who wrote it, as in `to`; needed in a group unless it is `from_me`. quoted: its text, shown above a reply.
    """

    act: Act
    message_id: WhatsAppId
    from_me: bool = False
    sender: str | None = Field(default=None, min_length=1, max_length=80)
    quoted: str = Field(default="", max_length=MAX_TEXT)


def misfit(to: str, text: str, attachment: Any, about: About | None) -> tuple[str, str] | None:
    """The field and the sentence where text, attachment and act do not go together; None where they do."""
    found = (_about_misfit(to, text, attachment, about) if about else None) or (
        _attachment_misfit(text, attachment) if attachment else None
    )
    if found is not None or attachment is not None or (about and about.act in (Act.REACT, Act.DELETE)):
        return found
    if not text.strip():
        return "message", said("The text is empty: write what is to be sent.")
    if len(text) > MAX_TEXT:
        sentence = said(
            "The text has {length:,} characters, WhatsApp takes {most:,}: shorten or split it.",
            length=len(text),
            most=MAX_TEXT,
        )
        return "message", sentence
    return None


def _attachment_misfit(text: str, attachment: Any) -> tuple[str, str] | None:
    if isinstance(attachment, Unfamiliar):
        return "attachment", said(
            "This version cannot send the kind “{kind}”: update WhatsApp-VPSLink.", kind=attachment.kind
        )
    if text and attachment.kind not in ("image", "video", "document"):
        return "message", said(
            "WhatsApp shows no text with this kind of attachment: send the text as a message of its own."
        )
    if len(text) > MAX_CAPTION:
        return "message", said(
            "The text beside an attachment has {length:,} characters, WhatsApp takes {most:,}.",
            length=len(text),
            most=MAX_CAPTION,
        )
    if isinstance(attachment, Media):
        allowed, mime = MIMES[attachment.kind], attachment.mime.partition(";")[0]
        if allowed is not None and mime not in allowed:
            kinds = ", ".join(sorted(allowed))
            sentence = said(
                "WhatsApp takes {kinds} as {kind}, not {mime}: send it as a document.",
                kinds=kinds,
                kind=attachment.kind,
                mime=mime,
            )
            return "attachment", sentence
    return None


def _about_misfit(to: str, text: str, attachment: Any, about: About) -> tuple[str, str] | None:
    if about.act is not Act.REPLY and attachment is not None:
        return "attachment", said("A message with the act {act} has no attachment.", act=str(about.act))
    if about.act in (Act.EDIT, Act.DELETE) and not about.from_me:
        return "about", said(
            "Only messages of your own can be edited or deleted for everyone: set fromMe for one of them."
        )
    if not about.from_me and about.sender is None and to.endswith("@g.us"):
        return "about", said("Say in sender who wrote that message of the group.")
    if about.act is Act.DELETE and text:
        return "message", said("A deletion has no text: leave it out.")
    if about.act is Act.REACT and not is_emoji(text):
        return "message", said("A reaction is one emoji; an empty text takes it back.")
    return None


def is_emoji(text: str) -> bool:
    """Whether this can be a reaction: one emoji, or nothing. It is not known here which emoji there are.

    >>> [is_emoji(text) for text in ("👍🏽", "1️⃣", "", "ok", "👍 👍")]
    [True, True, True, False, False]
    """
    return not text or (
        len(text) <= MAX_EMOJI
        and not re.search(r"[\sA-Za-z\x00-\x1f\x7f]", text)
        and any(ord(each) > 0xA8 for each in text)
    )


def label(attachment: Any, about: About | None) -> str:
    """What kind of message it is, for people; empty for a text."""
    if about is not None and about.act is not Act.REPLY:
        return _ACTS[about.act]
    if attachment is None:
        return said("Reply") if about else ""
    named = getattr(attachment, "name", None)
    word = _KINDS.get(attachment.kind, attachment.kind)
    return said("{kind}: {name}", kind=word, name=named) if named else word


_ACTS = {Act.REACT: said("Reaction"), Act.EDIT: said("Edit of a message"), Act.DELETE: said("Deletion of a message")}
_KINDS = {
    "image": said("Picture"),
    "video": said("Video"),
    "audio": said("Audio"),
    "voice": said("Voice message"),
    "document": said("Document"),
    "location": said("Place"),
    "contact": said("Contact"),
}
