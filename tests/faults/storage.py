"""One bucket as each party meets it: errors before and after the write, writes that land late, cut bodies, late
listings, slow answers; and the storage's own clock, which is right."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Protocol

from shared.store.bucket import Entry, Stored, one_by_one
from shared.store.errors import Unreachable
from shared.store.memory import MemoryBucket
from tests.faults.world import PartyClock, World

LATEST_LISTING = 300.0
LATEST_WRITE = 20.0


class Life(Protocol):
    """The process that calls: it may be killed before a call, after it, and while it waits."""

    def pass_by(self, where: str) -> None:
        """Raises Crash where it dies here, or has died meanwhile."""


class Storage:
    """What the parties share: the objects, and how bad the storage's day is."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.objects = MemoryBucket()
        self.errors = 0.0
        self.slow = 0.0
        self.late_listings = False
        self._listed_from: dict[str, datetime] = {}

    def note_new(self, key: str) -> None:
        """A key that was not there is listed late while listings are late."""
        if self.late_listings and not self.world.mended and not any(self.objects.list(key)):
            lag = self.world.random.choice((2.0, 20.0, LATEST_LISTING))
            self._listed_from[key] = self.world.now + timedelta(seconds=lag)

    @property
    def lists_all(self) -> bool:
        """Whether no listing is behind any more."""
        return self.lists_all_since(self.world.now)

    def lists_all_since(self, then: datetime) -> bool:
        """Whether everything there is has been listed since then."""
        return all(at <= then for at in self._listed_from.values())

    def listed(self, key: str) -> bool:
        """Whether listings have it by now."""
        return self._listed_from.get(key, self.world.now) <= self.world.now


class PartyBucket:
    """The Bucket that one party holds. `away`: only this party cannot reach it."""

    def __init__(self, storage: Storage, clock: PartyClock, life: Life) -> None:
        self._storage, self._clock, self._life = storage, clock, life
        self._world = storage.world
        self.away = False
        self._answered: tuple[datetime, float] | None = None

    @property
    def server_time_offset(self) -> float | None:
        if self._answered is None:
            return None
        there, then = self._answered
        return (there + timedelta(seconds=self._clock.monotonic() - then) - self._clock.now()).total_seconds()

    def get(self, key: str) -> Stored:
        self._begin("get", key)
        stored = self._storage.objects.get(key)
        if self._world.chance(self._storage.errors / 4):
            stored = Stored(stored.data[: len(stored.data) // 2], stored.etag)
        self._end("get", key)
        return stored

    def get_if_changed(self, key: str, etag: str) -> Stored | None:
        stored = self.get(key)
        return None if stored.etag == etag else stored

    def get_all(self, keys: Iterable[str]) -> Iterator[tuple[str, Stored]]:
        return one_by_one(self.get, keys)

    def put(self, key: str, data: bytes) -> str:
        self._begin("put", key)
        if self._world.chance(self._storage.errors / 4):
            self._world.plan(self._world.random.uniform(0, LATEST_WRITE), lambda: self._land(key, data))
            raise Unreachable(f"put {key}: no answer.")
        etag = self._land(key, data)
        self._end("put", key)
        return etag

    def list(self, prefix: str, after: str = "") -> Iterator[Entry]:
        self._begin("list", prefix)
        found = [each for each in self._storage.objects.list(prefix, after) if self._storage.listed(each.key)]
        self._end("list", prefix)
        return iter(found)

    def delete(self, key: str) -> None:
        self._begin("delete", key)
        self._storage.objects.delete(key)
        self._end("delete", key)

    def _land(self, key: str, data: bytes) -> str:
        self._storage.note_new(key)
        return self._storage.objects.put(key, data)

    def _begin(self, verb: str, key: str) -> None:
        self._life.pass_by(f"before {verb} {key}")
        if self._world.chance(self._storage.slow):
            self._world.wait(self._world.random.choice((0.2, 1.5, 8.0)))
            self._life.pass_by(f"during {verb} {key}")
        if self.away or self._world.chance(self._storage.errors):
            raise Unreachable(f"{verb} {key}: 503.")

    def _end(self, verb: str, key: str) -> None:
        if self._world.chance(self._storage.slow):
            self._world.wait(self._world.random.choice((0.2, 1.5, 30.0)))
        self._life.pass_by(f"after {verb} {key}")
        if self._world.chance(self._storage.errors / 2):
            raise Unreachable(f"{verb} {key}: no answer.")
        self._answered = (self._world.now.replace(microsecond=0), self._clock.monotonic())
