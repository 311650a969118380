"""The bucket: get, put, list and delete whole objects. No write is conditional on what is there, for B2 has none."""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from typing import NamedTuple, Protocol

from shared.store.errors import NotFound


class Stored(NamedTuple):
    """An object's bytes and its entity tag."""

    data: bytes
    etag: str


class Entry(NamedTuple):
    """One line of a listing; size in bytes."""

    key: str
    size: int


def content_tag(data: bytes) -> str:
    """An entity tag that is equal exactly where the bytes are."""
    return hashlib.sha256(data).hexdigest()


def one_by_one(get: Callable[[str], Stored], keys: Iterable[str]) -> Iterator[tuple[str, Stored]]:
    """`get_all` for a store where many at once are no faster."""
    for key in keys:
        with suppress(NotFound):
            yield key, get(key)


class Bucket(Protocol):
    """Where objects live. Keys are relative to the configured prefix, with / between parts: "log/20261122/web-….json".

    Every verb raises shared.store.errors.StoreError (or one of its kinds) and nothing else. What a put returned from is
    durable. Safe to use from several threads.
    """

    def get(self, key: str) -> Stored:
        """The whole object, never a part. Raises NotFound."""

    def get_if_changed(self, key: str, etag: str) -> Stored | None:
        """The object, or None while its tag still is `etag`. Raises NotFound."""

    def get_all(self, keys: Iterable[str]) -> Iterator[tuple[str, Stored]]:
        """Many objects, in any order and as fast as the store allows; those that are not there are left out."""

    def put(self, key: str, data: bytes) -> str:
        """Write the whole object at once and durably, replacing what was there; the new tag."""

    def list(self, prefix: str, after: str = "") -> Iterator[Entry]:
        """All keys that begin with `prefix` and come after `after`, sorted by their UTF-8 bytes.

        It may lag behind a put; then it delays and never invents.
        """

    def delete(self, key: str) -> None:
        """Remove it; removing what is not there is no error."""

    @property
    def server_time_offset(self) -> float | None:
        """Seconds the store's clock is ahead of ours now; None where it has no clock of its own.

        Its last answer's time goes on by the monotonic clock, so that it shows when ours was set meanwhile.
        """


class StreamingBucket(Bucket, Protocol):
    """A bucket that also gives out an object too large for the memory, piece by piece."""

    def stream(self, key: str) -> Iterator[bytes]:
        """The object in pieces of at most a megabyte or so, read while they are asked for. Raises NotFound.

        What fails on the way is raised there; whoever wants all of it compares its length with the listing.
        """
