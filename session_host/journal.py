"""The journal: what WhatsApp sends us, on disk before anything else happens with it.

Files `<number>.journal` (mode 0600), each a line that names the format and then frames: the length of the body, its
CRC-32, and the body: when it was received, the event's name, its bytes as they came. Nothing is changed in one; a file
goes when its reader has taken over all of it.

An entry is written when `append` returns, so it survives the end of this process; a thread syncs what was written in
groups, so a power cut costs what came in the last moment (docs/decisions/0040).
"""

import os
import struct
import threading
import zlib
from collections import deque
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import structlog

from session_host.database import instant, micros
from shared.clock import Clock

log = structlog.get_logger(__name__)

HEADER = b"whatsapp-vpslink journal 1\n"
FILE_BYTES = 8_000_000
"""Bytes after which a file ends and another begins."""
MOST_BYTES = 512_000_000
"""Bytes of all files: more is not kept while nobody reads, so that the disk is not filled."""
MOST_BODY = 32_000_000
SYNC_EACH = 0.02
"""Seconds from one sync to the next at least: what comes in between shares one."""

_FRAME = struct.Struct(">II")
_HEAD = struct.Struct(">qB")


class Position(NamedTuple):
    """Where a reader is: everything before it has been taken over."""

    file: int = 0
    offset: int = 0


class Entry(NamedTuple):
    """One event: when it was received (aware UTC), the library's name for it, its bytes."""

    at: datetime
    name: str
    data: bytes


class Batch(NamedTuple):
    """Entries in order, where to go on, and how many files were cut short by damage inside of them."""

    entries: list[Entry]
    position: Position
    damaged: int = 0


class Found(NamedTuple):
    """What an earlier process left. torn: bytes of an entry it was killed in. last: when its last entry came."""

    torn: int
    last: datetime | None


def frame(entry: Entry) -> bytes:
    """An entry as it stands in a file."""
    name = entry.name.encode()
    body = _HEAD.pack(micros(entry.at), len(name)) + name + entry.data
    return _FRAME.pack(len(body), zlib.crc32(body)) + body


def frames(data: bytes, offset: int = 0) -> Iterator[tuple[Entry, int]]:
    """The whole entries from an offset on, each with the offset after it; ends at the first that is not whole."""
    while offset + _FRAME.size <= len(data):
        size, crc = _FRAME.unpack_from(data, offset)
        start, end = offset + _FRAME.size, offset + _FRAME.size + size
        if not _HEAD.size <= size <= MOST_BODY or end > len(data):
            return
        body = data[start:end]
        if zlib.crc32(body) != crc:
            return
        at, length = _HEAD.unpack_from(body)
        named = _HEAD.size + length
        yield Entry(instant(at), body[_HEAD.size : named].decode(errors="replace"), body[named:]), end
        offset = end


class Journal:
    """One folder's journal: any thread appends, one reads, and one of its own syncs. Raises OSError where it cannot be
    opened; later trouble is told by `append` and `trouble`."""

    def __init__(
        self, folder: Path, clock: Clock, *, file_bytes: int = FILE_BYTES, most_bytes: int = MOST_BYTES
    ) -> None:
        """Cuts what an earlier process was killed in, and begins a file of its own with the first entry."""
        self._folder = folder
        self._clock = clock
        self._file_bytes, self._most_bytes = file_bytes, most_bytes
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.chmod(0o700)
        self._lock = threading.Lock()
        self._sizes = {int(path.stem): path.stat().st_size for path in folder.glob("*.journal") if path.stem.isdigit()}
        self.found = self._cut()
        self._number = max(self._sizes, default=0)
        self._fd: int | None = None
        self._unsynced: deque[int] = deque()  # files that have ended and are yet to be synced
        self._written = self._synced = 0
        self._to_sync, self._syncing = threading.Event(), threading.Condition()
        self._closing = False
        self._losses: list[datetime] = []
        self.trouble: str | None = None
        self._syncer: threading.Thread | None = None

    def append(self, name: str, data: bytes) -> bool:
        """Write one event; False where it could not be kept, and `trouble` says why."""
        entry = frame(Entry(self._clock.now(), name, data))
        with self._lock:
            if self._closing:
                return False
            try:
                self._write(entry)
            except OSError as error:
                self._failed(
                    f"What came in could not be kept ({error.strerror or error}): free some space, check the disk."
                )
                return False
            self._written += 1
            if self._syncer is None:
                self._syncer = threading.Thread(target=self._sync_in_groups, name="journal", daemon=True)
                self._syncer.start()
        self._to_sync.set()
        return True

    def skip_to(self, number: int) -> None:
        """A reader has read in a file of this number, which may be gone since: files from now on come after it."""
        with self._lock:
            self._number = max(self._number, number)

    def read(self, position: Position, most: int) -> Batch:
        """Up to so many entries from a position on. Raises OSError."""
        entries: list[Entry] = []
        damaged = 0
        with self._lock:
            sizes = dict(sorted(self._sizes.items()))
        for number, size in sizes.items():
            if number < position.file or len(entries) >= most:
                continue
            offset = position.offset if number == position.file else len(HEADER)
            data = self._bytes(number, offset, size)
            read = 0
            for entry, end in frames(data):
                entries.append(entry)
                read = end
                if len(entries) >= most:
                    break
            else:
                if read < len(data):
                    damaged += 1
                    log.error("journal is damaged", file=number, lost_bytes=len(data) - read)
                    read = len(data)
            position = Position(number, offset + read)
        return Batch(entries, position, damaged)

    def take_loss(self) -> tuple[datetime, datetime] | None:
        """From when to when entries were lost since this was asked last; None where none was."""
        with self._lock:
            losses, self._losses = self._losses, []
        return (losses[0], losses[-1]) if losses else None

    def release(self, position: Position) -> None:
        """Everything before this position has been taken over: the files that end before it go. Raises OSError."""
        with self._lock:
            gone = [number for number in self._sizes if number < position.file]
            for number in gone:
                (self._folder / _name(number)).unlink(missing_ok=True)
                del self._sizes[number]

    def synced(self, seconds: float) -> bool:
        """Wait until all that was appended so far is on the disk; whether it is."""
        with self._syncing:
            upto = self._written
            return self._syncing.wait_for(lambda: self._synced >= upto, seconds)

    def close(self) -> None:
        """Sync what is left and let go of the files; a second close is no error."""
        with self._lock:
            self._closing = True
        self._to_sync.set()
        if self._syncer is not None:
            self._syncer.join(5)
        with self._lock:
            fd, self._fd = self._fd, None
            if fd is not None:
                os.close(fd)

    def _bytes(self, number: int, offset: int, size: int) -> bytes:
        """What is in a file from an offset on, up to what was written whole."""
        with (self._folder / _name(number)).open("rb") as file:
            ours = file.read(len(HEADER)) == HEADER
            file.seek(offset if ours else 0)
            return file.read(max(0, size - offset)) if ours or size > offset else b""

    def _cut(self) -> Found:
        """Only the last file can end inside of an entry: it is cut there."""
        if not self._sizes:
            return Found(0, None)
        number = max(self._sizes)
        path = self._folder / _name(number)
        data = path.read_bytes()
        if not data.startswith(HEADER[: len(data)]):
            return Found(0, None)  # of another version of this program: its reader says what it cannot read
        last, whole = None, len(HEADER) if len(data) >= len(HEADER) else 0
        for entry, end in frames(data, len(HEADER)):
            last, whole = entry.at, end
        if torn := len(data) - whole:
            os.truncate(path, whole)
            self._sizes[number] = whole
            log.warning("journal ended inside of an entry, which was cut", file=number, cut_bytes=torn)
        return Found(torn, last)

    def _write(self, entry: bytes) -> None:
        if len(entry) > MOST_BODY:
            raise OSError(f"an event of {len(entry):,} bytes is larger than any should be")
        if sum(self._sizes.values()) + len(entry) > self._most_bytes:
            raise OSError(f"{self._most_bytes:,} bytes wait to be read already")
        if self._fd is None or self._sizes[self._number] >= self._file_bytes:
            self._fd = self._next_file()
        try:
            _write_all(self._fd, entry)
        except OSError:
            self._end_file()  # it may end inside of this entry: nothing may follow there
            raise
        self._sizes[self._number] += len(entry)

    def _next_file(self) -> int:
        number = self._number + 1
        path = self._folder / _name(number)
        fd = os.open(path, os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_WRONLY | os.O_CLOEXEC, 0o600)
        try:
            _write_all(fd, HEADER)
            _sync_folder(self._folder)
        except OSError:
            os.close(fd)
            path.unlink(missing_ok=True)
            raise
        self._end_file()
        self._number, self._sizes[number] = number, len(HEADER)
        return fd

    def _end_file(self) -> None:
        fd, self._fd = self._fd, None
        if fd is not None:
            os.ftruncate(fd, self._sizes[self._number])
            self._unsynced.append(fd)

    def _sync_in_groups(self) -> None:
        pause = threading.Event()
        while not self._closing:
            self._to_sync.wait()
            self._to_sync.clear()
            self._sync()
            pause.wait(SYNC_EACH)
        self._sync()

    def _sync(self) -> None:
        with self._lock:
            written, ended = self._written, list(self._unsynced)
            self._unsynced.clear()
            current = None if self._fd is None else os.dup(self._fd)
        try:
            for fd in (*ended, *([] if current is None else [current])):
                os.fdatasync(fd)
        except OSError as error:
            with self._lock:
                self._end_file()  # what a sync once failed for is never known to be on the disk
            self._failed(f"What came in may not be on the disk ({error.strerror or error}): check it.")
            return
        finally:
            for fd in (*ended, *([] if current is None else [current])):
                os.close(fd)
        self.trouble = None
        with self._syncing:
            self._synced = written
            self._syncing.notify_all()

    def _failed(self, sentence: str) -> None:
        if self.trouble != sentence:
            log.error("journal", trouble=sentence)
        self.trouble = sentence
        now = self._clock.now()
        self._losses = [self._losses[0] if self._losses else now, now]


def _name(number: int) -> str:
    return f"{number:012d}.journal"


def _write_all(fd: int, data: bytes) -> None:
    if os.write(fd, data) != len(data):
        raise OSError("there is no room left")


def _sync_folder(folder: Path) -> None:
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
