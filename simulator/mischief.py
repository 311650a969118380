"""Carries out a fault rule on a connection: what becomes of the stanza it met, and what comes instead of an answer."""

import asyncio
import os
import secrets
from collections.abc import Callable
from typing import TYPE_CHECKING

from simulator import app_state_sync, delivery, queries
from simulator.clock import utc_now
from simulator.connection import Connection
from simulator.models import INSTEAD, Fault
from simulator.nodes import SERVER, Node, node

if TYPE_CHECKING:
    from simulator.network import Network

_GARBAGE_BYTES = 64
_WORDS = {
    404: "item-not-found",
    429: "rate-overlimit",
    500: "internal-server-error",
    501: "feature-not-implemented",
    503: "service-unavailable",
}


def answer(
    network: "Network", connection: Connection, stanza: Node, fault: Fault, answers: Callable[[Node], Node | None]
) -> None:
    """Answers a stanza as the rule says; `answers` does what the stanza asks for and gives the answer it deserves."""
    if fault.action == "drop":
        return
    if fault.action == "nack":
        connection.send(refusal(stanza, fault.code))
        return
    if fault.action in INSTEAD or fault.action == "hang":
        if fault.deliver:
            answers(stanza)
        instead(network, connection, fault, stanza)
        return
    garble = fault.action == "garble"
    deserved = answers(delivery.garbled(stanza) if garble and stanza.tag == "message" else stanza)
    if deserved is None or fault.action == "no-ack":
        return
    if garble and stanza.tag == "iq":
        deserved = app_state_sync.garbled(deserved)
    if fault.action != "late-ack":
        connection.send(deserved)
    if fault.action in ("late-ack", "double-ack"):
        asyncio.get_running_loop().call_later(fault.after_ms / 1000, connection.send, deserved)


def instead(network: "Network", connection: Connection, fault: Fault, stanza: Node | None = None) -> None:
    """What the connection gets in place of an answer, or out of the blue."""
    if fault.action == "close":
        connection.abort()
    elif fault.action == "hang":
        connection.silence()
    elif fault.action == "garbage":
        connection.send_unreadable(os.urandom(_GARBAGE_BYTES))
    elif fault.action == "stream-error":
        conflict = node("conflict", type=fault.conflict) if fault.conflict else None
        connection.send(node("stream:error", conflict, code=fault.code))
    elif fault.action == "unknown-receipt":
        connection.send(_receipt(fault, stanza))
    elif fault.action == "logout" and connection.owner:
        network.links.log_out(connection.owner)


def _receipt(fault: Fault, stanza: Node | None) -> Node:
    about = stanza.text("id") if stanza else f"3EB0{secrets.token_hex(9).upper()}"
    sender = (stanza.jid("to") if stanza else None) or SERVER
    return node("receipt", from_=sender, id=about, type=fault.receipt_type, t=int(utc_now().timestamp()))


def refusal(stanza: Node, code: int) -> Node:
    """The server's word that it will not."""
    if stanza.tag == "iq":
        return queries.refusal(stanza, code, _WORDS.get(code, "fault"))
    return node("ack", class_=stanza.tag, id=stanza.text("id"), from_=stanza.jid("to"), error=code)
