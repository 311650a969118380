"""The hint on a message whose end is unknown: a receipt came from its chat, soon after, that belongs to nothing known.

WhatsApp tells a message's id only with its answer, so after a crash or a time-out the receipt of a message that arrived
cannot be matched. It is no proof: a person settles what is unknown.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

import structlog

from session_host.ledger import Ledger, Unmatched
from session_host.link import Link, chat_names
from session_host.rules import Row

log = structlog.get_logger(__name__)

WITHIN = timedelta(minutes=10)
"""How soon after it was begun a receipt must have come."""


class Hints:
    """Looks for them. For one thread at a time; raises database.LedgerError."""

    def __init__(self, ledger: Ledger, link: Link) -> None:
        self._ledger = ledger
        self._link = link

    def step(self, now: datetime) -> int:
        """Note what has come for messages whose end is unknown; how many have a hint now that had none."""
        receipts = self._ledger.unmatched(now)
        rows = self._ledger.unknown_without_hint(now) if receipts else []
        hinted = {row.id: at for row in rows if (at := self._receipt_for(row, receipts)) is not None}
        for id_ in hinted:
            log.info("a receipt may be this message's", id=id_)
        return self._ledger.hint(hinted) if hinted else 0

    def _receipt_for(self, row: Row, receipts: Iterable[Unmatched]) -> datetime | None:
        begun = row.delivery.begun_at
        if begun is None:
            return None
        soon = [each for each in receipts if begun <= each.at + timedelta(seconds=1) and each.at <= begun + WITHIN]
        chats = self._chats(row.content.to) if soon else set()
        return min((each.at for each in soon if each.chat in chats), default=None)

    def _chats(self, to: str) -> set[str]:
        """How receipts of this recipient may name its chat: as it is stored, or by its hidden number."""
        if (names := chat_names(self._link, to)) is None:
            return set()
        address, hidden = names
        return {str(address), *([hidden] if hidden else [])}
