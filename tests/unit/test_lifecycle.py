"""Every lawful move of a message, and no other."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from shared.model import lifecycle
from shared.model.lifecycle import Claim, Delivery, State, UnlawfulMove

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
CLAIM = Claim(host="host", revision=1, send_at=NOON)
Move = Callable[[Delivery], Delivery]
MOVES: dict[str, tuple[Move, set[State], State | None]] = {
    "claim": (
        lambda d: lifecycle.claim(d, CLAIM, NOON, "web"),
        {State.PENDING, State.CLAIMED},
        State.CLAIMED,
    ),
    "hold": (lambda d: lifecycle.hold(d, NOON, "quiet hours"), {State.PENDING, State.CLAIMED}, None),
    "unhold": (lambda d: lifecycle.unhold(d), {State.PENDING, State.CLAIMED}, None),
    "lost": (lambda d: lifecycle.lost(d, NOON, "lost"), {State.CLAIMED, State.BEGUN}, State.UNKNOWN),
    "begin": (lambda d: lifecycle.begin(d, NOON), {State.CLAIMED}, State.BEGUN),
    "sent": (lambda d: lifecycle.sent(d, NOON, "3EB0"), {State.BEGUN}, State.SENT),
    "unknown": (lambda d: lifecycle.unknown(d, NOON, "timed out"), {State.BEGUN}, State.UNKNOWN),
    "failed": (
        lambda d: lifecycle.failed(d, NOON, "not on WhatsApp"),
        {State.PENDING, State.CLAIMED, State.BEGUN},
        State.FAILED,
    ),
    "missed": (lambda d: lifecycle.missed(d, NOON, "too late"), {State.PENDING, State.CLAIMED}, State.MISSED),
    "retry": (lambda d: lifecycle.retry(d, "rate limited"), {State.CLAIMED, State.BEGUN}, State.PENDING),
    "hint": (lambda d: lifecycle.hint(d, NOON), {State.UNKNOWN}, State.UNKNOWN),
    "delivered": (lambda d: lifecycle.delivered(d, NOON), {State.SENT}, State.SENT),
    "read": (lambda d: lifecycle.read(d, NOON), {State.SENT}, State.SENT),
}


@pytest.mark.parametrize("state", list(State))
@pytest.mark.parametrize("name", list(MOVES))
def test_a_move_is_made_from_its_states_only(name: str, state: State) -> None:
    move, sources, target = MOVES[name]
    before = Delivery(state=state, step=7)
    if state not in sources:
        with pytest.raises(UnlawfulMove, match="needs a message that is"):
            move(before)
        return
    after = move(before)
    assert after.state is (target or state)
    assert max(after, before, key=lambda delivery: delivery.place) is after


def test_nothing_is_begun_twice_in_one_attempt() -> None:
    begun = lifecycle.begin(lifecycle.claim(Delivery(), CLAIM, NOON, "tick"), NOON)
    for name in ("begin", "claim"):
        with pytest.raises(UnlawfulMove):
            MOVES[name][0](begun)


def test_who_handed_it_over_first_is_kept() -> None:
    first = lifecycle.claim(Delivery(), CLAIM, NOON, "web")
    assert lifecycle.claim(first, CLAIM, NOON, "tick").handed_over_by == "web"


def test_a_retry_is_a_new_attempt_that_says_why() -> None:
    begun = lifecycle.begin(lifecycle.claim(Delivery(), CLAIM, NOON, "tick"), NOON)
    again = lifecycle.retry(begun, "rate limited")
    assert (again.attempt, again.state, again.error, again.begun_at) == (2, State.PENDING, "rate limited", None)


def test_a_read_message_was_also_delivered_and_the_first_receipt_counts() -> None:
    sent = Delivery(state=State.SENT)
    read = lifecycle.read(sent, NOON)
    assert (read.delivered_at, read.read_at) == (NOON, NOON)
    later = lifecycle.read(lifecycle.delivered(read, NOON + timedelta(1)), NOON + timedelta(1))
    assert later == read
