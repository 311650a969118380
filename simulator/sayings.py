"""What somebody is asked to say through the control port: every kind of message, as one value."""

from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from simulator.values import Value

MessageId = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z._-]{1,100}$")]
Kind = Literal[
    "text",
    "image",
    "video",
    "audio",
    "voice",
    "document",
    "sticker",
    "location",
    "contact",
    "reaction",
    "edit",
    "delete",
]
FILE_KINDS = frozenset({"image", "video", "audio", "voice", "document", "sticker"})
CHANGING_KINDS = frozenset({"reaction", "edit", "delete"})
LONGEST_TEXT = 65_536


class FileToSend(Value):
    """A file: its bytes (base64 in JSON) and what the message says of it."""

    content: bytes
    mimetype: Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+/[a-z0-9.+-]+(; ?[a-z]+=[a-z0-9.-]+)?$")] = (
        "application/octet-stream"
    )
    name: Annotated[str, StringConstraints(min_length=1, max_length=255)] | None = None
    seconds: Annotated[int, Field(ge=0, le=86_400)] | None = None


class PlaceToSend(Value):
    """A place on the map, in degrees."""

    latitude: Annotated[float, Field(ge=-90, le=90)]
    longitude: Annotated[float, Field(ge=-180, le=180)]
    name: Annotated[str, StringConstraints(max_length=1000)] = ""
    address: Annotated[str, StringConstraints(max_length=1000)] = ""


class CardToSend(Value):
    """A contact card: the name it is shown under, and a vCard."""

    name: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    vcard: Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_TEXT)]


class Saying(Value):
    """Something to say.

    `text` is the words, a file's caption, an edit's new words or a reaction's emoji (empty takes it back). `target` is
    the id of the message that a reaction, an edit or a deletion is about; `reply_to` that of the message answered.
    """

    kind: Kind = "text"
    text: Annotated[str, StringConstraints(max_length=LONGEST_TEXT)] = ""
    target: MessageId | None = None
    reply_to: MessageId | None = None
    file: FileToSend | None = None
    location: PlaceToSend | None = None
    contact: CardToSend | None = None

    @model_validator(mode="after")
    def _has_what_its_kind_needs(self) -> Self:
        wanted = {
            "file": self.kind in FILE_KINDS,
            "location": self.kind == "location",
            "contact": self.kind == "contact",
            "target": self.kind in CHANGING_KINDS,
        }
        for name, needed in wanted.items():
            if needed is (getattr(self, name) is None):
                raise ValueError(f"a message of the kind {self.kind!r} {'needs' if needed else 'has no'} `{name}`")
        if self.kind in ("text", "edit") and not self.text:
            raise ValueError(f"a message of the kind {self.kind!r} needs `text`")
        if self.kind in CHANGING_KINDS and self.reply_to is not None:
            raise ValueError(f"a message of the kind {self.kind!r} answers nothing")
        return self
