"""Who is online and who types: what clients say of themselves, and what contacts let them see. Kept in memory."""

from collections.abc import Iterable
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from simulator import groups
from simulator.clock import utc_now
from simulator.connection import Connection
from simulator.groups import Group
from simulator.models import PresenceState
from simulator.nodes import Jid, Node, node
from simulator.people import Person

if TYPE_CHECKING:
    from simulator.network import Network


class Presences:
    """A client sees who is online once it has asked for that person; who types in a chat with it, it sees at once."""

    def __init__(self, network: "Network") -> None:
        self._network = network
        self._watched: WeakKeyDictionary[Connection, set[str]] = WeakKeyDictionary()
        self._online: set[str] = set()

    def from_client(self, connection: Connection, owner: Person, stanza: Node) -> None:
        """A client comes, goes, asks to see somebody, or types."""
        to, happenings = stanza.jid("to"), self._network.happenings
        person = self._network.people.by_jid(to) if to and to.user else None
        if stanza.tag == "chatstate":
            chat = str(to) if to and to.server == groups.SERVER_NAME else person.phone if person else ""
            happenings.add("chat-presence", owner.phone, chat=chat, state=_typing(stanza))
        elif stanza.text("type") == "subscribe":
            if person:
                self._watched.setdefault(connection, set()).add(person.phone)
                happenings.add("presence-watched", owner.phone, contact=person.phone)
                connection.send(self._presence(person))
        else:
            happenings.add("presence", owner.phone, state=stanza.text("type", "available"), name=stanza.text("name"))

    def show(self, contact: Person, state: PresenceState, owner: Person, group: Group | None) -> int:
        """A contact comes, goes or types; the number of clients that see it. What nobody sees is not kept for later."""
        if state in ("online", "offline"):
            (self._online.add if state == "online" else self._online.discard)(contact.phone)
            watchers = [one for one, watched in self._watched.items() if contact.phone in watched and one.active]
            return _send(watchers, self._presence(contact))
        told = [one for (phone, _device), one in self._network.connected.items() if phone == owner.phone and one.active]
        return _send(told, _chatstate(contact.lid_jid, state, group))

    def _presence(self, person: Person) -> Node:
        online = person.phone in self._online
        last = None if online else int(utc_now().timestamp())
        return node("presence", from_=person.lid_jid, type=None if online else "unavailable", last=last)


def _chatstate(speaker: Jid, state: PresenceState, group: Group | None) -> Node:
    what = node("paused") if state == "paused" else node("composing", media="audio" if state == "recording" else None)
    if group is None:
        return node("chatstate", what, from_=speaker)
    return node("chatstate", what, from_=group.jid, participant=speaker)


def _typing(stanza: Node) -> PresenceState:
    composing = stanza.child("composing")
    if composing is None:
        return "paused"
    return "recording" if composing.text("media") == "audio" else "typing"


def _send(connections: Iterable[Connection], stanza: Node) -> int:
    count = 0
    for connection in connections:
        connection.send(stanza)
        count += 1
    return count
