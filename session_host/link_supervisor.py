"""Owns the session: takes what happens one by one, moves the machine, and dials or hangs up as it orders.

It is the only one who makes or ends a session, so no two are ever alive at once. `turn` does everything that is due and
says when the next thing is; a thread repeats it.
"""

import threading
from collections import deque
from collections.abc import Callable
from datetime import timedelta
from typing import NamedTuple, Protocol

import structlog

from session_host.link_calls import Gate
from session_host.link_machine import PATIENCE, TRYING, UP, Happening, Kind, Order, after, backoff
from shared.clock import Clock
from shared.model.link import Link, LinkStatus, describe

log = structlog.get_logger()

CALL_LIMIT = 90.0
"""Seconds after which a call will not come back by itself: the library's own limit is 75, and not always kept."""
RELEASE_LIMIT = 20.0
"""Seconds within which ending the session makes such a call come back."""
END_LIMIT = 10.0
"""Seconds within which a session ends when told to."""
ENTRY_SECONDS = 0.2
"""Seconds after which a call has long found its session in the library's maps."""
CODE_GRACE = 5.0
"""Seconds the successor of a code, or the end of the codes, may be late."""
STABLE = 60.0
"""Seconds of connection after which earlier failures no longer count."""
MAX_SESSIONS = 100
"""Sessions in one process: each leaves two file handles and a quarter of a megabyte in the library for good."""

_FRESH = frozenset({Kind.START, Kind.WANTED})
_LET_GO = frozenset({Link.LOGGED_OUT, Link.BANNED})
"""States that the library tells before it has deleted the device."""
_SLOW = frozenset({Kind.DIAL_FAILED, Kind.OVERDUE})


class Connection(Protocol):
    """The library, as the supervisor uses it: at most one session at a time."""

    def dial(self, session: int) -> None:
        """Begin a session and return; what happens in it is told under this number."""

    def hang_up(self, seconds: float) -> bool:
        """End the session within so many seconds; False where it did not end."""

    def looks_up(self) -> bool:
        """What the library's flags say of the session; they stay True too long, so they count only beside an event."""


class _Told(NamedTuple):
    happening: Happening
    session: int | None


class Supervisor:
    """The link's state, and the one thread that changes it."""

    def __init__(self, clock: Clock, jitter: Callable[[], float], on_status: Callable[[LinkStatus], None]) -> None:
        self._clock = clock
        self._jitter = jitter
        self._on_status = on_status
        self._wake = threading.Event()
        self._changed = threading.Condition()
        self._mail: deque[_Told] = deque()
        self._status = describe(Link.STARTING, clock.now())
        self._connection: Connection | None = None
        self._session = 0  # counts; what an ended one still says is not heard
        self._alive = False
        self._end_due = False
        self._dial_at: float | None = None
        self._deadline: float | None = None
        self._stop_by: float | None = None
        self._overdue: float | None = None
        self._entered = clock.monotonic()
        self._failures = 0
        self._may_be_the_old_device = False
        self.gate = Gate(clock, self._wake.set)

    def status(self) -> LinkStatus:
        """The state now, and while it is trying, when it tries anew at the latest."""
        with self._changed:
            status = self._status
        moment = self._dial_at or self._deadline
        if status.state not in TRYING or moment is None:
            return status
        left = max(0.0, moment - self._clock.monotonic())
        return status.evolve(next_try=(self._clock.now() + timedelta(seconds=left)).replace(microsecond=0))

    def tell(self, happening: Happening, session: int | None = None) -> None:
        """Something happened, in this session (None: outside of any). From any thread; returns at once."""
        self._mail.append(_Told(happening, session))
        self._wake.set()

    def use(self, connection: Connection) -> None:
        """What to dial with; once, before the first turn."""
        self._connection = connection

    def run(self) -> None:
        """Take turns on a thread of its own, which never keeps the process from ending."""
        threading.Thread(target=self._repeat, name="link", daemon=True).start()

    def stop(self, seconds: float) -> None:
        """Leave: a call that is inside may finish, then the session ends; returns within about this many seconds."""
        self._stop_by = self._clock.monotonic() + seconds
        self.tell(Happening(kind=Kind.STOP))
        if not self.wait_until(lambda status: status.state is Link.STOPPED and not self._alive, seconds):
            log.warning("link.left-behind", hint="the session did not end in time; it ends with the process")

    def wait_until(self, holds: Callable[[LinkStatus], bool], seconds: float) -> bool:
        """Block until this holds of the state, at most so many seconds; whether it does."""
        with self._changed:
            return self._changed.wait_for(lambda: holds(self._status), max(0.0, seconds))

    def turn(self) -> float | None:
        """Do what is due; seconds until the next thing is, None for "when told"."""
        self._wake.clear()
        while self._mail:
            told = self._mail.popleft()
            if told.session in (None, self._session):
                self._handle(told.happening)
            else:
                log.debug("link.old-news", kind=told.happening.kind)
        self._look_at_the_clock()
        self._end_session()
        self._begin_session()
        return self._until_next()

    def _repeat(self) -> None:
        while self.status().state is not Link.STOPPED or self._alive:
            seconds = self.turn()
            self._clock.wait(self._wake, 3600.0 if seconds is None else seconds)

    def _handle(self, happening: Happening) -> None:
        if happening.kind is Kind.ANSWERED and not (self._connection and self._connection.looks_up()):
            return  # said of a line that has broken since
        now, monotonic = self._clock.now(), self._clock.monotonic()
        before = self._status
        happening = self._unless_old(happening, before)
        step = after(before, happening, now)
        if step.status.state is not before.state:
            if before.state in UP and step.status.state not in UP and monotonic - self._entered >= STABLE:
                self._failures = 0
            if (before.state in UP) is not (step.status.state in UP):
                self._entered = monotonic
            self._deadline = _later(monotonic, PATIENCE.get(step.status.state))
        if happening.until is not None and step.status.state in (Link.PAIRING, Link.BANNED):
            grace = CODE_GRACE if step.status.state is Link.PAIRING else 0.0
            self._deadline = monotonic + (happening.until - now).total_seconds() + grace
        self._take(step.order, happening.kind, monotonic)
        if step.status.state in UP or step.status.state is Link.PAIRING:
            self.gate.open(pairing=step.status.state is Link.PAIRING)
        else:
            self.gate.close()
        if step.status != before:
            self._publish(before, step.status, happening.kind)

    def _unless_old(self, happening: Happening, status: LinkStatus) -> Happening:
        """The same; only where somebody links anew, the refusal of the device before is once no more than a failed try.

        The library tells of a logout before it has deleted the device: the next session may still log in as that one.
        """
        old = self._may_be_the_old_device and status.state is Link.CONNECTING
        if happening.kind in _FRESH:
            self._may_be_the_old_device = status.state in _LET_GO
        elif happening.kind in (Kind.LOGGED_OUT, Kind.CODE, Kind.CONNECTED):
            self._may_be_the_old_device = False
        return Happening(kind=Kind.ENDED) if old and happening.kind is Kind.LOGGED_OUT else happening

    def _take(self, order: Order, kind: Kind, monotonic: float) -> None:
        if order is Order.KEEP:
            return
        self._end_due = self._alive and order is not Order.REPLACE
        self._dial_at = None
        if order is Order.DIAL:
            self._deadline = None  # it runs from the dialling on
            if kind in _FRESH:
                self._failures = 0
            self._dial_at = monotonic + backoff(self._failures + (kind in _SLOW), self._jitter())
            self._failures += kind not in _FRESH

    def _publish(self, before: LinkStatus, status: LinkStatus, kind: Kind) -> None:
        with self._changed:
            self._status = status
            self._changed.notify_all()
        log.info("link.state", state=status.state, was=before.state, after=kind, detail=status.detail)
        try:
            self._on_status(status)
        except Exception:  # whoever listens must not end the thread that owns the session
            log.exception("link.listener-failed", state=status.state)

    def _look_at_the_clock(self) -> None:
        monotonic = self._clock.monotonic()
        if self._deadline is not None and monotonic >= self._deadline:
            self._deadline = None
            self._handle(Happening(kind=Kind.OVERDUE))
        oldest = self.gate.oldest()
        if oldest is None:
            return
        if monotonic >= oldest + CALL_LIMIT + RELEASE_LIMIT:
            self._handle(Happening(kind=Kind.CANNOT_END))
        elif monotonic >= oldest + CALL_LIMIT and self._overdue != oldest:
            self._overdue = oldest
            self._handle(Happening(kind=Kind.SEND_OVERDUE))

    def _end_session(self) -> None:
        if not self._end_due or self._connection is None:
            return
        monotonic = self._clock.monotonic()
        if (cut_at := self._cut_at()) is not None and monotonic < cut_at:
            return
        limit = END_LIMIT if self._stop_by is None else min(END_LIMIT, max(0.0, self._stop_by - monotonic))
        ended = self._connection.hang_up(limit)
        self._end_due = False
        self._session += 1
        with self._changed:
            self._alive = False
            self._changed.notify_all()
        if not ended:
            log.error("link.session-did-not-end", seconds=limit)
            self._handle(Happening(kind=Kind.CANNOT_END))

    def _begin_session(self) -> None:
        if self._dial_at is None or self._alive or self._connection is None:
            return
        if self._clock.monotonic() < self._dial_at:
            return
        self._dial_at = None
        self._session += 1
        if self._session > 2 * MAX_SESSIONS:  # an end counts too
            self._handle(Happening(kind=Kind.WORN_OUT))
            return
        self._alive = True
        self._deadline = self._clock.monotonic() + PATIENCE[Link.CONNECTING]
        self._connection.dial(self._session)

    def _cut_at(self) -> float | None:
        """When the session may end although calls are inside: they may have been delivered, and nobody would know."""
        oldest, newest = self.gate.oldest(), self.gate.newest()
        if oldest is None or newest is None:
            return None
        if self._stop_by is None:
            return oldest + CALL_LIMIT
        # Never in the moment in which a call goes in: it looks the session up where the end of one writes.
        return max(min(oldest + CALL_LIMIT, self._stop_by - 1.0), newest + ENTRY_SECONDS)

    def _until_next(self) -> float | None:
        oldest = self.gate.oldest()
        moments = [self._deadline]
        if not self._alive:
            moments.append(self._dial_at)
        if self._end_due:
            moments.append(self._cut_at())
        if oldest is not None and self.status().state not in (Link.STUCK, Link.STOPPED):
            moments.append(oldest + (CALL_LIMIT if self._overdue != oldest else CALL_LIMIT + RELEASE_LIMIT))
        due = [moment for moment in moments if moment is not None]
        return max(0.0, min(due) - self._clock.monotonic()) if due else None


def _later(monotonic: float, seconds: float | None) -> float | None:
    return None if seconds is None else monotonic + seconds
