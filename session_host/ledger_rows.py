"""The rows of the ledger's messages, read and printed; a content that did not change is neither parsed nor printed."""

import sqlite3

from session_host.database import instant, micros
from session_host.rules import Row
from shared.model.lifecycle import Delivery
from shared.model.message import Message

MOST = 500
"""Contents kept in memory; those that are begun, settled and receipted now come again within seconds."""
LONGEST = 4096
"""Characters of a content that is kept: 2 MB in all."""


class Rows:
    """Reads and prints rows. Any thread may call."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[str, Message]] = {}

    def read(self, found: sqlite3.Row) -> Row:
        """What the database has."""
        return Row(
            content=self._content(found["id"], found["content"]),
            delivery=Delivery.model_validate_json(found["delivery"]),
            handed_by=found["handed_by"],
            not_before=None if found["not_before"] is None else instant(found["not_before"]),
            claim_stored=bool(found["claim_stored"]),
        )

    def fields(self, row: Row) -> dict[str, object]:
        """Its columns."""
        delivery = row.delivery
        return {
            "id": row.id,
            "content": self._printed(row.content),
            "delivery": delivery.model_dump_json(by_alias=True, exclude_defaults=True),
            "handed_by": row.handed_by,
            "not_before": None if row.not_before is None else micros(row.not_before),
            "claim_stored": int(row.claim_stored),
            "projected": 0,
            "revision": row.content.revision,
            "version": row.content.version,
            "attempt": delivery.attempt,
            "rank": delivery.state.rank,
            "step": delivery.step,
            "cancelled": int(row.content.cancelled),
            "may_begin": int(row.may_begin),
            "send_at": micros(row.content.send_at),
            "ready_at": micros(row.ready_at),
            "expires_at": micros(row.expires_at),
            "held": delivery.held_reason,
            "settled_at": None if delivery.settled_at is None else micros(delivery.settled_at),
            "message_id": delivery.message_id,
        }

    def _content(self, id_: str, text: str) -> Message:
        known = self._known.get(id_)
        if known is not None and known[0] == text:
            return known[1]
        return self._keep(text, Message.model_validate_json(text))

    def _printed(self, content: Message) -> str:
        known = self._known.get(content.id)
        if known is not None and known[1] is content:
            return known[0]
        text = content.model_dump_json(by_alias=True, exclude_defaults=True)
        self._keep(text, content)
        return text

    def _keep(self, text: str, content: Message) -> Message:
        if len(text) <= LONGEST:
            if len(self._known) >= MOST:
                self._known.clear()
            self._known[content.id] = (text, content)
        return content
