"""Wall times and zones for people: what a typed date and time mean, and how an instant is written back.

The rule for clock changes is the one of shared.model.walltime, the same for everything this page schedules.
"""

from datetime import UTC, date, datetime, time, timedelta
from functools import cache, lru_cache
from zoneinfo import ZoneInfo, available_timezones

from shared.model import recurrence, walltime
from web.language import _, counted, pgettext

WEEKDAYS = (_("Monday"), _("Tuesday"), _("Wednesday"), _("Thursday"), _("Friday"), _("Saturday"), _("Sunday"))
SHORT_WEEKDAYS = (_("Mon"), _("Tue"), _("Wed"), _("Thu"), _("Fri"), _("Sat"), _("Sun"))
MONTHS = (
    *(_("January"), _("February"), _("March"), _("April"), _("May"), _("June")),
    *(_("July"), _("August"), _("September"), _("October"), _("November"), _("December")),
)
MONTHS_ALONE = (
    *(pgettext("alone", "January"), pgettext("alone", "February"), pgettext("alone", "March")),
    *(pgettext("alone", "April"), pgettext("alone", "May"), pgettext("alone", "June")),
    *(pgettext("alone", "July"), pgettext("alone", "August"), pgettext("alone", "September")),
    *(pgettext("alone", "October"), pgettext("alone", "November"), pgettext("alone", "December")),
)
SHORT_MONTHS = (
    *(pgettext("short", "Jan"), pgettext("short", "Feb"), pgettext("short", "Mar"), pgettext("short", "Apr")),
    *(pgettext("short", "May"), pgettext("short", "Jun"), pgettext("short", "Jul"), pgettext("short", "Aug")),
    *(pgettext("short", "Sep"), pgettext("short", "Oct"), pgettext("short", "Nov"), pgettext("short", "Dec")),
)

_STAMP = _("{weekday} {day} {month} {year}, {clock}")
_SHORT, _SHORT_YEAR = _("{day} {month}"), _("{day} {month} {year}")
_SHORT_WEEKDAY = _("{weekday} {day} {month}")
_LONG, _LONG_YEAR = pgettext("long", "{weekday} {day} {month}"), pgettext("long", "{weekday} {day} {month} {year}")
_MONTH = _("{month} {year}")
_ECHO = _("{stamp}, {place}, {relative}")
_TODAY, _TOMORROW, _YESTERDAY = _("Today"), _("Tomorrow"), _("Yesterday")
_NOW, _AHEAD, _AGO = _("now"), _("in {span}"), _("{span} ago")
SECONDS, _TENTHS, _MILLISECONDS = _("{count:.0f} s"), _("{count:.1f} s"), _("{count:.0f} ms")
MINUTES, HOURS, _HOURS_MINUTES = _("{count:.0f} min"), _("{hours} h"), _("{hours} h {minutes} min")
_DAYS = counted("{count} day", "{count} days")
_MONTHS_LONG = counted("{count} month", "{count} months")
_YEARS = counted("{count} year", "{count} years")
_AFTER, _BEFORE = _("{span} after its second"), _("{span} before its second")

_MINUTE, _HOUR, _DAY = 60, 3600, 86_400

EARLIEST, LATEST = recurrence.EARLIEST, recurrence.LATEST
"""The years a date may have; what lies outside is a slip of the finger."""


class BadTime(ValueError):
    """What was typed is no date, time or zone; the message says what to type instead, `field` where it was typed."""

    def __init__(self, sentence: str, field: str = "when") -> None:
        super().__init__(sentence)
        self.field = field


def wall(at: datetime, zone: str) -> datetime:
    """What a clock on the wall shows: naive, to the second; in UTC for a zone that this machine does not know."""
    return walltime.wall(at, _known(zone))


def abbreviation(at: datetime, zone: str) -> str:
    """What the clocks of a zone are called then; "UTC" for one that this machine does not know."""
    return walltime.abbreviation(at, _known(zone))


@lru_cache(maxsize=1000)
def _known(zone: str) -> str:
    """The zone, or UTC where a record was given by hand what is none: it is shown all the same."""
    try:
        walltime.zone_of(zone)
    except walltime.UnknownZone:
        return "UTC"
    return zone


@cache
def zones() -> tuple[str, ...]:
    """The zone names offered and accepted: places and UTC, sorted; the old single-word names are only accepted."""
    return tuple(sorted(name for name in available_timezones() if _is_place(name)))


def _is_place(name: str) -> bool:
    return name == "UTC" or ("/" in name and not name.startswith(("Etc/", "SystemV/", "US/", "posix/", "right/")))


def zone_named(typed: str) -> str:
    """The zone's own spelling of what was typed, in any case, with a space for the underscore. Raises BadTime."""
    wanted = "_".join(typed.split()).casefold()
    name = _zone_names().get(wanted)
    if name is None and not wanted:
        raise BadTime(_("A time needs its zone: choose one from the list, like Europe/London."))
    if name is None:
        sentence = _("'{typed}' is no time zone I know: choose one from the list, like Europe/London.")
        raise BadTime(sentence.format(typed=typed.strip()[:40]))
    return name


@cache
def _zone_names() -> dict[str, str]:
    return {name.casefold(): name for name in available_timezones() if not name.startswith(("posix", "right"))}


def instant(wall: datetime, zone: str) -> datetime:
    """The UTC instant a naive wall time means in a zone, by the rule above. Raises BadTime outside the years above."""
    check_year(wall.year)
    return walltime.instant(wall, zone)


def check_year(year: int) -> None:
    """Raises BadTime for a year that nobody schedules a message in."""
    if not EARLIEST <= year <= LATEST:
        sentence = _("The year {year} looks like a slip: choose a date before {latest}.")
        raise BadTime(sentence.format(year=year, latest=LATEST + 1), "date")


def clock_change(wall_time: datetime, zone: str) -> str | None:
    """A sentence where the clocks skip this wall time or show it twice, else None."""
    place = ZoneInfo(zone)
    early, late = (wall_time.replace(tzinfo=place, fold=fold).utcoffset() for fold in (0, 1))
    if early is None or late is None or early == late:
        return None
    if early > late:
        back = _("The clocks go back that night and show {clock} twice: the first one counts.")
        return back.format(clock=f"{wall_time:%H:%M}")
    shown = wall(instant(wall_time, zone), zone)
    forward = _("The clocks go forward over {clock} that day: it leaves at {then}.")
    return forward.format(clock=f"{wall_time:%H:%M}", then=f"{shown:%H:%M}")


def echo(at: datetime, zone: str, now: datetime) -> str:
    """The contract shown before saving: "Fri 27 Nov 2026, 18:00, Europe/London (GMT), in 5 days"."""
    return _ECHO.format(stamp=stamp(at, zone), place=place(at, zone), relative=relative(at, now, zone))


def stamp(at: datetime, zone: str) -> str:
    """Day and time in a zone: "Fri 27 Nov 2026, 18:00", with seconds where they are not zero."""
    local = wall(at, zone)
    weekday, month = SHORT_WEEKDAYS[local.weekday()], SHORT_MONTHS[local.month - 1]
    return _STAMP.format(weekday=weekday, day=local.day, month=month, year=local.year, clock=clock(at, zone))


def clock(at: datetime, zone: str) -> str:
    """The time of day in a zone: "18:00", with seconds where they are not zero."""
    local = wall(at, zone)
    return f"{local:%H:%M:%S}" if local.second else f"{local:%H:%M}"


def place(at: datetime, zone: str) -> str:
    """The zone with what its clocks are called then: "Europe/London (GMT)"."""
    return f"{_known(zone)} ({abbreviation(at, zone)})"


def relative(at: datetime, now: datetime, zone: str) -> str:
    """How far away an instant is: "in 40 s", "in 3 h 5 min", "2 days ago" (days by the zone's calendar)."""
    seconds = (at - now).total_seconds()
    if abs(seconds) < 1:
        return _NOW
    size = _size(abs(seconds), abs((wall(at, zone).date() - wall(now, zone).date()).days))
    return (_AHEAD if seconds > 0 else _AGO).format(span=size)


def _size(seconds: float, days: int) -> str:
    if seconds < _MINUTE:
        return SECONDS.format(count=seconds)
    if seconds < _HOUR:
        return MINUTES.format(count=seconds // _MINUTE)
    if seconds < _DAY:
        hours, minutes = divmod(int(seconds // _MINUTE), 60)
        return (_HOURS_MINUTES if minutes and hours < 6 else HOURS).format(hours=hours, minutes=minutes)
    if days < 60:
        return _DAYS(days)
    return _MONTHS_LONG(round(days / 30.44)) if days < 730 else _YEARS(round(days / 365.25))


def day_starts(first: date, count: int, zone: str) -> list[datetime]:
    """When each of so many days begins in a zone, in UTC: among thousands of instants, comparing them with these is
    quicker than moving each to the zone."""
    place = ZoneInfo(zone)
    return [datetime.combine(first + timedelta(days=each), time(), place).astimezone(UTC) for each in range(count)]


def lateness(planned: datetime, happened: datetime) -> str:
    """How far from its second something happened: "21 ms after its second", "2 min after its second"."""
    seconds = (happened - planned).total_seconds()
    return (_AFTER if seconds >= 0 else _BEFORE).format(span=span(abs(seconds)))


def span(seconds: float) -> str:
    """How long something took: "21 ms", "1.2 s", "40 s", "2 min"; not negative."""
    if seconds < 10:
        return _TENTHS.format(count=seconds) if seconds >= 1 else _MILLISECONDS.format(count=seconds * 1000)
    return _size(seconds, int(seconds // _DAY))


def day_title(day: date, today: date) -> str:
    """A heading for a day: "Today", "Tomorrow", "Friday 27 November", with the year where it is another."""
    near = {0: _TODAY, 1: _TOMORROW, -1: _YESTERDAY}.get((day - today).days)
    return near or (long_day(day) if day.year == today.year else long_date(day))


def day_note(day: date, today: date) -> str:
    """The date beside "Today" and its like: "Sunday 22 November"; empty where the title says it already."""
    return long_day(day) if abs(day - today) <= timedelta(days=1) else ""


def long_day(day: date) -> str:
    """ "Friday 27 November"."""
    return _LONG.format(weekday=WEEKDAYS[day.weekday()], day=day.day, month=MONTHS[day.month - 1])


def long_date(day: date) -> str:
    """ "Friday 27 November 2026"."""
    return _LONG_YEAR.format(weekday=WEEKDAYS[day.weekday()], day=day.day, month=MONTHS[day.month - 1], year=day.year)


def short_day(day: date) -> str:
    """ "27 Nov"."""
    return _SHORT.format(day=day.day, month=SHORT_MONTHS[day.month - 1])


def short_date(day: date) -> str:
    """ "27 Nov 2026"."""
    return _SHORT_YEAR.format(day=day.day, month=SHORT_MONTHS[day.month - 1], year=day.year)


def short_weekday(day: date) -> str:
    """ "Fri 27 Nov"."""
    return _SHORT_WEEKDAY.format(weekday=SHORT_WEEKDAYS[day.weekday()], day=day.day, month=SHORT_MONTHS[day.month - 1])


def month_title(day: date) -> str:
    """ "November 2026"."""
    return _MONTH.format(month=MONTHS_ALONE[day.month - 1], year=day.year)
