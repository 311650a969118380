"""One projection as its only writer keeps it: in memory, compared with the bucket before each write.

Nothing unreadable is overwritten before it was copied aside and read back, and nothing of a newer version at all.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from types import MappingProxyType
from typing import Generic, TypeVar

from shared.model.series import Series
from shared.model.versioned import Versioned, merge
from shared.store import keys, rescue
from shared.store.bucket import Bucket, Stored, content_tag
from shared.store.errors import NewerVersion, NotFound, Unreadable
from shared.store.problem import Problem, Weight
from shared.store.projection import Document, Format

R = TypeVar("R", bound=Versioned)


class Kept(Generic[R]):
    """A projection's records, and its series. They only grow: every copy ever seen is merged in.

    For one thread at a time.
    """

    def __init__(self, bucket: Bucket, form: Format[R]) -> None:
        self._bucket, self.form = bucket, form
        self.records: dict[str, R] = {}
        self.series: dict[str, Series] = {}
        self._looked = False
        self._document: Document[R] = Document()  # as last read or written
        self._stored: Stored | None = None  # its bytes; None while the bucket holds nothing good
        self._in_doubt = False  # the last write had no answer
        self._ours: deque[str] = deque(maxlen=100)  # tags of what was last read or written, which may come late
        self._aside: bytes | None = None  # what is unreadable in the bucket now, and was copied aside
        self._gone = False  # the bucket should hold it, and does not

    @property
    def changed(self) -> bool:
        """Whether there is something to write."""
        known = self._document
        return self._gone or self._aside is not None or (self.records, self.series) != (known.records, known.series)

    def as_read(self) -> Mapping[str, R]:
        """The records at this moment."""
        return MappingProxyType(dict(self.records))

    def absorb(self, records: Iterable[R], series: Iterable[Series] = ()) -> None:
        """Merge these in."""
        _merge_in(self.records, records)
        _merge_in(self.series, series)

    def refresh(self, now: datetime) -> list[Problem]:
        """Merge in what the bucket holds, where it is not what we wrote; what happened.

        What is unreadable is set aside and rebuilt. Raises NewerVersion and other StoreErrors.
        """
        try:
            found = self._look()
        except NotFound:
            problems = self._rebuild_missing()
        else:
            problems = self._take(found, now) if found else []
        self._looked = True
        return problems

    def about_broken(self) -> list[Problem]:
        """What is kept though it could not be read, one for each record."""
        return [Problem(sentence, Weight.LASTS) for sentence in self.form.about_broken(self._document)]

    def save(self, now: datetime, log_after: str) -> bool:
        """Write what changed, and before it the snapshot of what was there; whether anything was written.

        `log_after`: the records hold every operation up to this name in the log.
        Raises StoreError; if it is not certain, the next refresh looks at what is there now.
        """
        if not self.changed:
            return False
        if self._stored is not None:
            self._bucket.put(keys.previous_snapshot(self.form.key), self._stored.data)
            if self._document.old:
                rescue.keep_first(self._bucket, self._stored.data, keys.before_import(self.form.key))
        data = self.form.print(self._document, self.records, now, log_after, self.series)
        self._ours.append(content_tag(data))
        self._in_doubt = True
        etag = self._bucket.put(self.form.key, data)
        written = replace(self._kept_as_found(self._document), records=dict(self.records), series=dict(self.series))
        self._settle(written, Stored(data, etag))
        return True

    def _settle(self, document: Document[R], stored: Stored) -> None:
        self._document, self._stored = document, stored
        self._ours.append(content_tag(stored.data))
        self._in_doubt, self._aside, self._gone = False, None, False

    def _look(self) -> Stored | None:
        """What the bucket holds now; None if it is what we last saw or wrote. Raises NotFound and other StoreErrors."""
        if self._stored is None or self._in_doubt:
            return self._bucket.get(self.form.key)
        return self._bucket.get_if_changed(self.form.key, self._stored.etag)

    def _take(self, found: Stored, now: datetime) -> list[Problem]:
        try:
            document = self.form.read(found.data)
        except NewerVersion:
            raise
        except Unreadable as error:
            return self._rebuild_unreadable(found, error, now)
        ours = not self._looked or content_tag(found.data) in self._ours
        removed = [] if ours else [*_lacking(document, self._document)]
        edited = _merge_found(self.records, document.records, found.data)
        edited += _merge_found(self.series, document.series, found.data)
        self._settle(document, found)
        return self._about_edits(edited, removed, ours)

    def _rebuild_unreadable(self, found: Stored, error: Unreadable, now: datetime) -> list[Problem]:
        if found.data == self._aside:
            return []  # copied and reported already; it stays until the next save
        aside, data = rescue.copy_aside(self._bucket, self.form.key, self.form.read, now)
        source = self._rebuild()
        self._stored, self._in_doubt, self._aside = None, False, data
        return [Problem(f"{error} It was copied to {aside} and rebuilt from {source or 'nothing else'} and the log.")]

    def _rebuild_missing(self) -> list[Problem]:
        self._in_doubt = False
        if self._looked and self._stored is None:
            return []  # it was never there, or this was reported already
        source = self._rebuild()
        if source is None:
            return []  # the very first fold
        self._stored, self._gone = None, True
        return [Problem(f"{self.form.key} was gone. It was rebuilt from {source} and the log.", Weight.GRAVE)]

    def _rebuild(self) -> str | None:
        """Merge in what is known of an earlier projection; in words where that was found."""
        if self._stored is not None:
            return "memory"
        found = rescue.newest_snapshot(self._bucket, self.form)
        if found is None:
            return None
        key, snapshot = found
        self.absorb(snapshot.records.values(), snapshot.series.values())
        self._document = self._kept_as_found(snapshot)
        return key

    @staticmethod
    def _kept_as_found(document: Document[R]) -> Document[R]:
        """What of a document is written again as it is."""
        return Document(broken=document.broken, rest=document.rest, broken_series=document.broken_series)

    def _about_edits(self, edited: list[str], removed: list[str], ours: bool) -> list[Problem]:
        key, sentences = self.form.key, []
        if edited:
            sentences.append(f"{key} was edited by hand: what was changed in {_some(edited)} is taken over.")
        if removed:
            sentences.append(f"{key} lacked {_some(removed)}: put back. Cancel or delete on the page instead.")
        if not (edited or removed or ours):
            sentences.append(f"{key} was written by somebody else: what it holds was merged in.")
        return [Problem(sentence) for sentence in sentences]


def _merge_in(records: dict[str, R], new: Iterable[R]) -> None:
    for record in new:
        known = records.get(record.id)
        records[record.id] = record if known is None else merge(known, record)


def _lacking(found: Document[R], known: Document[R]) -> Iterator[str]:
    """The ids of what is known and not there any more."""
    yield from (id_ for id_ in known.records if id_ not in found.records)
    yield from (id_ for id_ in known.series if id_ not in found.series)


def _merge_found(records: dict[str, R], found: Mapping[str, R], data: bytes) -> list[str]:
    """Merge in what a document holds; the ids of records that were edited by hand: same version, other content."""
    edited = []
    for record in found.values():
        known = records.get(record.id)
        if known is None or known == record:
            records[record.id] = record
        elif known.version == record.version and known.head() != record.head():
            edited.append(record.id)
            records[record.id] = merge(known, _as_edit(known, record, data))
        else:
            records[record.id] = merge(known, record)
    return edited


def _as_edit(known: R, found: R, data: bytes) -> R:
    """A record that was edited by hand, as the edit its editor meant: made from the version it says it is."""
    return found.evolve(
        revision=1 + max(known.revision, found.revision),
        version=f"byhand-{content_tag(data)[:32]}-00000001",
        replaces=tuple(sorted({*known.replaces, *found.replaces, known.version})),
        conflicts=known.conflicts,
    )


def _some(ids: list[str]) -> str:
    return ", ".join(ids[:5]) + (f" and {len(ids) - 5} more" if len(ids) > 5 else "")
