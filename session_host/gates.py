"""What may be in the way of every message at once: each gate is open (None), or closed with a sentence for people."""

import threading
from collections.abc import Callable
from datetime import datetime, timedelta

from session_host.link import Link

Gate = Callable[[datetime], str | None]

SHOWN = timedelta(seconds=2)
HOLDS = timedelta(seconds=30)
_REMEMBERED = timedelta(minutes=10)


def link_gate(link: Link) -> Gate:
    """Closed while WhatsApp cannot take a message."""

    def closed(_: datetime) -> str | None:
        status = link.status()
        return None if status.sends else f"{status.sentence} {status.action}"

    return closed


class Skew:
    """How far this machine's clock is from the tick's and the storage's: a wrong one must not choose the second.

    The storage's clock decides where it has one, for a tick may also have been long on its way.
    """

    def __init__(self, storage_offset: Callable[[], float | None], monotonic: Callable[[], float]) -> None:
        """monotonic: seconds on a clock that nobody sets, by which what a tick said goes on."""
        self._storage_offset = storage_offset
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._tick: tuple[datetime, float] | None = None

    def tick_said(self, theirs: datetime) -> None:
        """The tick has told us its own time, just now."""
        with self._lock:
            self._tick = (theirs, self._monotonic())

    def seconds(self, now: datetime) -> float | None:
        """Seconds the others' clock is ahead of ours; None where nobody told us lately."""
        storage = self._storage_offset()
        if storage is not None:
            return storage
        with self._lock:
            tick = self._tick
        if tick is None:
            return None
        passed = timedelta(seconds=self._monotonic() - tick[1])
        return None if passed > _REMEMBERED else (tick[0] + passed - now).total_seconds()

    def shown(self, now: datetime) -> float | None:
        """The difference in seconds where it is worth showing (over 2 s), else None."""
        seconds = self.seconds(now)
        return seconds if seconds is not None and abs(seconds) > SHOWN.total_seconds() else None

    def wrong_by(self, now: datetime) -> float | None:
        """The difference in seconds where it holds every message (over 30 s), else None."""
        seconds = self.seconds(now)
        return seconds if seconds is not None and abs(seconds) > HOLDS.total_seconds() else None

    def gate(self, now: datetime) -> str | None:
        """Closed over 30 s."""
        seconds = self.wrong_by(now)
        if seconds is None:
            return None
        direction = "behind" if seconds > 0 else "ahead of"
        return (
            f"This machine's clock is {abs(seconds):.0f} s {direction} the others': "
            "set it right (timedatectl set-ntp true); messages wait until then."
        )
