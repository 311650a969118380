"""Groups as the server knows them: subject and members; kept in the store."""

import json
import secrets
import sqlite3
from dataclasses import dataclass
from datetime import datetime

from simulator.nodes import Jid

SERVER_NAME = "g.us"


@dataclass(frozen=True)
class Group:
    """A group; `name` is what the control port calls it, `created` seconds since 1970, `members` phone numbers."""

    id: str
    name: str
    subject: str
    creator: str
    created: int
    members: tuple[str, ...]

    @property
    def jid(self) -> Jid:
        """Its address."""
        return Jid(self.id, SERVER_NAME)


class Groups:
    """All groups."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database

    def put(self, name: str, subject: str, creator: str, members: tuple[str, ...], now: datetime) -> Group:
        """Adds a group, or changes the one with this name or id, whose creator stays; `now` is aware, UTC."""
        known = self.find(name)
        listed = json.dumps(members)
        if known:
            self._database.execute("UPDATE groups SET subject=?, members=? WHERE id=?", (subject, listed, known.id))
            return Group(known.id, known.name, subject, known.creator, known.created, members)
        made = Group(f"120363{secrets.randbelow(10**12):012}", name, subject, creator, int(now.timestamp()), members)
        self._database.execute(
            "INSERT INTO groups (id, name, subject, creator, created, members) VALUES (?, ?, ?, ?, ?, ?)",
            (made.id, name, subject, creator, made.created, listed),
        )
        return made

    def find(self, name: str) -> Group | None:
        """The group with this name, id or address, or None."""
        user = name.removesuffix(f"@{SERVER_NAME}")
        row = self._database.execute("SELECT * FROM groups WHERE name=? OR id=?", (name, user)).fetchone()
        return _group(row) if row else None

    def all(self) -> list[Group]:
        """Every group, oldest first."""
        return [_group(row) for row in self._database.execute("SELECT * FROM groups ORDER BY created, id")]

    def of(self, phone: str) -> list[Group]:
        """The groups that this number is a member of."""
        return [group for group in self.all() if phone in group.members]


def _group(row: sqlite3.Row) -> Group:
    return Group(
        row["id"], row["name"], row["subject"], row["creator"], row["created"], tuple(json.loads(row["members"]))
    )
