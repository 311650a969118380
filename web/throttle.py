"""How often a password may be tried: five wrong ones from an address in a quarter of an hour, sixty from all together.

An address that has logged in during the last month is not held up by what others do, so nobody can lock the owner out.
"""

import ipaddress
import sqlite3
from datetime import datetime, timedelta

from web.local import LocalState

WINDOW = timedelta(minutes=15)
TRIES = 5
TRIES_OF_ALL = 60
_REMEMBERED = timedelta(days=30)


class LoginThrottle:
    """Counts attempts in the page's database, so all workers count together. Times are aware UTC."""

    def __init__(self, state: LocalState) -> None:
        self._state = state

    def attempt(self, address: str, now: datetime) -> timedelta | None:
        """Take one try before the password is looked at: None, or how long to wait before the next."""
        place, since = network(address), _at(now - WINDOW)
        with self._state.writing() as db:
            db.execute("DELETE FROM attempts WHERE at < ?", (since,))
            own = "SELECT COUNT(*), MIN(at) FROM attempts WHERE address = ?"
            count, first = db.execute(own, (place,)).fetchone()
            if count < TRIES and not self._known(db, place, now):
                everybody, first_of_all = db.execute("SELECT COUNT(*), MIN(at) FROM attempts").fetchone()
                if everybody >= TRIES_OF_ALL:
                    count, first = TRIES, first_of_all
            if count >= TRIES:
                return datetime.fromisoformat(first) + WINDOW - now
            db.execute("INSERT INTO attempts (address, at) VALUES (?, ?)", (place, _at(now)))
        return None

    def succeeded(self, address: str, now: datetime) -> None:
        """The password was right: forget this address's tries, and remember the address."""
        place = network(address)
        with self._state.writing() as db:
            db.execute("DELETE FROM attempts WHERE address = ?", (place,))
            db.execute("DELETE FROM friends WHERE at < ?", (_at(now - _REMEMBERED),))
            db.execute("INSERT OR REPLACE INTO friends (address, at) VALUES (?, ?)", (place, _at(now)))

    @staticmethod
    def _known(db: sqlite3.Connection, place: str, now: datetime) -> bool:
        query = "SELECT 1 FROM friends WHERE address = ? AND at >= ?"
        return bool(db.execute(query, (place, _at(now - _REMEMBERED))).fetchone())


def network(address: str) -> str:
    """Who counts as one: an IPv4 address, or the /64 that one IPv6 customer holds."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return "unknown"
    if parsed.version == 6:
        return str(ipaddress.ip_network((parsed, 64), strict=False))
    return str(parsed)


def _at(moment: datetime) -> str:
    return moment.isoformat(timespec="microseconds")
