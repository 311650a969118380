"""The statements of one transaction on the ledger's messages."""

import sqlite3
from collections.abc import Iterable, Sequence
from datetime import datetime

from session_host import pace
from session_host.database import instant, micros
from session_host.ledger_rows import Rows
from session_host.link import Receipt, ReceiptKind
from session_host.rules import Row
from shared.model import lifecycle
from shared.model.lifecycle import Delivery, State


def values(parameters: Sequence[object]) -> list[object]:
    """As the ledger's columns hold them: instants in microseconds."""
    return [micros(each) if isinstance(each, datetime) else each for each in parameters]


class Change:
    """Reads and writes within one transaction; `written` is what it has put, by id."""

    def __init__(self, connection: sqlite3.Connection, rows: Rows) -> None:
        self._connection = connection
        self._rows = rows
        self.written: dict[str, Row] = {}

    def get(self, message_id: str) -> Row | None:
        """One row by the message's id."""
        found = self.rows("id = ?", message_id)
        return found[0] if found else None

    def rows(self, where: str, *parameters: object) -> list[Row]:
        """Those for which this SQL condition holds, in the order of their seconds."""
        return self._select("SELECT * FROM messages WHERE ", where, parameters)

    def waiting(self, where: str, *parameters: object) -> list[Row]:
        """The same of what was taken over and has not begun."""
        return self._select("SELECT * FROM waiting WHERE ", where, parameters)

    def _select(self, start: str, where: str, parameters: tuple[object, ...]) -> list[Row]:
        found = self._connection.execute(f"{start}{where} ORDER BY send_at, id", values(parameters))
        return [self._rows.read(each) for each in found]

    def put(self, row: Row) -> None:
        """Write it in place of what stood there; the bucket has yet to get it."""
        fields = self._rows.fields(row)
        names, marks = ", ".join(fields), ", ".join("?" * len(fields))
        sql = f"INSERT OR REPLACE INTO messages ({names}) VALUES ({marks})"  # noqa: S608
        self._connection.execute(sql, tuple(fields.values()))
        self.written[row.id] = row

    def begun(self, row: Row) -> None:
        """Pace counts it from now on."""
        pace.note_begun(self._connection, row)

    def settled(self, row: Row) -> None:
        """Its recipient may be no stranger any more."""
        pace.note_settled(self._connection, row)

    def stored(self, message_id: str, delivery: Delivery) -> None:
        """The bucket has this delivery: a claim that still is the same may be begun."""
        row = self.get(message_id)
        if row is None:
            return
        same_claim = row.delivery.claim == delivery.claim and row.delivery.attempt == delivery.attempt
        if row.delivery.state is State.CLAIMED and delivery.claim is not None and same_claim and not row.claim_stored:
            self.put(row._replace(claim_stored=True))
        self._projected(message_id, delivery.place)

    def _projected(self, message_id: str, place: tuple[int, int, int]) -> None:
        sql = "UPDATE messages SET projected = 1 WHERE id = ? AND attempt = ? AND rank = ? AND step = ?"
        self._connection.execute(sql, (message_id, *place))

    def note(self, message_id: str, receipts: Iterable[Receipt], now: datetime) -> None:
        """Receipts for this id of WhatsApp's; they wait where no message has it yet."""
        found = self.rows("message_id = ?", message_id)
        for row in found:
            delivery = row.delivery
            for each in receipts:
                delivery = _noted(delivery, each.kind, each.at)
            if delivery != row.delivery:  # each device of theirs may say it again
                self.put(row._replace(delivery=delivery))
        if not found:
            sql = "INSERT OR IGNORE INTO receipts (message_id, kind, at, seen_at, chat) VALUES (?, ?, ?, ?, ?)"
            rows = [(message_id, str(each.kind), micros(each.at), micros(now), each.chat) for each in receipts]
            self._connection.executemany(sql, rows)

    def with_receipts(self, delivery: Delivery) -> Delivery:
        """This delivery with the receipts that had come before it was settled; they are taken out."""
        if delivery.message_id is None:
            return delivery
        sql = "DELETE FROM receipts WHERE message_id = ? RETURNING kind, at"
        for found in self._connection.execute(sql, (delivery.message_id,)).fetchall():
            delivery = _noted(delivery, ReceiptKind(found["kind"]), instant(found["at"]))
        return delivery


def _noted(delivery: Delivery, kind: ReceiptKind, at: datetime) -> Delivery:
    return lifecycle.read(delivery, at) if kind is ReceiptKind.READ else lifecycle.delivered(delivery, at)
