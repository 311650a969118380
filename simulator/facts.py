"""What a message says beyond its text: the file, the place, the cards, what it answers or changes."""

from typing import Annotated

from pydantic import Field

from simulator.values import Value


class File(Value):
    """A file as the reader decrypted it; `sha256` is missing where `problem` says why it could not be had."""

    mimetype: str = ""
    name: str | None = Field(None, description="of a document")
    size: int | None = Field(None, description="bytes, decrypted")
    sha256: str | None = Field(None, description="of the decrypted bytes, which GET /media/{sha256} gives")
    seconds: int | None = Field(None, description="how long a recording says that it lasts")
    width: int | None = None
    height: int | None = None
    problem: str | None = None


class Place(Value):
    """A place on the map, in degrees."""

    latitude: float
    longitude: float
    name: str = ""
    address: str = ""


class Card(Value):
    """A contact card: the name it is shown under, and a vCard."""

    name: str
    vcard: str


class Quote(Value):
    """The message that a reply answers."""

    id: str
    text: str = ""
    from_: Annotated[str | None, Field(alias="from", description="who wrote it, as an address")] = None


class Facts(Value):
    """What belongs to some kinds of message only."""

    target: str | None = Field(None, description="the message that a reaction, an edit or a deletion is about")
    quoted: Quote | None = Field(None, description="the message that this one answers")
    file: File | None = None
    location: Place | None = None
    contacts: tuple[Card, ...] = ()
