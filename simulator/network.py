"""The simulated WhatsApp: all it knows and who is connected; each stanza from a client is handed on from here."""

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass

import structlog

from simulator import delivery, greetings, linking, mischief, queries
from simulator.address_book import AddressBook
from simulator.certificates import Authority
from simulator.connection import Connection
from simulator.devices import Device, Devices
from simulator.faults import Faults
from simulator.files import Files
from simulator.group_keys import GroupKeys
from simulator.groups import Groups
from simulator.happenings import Happenings
from simulator.keyring import Keyring
from simulator.mailbox import Mailbox
from simulator.models import Fault, FaultRule
from simulator.nodes import SERVER, Jid, Node, node
from simulator.people import People, Person
from simulator.presences import Presences
from simulator.store import transaction

log = structlog.get_logger()

_SILENT = {"ib", "xmlstreamend"}  # what a client says that needs no answer


def masked(phone: str) -> str:
    """A number as it may stand in a log."""
    return f"…{phone[-4:]}"


@dataclass(frozen=True)
class MediaAddress:
    """Where clients bring and fetch files, and what they must show there to bring one."""

    host: str
    auth: str


class Network:
    """All state of one simulator; used on the event loop's thread only."""

    def __init__(self, database: sqlite3.Connection, authority: Authority, files: Files) -> None:
        self.authority = authority
        self.files = files
        self.media: MediaAddress | None = None
        self.people = People(database)
        self.devices = Devices(database)
        self.mailbox = Mailbox(database)
        self.keyring = Keyring(database, self.people)
        self.groups = Groups(database)
        self.address_book = AddressBook(database)
        self.group_keys = GroupKeys(database)
        self.faults = Faults()
        self.happenings = Happenings()
        self.connected: dict[tuple[str, int], Connection] = {}
        self.links = linking.Links(self)
        self.presences = Presences(self)
        self.receipts_changed = asyncio.Event()
        self.faults_changed: Callable[[], Awaitable[None]] = _nothing
        """Awaited after each change of the rules: whether anybody listens depends on them."""
        self._database, self._last_id = database, 0

    def transaction(self) -> AbstractContextManager[None]:
        """Keeps what is done inside as one change."""
        return transaction(self._database)

    def stanza_id(self) -> str:
        """An id for a stanza that the server begins."""
        self._last_id += 1
        return f"sim-{self._last_id}"

    def connection_of(self, phone: str, device: int) -> Connection | None:
        """The device's connection, once it has logged in."""
        return self.connected.get((phone, device))

    def deliver(self, device: Device, stanza: Node) -> None:
        """Keeps a stanza for a device until it confirms it, and sends it now if the device is there."""
        fault = self.fault("delivery", device.phone) if stanza.tag == "message" else None
        if fault and fault.action == "garble":
            stanza = delivery.garbled(stanza)
        self.mailbox.enqueue(device.phone, device.number, stanza)
        connection = self.connection_of(device.phone, device.number)
        if connection and connection.active and not (fault and fault.action == "drop"):
            for _ in range(2 if fault and fault.action == "repeat" else 1):
                connection.send(stanza)

    def enter(self, connection: Connection, owner: Person, device: Device) -> None:
        """A linked device has logged in; an older connection of the same device is told that it was replaced."""
        older = self.connected.pop((owner.phone, device.number), None)
        if older:
            older.dismiss(node("stream:error", node("conflict", type="replaced")))
        connection.owner, connection.device = owner, device
        self.connected[owner.phone, device.number] = connection
        self.happenings.add("logged-in", owner.phone, device=device.number)

    def leave(self, connection: Connection) -> None:
        """A connection has ended."""
        self.links.forget(connection)
        if connection.owner and connection.device:
            key = (connection.owner.phone, connection.device.number)
            if self.connected.get(key) is connection:
                del self.connected[key]
                self.happenings.add("disconnected", key[0], device=key[1])
                log.info("disconnected", account=masked(key[0]), device=key[1])

    def fault(
        self, stanza: str, account: str | None = None, *, xmlns: str = "", inner: str = "", to: str = ""
    ) -> Fault | None:
        """The rule that meets this stanza, counted and told as played; None lets it pass."""
        fault = self.faults.play(stanza, xmlns=xmlns, inner=inner, to=to)
        if fault:
            log.warning("fault-played", number=fault.number, stanza=stanza, action=fault.action)
            self.happenings.add("fault-played", account, rule=fault.number, stanza=stanza, action=fault.action)
        return fault

    async def add_fault(self, rule: FaultRule) -> Fault:
        """Puts a rule in force; one for the line is played at once to those who are connected."""
        fault = self.faults.add(rule)
        await self._play_what_waits_for_no_stanza()
        if rule.starts_after_ms:
            loop, seconds = asyncio.get_running_loop(), rule.starts_after_ms / 1000
            loop.call_later(seconds, lambda: loop.create_task(self._play_what_waits_for_no_stanza()))
        return fault

    async def clear_faults(self) -> int:
        """Takes all rules back; how many there were."""
        count = self.faults.clear()
        await self.faults_changed()
        return count

    async def _play_what_waits_for_no_stanza(self) -> None:
        await self.faults_changed()
        for connection in [each for each in self.connected.values() if each.active]:
            self._play_on(connection)

    def _play_on(self, connection: Connection) -> None:
        if fault := self.fault("line", _account(connection)):
            mischief.instead(self, connection, fault)

    def handle(self, connection: Connection, stanza: Node) -> None:
        """Answers one stanza from a client; a failure inside is logged, answered and never ends the connection."""
        if connection.silent:
            return
        xmlns, inner = stanza.text("xmlns"), stanza.children[0].tag if stanza.children else ""
        to = self._phone_of(stanza.jid("to"))
        fault = self.fault(stanza.tag, _account(connection), xmlns=xmlns, inner=inner, to=to)
        try:
            with self.transaction():
                self._answer(connection, stanza, fault)
        except Exception:  # one stanza must not end the server; a test looks for the happening
            log.exception("stanza-failed", tag=stanza.tag, xmlns=stanza.text("xmlns"))
            self.happenings.add("stanza-failed", _account(connection), tag=stanza.tag, xmlns=stanza.text("xmlns"))
            if stanza.tag == "iq":
                connection.send(queries.refusal(stanza, 500, "internal-server-error"))

    def _answer(self, connection: Connection, stanza: Node, fault: Fault | None) -> None:
        if fault:
            mischief.answer(self, connection, stanza, fault, lambda asked: self._answers(connection, asked))
        elif answer := self._answers(connection, stanza):
            connection.send(answer)

    def _answers(self, connection: Connection, stanza: Node) -> Node | None:
        if stanza.tag == "iq" and stanza.text("type") in ("result", "error"):
            self.links.answered(connection, stanza)
            return None
        if stanza.tag in _SILENT:
            return None
        if connection.owner is None or connection.device is None:
            answer = self.links.code_asked(connection, stanza)
            if answer is None and stanza.tag != "ack":
                self.unknown(connection, stanza, "before login")
            return answer
        if stanza.tag == "iq":
            return queries.answer(self, connection, connection.device, connection.owner, stanza)
        if stanza.tag == "message":
            return delivery.message_from_client(self, connection.owner, connection.device, stanza)
        if stanza.tag == "receipt":
            return delivery.receipt_from_client(self, connection.owner, connection.device, stanza)
        if stanza.tag in ("presence", "chatstate"):
            self.presences.from_client(connection, connection.owner, stanza)
        elif stanza.tag == "ack":
            delivery.ack_from_client(self, connection.device, stanza)
        else:
            self.unknown(connection, stanza, "unknown tag")
        return None

    def unknown(self, connection: Connection, stanza: Node, why: str) -> None:
        """Says loudly that a client asked for something this simulator does not know."""
        inner = ",".join(child.tag for child in stanza.children)
        log.warning(
            "unknown-stanza", why=why, tag=stanza.tag, xmlns=stanza.text("xmlns"), type=stanza.text("type"), inner=inner
        )
        self.happenings.add(
            "unknown-stanza", _account(connection), why=why, tag=stanza.tag, xmlns=stanza.text("xmlns"), inner=inner
        )

    def activate(self, connection: Connection, owner: Person, device: Device) -> None:
        """The client wants its stanzas now: first what waited for it, then everything as it comes."""
        if self.devices.greet(device):
            greetings.greet(self, owner, device)
        waiting = self.mailbox.waiting(device.phone, device.number)
        tags = [one.stanza.tag for one in waiting]
        preview = node(
            "offline_preview",
            count=len(waiting),
            appdata=0,
            message=tags.count("message"),
            notification=tags.count("notification"),
            receipt=tags.count("receipt"),
        )
        connection.send(node("ib", preview, from_=SERVER))
        for one in waiting:
            stanza = one.stanza
            connection.send(Node(stanza.tag, {**stanza.attrs, "offline": "0"}, stanza.content))
        connection.send(node("ib", node("offline", count=len(waiting)), from_=SERVER))
        connection.active = True
        phone, number = device.phone, device.number
        self.happenings.add("connected", phone, device=number, waited=len(waiting))
        log.info("connected", account=masked(phone), device=number, waited=len(waiting))
        self._play_on(connection)

    def _phone_of(self, jid: Jid | None) -> str:
        person = self.people.by_jid(jid) if jid and jid.user else None
        return person.phone if person else ""


def _account(connection: Connection) -> str | None:
    return connection.owner.phone if connection.owner else None


async def _nothing() -> None:
    """Nobody wants to know."""
