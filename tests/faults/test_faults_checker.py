"""The checker finds each broken promise in a history made by hand, and nothing in a good one."""

from datetime import timedelta
from typing import Any

import pytest

from shared.model import lifecycle
from shared.model.lifecycle import Delivery
from shared.model.message import IfLate, LatePolicy, Message
from tests.builders import claimed, in_, message, missed, sent, unknown
from tests.cast import ALICE, BOB
from tests.faults.checker import check
from tests.faults.history import (
    Acknowledged,
    Answered,
    Arrived,
    Attempt,
    Closed,
    Event,
    Forced,
    Leading,
    Shown,
    Written,
)

ONE = message(id="one", version="v1", text="one as decided", send_at=in_(60))
WRITTEN: list[Event] = [Written(in_(), ONE), Acknowledged(in_(), "one", "v1")]


def begun(
    seconds: float = 60, number: int = 1, *, text: str = ONE.text, to: str = ALICE.number, clock: float = 0
) -> Attempt:
    """An attempt at that second; `clock`: what the host's clock is wrong by."""
    return Attempt(in_(seconds), number, "alpha", in_(seconds + clock), to, text)


def answer(number: int = 1, *, ok: bool = True, certain: bool = True, permanent: bool = False) -> Answered:
    """What the host was told."""
    return Answered(in_(61), number, sent=ok, certain=certain, permanent=permanent)


def closed(*messages: Message) -> Closed:
    """The end, an hour later."""
    return Closed(in_(hours=1), messages)


def promises(*events: Event) -> list[str]:
    """The promises that are broken."""
    return [each.promise for each in check([*WRITTEN, *events])]


def confirmed(message: Message, seconds: float = 30) -> Shown:
    """Shown as confirmed by the host."""
    return Shown(
        in_(seconds), message.evolve(delivery=lifecycle.confirm(message.delivery, message.revision, message.version))
    )


SENT: list[Event] = [begun(), Arrived(in_(61), 1), answer()]
CANCELLED = ONE.edited("v2", cancelled=True)
CHANGED = ONE.edited("v2", text="one as decided again")


def test_a_good_history_breaks_nothing() -> None:
    assert promises(*SENT, Shown(in_(70), sent(ONE)), closed(sent(ONE))) == []


def test_another_attempt_after_a_certain_and_passing_failure_is_right() -> None:
    again: list[Event] = [begun(70, 2), Arrived(in_(71), 2), answer(2)]
    assert promises(begun(), answer(ok=False), *again, closed(sent(ONE))) == []


@pytest.mark.parametrize(
    "between",
    [
        [],
        [answer()],
        [answer(ok=False, certain=False)],
        [answer(ok=False, permanent=True)],
    ],
    ids=["a crash", "an acknowledgement", "an uncertain failure", "a permanent failure"],
)
def test_another_attempt_after_anything_else_is_twice(between: list[Event]) -> None:
    assert promises(begun(), *between, begun(70, 2), answer(2), closed(sent(ONE))) == ["TWICE"]


def test_what_arrives_again_is_twice() -> None:
    again: list[Event] = [begun(70, 2), Arrived(in_(71), 2), answer(2)]
    assert promises(begun(), Arrived(in_(61), 1), answer(ok=False), *again, closed(sent(ONE))) == ["TWICE"]


def test_two_forced_hosts_are_no_promise_but_must_be_refused_soon() -> None:
    begins: list[Event] = [Forced(in_()), *SENT, begun(60, 2), Arrived(in_(61), 2), answer(2)]
    apart = [Leading(in_(), ("alpha", "beta")), Leading(in_(40), ("alpha",)), Leading(in_(400), ("alpha",))]
    assert promises(*begins, *apart, closed(sent(ONE))) == []
    together = [Leading(in_(seconds), ("alpha", "beta")) for seconds in (0, 40, 80)]
    assert promises(*begins, *together, closed(sent(ONE))) == ["TWICE"]


@pytest.mark.parametrize("shown", [ONE, claimed(ONE)], ids=["pending", "claimed"])
def test_what_is_due_and_neither_ended_nor_held_is_silent(shown: Message) -> None:
    assert promises(closed(shown)) == ["SILENT"]
    held = shown.evolve(delivery=lifecycle.hold(shown.delivery, None, "The link is down."))
    assert promises(closed(held)) == []


def test_what_is_still_being_sent_is_silent() -> None:
    assert promises(*SENT, closed(ONE.evolve(delivery=lifecycle.begin(claimed(ONE).delivery, in_(60))))) == ["SILENT"]


def test_sent_without_an_acknowledgement_is_silent() -> None:
    assert promises(begun(), closed(sent(ONE))) == ["SILENT"]
    assert promises(begun(), closed(unknown(ONE))) == []


def test_missed_or_cancelled_and_yet_arrived_is_silent() -> None:
    end = closed(missed(ONE))
    assert promises(*SENT, end) == ["SILENT"]


def test_a_history_without_an_end_is_silent() -> None:
    assert promises() == ["SILENT"]


@pytest.mark.parametrize("decision", [CANCELLED, CHANGED], ids=["cancel", "change"])
def test_what_begins_after_something_newer_was_confirmed_is_disobeyed(decision: Message) -> None:
    written: list[Event] = [Written(in_(10), decision), Acknowledged(in_(10), "one", "v2")]
    end = closed(decision.evolve(delivery=sent(ONE).delivery))
    assert promises(*written, confirmed(decision), *SENT, end) == ["DISOBEYED"]
    assert promises(*written, Shown(in_(30), decision), *SENT, end) == []


def test_what_begins_after_its_end_was_shown_is_disobeyed() -> None:
    shown = Shown(in_(59), unknown(ONE))
    assert promises(shown, *SENT, closed(sent(ONE))) == ["DISOBEYED"]


@pytest.mark.parametrize("wrong", [{"text": "one as nobody wrote it"}, {"to": BOB.number}])
def test_what_nobody_asked_for_is_disobeyed(wrong: dict[str, Any]) -> None:
    assert promises(begun(**wrong), answer(), closed(sent(ONE))) == ["DISOBEYED"]


def test_before_its_second_by_the_hosts_own_clock_is_early() -> None:
    assert promises(begun(59.9), answer(), closed(sent(ONE))) == ["EARLY"]
    assert promises(begun(70, clock=-10.1), answer(), closed(sent(ONE))) == ["EARLY"]


def test_a_clock_may_be_wrong_by_half_a_minute_and_a_look() -> None:
    assert promises(begun(25, clock=36), answer(), closed(sent(ONE))) == []
    assert promises(begun(23, clock=40), answer(), closed(sent(ONE))) == ["EARLY"]


def test_missed_before_its_limit_is_given_up() -> None:
    on_time = ONE.evolve(if_late=IfLate(policy=LatePolicy.ON_TIME))
    given_up = missed(on_time).evolve(delivery=Delivery(**dict(missed(on_time).delivery) | {"confirmed": 1}))
    assert promises(Shown(in_(60), given_up), closed(given_up)) == ["GIVEN UP"]
    assert promises(Shown(in_(60) + timedelta(minutes=2), given_up), closed(given_up)) == []


def test_an_acknowledged_decision_that_is_gone_is_lost() -> None:
    second = message(id="two", version="v9", send_at=in_(hours=9))
    assert promises(Acknowledged(in_(), "two", "v9"), *SENT, closed(sent(ONE))) == ["LOST"]
    assert promises(Acknowledged(in_(), "one", "v7"), *SENT, closed(sent(ONE), second)) == ["LOST"]
