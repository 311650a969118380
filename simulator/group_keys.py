"""The sender keys of all simulated devices: their own in each group, and those handed to them; kept in the store."""

import json
import sqlite3

from simulator import sender_keys
from simulator.people import End
from simulator.sender_keys import SenderKey

_OWN = ""


class GroupKeys:
    """Seals and opens group messages; a chat is a group's address, a remote end is named `LID:device`."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database

    def seal(self, end: End, chat: str, plain: bytes) -> tuple[bytes, bytes]:
        """The end's next message in a group: (what opens it for those who have no key yet, the sealed message)."""
        known = self._load(end.name, chat, _OWN)
        key = known[0] if known else sender_keys.fresh()
        handed = sender_keys.distribution(key)
        after, sealed = sender_keys.encrypt(key, plain)
        self._save(end.name, chat, _OWN, (after,))
        return handed, sealed

    def must_give(self, end: End, chat: str, remote: str) -> bool:
        """Whether the remote end has not got the end's present key; noted as given from now on."""
        done = self._database.execute(
            "INSERT OR IGNORE INTO sender_keys_given VALUES (?, ?, ?)", (end.name, chat, remote)
        )
        return done.rowcount > 0

    def take_back(self, end: End, chat: str, remote: str) -> None:
        """Has the end give its key to a remote end once more, with the next message."""
        self._database.execute(
            "DELETE FROM sender_keys_given WHERE holder=? AND chat=? AND remote=?", (end.name, chat, remote)
        )

    def renew(self, chat: str) -> None:
        """Somebody has left a group: everybody speaks with a fresh key from now on."""
        self._database.execute("DELETE FROM sender_keys WHERE chat=? AND speaker=?", (chat, _OWN))
        self._database.execute("DELETE FROM sender_keys_given WHERE chat=?", (chat,))

    def accept(self, end: End, chat: str, remote: str, handed: bytes) -> None:
        """A remote end hands over its key; raises MalformedEnvelope."""
        self._save(end.name, chat, remote, sender_keys.accept(self._load(end.name, chat, remote), handed))

    def open(self, end: End, chat: str, remote: str, sealed: bytes) -> bytes:
        """A group message's plain text; raises Undecryptable, AlreadyDecrypted or MalformedEnvelope."""
        after, plain = sender_keys.decrypt(self._load(end.name, chat, remote), sealed)
        self._save(end.name, chat, remote, after)
        return plain

    def _load(self, holder: str, chat: str, speaker: str) -> tuple[SenderKey, ...]:
        row = self._database.execute(
            "SELECT record FROM sender_keys WHERE holder=? AND chat=? AND speaker=?", (holder, chat, speaker)
        ).fetchone()
        return load_keys(row["record"]) if row else ()

    def _save(self, holder: str, chat: str, speaker: str, keys: tuple[SenderKey, ...]) -> None:
        self._database.execute(
            "INSERT OR REPLACE INTO sender_keys VALUES (?, ?, ?, ?)", (holder, chat, speaker, dump_keys(keys))
        )


def dump_keys(keys: tuple[SenderKey, ...]) -> str:
    """Sender keys as JSON, bytes in hexadecimal."""
    return json.dumps(
        [
            {
                "id": one.id,
                "chain": one.chain.hex(),
                "iteration": one.iteration,
                "signing": one.signing.hex(),
                "private": one.private and one.private.hex(),
                "skipped": [(number, chain.hex()) for number, chain in one.skipped],
            }
            for one in keys
        ]
    )


def load_keys(text: str) -> tuple[SenderKey, ...]:
    """The keys that dump_keys wrote."""
    return tuple(
        SenderKey(
            id=one["id"],
            chain=bytes.fromhex(one["chain"]),
            iteration=one["iteration"],
            signing=bytes.fromhex(one["signing"]),
            private=bytes.fromhex(one["private"]) if one["private"] else None,
            skipped=tuple((number, bytes.fromhex(chain)) for number, chain in one["skipped"]),
        )
        for one in json.loads(text)
    )
