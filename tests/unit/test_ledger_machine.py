"""The ledger with the log, the fold and the projection, in every order Hypothesis thinks of: the promises hold.

All parts are the real ones, over a bucket in memory: operations, fold, claims, look, begin, settle. The machine knows
what WhatsApp really took, and what a person was shown as confirmed.
"""

import shutil
from collections import Counter
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from session_host import rules
from session_host.database import Database
from session_host.ledger import Ledger
from session_host.link import Receipt, ReceiptKind
from session_host.look import Look
from session_host.rules import Row
from session_host.schema import MIGRATIONS
from shared.model import lifecycle
from shared.model.lifecycle import Delivery
from shared.model.message import Message, Status
from shared.model.versioned import merge_all
from shared.store.fold import Fold
from shared.store.memory import MemoryBucket
from shared.store.oplog import LogReader, Writer
from shared.store.view import View
from tests.builders import NOW, message
from tests.fakes.clock import FakeClock

pytestmark = pytest.mark.no_cover  # the other tests measure the same code; measured, this takes twice as long

REFUSED = "WhatsApp could not take it just now."
CUT = [None, None, "before the write", "after the write"]
"""Where a fold is killed: before its projections are written, or before the ledger knows that they were."""

OUTCOMES = ["sent", "passing", "permanent", "unknown"]
edits = st.sampled_from(["cancel", "restore", "text", "soon", "later"])
which = st.integers(0, 99)


class Machine(RuleBasedStateMachine):
    """Writers, one session host at a time that may be killed, lost or rolled back, and one bucket."""

    @initialize()
    def begin(self) -> None:
        memory = Path("/dev/shm")
        self.temporary = TemporaryDirectory(dir=memory if memory.is_dir() else None)
        self.folder = Path(self.temporary.name)
        self.now, self.bucket = NOW, MemoryBucket()
        self.writer = Writer(self.bucket, "web", boot="0" * 32, clock=FakeClock())
        self.copies: list[Message] = []
        self.took: Counter[str] = Counter()
        self.begun: dict[tuple[str, int], bool] = {}  # whether it has failed for certain, so that it may be tried again
        self.confirmed: set[str] = set()
        self.looked: dict[str, Message] = {}
        self.hosts, self.snapshot = 0, False
        self._new_host()

    def _new_host(self) -> None:
        """Another machine, or an old copy of this one: it has yet to read what was done before."""
        self.hosts += 1
        self.host, self.caught_up = f"host-{self.hosts}", False
        self._open()

    def _open(self) -> None:
        self.database = Database(self.folder / "ledger.db", MIGRATIONS)
        self.ledger = Ledger(self.database)
        self.ledger.listen(self._written)
        self.fold = Fold(self.bucket)
        self.look = Look(LogReader(self.bucket), self.ledger, lambda: self.host, lambda: None)
        self.in_hand: Row | None = None
        self.ledger.recover(self.now)

    def _written(self, row: Row) -> None:
        for (id_, attempt), certain in self.begun.items():
            if id_ == row.id and attempt < row.delivery.attempt:
                assert certain, f"{id_} is tried again though attempt {attempt} may have arrived"

    def _append(self, stored: Message) -> None:
        self.writer.append(stored.version, self.now, messages=[stored])
        self.copies.append(stored)
        self.confirmed.discard(stored.id)

    # What people and programs do

    @rule(seconds=st.sampled_from([0, -5, 2, 30, 400]), accepted=st.sampled_from([True, True, False]))
    def schedule(self, seconds: int, accepted: bool) -> None:
        due = self.now + timedelta(seconds=seconds)
        new = message(id=f"m{len(self.copies)}", version=self.writer.reserve(), send_at=due)
        self._append(new)
        if accepted:
            self.ledger.accept([new], "api", self.host, self.now)

    @precondition(lambda self: self.copies)
    @rule(chosen=which, edit=edits, stale=st.booleans(), asked=st.booleans())
    def edit(self, chosen: int, edit: str, stale: bool, asked: bool) -> None:
        """`stale`: made from what an old page shows; `asked`: through the API, which confirms at once."""
        known = self.copies[chosen % len(self.copies)]
        if not stale:
            known = self._stored()[known.id]
        changes: dict[str, dict[str, Any]] = {
            "cancel": {"cancelled": True},
            "restore": {"cancelled": False},
            "text": {"text": f"text {len(self.copies)}"},
            "soon": {"send_at": self.now + timedelta(seconds=2)},
            "later": {"send_at": self.now + timedelta(seconds=3600)},
        }
        edited = known.edited(self.writer.reserve(), **changes[edit])
        self._append(edited)
        if asked:
            self.ledger.accept([edited], "api", self.host, self.now)
            row = self.ledger.get(edited.id)
            if row and row.content == edited.head() and row.message.status is Status.CANCELLED:
                self.confirmed.add(edited.id)

    @precondition(lambda self: self.in_hand is None)
    @rule()
    def send_now(self) -> None:
        """One due now goes all the way to being begun, the usual start of all that can go wrong."""
        self.schedule(0, accepted=True)
        self.fold_and_claim(None)
        self.turn("sent", settled=False)

    @precondition(lambda self: self.in_hand is None)
    @rule(edit=edits, asked=st.booleans(), folded=st.booleans())
    def change_at_the_last_second(self, edit: str, asked: bool, folded: bool) -> None:
        """Claimed, changed, and then its second comes."""
        self.schedule(2, accepted=True)
        self.fold_and_claim(None)
        self.edit(len(self.copies) - 1, edit, stale=False, asked=asked)
        if folded:
            self.fold_and_claim(None)
        self.later(4)
        self.turn("sent", settled=False)

    @precondition(lambda self: self.copies)
    @rule(which=st.lists(which, min_size=1, max_size=3), by=st.sampled_from(["web", "tick"]))
    def hand_over(self, which: list[int], by: str) -> None:
        """Anything that was ever true, at any time and twice: ticks are late and run beside one another."""
        copies = [self.copies[each % len(self.copies)] for each in which]
        for _ in range(2):
            self.ledger.accept([each.head() for each in copies], by, self.host, self.now)

    # What the host does

    @rule(cut=st.sampled_from(CUT))
    def fold_and_claim(self, cut: str | None) -> None:
        folded = self.fold.read(self.now)
        deliveries = self.ledger.reconcile(folded.messages, self.host, self.now)
        self.assert_that_what_stands_would_not_change(folded.messages)
        if cut == "before the write":
            return self.crash()
        written = self.fold.write(self.now, deliveries)
        self.confirmed |= {id_ for id_, each in self._stored().items() if each.status is Status.CANCELLED}
        if cut == "after the write":
            return self.crash()
        self.ledger.stored({id_: each for id_, each in deliveries.items() if id_ not in written.unapplied})
        self.caught_up = True
        return None

    def assert_that_what_stands_would_not_change(self, messages: Mapping[str, Message]) -> None:
        """What a fold passes over is what judging it would leave as it is."""
        for each in messages.values():
            row = self.ledger.get(each.id)
            same = row and (row.delivery.place, row.content.order) == (each.delivery.place, each.order)
            if row and same and rules.stands(each, self.host):
                assert rules.reconcile(row, each, self.host, self.now) == row

    @rule()
    def take_a_look(self) -> None:
        assert self.look.take(self.now)
        self.looked = merge_all(self.copies)

    @precondition(lambda self: self.caught_up)
    @rule(outcome=st.sampled_from(OUTCOMES), settled=st.booleans())
    def turn(self, outcome: str, settled: bool) -> None:
        """Settle what is in hand and begin the next; `settled` alone begins nothing."""
        if not self.look.covers(self.now):
            self.take_a_look()
        done, not_before = self._settled(outcome)
        ready = None if settled else self.ledger.next_ready(self.now)
        begun = self.ledger.turn(done, ready, self.now, not_before=not_before)
        self.in_hand = begun
        if begun is not None:
            self._begin(begun)

    def _settled(self, outcome: str) -> tuple[Row | None, Any]:
        """The row in hand with what became of it; what WhatsApp took was noted when it was asked."""
        row, self.in_hand = self.in_hand, None
        if row is None:
            return None, None
        delivery, key = row.delivery, (row.id, row.delivery.attempt)
        match outcome:
            case "sent":
                self.took[row.id] += 1
                moved, wait = lifecycle.sent(delivery, self.now, f"3EB0{row.id}"), None
            case "unknown":
                self.took[row.id] += 1
                moved, wait = lifecycle.unknown(delivery, self.now, "No answer."), None
            case "permanent":
                moved, wait = lifecycle.failed(delivery, self.now, "No such number."), None
            case _:
                self.begun[key] = True
                moved, wait = lifecycle.retry(delivery, REFUSED), self.now + rules.backoff(delivery.attempt)
        return row._replace(delivery=moved), wait

    def _begin(self, row: Row) -> None:
        assert row.content.send_at <= self.now, "early"
        assert row.id not in self.confirmed, "a confirmed cancel was not obeyed"
        assert (row.id, row.delivery.attempt) not in self.begun, "begun twice in one attempt"
        assert all(certain for (id_, _), certain in self.begun.items() if id_ == row.id), "it may have arrived"
        self.begun[row.id, row.delivery.attempt] = False
        newest = self.looked.get(row.id)
        assert newest is None or newest.order <= row.content.order, "what the look has found was not obeyed"

    @precondition(lambda self: self.took)
    @rule(which=which)
    def receive_a_receipt(self, which: int) -> None:
        id_ = sorted(self.took)[which % len(self.took)]
        receipt = Receipt(message_ids=(f"3EB0{id_}",), kind=ReceiptKind.DELIVERED, at=self.now)
        self.ledger.receipts([receipt], self.now)

    @rule()
    def expire(self) -> None:
        if self.caught_up and self.look.take(self.now):
            self.looked = merge_all(self.copies)
            self.ledger.expire(self.now)

    @rule(
        seconds=st.sampled_from([0, 3, 10]), outcome=st.sampled_from(OUTCOMES), settled=st.sampled_from([False, True])
    )
    def work(self, seconds: int, outcome: str, settled: bool) -> None:
        """What a host does all day: fold, wait, begin what is due, and, if it gets so far, settle it."""
        self.fold_and_claim(None)
        self.later(seconds)
        self.turn(outcome, settled=False)
        if settled:
            self.turn(outcome, settled=True)

    # What happens to it

    @precondition(lambda self: self.in_hand is not None)
    @rule(taken=st.booleans())
    def crash_inside_a_send(self, taken: bool) -> None:
        """Whether WhatsApp took what was in hand nobody will know."""
        self._die(taken=taken)
        self._open()

    @rule()
    def crash(self) -> None:
        self._die(taken=True)
        self._open()

    def _die(self, *, taken: bool) -> None:
        if self.in_hand is not None and taken:
            self.took[self.in_hand.id] += 1
        self.database.close()

    @rule()
    def take_a_snapshot(self) -> None:
        self.database.query("PRAGMA wal_checkpoint(TRUNCATE)")
        shutil.copy(self.folder / "ledger.db", self.folder / "snapshot.db")
        self.snapshot = True

    @rule(rarely=st.integers(0, 7), taken=st.booleans(), restored=st.booleans())
    def lose_the_machine(self, rarely: int, taken: bool, restored: bool) -> None:
        """Another host begins with an empty ledger, or with an old copy of this one."""
        if rarely:
            return
        self._die(taken=taken)
        for file in self.folder.glob("ledger.db*"):
            file.unlink()
        if restored and self.snapshot:
            shutil.copy(self.folder / "snapshot.db", self.folder / "ledger.db")
        self._new_host()

    @rule(seconds=st.sampled_from([1, 4, 40, 700]))
    def later(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)

    # What must be so

    def _stored(self) -> dict[str, Message]:
        return dict(View(self.bucket).read(self.now).messages)

    @invariant()
    def nothing_arrives_twice(self) -> None:
        assert not {id_: times for id_, times in getattr(self, "took", {}).items() if times > 1}

    def teardown(self) -> None:
        """In peace everything ends, as WhatsApp saw it, and the projection says what the ledger says."""
        if not hasattr(self, "ledger"):
            return
        try:
            for _ in range(4):
                self.now += timedelta(hours=2)
                self.fold_and_claim(None)
                self.ledger.accept([each.head() for each in self._stored().values() if each.open], "tick", self.host,
                                   self.now)  # fmt: skip
                self.fold_and_claim(None)
                for _ in range(len(self.copies) + 2):
                    self.turn("sent", settled=False)
                self.turn("sent", settled=True)
                self.expire()
                self.fold_and_claim(None)
            self._check_the_end()
        finally:
            self.database.close()
            self.temporary.cleanup()

    def _check_the_end(self) -> None:
        records = self._stored()
        assert set(records) == {each.id for each in self.copies}
        for id_, each in records.items():
            assert not each.open, f"{id_} is {each.status}"
            known: Delivery | None = row.delivery if (row := self.ledger.get(id_)) else None
            assert known in (None, each.delivery), "the projection says something else than the ledger"
            if each.status in (Status.FAILED, Status.MISSED, Status.CANCELLED):
                assert self.took[id_] == 0
            if each.status is Status.SENT:
                assert self.took[id_] == 1


Machine.TestCase.settings = settings(max_examples=50, stateful_step_count=40)
TestMachine = Machine.TestCase
