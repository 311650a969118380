"""A series: a message that repeats by a rule. Versioned as a message's content is; what it yields is in occurrences."""

from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from typing import Any, NamedTuple, Self

from pydantic import Field, field_validator

from shared.model import walltime
from shared.model.content import Attachment, label
from shared.model.message import IfLate
from shared.model.recurrence import EARLIEST, LATEST, Rule
from shared.model.values import Instant, Record
from shared.model.versioned import Versioned

_MARK = "@"
_LONGEST_ID = 170


class SeriesState(StrEnum):
    """Whether it yields messages: active; paused until somebody resumes it; ended for good."""

    ACTIVE = "active"
    PAUSED = "paused"
    ENDED = "ended"


class Reach(Record):
    """How far a series has been materialised: this content of it (revision, version) up to this instant.

    Written by the session host only, in the same document as the messages it speaks of. The greater of two copies
    counts.
    """

    revision: int
    version: str = Field(max_length=200)
    until: Instant

    @property
    def place(self) -> tuple[int, str, datetime]:
        """What decides between two copies."""
        return (self.revision, self.version, self.until)


class Series(Versioned):
    """One repeating message; `first` is where its rule begins, on the wall of `zone`.

    changed_at: occurrences after this instant follow this content, earlier ones are left as they are.
    """

    to: str = Field(min_length=1, max_length=80, description="digits with country code, or a WhatsApp address with @")
    contact_name: str | None = Field(default=None, max_length=500)
    text: str = Field(alias="message")
    attachment: Attachment | None = None
    first: str = Field(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?$")
    zone: str = Field(min_length=1, max_length=64)
    rule: Rule
    if_late: IfLate = IfLate()
    cancel_if_they_write: bool = Field(
        default=False,
        description="a date is not sent where somebody else has written in this chat since the one before",
    )
    state: SeriesState = SeriesState.ACTIVE
    changed_at: Instant
    created_at: Instant | None = None
    created_from: str | None = None
    reach: Reach | None = None

    @field_validator("id")
    @classmethod
    def _leaves_room(cls, value: str) -> str:
        """Raises ValueError for an id that cannot be the beginning of a message's."""
        if len(value) > _LONGEST_ID:
            raise ValueError(f"the id of a series has at most {_LONGEST_ID} characters")
        return value

    @field_validator("first")
    @classmethod
    def _is_a_time(cls, value: str) -> str:
        """Raises ValueError for a time that is none, or in a year that is a slip."""
        if not EARLIEST <= datetime.fromisoformat(value).year <= LATEST:
            raise ValueError(f"a series begins between {EARLIEST} and {LATEST}")
        return value

    @property
    def ended(self) -> bool:
        """At equal revision, whoever stops it wins over whoever changes it."""
        return self.state is not SeriesState.ACTIVE

    @property
    def label(self) -> str:
        """What kind of message it yields, for people; empty for a text."""
        return label(self.attachment, None)

    @property
    def first_wall(self) -> datetime:
        """Naive, in `zone`."""
        return datetime.fromisoformat(self.first)

    @property
    def follows_reach(self) -> bool:
        """This very content has been materialised up to `reach.until`."""
        return self.reach is not None and (self.reach.revision, self.reach.version) == (self.revision, self.version)

    def head(self) -> Self:
        return self.evolve(replaces=(), conflicts=(), reach=None)

    def merge_rest(self, other: Self) -> dict[str, Any]:
        reaches = [each for each in (self.reach, other.reach) if each is not None]
        return {"reach": max(reaches, key=lambda each: each.place, default=None)}


class Name(NamedTuple):
    """Of which series an occurrence is, and the wall time its rule named: moved, it keeps its name."""

    series_id: str
    wall: datetime


def occurrence_id(series_id: str, wall: datetime) -> str:
    """The id of the message that a series yields for a wall time.

    >>> occurrence_id("weekly", datetime(2026, 11, 27, 18))
    'weekly@2026-11-27T18:00'
    """
    return f"{series_id}{_MARK}{walltime.print_wall(wall)}"


@lru_cache(maxsize=50_000)
def name_of(message_id: str) -> Name | None:
    """Which occurrence this id names; None for any other message."""
    series_id, mark, wall = message_id.rpartition(_MARK)
    if not mark or not series_id:
        return None
    try:
        named = datetime.fromisoformat(wall)
    except ValueError:
        return None
    return Name(series_id, named) if walltime.print_wall(named.replace(tzinfo=None)) == wall else None
