"""The Signal end of each simulated device: opens what is sealed for it and seals what it says."""

import json
import sqlite3
from collections.abc import Callable
from typing import Any

from simulator import envelopes, ratchet
from simulator.curve import KeyPair
from simulator.envelopes import PreKeySignalMessage
from simulator.people import SIGNED_PREKEY_ID, End, People
from simulator.ratchet import Bundle, Chain, Pending, Receiver, Record, Session, Undecryptable


class Keyring:
    """The sessions of all simulated devices; a remote end is named `LID:device`."""

    def __init__(self, database: sqlite3.Connection, people: People) -> None:
        self._database, self._people = database, people

    def open(self, end: End, remote: str, kind: str, sealed: bytes) -> bytes:
        """The plain text of a `pkmsg` or `msg`; raises Undecryptable, AlreadyDecrypted or MalformedEnvelope."""
        record = self._load(end, remote)
        if kind == "pkmsg":
            first = envelopes.parse_prekey(sealed)
            message = first.message
            if ratchet.find(record, first.base_key) is None:
                record = ratchet.with_session(record, self._answer(end, first))
        elif kind == "msg":
            message = envelopes.parse_signal(sealed)
        else:
            raise Undecryptable(f"The encryption {kind!r} is not known here.")
        if record is None:
            raise Undecryptable("There is no session with this sender.")
        after, plain = ratchet.decrypt_any(record, message)
        self._save(end, remote, after)
        return plain

    def seal(self, end: End, remote: str, plain: bytes, bundle: Callable[[], Bundle]) -> tuple[str, bytes]:
        """Encrypts for a remote end: (`pkmsg` or `msg`, bytes); `bundle` is asked only where no session exists."""
        record = self._load(end, remote)
        if record is None:
            record = Record(ratchet.start(end.identity, end.registration_id, bundle()))
        session, message = ratchet.encrypt(record.current, plain)
        self._save(end, remote, Record(session, record.previous))
        return ("pkmsg" if isinstance(message, PreKeySignalMessage) else "msg"), message.serialized

    def forget(self, end: End, remote: str) -> None:
        """Drops the sessions with a remote end: the next message starts a new one."""
        self._database.execute("DELETE FROM sessions WHERE phone=? AND remote=?", (end.name, remote))

    def _answer(self, end: End, first: PreKeySignalMessage) -> Session:
        if first.signed_prekey_id != SIGNED_PREKEY_ID:
            raise Undecryptable(f"Signed prekey {first.signed_prekey_id} was never published.")
        prekey = None if first.prekey_id is None else self._people.prekey(end, first.prekey_id)
        if prekey is None and first.prekey_id is not None:
            raise Undecryptable(f"One-time prekey {first.prekey_id} was never published.")
        return ratchet.answer(end.identity, end.signed_prekey, prekey, first)

    def _load(self, end: End, remote: str) -> Record | None:
        query = "SELECT record FROM sessions WHERE phone=? AND remote=?"
        row = self._database.execute(query, (end.name, remote)).fetchone()
        return load_record(row["record"]) if row else None

    def _save(self, end: End, remote: str, record: Record) -> None:
        self._database.execute(
            "INSERT OR REPLACE INTO sessions VALUES (?, ?, ?)", (end.name, remote, dump_record(record))
        )


def dump_record(record: Record) -> str:
    """A record as JSON, keys in hexadecimal."""
    kept = {"current": _dump(record.current), "previous": [_dump(one) for one in record.previous]}
    return json.dumps(kept, separators=(",", ":"))


def _dump(session: Session) -> dict[str, Any]:
    wait = session.pending
    return {
        "local_identity": session.local_identity.hex(),
        "remote_identity": session.remote_identity.hex(),
        "base_key": session.base_key.hex(),
        "root": session.root.hex(),
        "ratchet": [session.ratchet.private.hex(), session.ratchet.public.hex()],
        "sending": _dump_chain(session.sending),
        "previous_counter": session.previous_counter,
        "receivers": [
            [one.ratchet_key.hex(), _dump_chain(one.chain), [(index, seed.hex()) for index, seed in one.skipped]]
            for one in session.receivers
        ],
        "pending": wait and [wait.prekey_id, wait.signed_prekey_id, wait.base_key.hex(), wait.registration_id],
    }


def _dump_chain(chain: Chain) -> list[str | int]:
    return [chain.key.hex(), chain.index]


def load_record(text: str) -> Record:
    """The record that dump_record wrote."""
    kept = json.loads(text)
    return Record(_session(kept["current"]), tuple(_session(one) for one in kept["previous"]))


def _session(kept: dict[str, Any]) -> Session:
    private, public = kept["ratchet"]
    wait = kept["pending"]
    return Session(
        local_identity=bytes.fromhex(kept["local_identity"]),
        remote_identity=bytes.fromhex(kept["remote_identity"]),
        base_key=bytes.fromhex(kept["base_key"]),
        root=bytes.fromhex(kept["root"]),
        ratchet=KeyPair(bytes.fromhex(private), bytes.fromhex(public)),
        sending=_chain(*kept["sending"]),
        previous_counter=kept["previous_counter"],
        receivers=tuple(
            Receiver(bytes.fromhex(key), _chain(*chain), tuple((index, bytes.fromhex(seed)) for index, seed in skipped))
            for key, chain, skipped in kept["receivers"]
        ),
        pending=Pending(wait[0], wait[1], bytes.fromhex(wait[2]), wait[3]) if wait else None,
    )


def _chain(key: str, index: int) -> Chain:
    return Chain(bytes.fromhex(key), index)
