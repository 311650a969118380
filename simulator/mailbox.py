"""What people have received, what waits for a linked device, which receipts are still to be sent; kept in the store."""

import json
import sqlite3
from dataclasses import dataclass, field
from datetime import datetime

from simulator import nodes
from simulator.nodes import Node
from simulator.tokens import Tokens

_NO_TOKENS = Tokens((), ())  # stanzas are kept in full words, so that they outlive a change of the dictionary


@dataclass(frozen=True)
class Message:
    """A message that a simulated phone holds in readable form.

    `at`: ISO form, UTC; `robot`: it bears an AI badge; `facts`: a Facts value as JSON, empty where there are none;
    `content`: the serialized message, empty where an earlier version kept it; `devices`: which of the owner's devices
    have decrypted it, as a JSON list.
    """

    number: int
    owner: str
    chat: str
    id: str
    from_phone: str
    sender_device: int
    kind: str
    text: str
    at: str
    status: str
    robot: bool
    facts: str = field(default="", repr=False)
    content: bytes = field(default=b"", repr=False)
    devices: str = "[0]"


@dataclass(frozen=True)
class Waiting:
    """A stanza that a linked device has not confirmed yet."""

    number: int
    stanza: Node


@dataclass(frozen=True)
class Due:
    """A receipt to be sent at `due` (seconds since 1970)."""

    number: int
    message: int
    type: str
    due: float


class Mailbox:
    """All messages, waiting stanzas and due receipts."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database

    def keep(
        self,
        *,
        owner: str,
        chat: str,
        message_id: str,
        from_phone: str,
        sender_device: int,
        kind: str,
        text: str,
        at: datetime,
        robot: bool = False,
        facts: str = "",
        content: bytes = b"",
        device: int = 0,
    ) -> Message:
        """Keeps a message on its owner's phone."""
        row = self._database.execute(
            "INSERT INTO messages (owner, chat, id, from_phone, sender_device, kind, text, at, robot, facts, content,"
            " devices, status) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'received') RETURNING *",
            (
                owner,
                chat,
                message_id,
                from_phone,
                sender_device,
                kind,
                text,
                at.isoformat(timespec="microseconds"),
                robot,
                facts,
                content,
                json.dumps([device]),
            ),
        ).fetchone()
        return Message(**dict(row))

    def messages(self, owner: str, chat: str | None = None) -> list[Message]:
        """What an owner's phone holds, oldest first; one chat or all."""
        rows = self._database.execute(
            "SELECT * FROM messages WHERE owner=? AND chat=coalesce(?, chat) ORDER BY number", (owner, chat)
        )
        return [Message(**dict(row)) for row in rows]

    def find(self, owner: str, chat: str, message_id: str) -> Message | None:
        """The newest message with this id in a chat on its owner's phone, or None."""
        row = self._database.execute(
            "SELECT * FROM messages WHERE owner=? AND chat=? AND id=? ORDER BY number DESC LIMIT 1",
            (owner, chat, message_id),
        ).fetchone()
        return Message(**dict(row)) if row else None

    def decrypted_too(self, message: Message, device: int) -> Message:
        """Notes that another device of the owner's has decrypted a message."""
        row = self._database.execute(
            "UPDATE messages SET devices=? WHERE number=? RETURNING *",
            (json.dumps([*json.loads(message.devices), device]), message.number),
        ).fetchone()
        return Message(**dict(row))

    def message(self, number: int) -> Message | None:
        """One message by its number, or None."""
        row = self._database.execute("SELECT * FROM messages WHERE number=?", (number,)).fetchone()
        return Message(**dict(row)) if row else None

    def unread(self, owner: str) -> list[Message]:
        """What the owner has not read yet."""
        rows = self._database.execute(
            "SELECT * FROM messages WHERE owner=? AND from_phone<>owner AND status<>'read' ORDER BY number", (owner,)
        )
        return [Message(**dict(row)) for row in rows]

    def mark(self, owner: str, message_id: str, status: str) -> None:
        """Sets a message's status on its owner's phone; read is never undone."""
        self._database.execute(
            "UPDATE messages SET status=? WHERE owner=? AND id=? AND status<>'read'", (status, owner, message_id)
        )

    def enqueue(self, phone: str, device: int, stanza: Node) -> None:
        """Keeps a stanza until the device confirms it."""
        self._database.execute(
            "INSERT INTO queue (phone, device, tag, id, peer, type, stanza) VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                phone,
                device,
                stanza.tag,
                stanza.text("id"),
                stanza.text("from"),
                stanza.text("type") if stanza.tag == "receipt" else "",
                nodes.encode(stanza, _NO_TOKENS),
            ),
        )

    def confirm(self, phone: str, device: int, tag: str, stanza_id: str, receipt_type: str = "") -> bool:
        """Drops a stanza that the device has confirmed; False when none was waiting."""
        done = self._database.execute(
            "DELETE FROM queue WHERE phone=? AND device=? AND tag=? AND id=? AND type=?",
            (phone, device, tag, stanza_id, receipt_type),
        )
        return done.rowcount > 0

    def waiting(self, phone: str, device: int) -> list[Waiting]:
        """What the device has not confirmed yet, oldest first."""
        rows = self._database.execute("SELECT * FROM queue WHERE phone=? AND device=? ORDER BY number", (phone, device))
        return [Waiting(row["number"], nodes.decode(row["stanza"], _NO_TOKENS)) for row in rows]

    def owe(self, message: int, receipt_type: str, due: float) -> None:
        """Notes a receipt to be sent later."""
        self._database.execute(
            "INSERT INTO receipts_due (message, type, due) VALUES (?, ?, ?)", (message, receipt_type, due)
        )

    def due(self, until: float) -> list[Due]:
        """The receipts due by then, in order."""
        rows = self._database.execute("SELECT * FROM receipts_due WHERE due<=? ORDER BY due, number", (until,))
        return [Due(**dict(row)) for row in rows]

    def next_due(self) -> float | None:
        """When the next receipt is due, or None."""
        (moment,) = self._database.execute("SELECT min(due) FROM receipts_due").fetchone()
        return None if moment is None else float(moment)

    def settle(self, due: Due) -> None:
        """Forgets a receipt that was sent."""
        self._database.execute("DELETE FROM receipts_due WHERE number=?", (due.number,))
