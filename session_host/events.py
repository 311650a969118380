"""What just changed, for whoever listens: ids and states only, bounded in listeners and in what waits for each."""

import queue
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

MOST_WAITING = 256
"""Events kept for one listener that is slow; then it is told to read everything again."""


class Event(NamedTuple):
    """Its name (message, link, resync) and its data."""

    name: str
    data: dict[str, Any]


class TooMany(Exception):
    """There are as many listeners as this host has room for."""


RESYNC = Event("resync", {})


class Subscription:
    """One listener's queue."""

    def __init__(self) -> None:
        self._queue: queue.Queue[Event | None] = queue.Queue(MOST_WAITING)
        self._lost = False

    def put(self, event: Event | None) -> None:
        """Never waits: what does not fit is replaced by one resync."""
        try:
            self._queue.put_nowait(event)
        except queue.Full:
            self._lost = True

    def next(self, seconds: float) -> Event | None:
        """The next event, or None when none came within this many seconds, or when the host is stopping."""
        if self._lost and self._queue.empty():
            self._lost = False
            return RESYNC
        try:
            return self._queue.get(timeout=seconds)
        except queue.Empty:
            return None


class Events:
    """From any thread to all listeners."""

    def __init__(self, most_listeners: int) -> None:
        self._most = most_listeners
        self._lock = threading.Lock()
        self._listeners: set[Subscription] = set()
        self._closed = threading.Event()

    @property
    def closed(self) -> bool:
        """Whether the host is stopping: every listener should leave."""
        return self._closed.is_set()

    def publish(self, name: str, **data: Any) -> None:
        """Tell every listener; returns at once."""
        with self._lock:
            listeners = tuple(self._listeners)
        for listener in listeners:
            listener.put(Event(name, data))

    def close(self) -> None:
        """Send every listener home."""
        self._closed.set()
        with self._lock:
            listeners = tuple(self._listeners)
        for listener in listeners:
            listener.put(None)

    @contextmanager
    def subscribed(self) -> Iterator[Subscription]:
        """Listen for as long as the block lasts. Raises TooMany."""
        subscription = Subscription()
        with self._lock:
            if len(self._listeners) >= self._most:
                raise TooMany(f"{self._most} listeners are the most this host has room for.")
            self._listeners.add(subscription)
        try:
            yield subscription
        finally:
            with self._lock:
                self._listeners.discard(subscription)
