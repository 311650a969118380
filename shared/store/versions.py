"""Records that are few, and written by people only, so each edit is an immutable object and no fold is needed.

Every reader merges all versions of a record, as with any record here: two edits at once are two heads, and none is
lost. A version that a stored edit was made from says nothing any more, and is deleted by whoever wrote that edit.
"""

import threading
from collections.abc import Mapping
from contextlib import suppress
from types import MappingProxyType
from typing import Generic, NamedTuple, TypeVar

from pydantic import ValidationError

from shared.model.versioned import Versioned, merge_all
from shared.store import document, keys
from shared.store.bucket import Bucket
from shared.store.errors import StoreError, Unreadable
from shared.store.projection import first_error, is_sound, is_text

R = TypeVar("R", bound=Versioned)


class Found(NamedTuple, Generic[R]):
    """The records by id, deleted ones too; and why which object could not be read, a sentence for each key."""

    records: Mapping[str, R]
    unreadable: Mapping[str, str]


class Versions(Generic[R]):
    """The bucket's records of one kind. Safe to use from several threads."""

    def __init__(self, bucket: Bucket, kind: type[R], folder: str, word: str) -> None:
        """`word`: what one record is called, in the objects and to people."""
        self._bucket, self._kind, self._folder, self._word = bucket, kind, folder, word
        self._known: dict[str, R] = {}
        self._lock = threading.Lock()

    def read(self) -> Found[R]:
        """One LIST, and a GET for each version not seen before. Raises StoreError."""
        with self._lock:
            listed = [entry.key for entry in self._bucket.list(self._folder)]
            unreadable: dict[str, str] = {}
            for key, stored in self._bucket.get_all([key for key in listed if key not in self._known]):
                try:
                    self._known[key] = self._read(stored.data, key)
                except Unreadable as error:
                    unreadable[key] = str(error)
            merged = merge_all(self._known[key] for key in sorted(self._known))
        return Found(MappingProxyType(merged), MappingProxyType(unreadable))

    def write(self, record: R) -> None:
        """Store this version; when it returns, it is acknowledged. Raises StoreError."""
        key = keys.record_version(self._folder, record.id, record.version)
        self._bucket.put(key, document.print_by_size({"version": document.VERSION, self._word: record.as_json()}))
        with self._lock:
            self._known[key] = record
            old = [keys.record_version(self._folder, record.id, version) for version in record.replaces]
            for each in filter(self._known.__contains__, old):
                with suppress(StoreError):  # it stays then, and says nothing
                    self._bucket.delete(each)
                    del self._known[each]

    def _read(self, data: bytes, key: str) -> R:
        found = document.parse(data, key)
        if not isinstance(found, dict) or not document.check_version(found, key):
            raise Unreadable(f"{key} is no {self._word}: it has no version.")
        try:
            record = self._kind.model_validate(found.get(self._word))
        except ValidationError as error:
            raise Unreadable(f"{key} is no {self._word}: {first_error(error)}.") from None
        if not is_sound(record) or not is_text(found):
            raise Unreadable(f"{key} is no {self._word}: it holds a field twice, or half a character.")
        return record
