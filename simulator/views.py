"""What the control port tells of people, groups and messages: the network's values as those of its models."""

import json
from typing import Any

from simulator import groups
from simulator.groups import Group
from simulator.mailbox import Message
from simulator.models import Account, ChatItem, Contact, GroupView, InboxItem
from simulator.network import Network
from simulator.people import Person


def contact(person: Person) -> Contact:
    """A contact as the control port tells it."""
    return Contact(
        phone=person.phone,
        lid=person.lid,
        name=person.name,
        registered=person.registered,
        delivered_after_ms=person.delivered_after_ms,
        read_after_ms=person.read_after_ms,
        devices=len(person.ends),
    )


def inbox_item(message: Message) -> InboxItem:
    """A message in a contact's inbox."""
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


def group_view(group: Group) -> GroupView:
    """A group."""
    return GroupView(
        name=group.name, id=group.id, address=str(group.jid), subject=group.subject, participants=group.members
    )


def _facts(message: Message) -> dict[str, Any]:
    kept: dict[str, Any] = json.loads(message.facts) if message.facts else {}
    return kept


def chat_item(message: Message) -> ChatItem:
    """A message on the owner's phone."""
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


def account_view(network: Network, owner: Person) -> Account:
    """An account, its devices, and what waits for them."""
    devices = [device.number for device in network.devices.of(owner.phone)]
    return Account(
        phone=owner.phone,
        lid=owner.lid,
        name=owner.name,
        devices=devices,
        connected=[number for number in devices if is_active(network, owner, number)],
        waiting={number: len(network.mailbox.waiting(owner.phone, number)) for number in devices},
    )


def is_active(network: Network, owner: Person, number: int) -> bool:
    """Whether this linked device gets its stanzas now."""
    connection = network.connection_of(owner.phone, number)
    return connection is not None and connection.active
