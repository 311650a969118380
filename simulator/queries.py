"""What the server answers to each question (`iq`) of a client; what is not in the table is refused and reported."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from simulator import app_state_sync, group_nodes, group_talk, linking
from simulator.connection import Connection
from simulator.devices import Device, Registration
from simulator.nodes import SERVER, Jid, Node, node
from simulator.people import Person
from simulator.ratchet import Bundle

if TYPE_CHECKING:
    from simulator.network import Network

_MEDIA_SECONDS = 21_600
_PRIVACY = ("readreceipts", "last", "profile", "status", "online", "groupadd", "calladd")


def result(question: Node, content: Node | None = None) -> Node:
    """The answer that all is well."""
    return node("iq", content, from_=SERVER, type="result", id=question.text("id"))


def refusal(question: Node, code: int, text: str) -> Node:
    """The answer that it cannot be."""
    return node("iq", node("error", code=code, text=text), from_=SERVER, type="error", id=question.text("id"))


def answer(network: "Network", connection: Connection, device: Device, owner: Person, question: Node) -> Node | None:
    """The answer to a client's question; None where it has been given already."""
    inner = question.children[0].tag if question.children else ""
    namespace, kind = question.text("xmlns"), question.text("type")
    reply = _TABLE.get((namespace, kind, inner)) or _TABLE.get((namespace, kind, "*"))
    if reply is None:
        network.unknown(connection, question, "unknown question")
        return refusal(question, 501, "feature-not-implemented")
    return reply(_Asked(network, connection, device, owner, question))


class _Asked:
    """A question with everything needed to answer it."""

    def __init__(
        self, network: "Network", connection: Connection, device: Device, owner: Person, question: Node
    ) -> None:
        self.network, self.connection, self.device, self.owner, self.question = (
            network,
            connection,
            device,
            owner,
            question,
        )


def _empty(asked: _Asked) -> Node:
    return result(asked.question)


def _refuse(code: int, text: str) -> Callable[[_Asked], Node]:
    return lambda asked: refusal(asked.question, code, text)


def _prekey_count(asked: _Asked) -> Node:
    return result(asked.question, node("count", value=asked.network.devices.prekey_count(asked.device)))


def _upload_prekeys(asked: _Asked) -> Node:
    question = asked.question
    signed = question.child("skey") or node("skey")
    registration = Registration(
        noise=asked.device.registration.noise,
        identity=_content(question, "identity"),
        registration_id=int.from_bytes(_content(question, "registration"), "big"),
        signed_prekey_id=int.from_bytes(_content(signed, "id"), "big"),
        signed_prekey=_content(signed, "value"),
        signature=_content(signed, "signature"),
    )
    if registration.identity != asked.device.registration.identity:
        return refusal(question, 406, "not-acceptable")
    keys = question.child("list") or node("list")
    uploaded = [(int.from_bytes(_content(key, "id"), "big"), _content(key, "value")) for key in keys.children]
    asked.network.devices.upload(asked.device, registration, uploaded)
    asked.network.happenings.add("prekeys-uploaded", asked.owner.phone, count=len(uploaded))
    return result(question)


def _content(parent: Node, tag: str) -> bytes:
    child = parent.child(tag)
    return child.data if child else b""


def _fetch_keys(asked: _Asked) -> Node:
    users = asked.question.child("key") or node("key")
    return result(asked.question, node("list", (_user_keys(asked.network, user.jid("jid")) for user in users.children)))


def _user_keys(network: "Network", jid: Jid | None) -> Node:
    person = network.people.by_jid(jid) if jid else None
    end = network.people.end(jid) if jid else None
    device = network.devices.get(person.phone, jid.device) if person and jid and jid.device else None
    if jid is None or person is None or not person.registered or (end is None and device is None):
        return node("user", node("error", code=404, text="item-not-found"), jid=jid)
    if end is not None:
        return bundle_node(jid, network.people.publish(end))
    return bundle_node(jid, network.devices.publish(device)) if device else node("user", jid=jid)


def bundle_node(jid: Jid, bundle: Bundle) -> Node:
    """A key bundle as a client expects it."""
    signed = [
        node("id", bundle.signed_prekey_id.to_bytes(3, "big")),
        node("value", bundle.signed_prekey),
        node("signature", bundle.signature),
    ]
    parts = [
        node("registration", bundle.registration_id.to_bytes(4, "big")),
        node("type", b"\x05"),
        node("identity", bundle.identity),
        node("skey", signed),
    ]
    if bundle.prekey is not None and bundle.prekey_id is not None:
        parts.append(node("key", [node("id", bundle.prekey_id.to_bytes(3, "big")), node("value", bundle.prekey)]))
    return node("user", parts, jid=jid)


def _activate(asked: _Asked) -> None:
    asked.connection.send(result(asked.question))
    asked.network.activate(asked.connection, asked.owner, asked.device)


def _usync(asked: _Asked) -> Node:
    usync = asked.question.child("usync") or node("usync")
    query, users = usync.child("query") or node("query"), usync.child("list") or node("list")
    wanted = {child.tag for child in query.children}
    found = [_usync_user(asked.network, user, wanted) for user in users.children]
    parts = [node("result", (node(tag) for tag in sorted(wanted))), node("list", found)]
    return result(
        asked.question, node("usync", parts, sid=usync.text("sid"), index="0", last="true", mode=usync.text("mode"))
    )


def _usync_user(network: "Network", user: Node, wanted: set[str]) -> Node:
    contact = user.child("contact")
    jid = user.jid("jid")
    if jid is None and contact is not None:
        digits = contact.data.decode().partition("@")[0].lstrip("+")
        jid = Jid(digits, "s.whatsapp.net")
    if jid is None:
        return node("user", node("error", code=400, text="bad-request"))
    person = network.people.by_jid(jid)
    known = person if person and person.registered else None
    parts = []
    if contact is not None:
        parts.append(node("contact", contact.data, type="in" if known else "out"))
    if known is None:
        return node("user", parts, jid=jid)
    parts += [maker(network, known) for tag, maker in _USYNC.items() if tag in wanted]
    if contact is not None:
        return node("user", parts, jid=known.lid_jid, pn_jid=known.phone_jid)
    return node("user", parts, jid=jid)


def _device_list(network: "Network", person: Person) -> Node:
    linked = [*(end.device for end in person.ends), *(device.number for device in network.devices.of(person.phone))]
    return node("devices", node("device-list", (node("device", id=number) for number in linked)))


_USYNC: dict[str, Callable[["Network", Person], Node]] = {
    "devices": _device_list,
    "lid": lambda _network, person: node("lid", val=person.lid_jid),
    "status": lambda _network, _person: node("status", "A simulated contact", t=1),
    "picture": lambda _network, _person: node("picture"),
    "disappearing_mode": lambda _network, _person: node("disappearing_mode", duration=0, t=0),
}


def _privacy(asked: _Asked) -> Node:
    return result(asked.question, node("privacy", (node("category", name=name, value="all") for name in _PRIVACY)))


def _groups(asked: _Asked) -> Node:
    network = asked.network
    found = (
        group_nodes.group_node(group, group_talk.members_of(network, group))
        for group in network.groups.of(asked.owner.phone)
    )
    return result(asked.question, node("groups", found))


def _group(asked: _Asked) -> Node:
    to = asked.question.jid("to")
    group = asked.network.groups.find(to.user) if to else None
    if group is None:
        return refusal(asked.question, 404, "item-not-found")
    if asked.owner.phone not in group.members:
        return refusal(asked.question, 403, "forbidden")
    return result(asked.question, group_nodes.group_node(group, group_talk.members_of(asked.network, group)))


def _media_conn(asked: _Asked) -> Node:
    media = asked.network.media
    if media is None:
        return refusal(asked.question, 503, "service-unavailable")
    return result(
        asked.question,
        node(
            "media_conn",
            node("host", hostname=media.host),
            auth=media.auth,
            ttl=_MEDIA_SECONDS,
            auth_ttl=_MEDIA_SECONDS,
            max_buckets=12,
        ),
    )


def _app_state(asked: _Asked) -> Node:
    sync = asked.question.child("sync") or node("sync")
    answers = [app_state_sync.answer(asked.network, asked.owner, one) for one in sync.children]
    return result(asked.question, node("sync", answers))


def _blocklist(asked: _Asked) -> Node:
    return result(asked.question, node("list", (), dhash="0"))


def _business(asked: _Asked) -> Node:
    asking = asked.question.child("business_profile", "profile") or node("profile")
    return result(asked.question, node("business_profile", node("profile", (), jid=asking.jid("jid"))))


def _unlink(asked: _Asked) -> Node:
    linking.removed_by_client(asked.network, asked.connection, asked.question.children[0].jid("jid"))
    return result(asked.question)


_TABLE: dict[tuple[str, str, str], Callable[[_Asked], Node | None]] = {
    ("encrypt", "get", "count"): _prekey_count,
    ("encrypt", "set", "*"): _upload_prekeys,
    ("encrypt", "get", "key"): _fetch_keys,
    ("passive", "set", "active"): _activate,
    ("passive", "set", "passive"): _empty,
    ("w:p", "get", "*"): _empty,
    ("usync", "get", "usync"): _usync,
    ("privacy", "get", "privacy"): _privacy,
    ("privacy", "set", "*"): _empty,
    ("w:g2", "get", "participating"): _groups,
    ("w:g2", "get", "query"): _group,
    ("w:m", "set", "media_conn"): _media_conn,
    (app_state_sync.XMLNS, "set", "sync"): _app_state,
    ("w:profile:picture", "get", "picture"): _refuse(404, "item-not-found"),
    ("w:biz", "get", "business_profile"): _business,
    ("blocklist", "get", "*"): _blocklist,
    ("disappearing_mode", "set", "*"): _empty,
    ("urn:xmpp:whatsapp:push", "set", "*"): _empty,
    ("urn:xmpp:whatsapp:dirty", "set", "*"): _empty,
    ("md", "set", "remove-companion-device"): _unlink,
}
