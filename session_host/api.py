"""The send API under /api/v1, for web, tick, command line and other programs: each needs a token with a scope."""

import re
from datetime import datetime
from typing import Any

import segno
from flask import Blueprint, Response, request, url_for

from session_host import health, orders
from session_host.chat_api import ChatApi
from session_host.contract import Answer, Call, Contract, Refusal
from session_host.events import TooMany
from session_host.host import Host
from session_host.link import NoCode, Pairing, Refused, SendFailed
from session_host.orders import Orders
from session_host.pulse import NothingToTakeOver
from session_host.stream import stream
from shared.clock import Clock
from shared.model.access import Scope
from shared.model.address import Address, BadAddress, Kind, parse
from shared.model.message import UNCONFIRMED, Message, Status
from shared.model.owner_settings import PaceStanding
from shared.model.pace import Forecast
from shared.model.wire import Handover, HandoverAnswer, Judgement, MessageChange, NewMessage, Pair, Takeover

LONGEST_WAIT = 60.0
"""Seconds a request may wait for its message's result."""

_PREFER_WAIT = re.compile(r"(?:^|[,;\s])wait\s*=\s*(\d{1,4})(?:$|[,;\s])")
_KEY = re.compile(r"^[\x21-\x7e]{1,200}$")


class Api:
    """The views; `blueprint` has them all."""

    def __init__(self, host: Host, contract: Contract) -> None:
        self._host = host
        self._clock: Clock = host.clock
        self._orders = Orders(host)
        add = contract.add
        one = "/api/v1/messages/<message_id>"
        add(
            "POST", "/api/v1/messages", self.send, scope=Scope.SEND, body=NewMessage,
            answers={202: Message, 200: Message},
            summary="Send one message now, or schedule it; with 'Prefer: wait=30' the answer tells its result (200).",
        )  # fmt: skip
        add(
            "POST", "/api/v1/messages/batch", self.batch, scope=Scope.SEND, body=Handover,
            answers={200: HandoverAnswer},
            summary="Hand over what is due, or nothing: the heartbeat of web and tick.",
        )  # fmt: skip
        add("GET", one, self.show, scope=Scope.READ, answers={200: Message}, summary="One message and its status.")
        add(
            "PATCH", one, self.change, scope=Scope.SEND, body=MessageChange, answers={200: Message},
            summary="Change a message that has not begun.",
        )  # fmt: skip
        add("DELETE", one, self.cancel, scope=Scope.SEND, answers={200: Message}, summary="Cancel a message.")
        add(
            "POST", f"{one}/verdict", self.judge, scope=Scope.SEND, body=Judgement, answers={200: Message},
            summary="Say what became of a message whose end is unknown: arrived, not-arrived, or null to take it back.",
        )  # fmt: skip
        add(
            "GET", "/api/v1/pace", self.pace, scope=Scope.READ,
            query={"to": True, "at": False, "id": False}, answers={200: Forecast},
            summary="When a message to this address at this time (now, if left out) would be begun, and why not at it.",
        )  # fmt: skip
        add(
            "GET", "/api/v1/pace/settings", self.pace_settings, scope=Scope.READ, answers={200: PaceStanding},
            summary="The pace that holds, and what the server's environment says, which the owner's settings go over.",
        )  # fmt: skip
        ChatApi(host, contract)
        add("GET", "/api/v1/link", self.link, scope=Scope.MANAGE, summary="The WhatsApp connection, and its code.")
        add(
            "POST", "/api/v1/link", self.pair, scope=Scope.MANAGE, body=Pair, optional_body=True,
            summary="Connect or pair again, now: by QR code, or with 'phone' by a code to type into that phone.",
        )  # fmt: skip
        add("DELETE", "/api/v1/link", self.logout, scope=Scope.MANAGE, summary="Unlink this host from the phone.")
        add(
            "POST", "/api/v1/host/takeover", self.take_over, scope=Scope.MANAGE, body=Takeover,
            summary="Lead in place of another session host that is gone; answers like /health.",
        )  # fmt: skip
        add(
            "GET", "/api/v1/events", self.events, scope=Scope.READ,
            summary="A stream of server-sent events: message (id, status, revision), link (state), resync.",
        )  # fmt: skip
        self.blueprint: Blueprint = contract.blueprint

    def send(self, call: Call) -> Answer:
        key = request.headers.get("Idempotency-Key")
        if key is not None and not _KEY.match(key):
            raise Refusal(422, "Not understood", "Idempotency-Key: 1 to 200 visible ASCII characters, without blanks.")
        message = self._orders.schedule(call.body, call.raw, key, call.bearer.name, self._clock.now())
        message = self._wait(message, _seconds_to_wait())
        done = message.delivery.state.settled or message.status is Status.CANCELLED
        place = url_for("api.GET /api/v1/messages/<message_id>", message_id=message.id)
        return Answer(message, 200 if done else 202, {"Location": place})

    def batch(self, call: Call) -> Answer:
        return Answer(self._host.handover(call.body, self._clock.now()))

    def show(self, _: Call, message_id: str) -> Answer:
        message = self._orders.find(message_id)
        if message.unconfirmed_delivery(self._clock.now()):
            return Answer({**message.as_json(), "unconfirmedDelivery": UNCONFIRMED})
        return Answer(message)

    def change(self, call: Call, message_id: str) -> Answer:
        return Answer(self._orders.change(message_id, call.body, self._clock.now()))

    def cancel(self, _: Call, message_id: str) -> Answer:
        return Answer(self._orders.cancel(message_id, self._clock.now()))

    def judge(self, call: Call, message_id: str) -> Answer:
        return Answer(self._orders.judge(message_id, call.body.verdict, self._clock.now()))

    def pace(self, _: Call) -> Answer:
        now = self._clock.now()
        asked = request.args
        message = orders.imagined(asked.get("to", ""), asked.get("at"), now, asked.get("id"))
        return Answer(self._host.forecast(message, now))

    def pace_settings(self, _: Call) -> Answer:
        return Answer(self._host.owner_pace.standing.model_dump(mode="json", by_alias=True))

    def link(self, _: Call) -> Answer:
        return self._link(self._host.link.pairing())

    def _link(self, pairing: Pairing | None) -> Answer:
        now = self._clock.now()
        unreadable = self._host.undecryptable.facts(now)
        return Answer(
            {
                "status": self._host.link.status().as_json(),
                "number": self._host.link.own_number(),
                "pairing": pairing and _shown(pairing, now),
                "backup": health.backup(self._host.backups.facts),
                "undecryptable": health.undecryptable(unreadable, named=True),
                "capture": health.capture(self._host.capture.facts(now, unreadable.since)),
            }
        )

    def pair(self, call: Call) -> Answer:
        try:
            if call.body is None or call.body.phone is None:
                self._host.connect()
            else:
                self._host.connect_by_code(_phone(call.body.phone))
        except Refused as error:
            raise Refusal(409, "Not here", str(error)) from None
        except NoCode as error:
            raise Refusal(409, "No code", str(error)) from None
        return self.link(call)

    def logout(self, _: Call) -> Answer:
        try:
            self._host.link.logout()
        except SendFailed as error:
            raise Refusal(409, "Not unlinked", str(error)) from None
        return self._link(None)  # not `pairing()`: who unlinks has not asked for a new code

    def take_over(self, call: Call) -> Answer:
        now = self._clock.now()
        try:
            self._host.take_over(call.body.other, now)
        except NothingToTakeOver as error:
            raise Refusal(409, "Nothing to take over", str(error)) from None
        return Answer(health.document(self._host.health(now), now))

    def events(self, _: Call) -> Response:
        return stream(self._host.events)

    def _wait(self, message: Message, seconds: float) -> Message:
        """The message once it is settled, or as it is after that time, or at once where nobody else may wait."""
        deadline = self._clock.monotonic() + seconds
        try:
            with self._host.events.subscribed() as subscription:
                while not (message.delivery.state.settled or self._host.events.closed):
                    message = self._host.find(message.id) or message
                    left = deadline - self._clock.monotonic()
                    if left <= 0 or message.delivery.state.settled:
                        break
                    subscription.next(min(left, 1.0))
        except TooMany:
            return message
        return message


def _seconds_to_wait() -> float:
    found = _PREFER_WAIT.search(request.headers.get("Prefer", ""))
    return min(float(found[1]), LONGEST_WAIT) if found else 0.0


def _phone(typed: str) -> Address:
    try:
        address = parse(typed)
    except BadAddress as error:
        raise orders.wrong("phone", str(error)) from None
    if address.kind is not Kind.PHONE:
        raise orders.wrong("phone", "Only a phone number can be linked: write it like +44 7957 189696.")
    return address


def _shown(pairing: Pairing, now: datetime) -> dict[str, Any]:
    """A code as it is shown; the seconds left are for whoever's clock is wrong."""
    left = max(0, round((pairing.expires_at - now).total_seconds()))
    return {**pairing.as_json(), "secondsLeft": left, "svg": _svg(pairing.qr)}


def _svg(qr: str) -> str:
    return str(segno.make(qr, error="m").svg_inline(scale=6, border=4, dark="#000", light="#fff"))
