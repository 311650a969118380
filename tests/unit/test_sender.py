"""The sender, stepped by hand: each message at its second, once, after a last look; what is in the way is said."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from session_host import rules
from session_host.database import LedgerFull
from session_host.link import Ears, ReceiptKind, Sent
from session_host.look import Look
from session_host.rules import Row
from shared.model.lifecycle import State
from shared.model.link import Link
from shared.model.message import IfLate, LatePolicy, Status
from shared.store.errors import Unreachable
from shared.store.oplog import LogReader
from tests.builders import NOW, in_, message
from tests.fakes.host import HOST, Parts, failing

AWAY = Unreachable("The storage cannot be reached: check the network.")


@pytest.fixture
def parts(tmp_path: Path) -> Parts:
    return Parts(tmp_path)


def texts(parts: Parts) -> list[str]:
    return [text for _, text in parts.link.sent]


def test_a_message_is_begun_at_its_second_and_settled(parts: Parts) -> None:
    one = parts.scheduled(message(send_at=in_(60)))
    parts.run(NOW, in_(61))
    delivery = parts.row(one).delivery
    assert (delivery.state, delivery.begun_at, delivery.message_id) == (State.SENT, in_(60), "3EB00001")
    assert parts.link.sent == [(one.to, one.text)]


def test_it_asks_to_be_stepped_at_exactly_the_second(parts: Parts) -> None:
    parts.scheduled(message(send_at=in_(60, minutes=0) + timedelta(microseconds=123_456)))
    steps = parts.run(NOW, in_(61))
    assert in_(60) + timedelta(microseconds=123_456) in steps
    assert len(steps) < 10


def test_never_early_whenever_it_is_stepped(parts: Parts) -> None:
    parts.scheduled(message(send_at=in_(60)))
    now = in_(50)
    while now < in_(60):
        parts.sender.step(now)
        now += timedelta(milliseconds=37)
    assert parts.link.sent == []


def test_one_look_before_the_second_covers_it(parts: Parts) -> None:
    parts.scheduled(message(send_at=in_(60)))
    parts.bucket.calls.clear()
    parts.run(NOW, in_(61))
    assert [call for call in parts.bucket.calls if call.startswith("list")] == ["list log/20261122/"]


def test_what_is_due_together_leaves_in_order_each_once(parts: Parts) -> None:
    for number in (3, 1, 2):
        parts.scheduled(message(id=f"m{number}", text=f"number {number}", send_at=in_(60 + number * 0.1)))
    parts.run(NOW, in_(62))
    assert texts(parts) == ["number 1", "number 2", "number 3"]


def test_a_cancel_stored_just_before_is_seen_by_the_look(parts: Parts) -> None:
    one = parts.scheduled(message(send_at=in_(60)))
    parts.edit(one, in_(56.5), cancelled=True)
    parts.run(in_(56), in_(70))
    assert parts.link.sent == []
    parts.fold(in_(70))
    assert parts.records(in_(70))[one.id].status is Status.CANCELLED


def test_an_edit_stored_just_before_is_sent_as_edited_once_its_claim_is_written(parts: Parts) -> None:
    one = parts.scheduled(message(send_at=in_(60), text="old"))
    parts.edit(one, in_(56.5), text="new")
    parts.run(in_(57), in_(59))
    parts.fold(in_(58))
    parts.run(in_(59), in_(61))
    assert texts(parts) == ["new"]


def test_after_midnight_yesterdays_folder_is_looked_at_too(parts: Parts) -> None:
    midnight = datetime(2026, 11, 23, tzinfo=NOW.tzinfo)
    one = parts.scheduled(message(send_at=midnight + timedelta(seconds=2)), in_(hours=11.9))
    parts.edit(one, midnight - timedelta(seconds=2), cancelled=True)
    parts.run(midnight - timedelta(seconds=1), midnight + timedelta(seconds=5))
    assert parts.link.sent == []


def test_storage_unreachable_at_the_second_holds_and_says_so_and_goes_on_by_itself(parts: Parts) -> None:
    one = parts.scheduled(message(send_at=in_(60)))
    parts.bucket.trouble = AWAY
    parts.run(NOW, in_(65))
    row = parts.row(one)
    assert row.delivery.state is State.CLAIMED
    assert "cannot be reached" in str(row.delivery.held_reason)
    assert parts.link.sent == []
    parts.bucket.trouble = None
    parts.run(in_(66), in_(67))
    assert texts(parts) == [one.text]
    assert parts.row(one).delivery.held_reason is None


def test_link_down_holds_everything_due_with_what_to_do(parts: Parts) -> None:
    many = [parts.scheduled(message(send_at=in_(60))) for _ in range(3)]
    later = parts.scheduled(message(send_at=in_(600)))
    parts.link.state = Link.LOGGED_OUT
    parts.run(NOW, in_(62))
    assert all("scan the QR code" in str(parts.row(each).delivery.held_reason) for each in many)
    assert parts.row(later).delivery.held_reason is None
    parts.link.state = Link.CONNECTED
    parts.run(in_(63), in_(64))
    assert len(parts.link.sent) == 3


def test_while_the_link_is_down_the_log_is_not_listed_each_second(parts: Parts) -> None:
    parts.scheduled(message(send_at=in_(60)))
    parts.link.state = Link.RECONNECTING
    parts.bucket.calls.clear()
    parts.run(NOW, in_(minutes=5))
    assert parts.bucket.calls == []


def test_what_waits_no_longer_says_so_while_the_first_of_them_leaves(parts: Parts) -> None:
    first, second = (parts.scheduled(message(send_at=in_(60))) for _ in range(2))
    parts.link.state = Link.RECONNECTING
    parts.run(NOW, in_(61))
    assert parts.row(second).delivery.held_reason is not None
    parts.link.state = Link.CONNECTED
    parts.link.while_sending = lambda: seen.append(parts.row(second).delivery.held_reason)
    seen: list[str | None] = []
    parts.run(in_(62), in_(62))
    assert seen[0] is None
    assert parts.row(first).delivery.state is State.SENT


def test_a_claim_that_does_not_reach_the_bucket_is_held_visibly_and_blocks_nobody(parts: Parts) -> None:
    stuck = message(send_at=in_(60))
    parts.hand_over(stuck)  # the log does not show it yet
    other = parts.scheduled(message(send_at=in_(61)))
    parts.run(NOW, in_(67))
    assert texts(parts) == [other.text]
    assert "claim" in str(parts.row(stuck).delivery.held_reason)
    parts.writer.append(parts.writer.reserve(), NOW)
    assert parts.row(stuck).delivery.state is State.PENDING


def test_a_clock_that_is_half_a_minute_wrong_holds(parts: Parts) -> None:
    one = parts.scheduled(message(send_at=in_(60)))
    parts.skew.tick_said(in_(91))
    parts.run(in_(56), in_(62))
    assert "clock is 35 s behind" in str(parts.row(one).delivery.held_reason)
    parts.skew.tick_said(in_(63))
    parts.run(in_(63), in_(64))
    assert texts(parts) == [one.text]


def test_a_clock_that_jumped_ahead_declares_nothing_missed(parts: Parts) -> None:
    one = parts.scheduled(message(send_at=in_(60), if_late=IfLate(policy=LatePolicy.ON_TIME)))
    parts.link.state = Link.RECONNECTING
    parts.skew.tick_said(in_(55))
    parts.run(in_(8 * 3600), in_(8 * 3600 + 3))
    assert parts.row(one).delivery.state is State.CLAIMED
    parts.link.state = Link.CONNECTED
    parts.skew.tick_said(in_(60))
    parts.run(in_(60), in_(61))
    assert texts(parts) == [one.text]


def test_a_host_that_does_not_lead_neither_sends_nor_decides(parts: Parts) -> None:
    one = parts.scheduled(message(send_at=in_(60), if_late=IfLate(policy=LatePolicy.ON_TIME)))
    parts.standing = "Another session host, host-b, gave its last pulse a moment ago."
    parts.run(NOW, in_(minutes=5))
    assert parts.row(one).delivery.state is State.CLAIMED
    assert "host-b" in str(parts.row(one).delivery.held_reason)


class TestFailures:
    def test_certain_and_permanent_fails_with_the_sentence(self, parts: Parts) -> None:
        one = parts.scheduled(message(send_at=in_(60)))
        parts.link.failures.append(failing("This number is not on WhatsApp.", permanent=True))
        parts.run(NOW, in_(61))
        delivery = parts.row(one).delivery
        assert (delivery.state, delivery.error) == (State.FAILED, "This number is not on WhatsApp.")

    @pytest.mark.parametrize("permanent", [True, False])
    def test_not_certain_is_unknown_and_never_tried_again(self, parts: Parts, permanent: bool) -> None:
        one = parts.scheduled(message(send_at=in_(60)))
        parts.link.failures.append(failing("No answer in time.", permanent=permanent, certain=False))
        parts.run(NOW, in_(61))
        for minutes in range(1, 400, 7):
            parts.fold(in_(minutes=minutes))
            parts.run(in_(minutes=minutes), in_(minutes=minutes + 1))
        assert parts.row(one).delivery.state is State.UNKNOWN
        assert parts.link.sent == []

    def test_an_error_of_our_own_is_unknown(self, parts: Parts) -> None:
        one = parts.scheduled(message(send_at=in_(60)))
        parts.link.failures.append(ZeroDivisionError())
        parts.run(NOW, in_(61))
        assert parts.row(one).delivery.state is State.UNKNOWN
        assert "ZeroDivisionError" in str(parts.row(one).delivery.error)

    def test_certain_and_passing_is_tried_again_later_and_says_why(self, parts: Parts) -> None:
        one = parts.scheduled(message(send_at=in_(60)))
        parts.link.failures.append(failing("WhatsApp asked to slow down."))
        parts.run(NOW, in_(61))
        row = parts.row(one)
        assert (row.delivery.state, row.delivery.attempt) == (State.PENDING, 2)
        assert row.delivery.held_reason == "WhatsApp asked to slow down. Trying again."
        assert row.ready_at == in_(60) + rules.backoff(1)
        parts.fold(in_(61))
        parts.run(in_(61), in_(66))
        assert texts(parts) == [one.text]
        assert parts.row(one).delivery.state is State.SENT

    def test_each_further_try_waits_longer_up_to_ten_minutes(self) -> None:
        waits = [rules.backoff(attempt).total_seconds() for attempt in (1, 2, 3, 4, 99)]
        assert waits == [5, 15, 45, 135, 600]

    def test_trying_again_ends_at_the_messages_limit(self, parts: Parts) -> None:
        one = parts.scheduled(message(send_at=in_(60), if_late=IfLate(hours=1)))
        parts.link.failures.extend(failing("WhatsApp asked to slow down.") for _ in range(100))
        for minutes in range(70):
            parts.fold(in_(minutes=minutes))
            parts.run(in_(minutes=minutes), in_(minutes=minutes, seconds=59))
        delivery = parts.row(one).delivery
        assert delivery.state is State.MISSED
        assert "within 1 hours" in str(delivery.error)
        assert "slow down" in str(delivery.error)


class TestLate:
    @pytest.mark.parametrize(
        ("if_late", "minutes", "state"),
        [
            (IfLate(), 359, State.SENT),
            (IfLate(), 362, State.MISSED),
            (IfLate(policy=LatePolicy.ON_TIME), 1.5, State.SENT),
            (IfLate(policy=LatePolicy.ON_TIME), 2.5, State.MISSED),
            (IfLate(policy=LatePolicy.ASK), 3, State.MISSED),
        ],
    )
    def test_within_its_limit_it_is_sent_else_missed(
        self, parts: Parts, if_late: IfLate, minutes: float, state: State
    ) -> None:
        one = parts.scheduled(message(send_at=in_(60), if_late=if_late))
        parts.run(in_(minutes=minutes), in_(minutes=minutes, seconds=1))
        assert parts.row(one).delivery.state is state

    def test_ask_asks(self, parts: Parts) -> None:
        one = parts.scheduled(message(send_at=in_(60), if_late=IfLate(policy=LatePolicy.ASK)))
        parts.run(in_(minutes=5), in_(minutes=6))
        assert "do you still want it sent?" in str(parts.row(one).delivery.error)

    def test_what_is_missed_while_the_link_is_down_says_what_was_in_the_way(self, parts: Parts) -> None:
        one = parts.scheduled(message(send_at=in_(60), if_late=IfLate(policy=LatePolicy.ON_TIME)))
        parts.link.state = Link.RECONNECTING
        parts.run(NOW, in_(minutes=3))
        assert parts.row(one).delivery.state is State.MISSED
        assert "connection to WhatsApp was lost" in str(parts.row(one).delivery.error)

    def test_nothing_is_missed_that_was_moved_while_the_storage_was_away(self, parts: Parts) -> None:
        one = parts.scheduled(message(send_at=in_(60), if_late=IfLate(policy=LatePolicy.ON_TIME)))
        parts.edit(one, in_(50), send_at=in_(days=1))
        parts.bucket.trouble = AWAY
        parts.run(in_(57), in_(minutes=10))
        assert parts.row(one).delivery.state is State.CLAIMED
        parts.bucket.trouble = None
        parts.run(in_(minutes=10, seconds=1), in_(minutes=11))
        assert parts.row(one).delivery.state.open
        assert parts.row(one).content.send_at == in_(days=1)

    def test_what_is_missed_answers_the_content_it_was_judged_by(self, parts: Parts) -> None:
        one = parts.scheduled(message(send_at=in_(60)))
        asks = parts.edit(one, in_(5), if_late=IfLate(policy=LatePolicy.ASK))
        parts.ledger.accept([asks], "web", HOST, in_(5), obeys=False)  # as a host that does not lead yet
        parts.run(in_(minutes=5), in_(minutes=6))
        delivery = parts.row(one).delivery
        assert delivery.state is State.MISSED
        assert asks.evolve(delivery=delivery).confirmed
        assert not one.evolve(delivery=delivery).confirmed


def test_a_full_disk_after_the_send_keeps_the_result_and_writes_it_when_there_is_room(parts: Parts) -> None:
    one, other = (parts.scheduled(message(send_at=in_(60), text="x" * 3000)) for _ in range(2))

    def full() -> None:
        parts.database.limit_pages(1)
        parts.database.query("PRAGMA cache_size = 0")

    parts.link.while_sending = full
    parts.run(in_(57), in_(60) - timedelta(milliseconds=1))
    parts.sender.step(in_(60))
    parts.database.limit_pages(1_000_000)
    parts.sender.step(in_(61))
    states = {parts.row(each).delivery.state for each in (one, other)}
    assert State.SENT in states
    assert len(parts.link.sent) == len({text for _, text in parts.link.sent} | {"second"})


def test_the_last_result_is_written_when_the_host_stops(parts: Parts) -> None:
    one = parts.scheduled(message(send_at=in_(60)))
    parts.run(in_(57), in_(60))
    parts.sender.finish(in_(60))
    assert parts.row(one).delivery.state is State.SENT
    assert LedgerFull.__doc__


def test_a_receipt_during_the_send_is_kept(parts: Parts) -> None:
    one = parts.scheduled(message(send_at=in_(60)))
    parts.link.listen(Ears(lambda receipt: parts.ledger.receipts([receipt], in_(60))))
    parts.link.while_sending = lambda: parts.link.receipt(ReceiptKind.DELIVERED, "3EB00001", at=in_(60.1))
    parts.run(in_(57), in_(61))
    assert parts.row(one).delivery.delivered_at == in_(60.1)


def test_a_look_is_old_after_its_seconds_though_the_clock_was_set_back(parts: Parts) -> None:
    passed = [0.0]
    look = Look(LogReader(parts.bucket), parts.ledger, lambda: "host-1", lambda: None, monotonic=lambda: passed[0])
    assert look.take(in_(90))
    passed[0] = 4.9
    assert look.covers(in_(92))
    passed[0] = 90.0
    assert not look.covers(in_(92))


def test_who_hears_of_a_send_cannot_make_it_unknown(parts: Parts) -> None:
    heard: list[str] = []

    def breaks(_: Row, sent: Sent) -> None:
        heard.append(sent.message_id)
        raise RuntimeError("no room")

    parts.on_sent = breaks
    one = parts.scheduled(message(send_at=in_(60)))
    with pytest.raises(RuntimeError, match="no room"):
        parts.run(NOW, in_(61))
    parts.sender.step(in_(62))
    assert parts.row(one).delivery.state is State.SENT
    assert heard == ["3EB00001"]
    assert len(parts.link.sent) == 1
