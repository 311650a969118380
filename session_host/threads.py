"""Threads around step functions: woken by events, and by the wall clock, also when that jumps."""

import threading
from collections.abc import Callable
from datetime import datetime, timedelta

import structlog

from shared.clock import Clock

log = structlog.get_logger(__name__)

LONGEST_SLEEP = 1.0
JUMP = timedelta(seconds=1)
AFTER_AN_ERROR = timedelta(seconds=5)

Step = Callable[[datetime], datetime | None]


class Stepper:
    """One thread that calls `step(now)` when the instant it returned has come, never before, and when it is woken."""

    def __init__(
        self, name: str, step: Step, clock: Clock, *, at_end: Callable[[datetime], None] | None = None
    ) -> None:
        self.name = name
        self._step = step
        self._clock = clock
        self._at_end = at_end
        self._woken = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self.trouble: str | None = None

    @property
    def alive(self) -> bool:
        """Whether it runs."""
        return self._thread.is_alive()

    def start(self) -> None:
        """Begin stepping."""
        self._thread.start()

    @property
    def woken(self) -> bool:
        """Whether it is to step now, whatever it said before."""
        return self._woken.is_set()

    def once(self) -> datetime | None:
        """One step now, on the caller's thread: what the thread does each time. When it wants to step again."""
        self._woken.clear()
        return self._guarded(self._step)

    def wake(self) -> None:
        """Step as soon as the step at hand, if any, has ended."""
        self._woken.set()

    def stop(self) -> None:
        """Begin no further step; returns at once."""
        self._stopping.set()
        self._woken.set()

    def join(self, seconds: float) -> bool:
        """Wait for the end of the step in hand; whether it ended in time."""
        if self._thread.ident is not None:
            self._thread.join(max(0.0, seconds))
        return not self._thread.is_alive()

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._woken.clear()
            if self._stopping.is_set():
                break
            due = self._guarded(self._step)
            self._sleep_until(due)
        if self._at_end is not None:
            self._guarded(self._at_end)

    def _guarded(self, step: Callable[[datetime], datetime | None]) -> datetime | None:
        now = self._clock.now()
        try:
            due = step(now)
        except Exception as error:
            self.trouble = f"{type(error).__name__}: {error}"
            log.exception("step failed", thread=self.name)
            return now + AFTER_AN_ERROR
        self.trouble = None
        return due

    def _sleep_until(self, due: datetime | None) -> None:
        """Until the wall clock says so: short sleeps on the monotonic clock, the last one exact. A jump ends it."""
        wall, steady = self._clock.now(), self._clock.monotonic()
        while not self._stopping.is_set():
            now, passed = self._clock.now(), timedelta(seconds=self._clock.monotonic() - steady)
            left = LONGEST_SLEEP if due is None else (due - now).total_seconds()
            if (due is not None and left <= 0) or abs(now - wall - passed) > JUMP:
                return
            if self._clock.wait(self._woken, min(left, LONGEST_SLEEP)):
                return
