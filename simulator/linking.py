"""The course of linking and unlinking: clients that show a code, the scan or the typing, the login of those linked."""

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import structlog

from simulator import device_lists, link_codes, pairing, queries
from simulator.clock import utc_now
from simulator.connection import Connection
from simulator.devices import Registration
from simulator.link_codes import Hello, MalformedHello, Typed, WrongLinkCode
from simulator.models import Linked
from simulator.nodes import Jid, Node, node
from simulator.pairing import Code, WrongCode, WrongSignature
from simulator.people import Person

if TYPE_CHECKING:
    from simulator.network import Network

log = structlog.get_logger()

_QR_SECONDS = 160  # 60 for the first code and 20 for each of the other five
_ANSWER_SECONDS = 20
_LOGGED_OUT = 401
_UNLINKED = (_LOGGED_OUT, 403, 406)
"""Failures after which the client forgets its device: the server has done so too."""


@dataclass
class _Offer:
    connection: Connection
    registration: Registration
    refs: list[str]
    expiry: asyncio.TimerHandle
    hello: Hello | None = None
    typing: "_Typing | None" = None


@dataclass
class _Typing:
    """A code that was typed on the phone, until the client has answered."""

    owner: Person
    typed: Typed
    secret: "asyncio.Future[bytes]" = field(repr=False)


@dataclass
class _Scan:
    owner: Person
    number: int
    details: bytes
    registration: Registration
    done: "asyncio.Future[Linked]" = field(repr=False)


class Links:
    """Clients that wait for a scan, and scans that wait for the client's signature."""

    def __init__(self, network: "Network") -> None:
        self._network = network
        self._offers: dict[Connection, _Offer] = {}
        self._scans: dict[str, tuple[Connection, _Scan]] = {}

    @property
    def waiting(self) -> int:
        """How many clients show a QR code now."""
        return len(self._offers)

    def offer(self, connection: Connection, payload: Any, noise: bytes) -> None:
        """Gives an unlinked client the references for its QR codes, and closes when none was scanned in their time."""
        refs = pairing.fresh_refs()
        expiry = asyncio.get_running_loop().call_later(_QR_SECONDS, connection.close)
        self._offers[connection] = _Offer(connection, pairing.registration(payload, noise), refs, expiry)
        connection.send(pairing.pair_device(self._network.stanza_id(), refs))
        self._network.happenings.add("waiting-for-scan")

    def forget(self, connection: Connection) -> None:
        """The connection has ended."""
        offer = self._offers.pop(connection, None)
        if offer:
            offer.expiry.cancel()
            if offer.typing and not offer.typing.secret.done():
                offer.typing.secret.set_exception(WrongLinkCode("The client went away before it answered."))
        for stanza_id, (waiting, scan) in list(self._scans.items()):
            if waiting is connection:
                del self._scans[stanza_id]
                if not scan.done.done():
                    scan.done.set_exception(WrongSignature("The client went away before it confirmed the link."))

    async def scan(self, qr: str, phone: str, name: str) -> Linked:
        """The phone scans a code; returns when the client has signed. Raises WrongCode or WrongSignature."""
        code = pairing.parse(qr)
        offer = next((one for one in self._offers.values() if code.ref in one.refs), None)
        if offer is None:
            raise WrongCode("No client shows this QR code now; it may have expired.")
        if (code.noise, code.identity) != (offer.registration.noise, offer.registration.identity):
            raise WrongCode("The keys in the QR code are not those of the client that got its reference.")
        network = self._network
        owner = network.people.put(phone, name, is_account=True)
        scan = self._vouch(offer, owner, code)
        async with asyncio.timeout(_ANSWER_SECONDS):
            return await scan.done

    def code_asked(self, connection: Connection, question: Node) -> Node | None:
        """What an unlinked client says about linking by code; the answer, or None where it is about something else."""
        part, offer = question.child(link_codes.STAGE), self._offers.get(connection)
        if question.tag != "iq" or part is None or offer is None:
            return None
        if part.text("stage") == "companion_hello":
            return self._hello(offer, question)
        if part.text("stage") == "companion_finish" and offer.hello and offer.typing:
            typing = offer.typing
            try:
                secret = link_codes.finish(
                    question, offer.hello, typing.typed, typing.owner.identity, offer.registration.identity
                )
            except WrongLinkCode as error:
                log.error("link-refused", reason=str(error))
                typing.secret.set_exception(error)
                return queries.refusal(question, 400, "bad-request")
            typing.secret.set_result(secret)
            return queries.result(question)
        return None

    def _hello(self, offer: _Offer, question: Node) -> Node:
        try:
            offer.hello = link_codes.read_hello(question)
        except MalformedHello as error:
            log.error("hello-refused", reason=str(error))
            return queries.refusal(question, 400, "bad-request")
        self._network.happenings.add("waiting-for-code", offer.hello.phone)
        return queries.result(question, link_codes.hello_answer(offer.hello))

    async def type_code(self, code: str, phone: str, name: str) -> Linked:
        """A code is typed on the phone; returns when the client has signed. Raises WrongLinkCode or WrongSignature."""
        plain = link_codes.normal(code)
        waiting = [one for one in self._offers.values() if one.hello and one.hello.phone == phone]
        offer = next(reversed(waiting), None)
        if offer is None or offer.hello is None:
            raise WrongLinkCode("No client shows a code for this phone now; it may have expired.")
        network, hello = self._network, offer.hello
        derived = await asyncio.to_thread(link_codes.typed, plain, hello)
        owner = network.people.put(phone, name, is_account=True)
        secret = asyncio.get_running_loop().create_future()
        offer.typing = _Typing(owner, derived, secret)
        offer.connection.send(
            link_codes.primary_hello(
                network.stanza_id(), hello, derived, owner.identity.public, int(utc_now().timestamp())
            )
        )
        async with asyncio.timeout(_ANSWER_SECONDS):
            known = offer.registration
            scan = self._vouch(offer, owner, Code(hello.ref, known.noise, known.identity, await secret))
            return await scan.done

    def _vouch(self, offer: _Offer, owner: Person, code: Code) -> _Scan:
        offer.expiry.cancel()
        self._offers.pop(offer.connection, None)
        now = utc_now()
        number = self._network.devices.next_number(owner.phone)
        details = pairing.identity_details(number, now)
        done = asyncio.get_running_loop().create_future()
        scan = _Scan(owner, number, details, offer.registration, done)
        stanza_id = self._network.stanza_id()
        self._scans[stanza_id] = offer.connection, scan
        device, lid = Jid(owner.phone, "s.whatsapp.net", number), Jid(owner.lid, "lid", number)
        offer.connection.send(pairing.pair_success(stanza_id, owner, code, details, device, lid, now))
        return scan

    def answered(self, connection: Connection, answer: Node) -> None:
        """The client has answered a stanza of the server's: a signature completes its link; an error is noted."""
        known = self._scans.pop(answer.text("id"), None)
        if known is None:
            if answer.text("type") == "error":
                self._network.unknown(connection, answer, "an error as an answer")
            return
        scan = known[1]
        try:
            pairing.check_answer(answer, scan.owner, scan.registration, scan.details)
        except WrongSignature as error:
            log.error("link-refused", reason=str(error))
            scan.done.set_exception(error)
            connection.close()
            return
        network, phone = self._network, scan.owner.phone
        others = network.devices.of(phone)
        network.devices.add(phone, scan.number, scan.registration, utc_now())
        if others or len(network.people.all(accounts=True)) > 1:
            device_lists.changed(network, scan.owner)
        network.happenings.add("linked", phone, device=scan.number)
        log.info("linked", account=f"…{phone[-4:]}", device=scan.number)
        scan.done.set_result(Linked(phone=phone, lid=scan.owner.lid, device=scan.number))
        connection.send(node("stream:error", code=515))

    def login(self, connection: Connection, payload: Any, noise: bytes) -> None:
        """Lets a linked device in, or refuses it with the failure that fits."""
        network = self._network
        fault = network.fault("login", str(payload.username))
        owner = network.people.by_phone(str(payload.username))
        device = network.devices.get(owner.phone, payload.device) if owner else None
        if fault and fault.action == "nack":
            if device and fault.code in _UNLINKED:
                network.devices.remove(device.phone, device.number)
            self._fail(connection, fault.code, fault.ban_code, fault.ban_seconds)
        elif fault and fault.action == "close":
            connection.abort()
        elif fault:
            connection.silence()
        elif owner is None or device is None or device.registration.noise != noise:
            self._fail(connection, _LOGGED_OUT)
        else:
            network.enter(connection, owner, device)
            now = int(utc_now().timestamp())
            lid = device.lid_jid(owner)
            connection.send(
                node("success", t=now, lid=lid, props=27, location="sim", creation=now, display_name=owner.name)
            )

    def _fail(self, connection: Connection, reason: int, ban: int | None = None, seconds: int | None = None) -> None:
        log.warning("login-refused", code=reason)
        self._network.happenings.add("login-refused", code=reason)
        connection.dismiss(node("failure", reason=reason, location="sim", code=ban, expire=seconds))

    def log_out(self, owner: Person) -> int:
        """The phone unlinks all of its devices: those connected are told, the others find out when they log in."""
        devices = self._network.devices.of(owner.phone)
        for device in devices:
            connection = self._network.connection_of(owner.phone, device.number)
            self._network.devices.remove(owner.phone, device.number)
            if connection:
                connection.dismiss(node("stream:error", node("conflict", type="device_removed"), code=_LOGGED_OUT))
            self._network.happenings.add("logged-out", owner.phone, device=device.number)
        device_lists.changed(self._network, owner)
        return len(devices)


def removed_by_client(network: "Network", connection: Connection, target: Jid | None) -> None:
    """The client unlinks itself; its connection ends after the answer."""
    device = connection.device
    if device is None or target is None or target.device != device.number:
        raise ValueError("A client may unlink only itself.")
    network.devices.remove(device.phone, device.number)
    if connection.owner:
        device_lists.changed(network, connection.owner)
    network.happenings.add("logged-out", device.phone, device=device.number, by_client=True)
