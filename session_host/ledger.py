"""What the host has promised and done, durable before it counts: accept → claim → begin → settle."""

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from itertools import islice
from typing import NamedTuple, TypeVar

from session_host import pace, rules
from session_host.database import Database, instant, micros
from session_host.ledger_change import Change, values
from session_host.ledger_rows import Rows
from session_host.link import Receipt
from session_host.rules import Row
from session_host.schema import HAS_FILE
from shared.model import lifecycle
from shared.model.lifecycle import Delivery, State
from shared.model.message import Message
from shared.model.wire import ItemAnswer, Outcome

KEPT = timedelta(days=40)
"""How long a settled message stays known after its end was written to the bucket, against late repetitions."""

AT_ONCE = 10
"""Messages of one transaction where each stands for itself: a send waits for one at most."""

RECEIPT_KEPT = timedelta(hours=1)
"""How long a receipt waits for its message to be settled; a send that is not answered is given up after 75 s."""

SEND_ENDED = timedelta(seconds=100)
"""A receipt older than this is not an early one of the message in hand, whose send is given up before."""

STOPPED_INSIDE = "The session host stopped while this was being sent; it may have arrived."

Item = TypeVar("Item")

_BEGUN = State.BEGUN.rank
_SUMMARY = "SELECT id, attempt, rank, step, projected, revision, cancelled, version, handed_by FROM messages"

NEXT_READY = (
    "SELECT * FROM messages WHERE rank = ? AND may_begin = 1 AND send_at <= ? AND +ready_at <= ? AND expires_at > ? "
    "ORDER BY send_at, id LIMIT 1"
)
"""Nothing is ready before its second. The plus keeps SQLite from the index that would make it sort all that are due."""


class Unmatched(NamedTuple):
    """A receipt that belongs to no message known here: from which chat, and WhatsApp's time."""

    chat: str
    at: datetime


class Ledger:
    """The messages table of ledger.db. Any thread may call; each call is one transaction.

    Raises database.LedgerFull when the disk is full: then nothing of that call has happened.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._rows = Rows()
        self._listeners: list[Callable[[Row], None]] = []

    def listen(self, listener: Callable[[Row], None]) -> None:
        """Call it with each row that was written, after the commit."""
        self._listeners.append(listener)

    def recover(self, now: datetime) -> list[str]:
        """At start: what was begun and not settled may have been delivered, so it is unknown; the ids of those."""
        with self._changing() as change:
            begun = change.rows("rank = ?", _BEGUN)
            for row in begun:
                change.put(row._replace(delivery=lifecycle.unknown(row.delivery, now, STOPPED_INSIDE)))
        return [row.id for row in begun]

    def get(self, message_id: str) -> Row | None:
        """One row by the message's id."""
        found = self._database.query("SELECT * FROM messages WHERE id = ?", (message_id,))
        return self._rows.read(found[0]) if found else None

    def open_ids(self) -> set[str]:
        """Ids of everything known that has not begun."""
        return {found["id"] for found in self._database.query("SELECT id FROM messages WHERE rank < ?", (_BEGUN,))}

    # Accept

    def accept(
        self, messages: Iterable[Message], by: str, host: str, now: datetime, *, due: bool = True, obeys: bool = True
    ) -> list[ItemAnswer]:
        """Take contents over; `by`: web, tick or api. Without `due` they only become known, to be handed over later.

        A host that does not lead `obeys` nothing: it takes note, and confirms once it leads.
        """
        answers = []
        with self._changing() as change:
            for message in messages:
                row, content = change.get(message.id), message.head()
                outcome, reason = rules.judge(row, content)
                known = row or Row(content, Delivery())
                if outcome in (Outcome.ACCEPTED, Outcome.KNOWN):
                    if due and known.delivery.state.open and known.handed_by is None:
                        known = known._replace(handed_by=by)
                    taken = rules.take_over(known, content, host, now) if obeys else rules.note(known, content)
                    if taken != row:
                        change.put(taken)
                    if row is None and taken.delivery.state is State.FAILED:
                        outcome, reason = Outcome.REFUSED, taken.delivery.error
                    known = taken
                answers.append(
                    ItemAnswer(
                        id=message.id,
                        revision=message.revision,
                        outcome=outcome,
                        status=known.message.status,
                        reason=reason,
                    )
                )
        return answers

    def revise(self, messages: Iterable[Message], host: str, now: datetime) -> int:
        """Obey newer contents of messages that were already taken over; how many changed."""
        with self._changing() as change:
            for message in messages:
                row = change.get(message.id)
                if row and row.delivery.state.open and message.order > row.content.order:
                    change.put(rules.take_over(row, message.head(), host, now))
        return len(change.written)

    def judged(self, message: Message) -> None:
        """Know at once what a person said of a message whose end is unknown; a fold brings the same later."""
        with self._changing() as change:
            row = change.get(message.id)
            if row is None or (row.delivery.state is State.UNKNOWN and message.order > row.content.order):
                change.put((row or Row(message, message.delivery))._replace(content=message.head()))

    # Claim

    def reconcile(
        self, messages: Mapping[str, Message], host: str, now: datetime, *, clock_is_right: bool = True
    ) -> dict[str, Delivery]:
        """Compare with the merged records of the bucket: obey edits, claim what was handed over.

        Returns what is to be in the bucket when this fold is written; only after `stored` does a claim count. While the
        clock is wrong, nothing is decided about what another host had claimed.
        """
        known = {found["id"]: found for found in self._database.query(_SUMMARY)}
        to_write: dict[str, Delivery] = {}
        to_judge: list[Message] = []
        for message in messages.values():
            found, theirs = known.get(message.id), message.delivery
            if found is not None:
                if not _nothing_to_do(found, message, host):
                    to_judge.append(message)
            elif theirs.state in (State.CLAIMED, State.BEGUN):
                to_judge.append(message)
            elif theirs.state.open and not message.confirmed:
                to_write[message.id] = lifecycle.confirm(theirs, message.revision, message.version)
        for group in _in_groups(to_judge):
            with self._changing() as change:
                for message in group:
                    row, found = change.get(message.id), known.get(message.id)
                    judged = rules.reconcile(row, message, host, now, clock_is_right=clock_is_right)
                    if judged is None:
                        continue
                    if judged != row:
                        change.put(judged)
                    same = judged.delivery.place == message.delivery.place
                    if judged != row or not same or not (found and found["projected"]):
                        to_write[message.id] = judged.delivery
        return to_write

    def stored(self, deliveries: Mapping[str, Delivery]) -> None:
        """These are in the bucket now: claims among them may be begun."""
        for group in _in_groups(deliveries.items()):
            with self._changing(synced=False) as change:  # what a power cut takes, the next fold sees again
                for message_id, delivery in group:
                    change.stored(message_id, delivery)

    # Begin and settle

    def turn(
        self, settled: Row | None, begin: Row | None, now: datetime, *, not_before: datetime | None = None
    ) -> Row | None:
        """Write what became of the message in hand, and begin the next, in one commit; the row that was begun.

        `settled` carries the new delivery. The next is begun only if it still is what it was when it was picked.
        """
        with self._changing() as change:
            if settled is not None:
                delivery = change.with_receipts(settled.delivery)
                change.put(settled._replace(delivery=delivery, not_before=not_before, claim_stored=False))
                change.settled(settled)
            if begin is None:
                return None
            row = change.get(begin.id)
            if row is None or row != begin or not row.may_begin or not row.ready_at <= now < row.expires_at:
                return None
            begun = row._replace(delivery=lifecycle.begin(row.delivery, now))
            change.put(begun)
            change.begun(begun)
        return begun

    def receipts(self, receipts: Iterable[Receipt], now: datetime) -> None:
        """Note delivered or read on the messages of those WhatsApp ids; what comes early waits for its message."""
        told: dict[str, list[Receipt]] = {}
        for receipt in receipts:
            for message_id in receipt.message_ids:
                told.setdefault(message_id, []).append(receipt)
        for group in _in_groups(told.items()):
            with self._changing(synced=False) as change:  # the next send or handover syncs it
                for message_id, of_it in group:
                    change.note(message_id, of_it, now)

    def unmatched(self, now: datetime) -> list[Unmatched]:
        """Receipts of the last hour that belong to no message known here, nor to one that is being sent."""
        found = self._database.query(
            "SELECT chat, at FROM receipts WHERE chat IS NOT NULL AND seen_at BETWEEN ? AND ? ORDER BY at",
            (micros(now - RECEIPT_KEPT), micros(now - SEND_ENDED)),
        )
        return [Unmatched(each["chat"], instant(each["at"])) for each in found]

    def unknown_without_hint(self, now: datetime) -> list[Row]:
        """What ended unknown within the last hour and no receipt speaks for yet."""
        found = self._database.query(
            "SELECT * FROM messages WHERE rank = ? AND settled_at > ?",
            (State.UNKNOWN.rank, micros(now - RECEIPT_KEPT)),
        )
        return [row for row in map(self._rows.read, found) if row.delivery.hinted_at is None]

    def hint(self, receipts: Mapping[str, datetime]) -> int:
        """Note on these messages when a receipt came that may be theirs; on how many."""
        with self._changing() as change:
            for message_id, at in receipts.items():
                row = change.get(message_id)
                if row is not None and row.delivery.state is State.UNKNOWN:
                    change.put(row._replace(delivery=lifecycle.hint(row.delivery, at)))
        return len(change.written)

    # Wait

    def next_ready(self, now: datetime) -> Row | None:
        """The earliest to be begun now: claimed, its claim in the bucket, its second come, its limit not passed."""
        at = micros(now)
        found = self._database.query(NEXT_READY, (State.CLAIMED.rank, at, at, at))
        return self._rows.read(found[0]) if found else None

    def in_line(self, now: datetime) -> list[Row]:
        """All that could be begun now if pace let it, what pace holds included; in the order of their seconds."""
        sql = (
            "SELECT * FROM messages WHERE rank = ? AND may_begin = 1 AND send_at <= ? AND expires_at > ? "
            "AND (not_before IS NULL OR not_before <= ?) ORDER BY send_at, id"
        )
        at = micros(now)
        return [self._rows.read(found) for found in self._database.query(sql, (State.CLAIMED.rank, at, at, at))]

    def with_files(self, until: datetime) -> list[Row]:
        """What waits, is ready by then and has a file attached, the next first."""
        sql = f"SELECT * FROM waiting WHERE {HAS_FILE} AND ready_at <= ? ORDER BY ready_at"  # noqa: S608
        return [self._rows.read(each) for each in self._database.query(sql, (micros(until),))]

    def next_with_file(self, after: datetime) -> datetime | None:
        """When the next message with a file becomes ready after this instant."""
        sql = f"SELECT MIN(ready_at) AS at FROM waiting WHERE {HAS_FILE} AND ready_at > ?"  # noqa: S608
        found = self._database.query(sql, (micros(after),))
        return instant(found[0]["at"]) if found[0]["at"] is not None else None

    def next_after(self, now: datetime) -> datetime | None:
        """When the next message becomes ready that is not ready yet."""
        found = self._database.query("SELECT MIN(ready_at) AS at FROM waiting WHERE ready_at > ?", (micros(now),))
        return instant(found[0]["at"]) if found[0]["at"] is not None else None

    def hold(self, reason: str, now: datetime, *, unclaimed: bool = False) -> int:
        """Say on each message whose second has come why it waits; `unclaimed` only those that may not begin yet."""
        which = "ready_at <= ? AND held IS NOT ? AND may_begin <= ?"
        if not self._any_waits(which, now, reason, not unclaimed):
            return 0  # asked each second while something waits
        with self._changing() as change:
            for row in change.waiting(which, now, reason, not unclaimed):
                delivery = lifecycle.hold(row.delivery, row.delivery.held_until, reason)
                change.put(row._replace(delivery=delivery))
        return len(change.written)

    def hold_each(self, holds: Iterable[tuple[Row, datetime | None, str | None]]) -> int:
        """Hold each of these, unless it changed meanwhile, until its own time for its own reason (None: no more)."""
        with self._changing() as change:
            for row, until, reason in holds:
                if change.get(row.id) == row:
                    held = lifecycle.hold(row.delivery, until, reason or "")
                    change.put(row._replace(delivery=held if reason else lifecycle.unhold(held)))
        return len(change.written)

    def decide(self, row: Row, decided: Row) -> bool:
        """Write what was decided about a message that waits, unless it changed meanwhile; whether it was written."""
        with self._changing() as change:
            if change.get(row.id) == row:
                change.put(decided)
        return bool(change.written)

    def unhold(self, now: datetime) -> int:
        """Nothing is in the way any more of what was held without an end and may begin."""
        with self._changing() as change:
            for row in change.waiting("ready_at <= ? AND held IS NOT NULL AND may_begin = 1", now):
                change.put(row._replace(delivery=lifecycle.unhold(row.delivery)))
        return len(change.written)

    def expired(self, now: datetime) -> bool:
        """Whether the limit of anything has passed."""
        return self._any_waits("expires_at <= ?", now)

    def _any_waits(self, where: str, *parameters: object) -> bool:
        return bool(self._database.query(f"SELECT 1 FROM waiting WHERE {where} LIMIT 1", values(parameters)))  # noqa: S608

    def expire(self, now: datetime) -> int:
        """What its limit has passed for is missed, with the reason; how many.

        That answers the content it was judged by: of an older one that a page may still show it says nothing.
        """
        with self._changing() as change:
            for row in change.waiting("expires_at <= ?", now):
                change.put(rules.give_up(row, now))
        return len(change.written)

    # Look after

    def counts(self) -> dict[str, int]:
        """How many messages the ledger has in each state."""
        names = [str(state) for state in State]
        found = self._database.query("SELECT rank, COUNT(*) AS many FROM messages GROUP BY rank")
        return dict.fromkeys(names, 0) | {names[each["rank"]]: each["many"] for each in found}

    def waiting(self, before: datetime) -> list[str]:
        """Ids of what was taken over, should have begun at `before` or earlier and has not."""
        sql = "SELECT id FROM waiting WHERE ready_at <= ? ORDER BY send_at, id"
        return [found["id"] for found in self._database.query(sql, (micros(before),))]

    def prune(self, now: datetime) -> int:
        """Forget what ended long ago and is in the bucket, and old receipts and requests; how many messages."""
        with self._database.transaction() as connection:
            ended = connection.execute(
                "DELETE FROM messages WHERE projected = 1 AND (settled_at < ? OR (cancelled = 1 AND send_at < ?))",
                (micros(now - KEPT), micros(now - KEPT)),
            )
            connection.execute("DELETE FROM receipts WHERE seen_at < ?", (micros(now - RECEIPT_KEPT),))
            connection.execute("DELETE FROM requests WHERE at < ?", (micros(now - KEPT),))
            pace.forget(connection, now)
        return ended.rowcount

    @contextmanager
    def _changing(self, *, synced: bool = True) -> Iterator[Change]:
        with self._database.transaction(synced=synced) as connection:
            change = Change(connection, self._rows)
            yield change
        for row in change.written.values():
            for listener in self._listeners:
                listener(row)


def _nothing_to_do(found: sqlite3.Row, message: Message, host: str) -> bool:
    """Both sides know the same of this message, and it is not one to be claimed or claimed anew."""
    place = (found["attempt"], found["rank"], found["step"])
    if not found["projected"] or place != message.delivery.place:
        return False
    if found["rank"] >= _BEGUN:
        return True
    content = (message.revision, message.cancelled, message.version)
    if (found["revision"], bool(found["cancelled"]), found["version"]) != content:
        return False
    if found["rank"] == State.CLAIMED.rank and rules.stands(message, host):
        return True
    return bool(found["cancelled"]) or (found["rank"] == State.PENDING.rank and found["handed_by"] is None)


def _in_groups(each: Iterable[Item]) -> Iterator[tuple[Item, ...]]:
    rest = iter(each)
    while group := tuple(islice(rest, AT_ONCE)):
        yield group
