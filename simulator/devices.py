"""Linked devices of the accounts, as the server knows them: public keys, and one-time prekeys to hand out."""

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from simulator.nodes import Jid
from simulator.people import Person
from simulator.ratchet import Bundle
from simulator.store import transaction


@dataclass(frozen=True)
class Registration:
    """What an unlinked client says of itself when it connects; keys are 32 bytes, public."""

    noise: bytes
    identity: bytes
    registration_id: int
    signed_prekey_id: int
    signed_prekey: bytes
    signature: bytes


@dataclass(frozen=True)
class Device:
    """A linked device of an account."""

    phone: str
    number: int
    registration: Registration
    linked_at: str

    def lid_jid(self, owner: Person) -> Jid:
        """Its hidden address."""
        return Jid(owner.lid, "lid", self.number)

    def phone_jid(self) -> Jid:
        """Its address with the phone number."""
        return Jid(self.phone, "s.whatsapp.net", self.number)


class Devices:
    """All linked devices."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database

    def greet(self, device: Device) -> bool:
        """Notes that the phone has told the device all that a new one must know; False when it had before."""
        done = self._database.execute(
            "UPDATE devices SET greeted=1 WHERE phone=? AND device=? AND greeted=0", (device.phone, device.number)
        )
        return done.rowcount > 0

    def next_number(self, phone: str) -> int:
        """A device number that this account never used."""
        row = self._database.execute(
            "INSERT INTO device_numbers VALUES (?, 1) ON CONFLICT (phone) DO UPDATE SET last=last+1 RETURNING last",
            (phone,),
        )
        return int(row.fetchone()["last"])

    def add(self, phone: str, number: int, registration: Registration, now: datetime) -> Device:
        """Keeps a newly linked device; `now` is aware, UTC."""
        self._database.execute(
            "INSERT INTO devices (phone, device, noise, identity, registration_id, signed_prekey_id, signed_prekey,"
            " signature, linked_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                phone,
                number,
                registration.noise,
                registration.identity,
                registration.registration_id,
                registration.signed_prekey_id,
                registration.signed_prekey,
                registration.signature,
                now.isoformat(),
            ),
        )
        return Device(phone, number, registration, now.isoformat())

    def get(self, phone: str, number: int) -> Device | None:
        """The device with this number, or None."""
        return next((device for device in self.of(phone) if device.number == number), None)

    def of(self, phone: str) -> list[Device]:
        """The account's linked devices in the order of their numbers."""
        rows = self._database.execute("SELECT * FROM devices WHERE phone=? ORDER BY device", (phone,))
        return [_device(row) for row in rows]

    def remove(self, phone: str, number: int) -> None:
        """Unlinks a device: its keys, its prekeys and what waits for it."""
        for table in ("devices", "device_prekeys", "queue"):
            self._database.execute(f"DELETE FROM {table} WHERE phone=? AND device=?", (phone, number))  # noqa: S608

    def upload(self, device: Device, registration: Registration, prekeys: Iterable[tuple[int, bytes]]) -> None:
        """Takes what the client uploads: its signed prekey and one-time prekeys (id, public)."""
        rows = [(device.phone, device.number, number, public) for number, public in prekeys]
        with transaction(self._database):
            self._database.execute(
                "UPDATE devices SET registration_id=?, signed_prekey_id=?, signed_prekey=?, signature=?"
                " WHERE phone=? AND device=?",
                (
                    registration.registration_id,
                    registration.signed_prekey_id,
                    registration.signed_prekey,
                    registration.signature,
                    device.phone,
                    device.number,
                ),
            )
            self._database.executemany("INSERT OR REPLACE INTO device_prekeys VALUES (?, ?, ?, ?)", rows)

    def prekey_count(self, device: Device) -> int:
        """How many one-time prekeys are left to hand out."""
        query = "SELECT count(*) FROM device_prekeys WHERE phone=? AND device=?"
        return int(self._database.execute(query, (device.phone, device.number)).fetchone()[0])

    def publish(self, device: Device) -> Bundle:
        """The device's key bundle; its one-time prekey is gone from the server after that."""
        row = self._database.execute(
            "DELETE FROM device_prekeys WHERE rowid = (SELECT rowid FROM device_prekeys WHERE phone=? AND device=?"
            " ORDER BY id LIMIT 1) RETURNING id, public",
            (device.phone, device.number),
        ).fetchone()
        own = device.registration
        return Bundle(
            registration_id=own.registration_id,
            identity=own.identity,
            signed_prekey_id=own.signed_prekey_id,
            signed_prekey=own.signed_prekey,
            signature=own.signature,
            prekey_id=row["id"] if row else None,
            prekey=row["public"] if row else None,
        )


def _device(row: sqlite3.Row) -> Device:
    registration = Registration(
        noise=row["noise"],
        identity=row["identity"],
        registration_id=row["registration_id"],
        signed_prekey_id=row["signed_prekey_id"],
        signed_prekey=row["signed_prekey"],
        signature=row["signature"],
    )
    return Device(row["phone"], row["device"], registration, row["linked_at"])
