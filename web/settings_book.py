"""The owner's settings as this page reads and writes them: what is set here wins over the server's environment."""

import threading
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import structlog

from shared.clock import Clock
from shared.model.owner_settings import OWNER, OwnerSettings
from shared.settings import WebSettings
from shared.store.errors import StoreError
from shared.store.owner_settings import SettingsRead, SettingsStore
from web import texts
from web.edits_kept import EditsKept
from web.local import LocalState
from web.telling import Telling

FIELDS = ("zone", "country", "quiet", "gap_seconds", "hourly", "daily", "strangers_daily")
"""What can be set here, by the names in the record."""

AGAIN_SECONDS = 10.0
"""How long nobody asks again a storage that did not answer."""

log = structlog.get_logger(__name__)


class Current(NamedTuple):
    """The record, what the page goes by, and sentences about what could not be read."""

    owner: OwnerSettings
    settings: WebSettings
    troubles: tuple[str, ...] = ()


class SettingsChanged(Exception):
    """They are no longer what the form was made from; `newest` is what they are now, `wanted` what was to stand."""

    def __init__(self, newest: OwnerSettings, wanted: OwnerSettings) -> None:
        super().__init__("The settings were changed meanwhile.")
        self.newest, self.wanted = newest, wanted


class SettingsBook:
    """The one place where this page reads and writes the owner's settings. Any thread may call."""

    def __init__(
        self,
        store: SettingsStore,
        environment: WebSettings,
        reserve: Callable[[], str],
        telling: Telling,
        state: LocalState,
        clock: Clock,
        patience_seconds: float,
    ) -> None:
        """`patience_seconds`: how long what another process wrote may go unseen. `reserve`: as a Writer's."""
        self.environment = environment
        self._store, self._reserve, self._telling, self._clock = store, reserve, telling, clock
        self._edits = EditsKept(state, clock)
        self._patience = patience_seconds
        self._lock = threading.RLock()
        self._current = Current(OwnerSettings(id=OWNER), environment)
        self._until: float | None = None

    def now(self) -> Current:
        """What holds. Where the storage does not answer, what was last read, and the reason."""
        with self._lock:
            if self._until is None or self._clock.monotonic() >= self._until:
                try:
                    self._take(self._store.look())
                except StoreError as error:
                    log.warning("settings not read", reason=str(error))
                    self._current = self._current._replace(troubles=(texts.SETTINGS_NOT_READ.format(reason=error),))
                    self._until = self._clock.monotonic() + AGAIN_SECONDS
            return self._current

    def fresh(self) -> Current:
        """The same, read now. Raises StoreError."""
        with self._lock:
            self._take(self._store.look())
            return self._current

    def save(self, seen: str, content: Mapping[str, Any]) -> OwnerSettings:
        """Set these, None: as the environment says, from the version `seen` on.

        Raises SettingsChanged, StoreError, pydantic.ValidationError.
        """
        with self._lock:
            owner = self.fresh().owner
            if not owner.conflicts and all(getattr(owner, name) == value for name, value in content.items()):
                return owner  # the same click again
            if owner.version != seen:
                raise SettingsChanged(owner, owner.evolve(**content))
            edited = owner.edited(self._reserve(), settles=True, **content)
            self._edits.keep(owner, edited.version)
            self._store.write(edited)
            self._take(SettingsRead(edited), troubles=self._current.troubles)
        self._telling.tell(())
        return edited

    def undo(self, version: str) -> OwnerSettings:
        """Take back the edit that made this version. Raises KeyError, and what `save` raises."""
        before = self._edits.find(OwnerSettings, OWNER, version)
        if before is None:
            raise KeyError(version)
        return self.save(version, {name: getattr(before, name) for name in FIELDS})

    def _take(self, found: SettingsRead, troubles: tuple[str, ...] = ()) -> None:
        owner = found.owner
        own = {name: value for name in ("zone", "country") if (value := getattr(owner, name)) is not None}
        settings = self.environment.model_copy(update=own) if own else self.environment
        self._current = Current(owner, settings, troubles or found.unreadable)
        self._until = self._clock.monotonic() + self._patience
