"""A bucket in this process's memory: for tests, and as the shortest description of what a bucket does."""

import threading
from collections.abc import Iterable, Iterator

from shared.store import keys
from shared.store.bucket import Entry, Stored, content_tag, one_by_one
from shared.store.errors import NotFound


class MemoryBucket:
    """Objects in a dict; gone with the process."""

    server_time_offset: float | None = None

    def __init__(self) -> None:
        self._objects: dict[str, bytes] = {}
        self._lock = threading.Lock()

    def get(self, key: str) -> Stored:
        with self._lock:
            data = self._objects.get(keys.check(key))
        if data is None:
            raise NotFound(key)
        return Stored(data, content_tag(data))

    def stream(self, key: str) -> Iterator[bytes]:
        yield self.get(key).data

    def get_if_changed(self, key: str, etag: str) -> Stored | None:
        stored = self.get(key)
        return None if stored.etag == etag else stored

    def get_all(self, keys: Iterable[str]) -> Iterator[tuple[str, Stored]]:
        return one_by_one(self.get, keys)

    def put(self, key: str, data: bytes) -> str:
        with self._lock:
            self._objects[keys.check(key)] = bytes(data)
        return content_tag(data)

    def list(self, prefix: str, after: str = "") -> Iterator[Entry]:
        keys.check_prefix(prefix)
        with self._lock:
            found = [Entry(key, len(data)) for key, data in self._objects.items() if key.startswith(prefix)]
        return iter(sorted(entry for entry in found if entry.key > after))

    def delete(self, key: str) -> None:
        with self._lock:
            self._objects.pop(keys.check(key), None)
