"""The names that the owner's phone gives people, read from the link now and then into what was captured.

WhatsApp tells the link's library of them and of each change, the library tells nobody: so they are asked for. On a
thread of its own: a call that hangs keeps nobody else waiting.
"""

from datetime import datetime, timedelta

import structlog

from session_host.captured import Store
from session_host.database import instant, micros
from session_host.link import Link, Reason, SendFailed
from shared.clock import Clock
from shared.model.link import Link as LinkState
from shared.model.link import LinkStatus

log = structlog.get_logger(__name__)

SETTLES = timedelta(seconds=5)
"""How long the link must be there: what it is told after a login has come by then."""
AT_FIRST = (timedelta(minutes=1), timedelta(minutes=10))
"""When they are read again: a device that was just linked may be told of them late."""
EACH = timedelta(hours=1)
LOOKED = timedelta(seconds=30)
"""While somebody looks at the chats they are no older than this, and one step."""
AFTER_A_LOSS = timedelta(minutes=1)
AFTER_AN_END = timedelta(days=1)
"""A process that ended while it read them may have ended by it: the next one must not go the same way at once."""
READING = "names_reading"
_CAUGHT_UP = (LinkState.CONNECTED, LinkState.PHONE_SILENT)


class GivenNames:
    """`step` for one thread, `link_changed` and `asked` for any. Raises database.LedgerError at the beginning."""

    def __init__(self, link: Link, store: Store, clock: Clock) -> None:
        self._link, self._store, self._clock = link, store, clock
        now = clock.now()
        self._settled_at: datetime | None = None
        self._read_at = self._next = self._not_before = now
        self._reads = 0
        self._asked = False
        if begun := store.kept(READING):
            self._not_before = min(instant(begun), now) + AFTER_AN_END
            log.warning("names wait", reason="the process before this one ended while it read them")

    def link_changed(self, status: LinkStatus) -> None:
        """The link is in another state: wake the thread afterwards."""
        if status.state is LinkState.PAIRING:  # of a device that is linked anew nothing is known yet
            self._reads, self._next = 0, self._clock.now()
        if status.state not in _CAUGHT_UP:
            self._settled_at = None
        elif self._settled_at is None:
            self._settled_at = self._clock.now() + SETTLES

    def asked(self) -> None:
        """Somebody looks at names: wake the thread afterwards, which then reads them where they are not fresh."""
        self._asked = True

    def step(self, now: datetime) -> datetime | None:
        """Read them if it is time; when to step again, None: once woken. Raises LedgerError."""
        if (due := self._due()) is not None and due <= now:
            self._read(now)
            due = self._due()
        return due

    def _due(self) -> datetime | None:
        if (settled := self._settled_at) is None:
            return None
        wanted = min(self._next, self._read_at + LOOKED) if self._asked else self._next
        return max(settled, self._not_before, wanted)

    def _read(self, now: datetime) -> None:
        self._asked = False
        self._store.keep(READING, micros(now))
        try:
            names = self._link.given_names()
        except SendFailed as failed:
            self._not_before = now + (AFTER_A_LOSS if failed.reason is Reason.NOT_CONNECTED else EACH)
            log.info("names not read", reason=failed.reason)
            return
        finally:
            self._store.keep(READING, 0)
        pause = AT_FIRST[self._reads] if self._reads < len(AT_FIRST) else EACH
        self._reads += 1
        self._read_at, self._next = now, now + pause
        if names and (changed := self._store.give(names)):  # without any, this device has not been told yet
            log.info("names read", people=len(names), changed=changed)
