"""The ground every value stands on: frozen, camelCase in JSON, aware UTC instants only."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, PlainSerializer
from pydantic.alias_generators import to_camel

EARLIEST, END = datetime(1000, 1, 1, tzinfo=UTC), datetime(9000, 1, 1, tzinfo=UTC)
"""From when to when an instant may be: whatever is added to one, and in whichever zone it is shown, is a datetime."""


def as_utc(value: datetime) -> datetime:
    """The same instant in UTC; refuses a time without a zone, which could mean any of 38 instants, and one that could
    not be computed with (see above)."""
    if value.tzinfo is None:
        raise ValueError("a time needs its zone, for example 2026-12-24T10:00:00Z")
    if not EARLIEST <= value < END:
        raise ValueError("the year of this time looks like a slip: write it like 2026-12-24T10:00:00Z")
    return value.astimezone(UTC)


def print_instant(value: datetime) -> str:
    """ISO 8601 with Z, to the second where it is whole, as the old system wrote it.

    >>> print_instant(datetime(2025, 12, 24, 10, tzinfo=UTC))
    '2025-12-24T10:00:00Z'
    """
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")


Instant = Annotated[datetime, AfterValidator(as_utc), PlainSerializer(print_instant, return_type=str, when_used="json")]


class Value(BaseModel):
    """A frozen value that refuses what it does not know: for requests, answers and settings."""

    model_config = ConfigDict(
        frozen=True, alias_generator=to_camel, populate_by_name=True, extra="forbid",
        hide_input_in_errors=True,  # a traceback must not carry what somebody wrote into the log
    )  # fmt: skip

    def evolve(self, **changes: Any) -> Self:
        """A copy with these fields changed, validated again."""
        kept = {name: getattr(self, name) for name in type(self).model_fields if name not in changes}
        return type(self)(**kept, **(self.model_extra or {}), **changes)

    def as_json(self) -> dict[str, Any]:
        """What is stored or sent: JSON types, camelCase, without what is unset or empty by default."""
        return self.model_dump(mode="json", by_alias=True, exclude_defaults=True)


_NOT_KEPT: set[str] = set()


class Told(Value):
    """A frozen value that another part tells: one of a newer version may say more, which is left out."""

    model_config = ConfigDict(extra="ignore")


class Record(Value):
    """A frozen value read from the bucket: fields it does not know survive a round trip.

    Which fields were given (`model_fields_set`) is not kept: nobody asks, and the host holds thousands of these, of
    which that would be half.
    """

    model_config = ConfigDict(extra="allow")

    def model_post_init(self, _context: Any) -> None:
        object.__setattr__(self, "__pydantic_fields_set__", _NOT_KEPT)


def first_of(mapping: Mapping[str, Any], *names: str) -> Any:
    """The first of these keys that holds something, else None."""
    return next((mapping[name] for name in names if mapping.get(name) not in (None, "")), None)
