"""A clock that stands still until it is told to wait: waits end at once and are written down."""

import threading
from datetime import datetime, timedelta

from tests.builders import NOW


class FakeClock:
    """Begins at `now`; `naps` has the seconds of each wait."""

    def __init__(self, now: datetime = NOW) -> None:
        self._now = now
        self.naps: list[float] = []

    def now(self) -> datetime:
        return self._now

    def monotonic(self) -> float:
        return self._now.timestamp()

    def wait(self, event: threading.Event, seconds: float) -> bool:
        self.naps.append(seconds)
        self._now += timedelta(seconds=max(0.0, seconds))
        return event.is_set()
