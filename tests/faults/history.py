"""What an observer outside of every part has seen of one simulated installation, each with the true time."""

from datetime import datetime
from typing import NamedTuple

from shared.model.message import Message, Status


class Written(NamedTuple):
    """A decision (new, changed, cancelled) that a page or a program tries to write."""

    at: datetime
    message: Message

    def __str__(self) -> str:
        kind = "cancel" if self.message.cancelled else "content"
        text, due = self.message.text, self.message.send_at
        return f"{self.message.id}: {kind} r{self.message.revision} ({text!r} for {due:%H:%M:%S.%f}) is being written"


class Acknowledged(NamedTuple):
    """The storage took that decision."""

    at: datetime
    id: str
    version: str

    def __str__(self) -> str:
        return f"{self.id}: {self.version[:4]}…{self.version[-4:]} is acknowledged"


class Shown(NamedTuple):
    """The page showed this record. confirmed: as one whose newest decision the host has confirmed."""

    at: datetime
    message: Message

    @property
    def confirmed(self) -> bool:
        return self.message.confirmed

    def __str__(self) -> str:
        delivery = self.message.delivery
        held = f", held: {delivery.held_reason}" if delivery.held_reason else ""
        error = f" ({delivery.error})" if delivery.error else ""
        sure = "confirmed" if self.confirmed else "asked"
        return f"{self.message.id}: shown {self.message.status} r{self.message.revision} {sure}{error}{held}"


class Attempt(NamedTuple):
    """A host handed a text to WhatsApp. clock: the host's own time; number: which attempt of all this is."""

    at: datetime
    number: int
    host: str
    clock: datetime
    to: str
    text: str

    @property
    def id(self) -> str:
        return self.text.partition(" ")[0]

    def __str__(self) -> str:
        return f"{self.id}: BEGUN as #{self.number} by {self.host} ({self.text!r}, its clock: {self.clock:%H:%M:%S.%f})"


class Arrived(NamedTuple):
    """The recipient got the text of that attempt."""

    at: datetime
    number: int

    def __str__(self) -> str:
        return f"#{self.number} arrives"


class Answered(NamedTuple):
    """What the host was told of that attempt; a host that died before is told nothing."""

    at: datetime
    number: int
    sent: bool
    certain: bool
    permanent: bool

    def __str__(self) -> str:
        if self.sent:
            return f"#{self.number} is acknowledged to the host"
        sure = "certain" if self.certain else "UNCERTAIN"
        return f"#{self.number} fails: {sure}, {'permanent' if self.permanent else 'passing'}"


class Leading(NamedTuple):
    """These hosts were able to begin messages at this time; more than one only where that was seen."""

    at: datetime
    hosts: tuple[str, ...]

    def __str__(self) -> str:
        return f"leading: {', '.join(self.hosts) or 'nobody'}"


class Happened(NamedTuple):
    """Something for people who read the history; the checker passes over it."""

    at: datetime
    what: str

    def __str__(self) -> str:
        return self.what


class Forced(NamedTuple):
    """From now on two hosts run because somebody forced them to: promise 1 is not given any more."""

    at: datetime

    def __str__(self) -> str:
        return "two hosts are forced to run together"


class Closed(NamedTuple):
    """The end: all faults were mended long enough ago; what the page shows now."""

    at: datetime
    messages: tuple[Message, ...]

    def __str__(self) -> str:
        shown = (f"{each.id} {each.status}" for each in self.messages)
        return f"the end: {', '.join(shown)}"


Event = Written | Acknowledged | Shown | Attempt | Arrived | Answered | Leading | Happened | Forced | Closed

ENDED = (Status.SENT, Status.FAILED, Status.MISSED, Status.UNKNOWN)


def in_words(events: list[Event]) -> list[str]:
    """One line for each event."""
    return [f"{event.at:%H:%M:%S.%f}"[:-3] + f"  {event}" for event in events]
