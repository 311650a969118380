"""Tells clients that somebody has got or lost a device, so that they ask for the list once more."""

from typing import TYPE_CHECKING

from simulator.clock import utc_now
from simulator.nodes import Jid, Node, node
from simulator.people import Person

if TYPE_CHECKING:
    from simulator.network import Network

_CHANGED = "2:changed"  # the hash of no list: whoever compares it with a list asks for the new one


def changed(network: "Network", person: Person) -> None:
    """Tells all linked devices of other accounts, and where the person is an account's owner its own."""
    for account in network.people.all(accounts=True):
        for device in network.devices.of(account.phone):
            if account.phone != person.phone:
                stanza = _notice(network, "devices", person.lid_jid, node("update", hash=_CHANGED))
            else:
                own = [
                    node("device", jid=Jid(person.phone, "s.whatsapp.net", one)) for one in _numbers(network, person)
                ]
                stanza = _notice(network, "account_sync", person.phone_jid, node("devices", own, dhash=_CHANGED))
            network.deliver(device, stanza)


def _numbers(network: "Network", person: Person) -> list[int]:
    return [*(end.device for end in person.ends), *(device.number for device in network.devices.of(person.phone))]


def _notice(network: "Network", kind: str, sender: Jid, content: Node) -> Node:
    return node("notification", content, from_=sender, id=network.stanza_id(), type=kind, t=int(utc_now().timestamp()))
