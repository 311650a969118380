"""scheduled.json as the tick reads it: only what may still be sent, so that a hundred thousand messages fit in little
memory. A large file has one record on each line, which is read and forgotten where it has ended."""

import gzip
from collections.abc import Iterator
from io import BufferedReader, BytesIO
from typing import Any

from shared.model.lifecycle import State
from shared.model.message import Message
from shared.store import document, keys
from shared.store.errors import Unreadable
from shared.store.projection import BEGIN, Scheduled, read_records, read_scheduled

_ENDED = frozenset(state.value for state in State if state.settled)


class _NotInLines(Exception):
    """The file is written otherwise: small, by the old system, or by hand."""


def read_open(data: bytes) -> Scheduled:
    """scheduled.json without the messages that have ended, whose ids are in `ended`. Raises Unreadable, NewerVersion.

    What has ended is not looked at closely: it may be broken, and nobody hears of it here.
    """
    try:
        return _read_lines(data)
    except _NotInLines:
        return read_scheduled(data)


def _read_lines(data: bytes) -> Scheduled:
    """Raises _NotInLines, also where a record is there twice: then both are needed."""
    lines = _unpacked(data)
    head = next(lines, b"").rstrip()
    if not head.endswith(BEGIN.encode()):
        raise _NotInLines
    kept: list[Any] = []
    ended: set[str] = set()
    rest = b""
    more = True
    for line in map(bytes.rstrip, lines):
        if line.startswith(b"]"):
            rest = line
            break
        if not more:
            raise _NotInLines
        more = line.endswith(b",")
        record = _record(line.removesuffix(b","))
        if (id_ := _ended(record)) is None:
            kept.append(record)
        elif id_ in ended:
            raise _NotInLines
        else:
            ended.add(id_)
    if more and (kept or ended):
        raise _NotInLines
    whole = read_scheduled(head + rest + b"".join(lines))
    records, broken = read_records(kept, Message)
    if records.keys() & ended or len(records) + len(broken) < len(kept):
        raise _NotInLines
    return Scheduled(
        records, tuple(broken), whole.rest, whole.folded_at, whole.log_after, whole.old, frozenset(ended),
        whole.series, whole.broken_series,
    )  # fmt: skip


def _unpacked(data: bytes) -> Iterator[bytes]:
    """Line by line, never all of it at once. Raises Unreadable."""
    if not data.startswith(document.GZIP):
        yield from BytesIO(data)
        return
    try:
        with gzip.GzipFile(fileobj=BytesIO(data)) as packed, BufferedReader(packed, 1 << 18) as lines:
            yield from lines
    except document.DAMAGED as error:
        raise Unreadable(document.damaged(keys.SCHEDULED, error)) from None


def _record(line: bytes) -> Any:
    try:
        return document.parse(line, keys.SCHEDULED)
    except Unreadable:
        raise _NotInLines from None  # it is for the whole file to say whether it can be read


def _ended(record: Any) -> str | None:
    """The id of a record that has ended; None for any other, and for what is no such record."""
    if not isinstance(record, dict) or not isinstance(record.get("id"), str):
        return None
    delivery = record.get("delivery")
    state = delivery.get("state") if isinstance(delivery, dict) else None
    return record["id"] if isinstance(state, str) and state in _ENDED else None
