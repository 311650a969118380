"""Insights: figures that add up, are never better than the truth, and are drawn where they belong."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.model.content import About, Act
from shared.model.lifecycle import Delivery, State
from shared.model.message import Message
from tests import builders
from tests.builders import NOW, in_, message
from tests.cast import ALICE, BOB, GROUP
from web import charts
from web.insights import DayCount, Insights, Rate, insights, punctuality

LONDON = "Europe/London"


def sent(late: float = 0.02, *, ago: float = 3600, **more: Any) -> Message:
    """Begun that many seconds after its second, which was so many seconds before now."""
    made = message(**{"send_at": in_(-ago)} | more)
    half = builders.sent(made, made.send_at + timedelta(seconds=late + 0.1)).delivery
    return made.evolve(delivery=half.evolve(begun_at=made.send_at + timedelta(seconds=late)))


def of(*messages: Message, zone: str = LONDON, span: int = 30) -> Insights:
    return insights(messages, NOW, zone, span)


def test_nothing_is_nothing() -> None:
    found = of(message(), message(cancelled=True), builders.claimed(message()), builders.begun(message()))
    assert (found.sent, found.not_sent, found.people, found.reasons) == (0, 0, (), ())
    assert len(found.days) == 30
    assert (found.punctuality.p50, found.punctuality.within_second.percent, found.read.percent) == (None, "–", "–")


def test_a_message_counts_on_the_day_it_left_as_the_owners_clock_has_it() -> None:
    late = sent(ago=3600 * 12.2, send_at=in_(hours=-12.2))  # 23:48 on the day before in London, today in Tokyo
    assert [(each.day.day, each.sent) for each in of(late).days if each.sent] == [(21, 1)]
    assert [(each.day.day, each.sent) for each in of(late, zone="Asia/Tokyo").days if each.sent] == [(22, 1)]


def test_only_the_days_that_are_asked_for_count() -> None:
    each_day = [sent(ago=86_400 * day + 60) for day in range(100)]
    assert [of(*each_day, span=span).sent for span in (7, 30, 90)] == [7, 30, 90]
    ahead = builders.sent(message(send_at=in_(days=1)))
    assert of(ahead).sent == 0


def test_what_was_given_up_is_counted_by_its_reason() -> None:
    past: dict[str, Any] = {"send_at": in_(hours=-1)}
    found = of(
        builders.failed(message(**past), "No such number."),
        builders.failed(message(**past), "No such number."),
        builders.unknown(message(**past)),
        builders.missed(message(send_at=in_(hours=-9))),
        sent(),
    )
    assert (found.sent, found.not_sent) == (1, 4)
    assert found.reasons[0] == ("Failed", "No such number.", 2)
    assert {each.state for each in found.reasons} == {"Failed", "Not certain", "Missed"}
    assert sum(each.sent + each.not_sent for each in found.days) == 5


def test_delivered_and_read_are_of_those_who_can_confirm() -> None:
    reaction = About(act=Act.REACT, message_id="3EB0A")
    there = builders.read(message(send_at=in_(hours=-2)))
    old = message(send_at=in_(hours=-3)).evolve(delivery=Delivery(state=State.SENT, sent_at=in_(hours=-3)))
    found = of(there, sent(), sent(to=GROUP), sent(about=reaction, text="👍"), old)
    assert (found.sent, found.delivered, found.read) == (5, Rate(1, 2), Rate(1, 2))
    assert found.punctuality.within_second.whole == 4


def test_what_the_pace_kept_back_is_late_from_the_end_of_the_hold() -> None:
    waited = sent(late=40.5)
    waited = waited.evolve(delivery=waited.delivery.evolve(held_until=waited.send_at + timedelta(seconds=40)))
    found = of(waited, sent(late=7), sent())
    assert (found.held, found.punctuality.worst, found.punctuality.within_second) == (1, 7, Rate(2, 3))


def test_who_was_written_to_most_comes_first() -> None:
    assert [(each.name, each.messages) for each in of(sent(to=BOB), sent(to=ALICE), sent(to=BOB)).people] == [
        ("Bob", 2), ("Alice", 1),
    ]  # fmt: skip


def test_percentiles_are_values_that_happened() -> None:
    found = punctuality([number / 100 for number in range(1, 101)])
    assert (found.p50, found.p95, found.worst) == (0.5, 0.95, 1.0)
    assert found.within_second == Rate(100, 100)
    only = punctuality([2.5])
    assert (only.p50, only.p95, only.worst, only.within_second) == (2.5, 2.5, 2.5, Rate(0, 1))
    assert punctuality([-0.001]).p50 == 0


@given(st.lists(st.floats(-1, 5000), max_size=60))
def test_punctuality_adds_up(late: list[float]) -> None:
    found = punctuality(late)
    assert sum(count for _, count in found.steps) == found.within_second.whole == len(late)
    assert found.within_second.part == found.steps[0][1] + found.steps[1][1]
    if found.p50 is not None:
        assert found.p95 is not None
        assert found.worst is not None
        assert 0 <= found.p50 <= found.p95 <= found.worst


@pytest.mark.parametrize(
    ("part", "whole", "percent"), [(1, 1, "100 %"), (9_999, 10_000, "99.9 %"), (0, 5, "0 %"), (1, 3, "33.3 %")]
)
def test_only_all_is_a_hundred_percent(part: int, whole: int, percent: str) -> None:
    assert Rate(part, whole).percent == percent


@given(st.lists(st.tuples(st.integers(0, 5000), st.integers(0, 50)), min_size=1, max_size=90))
def test_bars_stand_on_the_ground_side_by_side_and_as_high_as_they_count(counts: list[tuple[int, int]]) -> None:
    days = [DayCount(NOW.date() + timedelta(days=number), *count) for number, count in enumerate(counts)]
    chart = charts.day_chart(days)
    assert len(chart.bars) == sum(bool(count) for pair in counts for count in pair)
    for bar in chart.bars:
        assert bar.x >= charts.LEFT
        assert bar.x + bar.width <= charts.WIDTH + 0.01
        assert bar.y >= charts.TOP - 0.01
        assert bar.y + bar.height <= charts.HEIGHT - charts.BOTTOM + 0.02
    highest = int(chart.lines[-1].label.replace(",", ""))
    assert max(sum(pair) for pair in counts) <= highest <= 4 * max(1, *(sum(pair) for pair in counts))
    assert charts.share(1, 3) == 33.33
    assert charts.share(0, 0) == 0
