"""What one linked device writes for another: the server hands it on without being able to read it. No I/O."""

from datetime import datetime

from simulator import groups
from simulator.devices import Device
from simulator.groups import Group
from simulator.nodes import Node, node
from simulator.people import People, Person


def relayed(
    owner: Person, device: Device, reader: Person, stanza: Node, sealed: Node, people: People, now: datetime
) -> Node:
    """A client's message as it reaches a linked device of the reader's, who may be its owner too; `now` is UTC."""
    to = stanza.jid("to")
    parts = [sealed, *(part for part in stanza.children if part.tag == "device-identity")]
    common = {
        "id": stanza.text("id"),
        "type": stanza.text("type"),
        "edit": stanza.text("edit") or None,
        "notify": owner.name,
        "addressing_mode": "lid",
        "t": int(now.timestamp()),
    }
    if to and to.server == groups.SERVER_NAME:
        parts += [part for part in stanza.children if part.tag == "enc" and part.text("type") == "skmsg"]
        return node(
            "message", parts, from_=to, participant=device.lid_jid(owner), participant_pn=owner.phone_jid, **common
        )
    if reader.phone != owner.phone:
        return node("message", parts, from_=device.lid_jid(owner), sender_pn=owner.phone_jid, **common)
    chat = people.by_jid(to) if to else None
    return node(
        "message",
        parts,
        from_=device.lid_jid(owner),
        recipient=chat.lid_jid if chat else to,
        peer_recipient_pn=chat.phone_jid if chat else None,
        **common,
    )


def receipt(owner: Person, device: Device, group: Group | None, stanza: Node, now: datetime) -> Node:
    """A client's receipt as it reaches the linked device that wrote the message; `now` is UTC."""
    reader = device.lid_jid(owner)
    return node(
        "receipt",
        stanza.children or None,
        from_=group.jid if group else reader,
        participant=reader if group else None,
        id=stanza.text("id"),
        type=stanza.text("type") or None,
        t=int(now.timestamp()),
    )
