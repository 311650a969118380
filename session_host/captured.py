"""The captured messages in a file of their own: merged by (chat, sender, id), a hidden number and its phone number one.

A change (edit, deletion, reaction) is a row of its own, applied when a message is read, so it may come before its
message. Nothing here knows the library or the journal; `take` is one transaction, with the journal's position in it.
"""

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import structlog

from session_host.capture_events import Change, Pair, Seen, is_hidden
from session_host.database import Database, LedgerError, LedgerFull, LedgerTooNew, instant, micros
from session_host.journal import Position
from shared.model import captured
from shared.model.captured import Captured

log = structlog.get_logger(__name__)

FILE = "captured.db"
MIGRATIONS = (
    """
    CREATE TABLE messages (
        n INTEGER PRIMARY KEY,
        chat TEXT NOT NULL,
        sender TEXT NOT NULL, -- empty: the owner
        id TEXT NOT NULL,
        from_me INTEGER NOT NULL,
        at INTEGER NOT NULL,
        kind TEXT NOT NULL,
        text TEXT NOT NULL,
        quoted TEXT,
        raw TEXT,
        UNIQUE (chat, sender, id)
    ) STRICT;
    CREATE INDEX by_time ON messages (chat, at, n);
    CREATE INDEX by_age ON messages (at);
    CREATE INDEX by_sender ON messages (sender);
    CREATE TABLE changes (
        chat TEXT NOT NULL,
        id TEXT NOT NULL,
        by TEXT NOT NULL,
        what TEXT NOT NULL,
        at INTEGER NOT NULL,
        text TEXT NOT NULL,
        PRIMARY KEY (chat, id, by, what)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX changes_by ON changes (by);
    CREATE TABLE identities (lid TEXT PRIMARY KEY, number TEXT NOT NULL) STRICT, WITHOUT ROWID;
    CREATE TABLE names (address TEXT PRIMARY KEY, name TEXT NOT NULL) STRICT, WITHOUT ROWID;
    CREATE TABLE gaps (since INTEGER NOT NULL, until INTEGER, reason TEXT NOT NULL, PRIMARY KEY (since, reason)) STRICT;
    CREATE TABLE kept (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;
    """,
    """
    -- When somebody else wrote in a chat last: known longer than the message itself.
    CREATE TABLE heard (chat TEXT PRIMARY KEY, at INTEGER NOT NULL) STRICT, WITHOUT ROWID;
    INSERT INTO heard SELECT chat, MAX(at) FROM messages WHERE from_me = 0 GROUP BY chat;
    """,
    """
    -- What the owner's phone calls somebody; `names` has what each one calls itself.
    CREATE TABLE given (address TEXT PRIMARY KEY, name TEXT NOT NULL) STRICT, WITHOUT ROWID;
    """,
)
MOST_GAPS = 200
GAPS_KEPT = timedelta(days=400)
"""Longer than messages are: whether they wrote first may be asked about a year."""


class Taken(NamedTuple):
    """What became of a batch: how many messages were new."""

    new: int


class Row(NamedTuple):
    """A message as it is stored, with the number that orders those of one second."""

    n: int
    message: Captured


class Store:
    """captured.db, for any thread. Raises database.LedgerError."""

    def __init__(self, folder: Path, now: datetime) -> None:
        """A file that is damaged is set aside: what is sent does not depend on what was captured."""
        path = folder / FILE
        self.set_aside = False
        try:
            self.database = Database(path, MIGRATIONS)
        except (LedgerFull, LedgerTooNew):
            raise
        except LedgerError as error:
            if not path.exists():
                raise
            log.error("captured messages are set aside", reason=str(error))
            for each in folder.glob(f"{FILE}*"):
                each.rename(each.with_name(f"{each.name}.damaged-{now:%Y%m%dT%H%M%S}"))
            self.database = Database(path, MIGRATIONS)
            self.set_aside = True
        rows = self.database.query("SELECT lid, number FROM identities")
        self._numbers: dict[str, str] = {row["lid"]: row["number"] for row in rows}

    def take(self, seen: Iterable[Seen], position: Position, received: datetime | None) -> Taken:
        """Store what these events tell, and that the journal was read up to here. `received`: when the last came."""
        new = 0
        numbers = dict(self._numbers)
        try:
            with self.database.transaction() as connection:
                for each in seen:
                    new += self._take(connection, each)
                _keep(connection, "file", position.file)
                _keep(connection, "offset", position.offset)
                if new and received is not None:
                    _keep(connection, "captured_at", micros(received))
        except BaseException:
            self._numbers = numbers
            raise
        return Taken(new)

    def learn(self, pairs: Iterable[Pair]) -> None:
        """These are the same persons."""
        self.take([Seen(pairs=tuple(pairs))], self.position(), None)

    def give(self, names: Mapping[str, str]) -> int:
        """These people are called so by the owner, and nobody else is called anything; how many names changed."""
        hidden_first = sorted(names.items(), key=lambda each: not is_hidden(each[0]))
        with self.database.transaction() as connection:
            given = {self.same(address): name for address, name in hidden_first}
            before = {row["address"]: row["name"] for row in connection.execute("SELECT * FROM given")}
            new = [(address, name) for address, name in given.items() if before.get(address) != name]
            gone = [(address,) for address in before.keys() - given.keys()]
            connection.executemany("INSERT OR REPLACE INTO given VALUES (?, ?)", new)
            connection.executemany("DELETE FROM given WHERE address = ?", gone)
        return len(new) + len(gone)

    def position(self) -> Position:
        """Up to where the journal was taken over."""
        return Position(self.kept("file") or 0, self.kept("offset") or 0)

    def kept(self, name: str) -> int | None:
        """A number that was kept under this name."""
        found = self.database.query("SELECT value FROM kept WHERE name = ?", (name,))
        return int(found[0]["value"]) if found else None

    def keep(self, name: str, value: int) -> None:
        """Keep a number under a name."""
        with self.database.transaction() as connection:
            _keep(connection, name, value)

    def same(self, address: str) -> str:
        """What this address is stored under: its phone number's where that is known."""
        return self._numbers.get(address, address)

    def hidden(self, most: int) -> list[str]:
        """So many chats that are known by a hidden number only, others each time."""
        found = self.database.query(
            "SELECT DISTINCT chat FROM messages WHERE chat LIKE '%@lid' ORDER BY random() LIMIT ?", (most,)
        )
        return [str(row["chat"]) for row in found]

    def count(self) -> int:
        """How many messages are kept."""
        return int(self.database.query("SELECT count(*) AS n FROM messages")[0]["n"])

    def oldest(self) -> int | None:
        """The time of the oldest message, in microseconds since 1970."""
        found = self.database.query("SELECT min(at) AS at FROM messages")[0]["at"]
        return None if found is None else int(found)

    def forget_before(self, instant_: datetime) -> int:
        """Drop what is older; how many messages."""
        with self.database.transaction() as connection:
            gone = connection.execute("DELETE FROM messages WHERE at < ?", (micros(instant_),)).rowcount
            connection.execute("DELETE FROM changes WHERE at < ?", (micros(instant_),))
            connection.execute("DELETE FROM gaps WHERE until < ?", (micros(instant_ - GAPS_KEPT),))
        return gone

    def first_from_others(self, chats: Iterable[str], after: datetime) -> datetime | None:
        """When somebody else wrote in one of these chats first after an instant; last, where that message is gone."""
        where = (json.dumps(sorted(chats)), micros(after))
        among = "chat IN (SELECT value FROM json_each(?)) AND at > ?"
        found = self.database.query(f"SELECT MIN(at) AS at FROM messages WHERE {among} AND from_me = 0", where)  # noqa: S608
        if found[0]["at"] is None:
            found = self.database.query(f"SELECT MIN(at) AS at FROM heard WHERE {among}", where)  # noqa: S608
        return None if found[0]["at"] is None else instant(found[0]["at"])

    # Gaps

    def gap(self, reason: str, since: datetime, until: datetime | None) -> None:
        """Something may have been missed in this time; `until` None: it may still be.

        One that is open is not begun anew; one that ended less than a minute before is prolonged.
        """
        with self.database.transaction() as connection:
            near = connection.execute(
                "SELECT since FROM gaps WHERE reason = ? AND (until IS NULL OR until >= ?) ORDER BY since DESC",
                (reason, micros(since - timedelta(minutes=1))),
            ).fetchone()
            end = None if until is None else micros(until)
            if near:
                where = (end, near["since"], reason)
                connection.execute("UPDATE gaps SET until = ? WHERE since = ? AND reason = ?", where)
            else:
                connection.execute(
                    "INSERT INTO gaps (since, until, reason) VALUES (?, ?, ?)", (micros(since), end, reason)
                )
            old = "SELECT since FROM gaps ORDER BY since DESC LIMIT -1 OFFSET ?"
            connection.execute(f"DELETE FROM gaps WHERE since IN ({old})", (MOST_GAPS,))  # noqa: S608

    def end_gaps(self, reasons: Sequence[str], now: datetime) -> None:
        """What was missed for these reasons is missed no more."""
        with self.database.transaction() as connection:
            for reason in reasons:
                connection.execute(
                    "UPDATE gaps SET until = ? WHERE until IS NULL AND reason = ?", (micros(now), reason)
                )

    def gaps(self) -> list[tuple[datetime, datetime | None, str]]:
        """All that are kept, the newest first: since, until, reason."""
        found = self.database.query("SELECT since, until, reason FROM gaps ORDER BY since DESC, reason")
        return [
            (instant(row["since"]), None if row["until"] is None else instant(row["until"]), row["reason"])
            for row in found
        ]

    # One event

    def _take(self, connection: sqlite3.Connection, seen: Seen) -> int:
        for pair in seen.pairs:
            if self._numbers.get(pair.lid) != pair.number:
                self._merge(connection, pair)
        if seen.name is not None:
            address, name = seen.name
            connection.execute("INSERT OR REPLACE INTO names VALUES (?, ?)", (self.same(address), name))
        if seen.phone_at is not None:
            _keep_later(connection, "phone_seen_at", micros(seen.phone_at))
        if seen.change is not None:
            self._change(connection, seen.change)
        return self._put(connection, seen.message) if seen.message is not None else 0

    def _put(self, connection: sqlite3.Connection, message: Captured) -> int:
        chat = self.same(message.chat)
        sender = self.same(message.sender) if message.sender else None
        mine = message.model_copy(update={"chat": chat, "sender": sender})  # both were read as addresses
        key = mine.key
        found = connection.execute("SELECT * FROM messages WHERE chat = ? AND sender = ? AND id = ?", key).fetchone()
        if found is None:
            connection.execute(
                "INSERT INTO messages (chat, sender, id, from_me, at, kind, text, quoted, raw)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (*key, *_columns(mine)),
            )
            if not mine.from_me:
                _heard(connection, chat, micros(mine.at))
            return 1
        merged = captured.merge(_message(found), mine)
        connection.execute(
            "UPDATE messages SET from_me = ?, at = ?, kind = ?, text = ?, quoted = ?, raw = ? WHERE n = ?",
            (*_columns(merged), found["n"]),
        )
        return 0

    def _change(self, connection: sqlite3.Connection, change: Change) -> None:
        by = self.same(change.by) if change.by else ""
        connection.execute(
            "INSERT INTO changes (chat, id, by, what, at, text) VALUES (?, ?, ?, ?, ?, ?)"
            " ON CONFLICT DO UPDATE SET at = excluded.at, text = excluded.text"
            " WHERE (excluded.at, excluded.text) > (at, text)",
            (self.same(change.chat), change.target, by, change.what, micros(change.at), change.text),
        )

    def _merge(self, connection: sqlite3.Connection, pair: Pair) -> None:
        """What is stored under the hidden number becomes the phone number's."""
        if not is_hidden(pair.lid) or is_hidden(pair.number):
            return
        self._numbers[pair.lid] = pair.number
        connection.execute("INSERT OR REPLACE INTO identities VALUES (?, ?)", pair)
        rows = connection.execute(
            "SELECT * FROM messages WHERE chat = ? OR sender = ?", (pair.lid, pair.lid)
        ).fetchall()
        connection.execute("DELETE FROM messages WHERE chat = ? OR sender = ?", (pair.lid, pair.lid))
        for row in rows:
            self._put(connection, _message(row))
        moved = connection.execute("SELECT * FROM changes WHERE chat = ? OR by = ?", (pair.lid, pair.lid)).fetchall()
        connection.execute("DELETE FROM changes WHERE chat = ? OR by = ?", (pair.lid, pair.lid))
        for row in moved:
            change = Change(row["chat"], row["id"], row["by"], row["what"], instant(row["at"]), row["text"])
            self._change(connection, change)
        for row in connection.execute("DELETE FROM heard WHERE chat = ? RETURNING at", (pair.lid,)).fetchall():
            _heard(connection, pair.number, row["at"])
        for table in ("names", "given"):
            where = (pair.number, pair.lid)
            connection.execute(f"UPDATE OR IGNORE {table} SET address = ? WHERE address = ?", where)  # noqa: S608
            connection.execute(f"DELETE FROM {table} WHERE address = ?", (pair.lid,))  # noqa: S608


def _columns(message: Captured) -> tuple[object, ...]:
    raw = None if message.raw is None else json.dumps(message.raw)
    return (message.from_me, micros(message.at), message.kind, message.text, message.quoted, raw)


def _message(row: sqlite3.Row) -> Captured:
    return Captured(
        chat=row["chat"], sender=row["sender"] or None, id=row["id"], from_me=bool(row["from_me"]),
        at=instant(row["at"]), kind=row["kind"], text=row["text"], quoted=row["quoted"],
        raw=None if row["raw"] is None else json.loads(row["raw"]),
    )  # fmt: skip


def _keep(connection: sqlite3.Connection, name: str, value: int) -> None:
    connection.execute("INSERT OR REPLACE INTO kept (name, value) VALUES (?, ?)", (name, value))


def _heard(connection: sqlite3.Connection, chat: str, at: int) -> None:
    connection.execute(
        "INSERT INTO heard (chat, at) VALUES (?, ?) ON CONFLICT DO UPDATE SET at = max(at, excluded.at)", (chat, at)
    )


def _keep_later(connection: sqlite3.Connection, name: str, value: int) -> None:
    connection.execute(
        "INSERT INTO kept (name, value) VALUES (?, ?) ON CONFLICT DO UPDATE SET value = max(value, excluded.value)",
        (name, value),
    )
