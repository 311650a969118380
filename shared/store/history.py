"""History: captured messages as immutable segments, history/2026/11/22/<boot>-<number>.jsonl.gz, one UTC day in each.

A segment is gzip over lines of JSON, each line one `Captured`. Nothing is ever changed in one: the same message may be
in several, and readers merge by its key. `segments` names by content, so what is written twice is there once.
"""

import hashlib
import zlib
from collections.abc import Iterable, Iterator
from datetime import date
from typing import NamedTuple

from pydantic import ValidationError

from shared.model import captured
from shared.model.captured import Captured
from shared.store import document, keys
from shared.store.errors import Unreadable
from shared.store.projection import first_error

SEGMENT_BYTES = 4_000_000
"""Bytes of lines after which a segment ends."""

MOST_BYTES = 256_000_000
"""Bytes of lines that a segment may unpack to: no reader's memory is at the mercy of one object."""


class Segment(NamedTuple):
    """One object: its key, how many messages are in it, and the lines before packing."""

    key: str
    messages: int
    lines: bytes

    @property
    def data(self) -> bytes:
        """What is put under the key."""
        return document.pack_bytes(self.lines)


def segments(day: date, lines: Iterable[bytes]) -> Iterator[Segment]:
    """These lines of one day, in this order, as segments named by what is in them; holds one in memory at a time."""
    held: list[bytes] = []
    size, number = 0, 0
    for line in lines:
        if held and size + len(line) >= SEGMENT_BYTES:
            number += 1
            yield _segment(day, number, held)
            held, size = [], 0
        held.append(line)
        size += len(line) + 1
    if held:
        yield _segment(day, number + 1, held)


def read_segment(data: bytes, key: str) -> list[Captured]:
    """The messages in a segment's bytes. Raises Unreadable with a sentence that names `key`."""
    unpacker = zlib.decompressobj(wbits=31)
    try:
        lines = unpacker.decompress(data, MOST_BYTES)
    except zlib.error as error:
        raise Unreadable(f"{key} is damaged: its compressed data does not unpack ({error}).") from None
    if not unpacker.eof:
        raise Unreadable(f"{key} is damaged: it is cut short, or larger than {MOST_BYTES:,} bytes.")
    try:
        return [captured.read_line(line) for line in lines.splitlines()]
    except ValidationError as error:
        raise Unreadable(f"{key} holds a line that is no captured message: {first_error(error)}.") from None


def _segment(day: date, number: int, held: list[bytes]) -> Segment:
    lines = b"\n".join(held) + b"\n"
    return Segment(keys.history_segment(day, hashlib.sha256(lines).hexdigest()[:32], number), len(held), lines)
