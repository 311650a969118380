"""What pace needs to know, kept in the ledger's file: what was begun lately, who is no stranger, the last refusal."""

import json
import sqlite3
from collections.abc import Iterable
from datetime import datetime, timedelta

from session_host.database import Database, instant, micros
from session_host.rules import Row
from session_host.send_errors import NO_NEW_PEOPLE
from shared.model.lifecycle import State
from shared.model.message import Message
from shared.model.pace import DAY, History, recipient

_KEPT = timedelta(days=2)


class PaceBook:
    """The account's history. Any thread may call. Raises database.LedgerError."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._learned: set[str] = set()
        self._counted: set[tuple[str, int]] = set()
        self._locked: datetime | None = None

    def history(self, recipients: Iterable[str], now: datetime) -> History:
        """The last day, and which of these addresses are known."""
        begun = self._database.query("SELECT at, cold FROM begun WHERE at > ? ORDER BY at", (micros(now - DAY),))
        known = self._database.query(
            "SELECT recipient FROM known WHERE recipient IN (SELECT value FROM json_each(?))",
            (json.dumps(sorted({recipient(to) for to in recipients})),),
        )
        locked = self._database.query("SELECT locked_at FROM strangers")
        return History(
            begun=[instant(each["at"]) for each in begun],
            cold=[instant(each["at"]) for each in begun if each["cold"]],
            known=frozenset(each["recipient"] for each in known),
            locked_at=instant(locked[0]["locked_at"]) if locked else None,
        )

    def strangers_refused(self, now: datetime) -> None:
        """WhatsApp has just refused a first message to a stranger."""
        with self._database.transaction() as connection:
            connection.execute("INSERT OR REPLACE INTO strangers (one, locked_at) VALUES (1, ?)", (micros(now),))

    def learn(self, messages: Iterable[Message], now: datetime) -> None:
        """What is in the bucket's records though another host or the old system sent it, for a ledger that is empty or
        behind: when and to whom, what of it was a first message, and whether WhatsApp refused one.

        An attempt that was followed by another is in no record, and so is not counted.
        """
        records = [each for each in messages if not each.delivery.state.open]
        known = {recipient(each.to) for each in records if _reached(each.delivery.state)} - self._learned
        begun = {
            (each.id, each.delivery.attempt): at
            for each in records
            if (at := _begun_at(each)) is not None and now - DAY < at <= now
        }
        fresh = {key: at for key, at in begun.items() if key not in self._counted}
        refused = [each.delivery.settled_at for each in records if each.delivery.error == NO_NEW_PEOPLE]
        locked = max((at for at in refused if at is not None and at <= now), default=None)
        if known or fresh or locked != self._locked:
            with self._database.transaction(synced=False) as connection:  # learned again from the same records
                cold = _first_ones(connection, records) if fresh else frozenset()
                rows = [(*key, micros(at), int(key in cold)) for key, at in fresh.items()]
                connection.executemany("INSERT OR IGNORE INTO begun (id, attempt, at, cold) VALUES (?, ?, ?, ?)", rows)
                connection.executemany("INSERT OR IGNORE INTO known VALUES (?)", [(to,) for to in sorted(known)])
                if locked is not None:
                    connection.execute(_LOCK, (micros(locked),))
        self._learned |= known
        self._counted, self._locked = set(begun), locked


_LOCK = (
    "INSERT INTO strangers (one, locked_at) VALUES (1, ?) "
    "ON CONFLICT (one) DO UPDATE SET locked_at = MAX(locked_at, excluded.locked_at)"
)


def _begun_at(message: Message) -> datetime | None:
    """When it was begun; where that is not known because its host was lost, the second for which it was claimed."""
    delivery = message.delivery
    at = delivery.begun_at or delivery.sent_at
    if at is None and delivery.state is State.UNKNOWN and delivery.claim is not None:
        at = delivery.claim.send_at
    return at


def _first_ones(connection: sqlite3.Connection, records: Iterable[Message]) -> frozenset[tuple[str, int]]:
    """Those of these (id, attempt) that were a first message to a stranger, as far as ledger and records tell."""
    known = {each["recipient"] for each in connection.execute("SELECT recipient FROM known")}
    times = [(at, each) for each in records if (at := _begun_at(each)) is not None]
    first = set()
    for _, each in sorted(times, key=lambda pair: (pair[0], pair[1].id)):
        whom = recipient(each.to)
        if History(known=known).cold_to(whom):
            first.add((each.id, each.delivery.attempt))
        if _reached(each.delivery.state):
            known.add(whom)
    return frozenset(first)


def note_begun(connection: sqlite3.Connection, row: Row) -> None:
    """This row was begun; whether to a stranger is decided now."""
    whom = recipient(row.content.to)
    found = connection.execute("SELECT 1 FROM known WHERE recipient = ?", (whom,)).fetchone()
    cold = History(known={whom} if found else frozenset()).cold_to(whom)
    at = row.delivery.begun_at
    if at is not None:
        connection.execute(
            "INSERT OR REPLACE INTO begun (id, attempt, at, cold) VALUES (?, ?, ?, ?)",
            (row.id, row.delivery.attempt, micros(at), int(cold)),
        )


def note_settled(connection: sqlite3.Connection, row: Row) -> None:
    """This row was settled: where it arrived, or may have, its recipient is no stranger any more."""
    if _reached(row.delivery.state):
        connection.execute("INSERT OR IGNORE INTO known VALUES (?)", (recipient(row.content.to),))


def forget(connection: sqlite3.Connection, now: datetime) -> None:
    """What no cap counts any more."""
    connection.execute("DELETE FROM begun WHERE at < ?", (micros(now - _KEPT),))


def _reached(state: State) -> bool:
    return state in (State.SENT, State.UNKNOWN)
