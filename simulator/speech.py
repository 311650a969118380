"""What contacts and the owner's phone say to linked devices: sealed for each device, kept until it is confirmed."""

import secrets
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any

import structlog

from simulator import contents, texts
from simulator.clock import utc_now
from simulator.contents import Content
from simulator.devices import Device
from simulator.nodes import SERVER, Node, node
from simulator.people import End, Person
from simulator.protobufs import e2e
from simulator.ratchet import Bundle

if TYPE_CHECKING:
    from simulator.network import Network

log = structlog.get_logger()

_FEW_PREKEYS = 5  # the client uploads more when it is told of fewer


def say(network: "Network", speaker: Person, end: End, owner: Person, message: Any) -> tuple[str, int]:
    """A contact sends a message from one of its devices: (message id, number of linked devices that get it)."""
    message_id, now = f"3EB0{secrets.token_hex(9).upper()}", utc_now()
    _keep_copies(network, speaker, owner, message_id, message, now, end.device)
    devices = network.devices.of(owner.phone)
    for device in devices:
        sealed = seal(network, end, owner, device, message)
        network.deliver(device, _from_contact(speaker, end, message_id, now, sealed, message))
    network.happenings.add("message-sent", owner.phone, id=message_id, speaker=speaker.phone, devices=len(devices))
    return message_id, len(devices)


def say_again(network: "Network", owner: Person, device: Device, end: End, message_id: str, count: str) -> bool:
    """A contact encrypts a message once more for a device that could not read it; False when it has no such message."""
    speaker, known = network.people.by_phone(end.phone), network.mailbox.find(end.phone, owner.phone, message_id)
    if speaker is None or known is None or known.from_phone != speaker.phone or speaker.phone == owner.phone:
        return False
    network.keyring.forget(end, f"{owner.lid}:{device.number}")
    message = e2e.Message.FromString(known.content) if known.content else texts.text(known.text)
    sealed = seal(network, end, owner, device, message)
    counted = Node(sealed.tag, {**sealed.attrs, "count": count}, sealed.content)
    network.deliver(device, _from_contact(speaker, end, message_id, utc_now(), counted, message))
    network.happenings.add("message-sent-again", owner.phone, id=message_id, speaker=speaker.phone)
    return True


def say_from_phone(network: "Network", owner: Person, contact: Person, message: Any) -> tuple[str, int]:
    """The owner sends a message from the phone: the contact gets it, and each linked device a copy."""
    message_id, now = phone_id(), utc_now()
    padded = texts.pad(message.SerializeToString())
    for end in contact.ends:
        sealed = network.keyring.seal(owner.end, end.remote, padded, partial(network.people.publish, end))
        arrived = texts.read(network.keyring.open(end, owner.end.remote, *sealed))
        if end == contact.end:
            _keep_copies(network, owner, contact, message_id, arrived.message, now)
        elif known := network.mailbox.find(contact.phone, owner.phone, message_id):
            network.mailbox.decrypted_too(known, end.device)
    devices = network.devices.of(owner.phone)
    for device in devices:
        network.deliver(device, _copy(network, owner, device, contact, message_id, now, message))
    network.happenings.add("message-sent", owner.phone, id=message_id, speaker=owner.phone, devices=len(devices))
    return message_id, len(devices)


def copy_again(network: "Network", owner: Person, device: Device, contact: Person, message_id: str, count: str) -> bool:
    """The phone encrypts the copy of an own message once more; False when it has no such message."""
    known = network.mailbox.find(owner.phone, contact.phone, message_id)
    if known is None or known.from_phone != owner.phone:
        return False
    network.keyring.forget(owner.end, f"{owner.lid}:{device.number}")
    message = e2e.Message.FromString(known.content) if known.content else texts.text(known.text)
    stanza = _copy(network, owner, device, contact, message_id, utc_now(), message, count)
    network.deliver(device, stanza)
    network.happenings.add("message-sent-again", owner.phone, id=message_id, speaker=owner.phone)
    return True


def _copy(
    network: "Network",
    owner: Person,
    device: Device,
    contact: Person,
    message_id: str,
    now: datetime,
    message: Any,
    count: str | None = None,
) -> Node:
    sealed = seal(network, owner.end, owner, device, texts.to_own_device(message, str(contact.lid_jid)))
    return node(
        "message",
        Node(sealed.tag, {**sealed.attrs, "count": count}, sealed.content) if count else sealed,
        from_=owner.lid_jid,
        recipient=contact.lid_jid,
        peer_recipient_pn=contact.phone_jid,
        id=message_id,
        t=int(now.timestamp()),
        type=contents.stanza_type(message),
        edit=contents.edit_attribute(message),
        notify=owner.name,
        addressing_mode="lid",
    )


def tell(network: "Network", owner: Person, device: Device, part: dict[str, Any]) -> None:
    """The phone tells a linked device something that is no message: a ProtocolMessage with these fields."""
    stanza = node(
        "message",
        seal(network, owner.end, owner, device, e2e.Message(protocolMessage=part)),
        from_=owner.lid_jid,
        id=phone_id(),
        t=int(utc_now().timestamp()),
        type="peer_msg",
        category="peer",
    )
    network.deliver(device, stanza)


def phone_id() -> str:
    """A message id as phones make them."""
    return f"3A{secrets.token_hex(9).upper()}"


def _from_contact(speaker: Person, end: End, message_id: str, now: datetime, sealed: Node, message: Any) -> Node:
    return node(
        "message",
        sealed,
        from_=end.lid_jid,
        id=message_id,
        t=int(now.timestamp()),
        type=contents.stanza_type(message),
        edit=contents.edit_attribute(message),
        notify=speaker.name,
        sender_pn=speaker.phone_jid,
        addressing_mode="lid",
    )


def _keep_copies(
    network: "Network",
    speaker: Person,
    listener: Person,
    message_id: str,
    message: Any,
    now: datetime,
    sender_device: int = 0,
) -> None:
    content = understood(network, message)
    for holder, chat in ((speaker, listener), (listener, speaker)):
        network.mailbox.keep(
            owner=holder.phone,
            chat=chat.phone,
            message_id=message_id,
            from_phone=speaker.phone,
            sender_device=sender_device,
            kind=content.kind,
            text=content.text,
            at=now,
            facts=content.kept_facts,
            content=message.SerializeToString(),
        )


def understood(network: "Network", message: Any) -> Content:
    """A message in words, its file downloaded and decrypted where it has one."""
    content = contents.describe(message)
    if content.attachment is None or content.facts.file is None:
        return content
    file = network.files.download(content.attachment, content.facts.file)
    if file.problem:
        log.error("file-unreadable", kind=content.kind, reason=file.problem)
    return replace(content, facts=content.facts.model_copy(update={"file": file}))


def seal(network: "Network", end: End, owner: Person, device: Device, message: Any) -> Node:
    """A message from a simulated device, encrypted for a linked one."""
    remote, padded = f"{owner.lid}:{device.number}", texts.pad(message.SerializeToString())
    kind, sealed = network.keyring.seal(end, remote, padded, lambda: _publish(network, device))
    return node("enc", sealed, v=2, type=kind, mediatype=contents.media_type(message))


def _publish(network: "Network", device: Device) -> Bundle:
    """The device's bundle; a device that is there is told when few of its one-time prekeys are left."""
    bundle = network.devices.publish(device)
    left = network.devices.prekey_count(device)
    connection = network.connection_of(device.phone, device.number)
    if left < _FEW_PREKEYS and connection and connection.active:
        log.info("few-prekeys", left=left)
        count, moment = node("count", value=left), int(utc_now().timestamp())
        notice = node("notification", count, from_=SERVER, type="encrypt", id=network.stanza_id(), t=moment)
        network.deliver(device, notice)
    return bundle
