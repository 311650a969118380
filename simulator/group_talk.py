"""Messages in groups, both ways: sealed once with a sender key that is handed to each device in its own session."""

import secrets
from datetime import datetime
from typing import TYPE_CHECKING, Any

import structlog

from simulator import contents, delivery, group_nodes, speech, texts
from simulator.clock import utc_now
from simulator.devices import Device
from simulator.envelopes import MalformedEnvelope
from simulator.groups import Group
from simulator.mailbox import Message
from simulator.nodes import Jid, Node, node
from simulator.people import End, Person
from simulator.protobufs import e2e
from simulator.ratchet import AlreadyDecrypted, Undecryptable
from simulator.texts import MalformedMessage

if TYPE_CHECKING:
    from simulator.network import Network

log = structlog.get_logger()


def put(network: "Network", name: str, subject: str, owner: Person, members: tuple[str, ...]) -> Group:
    """Adds or changes a group, and tells the linked devices of its members what has changed."""
    before, now = network.groups.find(name), utc_now()
    group = network.groups.put(name, subject, owner.phone, members, now)
    moment, people = int(now.timestamp()), network.people
    came = [
        one for phone in group.members if (one := people.by_phone(phone)) and not (before and phone in before.members)
    ]
    left = [
        one for phone in (before.members if before else ()) if phone not in members and (one := people.by_phone(phone))
    ]
    new = {one.phone for one in came}
    parts: list[Node] = []
    if before and came:
        parts.append(group_nodes.moved("add", came))
    if left:
        parts.append(group_nodes.moved("remove", left))
        network.group_keys.renew(str(group.jid))
    if before and before.subject != subject:
        parts.append(group_nodes.renamed(group, owner, moment))
    for member in members_of(network, group) + left:
        told = [group_nodes.created(group, members_of(network, group))] if member.phone in new else parts
        for device in network.devices.of(member.phone):
            for part in told:
                network.deliver(device, group_nodes.change(group, network.stanza_id(), owner, moment, part))
    return group


def members_of(network: "Network", group: Group) -> list[Person]:
    """The people in a group, in its order."""
    return [one for phone in group.members if (one := network.people.by_phone(phone))]


def say(network: "Network", group: Group, speaker: Person, end: End, message: Any) -> tuple[str, int]:
    """A member speaks in a group: (message id, number of linked devices that get it).

    A linked device of the speaker's own account gets it too, as from the phone.
    """
    prefix, now, chat = "3A" if speaker.is_account else "3EB0", utc_now(), str(group.jid)
    message_id = f"{prefix}{secrets.token_hex(9).upper()}"
    content = speech.understood(network, message)
    for member in members_of(network, group):
        network.mailbox.keep(
            owner=member.phone,
            chat=chat,
            message_id=message_id,
            from_phone=speaker.phone,
            sender_device=end.device,
            kind=content.kind,
            text=content.text,
            at=now,
            facts=content.kept_facts,
            content=message.SerializeToString(),
        )
    handed, sealed = network.group_keys.seal(end, chat, texts.pad(message.SerializeToString()))
    part = node("enc", sealed, v=2, type="skmsg", mediatype=contents.media_type(message))
    count = 0
    for member in members_of(network, group):
        for device in network.devices.of(member.phone):
            parts = [part]
            if network.group_keys.must_give(end, chat, f"{member.lid}:{device.number}"):
                parts.insert(0, speech.seal(network, end, member, device, _distribution(chat, handed)))
            network.deliver(device, _stanza(group, speaker, end, message_id, now, parts, message))
            count += 1
    network.happenings.add("message-sent", None, id=message_id, speaker=speaker.phone, devices=count, group=group.name)
    return message_id, count


def say_again(
    network: "Network", group: Group, owner: Person, device: Device, end: End, message_id: str, count: str
) -> bool:
    """A member encrypts a message once more for a device that could not read it; False where it has no such message."""
    speaker, chat = network.people.by_phone(end.phone), str(group.jid)
    known = network.mailbox.find(end.phone, chat, message_id)
    if speaker is None or known is None or known.from_phone != end.phone:
        return False
    message = e2e.Message.FromString(known.content)
    network.keyring.forget(end, f"{owner.lid}:{device.number}")
    network.group_keys.take_back(end, chat, f"{owner.lid}:{device.number}")
    sealed = speech.seal(network, end, owner, device, message)
    counted = Node(sealed.tag, {**sealed.attrs, "count": count}, sealed.content)
    network.deliver(device, _stanza(group, speaker, end, message_id, utc_now(), [counted], message))
    network.happenings.add("message-sent-again", owner.phone, id=message_id, speaker=speaker.phone, group=group.name)
    return True


def from_client(network: "Network", owner: Person, device: Device, group: Group, stanza: Node, now: datetime) -> None:
    """Hands a client's group message to each device of each member: first its key, then the message."""
    chat, remote = str(group.jid), f"{owner.lid}:{device.number}"
    unreadable: set[End] = set()
    for jid, part in _pairwise(stanza):
        end = network.people.end(jid)
        if end is None:
            delivery.sealed_for_other(network, owner, device, jid, stanza, part)
            continue
        try:
            opened = texts.read(network.keyring.open(end, remote, part.text("type"), part.data))
            if opened.message.HasField("senderKeyDistributionMessage"):
                handed = opened.message.senderKeyDistributionMessage.axolotlSenderKeyDistributionMessage
                network.group_keys.accept(end, chat, remote, handed)
        except AlreadyDecrypted:
            delivery.repeated(network, owner, stanza, end)
        except (Undecryptable, MalformedEnvelope, MalformedMessage) as error:
            unreadable.add(end)
            delivery.unreadable(network, owner, device, end, stanza, error, now, group)
        else:
            if opened.content.kind != "empty":
                delivery.keep(network, owner, device, end, chat, stanza, opened.message, now)
    sealed = next((part for part in stanza.children if part.tag == "enc" and part.text("type") == "skmsg"), None)
    if sealed is None:
        return
    for member in members_of(network, group):
        for end in member.ends:
            if end not in unreadable:
                _open(network, owner, device, end, group, stanza, sealed, now)


def _open(
    network: "Network",
    owner: Person,
    device: Device,
    end: End,
    group: Group,
    stanza: Node,
    sealed: Node,
    now: datetime,
) -> None:
    chat = str(group.jid)
    try:
        padded = network.group_keys.open(end, chat, f"{owner.lid}:{device.number}", sealed.data)
        opened = texts.read(padded)
    except AlreadyDecrypted:
        delivery.repeated(network, owner, stanza, end)
    except (Undecryptable, MalformedEnvelope, MalformedMessage) as error:
        delivery.unreadable(network, owner, device, end, stanza, error, now, group)
    else:
        delivery.keep(network, owner, device, end, chat, stanza, opened.message, now)


def _pairwise(stanza: Node) -> list[tuple[Jid, Node]]:
    participants = stanza.child("participants")
    parts = []
    for one in participants.children if participants else ():
        sealed, jid = one.child("enc"), one.jid("jid")
        if sealed and jid:
            parts.append((jid, sealed))
    again = stanza.jid("participant")
    if again:
        parts += [(again, part) for part in stanza.children if part.tag == "enc" and part.text("type") != "skmsg"]
    return parts


def group_of(network: "Network", message: Message) -> Group | None:
    """The group that a kept message belongs to, or None."""
    return network.groups.find(message.chat) if message.chat.endswith("@g.us") else None


def _distribution(chat: str, handed: bytes) -> Any:
    key = {"groupID": chat, "axolotlSenderKeyDistributionMessage": handed}
    return e2e.Message(senderKeyDistributionMessage=key)


def _stanza(
    group: Group, speaker: Person, end: End, message_id: str, now: datetime, parts: list[Node], message: Any
) -> Node:
    return node(
        "message",
        parts,
        from_=group.jid,
        participant=end.lid_jid,
        participant_pn=speaker.phone_jid,
        id=message_id,
        t=int(now.timestamp()),
        type=contents.stanza_type(message),
        edit=contents.edit_attribute(message),
        notify=speaker.name,
        addressing_mode="lid",
    )
