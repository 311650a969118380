"""What happens to a client's messages and receipts: opened by those they are for, kept in inboxes, confirmed."""

from datetime import datetime
from typing import TYPE_CHECKING

import structlog

from simulator import queries, speech, texts
from simulator.clock import utc_now
from simulator.devices import Device
from simulator.envelopes import MalformedEnvelope
from simulator.mailbox import Message
from simulator.nodes import SERVER, Jid, Node, node
from simulator.people import Person
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
    chat = network.people.by_jid(to)
    if chat is None or not chat.registered:
        log.error("message-to-nobody", server=to.server)
        network.happenings.add("message-to-nobody", owner.phone, id=stanza.text("id"), server=to.server)
        return node("ack", class_="message", id=stanza.text("id"), from_=to, t=int(now.timestamp()), error=404)
    for jid, sealed in _sealed_parts(stanza, to):
        reader = network.people.by_jid(jid)
        if reader is None or jid.device:
            log.error("sealed-for-nobody", device=jid.device)
            network.happenings.add("sealed-for-nobody", owner.phone, id=stanza.text("id"), device=jid.device)
        else:
            _open(network, owner, device, reader, chat, stanza, sealed, now)
    return node("ack", class_="message", id=stanza.text("id"), from_=to, t=int(now.timestamp()))


def _sealed_parts(stanza: Node, to: Jid) -> list[tuple[Jid, Node]]:
    parts = [(to, child) for child in stanza.children if child.tag == "enc"]
    participants = stanza.child("participants")
    for one in participants.children if participants else ():
        sealed, jid = one.child("enc"), one.jid("jid")
        if sealed and jid:
            parts.append((jid, sealed))
    return parts


def _open(
    network: "Network",
    owner: Person,
    device: Device,
    reader: Person,
    chat: Person,
    stanza: Node,
    sealed: Node,
    now: datetime,
) -> None:
    message_id, remote = stanza.text("id"), f"{owner.lid}:{device.number}"
    try:
        padded = network.keyring.open(reader, remote, sealed.text("type"), sealed.data)
        opened = texts.read(padded)
    except AlreadyDecrypted:
        log.info("message-repeated", id=message_id)
        network.happenings.add("message-repeated", owner.phone, id=message_id, reader=reader.phone)
        return
    except (Undecryptable, MalformedEnvelope, MalformedMessage) as error:
        log.error("message-undecryptable", id=message_id, reason=str(error))
        network.happenings.add(
            "message-undecryptable", owner.phone, id=message_id, reader=reader.phone, reason=str(error)
        )
        _ask_again(network, owner, device, reader, message_id, now)
        return
    content = speech.understood(network, opened.message)
    other = owner if reader.phone != owner.phone else chat
    message = network.mailbox.keep(
        owner=reader.phone,
        chat=other.phone,
        message_id=message_id,
        from_phone=owner.phone,
        sender_device=device.number,
        kind=content.kind,
        text=content.text,
        at=now,
        robot=stanza.child("bot") is not None,
        facts=content.facts.model_dump_json(by_alias=True, exclude_defaults=True),
        content=opened.message.SerializeToString(),
    )
    network.happenings.add("message-decrypted", owner.phone, id=message_id, reader=reader.phone, kind=content.kind)
    if reader.phone == owner.phone:
        if stanza.text("category") != "peer":
            network.deliver(device, _receipt(reader, message_id, "sender", now, recipient=chat.lid_jid))
        return
    start = now.timestamp()
    if reader.delivered_after_ms is not None:
        network.mailbox.owe(message.number, "", start + reader.delivered_after_ms / 1000)
    if reader.read_after_ms is not None:
        network.mailbox.owe(message.number, "read", start + reader.read_after_ms / 1000)
    network.receipts_changed.set()


def _ask_again(
    network: "Network", owner: Person, device: Device, reader: Person, message_id: str, now: datetime
) -> None:
    """Asks the client to encrypt the message once more, as a phone does that could not read it."""
    remote = f"{owner.lid}:{device.number}"
    network.keyring.forget(reader, remote)
    moment = int(now.timestamp())
    bundle = queries.bundle_node(reader.lid_jid, network.people.publish(reader))
    registration, *keys = bundle.children
    parts = [node("retry", count=1, id=message_id, t=moment, v=1), registration, node("keys", keys)]
    network.deliver(device, node("receipt", parts, from_=reader.lid_jid, id=message_id, type="retry", t=moment))


def _receipt(reader: Person, message_id: str, receipt_type: str, now: datetime, recipient: Jid | None = None) -> Node:
    moment = int(now.timestamp())
    return node(
        "receipt", from_=reader.lid_jid, id=message_id, type=receipt_type or None, t=moment, recipient=recipient
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
        network.deliver(device, _receipt(reader, message.id, receipt_type, now))
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
    speaker = network.people.by_jid(to) if to else None
    ids = [message_id, *(item.text("id") for item in (stanza.child("list") or stanza).children if item.tag == "item")]
    for one in ids:
        network.mailbox.confirm(device.phone, device.number, "message", one)
    network.happenings.add("receipt-received", owner.phone, id=message_id, type=receipt_type, count=len(ids))
    if receipt_type == "retry":
        log.error("client-could-not-decrypt", id=message_id)
        retry = stanza.child("retry")
        if (
            not speaker
            or not retry
            or not speech.say_again(network, owner, device, speaker, message_id, retry.text("count"))
        ):
            log.error("retry-without-message", id=message_id)
    elif speaker:
        status = "read" if receipt_type in ("read", "read-self") else "delivered"
        for one in ids:
            network.mailbox.mark(speaker.phone, one, status)
    return node(
        "ack", class_="receipt", id=message_id, from_=to, type=receipt_type or None, t=int(utc_now().timestamp())
    )


def ack_from_client(network: "Network", device: Device, stanza: Node) -> None:
    """A client confirms a stanza that needs no receipt, or refuses one."""
    tag, stanza_id = stanza.text("class"), stanza.text("id")
    if "error" in stanza.attrs:
        log.error("client-refused", stanza=tag, id=stanza_id, code=stanza.text("error"))
        network.happenings.add("client-refused", device.phone, stanza=tag, id=stanza_id, code=stanza.text("error"))
    receipt_type = stanza.text("type") if tag == "receipt" else ""
    network.mailbox.confirm(device.phone, device.number, tag, stanza_id, receipt_type)
    network.happenings.add("ack-received", device.phone, stanza=tag, id=stanza_id)
