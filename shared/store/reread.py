"""A projection that is read again after each fold: a record whose bytes were read before is not parsed again.

Each fold writes the whole document, though of thousands of records it has changed one or two. The bytes of a record are
the same while nothing in it changes, so they are what it is known by here. Readers then share one object for it, too.
"""

import gzip
from collections.abc import Callable
from dataclasses import replace
from typing import Generic, NamedTuple, TypeVar

from shared.model.versioned import Versioned, merge
from shared.store import document
from shared.store.errors import Unreadable
from shared.store.projection import Document, read_records

R = TypeVar("R", bound=Versioned)


class _Cut(NamedTuple):
    """A document as `Format.print` writes it, cut into its records and what stands before and after them."""

    before: bytes
    records: list[bytes]
    after: bytes


class Rereading(Generic[R]):
    """Reads like `read`, which it asks wherever something is not as usual. Not safe to use from several threads."""

    def __init__(self, name: str, model: type[R], read: Callable[[bytes], Document[R]]) -> None:
        """name: of the list of records in the document."""
        self._name, self._model, self._read = name, model, read
        self._known: dict[bytes, R] = {}
        self._around: tuple[bytes, Document[R]] | None = None

    def __call__(self, data: bytes) -> Document[R]:
        """The document in these bytes. Raises what `read` raises."""
        cut = _cut(data, self._name)
        found = None if cut is None else self._records(cut.records)
        if cut is None or found is None:
            self._known = {}
            return self._read(data)
        self._known = found
        records: dict[str, R] = {}
        for record in found.values():
            twice = records.get(record.id)
            records[record.id] = record if twice is None else merge(twice, record)
        return replace(self._rest(cut), records=records)

    def _records(self, cut: list[bytes]) -> dict[bytes, R] | None:
        """Each by its bytes; None where one of them cannot be read by itself."""
        found: dict[bytes, R] = {}
        for piece in cut:
            known = self._known.get(piece)
            if known is None:
                try:
                    raw = document.parse(piece, self._name)
                except Unreadable:
                    return None
                records, broken = read_records([raw], self._model, careful=b"\\ud" in piece.lower())
                if broken:
                    return None
                (known,) = records.values()
            found[piece] = known
        return found

    def _rest(self, cut: _Cut) -> Document[R]:
        """All but the records; what stands after them is read again only where it changed."""
        head = self._read(cut.before + b"]}")
        if self._around is None or self._around[0] != cut.after:
            self._around = (cut.after, self._read(cut.before + cut.after))
        return replace(self._around[1], folded_at=head.folded_at, log_after=head.log_after, old=head.old)


def _cut(data: bytes, name: str) -> _Cut | None:
    """None for what is damaged, small in another way, by the old system or by hand: a line end is in no JSON text, so
    what is found between them can be nothing else."""
    try:
        text = gzip.decompress(data) if data.startswith(document.GZIP) else data
    except document.DAMAGED:
        return None
    for space, indent in (("", ""), (" ", "    ")):
        begin, between, end = f'"{name}":{space}[\n{indent}', f",\n{indent}{{", f"\n{indent[:2]}]"
        start = text.find(begin.encode()) + len(begin)
        stop = text.find(end.encode(), start - 1)
        if start >= len(begin) and stop > start:
            first, *others = text[start:stop].split(between.encode())
            return _Cut(text[: start - len(indent) - 1], [first, *(b"{" + each for each in others)], text[stop:])
    return None
