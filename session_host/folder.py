"""Folds the log into the projections, obeys what it finds, and makes the host's claims durable in the bucket."""

import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta

import structlog

from session_host.database import LedgerError
from session_host.ledger import Ledger
from session_host.problems import Problems
from shared.clock import Clock
from shared.model.message import Message
from shared.store.errors import StoreError
from shared.store.fold import Fold

log = structlog.get_logger(__name__)

AT_SECOND = 40
"""The second of each minute at which it folds unasked: after the tick's handover, before the next."""

BETWEEN = timedelta(seconds=1)
"""At most one projection is written in this time."""

LONGEST_PAUSE = timedelta(seconds=30)
PRUNED_EACH = timedelta(hours=6)
_FURTHEST = timedelta(minutes=1)
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


class Folder:
    """The one writer of this account's projections. One thread calls `step`; `ask` and the fields are for any thread.

    messages: as of the last fold. trouble: why it cannot fold now.
    decided: whether the last fold could tell what became of other hosts' claims; not while the clock is wrong.
    """

    def __init__(
        self,
        fold: Fold,
        ledger: Ledger,
        clock: Clock,
        *,
        leads: Callable[[], bool],
        host: Callable[[], str],
        problems: Problems,
        on_stored: Callable[[], None],
        clock_is_right: Callable[[datetime], bool] = lambda _: True,
    ) -> None:
        """`on_stored` is called after each fold: claims may have become durable."""
        self._fold = fold
        self._ledger = ledger
        self._clock = clock
        self._leads = leads
        self._host = host
        self._problems = problems
        self._on_stored = on_stored
        self._clock_is_right = clock_is_right
        self._asked = threading.Event()
        self._not_before = _LONG_AGO
        self._next = _LONG_AGO
        self._pruned_at = _LONG_AGO
        self._failures = 0
        self.messages: Mapping[str, Message] = {}
        self.last_fold: datetime | None = None
        self.trouble: str | None = None
        self.decided = False

    def ask(self) -> None:
        """Fold as soon as the last fold was a second ago."""
        self._asked.set()

    def step(self, now: datetime) -> datetime | None:
        """Fold if it is time or was asked for; when to step again, None while another host leads."""
        if not self._leads():
            return None
        due = self._not_before if self._asked.is_set() else max(self._next, self._not_before)
        if now < due <= now + _FURTHEST:
            return due
        self._asked.clear()
        try:
            self._once(now)
        except (StoreError, LedgerError) as error:
            self._failed(str(error), now)
        else:
            self._succeeded(now)
        return self._not_before if self._asked.is_set() else self._next

    def finish(self, now: datetime) -> bool:
        """Fold once more before the host leaves; whether all that it did is known to whoever comes next."""
        if not self._leads():
            return False
        try:
            self._once(now)
        except (StoreError, LedgerError) as error:
            log.warning("last fold failed", reason=str(error))
            return False
        return True

    def _once(self, now: datetime) -> None:
        folded = self._fold.read(now, trusts_clock=lambda: self._clock_is_right(now))
        self.decided = right = self._clock_is_right(now)  # by what the storage's answers have just said
        deliveries = self._ledger.reconcile(folded.messages, self._host(), now, clock_is_right=right)
        written = self._fold.write(self._clock.now(), deliveries)
        self._ledger.stored({id_: each for id_, each in deliveries.items() if id_ not in written.unapplied})
        self.messages = dict(folded.messages)
        self._problems.folded(folded.found, self._fold.lying_aside(now), now)
        if right and now - self._pruned_at > PRUNED_EACH:
            self._ledger.prune(now)
            self._pruned_at = now

    def _succeeded(self, now: datetime) -> None:
        self._failures, self.trouble, self.last_fold = 0, None, now
        self._not_before, self._next = now + BETWEEN, _next_regular(now)
        self._on_stored()

    def _failed(self, sentence: str, now: datetime) -> None:
        self._failures += 1
        self.trouble = sentence
        pause = min(BETWEEN * 2 ** min(self._failures - 1, 6), LONGEST_PAUSE)
        self._not_before = self._next = now + pause
        self._asked.set()
        log.warning("fold failed", reason=sentence, failures=self._failures)


def _next_regular(now: datetime) -> datetime:
    at = now.replace(second=AT_SECOND, microsecond=0)
    return at if at > now else at + timedelta(minutes=1)
