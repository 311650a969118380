"""A bucket on its bad days: errors before and after the write, cut bodies, late listings, late writes.

`Crash` is the death of the process that was calling: nothing may catch it.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum, auto

from shared.store.bucket import Bucket, Entry, Stored, one_by_one
from shared.store.errors import Unreachable


class Crash(BaseException):
    """The caller's process died here."""


class Fault(Enum):
    """What happens at one call."""

    ERROR_BEFORE = auto()
    ERROR_AFTER = auto()
    CRASH_BEFORE = auto()
    CRASH_AFTER = auto()
    TRUNCATED = auto()
    """A get returns the first half; other calls go well."""
    LATE_WRITE = auto()
    """A put or delete answers with an error and is carried out only after the next LATE_CALLS calls."""


LATE_CALLS = 4


@dataclass
class _Armed:
    fault: Fault
    calls: int
    on: str


class ChaosBucket:
    """A bucket around another one; without faults it changes nothing."""

    def __init__(self, inner: Bucket) -> None:
        self.inner = inner
        self.calls: list[tuple[str, str]] = []
        self._armed: list[_Armed] = []
        self._late: list[tuple[int, str, bytes | None]] = []
        self._holding = False
        self._unlisted: set[str] = set()

    @property
    def server_time_offset(self) -> float | None:
        return self.inner.server_time_offset

    def arm(self, fault: Fault, call: int = 0, *, on: str = "") -> None:
        """Let this happen at the call with this number, counted from the next one (0), of those on keys like `on`…"""
        self._armed.append(_Armed(fault, call, on))

    def disarm(self) -> None:
        """No more faults."""
        self._armed.clear()

    def hold_listings(self) -> None:
        """From now on new objects are not listed, until `catch_up`."""
        self._holding = True

    def catch_up(self) -> None:
        """Listings are complete again, and late writes have arrived."""
        self._holding = False
        self._unlisted.clear()
        self._arrive(everything=True)

    def get(self, key: str) -> Stored:
        fault = self._begin("get", key)
        stored = self.inner.get(key)
        self._end(fault, key)
        if fault is Fault.TRUNCATED:
            return Stored(stored.data[: len(stored.data) // 2], stored.etag)
        return stored

    def get_if_changed(self, key: str, etag: str) -> Stored | None:
        stored = self.get(key)
        return None if stored.etag == etag else stored

    def get_all(self, keys: Iterable[str]) -> Iterator[tuple[str, Stored]]:
        return one_by_one(self.get, keys)

    def put(self, key: str, data: bytes) -> str:
        fault = self._begin("put", key)
        if fault is Fault.LATE_WRITE:
            self._delay(key, data)
        self._note_new(key)
        etag = self.inner.put(key, data)
        self._end(fault, key)
        return etag

    def list(self, prefix: str, after: str = "") -> Iterator[Entry]:
        fault = self._begin("list", prefix)
        entries = [entry for entry in self.inner.list(prefix, after) if entry.key not in self._unlisted]
        self._end(fault, prefix)
        return iter(entries)

    def delete(self, key: str) -> None:
        fault = self._begin("delete", key)
        if fault is Fault.LATE_WRITE:
            self._delay(key, None)
        self.inner.delete(key)
        self._end(fault, key)

    def _begin(self, verb: str, key: str) -> Fault | None:
        fault = self._next_fault(key)
        self.calls.append((verb, key))
        self._arrive()
        if fault is Fault.CRASH_BEFORE:
            raise Crash(f"before {verb} {key}")
        if fault is Fault.ERROR_BEFORE:
            raise Unreachable(f"{verb} {key} failed, as the test wanted it.")
        return fault

    def _next_fault(self, key: str) -> Fault | None:
        concerned = [armed for armed in self._armed if key.startswith(armed.on)]
        due = next((armed for armed in concerned if armed.calls == 0), None)
        for armed in concerned:
            armed.calls -= 1
        self._armed = [armed for armed in self._armed if armed.calls >= 0]
        return due.fault if due else None

    def _end(self, fault: Fault | None, key: str) -> None:
        if fault is Fault.CRASH_AFTER:
            raise Crash(f"after {key}")
        if fault is Fault.ERROR_AFTER:
            raise Unreachable(f"{key}: no answer, as the test wanted it.")

    def _delay(self, key: str, data: bytes | None) -> None:
        self._late.append((len(self.calls) + LATE_CALLS, key, data))
        raise Unreachable(f"{key}: no answer, as the test wanted it; it arrives later.")

    def _arrive(self, *, everything: bool = False) -> None:
        due = [late for late in self._late if everything or late[0] <= len(self.calls)]
        self._late = [late for late in self._late if late not in due]
        for _, key, data in due:
            if data is None:
                self.inner.delete(key)
            else:
                self._note_new(key)
                self.inner.put(key, data)

    def _note_new(self, key: str) -> None:
        if self._holding and all(entry.key != key for entry in self.inner.list(key)):
            self._unlisted.add(key)
