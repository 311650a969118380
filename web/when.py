"""The "when" field: a small closed grammar that reads a time as people write it, and refuses what it does not know.

    today | tonight | tomorrow | friday | next friday | 27 nov [2026] | nov 27 [2026] | 2026-11-27     with a time
    6pm | 6:30pm | 18:00 | 18:00:15 | noon                                alone: the next time the clock shows it
    in 20 minutes | in 2 hours | in 3 days [9am] | in a week [9am]

A wrong guess sends a real message, so nothing is guessed: "friday 6" asks for am or pm, and "friday" on a Friday asks
which one. What web.dates.echo writes is part of the grammar, and reads back as the same instant.
"""

import math
import re
from datetime import date, datetime, time, timedelta
from typing import NamedTuple

from web import dates
from web.dates import BadTime
from web.language import _

_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_FIRST_HALF = ("january", "february", "march", "april", "may", "june")
_MONTHS = (*_FIRST_HALF, "july", "august", "september", "october", "november", "december")
_UNITS = {"s": 1, "sec": 1, "second": 1, "m": 60, "min": 60, "minute": 60, "h": 3600, "hr": 3600, "hour": 3600}
_DAYS = {"d": 1, "day": 1, "w": 7, "week": 7}

_CLOCK = re.compile(r"\b(?P<h>\d{1,2}):(?P<m>\d\d)(?::(?P<s>\d\d))?(?:\s*(?P<half>am|pm)\b)?(?![\d:])")
_HOUR = re.compile(r"\b(?P<h>\d{1,2})\s*(?P<half>am|pm)\b")
_NOON = re.compile(r"\bnoon\b")
_TAIL = re.compile(r"(?P<head>.*\d:\d\d),? +(?P<zone>[a-z][\w/+-]*)(?: \([^()]*\))?(?:,? +(?:in .+|.+ ago|now))?")
_IN = re.compile(r"in (?P<n>an?|\d{1,4}) ?(?P<unit>[a-z]+?)s?(?: (?P<rest>.*))?")
_DATE = (r"(?P<day>\d{1,2})(?:st|nd|rd|th)?", r"(?P<month>[a-z]+)")
_DAY_FIRST, _MONTH_FIRST = (
    re.compile(rf"(?:(?P<weekday>[a-z]+) )?{first} {second}(?: (?P<year>\d{{4}}))?")
    for first, second in (_DATE, _DATE[::-1])
)
_FRACTION = re.compile(
    rf"(?:\bin \d+[.,]\d+ ?(?:{'|'.join((*_UNITS, *_DAYS))})s?|\d[.,]\d+ ?(?:min|minute|hr|hour|day|week)s?)\b"
)
_DOTTED = re.compile(r"(?<![\d.])(?P<h>[01]?\d|2[0-3])\.(?P<m>[0-5]\d)(?: ?(?P<half>am|pm)\b)?(?![\d.])")
_ISO = re.compile(r"(?P<year>\d{4})-(?P<month>\d\d)-(?P<day>\d\d)")

EXAMPLES = _("Try “tomorrow 9am”, “friday 18:00”, “27 nov 6pm” or “in 2 hours”.")


class Moment(NamedTuple):
    """A wall time (naive, to the second) and the zone it is meant in."""

    wall: datetime
    zone: str


def read(typed: str, now: datetime, zone: str) -> Moment:
    """What was typed, as a wall time in `zone` (or in the zone that was typed too). Raises BadTime with a sentence.

    >>> from datetime import UTC
    >>> str(read("friday 6pm", datetime(2026, 11, 22, 12, tzinfo=UTC), "Europe/London").wall)
    '2026-11-27 18:00:00'
    """
    text = " ".join(typed.casefold().split())
    if not text:
        raise BadTime(_("When should it leave? {examples}").format(examples=EXAMPLES))
    if len(text) > 100:
        raise BadTime(_("That is too long for a time. {examples}").format(examples=EXAMPLES))
    if (tail := _TAIL.fullmatch(text)) and tail["zone"] not in ("am", "pm"):
        zone, text = dates.zone_named(tail["zone"]), tail["head"]
    words = " ".join(word for word in text.replace(",", " ").split() if word not in ("at", "on"))
    if re.search(r"\d\.\d", words):  # no part of the grammar, and "6.10pm" is not "10pm"
        raise BadTime(_not_understood(typed))
    if after := _IN.fullmatch(words):
        return _after(after, now, zone)
    today = dates.wall(now, zone)
    clock, rest = _take_clock(words)
    if not rest:
        if clock is None:
            raise BadTime(_not_understood(typed))
        soon = datetime.combine(today, clock)
        return Moment(soon if soon > today else soon + timedelta(days=1), zone)
    day = _day(rest, today.date(), clock, typed)
    if clock is None:
        said, hour = typed.strip()[:40], "8pm" if rest == "tonight" else "9am"
        asked = _("At what time? Write for example “{typed} {hour}” or “{typed} 20:00”.")
        raise BadTime(asked.format(typed=said, hour=hour))
    return Moment(datetime.combine(day, clock), zone)


def _take_clock(words: str) -> tuple[time | None, str]:
    """The one time of day in the words, and what is left of them."""
    for pattern in (_CLOCK, _HOUR, _NOON):
        if found := pattern.search(words):
            rest = " ".join((words[: found.start()] + " " + words[found.end() :]).split())
            return _time_of(found.groupdict()), rest
    return None, words


def _time_of(parts: dict[str, str | None]) -> time:
    if "h" not in parts:
        return time(12)
    hour, minute, second = (int(parts.get(name) or 0) for name in ("h", "m", "s"))
    if half := parts.get("half"):
        if not 1 <= hour <= 12:
            no_time = _("{typed} is no time: with am or pm the hour goes from 1 to 12.")
            raise BadTime(no_time.format(typed=f"{hour}{half}"))
        hour = hour % 12 + (12 if half == "pm" else 0)
    try:
        return time(hour, minute, second)
    except ValueError:
        no_time = _("{typed} is no time of day: it goes from 00:00 to 23:59.")
        raise BadTime(no_time.format(typed=f"{hour}:{minute:02}")) from None


def _after(found: re.Match[str], now: datetime, zone: str) -> Moment:
    """ "in 20 minutes" is elapsed time; "in 3 days" keeps the time on the wall, whatever the clocks do in between."""
    number = 1 if found["n"] in ("a", "an") else int(found["n"])
    if found["unit"] in _UNITS and not found["rest"]:
        exact = now + timedelta(seconds=number * _UNITS[found["unit"]])
        whole = exact.replace(microsecond=0) + timedelta(seconds=math.ceil(exact.microsecond / 1_000_000))
        return Moment(dates.wall(whole, zone), zone)
    if found["unit"] in _DAYS:
        day = dates.wall(now, zone) + timedelta(days=number * _DAYS[found["unit"]])
        clock, rest = _take_clock(found["rest"] or "")
        if not rest:
            return Moment(datetime.combine(day, clock or day.time()), zone)
    raise BadTime(_not_understood(found.string))


def _day(words: str, today: date, clock: time | None, typed: str) -> date:
    if words == "today":
        return today
    if words == "tonight":
        if clock is not None and clock < time(17):
            asked = _("Tonight at {clock}? Write “today” or “tomorrow” with the time, or one after 17:00.")
            raise BadTime(asked.format(clock=f"{clock:%H:%M}"))
        return today
    if words == "tomorrow":
        return today + timedelta(days=1)
    if clock is None and (bare := re.fullmatch(r"(?P<day>.+) (?P<hour>\d{1,2})", words)) and _names_a_day(bare["day"]):
        hour = bare["hour"]
        asked = _("{hour} in the morning or in the evening? Write {hour}am, {hour}pm or a time like 18:00.")
        raise BadTime(asked.format(hour=hour))
    following, name = words.rpartition(" ")[::2]
    if (weekday := _weekday(name)) is not None and following in ("", "next", "this"):
        return _on_weekday(weekday, following, today)
    if found := _ISO.fullmatch(words) or _DAY_FIRST.fullmatch(words) or _MONTH_FIRST.fullmatch(words):
        return _on_date(found.groupdict(), today, typed)
    raise BadTime(_not_understood(typed))


def _names_a_day(words: str) -> bool:
    return words in ("today", "tonight", "tomorrow") or _weekday(words.rpartition(" ")[2]) is not None


def _on_weekday(weekday: int, following: str, today: date) -> date:
    """A bare weekday is the coming one; "next" is the one in the week after this, and weeks begin on Monday."""
    if following == "next":
        return today + timedelta(days=7 - today.weekday() + weekday)
    ahead = (weekday - today.weekday()) % 7
    if ahead == 0:
        asked = _("Today is {weekday}: write “today” or “next {typed}” with the time.")
        raise BadTime(asked.format(weekday=dates.WEEKDAYS[weekday], typed=_WEEKDAYS[weekday].capitalize()))
    return today + timedelta(days=ahead)


def _on_date(parts: dict[str, str | None], today: date, typed: str) -> date:
    month_typed, day = str(parts["month"]), int(str(parts["day"]))
    month = int(month_typed) if month_typed.isdigit() else _month(month_typed)
    if month is None:
        raise BadTime(_not_understood(typed))
    years = [int(str(parts["year"]))] if parts.get("year") else range(today.year, today.year + 9)
    dated = (_date(year, month, day) for year in years)
    found = next((each for each in dated if each and (parts.get("year") or each >= today)), None)
    if found is not None:
        dates.check_year(found.year)
    else:
        raise BadTime(_("There is no such date as “{typed}”.").format(typed=typed.strip()[:40]))
    named = parts.get("weekday")
    if named and _weekday(named) is None:
        raise BadTime(_not_understood(typed))
    if named and _weekday(named) != found.weekday():
        asked = _("{day} {month} {year} is a {weekday}: which of the two do you mean?")
        month_name, weekday = dates.MONTHS[found.month - 1], dates.WEEKDAYS[found.weekday()]
        raise BadTime(asked.format(day=found.day, month=month_name, year=found.year, weekday=weekday))
    return found


def _date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _weekday(word: str) -> int | None:
    """Monday is 0; at least three letters, as "fri" or "thurs"."""
    return _named(word, _WEEKDAYS)


def _month(word: str) -> int | None:
    number = _named(word, _MONTHS)
    return None if number is None else number + 1


def _named(word: str, names: tuple[str, ...]) -> int | None:
    return next((at for at, name in enumerate(names) if len(word) >= 3 and name.startswith(word)), None)


def _dotted_time(words: str) -> str:
    """What to write for a time with a dot, where it can only be one: "10.12" alone may be a date, too."""
    found = _DOTTED.search(words)
    if found is None:
        return ""
    rest = (words[: found.start()] + " " + words[found.end() :]).split()
    beside = " ".join(word for word in rest if word not in ("at", "on"))
    a_date = found["half"] is None and 1 <= int(found["m"]) <= 12
    if re.search(r"\d[/.]\d", beside) or (a_date and not _names_a_day(beside)):
        return ""
    return f"{found['h']}:{found['m']}{found['half'] or ''}"


def _not_understood(typed: str) -> str:
    words = " ".join(typed.casefold().replace(", ", " ").split())
    if _FRACTION.search(words):
        return _("Write a whole number, in a smaller unit where need be: “in 90 minutes” for an hour and a half.")
    if clock := _dotted_time(words):
        return _("Write {clock} for the time, with a colon; a month is written by its name, like 27 Nov.").format(
            clock=clock
        )
    if re.search(r"\d[/.]\d", typed):
        return _("I cannot tell day and month apart there: write the month by its name, like 27 Nov 18:00.")
    if "midnight" in typed.casefold():
        return _("Midnight belongs to two days: write 00:00 with the day that begins then.")
    return _("I do not understand “{typed}”. {examples}").format(typed=typed.strip()[:40], examples=EXAMPLES)
