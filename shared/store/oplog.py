"""The oplog: every change is one immutable object that says whole records. A PUT that returned is the acknowledgement.

Names are `<writer>-<boot>-<sequence>` and never reused, so writing one again after a lost answer changes nothing.
"""

import threading
import uuid
from collections.abc import Container, Iterable
from datetime import datetime

from pydantic import Field, ValidationError

from shared.clock import SYSTEM, Clock
from shared.model.contact import Contact
from shared.model.message import Message
from shared.model.series import Series
from shared.model.values import Instant, Record
from shared.store import document, keys
from shared.store.bucket import Bucket, Entry, Stored
from shared.store.errors import CutShort, StoreError, Unreadable
from shared.store.projection import first_error, is_sound, is_text

RETRY_SECONDS = (0.5, 2.0)
"""Waits before a write without an answer is repeated; the bucket's own retries come on top."""


VERSION = 2
"""The newest version of an operation that this code understands. The first knew no series, and would have deleted in
the end what it did not know: so only an operation that holds one says that it is of the second."""


class Operation(Record):
    """One immutable change: whole records, each of whose `version` is this operation's name."""

    version: int = Field(default=document.VERSION, ge=1, description="of the document, not of a record")
    name: str = Field(pattern=r"^[a-z0-9]{1,20}-[0-9a-f]{32}-\d{8,}$")
    at: Instant
    messages: tuple[Message, ...] = ()
    contacts: tuple[Contact, ...] = ()
    series: tuple[Series, ...] = ()

    @property
    def records(self) -> tuple[Message | Contact | Series, ...]:
        """Everything it says."""
        return (*self.messages, *self.contacts, *self.series)

    @property
    def key(self) -> str:
        """Where it is kept."""
        return keys.log_object(self.at, self.name)


def print_operation(operation: Operation) -> bytes:
    """The bytes of its object; the same operation always gives the same bytes."""
    return document.print_by_size({"version": operation.version, **operation.as_json()})


def read_operation(data: bytes, key: str) -> Operation:
    """The operation in these bytes. Raises Unreadable, NewerVersion."""
    found = document.parse(data, key)
    if not isinstance(found, dict) or not document.check_version(found, key, newest=VERSION):
        raise Unreadable(f"{key} is no operation: it has no version.")
    try:
        operation = Operation.model_validate(found)
    except ValidationError as error:
        raise Unreadable(f"{key} is no operation: {first_error(error)}.") from None
    if not all(map(is_sound, operation.records)) or not is_text(found):
        raise Unreadable(f"{key} is no operation: it holds a field twice, or half a character.")
    return operation


class Writer:
    """Appends operations under one name. Safe to use from several threads; each process makes its own."""

    def __init__(self, bucket: Bucket, writer: str, boot: str | None = None, clock: Clock = SYSTEM) -> None:
        """`writer`: 1 to 20 lower-case letters and digits, like web. `boot`: a fresh uuid in hex, else drawn."""
        self._bucket = bucket
        self._series = f"{writer}-{boot or uuid.uuid4().hex}"
        self._clock = clock
        self._lock = threading.Lock()
        self._next = 1

    def reserve(self) -> str:
        """A fresh version name, never given out again."""
        with self._lock:
            number, self._next = self._next, self._next + 1
        return f"{self._series}-{number:08d}"

    def append(
        self,
        name: str,
        now: datetime,
        *,
        messages: Iterable[Message] = (),
        contacts: Iterable[Contact] = (),
        series: Iterable[Series] = (),
    ) -> Operation:
        """Write these records as the operation `name` (from `reserve`); when it returns, they are acknowledged.

        Every record's version must be `name` (ValueError). Without an answer it is repeated a few times, which can do
        no harm; raises StoreError, and if that is Unreachable, it may still have been written.
        """
        repeating = tuple(series)
        operation = Operation(
            version=VERSION if repeating else document.VERSION,
            name=name,
            at=now,
            messages=tuple(messages),
            contacts=tuple(contacts),
            series=repeating,
        )
        for record in operation.records:
            if record.version != name:
                raise ValueError(f"{record.id} carries version {record.version!r}, but the operation is {name!r}")
        self._put(operation.key, print_operation(operation))
        return operation

    def _put(self, key: str, data: bytes) -> None:
        never = threading.Event()
        for seconds in RETRY_SECONDS:
            try:
                self._bucket.put(key, data)
            except StoreError as error:
                if error.certain:
                    raise
                self._clock.wait(never, seconds)
            else:
                return
        self._bucket.put(key, data)


class LogReader:
    """Reads operations, each object once. What cannot be read is reported, never raised, and tried again next time.

    For one thread at a time.
    """

    def __init__(self, bucket: Bucket) -> None:
        self._bucket = bucket
        self._operations: dict[str, Operation] = {}
        self.unreadable: dict[str, Unreadable] = {}
        """Of the last read: why each of these keys could not be read."""

    def read(
        self, prefixes: Iterable[str] = (keys.LOG,), *, after: str = "", skip: Container[str] = ()
    ) -> list[Operation]:
        """The operations under these prefixes whose key comes after `after`, sorted by key, without those in `skip`.

        They stay known, also when a later listing is behind, until they are not asked for any more. Raises StoreError
        when the bucket does not answer.
        """
        wanted = tuple(prefixes)
        known = self._operations.items()
        self._operations = {
            key: each for key, each in known if key.startswith(wanted) and key > after and key not in skip
        }
        self.unreadable = {}
        listed = {entry.key: entry for prefix in wanted for entry in self._bucket.list(prefix, after)}
        missing = [key for key in listed if key not in skip and key not in self._operations]
        for key, stored in self._bucket.get_all(missing):  # what is left out was folded and deleted since
            try:
                self._operations[key] = read_listed(listed[key], stored)
            except Unreadable as error:
                self.unreadable[key] = error
        return [self._operations[key] for key in sorted(self._operations)]

    def remember(self, operation: Operation) -> None:
        """An acknowledged operation, known before a listing has it."""
        self._operations[operation.key] = operation


def read_listed(entry: Entry, stored: Stored) -> Operation:
    """The operation in an object of the log. Raises Unreadable (CutShort, NewerVersion)."""
    if len(stored.data) != entry.size:
        raise CutShort(entry.key)
    return read_operation(stored.data, entry.key)
