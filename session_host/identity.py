"""Who this host is, kept beside its ledger: an old or empty copy can be told from the one that wrote last."""

import uuid
from typing import NamedTuple

from session_host.database import Database


class Identity(NamedTuple):
    """The host's id, the epoch in which it leads, and its heartbeat's count; (epoch, counter) only grows for one id."""

    id: str
    epoch: int
    counter: int

    @property
    def place(self) -> tuple[int, int]:
        """What grows."""
        return (self.epoch, self.counter)


class IdentityStore:
    """The host table of ledger.db. Raises database.LedgerError."""

    def __init__(self, database: Database, name: str) -> None:
        self._database = database
        self._name = name

    def started(self) -> Identity:
        """Who this ledger says we are; in an empty ledger somebody new."""
        return self.current() or self._write(self._fresh(0))

    def renewed(self) -> Identity:
        """Somebody new, for a ledger that is behind what the bucket says of it."""
        return self._write(self._fresh(0))

    def leads_since(self, epoch: int) -> Identity:
        """We lead from this epoch on."""
        return self._write(self.started()._replace(epoch=epoch))

    def beat(self) -> Identity:
        """The next count, committed before it is shown to anybody."""
        known = self.started()
        return self._write(known._replace(counter=known.counter + 1))

    def current(self) -> Identity | None:
        """What the ledger says, None in an empty one."""
        found = self._database.query("SELECT id, epoch, counter FROM host")
        return Identity(*found[0]) if found else None

    def _fresh(self, epoch: int) -> Identity:
        return Identity(f"{self._name}-{uuid.uuid4().hex[:12]}", epoch, 0)

    def _write(self, identity: Identity) -> Identity:
        with self._database.transaction() as connection:
            sql = "INSERT OR REPLACE INTO host (one, id, epoch, counter) VALUES (1, ?, ?, ?)"
            connection.execute(sql, tuple(identity))
        return identity
