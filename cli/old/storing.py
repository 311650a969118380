"""Writing what was read: originals byte for byte, operations in the log, segments of history. Each may be run again."""

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, datetime
from typing import Generic, NamedTuple, TypeVar

from cli.old.deciding import WRITER, asks_if_late, to_write
from cli.old.source import BadFile, OldFile, Progress
from cli.old.spill import Spill
from shared.clock import Clock
from shared.model.captured import Key
from shared.model.contact import Contact
from shared.model.message import Message
from shared.model.versioned import Versioned
from shared.store import history, keys, rescue
from shared.store.bucket import Bucket
from shared.store.history import Segment
from shared.store.oplog import Writer

R = TypeVar("R", bound=Versioned)

PART_BYTES = 8_000_000
"""A larger file is kept in pieces of this size: no write needs more memory, and an interrupted one goes on."""

BATCH = 200
"""Records in one operation: each reader of the log fetches an object, and holds it whole."""


class Change(NamedTuple, Generic[R]):
    """What is known of a record here, None where nothing is; and what it is to say."""

    known: R | None
    wanted: R


def keep_original(bucket: Bucket, file: OldFile, sha256: str, progress: Progress) -> str:
    """Keep a file under before-import/, byte for byte and read back; where. What is kept there already stays.

    Raises BadFile where the file is no longer the one with this SHA-256; StoreError.
    """
    if _keep(bucket, file, sha256, keys.before_import, progress):
        return keys.before_import(file.name)

    def beside(name: str) -> str:
        return keys.before_import(f"{sha256[:16]}/{name}")

    if not _keep(bucket, file, sha256, beside, progress):
        raise BadFile(f"{beside(file.name)} holds something else: look at it, move it away, and run this again.")
    return beside(file.name)


def _keep(bucket: Bucket, file: OldFile, sha256: str, name: Callable[[str], str], progress: Progress) -> bool:
    """Whether all of it is kept under this name now; False where other bytes are, then nothing of them is touched."""
    whole = file.size <= PART_BYTES
    base = name(file.name)
    there = {entry.key: entry.size for entry in bucket.list(base)}
    there = {key: size for key, size in there.items() if key == base or key.startswith(f"{base}.part-")}
    sizes = [file.size] if whole else [PART_BYTES] * (file.size // PART_BYTES) + [file.size % PART_BYTES]
    wanted = {_part(base, number, whole=whole): size for number, size in enumerate(filter(None, sizes), start=1)}
    if any(wanted.get(key) != size for key, size in there.items()):
        return False
    digest = hashlib.sha256()
    for number, piece in enumerate(_in_parts(file), start=1):
        digest.update(piece)
        if rescue.keep_first(bucket, piece, _part(base, number, whole=whole)) != piece:
            return False
        progress(len(piece))
    if digest.hexdigest() != sha256:
        raise BadFile(f"{file.name} changed while it was read: stop the old system, then run this again.")
    return True


def _part(base: str, number: int, *, whole: bool) -> str:
    return base if whole else keys.part(base, number)


def _in_parts(file: OldFile) -> Iterator[bytes]:
    held = bytearray()
    for piece in file.pieces():
        held += piece
        while len(held) > PART_BYTES:
            yield bytes(held[:PART_BYTES])
            del held[:PART_BYTES]
    yield bytes(held)


def append_messages(bucket: Bucket, changes: Sequence[Change[Message]], clock: Clock) -> Iterator[int]:
    """Write these, several in one operation; after each operation how many were in it. Raises StoreError.

    Whether its time is past is decided once more at the moment it is written: since it was read, minutes may have gone.
    """
    for waiting in _batches(changes):
        now = clock.now()
        batch = [Change(known, asks_if_late(wanted, now)) for known, wanted in waiting]
        writer = Writer(bucket, WRITER, boot=_boot(batch))
        name = writer.reserve()
        writer.append(name, now, messages=[to_write(known, wanted, name) for known, wanted in batch])
        yield len(batch)


def append_contacts(bucket: Bucket, changes: Sequence[Change[Contact]], now: datetime) -> Iterator[int]:
    """As `append_messages`."""
    for batch in _batches(changes):
        writer = Writer(bucket, WRITER, boot=_boot(batch))
        name = writer.reserve()
        writer.append(name, now, contacts=[to_write(known, wanted, name) for known, wanted in batch])
        yield len(batch)


def _batches(changes: Sequence[Change[R]]) -> Iterator[Sequence[Change[R]]]:
    for start in range(0, len(changes), BATCH):
        yield changes[start : start + BATCH]


def _boot(batch: Iterable[Change[R]]) -> str:
    """The same batch always has the same name: one whose answer was lost is not written under another."""
    digest = hashlib.sha256()
    for known, wanted in batch:
        digest.update(f"{known.version if known else None}\n{wanted.model_dump_json(by_alias=True)}\n".encode())
    return digest.hexdigest()[:32]


class Kept(NamedTuple):
    """What became of a day's messages."""

    new: int
    here: int
    segments: int


def store_history(bucket: Bucket, spill: Spill, progress: Progress, *, write: bool) -> Iterator[Kept]:
    """Bring each day's messages that no segment has into segments, day by day; without `write` only count them.

    Raises StoreError.
    """
    listed: dict[str, set[str]] = defaultdict(set)
    for entry in bucket.list(keys.HISTORY):
        listed[entry.key.rpartition("/")[0] + "/"].add(entry.key)
    for day, count in spill.days():
        yield _store_day(bucket, spill, day, count, listed[keys.history_day(day)], write=write)
        progress(count)


def _store_day(bucket: Bucket, spill: Spill, day: date, count: int, there: set[str], *, write: bool) -> Kept:
    if there and {each.key for each in _segments(spill, day, set())} <= there:
        return Kept(0, count, 0)
    known: set[Key] = set()
    for key, stored in bucket.get_all(sorted(there)):
        known.update(each.key for each in history.read_segment(stored.data, key))
    new = segments = 0
    for segment in _segments(spill, day, known):
        if write:
            bucket.put(segment.key, segment.data)
        new, segments = new + segment.messages, segments + 1
    return Kept(new, count - new, segments)


def _segments(spill: Spill, day: date, known: set[Key]) -> Iterator[Segment]:
    return history.segments(day, (line for key, line in spill.lines(day) if key not in known))
