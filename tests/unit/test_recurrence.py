"""The rule of a series: RRULEs there and back, month ends and leap days, and times that the clocks skip or repeat."""

import calendar
from datetime import UTC, date, datetime, timedelta
from itertools import islice, pairwise, takewhile
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from shared.model import walltime
from shared.model.recurrence import LAST_DAY, MOST_COUNT, Freq, Rule

firsts = st.datetimes(min_value=datetime.fromisoformat("2000-01-01"), max_value=datetime.fromisoformat("2099-12-31"))
dates = st.dates(min_value=date(2000, 1, 1), max_value=date(2100, 12, 31))


@st.composite
def rules(draw: st.DrawFn) -> Rule:
    """Any rule there can be."""
    freq = draw(st.sampled_from(Freq))
    fields: dict[str, Any] = {"freq": freq, "interval": draw(st.integers(1, 99))}
    if freq is Freq.WEEKLY:
        fields["weekdays"] = tuple(sorted(draw(st.sets(st.integers(0, 6), min_size=1))))
    if freq is Freq.YEARLY:
        fields["month"] = draw(st.integers(1, 12))
    if freq in (Freq.MONTHLY, Freq.YEARLY):
        longest = 29 if fields.get("month") == 2 else calendar.monthrange(2027, fields.get("month", 1))[1]
        fields["month_day"] = draw(st.just(LAST_DAY) | st.integers(1, longest))
    end = draw(st.sampled_from(("until", "count", "")))
    if end:
        fields[end] = draw(dates) if end == "until" else draw(st.integers(1, MOST_COUNT))
    return Rule(**fields)


def first_dates(rule: Rule, first: str, most: int = 5) -> list[str]:
    return [f"{each:%Y-%m-%d}" for each in islice(rule.walls(datetime.fromisoformat(first)), most)]


@given(rules())
def test_a_rule_is_an_rrule_and_reads_back_as_the_same(rule: Rule) -> None:
    assert Rule.model_validate(rule.as_json()) == rule
    assert rule.rrule.startswith(f"FREQ={rule.freq}")


@given(rules(), firsts)
def test_the_dates_are_in_order_at_the_same_time_and_none_is_before_the_first(rule: Rule, first: datetime) -> None:
    walls = list(islice(rule.walls(first), 20))
    assert all(one < other for one, other in pairwise(walls))
    assert all(each >= first.replace(microsecond=0) for each in walls)
    assert {each.time() for each in walls} <= {first.replace(microsecond=0).time()}
    assert rule.until is None or all(each.date() <= rule.until for each in walls)
    assert rule.count is None or len(walls) <= rule.count


@given(rules(), firsts)
def test_no_month_or_year_of_the_rule_is_left_out(rule: Rule, first: datetime) -> None:
    """Whatever its length: what a month lacks means its last day."""
    step = {Freq.MONTHLY: 1, Freq.YEARLY: 12}.get(rule.freq, 0) * rule.interval
    walls = list(islice(rule.walls(first), 10)) if step else []
    months = [each.year * 12 + each.month for each in walls]
    assert all(other - one == step for one, other in pairwise(months))
    for each in walls:
        last = calendar.monthrange(each.year, each.month)[1]
        wanted = rule.month_day or 0
        assert each.day == (last if wanted == LAST_DAY else min(wanted, last))


@settings(max_examples=50)
@given(rules(), firsts)
def test_a_weekly_rule_keeps_to_its_weekdays_and_weeks(rule: Rule, first: datetime) -> None:
    if rule.freq is Freq.WEEKLY:
        walls = list(islice(rule.walls(first), 20))
        monday = first.date() - timedelta(days=first.weekday())
        assert all(each.weekday() in rule.weekdays for each in walls)
        assert all((each.date() - monday).days // 7 % rule.interval == 0 for each in walls)


@settings(max_examples=60)
@given(rules(), firsts, st.timedeltas(timedelta(0), timedelta(days=2000)))
def test_what_lies_before_is_left_out_and_nothing_else(rule: Rule, first: datetime, later: timedelta) -> None:
    after = first + later
    whole = takewhile(lambda wall: wall < after + timedelta(days=100), rule.walls(first))
    near = takewhile(lambda wall: wall < after + timedelta(days=100), rule.walls(first, after))
    assert [each for each in near if each >= after] == [each for each in whole if each >= after]


def test_monthly_on_the_31st_is_the_last_day_of_shorter_months() -> None:
    rule = Rule(freq=Freq.MONTHLY, month_day=31)
    found = first_dates(rule, "2027-01-01T09:00")
    assert found == ["2027-01-31", "2027-02-28", "2027-03-31", "2027-04-30", "2027-05-31"]
    leap = first_dates(Rule(freq=Freq.MONTHLY, month_day=30), "2028-01-31T09:00", 2)
    assert leap == ["2028-02-29", "2028-03-30"]


def test_a_birthday_on_29_february_is_on_the_28th_in_other_years() -> None:
    rule = Rule(freq=Freq.YEARLY, month=2, month_day=29)
    found = first_dates(rule, "2027-01-01T09:00", 4)
    assert found == ["2027-02-28", "2028-02-29", "2029-02-28", "2030-02-28"]


def test_the_last_date_is_one_of_them_and_skipped_dates_are_not_made_up_for() -> None:
    assert len(first_dates(Rule(freq=Freq.DAILY, until=date(2026, 11, 24)), "2026-11-22T23:59", 9)) == 3
    assert len(first_dates(Rule(freq=Freq.DAILY, count=2), "2026-11-22T09:00", 9)) == 2


def test_every_other_week_counts_from_the_week_of_the_first() -> None:
    rule = Rule(freq=Freq.WEEKLY, interval=2, weekdays=(0, 4))
    found = first_dates(rule, "2026-11-25T18:00", 4)
    assert found == ["2026-11-27", "2026-12-07", "2026-12-11", "2026-12-21"]


@pytest.mark.parametrize(
    "raw",
    [
        "", "FREQ=HOURLY", "FREQ=DAILY;BYDAY=MO", "FREQ=WEEKLY", "FREQ=WEEKLY;BYDAY=2MO", "FREQ=WEEKLY;BYDAY=XX",
        "FREQ=DAILY;INTERVAL=0", "FREQ=DAILY;INTERVAL=100", "FREQ=DAILY;INTERVAL=99999999999", "FREQ=DAILY;INTERVAL=٣",
        "FREQ=DAILY;COUNT=0", "FREQ=DAILY;COUNT=1000", "FREQ=DAILY;COUNT=1;UNTIL=20270101T235959",
        "FREQ=DAILY;UNTIL=20270101", "FREQ=DAILY;UNTIL=00010101T235959", "FREQ=DAILY;FREQ=DAILY", "FREQ=DAILY;X=1",
        "FREQ=MONTHLY", "FREQ=MONTHLY;BYMONTHDAY=0", "FREQ=MONTHLY;BYMONTHDAY=31", "FREQ=MONTHLY;BYMONTHDAY=-2",
        "FREQ=MONTHLY;BYMONTHDAY=1,15", "FREQ=MONTHLY;BYMONTHDAY=1;BYSETPOS=-1", "FREQ=MONTHLY;BYSETPOS=1",
        "FREQ=YEARLY;BYMONTHDAY=1", "FREQ=YEARLY;BYMONTH=13;BYMONTHDAY=1",
        "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=28,29,30;BYSETPOS=-1", "FREQ=DAILY\n", "RRULE:FREQ=DAILY",
        {}, {"freq": "DAILY", "weekdays": [0]}, {"freq": "WEEKLY", "weekdays": [4, 0]}, 7, None,
    ],
)  # fmt: skip
def test_a_rule_that_is_none_of_ours_is_refused(raw: Any) -> None:
    with pytest.raises(ValidationError):
        Rule.model_validate(raw)


@pytest.mark.parametrize("year", [1, 1999, 2101, 9999])
def test_a_first_year_that_is_a_slip_is_refused(year: int) -> None:
    with pytest.raises(ValueError, match="between 2000 and 2100"):
        next(Rule(freq=Freq.DAILY).walls(datetime(year, 1, 1)))  # noqa: DTZ001  a wall time


def test_a_rule_without_an_end_has_one_far_away() -> None:
    assert list(Rule(freq=Freq.YEARLY, interval=99, month=1, month_day=1).walls(datetime.fromisoformat("2100-01-01")))


@pytest.mark.parametrize("name", ["", "Mars/Olympus", "../../etc/passwd", "Europe", "x" * 10_000, "\x00", "/UTC"])
def test_a_zone_that_is_none_is_an_error_of_ours(name: str) -> None:
    with pytest.raises(walltime.UnknownZone):
        walltime.instant(datetime.fromisoformat("2026-11-27T18:00"), name)


@given(firsts, st.sampled_from(["Europe/London", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "UTC"]))
def test_a_wall_time_is_its_instant_or_moves_forward_by_what_the_clocks_skip(wall: datetime, zone: str) -> None:
    wall = wall.replace(microsecond=0)
    at = walltime.instant(wall, zone)
    shown = walltime.wall(at, zone)
    assert timedelta(0) <= shown - wall <= timedelta(hours=1)
    earlier = at - timedelta(hours=1)
    assert shown != wall or walltime.wall(earlier, zone) != wall, "of a time that happens twice the first counts"
    assert at.tzinfo is UTC
