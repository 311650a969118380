"""Wall times and zones for people: what a typed date and time mean, and how an instant is written back.

The rule for clock changes is the one of shared.model.walltime, the same for everything this page schedules.
"""

from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from shared.model import recurrence, walltime

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")

_MINUTE, _HOUR, _DAY = 60, 3600, 86_400

EARLIEST, LATEST = recurrence.EARLIEST, recurrence.LATEST
"""The years a date may have; what lies outside is a slip of the finger."""

wall, abbreviation = walltime.wall, walltime.abbreviation


class BadTime(ValueError):
    """What was typed is no date, time or zone; the message says what to type instead, `field` where it was typed."""

    def __init__(self, sentence: str, field: str = "when") -> None:
        super().__init__(sentence)
        self.field = field


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
    if name is None:
        shown = f"'{typed.strip()[:40]}' is no time zone I know" if wanted else "A time needs its zone"
        raise BadTime(f"{shown}: choose one from the list, like Europe/London.")
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
        raise BadTime(f"The year {year} looks like a slip: choose a date before {LATEST + 1}.", "date")


def clock_change(wall_time: datetime, zone: str) -> str | None:
    """A sentence where the clocks skip this wall time or show it twice, else None."""
    place = ZoneInfo(zone)
    early, late = (wall_time.replace(tzinfo=place, fold=fold).utcoffset() for fold in (0, 1))
    if early is None or late is None or early == late:
        return None
    if early > late:
        return f"The clocks go back that night and show {wall_time:%H:%M} twice: the first one counts."
    shown = wall(instant(wall_time, zone), zone)
    return f"The clocks go forward over {wall_time:%H:%M} that day: it leaves at {shown:%H:%M}."


def echo(at: datetime, zone: str, now: datetime) -> str:
    """The contract shown before saving: "Fri 27 Nov 2026, 18:00, Europe/London (GMT), in 5 days"."""
    return f"{stamp(at, zone)}, {place(at, zone)}, {relative(at, now, zone)}"


def stamp(at: datetime, zone: str) -> str:
    """Day and time in a zone: "Fri 27 Nov 2026, 18:00", with seconds where they are not zero."""
    local = wall(at, zone)
    return f"{local:%a} {local.day} {local:%b %Y}, {clock(at, zone)}"


def clock(at: datetime, zone: str) -> str:
    """The time of day in a zone: "18:00", with seconds where they are not zero."""
    local = wall(at, zone)
    return f"{local:%H:%M:%S}" if local.second else f"{local:%H:%M}"


def place(at: datetime, zone: str) -> str:
    """The zone with what its clocks are called then: "Europe/London (GMT)"."""
    return f"{zone} ({abbreviation(at, zone)})"


def relative(at: datetime, now: datetime, zone: str) -> str:
    """How far away an instant is: "in 40 s", "in 3 h 5 min", "2 days ago" (days by the zone's calendar)."""
    seconds = (at - now).total_seconds()
    if abs(seconds) < 1:
        return "now"
    size = _size(abs(seconds), abs((wall(at, zone).date() - wall(now, zone).date()).days))
    return f"in {size}" if seconds > 0 else f"{size} ago"


def _size(seconds: float, days: int) -> str:
    if seconds < _MINUTE:
        return f"{seconds:.0f} s"
    if seconds < _HOUR:
        return f"{seconds // _MINUTE:.0f} min"
    if seconds < _DAY:
        hours, minutes = divmod(int(seconds // _MINUTE), 60)
        return f"{hours} h {minutes} min" if minutes and hours < 6 else f"{hours} h"
    if days < 60:
        return f"{days} day{'s' if days > 1 else ''}"
    return f"{round(days / 30.44)} months" if days < 730 else f"{days / 365.25:.0f} years"


def day_starts(first: date, count: int, zone: str) -> list[datetime]:
    """When each of so many days begins in a zone, in UTC: among thousands of instants, comparing them with these is
    quicker than moving each to the zone."""
    place = ZoneInfo(zone)
    return [datetime.combine(first + timedelta(days=each), time(), place).astimezone(UTC) for each in range(count)]


def lateness(planned: datetime, happened: datetime) -> str:
    """How far from its second something happened: "21 ms after its second", "2 min after its second"."""
    seconds = (happened - planned).total_seconds()
    return f"{span(abs(seconds))} {'after' if seconds >= 0 else 'before'} its second"


def span(seconds: float) -> str:
    """How long something took: "21 ms", "1.2 s", "40 s", "2 min"; not negative."""
    if seconds < 10:
        return f"{seconds:.1f} s" if seconds >= 1 else f"{seconds * 1000:.0f} ms"
    return _size(seconds, int(seconds // _DAY))


def day_title(day: date, today: date) -> str:
    """A heading for a day: "Today", "Tomorrow", "Friday 27 November", with the year where it is another."""
    names = {0: "Today", 1: "Tomorrow", -1: "Yesterday"}
    near = names.get((day - today).days)
    return near or f"{day:%A} {day.day} {day:%B}" + (f" {day.year}" if day.year != today.year else "")


def day_note(day: date, today: date) -> str:
    """The date beside "Today" and its like: "Sunday 22 November"; empty where the title says it already."""
    return f"{day:%A} {day.day} {day:%B}" if abs(day - today) <= timedelta(days=1) else ""
