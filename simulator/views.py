"""What the control port shows of the network's values."""

import json
from typing import Any

from simulator import groups
from simulator.groups import Group
from simulator.mailbox import Message
from simulator.models import Account, ChatItem, Contact, GroupView, InboxItem
from simulator.network import Network
from simulator.people import Person


def contact(person: Person) -> Contact:
    """A contact as it is."""
    return Contact(
        phone=person.phone,
        lid=person.lid,
        name=person.name,
        registered=person.registered,
        delivered_after_ms=person.delivered_after_ms,
        read_after_ms=person.read_after_ms,
        devices=len(person.ends),
    )


def group(group: Group) -> GroupView:
    """A group as it is."""
    return GroupView(
        name=group.name, id=group.id, address=str(group.jid), subject=group.subject, participants=group.members
    )


def inbox_item(message: Message) -> InboxItem:
    """A message as its reader has it."""
    return InboxItem.model_validate(
        {
            "id": message.id,
            "text": message.text,
            "kind": message.kind,
            "from": message.from_phone,
            "sender_device": message.sender_device,
            "received_at": message.at,
            "status": message.status,
            "robot": message.robot,
            "group": message.chat if message.chat.endswith(f"@{groups.SERVER_NAME}") else None,
            "devices": json.loads(message.devices),
            **_facts(message),
        }
    )


def chat_item(message: Message) -> ChatItem:
    """A message as the owner's phone has it."""
    return ChatItem.model_validate(
        {
            "id": message.id,
            "chat": message.chat,
            "text": message.text,
            "kind": message.kind,
            "from_me": message.from_phone == message.owner,
            "from": message.from_phone,
            "sender_device": message.sender_device,
            "at": message.at,
            "status": message.status,
            **_facts(message),
        }
    )


def account(network: Network, owner: Person) -> Account:
    """An account, its linked devices and which of them are connected now."""
    devices = [device.number for device in network.devices.of(owner.phone)]
    return Account(
        phone=owner.phone,
        lid=owner.lid,
        name=owner.name,
        devices=devices,
        connected=[number for number in devices if is_active(network, owner, number)],
        waiting={number: len(network.mailbox.waiting(owner.phone, number)) for number in devices},
    )


def _facts(message: Message) -> dict[str, Any]:
    kept: dict[str, Any] = json.loads(message.facts) if message.facts else {}
    return kept


def is_active(network: Network, owner: Person, number: int) -> bool:
    """Whether this linked device gets its stanzas now."""
    connection = network.connection_of(owner.phone, number)
    return connection is not None and connection.active
