"""The only place where the clock is read: everything else is handed `now`."""

import threading
import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """A wall clock to schedule on, a monotonic clock to sleep on."""

    def now(self) -> datetime:
        """The present instant, aware, in UTC."""

    def monotonic(self) -> float:
        """Seconds on a clock that never goes back; only differences mean anything."""

    def wait(self, event: threading.Event, seconds: float) -> bool:
        """Sleep until `event` is set (True) or `seconds` have passed (False), measured on the monotonic clock."""


class SystemClock:
    """The machine's own clocks."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()

    def wait(self, event: threading.Event, seconds: float) -> bool:
        return event.wait(max(0.0, seconds))


SYSTEM = SystemClock()
