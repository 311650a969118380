"""One SQLite file that survives kill -9 and a full disk: each change is one transaction, synced before it counts."""

import os
import sqlite3
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class LedgerError(Exception):
    """The ledger could not be read or written; the message says what happened and what to do."""


class LedgerFull(LedgerError):
    """There is no room left for the ledger. Nothing of the change was written, and nothing before it is lost."""


class LedgerTooNew(LedgerError):
    """The ledger was written by a newer version of this program."""


def micros(instant: datetime) -> int:
    """An aware instant as whole microseconds since 1970, which SQLite compares exactly."""
    return (instant - _EPOCH) // timedelta(microseconds=1)


def instant(micros: int) -> datetime:
    """The aware UTC instant of that many microseconds since 1970."""
    return _EPOCH + timedelta(microseconds=micros)


class Turns:
    """A lock that is had in the order in which it was asked for, so who takes it again and again keeps nobody out."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._held = False
        self._waiting: deque[threading.Lock] = deque()

    def __enter__(self) -> None:
        with self._lock:
            if not self._held:
                self._held = True
                return
            turn = threading.Lock()
            turn.acquire()
            self._waiting.append(turn)
        turn.acquire()

    def __exit__(self, *_: object) -> None:
        with self._lock:
            if self._waiting:
                self._waiting.popleft().release()  # it is held for the next already
            else:
                self._held = False


class Database:
    """A connection that any thread may use, one transaction at a time.

    `path` is created with mode 0600. `migrations` are SQL scripts; `PRAGMA user_version` counts those that were run.
    Raises LedgerFull, LedgerTooNew, LedgerError.
    """

    def __init__(self, path: Path, migrations: Sequence[str]) -> None:
        self.path = path
        self._lock = Turns()
        self._synced = True
        try:
            os.close(os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600))
            path.chmod(0o600)
            self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        except (OSError, sqlite3.Error) as error:
            raise LedgerError(f"{path} cannot be opened: {error}. Check the folder's owner and its disk.") from None
        self._connection.row_factory = sqlite3.Row
        with self._translated():
            for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=5000"):
                self._connection.execute(f"PRAGMA {pragma}").fetchall()
            self._migrate(migrations)

    def _migrate(self, migrations: Sequence[str]) -> None:
        done = int(self._connection.execute("PRAGMA user_version").fetchone()[0])
        if done > len(migrations):
            raise LedgerTooNew(
                f"{self.path} was written by a newer version: update this program, or use another data folder."
            )
        for number, script in enumerate(migrations[done:], start=done + 1):
            self._connection.executescript(f"BEGIN IMMEDIATE;\n{script};\nPRAGMA user_version = {number};\nCOMMIT;")

    @contextmanager
    def transaction(self, *, synced: bool = True) -> Iterator[sqlite3.Connection]:
        """One change: committed when the block ends, undone as a whole when it raises. Not nested.

        Not `synced`, it survives kill -9, and a power cut only once a later change was synced.
        """
        with self._lock, self._translated():
            if synced is not self._synced:
                self._connection.execute(f"PRAGMA synchronous = {'FULL' if synced else 'NORMAL'}")
                self._synced = synced
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise

    def query(self, sql: str, parameters: Sequence[object] = ()) -> list[sqlite3.Row]:
        """All rows of one SELECT, as they stand between two transactions."""
        with self._lock, self._translated():
            return self._connection.execute(sql, parameters).fetchall()

    def limit_pages(self, pages: int) -> None:
        """Let the file grow to this many pages only: for tests of a full disk, and for a quota."""
        with self._lock:
            self._connection.execute(f"PRAGMA max_page_count = {int(pages)}").fetchall()

    def close(self) -> None:
        """Close the file; a second close is no error."""
        with self._lock:
            self._connection.close()

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode == sqlite3.SQLITE_FULL:
                raise LedgerFull(
                    f"There is no room left for {self.path}: free some space on this disk; nothing was lost."
                ) from None
            raise LedgerError(f"The ledger {self.path} could not be used: {error}.") from error
        except sqlite3.DatabaseError as error:
            raise LedgerError(f"The ledger {self.path} is damaged or no ledger: {error}. Restore a backup.") from error
