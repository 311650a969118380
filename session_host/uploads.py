"""Uploads the files of messages before their second, so that nothing waits for an upload when it has come."""

from collections.abc import Callable
from datetime import datetime, timedelta

import structlog

from session_host import outgoing
from session_host.ledger import Ledger
from session_host.link import Link, SendFailed
from session_host.outgoing import Load

log = structlog.get_logger(__name__)

AHEAD = timedelta(seconds=90)
"""How long before its second the file of a message is uploaded: a slow line takes a minute for the largest."""
AGAIN = timedelta(seconds=10)


class Uploads:
    """One thread calls `step`. What fails here is tried again here, and once more when the message itself leaves."""

    def __init__(self, ledger: Ledger, link: Link, load: Load, standing: Callable[[datetime], str | None]) -> None:
        """`standing` is closed while this host may decide nothing."""
        self._ledger, self._link, self._load, self._standing = ledger, link, load, standing

    def step(self, now: datetime) -> datetime | None:
        """Upload what leaves soon and is not uploaded; when to step again, None: when woken."""
        soon, following = self._ledger.with_files(now + AHEAD), self._ledger.next_with_file(now + AHEAD)
        later = [following - AHEAD] if following else []
        failed = False
        if soon and (self._standing(now) or not self._link.status().sends):
            return now + AGAIN
        for row in soon:
            try:
                self._link.make_ready(outgoing.of(row.content, self._load))
            except SendFailed as failure:
                failed = True
                log.warning("not uploaded yet", id=row.id, reason=str(failure))
        return min([*later, *([now + AGAIN] if failed else [])], default=None)
