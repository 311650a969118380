"""The "when" field reads what people write, refuses what could mean two things, and reads its own echo back."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.builders import NOW
from web import dates, when
from web.dates import BadTime

LONDON = "Europe/London"

UNDERSTOOD = {
    "friday 6pm": "2026-11-27T18:00:00",
    "6pm friday": "2026-11-27T18:00:00",
    "Fri 6:30 PM": "2026-11-27T18:30:00",
    "this friday at 18:00": "2026-11-27T18:00:00",
    "next friday 18:00": "2026-11-27T18:00:00",
    "next sunday 9am": "2026-11-29T09:00:00",
    "today 18:00:15": "2026-11-22T18:00:15",
    "tonight 8pm": "2026-11-22T20:00:00",
    "tomorrow noon": "2026-11-23T12:00:00",
    "27 nov 6pm": "2026-11-27T18:00:00",
    "on 27th November 2026 at 6pm": "2026-11-27T18:00:00",
    "nov 27, 18:00": "2026-11-27T18:00:00",
    "1 jan 00:00": "2027-01-01T00:00:00",
    "29 feb 9am": "2028-02-29T09:00:00",
    "2026-12-01 08:00": "2026-12-01T08:00:00",
    "12am 1 dec": "2026-12-01T00:00:00",
    "6pm": "2026-11-22T18:00:00",
    "9am": "2026-11-23T09:00:00",
    "in 20 minutes": "2026-11-22T12:20:00",
    "in an hour": "2026-11-22T13:00:00",
    "in 90s": "2026-11-22T12:01:30",
    "in 3 days": "2026-11-25T12:00:00",
    "in 3 days 9am": "2026-11-25T09:00:00",
    "in a week at 9am": "2026-11-29T09:00:00",
}


@pytest.mark.parametrize(("typed", "wall"), UNDERSTOOD.items())
def test_it_reads_what_people_write(typed: str, wall: str) -> None:
    assert when.read(typed, NOW, LONDON) == (datetime.fromisoformat(wall), LONDON)


REFUSED = {
    "": "When should it leave",
    "friday": "At what time",
    "tomorrow": "At what time",
    "friday 6": "in the morning or in the evening",
    "mon 8": "in the morning or in the evening",
    "sunday 5pm": "Today is Sunday",
    "27/11 6pm": "month by its name",
    "27.11 18.00": "month by its name",
    "5.12 6pm": "month by its name",
    "10.12": "month by its name",
    "next friday 18.00": "Write 18:00 for the time",
    "Friday at 10.12": "Write 10:12 for the time",
    "tomorrow 6.10pm": "Write 6:10pm for the time",
    "6.30 PM": "Write 6:30pm for the time",
    "18.00": "Write 18:00 for the time",
    "in 1.5 hours": "in 90 minutes",
    "friday 18.30h": "Write 18:30 for the time",
    "1.5 hours": "in 90 minutes",
    "in 2,5h": "in 90 minutes",
    "in 0.5 days 9am": "in 90 minutes",
    "midnight friday": "Midnight belongs to two days",
    "christmas eve 10:00": "do not understand",
    "tonight 9am": "Tonight at 09:00",
    "mon 27 nov 6pm": "is a Friday",
    "30 feb 9am": "no such date",
    "13pm": "from 1 to 12",
    "25:00": "no time of day",
    "friday 6pm 7pm": "do not understand",
    "in a few days": "do not understand",
    "27 nov 18:00 Europe/Atlantis": "no time zone",
    "x" * 5000: "too long",
}


@pytest.mark.parametrize(("typed", "sentence"), REFUSED.items())
def test_it_refuses_politely_what_could_mean_something_else(typed: str, sentence: str) -> None:
    with pytest.raises(BadTime, match=sentence):
        when.read(typed, NOW, LONDON)


@given(st.text(max_size=60) | st.from_regex(r"\A(in|next|fri|mon|\d{1,4}|nov|at|:|am|pm| |,){1,9}\Z"))
def test_whatever_is_typed_is_read_or_refused_and_never_breaks(typed: str) -> None:
    try:
        wall, zone = when.read(typed, NOW, LONDON)
    except BadTime:
        return
    else:
        assert wall.tzinfo is None
        assert zone in dates.zones()


@given(
    at=st.datetimes(datetime.fromisoformat("2026-11-22T12:00"), datetime.fromisoformat("2036-01-01")).map(
        lambda at: at.replace(microsecond=0, tzinfo=UTC)
    ),
    zone=st.sampled_from(dates.zones()),
)
def test_the_echo_reads_back_as_the_same_instant(at: datetime, zone: str) -> None:
    meant = dates.instant(dates.wall(at, zone), zone)  # the second of two equal wall times cannot be typed
    echo = dates.echo(meant, zone, NOW)
    assert dates.instant(*when.read(echo, NOW, LONDON)) == meant


@given(st.integers(1, 9999), st.sampled_from(["seconds", "minutes", "hours"]))
def test_a_span_of_time_is_elapsed_time(number: int, unit: str) -> None:
    wall, zone = when.read(f"in {number} {unit}", NOW, "UTC")
    assert dates.instant(wall, zone) == NOW + timedelta(**{unit: number})
