"""What has reached this device and cannot be read: named until it comes again in a readable form, or is given up.

After the link was restored from an older copy it has lost the keys of its conversations. Each sender's phone is asked
to send again; what nobody sends again can be read on the owner's phone only.
"""

import json
import threading
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import NamedTuple

from session_host.database import Database, instant, micros
from session_host.link import Arrival

KEPT = timedelta(days=30)
MOST = 1000
NAMED = 20


class Unread(NamedTuple):
    """One of them: the end of the chat's address, as a person may be shown it, and WhatsApp's time (aware UTC)."""

    chat: str
    at: datetime


class Unreadable(NamedTuple):
    """total: how many there are. since: the time of the oldest, None where there is none. newest: the last twenty."""

    total: int = 0
    since: datetime | None = None
    newest: tuple[Unread, ...] = ()


class Undecryptable:
    """A table of ledger.db, for any thread. Raises database.LedgerError."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = threading.Lock()
        self._ids = {str(row["id"]) for row in database.query("SELECT id FROM undecryptable")}

    def arrived(self, arrival: Arrival, now: datetime) -> bool:
        """A message has arrived; whether that changed anything. Costs nothing where all can be read."""
        with self._lock:
            if arrival.readable is not (arrival.message_id in self._ids):
                return False  # readable and never missed, or missed and noted already
            with self._database.transaction(synced=False) as connection:
                if arrival.readable:
                    connection.execute("DELETE FROM undecryptable WHERE id = ?", (arrival.message_id,))
                else:
                    connection.execute(
                        "INSERT OR IGNORE INTO undecryptable (id, chat, at) VALUES (?, ?, ?)",
                        (arrival.message_id, arrival.chat, micros(arrival.at)),
                    )
                    old = "SELECT id FROM undecryptable ORDER BY at DESC, id LIMIT -1 OFFSET ?"
                    connection.execute(
                        f"DELETE FROM undecryptable WHERE at < ? OR id IN ({old})",  # noqa: S608
                        (micros(now - KEPT), MOST),
                    )
            self._ids = {str(row["id"]) for row in self._database.query("SELECT id FROM undecryptable")}
            return True

    def first_in(self, chats: Iterable[str], after: datetime) -> datetime | None:
        """When the first came in one of these chats after an instant that cannot be read (WhatsApp's time)."""
        found = self._database.query(
            "SELECT MIN(at) AS at FROM undecryptable WHERE chat IN (SELECT value FROM json_each(?)) AND at > ?",
            (json.dumps(sorted(chats)), micros(after)),
        )
        return None if found[0]["at"] is None else instant(found[0]["at"])

    def facts(self, now: datetime) -> Unreadable:
        """How many there are, since when, and the newest of them."""
        found = self._database.query(
            "SELECT chat, at FROM undecryptable WHERE at >= ? ORDER BY at DESC, id", (micros(now - KEPT),)
        )
        if not found:
            return Unreadable()
        newest = tuple(Unread(masked(row["chat"]), instant(row["at"])) for row in found[:NAMED])
        return Unreadable(len(found), instant(found[-1]["at"]), newest)


def masked(chat: str) -> str:
    """The end of a chat's address.

    >>> masked("123456789012345@lid")
    '…2345'
    """
    return f"…{chat.partition('@')[0][-4:]}"
