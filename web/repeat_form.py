"""The Repeat fields of the form, read as a rule: what was typed stays beside the error. Pure."""

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

from pydantic import ValidationError

from shared.model import recurrence
from shared.model.recurrence import EARLIEST, LAST_DAY, LATEST, MOST_COUNT, MOST_INTERVAL, Freq, Rule
from shared.model.series import Series
from web import texts
from web.language import _

CHOICES = {
    "": _("Does not repeat"),
    "daily": _("Daily"),
    "weekly": _("Weekly"),
    "monthly": _("Monthly"),
    "yearly": _("Yearly"),
}
FIELDS = ("repeat", "every", "monthly_on", "ends", "until", "count")
DAYS = tuple(day.casefold() for day in recurrence.WEEKDAYS)
_EMPTY = {"repeat": "", "every": "1", "monthly_on": "date", "ends": "never", "until": "", "count": "10"}


class FilledRepeat(NamedTuple):
    """The fields as they were filled in: the rule where everything is right, else a sentence for each that is not.

    `wanted`: the form asks for a series at all. weekdays: "mo" to "su", those that are ticked.
    """

    typed: dict[str, str]
    weekdays: tuple[str, ...]
    errors: dict[str, str]
    rule: Rule | None = None

    @property
    def wanted(self) -> bool:
        return self.typed["repeat"] != ""


def read(form: Mapping[str, str], weekdays: Sequence[str], first: datetime | None) -> FilledRepeat:
    """The rule that the fields mean for a series that begins at this wall time; None while that is not known, or is in
    a year that is refused beside the date itself."""
    typed = {name: form.get(name, "").strip() or _EMPTY[name] for name in FIELDS}
    ticked = tuple(day for day in DAYS if day in weekdays)
    errors: dict[str, str] = {}
    if not typed["repeat"]:
        return FilledRepeat(typed, ticked, errors)
    if typed["repeat"] not in CHOICES:
        errors["repeat"] = texts.BAD_REPEAT
        return FilledRepeat(typed, ticked, errors)
    fields: dict[str, Any] = {"freq": Freq(typed["repeat"].upper())}
    if (every := _number(typed["every"], MOST_INTERVAL)) is None:
        errors["every"] = texts.BAD_EVERY.format(most=MOST_INTERVAL)
    else:
        fields["interval"] = every
    if typed["monthly_on"] not in ("date", "last"):
        errors["monthly_on"] = texts.BAD_CHOICE_OF_TWO
    if first is not None and not EARLIEST <= first.year <= LATEST:
        first = None
    fields |= _end(typed, first, errors)
    if errors or first is None:
        return FilledRepeat(typed, ticked, errors)
    fields |= _days(fields["freq"], ticked, first, last=typed["monthly_on"] == "last")
    try:
        rule = Rule(**fields)
    except ValidationError:  # nothing above lets one through
        errors["repeat"] = texts.BAD_REPEAT
        return FilledRepeat(typed, ticked, errors)
    if not next(rule.walls(first), None):
        errors["until" if rule.until else "repeat"] = texts.NO_DATES
        return FilledRepeat(typed, ticked, errors)
    return FilledRepeat(typed, ticked, errors, rule)


def of_series(series: Series) -> FilledRepeat:
    """The fields for editing a series."""
    rule = series.rule
    typed = _EMPTY | {"repeat": rule.freq.casefold(), "every": str(rule.interval)}
    if rule.freq is Freq.MONTHLY and rule.month_day == LAST_DAY:
        typed["monthly_on"] = "last"
    if rule.until is not None:
        typed |= {"ends": "until", "until": rule.until.isoformat()}
    if rule.count is not None:
        typed |= {"ends": "count", "count": str(rule.count)}
    return FilledRepeat(typed, tuple(DAYS[day] for day in rule.weekdays), {}, rule)


def empty() -> FilledRepeat:
    """The fields of a form for one message."""
    return FilledRepeat(dict(_EMPTY), (), {})


def _days(freq: Freq, ticked: Sequence[str], first: datetime, *, last: bool) -> dict[str, Any]:
    """What the rule says of its days: what is not said is as on the first date."""
    match freq:
        case Freq.DAILY:
            return {}
        case Freq.WEEKLY:
            return {"weekdays": tuple(DAYS.index(day) for day in ticked) or (first.weekday(),)}
        case Freq.MONTHLY:
            return {"month_day": LAST_DAY if last else first.day}
        case Freq.YEARLY:
            return {"month": first.month, "month_day": first.day}


def _end(typed: Mapping[str, str], first: datetime | None, errors: dict[str, str]) -> dict[str, Any]:
    match typed["ends"]:
        case "never":
            if typed["until"]:
                errors["until"] = texts.UNTIL_NOT_CHOSEN
            return {}
        case "count":
            count = _number(typed["count"], MOST_COUNT)
            if count is None:
                errors["count"] = texts.BAD_COUNT.format(most=MOST_COUNT)
            return {"count": count}
        case "until":
            until = _date(typed["until"])
            if until is None or not EARLIEST <= until.year <= LATEST:
                errors["until"] = texts.BAD_UNTIL
            elif first is not None and until < first.date():
                errors["until"] = texts.UNTIL_BEFORE_FIRST
            return {"until": until}
        case _:
            errors["ends"] = texts.BAD_CHOICE
            return {}


def _number(typed: str, most: int) -> int | None:
    """A whole number from 1 to `most`; None for anything else."""
    if not re.fullmatch(r"[0-9]{1,6}", typed) or not 1 <= int(typed) <= most:
        return None
    return int(typed)


def _date(typed: str) -> date | None:
    if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", typed):
        return None
    try:
        return date.fromisoformat(typed)
    except ValueError:
        return None
