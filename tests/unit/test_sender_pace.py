"""The sender at the account's pace: what waits says why and until when, nothing leaves in a burst after an outage."""

from datetime import datetime, time, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from session_host import send_errors
from shared.model import lifecycle
from shared.model.lifecycle import State
from shared.model.link import Link
from shared.model.message import IfLate, LatePolicy, Message
from shared.model.pace import PaceSettings
from tests.builders import NOW, claimed, failed, in_, message, sent
from tests.cast import ALICE, BOB, CHARLIE
from tests.fakes.host import Parts, failing

PACE = PaceSettings(gap_seconds=10, jitter_seconds=0, hourly=4, daily=8, strangers_daily=1, quiet=None)
REFUSED = send_errors.failure("server returned error 463")


@pytest.fixture
def parts(tmp_path: Path) -> Parts:
    """Alice and Bob are no strangers."""
    parts = Parts(tmp_path, pace=PACE)
    parts.book.learn([sent(message(person, send_at=in_(days=-3))) for person in (ALICE, BOB)], NOW)
    return parts


def line(parts: Parts, many: int, **changes: Any) -> list[Message]:
    """So many messages to Alice, a second after one another."""
    return [parts.scheduled(message(id=f"m{number:02}", send_at=in_(60 + number), **changes)) for number in range(many)]


def begun(parts: Parts, *messages: Message) -> list[datetime | None]:
    return [parts.row(each).delivery.begun_at for each in messages]


def test_alone_it_is_begun_at_its_second(parts: Parts) -> None:
    one, other = parts.scheduled(message(send_at=in_(60))), parts.scheduled(message(send_at=in_(75)))
    parts.run(NOW, in_(80))
    assert begun(parts, one, other) == [in_(60), in_(75)]
    assert parts.row(other).delivery.held_until is None


def test_together_the_second_is_held_until_the_gap_has_passed_and_says_so(parts: Parts) -> None:
    first, second = line(parts, 2)
    parts.run(NOW, in_(65))
    delivery = parts.row(second).delivery
    assert (delivery.state, delivery.held_until) == (State.CLAIMED, in_(70))
    assert "10 s apart" in str(delivery.held_reason)
    parts.run(in_(65), in_(75))
    assert begun(parts, first, second) == [in_(60), in_(70)]
    delivery = parts.row(second).delivery
    assert (delivery.state, delivery.held_until, delivery.held_reason) == (State.SENT, in_(70), None)


def test_a_hold_reaches_the_bucket(parts: Parts) -> None:
    _, second = line(parts, 2)
    parts.run(NOW, in_(65))
    parts.fold(in_(65))
    assert parts.records(in_(65))[second.id].delivery.held_until == in_(70)
    parts.run(in_(65), in_(75))
    assert len(parts.link.sent) == 2


def test_after_an_outage_all_leave_in_order_at_the_pace_each_once(parts: Parts) -> None:
    many = line(parts, 6)
    parts.link.state = Link.RECONNECTING
    parts.run(NOW, in_(minutes=20))
    parts.link.state = Link.CONNECTED
    parts.run(in_(minutes=20), in_(hours=3))
    times = [at for at in begun(parts, *many) if at is not None]
    assert len(times) == len(parts.link.sent) == 6
    assert times == sorted(times)
    assert all(later - earlier >= timedelta(seconds=10) for earlier, later in pairwise(times))
    assert times[4] - times[0] >= timedelta(hours=1)


def test_everything_in_line_says_its_own_time(parts: Parts) -> None:
    many = line(parts, 6)
    parts.run(NOW, in_(66))
    held = [parts.row(each).delivery for each in many[1:]]
    assert [each.held_until for each in held] == [in_(70), in_(80), in_(90), in_(3660), in_(3670)]
    assert "within an hour" in str(held[3].held_reason)


def test_limits_count_from_the_end_of_the_hold(parts: Parts) -> None:
    many = line(parts, 6, if_late=IfLate(hours=0.5))
    parts.run(NOW, in_(hours=2))
    assert {parts.row(each).delivery.state for each in many} == {State.SENT}


def test_a_passing_failure_after_a_hold_is_tried_again_within_the_limit_from_the_holds_end(parts: Parts) -> None:
    *_, last = line(parts, 5, if_late=IfLate(hours=0.5))
    parts.run(NOW, in_(minutes=30))
    parts.link.failures = [failing("WhatsApp could not take it just now (503).")]
    parts.run(in_(minutes=30), in_(minutes=61))
    assert parts.row(last).delivery.attempt == 2
    parts.fold(in_(minutes=61))
    parts.run(in_(minutes=61), in_(hours=2))
    delivery = parts.row(last).delivery
    assert (delivery.state, delivery.held_reason) == (State.SENT, None)


def test_attempts_do_not_extend_the_limit_that_counts_from_the_holds_end(parts: Parts) -> None:
    quiet = PACE.evolve(gap_seconds=0, hourly=99, daily=99, quiet=(time(12, 20), time(13)))
    parts = Parts(parts.folder, parts.bucket, quiet)
    (late,) = line(parts, 1, if_late=IfLate(hours=0.5))
    parts.link.state = Link.RECONNECTING
    parts.run(NOW, in_(minutes=30))
    parts.link.state = Link.CONNECTED
    parts.link.failures = [failing("WhatsApp could not take it just now (503).") for _ in range(99)]
    for minute in range(30, 120):
        parts.run(in_(minutes=minute), in_(minutes=minute + 1))
        parts.fold(in_(minutes=minute + 1))
    delivery = parts.row(late).delivery
    assert (delivery.state, delivery.settled_at) == (State.MISSED, in_(minutes=90))
    assert delivery.attempt > 2
    assert "after the end of its hold" in str(delivery.error)


@pytest.mark.parametrize("policy", [LatePolicy.ON_TIME, LatePolicy.ASK])
def test_pace_never_makes_only_on_time_into_late(parts: Parts, policy: LatePolicy) -> None:
    *_, last = line(parts, 5, if_late=IfLate(policy=policy))
    parts.run(NOW, in_(hours=2))
    delivery = parts.row(last).delivery
    assert delivery.state is State.MISSED
    assert "within an hour" in str(delivery.error)
    assert len(parts.link.sent) == 4


def test_a_stranger_over_the_budget_waits_a_day_and_holds_nobody_up(parts: Parts) -> None:
    first = parts.scheduled(message(CHARLIE, send_at=in_(60)))
    second = parts.scheduled(message("12025550104", send_at=in_(61)))
    friend = parts.scheduled(message(BOB, send_at=in_(80)))
    again = parts.scheduled(message(CHARLIE, send_at=in_(100)))
    parts.run(NOW, in_(hours=1))
    assert begun(parts, first, second, friend, again) == [in_(60), None, in_(80), in_(100)]
    assert parts.row(second).delivery.held_until == in_(60, days=1)
    parts.run(in_(hours=1), in_(days=2))
    assert begun(parts, second) == [in_(60, days=1)]


def test_the_first_463_stops_first_messages_also_after_a_restart(parts: Parts) -> None:
    roomy = PACE.evolve(strangers_daily=9)
    parts = Parts(parts.folder, parts.bucket, roomy)
    refused = parts.scheduled(message(CHARLIE, send_at=in_(60)))
    other = parts.scheduled(message("12025550104", send_at=in_(80)))
    friend = parts.scheduled(message(BOB, send_at=in_(90)))
    parts.link.failures.append(REFUSED)
    parts.run(NOW, in_(70))
    assert parts.row(refused).delivery.state is State.FAILED
    parts = parts.restarted(in_(71))
    parts.run(in_(71), in_(hours=1))
    assert begun(parts, other, friend) == [None, in_(90)]
    held = parts.row(other).delivery
    assert held.held_until == in_(60, hours=72)
    assert "refused" in str(held.held_reason)


def test_a_refusal_stops_the_very_next_stranger(parts: Parts) -> None:
    parts = Parts(parts.folder, parts.bucket, PACE.evolve(gap_seconds=0, strangers_daily=9))
    strangers = [parts.scheduled(message(f"120255501{number:02}", send_at=in_(60))) for number in (4, 5)]
    parts.link.failures.append(REFUSED)
    parts.run(NOW, in_(70))
    states = sorted(parts.row(each).delivery.state for each in strangers)
    assert (states, parts.link.sent) == ([State.CLAIMED, State.FAILED], [])


def test_a_held_message_can_be_cancelled_and_edited(parts: Parts) -> None:
    _, second, third = line(parts, 3)
    parts.run(NOW, in_(65))
    parts.edit(second, in_(65), cancelled=True)
    parts.edit(third, in_(65), text="edited")
    parts.fold(in_(66))
    parts.run(in_(66), in_(100))
    assert [text for _, text in parts.link.sent] == ["The kettle is on.", "edited"]
    assert begun(parts, third) == [in_(70)]


def test_what_a_lost_host_sent_today_counts_for_the_caps_and_its_people_are_known(tmp_path: Path) -> None:
    fresh = Parts(tmp_path, pace=PACE)
    earlier = [sent(message(CHARLIE, send_at=in_(minutes=-each))) for each in (40, 30, 20, 10)]
    for _ in range(2):
        fresh.book.learn(earlier, NOW)
    one = fresh.scheduled(message(CHARLIE, send_at=in_(60)))
    fresh.run(NOW, in_(70))
    held = fresh.row(one).delivery
    assert held.held_until == in_(minutes=20)
    assert "within an hour" in str(held.held_reason)


def test_first_messages_that_a_lost_host_sent_today_count_for_the_budget(tmp_path: Path) -> None:
    fresh = Parts(tmp_path, pace=PACE)
    earlier = [
        sent(message(ALICE, send_at=in_(days=-3))),
        sent(message(ALICE, send_at=in_(minutes=-50))),
        sent(message(CHARLIE, send_at=in_(minutes=-40))),
    ]
    fresh.book.learn(earlier, NOW)
    one = fresh.scheduled(message("12025550104", send_at=in_(60)))
    friend = fresh.scheduled(message(ALICE, send_at=in_(80)))
    fresh.run(NOW, in_(hours=2))
    assert begun(fresh, one, friend) == [None, in_(80)]
    assert fresh.row(one).delivery.held_until == in_(minutes=-40, days=1)


def test_what_a_lost_host_may_have_sent_to_somebody_new_counts_too(tmp_path: Path) -> None:
    fresh = Parts(tmp_path, pace=PACE)
    claim = claimed(message(CHARLIE, send_at=in_(minutes=-40)))
    fresh.book.learn([claim.evolve(delivery=lifecycle.lost(claim.delivery, NOW, "lost"))], NOW)
    one = fresh.scheduled(message("12025550104", send_at=in_(60)))
    fresh.run(NOW, in_(hours=2))
    assert begun(fresh, one) == [None]


def test_a_refusal_that_a_lost_host_met_still_stops_first_messages(tmp_path: Path) -> None:
    roomy = PACE.evolve(strangers_daily=9)
    fresh = Parts(tmp_path, pace=roomy)
    refused = failed(message(CHARLIE, send_at=in_(hours=-30)), reason=str(REFUSED))
    fresh.book.learn([refused, sent(message(ALICE, send_at=in_(days=-3)))], NOW)
    one = fresh.scheduled(message("12025550104", send_at=in_(60)))
    friend = fresh.scheduled(message(ALICE, send_at=in_(80)))
    fresh.run(NOW, in_(hours=3))
    assert begun(fresh, one, friend) == [None, in_(80)]
    assert fresh.row(one).delivery.held_until == in_(hours=42)
    assert "refused a first message" in str(fresh.row(one).delivery.held_reason)


def test_switched_off_it_lets_go_of_what_it_held(parts: Parts) -> None:
    many = line(parts, 6)
    parts.run(NOW, in_(66))
    parts.database.close()
    off = Parts(parts.folder, parts.bucket)
    off.projected = parts.projected
    off.run(in_(67), in_(69))
    assert {off.row(each).delivery.state for each in many} == {State.SENT}


def test_what_waits_is_not_written_again_at_each_step(parts: Parts) -> None:
    line(parts, 6)
    parts.run(NOW, in_(66))
    written: list[str] = []
    parts.ledger.listen(lambda row: written.append(row.id))
    for tenth in range(20):
        parts.sender.step(in_(66 + tenth / 10))
    assert written == []
