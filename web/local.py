"""The page's own small database: sessions, login attempts, used forms, imports, exports and what a change of many
contacts replaced, shared by every worker of the page.

Nothing in it is needed to know what is scheduled: losing it logs the owner out, and nothing done before can be
undone from here.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

_SCHEMA = """
CREATE TABLE IF NOT EXISTS sessions (
    token_hash TEXT PRIMARY KEY, created_at TEXT NOT NULL, seen_at TEXT NOT NULL, notices TEXT NOT NULL DEFAULT '[]'
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS attempts (address TEXT NOT NULL, at TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS attempts_at ON attempts (at);
CREATE TABLE IF NOT EXISTS friends (address TEXT PRIMARY KEY, at TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS forms (
    id TEXT PRIMARY KEY, at TEXT NOT NULL, content TEXT NOT NULL, version TEXT NOT NULL,
    stored INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS changes (
    id TEXT NOT NULL, version TEXT NOT NULL, at TEXT NOT NULL, before BLOB NOT NULL, PRIMARY KEY (id, version)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS uploads (media TEXT PRIMARY KEY, at TEXT NOT NULL, described TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS import_tables (id TEXT PRIMARY KEY, at TEXT NOT NULL, data BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS edits (
    id TEXT NOT NULL, version TEXT NOT NULL, at TEXT NOT NULL, before TEXT NOT NULL, PRIMARY KEY (id, version)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS typed (id TEXT PRIMARY KEY, at TEXT NOT NULL, form TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS apart (people TEXT PRIMARY KEY, at TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS exports (
    key TEXT PRIMARY KEY, done INTEGER NOT NULL, total INTEGER NOT NULL, stage TEXT NOT NULL, beat TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS imports (
    id TEXT PRIMARY KEY, at TEXT NOT NULL, file TEXT NOT NULL, state TEXT NOT NULL, beat TEXT NOT NULL,
    reading BLOB NOT NULL, done INTEGER NOT NULL DEFAULT 0, report TEXT NOT NULL DEFAULT '{}'
);
"""


class LocalState:
    """One SQLite file in the page's data folder; a connection for each use, so any thread and process may use it."""

    def __init__(self, data_dir: Path) -> None:
        """Makes the folder (readable by its owner only) and the tables. Raises OSError, sqlite3.Error."""
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._path = data_dir / "page.sqlite3"
        self._path.touch(mode=0o600)
        with closing(self._connect()) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.executescript(_SCHEMA)

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, timeout=10, isolation_level=None)
        connection.execute("PRAGMA synchronous = NORMAL")
        return connection

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """A connection to read with, or to write one statement."""
        with closing(self._connect()) as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """A transaction that no other writer can come between; rolled back when the block raises."""
        with closing(self._connect()) as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
            except BaseException:
                connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")
