"""Each account's address book, as its phone keeps it and as its linked devices are told of it; kept in the store."""

import sqlite3
from dataclasses import dataclass
from datetime import datetime

from simulator import app_state
from simulator.app_state import Key, State
from simulator.people import Person
from simulator.protobufs import actions, sync
from simulator.store import transaction

COLLECTION = "critical_unblock_low"
"""Where WhatsApp keeps the contacts."""


@dataclass(frozen=True)
class Entry:
    """A contact's number and the name under which the owner knows it."""

    phone: str
    name: str


class AddressBook:
    """All accounts' address books, each with its key and every patch that led to what it is now."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database

    def entries(self, owner: Person) -> list[Entry]:
        """Whom the owner has a name for, in the order of their numbers."""
        rows = self._database.execute(
            "SELECT phone, name FROM address_book WHERE owner=? ORDER BY phone", [owner.phone]
        )
        return [Entry(row["phone"], row["name"]) for row in rows]

    def name(self, owner: Person, contact: Person) -> str | None:
        """The name under which the owner knows a contact, or None."""
        query = "SELECT name FROM address_book WHERE owner=? AND phone=?"
        row = self._database.execute(query, (owner.phone, contact.phone)).fetchone()
        return str(row["name"]) if row else None

    def put(self, owner: Person, contact: Person, name: str | None, now: datetime) -> bool:
        """Gives a contact this name, None takes it out of the book; False where nothing changes by it."""
        before = self.name(owner, contact)
        if before == name:
            return False
        action = _action(contact, name or before or "", now)
        with transaction(self._database):
            self._sync(owner, ["contact", str(contact.phone_jid)], action, remove=name is None)
            if name is None:
                query = "DELETE FROM address_book WHERE owner=? AND phone=?"
                self._database.execute(query, (owner.phone, contact.phone))
            else:
                query = "INSERT OR REPLACE INTO address_book (owner, phone, name) VALUES (?, ?, ?)"
                self._database.execute(query, (owner.phone, contact.phone, name))
        return True

    def key(self, owner: Person) -> Key:
        """What the linked devices need to read the book; made on first use."""
        return self._kept(owner)[0]

    def version(self, owner: Person) -> int:
        """How often the book has changed."""
        return self._kept(owner)[1].version

    def snapshot(self, owner: Person) -> bytes | None:
        """The whole book, a serialized SyncdSnapshot; None where it has never been written in."""
        key, state = self._kept(owner)
        rows = self._database.execute("SELECT record FROM app_state_records WHERE owner=? ORDER BY mac", [owner.phone])
        records = [sync.SyncdRecord.FromString(row["record"]) for row in rows]
        whole = app_state.snapshot(key, COLLECTION, state, records)
        return bytes(whole.SerializeToString()) if state.version else None

    def patches(self, owner: Person, after: int) -> list[bytes]:
        """What changed after a version, oldest first: serialized SyncdPatches."""
        query = "SELECT patch FROM app_state_patches WHERE owner=? AND version>? ORDER BY version"
        return [row["patch"] for row in self._database.execute(query, (owner.phone, after))]

    def _sync(self, owner: Person, index: list[str], value: object, *, remove: bool) -> None:
        key, state = self._kept(owner)
        change = app_state.mutation(key, index, value, remove=remove)
        mac, run = app_state.index_mac(change.record), self._database.execute
        rows = run("DELETE FROM app_state_records WHERE owner=? AND mac=? RETURNING record", (owner.phone, mac))
        replaced = [app_state.value_mac(sync.SyncdRecord.FromString(row["record"])) for row in rows.fetchall()]
        if not remove:
            record = change.record.SerializeToString()
            run("INSERT INTO app_state_records (owner, mac, record) VALUES (?, ?, ?)", (owner.phone, mac, record))
        patch = app_state.patch(key, COLLECTION, state, [change], replaced).SerializeToString()
        after = app_state.advanced(state, [change], replaced)
        run(
            "INSERT INTO app_state_patches (owner, version, patch) VALUES (?, ?, ?)",
            (owner.phone, after.version, patch),
        )
        run("UPDATE app_state SET version=?, hash=? WHERE owner=?", (after.version, after.hash, owner.phone))

    def _kept(self, owner: Person) -> tuple[Key, State]:
        row = self._database.execute("SELECT * FROM app_state WHERE owner=?", (owner.phone,)).fetchone()
        if row:
            return Key(row["key_id"], row["secret"]), State(row["version"], row["hash"])
        key, state = app_state.fresh_key(), State()
        self._database.execute(
            "INSERT INTO app_state (owner, key_id, secret, version, hash) VALUES (?, ?, ?, ?, ?)",
            (owner.phone, key.id, key.secret, state.version, state.hash),
        )
        return key, state


def _action(contact: Person, name: str, now: datetime) -> object:
    told = {
        "fullName": name,
        "firstName": name.split(maxsplit=1)[0] if name.split() else "",
        "lidJID": str(contact.lid_jid),
        "saveOnPrimaryAddressbook": True,
    }
    return actions.SyncActionValue(timestamp=int(now.timestamp() * 1000), contactAction=told)
