"""The old system's files, in a folder or as they lie in the bucket, and JSON that is never guessed at."""

import hashlib
import json
import math
import re
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from shared.store import keys
from shared.store.bucket import StreamingBucket

SCHEDULED = ("scheduled.json", "scheduled-messages.json")
CONTACTS = ("contacts.json",)
CHATS = ("chats.json",)
JOBS = ("jobs.json",)
NAMES = (*SCHEDULED, *CONTACTS, *CHATS, *JOBS)
"""What the old system wrote, under the names it used at one time or another."""

MOST_BYTES = 100_000_000
"""What a file may have that is read whole; all but chats.json are thousands of times smaller."""

DEEPEST = 100
"""How deep lists and objects may be nested in one record."""

_PIECE = 1 << 18
_COMPRESSED = {b"PK\x03\x04": "a zip", b"\x1f\x8b": "compressed (gzip)", b"7z\xbc\xaf": "a 7z", b"Rar!": "a rar"}
_BOM = b"\xef\xbb\xbf"
_UTF16 = (b"\xff\xfe", b"\xfe\xff")

_PAIR_BYTES = 12
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")
_ESCAPE = re.compile(
    rb"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(?P<half>u[dD][89a-fA-F][0-9a-fA-F]{2})|.|\Z)",
    re.DOTALL,
)

Progress = Callable[[int], None]
"""Told how many more bytes, or things, are done."""


class BadFile(Exception):
    """A file is not what the old system wrote; the message says which, where, and what to do."""


@dataclass(frozen=True)
class OldFile:
    """One file on this machine's disk. in_bucket: a copy of what lies in the bucket, where it is read in place."""

    name: str
    path: Path
    size: int
    in_bucket: bool = False

    @contextmanager
    def opened(self) -> Iterator[BinaryIO]:
        """The file, to be read. Raises BadFile where the disk, or somebody's rights, forbid it."""
        try:
            with self.path.open("rb") as file:
                yield file
        except OSError as error:
            raise BadFile(f"{self.name} cannot be read: {error.strerror}. Check its rights and the disk.") from None

    def pieces(self) -> Iterator[bytes]:
        """All of its bytes. Raises BadFile, as `opened`."""
        with self.opened() as file:
            while piece := file.read(_PIECE):
                yield piece


class Hashed:
    """A file that is read piece by piece, and known by what was read so far. A byte order mark is left out."""

    def __init__(self, file: BinaryIO, progress: Progress) -> None:
        self._file, self._progress = file, progress
        self._digest = hashlib.sha256()
        self.size = 0
        self.newlines = 0
        self.trickles_after: int | None = None
        """From here on it gives out single bytes, so that whoever refuses one is known to refuse this one."""

    @property
    def sha256(self) -> str:
        return self._digest.hexdigest()

    def read(self, most: int = _PIECE) -> bytes:
        """The next piece; empty at the end."""
        if self.trickles_after is not None:
            most = 1 if self.size >= self.trickles_after else min(most, self.trickles_after - self.size)
        first = self.size == 0
        piece = self._file.read(max(most, 4) if first else most)
        self._digest.update(piece)
        self.size += len(piece)
        self.newlines += piece.count(b"\n")
        self._progress(len(piece))
        return piece.removeprefix(_BOM) if first else piece


class WholeCharacters:
    """What is read of a file of JSON, with U+FFFD in place of each half of a surrogate pair, which the parser refuses.

    The old system could write these: JavaScript cuts a text between the halves of an emoji. No byte moves.
    """

    def __init__(self, stream: Hashed) -> None:
        self._stream = stream
        self._rest = b""
        self.replaced = 0

    @property
    def held(self) -> int:
        """Bytes that were read and not given out yet: what may be a half so far."""
        return len(self._rest)

    def read(self, most: int = _PIECE) -> bytes:
        """The next piece; empty at the end."""
        if most == 0:  # ijson asks so whether this gives out bytes
            return b""
        while piece := self._stream.read(most):
            data = self._rest + piece
            end = _end_of_whole(data)
            self._rest = data[end:]
            if ready := data[:end]:
                return self._whole(ready)
        ready, self._rest = self._rest, b""
        return self._whole(ready)

    def _whole(self, data: bytes) -> bytes:
        return _ESCAPE.sub(self._replace, data) if _SURROGATE.search(data) else data

    def _replace(self, escape: re.Match[bytes]) -> bytes:
        if escape["half"] is None:
            return escape[0]
        self.replaced += 1
        return b"\\ufffd"


def _end_of_whole(data: bytes) -> int:
    """Where the last escape begins that may go on beyond this piece; the end where there is none."""
    last = len(data) - _PAIR_BYTES
    if data.find(b"\\", max(0, last + 1)) < 0:
        return len(data)
    return next((escape.start() for escape in _ESCAPE.finditer(data) if escape.start() > last), len(data))


def in_folder(folder: Path) -> list[OldFile]:
    """The old system's files in this folder. Raises BadFile where there is no such folder, or none in it."""
    if not folder.is_dir():
        what = "is a file" if folder.exists() else "is not there"
        raise BadFile(f"{folder} {what}: name the folder that holds the old system's files.")
    found = [OldFile(name, path, path.stat().st_size) for name in NAMES if (path := folder / name).is_file()]
    if not found:
        raise BadFile(f"{folder} holds none of the old system's files: {', '.join(NAMES)}.")
    return found


def in_bucket(bucket: StreamingBucket) -> dict[str, int]:
    """Those of the old system's names that are in the bucket, and their sizes in bytes. Raises StoreError."""
    sizes = {entry.key: entry.size for name in NAMES for entry in bucket.list(name) if entry.key == name}
    return {name: sizes[name] for name in NAMES if name in sizes}


def fetch(bucket: StreamingBucket, name: str, size: int, folder: Path, progress: Progress) -> OldFile:
    """A copy of an object in this folder, to be read at leisure. Raises BadFile where it is not whole; StoreError."""
    path = folder / keys.check(name)
    try:
        with path.open("wb") as file:
            for piece in bucket.stream(name):
                file.write(piece)
                progress(len(piece))
    except OSError as error:
        raise BadFile(f"{name} could not be copied to {folder}: {error.strerror}. Make space on this disk.") from None
    if (got := path.stat().st_size) != size:
        raise BadFile(f"{name} came as {got:,} bytes instead of {size:,}: run this again.")
    return OldFile(name, path, size, in_bucket=True)


def check_space(folder: Path, needed: int) -> None:
    """Raise BadFile where this folder's disk has no room for so many bytes."""
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise BadFile(
            f"Reading it needs {needed / 1e6:,.0f} MB on the disk of {folder}, and {free / 1e6:,.0f} MB are free: make "
            "space, then run this again."
        )


def check_beginning(name: str, head: bytes) -> None:
    """Raise BadFile where the first bytes show that this is no JSON in UTF-8, and what it is instead."""
    for magic, what in _COMPRESSED.items():
        if head.startswith(magic):
            raise BadFile(f"{name} is {what}: unpack it, and name the folder with what was in it.")
    text = head.removeprefix(_BOM)
    if not text.strip():
        raise BadFile(f"{name} is empty: take it out of the folder, or find a good copy.")
    if head.startswith(_UTF16) or (b"\0" in head[:4] and head.strip(b"\0")):
        raise BadFile(f"{name} is UTF-16, not UTF-8: save it again as UTF-8.")
    if not text.strip(b"\0"):
        raise BadFile(f"{name} holds zero bytes instead of text, as after a crash of its disk: find a good copy.")


class Twice(dict[str, Any]):
    """An object in which a key stands twice. pairs: all of them, in order; names: those that do."""

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        super().__init__(pairs)
        self.pairs = pairs
        self.names = sorted(key for key, times in Counter(key for key, _ in pairs).items() if times > 1)


def read_json(file: OldFile, progress: Progress) -> tuple[Any, str]:
    """The JSON value in a file, an object with a key twice as `Twice`, and the file's SHA-256. Raises BadFile."""
    if file.size > MOST_BYTES:
        raise BadFile(f"{file.name} has {file.size / 1e6:,.0f} MB: the old system never wrote so much into it.")
    data = b"".join(file.pieces())
    progress(len(data))
    check_beginning(file.name, data[:64] if data[:64].strip(b" \r\n\t\0") else data)
    text = ""
    try:
        text = data.decode("utf-8-sig")
        found = json.loads(text, object_pairs_hook=_object, parse_constant=_refuse, parse_float=_finite, parse_int=_int)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise BadFile(f"{file.name} is not UTF-8 at line {line}, byte {error.start + 1:,}: find a good copy.") from None
    except json.JSONDecodeError as error:
        what = "ends in the middle" if not text[error.pos :].strip() else "is no JSON"
        raise BadFile(f"{file.name} {what} at line {error.lineno}, column {error.colno}: find a good copy.") from None
    except RecursionError:
        raise BadFile(f"{file.name} is nested too deeply to be one of the old system's files.") from None
    except ValueError as error:
        raise BadFile(f"{file.name} is no JSON: {error}. Find a good copy.") from None
    return found, hashlib.sha256(data).hexdigest()


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    return found if len(found) == len(pairs) else Twice(pairs)


def _refuse(constant: str) -> Any:
    raise ValueError(f"it says {constant}")


def _finite(text: str) -> float:
    if not math.isfinite(number := float(text)):
        raise ValueError("it holds a number that is too large")
    return number


def _int(text: str) -> int:
    if len(text) > 400:
        raise ValueError("it holds a number that is too large")
    return int(text)


def doubled(value: Any) -> str | None:
    """A key that stands twice somewhere in this value; None where there is none."""
    todo = [value]
    while todo:
        each = todo.pop()
        if isinstance(each, Twice):
            return each.names[0][:40]
        if isinstance(each, dict):
            todo.extend(each.values())
        elif isinstance(each, list):
            todo.extend(each)
    return None
