"""Simulated people: a phone number, a LID, a name, and devices with real Signal keys; kept in the store.

An account's owner is a person too: the phone that scans the QR code is device 0 of that person.
"""

import secrets
import sqlite3
from dataclasses import dataclass

from simulator import curve
from simulator.curve import DJB_TYPE, KeyPair
from simulator.nodes import Jid
from simulator.ratchet import Bundle

SIGNED_PREKEY_ID = 1
DELIVERED_AFTER_MS = 100
READ_AFTER_MS = 500


@dataclass(frozen=True)
class End:
    """A simulated device with Signal keys of its own; device 0 is the phone."""

    phone: str
    lid: str
    device: int
    identity: KeyPair
    registration_id: int
    signed_prekey: KeyPair

    @property
    def name(self) -> str:
        """What its sessions and prekeys are kept under."""
        return f"{self.phone}:{self.device}" if self.device else self.phone

    @property
    def lid_jid(self) -> Jid:
        """Its hidden address."""
        return Jid(self.lid, "lid", self.device)

    @property
    def remote(self) -> str:
        """What others keep their sessions with it under."""
        return f"{self.lid}:{self.device}"

    @property
    def signature(self) -> bytes:
        """The identity's signature under the signed prekey."""
        return curve.sign(self.identity.private, DJB_TYPE + self.signed_prekey.public)


@dataclass(frozen=True)
class Person:
    """Someone with a phone and perhaps more devices; the two delays are milliseconds, None means never."""

    phone: str
    lid: str
    name: str
    registered: bool
    is_account: bool
    ends: tuple[End, ...]
    delivered_after_ms: int | None
    read_after_ms: int | None

    @property
    def lid_jid(self) -> Jid:
        """The hidden address, which today's clients use for everything."""
        return Jid(self.lid, "lid")

    @property
    def phone_jid(self) -> Jid:
        """The address with the phone number."""
        return Jid(self.phone, "s.whatsapp.net")

    @property
    def end(self) -> End:
        """The phone itself."""
        return self.ends[0]

    @property
    def identity(self) -> KeyPair:
        """The phone's identity key, under which its linked devices are vouched for."""
        return self.end.identity


class People:
    """Everybody the simulator plays."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database
        rows = database.execute("SELECT * FROM people ORDER BY phone").fetchall()
        self._known = {row["phone"]: self._person(row) for row in rows}  # making key pairs of stored keys costs time
        self._by_lid = {person.lid: person for person in self._known.values()}

    def put(
        self,
        phone: str,
        name: str,
        *,
        registered: bool = True,
        is_account: bool = False,
        delivered_after_ms: int | None = DELIVERED_AFTER_MS,
        read_after_ms: int | None = READ_AFTER_MS,
        devices: int = 1,
    ) -> Person:
        """Adds a person with fresh keys, or changes the one with this number, whose keys and LID stay."""
        values = (name, registered, delivered_after_ms, read_after_ms, devices)
        if self.by_phone(phone):
            self._database.execute(
                "UPDATE people SET name=?, registered=?, delivered_after_ms=?, read_after_ms=?, devices=?,"
                " is_account=is_account OR ? WHERE phone=?",
                (*values, is_account, phone),
            )
        else:
            self._database.execute(
                "INSERT INTO people (name, registered, delivered_after_ms, read_after_ms, devices, is_account, phone,"
                " lid, identity, registration_id, signed_prekey) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    *values,
                    is_account,
                    phone,
                    str(10**14 + secrets.randbelow(9 * 10**14)),
                    curve.key_pair().private,
                    1 + secrets.randbelow(16380),
                    curve.key_pair().private,
                ),
            )
        row = self._database.execute("SELECT * FROM people WHERE phone=?", (phone,)).fetchone()
        person = self._person(row)
        self._known[phone] = self._by_lid[person.lid] = person
        return person

    def by_phone(self, phone: str) -> Person | None:
        """The person with this number (digits only), or None."""
        return self._known.get(phone)

    def by_jid(self, jid: Jid) -> Person | None:
        """The person at this address, whether it is the hidden or the public one."""
        return self._by_lid.get(jid.user) if jid.server == "lid" else self._known.get(jid.user.lstrip("+"))

    def all(self, *, accounts: bool) -> list[Person]:
        """The accounts, or everybody else."""
        return [person for person in self._known.values() if person.is_account == accounts]

    def end(self, jid: Jid) -> End | None:
        """The simulated device at this address, or None."""
        person = self.by_jid(jid)
        return next((end for end in person.ends if end.device == jid.device), None) if person else None

    def publish(self, end: End) -> Bundle:
        """A device's key bundle with a one-time prekey that nobody got before."""
        row = self._database.execute("SELECT coalesce(max(id), 0) + 1 FROM prekeys WHERE phone=?", (end.name,))
        (number,) = row.fetchone()
        prekey = curve.key_pair()
        self._database.execute("INSERT INTO prekeys VALUES (?, ?, ?)", (end.name, number, prekey.private))
        return Bundle(
            registration_id=end.registration_id,
            identity=end.identity.public,
            signed_prekey_id=SIGNED_PREKEY_ID,
            signed_prekey=end.signed_prekey.public,
            signature=end.signature,
            prekey_id=number,
            prekey=prekey.public,
        )

    def prekey(self, end: End, number: int) -> KeyPair | None:
        """A one-time prekey that was published, or None. It stays: a late second copy must find it too."""
        query = "SELECT private FROM prekeys WHERE phone=? AND id=?"
        row = self._database.execute(query, (end.name, number)).fetchone()
        return curve.key_pair(row["private"]) if row else None

    def _person(self, row: sqlite3.Row) -> Person:
        phone, lid = row["phone"], row["lid"]
        first = _end(phone, lid, 0, row)
        kept = {
            other["device"]: _end(phone, lid, other["device"], other)
            for other in self._database.execute("SELECT * FROM more_devices WHERE phone=?", (phone,)).fetchall()
        }
        for device in range(1, row["devices"]):
            if device not in kept:
                kept[device] = self._add_device(phone, lid, device)
        return Person(
            phone=phone,
            lid=lid,
            name=row["name"],
            registered=bool(row["registered"]),
            is_account=bool(row["is_account"]),
            ends=(first, *(kept[device] for device in range(1, row["devices"]))),
            delivered_after_ms=row["delivered_after_ms"],
            read_after_ms=row["read_after_ms"],
        )

    def _add_device(self, phone: str, lid: str, device: int) -> End:
        row = self._database.execute(
            "INSERT INTO more_devices (phone, device, identity, registration_id, signed_prekey)"
            " VALUES (?, ?, ?, ?, ?) RETURNING *",
            (phone, device, curve.key_pair().private, 1 + secrets.randbelow(16380), curve.key_pair().private),
        ).fetchone()
        return _end(phone, lid, device, row)


def _end(phone: str, lid: str, device: int, row: sqlite3.Row) -> End:
    identity, signed_prekey = curve.key_pair(row["identity"]), curve.key_pair(row["signed_prekey"])
    return End(phone, lid, device, identity, row["registration_id"], signed_prekey)
