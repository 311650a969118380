"""What the tick picks, and what an alarm is about."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.model.due import due, overdue
from shared.model.lifecycle import Delivery, State
from shared.model.message import Message

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def at(seconds: float, **fields: object) -> Message:
    when = NOW + timedelta(seconds=seconds)
    return Message.model_validate(
        {"id": f"m{seconds}", "to": "447700900001", "message": "x", "scheduledTime": when, **fields}
    )


def test_the_earliest_comes_first_and_what_is_overdue_is_included() -> None:
    assert [each.id for each in due([at(75), at(-86400), at(0)], NOW)] == ["m-86400", "m0", "m75"]


@pytest.mark.parametrize(("seconds", "picked"), [(75, True), (75.001, False), (0, True), (-1, True)])
def test_the_horizon_is_75_seconds(seconds: float, picked: bool) -> None:
    assert bool(due([at(seconds)], NOW)) is picked


@pytest.mark.parametrize("state", list(State))
def test_only_what_has_not_begun_is_picked(state: State) -> None:
    assert bool(due([at(0, delivery=Delivery(state=state))], NOW)) is (state in (State.PENDING, State.CLAIMED))


def test_what_is_cancelled_is_not_picked_even_before_the_host_has_confirmed() -> None:
    assert due([at(0, cancelled=True)], NOW) == []


@given(st.integers(-200, 200), st.integers(0, 59))
def test_every_message_is_picked_by_a_tick_before_its_second(offset: int, phase: int) -> None:
    """Ticks each 60 s and up to 15 s late, whatever the phase: at least one picks it in time."""
    message = at(offset)
    ticks = [NOW + timedelta(seconds=60 * minute + phase % 15 - 600) for minute in range(20)]
    assert any(tick <= message.send_at and due([message], tick) for tick in ticks)


def test_overdue_is_what_two_ticks_should_have_sent() -> None:
    late, soon = at(-121), at(-119)
    held = at(-500, delivery=Delivery(held_until=NOW + timedelta(hours=1), held_reason="quiet hours"))
    assert [each.id for each in overdue([late, soon, held], NOW)] == ["m-121"]
