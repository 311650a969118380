"""What the phone knew before a client was linked, and who is online and types, through the real client."""

import secrets
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from simulator.control import Control
from simulator.models import PhoneText, PresenceState, TextToSend
from tests.flow.simulated import OWNER, Client, linked_client, running_simulator

ADA, BEN = "447700900123", "447700900124"


@dataclass(frozen=True)
class World:
    """A simulator and a client that was linked after some messages had been exchanged."""

    control: Control
    client: Client
    group: str
    lids: dict[str, str]
    told: dict[str, list[list[str]]]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("phone")
    with running_simulator(folder) as control:
        assert control.put_phone(OWNER, "Alex").devices == []
        control.put_contact(ADA, "Ada")
        control.put_contact(BEN, "Ben")
        lids = {one.phone: one.lid for one in control.contacts()}
        group = control.put_group("family", "Family", [ADA, BEN]).address
        first = control.send(ADA, "Shall we?")
        assert first.devices == 0
        answer = control.send_from_phone(ADA, "Yes, at noo").id
        control.say_from_phone(PhoneText(to=ADA, kind="edit", text="Yes, at noon", target=answer))
        control.say(ADA, TextToSend(kind="reaction", text="👍", target=answer))
        gone = control.send(ADA, "Sorry, wrong chat").id
        control.say(ADA, TextToSend(kind="delete", target=gone))
        long = secrets.token_urlsafe(48_000)[:60_000]  # more than goes inline
        said = control.say(BEN, TextToSend(text=long, group="family")).id
        told = {
            f"{lids[ADA]}@lid": [[answer, "Yes, at noon"], [first.id, "Shall we?"]],
            group: [[said, long]],
        }
        with linked_client(folder, control) as client:
            yield World(control, client, group, lids, told)


def test_a_new_device_learns_the_latest_messages_of_every_chat(world: World) -> None:
    names = {f"{world.lids[ADA]}@lid": "Ada", f"{world.lids[BEN]}@lid": "Ben"}
    world.client.expect("history", names=names, chats={})
    world.client.expect("history", names={}, chats=world.told)
    kinds = [event.kind for event in world.control.events().events]
    assert "media-downloaded" in kinds  # the history was too large to be told inline
    world.control.wait_for("media-deleted", seconds=30)


def test_a_client_that_watches_a_contact_sees_it_come_and_go(world: World) -> None:
    assert world.control.show_presence(ADA, "online") == 0
    assert world.client.ask(do="watch", of=f"{world.lids[ADA]}@lid")["done"] is None
    world.client.expect("presence", sender=world.lids[ADA], online=True)
    assert world.control.show_presence(ADA, "offline") == 1
    assert world.client.expect("presence", sender=world.lids[ADA], online=False)["last"] > 0
    assert world.control.show_presence(BEN, "online") == 0


@pytest.mark.parametrize(
    ("shown", "state", "media"),
    [("typing", "COMPOSING", "TEXT"), ("recording", "COMPOSING", "AUDIO"), ("paused", "PAUSED", "TEXT")],
)
def test_a_client_sees_who_types(world: World, shown: PresenceState, state: str, media: str) -> None:
    for group, chat in ((None, f"{world.lids[BEN]}@lid"), ("family", world.group)):
        assert world.control.show_presence(BEN, shown, group=group) == 1
        world.client.expect("typing", sender=world.lids[BEN], chat=chat, state=state, media=media)


@pytest.mark.parametrize(
    ("state", "media", "noted"),
    [("COMPOSING", "TEXT", "typing"), ("COMPOSING", "AUDIO", "recording"), ("PAUSED", "TEXT", "paused")],
)
def test_what_the_client_types_is_noted(world: World, state: str, media: str, noted: str) -> None:
    for to, chat in ((ADA, ADA), (world.group, world.group)):
        after = world.control.state().last_event
        world.client.ask(do="type", to=to, state=state, media=media)
        event = world.control.wait_for("chat-presence", after=after, seconds=30)
        assert (event.account, event.detail) == (OWNER, {"chat": chat, "state": noted})


def test_nothing_was_unknown_to_the_simulator(world: World) -> None:
    world.control.wait_until_settled(OWNER)
    trouble = {"unknown-stanza", "stanza-failed", "message-undecryptable", "client-refused"}
    assert [event for event in world.control.events().events if event.kind in trouble] == []
