"""True time and everything that acts in it, one step after another; what waits lets the others act meanwhile."""

import heapq
import itertools
import random
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Protocol

from session_host.gates import HOLDS
from tests.builders import NOW
from tests.faults.history import Event, Happened

DEEPEST = 5
"""How many waits may be under way within one another."""

MOST_STEPS = 30_000


class Crash(BaseException):
    """The process that was acting died here."""


class Actor(Protocol):
    """What acts by itself; `due` is the true time of its next step, None while it has none or is within one."""

    def due(self) -> datetime | None:
        """When to call `act`."""

    def act(self) -> None:
        """One step."""


class World:
    """The true time `now`, seeded chance, the actors, and the history. Nothing in it is ever concurrent for real."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.now = NOW
        self.events: list[Event] = []
        self.actors: list[Actor] = []
        self.steps = 0
        self.mended = False
        self.leading: tuple[str, ...] = ()
        self._planned: list[tuple[datetime, int, Callable[[], object]]] = []
        self._serial = itertools.count()
        self._depth = 0

    def note(self, event: Event) -> None:
        """It goes into the history."""
        self.events.append(event)

    def say(self, what: str) -> None:
        """Something for people who read the history."""
        self.note(Happened(self.now, what))

    def plan(self, after: float, what: Callable[[], object]) -> None:
        """That happens this many seconds from now."""
        heapq.heappush(self._planned, (self.now + timedelta(seconds=after), next(self._serial), what))

    def chance(self, probability: float) -> bool:
        """Whether it happens; nothing does by chance once all is mended."""
        return not self.mended and probability > 0 and self.random.random() < probability

    def wait(self, seconds: float) -> None:
        """Time passes for who calls; the others act."""
        if self._depth < DEEPEST:
            self.run(self.now + timedelta(seconds=seconds))

    def run(self, until: datetime) -> None:
        """Let everything happen up to that true time."""
        self._depth += 1
        while (step := self._next(until)) is not None:
            self.steps += 1
            if self.steps > MOST_STEPS:
                raise AssertionError(f"{MOST_STEPS} steps and no end: something asks to be stepped again and again")
            step()
        self.now = max(self.now, until)
        self._depth -= 1

    def _next(self, until: datetime) -> Callable[[], object] | None:
        at, ready = until, list[Actor]()
        for actor in self.actors:
            due = actor.due()
            if due is not None and due <= at:
                due = max(due, self.now)
                ready = [actor] if due < at else [*ready, actor]
                at = due
        if self._planned and self._planned[0][0] <= at:
            at, _, what = heapq.heappop(self._planned)
            self.now = max(self.now, at)
            return what
        if not ready:
            return None
        self.now = max(self.now, at)
        return self.random.choice(ready).act


class PartyClock:
    """The clock of one party: true time and what it is wrong by. While it waits, the others act."""

    def __init__(self, world: World, offset: float = 0.0) -> None:
        self._world = world
        self.offset = timedelta(seconds=offset)
        self.set_at = world.now

    def now(self) -> datetime:
        return self._world.now + self.offset

    def set(self, offset: float) -> None:
        """It jumps, and is wrong by so many seconds from now on."""
        self.offset, self.set_at = timedelta(seconds=offset), self._world.now

    @property
    def wrong(self) -> bool:
        """By as much as keeps a host from sending."""
        return abs(self.offset) >= HOLDS

    def true(self, wall: datetime) -> datetime:
        """When this clock shows that, if nobody sets it."""
        return wall - self.offset

    def monotonic(self) -> float:
        return (self._world.now - NOW).total_seconds()

    def wait(self, event: threading.Event, seconds: float) -> bool:
        self._world.run(self._world.now + timedelta(seconds=max(0.0, seconds)))
        return event.is_set()
