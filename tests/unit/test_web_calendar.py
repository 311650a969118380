"""The calendar: whole weeks from Monday, days as the owner's clock has them, whatever the clocks do."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.builders import NOW, message
from web import calendar, dates
from web.agenda import choose
from web.calendar import Calendar
from web.listing import Listing, Show

LONDON = "Europe/London"
DAYS = st.dates(date(2001, 3, 1), date(2098, 10, 31))


def counts(shown: Calendar) -> dict[str, int]:
    return {cell.day.isoformat(): len(cell.messages) for week in shown.weeks for cell in week if cell.messages}


@given(DAYS)
def test_a_month_has_each_of_its_days_once_in_weeks_from_monday(on: date) -> None:
    shown = calendar.month((), on, NOW, LONDON)
    days = [cell.day for week in shown.weeks for cell in week]
    assert {len(week) for week in shown.weeks} == {7}
    assert {week[0].day.weekday() for week in shown.weeks} == {0}
    assert days == [days[0] + timedelta(days=number) for number in range(len(days))]
    own = [cell.day for week in shown.weeks for cell in week if not cell.other_month]
    assert on in own
    assert {(day.year, day.month) for day in own} == {(on.year, on.month)}
    assert (own[0].day, (own[-1] + timedelta(days=1)).day) == (1, 1)
    assert all(any(not cell.other_month for cell in week) for week in shown.weeks)


@given(DAYS)
def test_before_and_after_lead_there_and_back(on: date) -> None:
    for draw in (calendar.month, calendar.week):
        shown = draw((), on, NOW, LONDON)
        assert shown.before is not None
        assert shown.after is not None
        assert draw((), shown.before, NOW, LONDON).title != shown.title
        assert draw((), draw((), shown.before, NOW, LONDON).after or on, NOW, LONDON) == shown
        assert draw((), draw((), shown.after, NOW, LONDON).before or on, NOW, LONDON) == shown


@given(
    st.integers(0, 730 * 24 * 4),
    st.sampled_from([LONDON, "Asia/Tokyo", "Pacific/Kiritimati"]),
)
def test_a_message_stands_on_its_day_as_the_owners_clock_has_it(quarters: int, zone: str) -> None:
    sent = message(send_at=datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=15 * quarters))
    day = dates.wall(sent.send_at, zone).date()
    for draw in (calendar.month, calendar.week):
        assert counts(draw([sent], day, NOW, zone)) == {day.isoformat(): 1}


def test_today_is_marked_and_what_lies_behind_it_is_past() -> None:
    late = datetime.fromisoformat("2026-11-22T23:30:00Z")
    shown = calendar.week((), date(2026, 11, 22), late, "Asia/Tokyo")  # there it is the 23rd already
    assert [(cell.past, cell.today) for cell in shown.weeks[0]] == [(True, False)] * 7
    shown = calendar.week((), date(2026, 11, 23), late, "Asia/Tokyo")
    assert [cell.today for cell in shown.weeks[0]] == [True] + [False] * 6


def test_the_days_of_a_clock_change_are_days_like_others() -> None:
    hours = [message(send_at=datetime(2026, 10, 24, 23, tzinfo=UTC) + timedelta(hours=hour)) for hour in range(26)]
    assert counts(calendar.week(hours, date(2026, 10, 25), NOW, LONDON)) == {"2026-10-25": 25}


def test_messages_of_a_day_are_in_order_and_a_month_says_how_many_it_hides() -> None:
    many = [message(id=f"at-{minutes}", send_at=NOW + timedelta(minutes=minutes)) for minutes in (50, 10, 30, 20, 40)]
    listed = Listing(many).shown(Show.ALL)
    (cell,) = [cell for week in calendar.month(listed, NOW.date(), NOW, LONDON).weeks for cell in week if cell.messages]
    assert [each.send_at.minute for each in cell.messages] == [10, 20, 30, 40, 50]
    assert cell.hidden == 2


@pytest.mark.parametrize(
    ("on", "title"),
    [
        (date(2026, 11, 25), "23 – 29 Nov 2026"),
        (date(2026, 12, 1), "30 Nov – 6 Dec 2026"),
        (date(2027, 1, 1), "28 Dec 2026 – 3 Jan 2027"),
    ],
)
def test_a_week_is_called_by_its_days(on: date, title: str) -> None:
    assert calendar.week((), on, NOW, LONDON).title == title


@pytest.mark.parametrize(
    ("typed", "day"),
    [
        ("2026-12-24", date(2026, 12, 24)), ("2027-02", date(2027, 2, 1)), ("", NOW.date()), ("tomorrow", NOW.date()),
        ("2026-02-30", NOW.date()), ("0001-01-01", NOW.date()), ("9999-12-31", NOW.date()),
        ("-1", NOW.date()), ("\u0662026-01-01", NOW.date()), ("x" * 9999, NOW.date()),
    ],
)  # fmt: skip
def test_a_day_that_is_none_is_today(typed: str, day: date) -> None:
    assert calendar.day_of(typed, NOW, LONDON) == day


def test_at_the_edges_of_time_there_is_no_way_on() -> None:
    assert calendar.month((), date(2001, 1, 1), NOW, LONDON).before is None
    assert calendar.week((), date(2099, 12, 31), NOW, LONDON).after is None


def test_a_person_and_a_state_choose_messages() -> None:
    everything = [
        message("447700900001", contact_name="Al"),
        message("447700900002", text="Tea"),
        message("447700900001"),
    ]
    assert len(choose(everything, Show.ALL, "", NOW, "447700900001").messages) == 2
    assert len(choose(everything, Show.ALL, "tea", NOW, "447700900001").messages) == 0
    assert choose(everything, Show.CANCELLED, "", NOW).messages == []
    assert Listing(everything).people == (("447700900001", "Al", 2), ("447700900002", "+44 7700 900002", 1))
