"""A rule in words, and its next dates with what the clocks do in between. Pure."""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from shared.model import walltime
from shared.model.occurrences import Occurrence
from shared.model.recurrence import LAST_DAY, Freq, Rule
from shared.model.series import Series
from web import dates
from web.language import _, counted, pgettext

_AT = _("{how_often} at {clock}")
_DAILY = counted("every day", "every {count} days")
_WEEKLY = counted("every week on {days}", "every {count} weeks on {days}")
_MONTHLY = counted("every month on {day}", "every {count} months on {day}")
_YEARLY = counted("every year on {day}", "every {count} years on {day}")
_ON, _WEEKDAYS = _("every {days}"), _("every weekday, Monday to Friday,")
_TIMES = counted("{rule}, {count} time", "{rule}, {count} times")
_UNTIL = _("{rule}, until {day} {month} {year}")
_ORDINALS = {1: _("{number}st"), 2: _("{number}nd"), 3: _("{number}rd")}
_ORDINAL = _("{number}th")
_THE, _ITS_LAST, _LAST_OF = _("the {ordinal}"), _("its last day"), _("the last day of {month}")
_SHORTER, _LEAP = _("{day} (in shorter months on their last day)"), _("{day} (28 February in other years)")
_DAY_OF, _AND = pgettext("long", "{day} {month}"), _("{these} and {that}")
_FORWARD = _("The clocks go forward before: {clock} {called}.")
_BACK = _("The clocks go back before: {clock} {called}.")


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
    return _ended(rule, _AT.format(how_often=_how_often(rule), clock=clock))


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
            way = _FORWARD if moved.total_seconds() > 0 else _BACK
            note = way.format(clock=dates.clock(each.at, zone), called=clocks)
        listed.append(NextDate(each, dates.stamp(each.at, zone), clocks, note))
        before = each.at
    return listed


def _how_often(rule: Rule) -> str:
    number = rule.interval
    match rule.freq:
        case Freq.DAILY:
            return _DAILY(number)
        case Freq.WEEKLY:
            return _weekly(rule)
        case Freq.MONTHLY:
            return _MONTHLY(number, day=_month_day(rule))
        case Freq.YEARLY:
            return _YEARLY(number, day=_year_day(rule))


def _weekly(rule: Rule) -> str:
    days = _listed([dates.WEEKDAYS[day] for day in rule.weekdays])
    if rule.interval > 1:
        return _WEEKLY(rule.interval, days=days)
    if len(rule.weekdays) == 7:
        return _DAILY(1)
    return _WEEKDAYS if rule.weekdays == (0, 1, 2, 3, 4) else _ON.format(days=days)


def _listed(words: list[str]) -> str:
    return words[0] if len(words) == 1 else _AND.format(these=", ".join(words[:-1]), that=words[-1])


def _month_day(rule: Rule) -> str:
    day = rule.month_day or 0
    if day == LAST_DAY:
        return _ITS_LAST
    the = _THE.format(ordinal=ordinal(day))
    return _SHORTER.format(day=the) if day > 28 else the


def _year_day(rule: Rule) -> str:
    month, day = dates.MONTHS[(rule.month or 1) - 1], rule.month_day or 0
    if day == LAST_DAY:
        return _LAST_OF.format(month=month)
    that = _DAY_OF.format(day=day, month=month)
    return _LEAP.format(day=that) if (rule.month, day) == (2, 29) else that


def ordinal(number: int) -> str:
    """1st, 2nd, 3rd, 11th, 22nd."""
    return (_ORDINALS.get(number % 10, _ORDINAL) if number // 10 != 1 else _ORDINAL).format(number=number)


def _ended(rule: Rule, words: str) -> str:
    """The words with the rule's end, where it has one."""
    if (until := rule.until) is not None:
        return _UNTIL.format(rule=words, day=until.day, month=dates.MONTHS[until.month - 1], year=until.year)
    return words if rule.count is None else _TIMES(rule.count, rule=words)
