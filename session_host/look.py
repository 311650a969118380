"""The last look at the change log before a message begins: an edit or a cancel anybody stored before it is obeyed."""

from collections.abc import Callable
from datetime import datetime, timedelta

from session_host.ledger import Ledger
from shared.model.versioned import merge_all
from shared.store import keys
from shared.store.errors import StoreError
from shared.store.oplog import LogReader

LOOK_AHEAD = timedelta(seconds=3)
"""How long before its second a message is looked after, so that the look costs nothing at the second itself."""

LOOK_COVERS = timedelta(seconds=5)
"""How long one look is good for, for every message that begins in that time."""

_MIDNIGHT = timedelta(minutes=5)


class Look:
    """One LIST of the log's newest folder and a GET for each new operation; for the sender's thread only."""

    def __init__(
        self,
        reader: LogReader,
        ledger: Ledger,
        host: Callable[[], str],
        on_change: Callable[[], None],
        announce: Callable[[datetime], str | None] = lambda _: None,
        monotonic: Callable[[], float] = lambda: 0.0,
    ) -> None:
        """`announce` beats the pulse, so that no ledger from before the look passes for this one; else says why not.

        monotonic: seconds on a clock that nobody sets; a look must not grow young because the wall clock was set back.
        """
        self._reader = reader
        self._ledger = ledger
        self._host = host
        self._on_change = on_change
        self._announce = announce
        self._monotonic = monotonic
        self._taken_at: datetime | None = None
        self._taken = 0.0
        self.trouble: str | None = None

    def covers(self, at: datetime) -> bool:
        """Whether a message that begins at this instant has been looked after."""
        taken = self._taken_at
        old = self._monotonic() - self._taken > LOOK_COVERS.total_seconds()
        return taken is not None and not old and taken <= at <= taken + LOOK_COVERS

    def take(self, now: datetime) -> bool:
        """Look now, and obey what is found; False where the storage could not be read, then `trouble` says why."""
        if (trouble := self._announce(now)) is not None:
            self.trouble = trouble
            return False
        started = self._monotonic()
        try:
            operations = self._reader.read(_newest_days(now))
        except StoreError as error:
            self.trouble = str(error)
            return False
        waiting = self._ledger.open_ids()
        found = (message for each in operations for message in each.messages if message.id in waiting)
        changed = self._ledger.revise(merge_all(found).values(), self._host(), now)
        self._taken_at, self._taken, self.trouble = now, started, None
        if changed:
            self._on_change()
        return True


def _newest_days(now: datetime) -> list[str]:
    """Today's folder; around midnight also the one some writer's clock may still, or already, be writing to."""
    days = {(now - _MIDNIGHT).date(), now.date(), (now + _MIDNIGHT).date()}
    return [keys.log_day(day) for day in sorted(days)]
