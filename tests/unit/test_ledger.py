"""The ledger: what it accepts, obeys and claims, what survives a crash and a full disk."""

import stat
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from session_host import rules
from session_host.database import Database, LedgerError, LedgerFull, LedgerTooNew
from session_host.ledger import AT_ONCE, KEPT, NEXT_READY, Ledger
from session_host.link import Receipt, ReceiptKind
from session_host.rules import Row
from session_host.schema import MIGRATIONS
from shared.model import lifecycle
from shared.model.content import MAX_TEXT
from shared.model.lifecycle import Claim, State
from shared.model.message import Message, Status
from shared.model.wire import Outcome
from tests.builders import NOW, begun, claimed, in_, message, sent
from tests.fakes.host import HOST, Parts


@pytest.fixture
def parts(tmp_path: Path) -> Parts:
    return Parts(tmp_path)


def _receipt(message_id: str, kind: ReceiptKind, seconds: float) -> Receipt:
    return Receipt(message_ids=(message_id,), kind=kind, at=in_(seconds))


def test_what_is_handed_over_first_is_accepted_and_again_is_known(parts: Parts) -> None:
    one = message()
    assert [each.outcome for each in parts.hand_over(one)] == [Outcome.ACCEPTED]
    assert [each.outcome for each in parts.hand_over(one)] == [Outcome.KNOWN]


def test_a_higher_revision_replaces_and_a_lower_is_superseded(parts: Parts) -> None:
    first = message(text="old")
    second = first.edited("web-b-1", text="new")
    assert parts.hand_over(second)[0].outcome is Outcome.ACCEPTED
    assert parts.hand_over(first)[0].outcome is Outcome.SUPERSEDED
    assert parts.row(first).content.text == "new"


def test_the_same_revision_with_another_text_is_refused_with_a_reason(parts: Parts) -> None:
    one = message(version="v1", text="one")
    parts.hand_over(one)
    answer = parts.hand_over(one.evolve(text="two"))[0]
    assert answer.outcome is Outcome.REFUSED
    assert answer.reason is not None
    assert "revision 1" in answer.reason
    assert parts.row(one).content.text == "one"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"to": "nobody"}, "no WhatsApp address"),
        ({"text": "  \n "}, "empty"),
        ({"text": "x" * 100_000}, f"{MAX_TEXT:,}"),
    ],
)
def test_what_can_never_be_sent_fails_at_once_in_words(parts: Parts, changes: dict[str, str], said: str) -> None:
    bad = message(**changes)
    answer = parts.hand_over(bad)[0]
    assert (answer.outcome, answer.status) == (Outcome.REFUSED, Status.FAILED)
    assert said in str(answer.reason)
    assert said in str(parts.row(bad).delivery.error)


def test_a_claim_is_made_by_the_fold_and_holds_once_it_is_written(parts: Parts) -> None:
    one = parts.write(message(send_at=in_(60)))
    parts.hand_over(one)
    assert parts.row(one).delivery.state is State.PENDING
    parts.fold()
    row = parts.row(one)
    assert row.delivery.claim == Claim(host=HOST, revision=1, version=row.content.version, send_at=in_(60))
    assert row.delivery.handed_over_by == "tick"
    assert row.may_begin


def test_a_claim_that_was_not_written_may_not_begin(parts: Parts) -> None:
    one = parts.write(message(send_at=in_(60)))
    parts.hand_over(one)
    parts.ledger.reconcile(parts.records(), HOST, NOW)
    assert parts.row(one).delivery.state is State.CLAIMED
    assert not parts.row(one).may_begin
    assert parts.ledger.next_ready(in_(60)) is None


def test_a_claim_that_stands_is_not_judged_at_each_fold(parts: Parts, monkeypatch: pytest.MonkeyPatch) -> None:
    one = parts.scheduled(message(send_at=in_(60)))
    judge, judged = rules.reconcile, []

    def noted(row: Row | None, each: Message, *others: Any, **more: Any) -> Row | None:
        judged.append(each.id)
        return judge(row, each, *others, **more)

    monkeypatch.setattr(rules, "reconcile", noted)
    assert (parts.fold(in_(1)), judged) == ({}, [])
    parts.edit(one, send_at=in_(50))
    parts.fold(in_(2))
    assert judged == [one.id]


def test_a_claim_whose_write_had_no_answer_counts_once_it_is_seen_in_the_bucket(parts: Parts) -> None:
    one = parts.write(message(send_at=in_(60)))
    parts.hand_over(one)
    parts.projected |= parts.ledger.reconcile(parts.records(), HOST, NOW)
    assert not parts.row(one).may_begin
    parts.fold()
    assert parts.row(one).may_begin
    assert parts.fold() == {}


def test_what_the_bucket_does_not_show_yet_is_not_claimed(parts: Parts) -> None:
    one = message(send_at=in_(60))
    parts.hand_over(one)
    assert parts.fold() == {}
    assert parts.row(one).delivery.state is State.PENDING


def test_a_cancel_is_confirmed_also_of_a_message_nobody_has_handed_over(parts: Parts) -> None:
    far = parts.write(message(send_at=in_(days=9)))
    cancelled = parts.edit(far, cancelled=True)
    assert parts.records()[far.id].asked_to_cancel
    parts.fold()
    assert parts.records()[far.id].status is Status.CANCELLED
    assert cancelled.revision == parts.records()[far.id].delivery.confirmed


def test_a_cancel_the_host_confirmed_is_obeyed(parts: Parts) -> None:
    one = parts.scheduled(message(send_at=in_(60)))
    parts.edit(one, cancelled=True)
    parts.fold()
    assert parts.records()[one.id].status is Status.CANCELLED
    assert parts.ledger.next_ready(in_(60)) is None


def test_a_cancel_can_be_undone(parts: Parts) -> None:
    one = parts.scheduled(message(send_at=in_(60)))
    parts.edit(parts.edit(one, cancelled=True), cancelled=False)
    parts.fold()
    assert parts.row(one).may_begin


def test_an_edit_is_claimed_again_and_waits_for_its_own_claim(parts: Parts) -> None:
    one = parts.scheduled(message(send_at=in_(60)))
    parts.edit(one, text="better", send_at=in_(50))
    parts.ledger.reconcile(parts.records(), HOST, NOW)
    assert not parts.row(one).may_begin
    parts.fold()
    assert parts.ledger.next_ready(in_(49)) is None
    ready = parts.ledger.next_ready(in_(50))
    assert ready is not None
    assert ready.content.text == "better"


def test_an_edit_to_a_far_time_is_released_until_it_is_handed_over_again(parts: Parts) -> None:
    one = parts.scheduled(message(send_at=in_(60)))
    later = parts.edit(one, send_at=in_(days=1))
    parts.fold()
    row = parts.row(one)
    assert (row.delivery.state, row.delivery.attempt, row.delivery.error) == (State.PENDING, 2, None)
    assert parts.ledger.next_after(NOW) is None
    parts.hand_over(later, now=in_(days=1))
    parts.fold(in_(days=1))
    assert parts.row(one).may_begin


def test_what_has_begun_is_not_changed_any_more(parts: Parts) -> None:
    one = parts.scheduled(message(send_at=in_(60), text="as it was"))
    parts.ledger.turn(None, parts.row(one), in_(60))
    edited = parts.edit(one, text="too late")
    assert parts.hand_over(edited)[0].outcome is Outcome.KNOWN
    parts.fold(in_(60))
    assert parts.row(one).content.text == "as it was"
    assert parts.records()[one.id].status is Status.SENDING


def test_it_begins_at_most_once(parts: Parts) -> None:
    one = parts.scheduled(message(send_at=in_(60)))
    picked = parts.row(one)
    assert parts.ledger.turn(None, picked, in_(60)) is not None
    assert parts.ledger.turn(None, picked, in_(60)) is None


def test_it_does_not_begin_before_its_second_nor_after_a_cancel(parts: Parts) -> None:
    one = parts.scheduled(message(send_at=in_(60)))
    picked = parts.row(one)
    assert parts.ledger.turn(None, picked, in_(59.999999)) is None
    parts.edit(one, cancelled=True)
    parts.fold()
    assert parts.ledger.turn(None, picked, in_(60)) is None


def test_what_was_begun_when_the_process_died_is_unknown(parts: Parts) -> None:
    one = parts.scheduled(message(send_at=in_(60)))
    parts.ledger.turn(None, parts.row(one), in_(60))
    again = parts.restarted(in_(70))
    assert again.row(one).delivery.state is State.UNKNOWN
    assert "may have arrived" in str(again.row(one).delivery.error)
    again.fold(in_(70))
    assert again.records()[one.id].status is Status.UNKNOWN


def test_what_was_claimed_when_the_process_died_is_still_claimed(parts: Parts) -> None:
    one = parts.scheduled(message(send_at=in_(60)))
    assert parts.restarted().row(one).may_begin


def test_a_receipt_is_noted_and_the_first_one_counts(parts: Parts) -> None:
    one = parts.scheduled(message(send_at=in_(60)))
    row = parts.ledger.turn(None, parts.row(one), in_(60))
    assert row is not None
    parts.ledger.turn(row._replace(delivery=lifecycle.sent(row.delivery, in_(61), "3EB0AA")), None, in_(61))
    told: list[str] = []
    parts.ledger.listen(lambda row: told.append(row.id))
    for seconds in (62, 90):
        parts.ledger.receipts([_receipt("3EB0AA", ReceiptKind.DELIVERED, seconds)], in_(seconds))
    parts.ledger.receipts([_receipt("3EB0AA", ReceiptKind.READ, 70)], in_(90))
    delivery = parts.row(one).delivery
    assert (delivery.delivered_at, delivery.read_at) == (in_(62), in_(70))
    assert told == [one.id, one.id], "the one that told nothing new changed something"


def test_many_receipts_at_once_are_each_noted_on_their_message(parts: Parts) -> None:
    many = [parts.scheduled(message(id=f"many-{n}", send_at=in_(60))) for n in range(AT_ONCE + 1)]
    for each in many:
        row = parts.ledger.turn(None, parts.row(each), in_(60))
        assert row is not None
        parts.ledger.turn(row._replace(delivery=lifecycle.sent(row.delivery, in_(61), f"ID-{each.id}")), None, in_(61))
    parts.ledger.receipts(
        [_receipt(f"ID-{each.id}", kind, 62) for kind in ReceiptKind for each in many]
        + [_receipt("ELSEWHERE", ReceiptKind.READ, 62)],
        in_(62),
    )
    assert {parts.row(each).delivery.read_at for each in many} == {in_(62)}
    assert [each["message_id"] for each in parts.database.query("SELECT * FROM receipts")] == ["ELSEWHERE"]


def test_a_receipt_that_overtakes_the_answer_is_not_lost(parts: Parts) -> None:
    one = parts.scheduled(message(send_at=in_(60)))
    row = parts.ledger.turn(None, parts.row(one), in_(60))
    assert row is not None
    parts.ledger.receipts([_receipt("3EB0AA", ReceiptKind.READ, 60.5)], in_(60.5))
    parts.ledger.turn(row._replace(delivery=lifecycle.sent(row.delivery, in_(61), "3EB0AA")), None, in_(61))
    assert parts.row(one).delivery.read_at == in_(60.5)


def test_a_receipt_for_nobodys_message_is_forgotten_after_a_while(parts: Parts) -> None:
    parts.ledger.receipts([_receipt("ELSEWHERE", ReceiptKind.READ, 0)], NOW)
    parts.ledger.prune(in_(hours=2))
    assert parts.database.query("SELECT * FROM receipts") == []


class TestAnotherHostsWork:
    def test_what_it_claimed_for_a_time_that_has_passed_is_unknown(self, parts: Parts) -> None:
        theirs = claimed(message(send_at=in_(-30)), host="host-of-old")
        parts.ledger.reconcile({theirs.id: theirs}, HOST, NOW)
        assert parts.row(theirs).delivery.state is State.UNKNOWN

    def test_what_it_claimed_for_later_is_claimed_anew(self, parts: Parts) -> None:
        theirs = claimed(message(send_at=in_(30)), host="host-of-old")
        to_write = parts.ledger.reconcile({theirs.id: theirs}, HOST, NOW)
        claim = to_write[theirs.id].claim
        assert (to_write[theirs.id].attempt, claim and claim.host) == (2, HOST)

    def test_what_this_ledger_has_claimed_as_an_earlier_host_is_claimed_anew(self, parts: Parts) -> None:
        one = parts.scheduled(message(send_at=in_(30)))
        assert parts.fold(in_(1)) == {}
        claim = parts.fold(in_(2), host="host-new")[one.id].claim
        assert (parts.row(one).delivery.attempt, claim and claim.host) == (2, "host-new")

    def test_what_this_ledger_has_claimed_as_an_earlier_host_for_a_time_that_has_passed_is_unknown(
        self, parts: Parts
    ) -> None:
        one = parts.scheduled(message(send_at=in_(30)))
        parts.fold(in_(31), host="host-new")
        assert parts.row(one).delivery.state is State.UNKNOWN

    def test_what_it_had_begun_is_unknown(self, parts: Parts) -> None:
        theirs = begun(message(send_at=in_(-30)))
        parts.ledger.reconcile({theirs.id: theirs}, HOST, NOW)
        assert parts.row(theirs).delivery.state is State.UNKNOWN

    def test_what_it_sent_is_never_sent_again_however_old_our_ledger_is(self, parts: Parts) -> None:
        one = parts.scheduled(message(send_at=in_(60)))
        theirs = sent(one)
        parts.ledger.reconcile({one.id: theirs}, HOST, NOW)
        assert parts.row(one).delivery.state is State.SENT
        assert parts.ledger.next_ready(in_(61)) is None


def test_a_projection_that_was_lost_is_told_again_what_was_sent(parts: Parts) -> None:
    one = parts.scheduled(message(send_at=in_(60)))
    row = parts.ledger.turn(None, parts.row(one), in_(60))
    assert row is not None
    parts.ledger.turn(row._replace(delivery=lifecycle.sent(row.delivery, in_(61), "3EB0AA")), None, in_(61))
    parts.fold(in_(62))
    assert parts.fold(in_(63)) == {}
    parts.projected.clear()
    parts.fold(in_(64))
    assert parts.records()[one.id].status is Status.SENT


def test_what_ended_is_forgotten_only_long_after_it_was_written(parts: Parts) -> None:
    one, other = (parts.scheduled(message(send_at=in_(60))) for _ in range(2))
    for each in (one, other):
        row = parts.ledger.turn(None, parts.row(each), in_(60))
        assert row is not None
        parts.ledger.turn(row._replace(delivery=lifecycle.sent(row.delivery, in_(61), each.id)), None, in_(61))
    parts.ledger.stored({one.id: parts.row(one).delivery})
    assert parts.ledger.prune(in_(62) + KEPT - timedelta(days=1)) == 0
    assert parts.ledger.prune(in_(62) + KEPT) == 1
    assert parts.ledger.get(one.id) is None
    assert parts.ledger.get(other.id) is not None


def test_a_full_disk_loses_nothing_and_says_what_to_do(parts: Parts) -> None:
    one = parts.scheduled(message(send_at=in_(60)))
    pages = parts.database.query("PRAGMA page_count")[0][0]
    parts.database.limit_pages(pages)
    with pytest.raises(LedgerFull, match="free some space"):
        parts.hand_over(*(message(text="x" * 5000) for _ in range(10)))
    assert parts.ledger.counts()["pending"] == 0
    assert parts.row(one).may_begin
    parts.database.limit_pages(pages * 100)
    parts.hand_over(message())
    assert parts.ledger.counts()["pending"] == 1


def test_the_ledger_is_the_owners_alone_and_synced(parts: Parts) -> None:
    assert stat.S_IMODE((parts.folder / "ledger.db").stat().st_mode) == 0o600
    assert parts.database.query("PRAGMA journal_mode")[0][0] == "wal"
    parts.hand_over(message())
    assert parts.database.query("PRAGMA synchronous")[0][0] == 2


def test_a_ledger_of_a_newer_version_is_refused(parts: Parts) -> None:
    parts.database.close()
    Database(parts.folder / "ledger.db", (*MIGRATIONS, "CREATE TABLE later (x INTEGER) STRICT")).close()
    with pytest.raises(LedgerTooNew, match="newer version"):
        Database(parts.folder / "ledger.db", MIGRATIONS)


def test_what_is_no_ledger_is_refused_in_words(tmp_path: Path) -> None:
    (tmp_path / "ledger.db").write_bytes(b"this is not a database, it is a note" * 100)
    with pytest.raises(LedgerError, match="damaged or no ledger"):
        Database(tmp_path / "ledger.db", MIGRATIONS)


def test_a_change_that_breaks_off_leaves_nothing_behind(parts: Parts) -> None:
    one = message()

    def broken() -> None:
        with parts.database.transaction() as connection:
            connection.execute("DELETE FROM messages")
            raise ZeroDivisionError

    parts.hand_over(one)
    with pytest.raises(ZeroDivisionError):
        broken()
    assert parts.ledger.get(one.id) is not None


def test_listeners_hear_of_each_change_after_it_is_durable(parts: Parts) -> None:
    heard: list[tuple[str, str, bool]] = []
    other = Ledger(parts.database)
    parts.ledger.listen(lambda row: heard.append((row.id, str(row.message.status), other.get(row.id) is not None)))
    one = parts.scheduled(message(send_at=in_(60)))
    assert heard[0] == (one.id, "pending", True)
    assert heard[-1] == (one.id, "claimed", True)


def test_a_record_edited_by_hand_before_its_handover_is_taken_as_it_is_now(parts: Parts) -> None:
    old = message(revision=0, version="", text="as it was", send_at=in_(days=2))
    parts.ledger.accept([old], "api", HOST, NOW, due=False)
    assert parts.hand_over(old.evolve(text="as it is"))[0].outcome is Outcome.ACCEPTED
    assert parts.row(old).content.text == "as it is"


def test_while_a_listing_is_late_nothing_is_confirmed_that_the_projection_does_not_hold(parts: Parts) -> None:
    one = parts.write(message(send_at=in_(60)))
    edited = one.edited(parts.writer.reserve(), text="Other words")
    parts.hand_over(edited)  # the log's listing does not have it yet
    parts.fold()
    shown = parts.records()[one.id]
    assert (shown.revision, shown.confirmed) == (1, False)
    parts.writer.append(edited.version, NOW, messages=[edited])
    parts.fold()
    shown = parts.records()[one.id]
    assert (shown.revision, shown.confirmed) == (2, True)


def test_an_edit_of_the_same_revision_is_claimed_anew_before_it_begins(parts: Parts) -> None:
    one = parts.write(message(send_at=in_(60)))
    first = parts.edit(one, text="Here")
    parts.hand_over(first)
    parts.fold()
    assert parts.row(one).may_begin
    second = parts.edit(one, text="There")
    parts.hand_over(second)
    row = parts.row(one)
    assert row.content.text == max((first, second), key=lambda each: each.order).text
    assert row.may_begin == (row.content.version == first.version)
    parts.fold()
    claim = parts.row(one).delivery.claim
    assert claim is not None
    assert claim.version == parts.row(one).content.version


def test_the_next_to_be_begun_is_found_without_sorting_all_that_are_due(tmp_path: Path) -> None:
    database = Database(tmp_path / "ledger.db", MIGRATIONS)
    (plan,) = database.query(f"EXPLAIN QUERY PLAN {NEXT_READY}", (2, 0, 0, 0))
    assert "USING INDEX in_line" in plan["detail"]
    database.close()
