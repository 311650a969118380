"""A clock that is fair to a process under test on a machine that is busy: what others took is not counted."""

import threading
import time
from typing import Self

_REST, _WORK = 0.02, 0.001
"""Seconds of a round: so long nothing is done, and so much CPU is then used."""
_BUSY = 1.5
"""A round that took so many times longer than it had to was kept waiting by others."""


class FairTime:
    """Seconds since the block began, as an idle machine would have shown them; without load, those of any clock.

    A thread beside it does the same small round again and again. One that takes as long as it should is counted as it
    was; one that was kept from the CPU counts as what it had to take. A sleeper is delayed by others too, so that on a
    busy machine a process has a little more than its seconds: 10.5 s of sleep were 9.1 with seven others for each core.
    """

    def __init__(self) -> None:
        self.seconds = 0.0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._count, name="fair-time", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _count(self) -> None:
        last = time.monotonic()
        while not self._over.is_set():
            self._over.wait(_REST)
            until = time.thread_time() + _WORK
            while time.thread_time() < until:
                pass
            now = time.monotonic()
            self.seconds += counted(now - last)
            last = now


def counted(took: float) -> float:
    """What a round that took so many seconds counts as.

    >>> counted(0.0212), counted(3.0)
    (0.0212, 0.021)
    """
    return took if took <= _BUSY * (_REST + _WORK) else _REST + _WORK
