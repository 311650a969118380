"""The rule of a repeating message: when it comes back, as a value that is an RFC 5545 RRULE in JSON. Pure.

The rules for dates that are not everywhere (docs/repeating.md):
- monthly on the 29th, 30th or 31st: in a shorter month it falls on the month's last day, so that no month is left out;
- yearly on 29 February: in other years it falls on 28 February, by the same rule;
- a wall time that the clocks skip or show twice: as for every message, see walltime.
"""

from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any, Self

from pydantic import Field, model_serializer, model_validator

from shared.model.values import Value

MOST_INTERVAL, MOST_COUNT = 99, 999
LAST_DAY = -1
"""In place of a day of the month: its last."""
EARLIEST, LATEST = 2000, 2100
"""The years a series may begin in; what lies outside is a slip of the finger."""
_FARTHEST = 2300


class Freq(StrEnum):
    """How often, in RFC 5545's words."""

    DAILY = "DAILY"
    WEEKLY = "WEEKLY"
    MONTHLY = "MONTHLY"
    YEARLY = "YEARLY"


WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
"""The names of the days in a rule, Monday first."""

Weekday = Annotated[int, Field(ge=0, le=6)]


class Rule(Value):
    """Every `interval` days, weeks, months or years; without an end, until a date, or so many times.

    weekdays: of a weekly rule, Monday is 0. month_day: of a monthly or yearly rule, 1 to 31 or LAST_DAY. month: of a
    yearly rule. until: the last date, by the wall of the series. count: how many dates the rule has, skipped ones too.
    """

    freq: Freq
    interval: int = Field(default=1, ge=1, le=MOST_INTERVAL)
    weekdays: tuple[Weekday, ...] = ()
    month_day: int | None = Field(default=None, ge=LAST_DAY, le=31)
    month: int | None = Field(default=None, ge=1, le=12)
    until: date | None = Field(default=None, ge=date(EARLIEST, 1, 1), le=date(LATEST, 12, 31))
    count: int | None = Field(default=None, ge=1, le=MOST_COUNT)

    @model_validator(mode="before")
    @classmethod
    def _read_rrule(cls, data: Any) -> Any:
        return _fields_of(data) if isinstance(data, str) else data

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if (self.freq is Freq.WEEKLY) != bool(self.weekdays) or self.weekdays != tuple(sorted(set(self.weekdays))):
            raise ValueError("a weekly rule, and no other, names its weekdays, each once and in order")
        if (self.freq in (Freq.MONTHLY, Freq.YEARLY)) != (self.month_day is not None) or self.month_day == 0:
            raise ValueError("a monthly or yearly rule, and no other, names its day of the month")
        if (self.freq is Freq.YEARLY) != (self.month is not None) or not self._is_a_date:
            raise ValueError("a yearly rule, and no other, names its month, and a day that this month has")
        if self.until is not None and self.count is not None:
            raise ValueError("a rule ends on a date or after so many times, not both")
        return self

    @property
    def _is_a_date(self) -> bool:
        if self.month is None or self.month_day in (None, LAST_DAY):
            return True
        return (self.month_day or 0) <= _LONGEST[self.month - 1]

    @model_serializer
    def _print_rrule(self) -> str:
        return self.rrule

    @property
    def rrule(self) -> str:
        """The rule in RFC 5545's words; its times are those on the wall.

        >>> Rule(freq=Freq.MONTHLY, month_day=31).rrule
        'FREQ=MONTHLY;BYMONTHDAY=28,29,30,31;BYSETPOS=-1'
        """
        parts = [f"FREQ={self.freq}"]
        if self.interval != 1:
            parts.append(f"INTERVAL={self.interval}")
        if self.weekdays:
            parts.append(f"BYDAY={','.join(WEEKDAYS[day] for day in self.weekdays)}")
        if self.month is not None:
            parts.append(f"BYMONTH={self.month}")
        if self.month_day is not None:
            parts += _day_parts(self.month_day)
        if self.until is not None:
            parts.append(f"UNTIL={self.until:%Y%m%d}T235959")
        if self.count is not None:
            parts.append(f"COUNT={self.count}")
        return ";".join(parts)

    def walls(self, first: datetime, after: datetime | None = None) -> Iterator[datetime]:
        """The naive wall times of this rule from `first` on, in order; `first` itself only where the rule names it.

        `after`: what lies before it is not needed, and may be left out. (A daily rule has 3,650 dates in ten years.)
        It ends with the rule, or after the year 2300. Raises ValueError for a `first` outside EARLIEST to LATEST.
        """
        if not EARLIEST <= first.year <= LATEST:
            raise ValueError(f"a series begins between {EARLIEST} and {LATEST}")
        from dateutil.rrule import rrulestr  # not for the tick, which needs no rule

        for wall in rrulestr(self.rrule, dtstart=first if after is None else self._begin_near(first, after)):
            if wall.year > _FARTHEST:
                return
            yield wall

    def _begin_near(self, first: datetime, after: datetime) -> datetime:
        """A wall time not after `after` from which this rule goes on as it does from `first`."""
        days = {Freq.DAILY: 1, Freq.WEEKLY: 7}.get(self.freq)
        if days is None or self.count is not None or after <= first:
            return first
        period = timedelta(days=days * self.interval)
        return first + max(0, (after - first) // period - 1) * period


_LONGEST = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_KEYS = {"FREQ", "INTERVAL", "BYDAY", "BYMONTH", "BYMONTHDAY", "BYSETPOS", "UNTIL", "COUNT"}


def _day_parts(day: int) -> list[str]:
    """Of the days from the 28th to this one, the last that the month has."""
    if day <= 28:
        return [f"BYMONTHDAY={day}"]
    return [f"BYMONTHDAY={','.join(str(each) for each in range(28, day + 1))}", "BYSETPOS=-1"]


def _fields_of(rrule: str) -> dict[str, Any]:
    """The fields in an RRULE as `Rule.rrule` writes it. Raises ValueError for one that says more than a Rule can."""
    pairs = [part.partition("=") for part in rrule.split(";")]
    parts = {key: value for key, mark, value in pairs if mark}
    if len(parts) != len(pairs) or not parts.keys() <= _KEYS:
        raise ValueError("this is no rule that this version knows")
    fields: dict[str, Any] = {"freq": parts.get("FREQ")}
    for key, name in (("INTERVAL", "interval"), ("COUNT", "count"), ("BYMONTH", "month")):
        if key in parts:
            fields[name] = _number(parts[key])
    if "BYDAY" in parts:
        fields["weekdays"] = tuple(WEEKDAYS.index(day) for day in parts["BYDAY"].split(","))
    if "UNTIL" in parts:
        fields["until"] = datetime.strptime(parts["UNTIL"], "%Y%m%dT235959").date()  # noqa: DTZ007  a date on the wall
    if "BYMONTHDAY" in parts:
        fields["month_day"] = _month_day(parts)
    elif "BYSETPOS" in parts:
        raise ValueError("this is no rule that this version knows")
    return fields


def _month_day(parts: Mapping[str, str]) -> int:
    day = _number(parts["BYMONTHDAY"].rpartition(",")[2])
    asked = [f"BYMONTHDAY={parts['BYMONTHDAY']}", *([f"BYSETPOS={parts['BYSETPOS']}"] if "BYSETPOS" in parts else [])]
    if _day_parts(day) != asked:
        raise ValueError("this is no day of the month that this version knows")
    return day


def _number(text: str) -> int:
    if not text.removeprefix("-").isdecimal() or not text.isascii() or len(text) > 6:
        raise ValueError("this is no number")
    return int(text)
