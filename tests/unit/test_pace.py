"""The account's pace as a pure decision: whatever is asked of it, no limit is broken, and nothing alone is delayed."""

from collections.abc import Set as AbstractSet
from datetime import UTC, datetime, time, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.model import pace
from shared.model.message import Message
from shared.model.pace import DAY, HOUR, OFF, Go, History, Hold, PaceSettings
from tests.builders import NOW, in_, message
from tests.cast import ALICE, BOB, CHARLIE, GROUP
from tests.strategies import instants

DEFAULTS = PaceSettings()
EVEN = PaceSettings(jitter_seconds=0, quiet=None)
FRIENDS = frozenset({ALICE.number})

settings = st.builds(
    PaceSettings,
    gap_seconds=st.integers(0, 60),
    jitter_seconds=st.integers(0, 60),
    hourly=st.integers(1, 4),
    daily=st.integers(1, 9),
    strangers_daily=st.integers(1, 3),
    quiet=st.none() | st.tuples(st.times(), st.times()),
    zone=st.sampled_from(["UTC", "Europe/London", "America/New_York", "Australia/Lord_Howe"]),
)


def hold(found: Go | Hold) -> Hold:
    assert isinstance(found, Hold)
    return found


class TestAlone:
    @given(instants)
    def test_a_message_alone_at_its_second_is_never_delayed(self, at: datetime) -> None:
        assert pace.verdict(DEFAULTS, History(), message(send_at=at), at) == Go()

    @given(instants, settings, st.integers(0, 59))
    def test_whatever_the_settings_also_by_night(self, at: datetime, any_: PaceSettings, late: int) -> None:
        one = message(send_at=at)
        assert pace.verdict(any_, History(), one, at + timedelta(seconds=late)) == Go()
        assert pace.plan(any_, History(), [one], at)[0].begins_at == at

    @given(settings, st.lists(st.integers(0, 3600), max_size=20))
    def test_off_holds_nothing(self, any_: PaceSettings, seconds: list[int]) -> None:
        history = History(begun=sorted(in_(-each) for each in seconds), locked_at=NOW)
        assert pace.verdict(any_.evolve(on=False), history, message(send_at=in_(days=-1)), NOW) == Go()


class TestGap:
    def test_the_next_waits_for_the_gap_and_says_so(self) -> None:
        found = hold(pace.verdict(EVEN, History(begun=[NOW]), message(send_at=in_(2)), in_(2)))
        assert found.until == in_(6)
        assert "at least 6 s apart" in found.reason
        assert pace.verdict(EVEN, History(begun=[NOW]), message(send_at=in_(2)), found.until) == Go()

    def test_jitter_makes_gaps_differ_but_never_shorter_and_stays_the_same_for_a_message(self) -> None:
        many = [message(id=f"m{number}") for number in range(200)]
        gaps = [pace.gap_before(DEFAULTS, each).total_seconds() for each in many]
        assert all(6 <= gap < 12 for gap in gaps)
        assert len(set(gaps)) > 190
        assert gaps == [pace.gap_before(DEFAULTS, each).total_seconds() for each in many]


class TestCaps:
    def test_an_hourly_cap_ends_when_the_oldest_is_an_hour_old(self) -> None:
        history = History(begun=[in_(minutes=-50), in_(minutes=-20), in_(minutes=-10)], known=FRIENDS)
        found = hold(pace.verdict(EVEN.evolve(hourly=3), history, message(send_at=NOW), NOW))
        assert found.until == in_(minutes=10)
        assert "3 messages have left within an hour" in found.reason

    def test_a_daily_cap_ends_when_the_oldest_is_a_day_old(self) -> None:
        history = History(begun=[in_(hours=-23), in_(hours=-5)], known=FRIENDS)
        found = hold(pace.verdict(EVEN.evolve(daily=2), history, message(send_at=NOW), NOW))
        assert (found.until, "within 24 hours" in found.reason) == (in_(hours=1), True)


class TestStrangers:
    spent = History(begun=[in_(hours=-3)], cold=[in_(hours=-3)], known=FRIENDS)

    def test_the_budget_of_first_messages_holds_strangers_only(self) -> None:
        tight = EVEN.evolve(strangers_daily=1)
        found = hold(pace.verdict(tight, self.spent, message(BOB, send_at=NOW), NOW))
        assert (found.until, "new people" in found.reason) == (in_(hours=21), True)
        assert pace.verdict(tight, self.spent, message(ALICE, send_at=NOW), NOW) == Go()
        assert pace.verdict(tight, self.spent, message(GROUP, send_at=NOW), NOW) == Go()

    @pytest.mark.parametrize("to", [ALICE.number, f"+{ALICE.number}", ALICE.jid, f"{ALICE.number}@c.us"])
    def test_a_friend_is_one_however_the_number_is_written(self, to: str) -> None:
        assert not self.spent.cold_to(to)

    def test_the_first_refusal_stops_first_messages_and_nothing_else(self) -> None:
        history = History(known=FRIENDS, locked_at=in_(hours=-2))
        found = hold(pace.verdict(EVEN, history, message(BOB, send_at=NOW), NOW))
        assert (found.until, "refused" in found.reason) == (in_(hours=70), True)
        assert pace.verdict(EVEN, history, message(ALICE, send_at=NOW), NOW) == Go()
        assert pace.verdict(EVEN, history, message(BOB, send_at=NOW), found.until) == Go()

    def test_a_second_message_to_a_stranger_is_no_first_one_and_a_friend_does_not_wait_behind(self) -> None:
        line = [message(to, send_at=NOW) for to in (BOB, CHARLIE, BOB, ALICE)]
        found = pace.plan(EVEN.evolve(strangers_daily=1), History(known=FRIENDS), line, NOW)
        assert [each.stranger for each in found] == [True, True, False, False]
        assert [each.begins_at for each in found] == [NOW, in_(days=1), in_(6), in_(12)]


class TestQuiet:
    night = datetime(2026, 11, 22, 23, 30, tzinfo=UTC)

    def test_what_is_late_waits_for_the_morning(self) -> None:
        late = message(send_at=self.night - timedelta(hours=2))
        found = hold(pace.verdict(DEFAULTS, History(known=FRIENDS), late, self.night))
        assert found.until == datetime(2026, 11, 23, 8, tzinfo=UTC)
        assert "quiet hours (22:00 to 08:00)" in found.reason

    def test_the_owners_zone_decides(self) -> None:
        late = message(send_at=self.night - timedelta(hours=2))
        there = DEFAULTS.evolve(zone="America/New_York")
        assert pace.verdict(there, History(known=FRIENDS), late, self.night) == Go()

    def test_what_was_set_for_the_night_leaves_in_it(self) -> None:
        history = History(begun=[self.night], known=FRIENDS)
        found = hold(pace.verdict(DEFAULTS, history, message(send_at=self.night), self.night))
        assert found.until <= self.night + timedelta(seconds=13)

    def test_a_forecast_names_the_quiet_hours_a_message_was_set_in_and_it_leaves_all_the_same(self) -> None:
        line = [message(ALICE, send_at=each) for each in (NOW, self.night)]
        by_day, by_night = pace.plan(DEFAULTS, History(known=FRIENDS), line, NOW)
        assert by_day.quiet is None
        assert (by_night.quiet, by_night.begins_at) == ("22:00 to 08:00, Europe/London", self.night)
        assert [each.quiet for each in pace.plan(OFF, History(), line, NOW)] == [None, None]

    def test_quiet_hours_may_be_by_day(self) -> None:
        siesta = DEFAULTS.evolve(quiet=(time(12), time(14)))
        late = message(send_at=in_(hours=-1))
        assert hold(pace.verdict(siesta, History(known=FRIENDS), late, NOW)).until == in_(hours=2)
        assert pace.verdict(siesta, History(known=FRIENDS), late, in_(hours=2)) == Go()

    @pytest.mark.parametrize("day", [datetime(2026, 3, 29, tzinfo=UTC), datetime(2026, 10, 25, tzinfo=UTC)])
    def test_when_the_clocks_change_the_morning_still_comes_once(self, day: datetime) -> None:
        early = DEFAULTS.evolve(quiet=(time(0, 30), time(1, 30)))
        late = message(send_at=day - timedelta(days=1))
        now = day - timedelta(hours=2)
        while now < day + timedelta(hours=5):
            found = pace.verdict(early, History(known=FRIENDS), late, now)
            if isinstance(found, Hold):
                assert now < found.until <= now + timedelta(hours=2)
            now += timedelta(minutes=10)


def in_line(ages: list[tuple[int, int]]) -> list[Message]:
    """Messages overdue by so many minutes, each to one of four people, the oldest first."""
    return [
        message(f"4477009000{to:02}", id=f"m{number}", send_at=in_(minutes=-age))
        for number, (age, to) in enumerate(sorted(ages, reverse=True))
    ]


def sent_by_pace(
    any_: PaceSettings, line: list[Message], now: datetime, known: AbstractSet[str] = frozenset()
) -> list[tuple[datetime, Message, bool]]:
    """What an account does that begins the first that may go and asks again, until nothing waits."""
    history, left, sent = History(known=known), list(line), []
    while left:
        planned = pace.plan(any_, history, left, now)
        ready = next((index for index, each in enumerate(planned) if each.begins_at <= now), None)
        if ready is None:
            now = min(each.begins_at for each in planned)
            continue
        one, cold = left.pop(ready), planned[ready].stranger
        assert isinstance(pace.verdict(any_, history, one, now), Go)
        sent.append((now, one, cold))
        begun = [at for at, _, _ in sent]
        history = History(begun, [at for at, _, was in sent if was], history.known | {one.to})
    return sent


@given(settings, st.lists(st.tuples(st.integers(0, 300), st.integers(1, 4)), max_size=12))
def test_after_an_outage_no_limit_is_broken_and_nothing_leaves_in_a_burst(
    any_: PaceSettings, line: list[tuple[int, int]]
) -> None:
    overdue = in_line(line)
    sent = sent_by_pace(any_, overdue, NOW)
    times = [at for at, _, _ in sent]
    assert sorted(one.id for _, one, _ in sent) == sorted(one.id for one in overdue)
    assert all(later - earlier >= timedelta(seconds=any_.gap_seconds) for earlier, later in pairwise(times))
    for window, cap, counted in (
        (HOUR, any_.hourly, times),
        (DAY, any_.daily, times),
        (DAY, any_.strangers_daily, [at for at, _, cold in sent if cold]),
    ):
        assert all(sum(at - window < each <= at for each in counted) <= cap for at in counted)
    for person in {one.to for one in overdue}:
        order = [one.send_at for _, one, _ in sent if one.to == person]
        assert order == sorted(order)


@given(settings, st.lists(st.tuples(st.integers(0, 300), st.integers(1, 4)), max_size=12))
def test_where_nobody_is_a_stranger_all_leave_in_order(any_: PaceSettings, line: list[tuple[int, int]]) -> None:
    overdue = in_line(line)
    sent = sent_by_pace(any_, overdue, NOW, {one.to for one in overdue})
    assert [one.id for _, one, _ in sent] == [one.id for one in overdue]


@given(settings, st.lists(st.integers(0, 90_000), max_size=15), instants)
def test_a_hold_ends_later_says_why_and_is_a_whole_second(
    any_: PaceSettings, ages: list[int], send_at: datetime
) -> None:
    begun = sorted(in_(-age) for age in ages)
    found = pace.verdict(any_, History(begun, begun[::2]), message(send_at=min(send_at, NOW)), NOW)
    if isinstance(found, Hold):
        assert found.until > NOW
        assert found.until.microsecond == 0
        assert found.reason.endswith(".")


def test_the_defaults_suit_a_personal_number_and_off_is_off() -> None:
    assert (DEFAULTS.gap_seconds, DEFAULTS.hourly, DEFAULTS.daily, DEFAULTS.strangers_daily) == (6, 30, 150, 5)
    assert not OFF.on
