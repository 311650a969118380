"""What readers see: projections and log merged. A page shows its own write at once, also while the host is down."""

import threading
from collections.abc import Container, Iterable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Generic, NamedTuple, TypeVar

from shared.model.contact import Contact
from shared.model.message import Message
from shared.model.series import Series
from shared.model.versioned import Versioned, merge
from shared.store import keys
from shared.store.bucket import Bucket
from shared.store.errors import NewerVersion, NotFound, Unreadable
from shared.store.oplog import LogReader, Operation
from shared.store.projection import (
    ContactBook,
    Document,
    Format,
    Scheduled,
    contact_format,
    read_contacts,
    read_scheduled,
    scheduled_format,
)
from shared.store.reread import Rereading
from shared.store.sparse import read_open

R = TypeVar("R", bound=Versioned)
_Done = tuple[R | None, tuple[R, ...], R]
"""The document's record, the copies of it in operations, and what they are together."""


class Snapshot(NamedTuple):
    """Everything known at one moment. unreadable: what could not be read (a key, a record) → why, in a sentence;
    folded_at: the host's last write."""

    messages: Mapping[str, Message]
    contacts: Mapping[str, Contact]
    unreadable: Mapping[str, str]
    folded_at: datetime | None = None
    series: Mapping[str, Series] = MappingProxyType({})


class Projections:
    """The projections without the log: one conditional GET each, parsed once. Safe to use from several threads."""

    def __init__(self, bucket: Bucket, *, only_open: bool = False) -> None:
        """only_open: leave out the messages that have ended, for one who has little memory and no need of them."""
        read = read_open if only_open else Rereading("messages", Message, read_scheduled)
        self._scheduled = _Latest(bucket, scheduled_format(read), Scheduled())
        self._contacts = _Latest(bucket, contact_format(Rereading("contacts", Contact, read_contacts)), ContactBook())

    def scheduled(self) -> Document[Message]:
        """scheduled.json; empty where there is none yet. Raises Unreadable and other StoreErrors."""
        return self._scheduled.read()

    def contact_book(self) -> Document[Contact]:
        """contacts.json; empty where there is none yet. Raises Unreadable and other StoreErrors."""
        return self._contacts.read()

    def messages(self) -> Mapping[str, Message]:
        """The messages of scheduled.json by id. Raises Unreadable and other StoreErrors."""
        return MappingProxyType(self.scheduled().records)

    def contacts(self) -> Mapping[str, Contact]:
        """The contacts of contacts.json by id. Raises Unreadable and other StoreErrors."""
        return MappingProxyType(self.contact_book().records)

    def about_broken(self, scheduled: Document[Message], contacts: Document[Contact] | None = None) -> list[str]:
        """Which records of these could not be read and why, a sentence for each."""
        of_contacts = self._contacts.form.about_broken(contacts) if contacts else []
        return [*self._scheduled.form.about_broken(scheduled), *of_contacts]

    def readable(self) -> tuple[Document[Message], Document[Contact], dict[str, str]]:
        """Both, or in place of one that is unreadable the newest that was not, and why (key → sentence).
        Raises NewerVersion, for what cannot be understood must not be answered with something older; and StoreErrors.
        """
        problems: dict[str, str] = {}
        return self._scheduled.readable(problems), self._contacts.readable(problems), problems


class View:
    """Projections and log, merged. Safe to use from several threads: they wait for one another's reads."""

    def __init__(self, bucket: Bucket, projections: Projections | None = None) -> None:
        self._projections = projections or Projections(bucket)
        self._log = LogReader(bucket)
        self._messages = _Merged[Message]()
        self._contacts = _Merged[Contact]()
        self._series = _Merged[Series]()
        self._lock = threading.Lock()

    def remember(self, operation: Operation) -> None:
        """Show this acknowledged operation from now on, also while the store's listings do not have it yet."""
        with self._lock:
            self._log.remember(operation)

    def read(self, now: datetime) -> Snapshot:
        """Two conditional GETs, one LIST, and a GET for each operation not seen before.

        The log is read from where the projections say that they may not hold it, so nothing is missing however long
        the host is down. Raises StoreError when the bucket does not answer.
        """
        with self._lock:
            scheduled, contacts, problems = self._projections.readable()
            after = "" if problems else min(scheduled.log_after, keys.recent_log(now))
            operations = {operation.key: operation for operation in self._log.read(after=after)}
            problems |= {key: str(error) for key, error in self._log.unreadable.items()}
            broken = self._projections.about_broken(scheduled, contacts)
            problems |= {f"record {number}": sentence for number, sentence in enumerate(broken, start=1)}
            messages = self._messages.update(
                scheduled.records, {key: each.messages for key, each in operations.items()}, ended=scheduled.ended
            )
            people = self._contacts.update(contacts.records, {key: each.contacts for key, each in operations.items()})
            series = self._series.update(scheduled.series, {key: each.series for key, each in operations.items()})
        return Snapshot(messages, people, MappingProxyType(problems), scheduled.folded_at, series)


class _Latest(Generic[R]):
    """One projection, read again only when its tag changed."""

    def __init__(self, bucket: Bucket, form: Format[R], empty: Document[R]) -> None:
        self.form = form
        self._bucket, self._key, self._read_document, self._empty = bucket, form.key, form.read, empty
        self._etag = ""
        self._problem: Unreadable | None = None
        self._document: Document[R] | None = None
        self._lock = threading.Lock()

    def read(self) -> Document[R]:
        with self._lock:
            self._refresh()
            if self._problem:
                raise self._problem
            return self._document or self._empty

    def readable(self, problems: dict[str, str]) -> Document[R]:
        with self._lock:
            self._refresh()
            if isinstance(self._problem, NewerVersion):
                raise self._problem
            if self._problem:
                problems[self._key] = str(self._problem)
                self._document = self._document or self._previous()
            return self._document or self._empty

    def _refresh(self) -> None:
        try:
            stored = self._bucket.get_if_changed(self._key, self._etag) if self._etag else self._bucket.get(self._key)
        except NotFound:
            self._etag, self._problem, self._document = "", None, None
            return
        if stored is None:
            return
        try:
            self._document = self._read_document(stored.data)
        except Unreadable as error:
            self._etag, self._problem = "", error  # it is looked at again each time
        else:
            self._etag, self._problem = stored.etag, None

    def _previous(self) -> Document[R] | None:
        try:
            return self._read_document(self._bucket.get(keys.previous_snapshot(self._key)).data)
        except (NotFound, Unreadable):
            return None  # the log is all that is left; the projection's own problem is reported


class _Merged(Generic[R]):
    """A document's records and the operations after it as one set; what did not change is not merged again."""

    def __init__(self) -> None:
        self._copies: dict[str, tuple[R, ...]] = {}
        self._done: dict[str, _Done[R]] = {}
        self._base: Mapping[str, R] | None = None
        self._keys: frozenset[str] = frozenset()
        self._records: Mapping[str, R] = MappingProxyType({})

    def update(
        self, base: Mapping[str, R], operations: Mapping[str, Iterable[R]], *, ended: Container[str] = ()
    ) -> Mapping[str, R]:
        if not operations.keys() >= self._keys:
            self._base, self._copies, self._keys = None, {}, frozenset()
        known, self._base = self._base, None  # until all is done
        new, merged = self._collect(operations), self._records
        if base is known:  # then it is one's own change among thousands, or nothing
            fresh = {id_: self._merge(id_, base.get(id_), self._copies[id_]) for id_ in new if id_ not in ended}
            self._done |= fresh
            if fresh:
                merged = {**merged, **_records(fresh)}
        else:
            self._done = {
                id_: done
                if (done := self._done.get(id_)) and done[1] is copies and done[0] is base.get(id_)
                else self._merge(id_, base.get(id_), copies)
                for id_, copies in self._copies.items()
                if id_ not in ended
            }
            merged = {**base, **_records(self._done)}
        self._base = base
        if merged is not self._records:
            self._records = MappingProxyType(merged)
        return self._records

    def _collect(self, operations: Mapping[str, Iterable[R]]) -> set[str]:
        """Take over the copies of operations that are new; whose they are."""
        new = set()
        for key in sorted(operations.keys() - self._keys):
            for record in operations[key]:
                self._copies[record.id] = (*self._copies.get(record.id, ()), record)
                new.add(record.id)
        self._keys = frozenset(operations)
        return new

    def _merge(self, id_: str, base: R | None, copies: tuple[R, ...]) -> _Done[R]:
        done = self._done.get(id_)
        if done and done[:2] == (base, copies):
            return done
        first, *others = copies if base is None else (base, *copies)
        for other in others:
            first = merge(first, other)
        return base, copies, first


def _records(done: Mapping[str, _Done[R]]) -> dict[str, R]:
    return {id_: record for id_, (_, _, record) in done.items()}
