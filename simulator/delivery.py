"""What happens to a client's messages and receipts: opened by those they are for, kept in inboxes, confirmed."""

import json
from datetime import datetime
from typing import TYPE_CHECKING, Any

import structlog

from simulator import app_state_sync, group_talk, groups, queries, relays, speech, texts
from simulator.clock import utc_now
from simulator.devices import Device
from simulator.envelopes import MalformedEnvelope
from simulator.groups import Group
from simulator.mailbox import Message
from simulator.nodes import SERVER, Jid, Node, node
from simulator.people import End, Person
from simulator.ratchet import AlreadyDecrypted, Undecryptable
from simulator.texts import MalformedMessage

if TYPE_CHECKING:
    from simulator.network import Network

log = structlog.get_logger()

_FROM_THE_END = (
    20  # inside the sealed text of both kinds of message; a prekey message ends with ids that may not matter
)


def garbled(stanza: Node) -> Node:
    """The stanza with one byte of each ciphertext in it changed."""
    if stanza.tag == "enc":
        data = bytearray(stanza.data)
        data[-_FROM_THE_END] ^= 1
        return Node(stanza.tag, stanza.attrs, bytes(data))
    if not stanza.children:
        return stanza
    return Node(stanza.tag, stanza.attrs, tuple(garbled(child) for child in stanza.children))


def message_from_client(network: "Network", owner: Person, device: Device, stanza: Node) -> Node:
    """Hands a client's message to everybody it is sealed for; the server's `ack`."""
    now = utc_now()
    to = stanza.jid("to") or SERVER
    if to.server == groups.SERVER_NAME:
        group = network.groups.find(to.user)
        if group is None or owner.phone not in group.members:
            return _to_nobody(network, owner, stanza, to, now, 404 if group is None else 403)
        group_talk.from_client(network, owner, device, group, stanza, now)
        return _ack(stanza, to, now)
    chat = network.people.by_jid(to)
    if chat is None or not chat.registered:
        return _to_nobody(network, owner, stanza, to, now, 404)
    for jid, sealed in _sealed_parts(stanza, to):
        end = network.people.end(jid)
        if end is None:
            sealed_for_other(network, owner, device, jid, stanza, sealed)
        else:
            _open(network, owner, device, end, chat, stanza, sealed, now)
    return _ack(stanza, to, now)


def _ack(stanza: Node, to: Jid, now: datetime, error: int | None = None) -> Node:
    return node("ack", class_="message", id=stanza.text("id"), from_=to, t=int(now.timestamp()), error=error)


def _to_nobody(network: "Network", owner: Person, stanza: Node, to: Jid, now: datetime, error: int) -> Node:
    log.error("message-to-nobody", server=to.server)
    network.happenings.add("message-to-nobody", owner.phone, id=stanza.text("id"), server=to.server)
    return _ack(stanza, to, now, error)


def _sealed_parts(stanza: Node, to: Jid) -> list[tuple[Jid, Node]]:
    parts = [(to, child) for child in stanza.children if child.tag == "enc"]
    participants = stanza.child("participants")
    for one in participants.children if participants else ():
        sealed, jid = one.child("enc"), one.jid("jid")
        if sealed and jid:
            parts.append((jid, sealed))
    return parts


def sealed_for_other(network: "Network", owner: Person, device: Device, jid: Jid, stanza: Node, sealed: Node) -> None:
    """A part of a message that no simulated device can read: it goes to the linked one that it is for."""
    person = network.people.by_jid(jid)
    target = network.devices.get(person.phone, jid.device) if person else None
    if person is None or target is None:
        log.error("sealed-for-nobody", device=jid.device)
        network.happenings.add("sealed-for-nobody", owner.phone, id=stanza.text("id"), device=jid.device)
    else:
        network.deliver(target, relays.relayed(owner, device, person, stanza, sealed, network.people, utc_now()))


def _open(
    network: "Network",
    owner: Person,
    device: Device,
    end: End,
    chat: Person,
    stanza: Node,
    sealed: Node,
    now: datetime,
) -> None:
    try:
        padded = network.keyring.open(end, f"{owner.lid}:{device.number}", sealed.text("type"), sealed.data)
        opened = texts.read(padded)
    except AlreadyDecrypted:
        repeated(network, owner, stanza, end)
    except (Undecryptable, MalformedEnvelope, MalformedMessage) as error:
        unreadable(network, owner, device, end, stanza, error, now)
    else:
        other = owner if end.phone != owner.phone else chat
        keep(network, owner, device, end, other.phone, stanza, opened.message, now)


def repeated(network: "Network", owner: Person, stanza: Node, end: End) -> None:
    """A device got the same message once more."""
    log.info("message-repeated", id=stanza.text("id"))
    network.happenings.add("message-repeated", owner.phone, id=stanza.text("id"), reader=end.phone, device=end.device)


def unreadable(
    network: "Network",
    owner: Person,
    device: Device,
    end: End,
    stanza: Node,
    error: Exception,
    now: datetime,
    group: Group | None = None,
) -> None:
    """A device could not read a message: it says so and asks the client to encrypt it once more."""
    message_id = stanza.text("id")
    log.error("message-undecryptable", id=message_id, reason=str(error))
    network.happenings.add(
        "message-undecryptable", owner.phone, id=message_id, reader=end.phone, device=end.device, reason=str(error)
    )
    network.keyring.forget(end, f"{owner.lid}:{device.number}")
    moment = int(now.timestamp())
    bundle = queries.bundle_node(end.lid_jid, network.people.publish(end))
    registration, *keys = bundle.children
    parts = [node("retry", count=1, id=message_id, t=moment, v=1), registration, node("keys", keys)]
    network.deliver(device, _receipt(end, message_id, "retry", now, group=group, content=parts))


def keep(
    network: "Network",
    owner: Person,
    device: Device,
    end: End,
    chat: str,
    stanza: Node,
    message: Any,
    now: datetime,
) -> None:
    """A device has read a client's message: its owner's phone shows it, and the receipts for it are owed."""
    message_id, reader = stanza.text("id"), network.people.by_phone(end.phone)
    if reader is None:
        raise ValueError("A device belongs to somebody who is known.")
    content = speech.understood(network, message)
    network.happenings.add(
        "message-decrypted", owner.phone, id=message_id, reader=end.phone, device=end.device, kind=content.kind
    )
    known = network.mailbox.find(end.phone, chat, message_id)
    if known and end.device not in json.loads(known.devices):
        network.mailbox.decrypted_too(known, end.device)
        return
    kept = network.mailbox.keep(
        owner=end.phone,
        chat=chat,
        message_id=message_id,
        from_phone=owner.phone,
        sender_device=device.number,
        kind=content.kind,
        text=content.text,
        at=now,
        robot=stanza.child("bot") is not None,
        facts=content.kept_facts,
        content=message.SerializeToString(),
        device=end.device,
    )
    if end.phone != owner.phone:
        _owe(network, reader, kept, now)
    elif stanza.text("category") == "peer":
        app_state_sync.asked_for_keys(network, owner, device, message)
    elif not chat.endswith(f"@{groups.SERVER_NAME}"):
        other = network.people.by_phone(chat)
        recipient = other.lid_jid if other else None
        network.deliver(device, _receipt(end, message_id, "sender", now, recipient=recipient))


def _owe(network: "Network", reader: Person, message: Message, now: datetime) -> None:
    start = now.timestamp()
    if reader.delivered_after_ms is not None:
        network.mailbox.owe(message.number, "", start + reader.delivered_after_ms / 1000)
    if reader.read_after_ms is not None:
        network.mailbox.owe(message.number, "read", start + reader.read_after_ms / 1000)
    network.receipts_changed.set()


def _receipt(
    end: End,
    message_id: str,
    receipt_type: str,
    now: datetime,
    *,
    recipient: Jid | None = None,
    group: Group | None = None,
    content: list[Node] | None = None,
) -> Node:
    return node(
        "receipt",
        content,
        from_=group.jid if group else end.lid_jid,
        participant=end.lid_jid if group else None,
        id=message_id,
        type=receipt_type or None,
        t=int(now.timestamp()),
        recipient=recipient,
    )


def send_due_receipts(network: "Network", now: datetime) -> None:
    """Sends every receipt whose moment has come; `now` is aware, UTC."""
    with network.transaction():
        for due in network.mailbox.due(now.timestamp()):
            network.mailbox.settle(due)
            message = network.mailbox.message(due.message)
            if message is not None:
                send_receipt(network, message, due.type, now)


def send_receipt(network: "Network", message: Message, receipt_type: str, now: datetime) -> None:
    """A contact's receipt for a message: delivered (type empty) or read; never twice, never delivered after read."""
    reader, owner = network.people.by_phone(message.owner), network.people.by_phone(message.from_phone)
    device = network.devices.get(message.from_phone, message.sender_device)
    current = network.mailbox.message(message.number)
    status = receipt_type or "delivered"
    if reader is None or owner is None or current is None or current.status in (status, "read"):
        return
    network.mailbox.mark(reader.phone, message.id, status)
    if device is not None:
        group = group_talk.group_of(network, message)
        seen_on = {0} if receipt_type else set(json.loads(current.devices))
        for end in reader.ends:
            if end.device in seen_on:
                network.deliver(device, _receipt(end, message.id, receipt_type, now, group=group))
    network.happenings.add("receipt-sent", owner.phone, id=message.id, reader=reader.phone, type=status)


def read_all(network: "Network", reader: Person) -> int:
    """The contact reads everything; how many messages that were."""
    unread = network.mailbox.unread(reader.phone)
    for message in unread:
        send_receipt(network, message, "read", utc_now())
    return len(unread)


def receipt_from_client(network: "Network", owner: Person, device: Device, stanza: Node) -> Node:
    """A client confirms, has read, or could not read what it got; the server's `ack`."""
    message_id, receipt_type, to = stanza.text("id"), stanza.text("type"), stanza.jid("to")
    group = network.groups.find(to.user) if to and to.server == groups.SERVER_NAME else None
    spoken_by = stanza.jid("participant") if group else to
    speaker = network.people.by_jid(spoken_by) if spoken_by else None
    end = network.people.end(spoken_by) if spoken_by else None
    ids = [message_id, *(item.text("id") for item in (stanza.child("list") or stanza).children if item.tag == "item")]
    for one in ids:
        network.mailbox.confirm(device.phone, device.number, "message", one)
    network.happenings.add("receipt-received", owner.phone, id=message_id, type=receipt_type, count=len(ids))
    writer = network.devices.get(speaker.phone, spoken_by.device) if speaker and spoken_by else None
    if writer and (receipt_type == "retry" or writer.phone != owner.phone):
        network.deliver(writer, relays.receipt(owner, device, group, stanza, utc_now()))
    if receipt_type == "retry":
        log.error("client-could-not-decrypt", id=message_id)
        if writer is None and not (end and _say_again(network, owner, device, end, group, stanza)):
            log.error("retry-without-message", id=message_id)
    elif speaker:
        status = "read" if receipt_type in ("read", "read-self") else "delivered"
        for one in ids:
            network.mailbox.mark(speaker.phone, one, status)
    return node(
        "ack", class_="receipt", id=message_id, from_=to, type=receipt_type or None, t=int(utc_now().timestamp())
    )


def _say_again(network: "Network", owner: Person, device: Device, end: End, group: Group | None, stanza: Node) -> bool:
    """Has a simulated device encrypt a message once more; False where it has no such message."""
    message_id, retry, recipient = stanza.text("id"), stanza.child("retry"), stanza.jid("recipient")
    count = retry.text("count") if retry else ""
    if group:
        return group_talk.say_again(network, group, owner, device, end, message_id, count)
    if end.phone == owner.phone:
        contact = network.people.by_jid(recipient) if recipient else None
        return contact is not None and speech.copy_again(network, owner, device, contact, message_id, count)
    return speech.say_again(network, owner, device, end, message_id, count)


def ack_from_client(network: "Network", device: Device, stanza: Node) -> None:
    """A client confirms a stanza that needs no receipt, or refuses one."""
    tag, stanza_id = stanza.text("class"), stanza.text("id")
    if "error" in stanza.attrs:
        log.error("client-refused", stanza=tag, id=stanza_id, code=stanza.text("error"))
        network.happenings.add("client-refused", device.phone, stanza=tag, id=stanza_id, code=stanza.text("error"))
    receipt_type = stanza.text("type") if tag == "receipt" else ""
    network.mailbox.confirm(device.phone, device.number, tag, stanza_id, receipt_type)
    network.happenings.add("ack-received", device.phone, stanza=tag, id=stanza_id)
