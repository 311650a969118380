"""Who this host is, kept beside its ledger: an old or empty copy can be told from the one that wrote last."""

import uuid
from typing import NamedTuple

from session_host.database import Database


class Identity(NamedTuple):
    """The host's id, the epoch in which it leads, and its heartbeat's count; (epoch, counter) only grows for one id.

    sure: it has held its place in the pulse beyond doubt since it took it, and has not left it.
    """

    id: str
    epoch: int
    counter: int
    sure: bool = False

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

    def takes_place(self, epoch: int) -> Identity:
        """We take or leave the place in the pulse in this epoch, and are not sure of it."""
        return self._write(self.started()._replace(epoch=epoch, sure=False))

    def is_sure(self) -> Identity:
        """Nobody else can think that the place is theirs."""
        return self._write(self.started()._replace(sure=True))

    def beat(self) -> Identity:
        """The next count, committed before it is shown to anybody."""
        known = self.started()
        return self._write(known._replace(counter=known.counter + 1))

    def current(self) -> Identity | None:
        """What the ledger says, None in an empty one."""
        found = self._database.query("SELECT id, epoch, counter, sure FROM host")
        if not found:
            return None
        row = found[0]
        return Identity(row["id"], row["epoch"], row["counter"], bool(row["sure"]))

    def _fresh(self, epoch: int) -> Identity:
        return Identity(f"{self._name}-{uuid.uuid4().hex[:12]}", epoch, 0)

    def _write(self, identity: Identity) -> Identity:
        with self._database.transaction() as connection:
            sql = "INSERT OR REPLACE INTO host (one, id, epoch, counter, sure) VALUES (1, ?, ?, ?, ?)"
            connection.execute(sql, tuple(identity))
        return identity
