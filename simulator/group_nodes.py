"""How the server describes a group and tells of changes in it: nodes made of values. No I/O."""

from simulator.groups import Group
from simulator.nodes import Node, node
from simulator.people import Person


def group_node(group: Group, members: list[Person]) -> Node:
    """A group as a client expects it; the members are those of the group, in its order."""
    creator = next((one.lid_jid for one in members if one.phone == group.creator), None)
    parts = [
        node(
            "participant",
            jid=one.lid_jid,
            phone_number=one.phone_jid,
            type="superadmin" if one.phone == group.creator else None,
        )
        for one in members
    ]
    return node(
        "group",
        parts,
        id=group.id,
        subject=group.subject,
        s_t=group.created,
        s_o=creator,
        creation=group.created,
        creator=creator,
        addressing_mode="lid",
        size=len(members),
    )


def change(group: Group, stanza_id: str, actor: Person, now: int, content: Node) -> Node:
    """The notification of a change in a group."""
    return node(
        "notification",
        content,
        from_=group.jid,
        id=stanza_id,
        type="w:gp2",
        participant=actor.lid_jid,
        participant_pn=actor.phone_jid,
        notify=actor.name,
        t=now,
        addressing_mode="lid",
    )


def created(group: Group, members: list[Person]) -> Node:
    """What a change says to those who are in a new group, or are new in a group."""
    return node("create", group_node(group, members), type="new")


def renamed(group: Group, actor: Person, now: int) -> Node:
    """What a change says of a new subject."""
    return node("subject", subject=group.subject, s_t=now, s_o=actor.lid_jid)


def moved(tag: str, people: list[Person]) -> Node:
    """What a change says of people who came (`add`) or left (`remove`)."""
    return node(tag, (node("participant", jid=one.lid_jid, phone_number=one.phone_jid) for one in people))
