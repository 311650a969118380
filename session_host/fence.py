"""Lets the link connect only while this host leads: two hosts must not use one session, nor take it in turns.

A restored backup is a second copy of the session. WhatsApp would let the newer connection win, and what two hosts
encrypt with the same keys is dropped by those who get it. So the link has the same right as the sender: a lead, and a
pulse in the bucket that is not older than two minutes.
"""

from datetime import datetime

import structlog

from session_host.link import Link
from session_host.place import FRESH
from session_host.pulse import Pulse

log = structlog.get_logger(__name__)


class Fence:
    """One thread calls `step`; `closed` is for any thread."""

    def __init__(self, pulse: Pulse, link: Link) -> None:
        self._pulse = pulse
        self._link = link
        self._open: bool | None = None

    def closed(self, now: datetime) -> str | None:
        """Why the link may not connect now, None where it may."""
        if reason := self._pulse.standing_gate(now):
            return reason
        last = self._pulse.last_put  # the clock may have jumped either way
        return None if last and abs(now - last) < FRESH else self._pulse.fresh_gate(now)

    def step(self, now: datetime) -> datetime | None:
        """Connect or disconnect where that has changed; when to look again, None for "after the next pulse"."""
        reason = self.closed(now)
        if reason is None and self._open is not True:
            self._link.start()
            self._open = True
        elif reason is not None and self._open is not False and not self._pulse.unread:
            log.info("the link stays off", reason=reason)
            self._link.rest()
            self._open = False
        last = self._pulse.last_put
        return last + FRESH if self._open and last else None
