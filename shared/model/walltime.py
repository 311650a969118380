"""Wall times and zones: what a clock on the wall means as an instant, by one written rule for clock changes.

A wall time that the clocks skip moves forward by what they skip (01:30 becomes 02:30 on the last Sunday of March in
London), and one that happens twice means the first.
"""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo


class UnknownZone(ValueError):
    """This machine's zone database has no such zone."""


def zone_of(name: str) -> ZoneInfo:
    """The IANA zone of that name. Raises UnknownZone."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # OSError: the name of a folder of the database
        raise UnknownZone(f"'{name[:40]}' is no time zone that this machine knows.") from None


def instant(wall: datetime, zone: str) -> datetime:
    """The UTC instant a naive wall time means in a zone, by the rule above. Raises UnknownZone, OverflowError."""
    return wall.replace(tzinfo=zone_of(zone), fold=0).astimezone(UTC)


def wall(at: datetime, zone: str) -> datetime:
    """What a clock on the wall shows in a zone at an instant (a values.Instant): naive, to the second. Raises
    UnknownZone."""
    return at.astimezone(zone_of(zone)).replace(tzinfo=None, microsecond=0, fold=0)


def offset(at: datetime, zone: str) -> timedelta:
    """How far a zone's clocks are ahead of UTC at an instant. Raises UnknownZone."""
    return at.astimezone(zone_of(zone)).utcoffset() or timedelta(0)


def abbreviation(at: datetime, zone: str) -> str:
    """What a zone's clocks are called at an instant: "GMT", or "UTC+3" where they have no name. Raises UnknownZone.

    >>> abbreviation(datetime(2026, 7, 1, tzinfo=UTC), "Asia/Kathmandu")
    'UTC+5:45'
    """
    name = at.astimezone(zone_of(zone)).tzname() or zone
    if name.isalpha():
        return name
    hours, minutes = name[:3].replace("+0", "+").replace("-0", "-"), name[3:]
    return f"UTC{hours}:{minutes}" if minutes else f"UTC{hours}"


def print_wall(wall: datetime) -> str:
    """A naive wall time, to the minute where its seconds are zero.

    >>> print_wall(datetime(2026, 11, 27, 18))
    '2026-11-27T18:00'
    """
    return wall.isoformat(timespec="seconds" if wall.second else "minutes")
