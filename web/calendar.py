"""A month or a week of messages, as a calendar on the wall shows it: weeks from Monday, the owner's days. Pure.

The messages come in order of time.
"""

from bisect import bisect_left
from collections.abc import Sequence
from datetime import date, timedelta
from typing import NamedTuple

from shared.model.message import Message
from shared.model.values import Instant
from web import dates
from web.language import _

IN_A_CELL = 3
"""Messages shown in a day of a month; the rest is in the week."""

IN_A_DAY = 40
"""Messages shown in a day of a week, unless somebody asks for all."""

_WEEK = timedelta(days=7)


class Cell(NamedTuple):
    """One day: its name in full, whether it is today, lies behind it, or in another month than the one shown."""

    day: date
    title: str
    today: bool
    past: bool
    other_month: bool
    messages: tuple[Message, ...]

    @property
    def hidden(self) -> int:
        """How many of its messages a month does not show."""
        return max(0, len(self.messages) - IN_A_CELL)


class Calendar(NamedTuple):
    """Weeks of seven days, what they are called, and the first day of what lies before and after (None: too far)."""

    title: str
    weeks: tuple[tuple[Cell, ...], ...]
    before: date | None
    after: date | None
    total: int


def month(messages: Sequence[Message], on: date, now: Instant, zone: str) -> Calendar:
    """The month of a day, with the days before and after that make its weeks whole."""
    first = on.replace(day=1)
    after = _next_month(first)
    start = first - timedelta(days=first.weekday())
    weeks = -(-(after - start) // _WEEK)
    cells = _cells(messages, start, weeks * 7, now, zone, shown=first)
    return Calendar(
        dates.month_title(first),
        tuple(cells[at : at + 7] for at in range(0, len(cells), 7)),
        _within((first - timedelta(days=1)).replace(day=1)),
        _within(after),
        sum(len(cell.messages) for cell in cells if not cell.other_month),
    )


def week(messages: Sequence[Message], on: date, now: Instant, zone: str) -> Calendar:
    """The week of a day."""
    start = on - timedelta(days=on.weekday())
    end = start + timedelta(days=6)
    cells = _cells(messages, start, 7, now, zone)
    begins = f"{start.day}" if start.month == end.month else dates.short_day(start)
    begins = begins if start.year == end.year else dates.short_date(start)
    return Calendar(
        _("{first} – {last}").format(first=begins, last=dates.short_date(end)),
        (cells,),
        _within(start - _WEEK),
        _within(start + _WEEK),
        sum(len(cell.messages) for cell in cells),
    )


def day_of(typed: str, now: Instant, zone: str) -> date:
    """The day that an address names as 2026-11-27 (or its month, 2026-11); today where it names none."""
    today = dates.wall(now, zone).date()
    try:
        named = date.fromisoformat(typed if len(typed) == 10 else f"{typed}-01")
    except ValueError:
        return today
    return named if _within(named) else today


def _next_month(first: date) -> date:
    return (first + timedelta(days=31)).replace(day=1)


def _within(day: date) -> date | None:
    """The day, where its month and week are within the years that messages have."""
    return day if dates.EARLIEST < day.year < dates.LATEST else None


def _cells(
    messages: Sequence[Message], start: date, count: int, now: Instant, zone: str, shown: date | None = None
) -> tuple[Cell, ...]:
    today = dates.wall(now, zone).date()
    days = [start + timedelta(days=number) for number in range(count)]
    starts = dates.day_starts(start, count + 1, zone)
    places = [bisect_left(messages, at, key=lambda message: message.send_at) for at in starts]
    return tuple(
        Cell(
            day,
            dates.long_date(day),
            today=day == today,
            past=day < today,
            other_month=shown is not None and (day.year, day.month) != (shown.year, shown.month),
            messages=tuple(messages[places[number] : places[number + 1]]),
        )
        for number, day in enumerate(days)
    )
