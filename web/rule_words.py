"""A rule in words, and its next dates with what the clocks do in between. Pure."""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from shared.model import walltime
from shared.model.occurrences import Occurrence
from shared.model.recurrence import LAST_DAY, Freq, Rule
from shared.model.series import Series
from web import dates

_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)


class NextDate(NamedTuple):
    """One date of a series, for people: "Fri 27 Nov 2026, 18:00", "GMT", and what the clocks change about it."""

    occurrence: Occurrence
    stamp: str
    clocks: str
    note: str


def in_words(rule: Rule, first: datetime) -> str:
    """The rule as people say it, with its time of day and its end.

    >>> in_words(Rule(freq=Freq.WEEKLY, weekdays=(4,)), datetime(2026, 11, 27, 18))
    'every Friday at 18:00'
    """
    clock = f"{first:%H:%M:%S}" if first.second else f"{first:%H:%M}"
    return f"{_how_often(rule)} at {clock}{_end(rule)}"


def of_series(series: Series) -> str:
    """The same as the beginning of a sentence: "Every Friday at 18:00"."""
    words = in_words(series.rule, series.first_wall)
    return words[0].upper() + words[1:]


def next_dates(found: Iterable[Occurrence], zone: str, now: datetime) -> list[NextDate]:
    """These dates in words; where the clocks were changed since the one before (the first: since now), they say so."""
    listed = []
    before = now
    for each in found:
        moved = walltime.offset(each.at, zone) - walltime.offset(before, zone)
        clocks = dates.abbreviation(each.at, zone)
        note = dates.clock_change(each.wall, zone) or ""
        if moved and not note:
            way = "forward" if moved.total_seconds() > 0 else "back"
            note = f"The clocks go {way} before: {dates.clock(each.at, zone)} {clocks}."
        listed.append(NextDate(each, dates.stamp(each.at, zone), clocks, note))
        before = each.at
    return listed


def _how_often(rule: Rule) -> str:
    number = rule.interval
    match rule.freq:
        case Freq.DAILY:
            return "every day" if number == 1 else f"every {number} days"
        case Freq.WEEKLY:
            return _weekly(rule)
        case Freq.MONTHLY:
            every = "every month" if number == 1 else f"every {number} months"
            return f"{every} on {_month_day(rule)}"
        case Freq.YEARLY:
            every = "every year" if number == 1 else f"every {number} years"
            return f"{every} on {_year_day(rule)}"


def _weekly(rule: Rule) -> str:
    if rule.interval > 1:
        return f"every {rule.interval} weeks on {_listed([dates.WEEKDAYS[day] for day in rule.weekdays])}"
    if len(rule.weekdays) == 7:
        return "every day"
    if rule.weekdays == (0, 1, 2, 3, 4):
        return "every weekday, Monday to Friday,"
    return f"every {_listed([dates.WEEKDAYS[day] for day in rule.weekdays])}"


def _listed(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def _month_day(rule: Rule) -> str:
    day = rule.month_day or 0
    if day == LAST_DAY:
        return "its last day"
    return f"the {ordinal(day)}" + (" (in shorter months on their last day)" if day > 28 else "")


def _year_day(rule: Rule) -> str:
    month, day = _MONTHS[(rule.month or 1) - 1], rule.month_day or 0
    if day == LAST_DAY:
        return f"the last day of {month}"
    return f"{day} {month}" + (" (28 February in other years)" if (rule.month, day) == (2, 29) else "")


def ordinal(number: int) -> str:
    """1st, 2nd, 3rd, 11th, 22nd."""
    ending = {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th") if number // 10 != 1 else "th"
    return f"{number}{ending}"


def _end(rule: Rule) -> str:
    if rule.until is not None:
        return f", until {rule.until.day} {_MONTHS[rule.until.month - 1]} {rule.until.year}"
    if rule.count is not None:
        return f", {rule.count} time{'' if rule.count == 1 else 's'}"
    return ""
