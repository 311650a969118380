"""Captured messages put in order on disk: by day, each once, however many there are and however little memory."""

import sqlite3
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Self

from cli.old.chats import Chat
from cli.old.source import BadFile
from shared.model import captured
from shared.model.captured import Captured
from shared.store import document

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_PACKED_FROM = 500
_SCHEMA = """
    CREATE TABLE lines (day INTEGER, at INTEGER, chat TEXT, sender TEXT, id TEXT, line BLOB);
    CREATE UNIQUE INDEX known ON lines (chat, sender, id);
    CREATE TABLE chats (id TEXT PRIMARY KEY, name TEXT) WITHOUT ROWID;
"""


class Spill:
    """A scratch file, gone at the end: a context manager."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "captured.db"
        self._db = sqlite3.connect(self._path, isolation_level=None)
        self._db.executescript(f"PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA cache_size=-16000; {_SCHEMA}")
        self._db.execute("BEGIN")
        self.duplicates = 0

    @contextmanager
    def _changing(self) -> Iterator[None]:
        """Turns what SQLite raises into a BadFile with a sentence."""
        try:
            yield
        except sqlite3.Error as error:
            raise BadFile(
                f"What was read cannot be sorted in {self._path.parent} ({error}): make space there."
            ) from None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._db.close()
        self._path.unlink(missing_ok=True)

    def add(self, found: Captured | Chat) -> None:
        """Take this in; of a message that is there already, the copy that says more stays. Raises BadFile: no space."""
        with self._changing():
            if isinstance(found, Chat):
                self._db.execute("INSERT OR REPLACE INTO chats VALUES (?, ?)", found)
            else:
                self._add(found)

    def _add(self, found: Captured) -> None:
        row = (found.at - _EPOCH) // timedelta(days=1), (found.at - _EPOCH) // _MICROSECOND, *found.key
        line = _packed(found.line())
        if self._db.execute("INSERT OR IGNORE INTO lines VALUES (?, ?, ?, ?, ?, ?)", (*row, line)).rowcount:
            return
        self.duplicates += 1
        query = "SELECT line FROM lines WHERE chat = ? AND sender = ? AND id = ?"
        (known,) = self._db.execute(query, found.key).fetchone()
        if captured.merge(captured.read_line(_unpacked(known)), found) == found:
            change = "UPDATE lines SET day = ?, at = ?, line = ? WHERE chat = ? AND sender = ? AND id = ?"
            self._db.execute(change, (*row[:2], line, *found.key))

    def sort(self) -> None:
        """Make ready for `days` and `lines`. Raises BadFile: no space."""
        with self._changing():
            self._db.execute("CREATE INDEX ordered ON lines (day, at, chat, sender, id)")
            self._db.execute("COMMIT")

    def days(self) -> list[tuple[date, int]]:
        """Each UTC day with how many messages it has."""
        found = self._db.execute("SELECT day, count(*) FROM lines GROUP BY day ORDER BY day")
        return [((_EPOCH + timedelta(days=day)).date(), count) for day, count in found]

    def lines(self, day: date) -> Iterator[tuple[captured.Key, bytes]]:
        """The messages of a day, in an order that only they decide, with the names of their chats."""
        number = (datetime(day.year, day.month, day.day, tzinfo=UTC) - _EPOCH).days
        query = """SELECT chat, sender, lines.id, line, name FROM lines LEFT JOIN chats ON chats.id = chat
                   WHERE day = ? ORDER BY at, chat, sender, lines.id"""
        for chat, sender, ident, line, name in self._db.execute(query, (number,)):
            data = _unpacked(line)
            if name:
                data = data[:-1] + f',"chatName":{document.small(name)}}}'.encode()
            yield captured.Key(chat, sender, ident), data


def _packed(line: bytes) -> bytes:
    """Small where that saves something: what media bring along is mostly numbers in words."""
    return line if len(line) < _PACKED_FROM else zlib.compress(line, 1)


def _unpacked(line: bytes) -> bytes:
    return line if line.startswith(b"{") else zlib.decompress(line)
