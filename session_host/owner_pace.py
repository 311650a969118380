"""The pace that holds: the environment's, with what the owner has set on the page in its place."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import structlog

from shared.model.owner_settings import PaceStanding
from shared.model.pace import PaceSettings
from shared.store.errors import StoreError
from shared.store.owner_settings import SettingsStore

log = structlog.get_logger(__name__)

UNASKED = timedelta(minutes=10)
"""It is read so often even when nobody says that something was set: the telling may have been lost."""

AGAIN = timedelta(seconds=5)
"""After a reading that failed."""


class OwnerPace:
    """Follows the owner's settings. One thread calls `step`; `ask` and the fields are for any thread.

    holds: the pace now. trouble: why the owner's settings could not be read, or what of them could not.
    """

    def __init__(
        self, store: SettingsStore, environment: PaceSettings, on_change: Callable[[PaceSettings], None]
    ) -> None:
        self._store, self._environment, self._on_change = store, environment, on_change
        self._asked = threading.Event()
        self._next = datetime(1970, 1, 1, tzinfo=UTC)
        self.holds = environment
        self.trouble: str | None = None

    @property
    def standing(self) -> PaceStanding:
        """The same, in one value."""
        return PaceStanding(holds=self.holds, environment=self._environment, trouble=self.trouble)

    def ask(self) -> None:
        """Read them in the next step: somebody may have set something."""
        self._asked.set()

    def step(self, now: datetime) -> None:
        """Read them if it is time. Where they cannot be read, what held goes on."""
        if not self._asked.is_set() and now < self._next <= now + UNASKED:
            return
        self._asked.clear()
        try:
            found = self._store.look()
        except StoreError as error:
            self._next = now + AGAIN
            self._say(f"The owner's settings could not be read, so what held before goes on: {error}")
            return
        self._next = now + UNASKED
        self._say(" ".join(found.unreadable) or None)
        pace = found.owner.over(self._environment)
        if pace != self.holds:
            self.holds = pace
            log.info("pace changed", version=found.owner.version)
            self._on_change(pace)

    def _say(self, trouble: str | None) -> None:
        if trouble and trouble != self.trouble:
            log.warning("settings not read", reason=trouble)
        self.trouble = trouble
