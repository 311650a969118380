"""Repeatable requests: what was asked under a key is carried out once, however often the request comes.

The table is lost with the machine; the id that a key stands for is made of the key, so the bucket knows it, too.
"""

import hashlib
import json
from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

from session_host.database import Database, instant, micros
from shared.model.message import Message


class OtherBody(Exception):
    """The same key came before with another body."""


class Request(NamedTuple):
    """The message this key stands for, when it was first asked for, and whether it is in the log."""

    message: Message
    at: datetime
    appended: bool


def id_for(name: str, key: str, number: int = 0) -> str:
    """The id of the message that the token of this name asks for under this key, on whatever machine.

    `number`: the same key is free again once a message is 40 days old; each such use has an id of its own.
    """
    parts = json.dumps([name, key, number])
    return f"api-{hashlib.sha256(parts.encode()).hexdigest()[:32]}"


class Requests:
    """The requests table of ledger.db. Raises database.LedgerError."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def first(self, key: str, body: bytes, now: datetime, make: Callable[[], Message]) -> Request:
        """What this key stands for; the first time what `make` makes, kept before it is done. Raises OtherBody."""
        digest = hashlib.sha256(body).hexdigest()
        with self._database.transaction() as connection:
            found = connection.execute("SELECT * FROM requests WHERE key = ?", (key,)).fetchone()
            if found is not None:
                if found["body"] != digest:
                    raise OtherBody
                message = Message.model_validate_json(found["message"])
                return Request(message, instant(found["at"]), bool(found["appended"]))
            message = make()
            text = message.model_dump_json(by_alias=True, exclude_defaults=True)
            connection.execute(
                "INSERT INTO requests (key, body, message, at, appended) VALUES (?, ?, ?, ?, 0)",
                (key, digest, text, micros(now)),
            )
        return Request(message, now, False)

    def known(self, key: str) -> bool:
        """Whether anything was asked for under this key."""
        return bool(self._database.query("SELECT 1 FROM requests WHERE key = ?", (key,)))

    def appended(self, key: str) -> None:
        """Its operation is in the log: a repetition need not write it again."""
        with self._database.transaction() as connection:
            connection.execute("UPDATE requests SET appended = 1 WHERE key = ?", (key,))
