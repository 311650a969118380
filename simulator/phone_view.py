"""What the simulated phone's page shows: read from the network on its own thread, as plain values for the template."""

from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from simulator import views
from simulator.groups import Group
from simulator.mailbox import Message
from simulator.models import Fault, Happening
from simulator.people import Person

if TYPE_CHECKING:
    from simulator.network import Network

_LOG_LINES = 14
_MOST_BUBBLES = 200


class Bubble(NamedTuple):
    """A message in a chat; `tick` is how far it has come, empty where that is not known."""

    who: str
    text: str
    kind: str
    from_owner: bool
    at: datetime
    tick: str


class Chat(NamedTuple):
    """One contact or group, and the last thing that was said. `key` is the contact's number, or the group's address."""

    key: str
    name: str
    note: str
    members: list[Person]
    last: Bubble | None
    unread: int = 0


class Screen(NamedTuple):
    """Everything on the page. known_as: the chosen contact's name in the owner's address book, None for a group."""

    owner: Person | None
    owners: list[Person]
    devices: int
    connected: int
    waiting_for_scan: int
    chats: list[Chat]
    chosen: Chat | None
    known_as: str | None
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


def screen(network: "Network", account: str, key: str) -> Screen:
    """The page for this account (empty: the first) with this chat open (its key; empty: none)."""
    owners = network.people.all(accounts=True)
    owner = next((one for one in owners if account in ("", one.phone)), None)
    contacts, mine = network.people.all(accounts=False), network.groups.of(owner.phone) if owner else []
    threads = {person.phone: _thread(network, person, owner) for person in contacts}
    chats = [_chat(person, threads[person.phone]) for person in contacts]
    for group in mine:
        thread = threads[str(group.jid)] = _group_thread(network, group, owner)
        chats.append(_group_chat(network, group, thread))
    chats.sort(key=lambda chat: (chat.last is None, -chat.last.at.timestamp() if chat.last else 0, chat.name))
    devices = [device.number for device in network.devices.of(owner.phone)] if owner else []
    chosen = next((chat for chat in chats if chat.key == key), None)
    return Screen(
        owner=owner,
        owners=owners,
        devices=len(devices),
        connected=sum(views.is_active(network, owner, number) for number in devices) if owner else 0,
        waiting_for_scan=network.links.waiting,
        chats=chats,
        chosen=chosen,
        known_as=_known_as(network, owner, chosen),
        bubbles=threads[chosen.key][-_MOST_BUBBLES:] if chosen else [],
        faults=network.faults.all(),
        happenings=network.happenings.after(max(0, network.happenings.last - _LOG_LINES))[::-1],
        last_event=network.happenings.last,
    )


def _known_as(network: "Network", owner: Person | None, chosen: Chat | None) -> str | None:
    contact = network.people.by_phone(chosen.key) if chosen else None
    return network.address_book.name(owner, contact) or "" if owner and contact else None


def _thread(network: "Network", person: Person, owner: Person | None) -> list[Bubble]:
    """The chat as the contact's phone has it; what the owner wrote is there once it was decrypted."""
    return [
        _bubble(network, message, from_owner=message.from_phone != person.phone, ticks=True)
        for message in (network.mailbox.messages(person.phone, owner.phone) if owner else ())
    ]


def _group_thread(network: "Network", group: Group, owner: Person | None) -> list[Bubble]:
    """The group as the owner's own phone has it; how far a message has come at each member is not shown."""
    return [
        _bubble(network, message, from_owner=message.from_phone == message.owner, ticks=False)
        for message in (network.mailbox.messages(owner.phone, str(group.jid)) if owner else ())
    ]


def _bubble(network: "Network", message: Message, *, from_owner: bool, ticks: bool) -> Bubble:
    known = {"received": "sent", "delivered": "delivered", "read": "read"}
    at, tick = datetime.fromisoformat(message.at), known.get(message.status, message.status)
    sender = network.people.by_phone(message.from_phone)
    who = sender.name if sender else message.from_phone
    return Bubble(who, message.text, message.kind, from_owner, at, tick if ticks else "")


def _chat(person: Person, thread: list[Bubble]) -> Chat:
    unread = sum(bubble.from_owner and bubble.tick != "read" for bubble in thread)
    note = f"+{person.phone}" if person.registered else "not on WhatsApp"
    return Chat(person.phone, person.name, note, [person], thread[-1] if thread else None, unread)


def _group_chat(network: "Network", group: Group, thread: list[Bubble]) -> Chat:
    others = [person for phone in group.members if (person := network.people.by_phone(phone)) and not person.is_account]
    names = ", ".join(person.name for person in others)
    return Chat(str(group.jid), group.subject, f"group with {names}", others, thread[-1] if thread else None)
