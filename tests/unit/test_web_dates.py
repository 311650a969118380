"""Wall times, zones and clock changes as the page shows them."""

from datetime import UTC, date, datetime, timedelta

import pytest

from tests.builders import NOW, in_
from web import dates
from web.dates import BadTime

LONDON = "Europe/London"


def test_a_wall_time_the_clocks_skip_moves_forward_by_what_they_skip() -> None:
    gap = datetime.fromisoformat("2027-03-28T01:30")
    assert dates.stamp(dates.instant(gap, LONDON), LONDON) == "Sun 28 Mar 2027, 02:30"
    assert "leaves at 02:30" in (dates.clock_change(gap, LONDON) or "")


def test_a_wall_time_that_happens_twice_means_the_first() -> None:
    fold = datetime.fromisoformat("2027-10-31T01:30")
    assert dates.instant(fold, LONDON) == datetime(2027, 10, 31, 0, 30, tzinfo=UTC)
    assert "the first one counts" in (dates.clock_change(fold, LONDON) or "")


def test_an_ordinary_time_has_no_note() -> None:
    assert dates.clock_change(datetime.fromisoformat("2026-11-27T18:00"), LONDON) is None


def test_the_echo_says_day_time_zone_and_distance() -> None:
    at = dates.instant(datetime.fromisoformat("2026-11-27T18:00"), LONDON)
    assert dates.echo(at, LONDON, NOW) == "Fri 27 Nov 2026, 18:00, Europe/London (GMT), in 5 days"
    assert dates.echo(at, "Asia/Kathmandu", NOW).startswith("Fri 27 Nov 2026, 23:45, Asia/Kathmandu (UTC+5:45), in 5")


@pytest.mark.parametrize(
    ("span", "words"),
    [
        (timedelta(milliseconds=300), "now"),
        (timedelta(seconds=40), "in 40 s"),
        (timedelta(minutes=12, seconds=59), "in 12 min"),
        (timedelta(hours=3, minutes=5), "in 3 h 5 min"),
        (timedelta(hours=23), "in 23 h"),
        (timedelta(days=1, minutes=1), "in 1 day"),
        (timedelta(days=-2), "2 days ago"),
        (timedelta(days=90), "in 3 months"),
        (timedelta(days=1100), "in 3 years"),
    ],
)
def test_distances_are_said_as_people_say_them(span: timedelta, words: str) -> None:
    assert dates.relative(NOW + span, NOW, LONDON) == words


@pytest.mark.parametrize("typed", ["europe/london", " Europe/London ", "EUROPE/LONDON"])
def test_a_zone_is_found_whatever_its_case(typed: str) -> None:
    assert dates.zone_named(typed) == LONDON


def test_a_space_stands_for_the_underscore() -> None:
    assert dates.zone_named("america/new york") == "America/New_York"


@pytest.mark.parametrize("typed", ["", "Mars/Olympus", "../../etc/passwd", "x" * 10_000, "\x00"])
def test_a_nonsense_zone_is_refused(typed: str) -> None:
    with pytest.raises(BadTime, match="zone"):
        dates.zone_named(typed)


def test_a_year_that_is_a_slip_is_refused() -> None:
    for year in (1, 1999, 2101, 9999):
        with pytest.raises(BadTime, match=f"{year}"):
            dates.instant(datetime.fromisoformat(f"{year:04}-01-01"), "Pacific/Auckland")


def test_lateness_is_told_from_the_second_it_was_meant_for() -> None:
    assert dates.lateness(NOW, in_(0.214)) == "214 ms after its second"
    assert dates.lateness(NOW, in_(minutes=3)) == "3 min after its second"
    assert dates.lateness(NOW, in_(-1)) == "1.0 s before its second"


def test_days_have_their_names() -> None:
    sunday = date(2026, 11, 22)
    assert (dates.day_title(sunday, sunday), dates.day_note(sunday, sunday)) == ("Today", "Sunday 22 November")
    assert dates.day_title(date(2026, 11, 27), sunday) == "Friday 27 November"
    assert dates.day_title(date(2027, 1, 1), sunday) == "Friday 1 January 2027"
