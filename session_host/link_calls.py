"""The gate before the WhatsApp library: calls go in only while a session is up, and it is known which are still inside.

While codes are shown, only the call that asks for another kind of code goes in.

The library keeps its sessions in plain maps: a call that enters while another session is made or ended can abort the
whole process, and nothing in Python can catch that.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from shared.clock import Clock


class GateClosed(Exception):
    """No session is open: nothing was called."""


class Gate:
    """Counts the calls inside and when each went in."""

    def __init__(self, clock: Clock, on_leave: Callable[[], None]) -> None:
        self._clock = clock
        self._on_leave = on_leave
        self._lock = threading.Lock()
        self._open = self._pairing = False
        self._inside: dict[object, tuple[float, float]] = {}

    def open(self, *, pairing: bool = False) -> None:
        """Calls may go in; `pairing`: only those that pair."""
        with self._lock:
            self._open, self._pairing = not pairing, pairing

    def close(self) -> None:
        """No further call goes in; those inside stay until they come back."""
        with self._lock:
            self._open = self._pairing = False

    @contextmanager
    def call(self, *, pairs: bool = False, patience: float = 0.0) -> Iterator[None]:
        """One call into the library; `pairs`: it asks for a code. Raises GateClosed.

        patience: seconds for which it may stay inside longer than other calls.
        """
        ticket = object()
        with self._lock:
            if not (self._pairing if pairs else self._open):
                raise GateClosed
            self._inside[ticket] = (self._clock.monotonic(), patience)
        try:
            yield
        finally:
            with self._lock:
                del self._inside[ticket]
            self._on_leave()

    def newest(self) -> float | None:
        """When the call that is inside shortest went in (monotonic seconds); None while nothing is inside."""
        with self._lock:
            return max((entered for entered, _ in self._inside.values()), default=None)

    def oldest(self) -> float | None:
        """When the call that is inside longest went in (monotonic seconds); None while nothing is inside.

        One with patience counts as gone in so much later.
        """
        with self._lock:
            return min((entered + patience for entered, patience in self._inside.values()), default=None)
