"""What the simulated phone's page shows: read from the network on its own thread, as plain values for the template."""

from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from simulator.mailbox import Message
from simulator.models import Fault, Happening
from simulator.people import Person

if TYPE_CHECKING:
    from simulator.network import Network

_LOG_LINES = 14
_MOST_BUBBLES = 200


class Bubble(NamedTuple):
    """A message in a chat; `tick` is how far it has come, empty where that is not known."""

    text: str
    kind: str
    from_owner: bool
    at: datetime
    tick: str


class Chat(NamedTuple):
    """One contact, and the last thing that was said."""

    phone: str
    name: str
    registered: bool
    last: Bubble | None
    unread: int


class Screen(NamedTuple):
    """Everything on the page."""

    owner: Person | None
    owners: list[Person]
    devices: int
    connected: int
    waiting_for_scan: int
    chats: list[Chat]
    chosen: Chat | None
    bubbles: list[Bubble]
    faults: list[Fault]
    happenings: list[Happening]
    last_event: int

    @property
    def state(self) -> str:
        """The link as seen from the phone, in words."""
        if self.connected:
            return "A linked device is connected."
        if self.devices:
            return "A device is linked, and not connected now."
        if self.waiting_for_scan:
            return "A client shows a QR code: scan it."
        return "No device is linked, and no client shows a code."


def screen(network: "Network", account: str, contact: str) -> Screen:
    """The page for this account (empty: the first) with this contact's chat open (empty: none)."""
    owners = network.people.all(accounts=True)
    owner = next((one for one in owners if account in ("", one.phone)), None)
    contacts = network.people.all(accounts=False)
    threads = {person.phone: _thread(network, person, owner) for person in contacts}
    chats = [_chat(person, threads[person.phone]) for person in contacts]
    chats.sort(key=lambda chat: (chat.last is None, -chat.last.at.timestamp() if chat.last else 0, chat.name))
    devices = [device.number for device in network.devices.of(owner.phone)] if owner else []
    chosen = next((chat for chat in chats if chat.phone == contact), None)
    return Screen(
        owner=owner,
        owners=owners,
        devices=len(devices),
        connected=sum(_active(network, owner, number) for number in devices if owner),
        waiting_for_scan=network.links.waiting,
        chats=chats,
        chosen=chosen,
        bubbles=threads[chosen.phone][-_MOST_BUBBLES:] if chosen else [],
        faults=network.faults.all(),
        happenings=network.happenings.after(max(0, network.happenings.last - _LOG_LINES))[::-1],
        last_event=network.happenings.last,
    )


def _thread(network: "Network", person: Person, owner: Person | None) -> list[Bubble]:
    """The chat as the contact's phone has it; what the owner wrote is there once it was decrypted."""
    return [
        _bubble(message, from_owner=message.from_phone != person.phone)
        for message in (network.mailbox.messages(person.phone, owner.phone) if owner else ())
    ]


def _bubble(message: Message, *, from_owner: bool) -> Bubble:
    known = {"received": "sent", "delivered": "delivered", "read": "read"}
    at, tick = datetime.fromisoformat(message.at), known.get(message.status, message.status)
    return Bubble(message.text, message.kind, from_owner, at, tick)


def _chat(person: Person, thread: list[Bubble]) -> Chat:
    unread = sum(bubble.from_owner and bubble.tick != "read" for bubble in thread)
    return Chat(person.phone, person.name, person.registered, thread[-1] if thread else None, unread)


def _active(network: "Network", owner: Person | None, number: int) -> bool:
    connection = network.connection_of(owner.phone, number) if owner else None
    return connection is not None and connection.active
