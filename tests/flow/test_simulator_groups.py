"""Groups and contacts with several devices through the real client; one simulator and one client for all."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from simulator.control import Control, ControlRefused
from simulator.models import FaultRule, InboxItem, PhoneText, TextToSend
from simulator.sayings import FileToSend
from tests.flow.simulated import OWNER, Client, linked_client, running_client, running_simulator

ADA, BEN, CARL = "447700900123", "447700900124", "447700900125"
EVE, OTHER = "447700900126", "447700900001"


@dataclass(frozen=True)
class World:
    """A simulator with an account that is linked, a group of three and a contact with three devices."""

    control: Control
    client: Client
    folder: Path
    group: str
    lids: dict[str, str]

    def inbox(self, phone: str, message_id: str) -> InboxItem:
        (item,) = [one for one in self.control.inbox(phone) if one.id == message_id]
        return item

    def sent_until(self, client: Client, to: str, text: str, holds: Callable[[str], bool]) -> bool:
        """Whether it holds for a message's id; tries again, for a client learns of a new device a little later."""
        return any(holds(client.ask(do="send", to=to, text=f"{text} {number}")["id"]) for number in range(20))

    def until_decrypted(self, phone: str, message_id: str, devices: int = 1) -> None:
        """Returns once so many of a contact's devices have decrypted a message."""
        deadline, after = time.monotonic() + 60, 0
        while not any(one.id == message_id and len(one.devices) >= devices for one in self.control.inbox(phone)):
            assert time.monotonic() < deadline, "It was not decrypted in time."
            after = self.control.events(after, wait=5).last


def arrives(client: Client, message_id: str) -> bool:
    try:
        client.expect("message", seconds=3, id=message_id)
    except AssertionError:
        return False
    return True


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("groups")
    with running_simulator(folder) as control:
        for phone, name, devices in ((ADA, "Ada", 1), (BEN, "Ben", 1), (CARL, "Carl", 3)):
            control.put_contact(phone, name, delivered_after_ms=0, read_after_ms=None, devices=devices)
        lids = {one.phone: one.lid for one in control.contacts()}
        with linked_client(folder, control) as client:
            group = control.put_group("family", "Family", [ADA, BEN]).address
            client.expect("joined", address=group, subject="Family", participants=sorted([OWNER, ADA, BEN]))
            yield World(control, client, folder, group, lids)


def test_the_client_knows_its_groups(world: World) -> None:
    expected = {"address": world.group, "subject": "Family", "participants": sorted([OWNER, ADA, BEN])}
    assert expected in world.client.ask(do="group-list")["groups"]
    assert world.client.ask(do="group-info", of=world.group)["group"] == expected
    assert "error" in world.client.ask(do="group-info", of="120363999999999999@g.us")


def test_a_group_message_from_the_client_is_decrypted_by_each_member(world: World) -> None:
    for text in ("under a new key", "under the same key"):
        sent = world.client.ask(do="say", to=world.group, message={"conversation": text})["id"]
        for phone in (ADA, BEN):
            item = world.inbox(phone, sent)
            assert (item.text, item.group, item.from_) == (text, world.group, OWNER)
            world.client.expect("receipt", ids=[sent], type="DELIVERED", sender=world.lids[phone], chat=world.group)
        (copy,) = [one for one in world.control.phone_chats(OWNER) if one.id == sent]
        assert (copy.chat, copy.from_me) == (world.group, True)


def test_members_speak_in_turn(world: World) -> None:
    for turn in range(3):
        for phone in (ADA, BEN):
            text = f"turn {turn}"
            sent = world.control.say(phone, TextToSend(text=text, group="family")).id
            heard = world.client.expect("message", id=sent, text=text)
            assert (heard["sender"], heard["phone"]) == (world.lids[phone], phone)
            assert (f"{heard['chat']}@{heard['server']}", heard["from_me"]) == (world.group, False)


def test_the_phone_speaks_in_a_group(world: World) -> None:
    sent = world.control.say_from_phone(PhoneText(text="from the phone", group=world.group, phone=OWNER)).id
    heard = world.client.expect("message", id=sent, text="from the phone")
    assert (f"{heard['chat']}@{heard['server']}", heard["from_me"]) == (world.group, True)
    assert world.inbox(ADA, sent).group == world.group


def test_replies_and_reactions_in_a_group(world: World) -> None:
    first = world.control.say(ADA, TextToSend(text="Who comes?", group="family")).id
    world.client.expect("message", id=first, text="Who comes?")
    key = {"remoteJID": world.group, "fromMe": False, "ID": first, "participant": f"{world.lids[ADA]}@lid"}
    sent = world.client.ask(do="say", to=world.group, message={"reactionMessage": {"key": key, "text": "🙋"}})["id"]
    item = world.inbox(BEN, sent)
    assert (item.kind, item.text, item.target) == ("reaction", "🙋", first)
    reply = world.control.say(BEN, TextToSend(text="I do", group="family", reply_to=first)).id
    assert world.client.expect("message", id=reply, text="I do")["phone"] == BEN
    quoted = world.inbox(ADA, reply).quoted
    assert quoted is not None
    assert (quoted.id, quoted.text, quoted.from_) == (first, "Who comes?", f"{world.lids[ADA]}@lid")


def test_a_member_that_cannot_read_a_message_asks_for_it_again(world: World) -> None:
    world.client.ask(do="say", to=world.group, message={"conversation": "readable"})
    world.control.add_fault(FaultRule(action="garble"))
    sent = world.client.ask(do="say", to=world.group, message={"conversation": "damaged on the way"})["id"]
    for phone in (ADA, BEN):
        world.until_decrypted(phone, sent)
        assert world.inbox(phone, sent).text == "damaged on the way"
    sent = world.client.ask(do="say", to=world.group, message={"conversation": "and on it goes"})["id"]
    assert world.inbox(ADA, sent).text == world.inbox(BEN, sent).text == "and on it goes"


def test_a_client_that_cannot_read_a_group_message_gets_it_again(world: World) -> None:
    world.control.add_fault(FaultRule(stanza="delivery", action="garble"))
    sent = world.control.say(ADA, TextToSend(text="damaged too", group="family")).id
    world.client.expect("undecryptable", id=sent)
    world.client.expect("message", id=sent, text="damaged too")
    sent = world.control.say(ADA, TextToSend(text="whole", group="family")).id
    world.client.expect("message", id=sent, text="whole")


def test_members_come_and_go(world: World) -> None:
    group = world.control.put_group("friends", "Friends", [ADA], account=OWNER).address
    world.client.expect("joined", address=group)
    world.client.ask(do="say", to=group, message={"conversation": "before"})
    world.control.put_group("friends", "Good friends", [BEN], account=OWNER)
    changes = [world.client.expect("group", address=group) for _ in range(3)]
    assert [(one["subject"], one["came"], one["left"]) for one in changes] == [
        ("", [world.lids[BEN]], []),
        ("", [], [world.lids[ADA]]),
        ("Good friends", [], []),
    ]
    sent = world.client.ask(do="say", to=group, message={"conversation": "after"})["id"]
    assert world.inbox(BEN, sent).text == "after"
    assert [item.text for item in world.control.inbox(ADA) if item.group == group] == ["before"]
    with pytest.raises(ControlRefused, match="Only a member"):
        world.control.say(ADA, TextToSend(text="still here?", group="friends"))


def test_each_device_of_a_contact_decrypts(world: World) -> None:
    for text in ("first", "second"):
        sent = world.client.ask(do="send", to=CARL, text=text)["id"]
        item = world.inbox(CARL, sent)
        assert (item.text, item.devices) == (text, (0, 1, 2))
        for device in item.devices:
            world.client.expect("receipt", ids=[sent], type="DELIVERED", sender=world.lids[CARL], device=device)
    sent = world.control.send_from_phone(CARL, "from the phone", phone=OWNER).id
    assert world.inbox(CARL, sent).devices == (0, 1, 2)


def test_each_device_of_a_contact_speaks(world: World) -> None:
    for device in range(3):
        sent = world.control.say(CARL, TextToSend(text=f"device {device}", device=device, to=OWNER)).id
        heard = world.client.expect("message", id=sent, text=f"device {device}")
        assert (heard["sender"], heard["device"], heard["phone"]) == (world.lids[CARL], device, CARL)
    with pytest.raises(ControlRefused, match="no device"):
        world.control.say(CARL, TextToSend(text="from nowhere", device=4, to=OWNER))


def test_a_device_that_a_contact_gets_later_decrypts_too(world: World) -> None:
    world.control.put_contact(EVE, "Eve", delivered_after_ms=None, read_after_ms=None)
    sent = world.client.ask(do="send", to=EVE, text="to one")["id"]
    assert world.inbox(EVE, sent).devices == (0,)
    world.control.put_contact(EVE, "Eve", delivered_after_ms=None, read_after_ms=None, devices=2)
    assert world.sent_until(world.client, EVE, "to two", lambda sent: world.inbox(EVE, sent).devices == (0, 1))


def test_a_device_that_cannot_read_a_message_asks_for_it_alone(world: World) -> None:
    world.control.add_fault(FaultRule(action="garble", to=CARL))
    sent = world.client.ask(do="send", to=CARL, text="damaged")["id"]
    world.until_decrypted(CARL, sent, devices=3)
    assert sorted(world.inbox(CARL, sent).devices) == [0, 1, 2]


def test_two_linked_devices_of_one_account_see_what_the_other_sends(world: World) -> None:
    with running_client(world.folder, "second") as second:
        world.control.scan(second.expect("qr")["code"], OWNER)
        second.expect("connected")
        world.control.wait_until_settled(OWNER)
        sent = second.ask(do="send", to=ADA, text="from the second")["id"]
        heard = world.client.expect("message", id=sent, text="from the second")
        assert (heard["from_me"], heard["chat"]) == (True, world.lids[ADA])
        assert world.inbox(ADA, sent).text == "from the second"
        assert world.sent_until(world.client, ADA, "to the second too", lambda sent: arrives(second, sent))
        sent = second.ask(do="say", to=world.group, message={"conversation": "to all"})["id"]
        heard = world.client.expect("message", id=sent, text="to all")
        assert (heard["from_me"], f"{heard['chat']}@{heard['server']}") == (True, world.group)
        sent = world.control.say(BEN, TextToSend(text="to both", group="family")).id
        for client in (world.client, second):
            client.expect("message", id=sent, text="to both")
        second.ask(do="logout")
        world.control.wait_for("logged-out", seconds=60, match=lambda event: event.detail.get("by_client") is True)


def test_two_accounts_write_to_each_other(world: World) -> None:
    with running_client(world.folder, "other") as other:
        lid = world.control.scan(other.expect("qr")["code"], OTHER, "Dora").lid
        other.expect("connected")
        world.control.wait_until_settled(OTHER)
        sent = world.client.ask(do="send", to=OTHER, text="from one account")["id"]
        heard = other.expect("message", id=sent, text="from one account")
        assert (heard["phone"], heard["from_me"]) == (OWNER, False)
        world.client.expect("receipt", ids=[sent], sender=lid, type="INACTIVE", device=1)
        sent = other.ask(do="send", to=OWNER, text="from the other")["id"]
        assert world.client.expect("message", id=sent, text="from the other")["phone"] == OTHER
        assert [one.text for one in world.control.phone_chats(OWNER) if one.id == sent] == ["from the other"]
        world.control.log_out(OTHER)


def test_a_copy_of_the_phones_own_message_that_cannot_be_read_comes_again(world: World) -> None:
    world.control.add_fault(FaultRule(stanza="delivery", action="garble"))
    sent = world.control.send_from_phone(CARL, "damaged copy", phone=OWNER).id
    world.client.expect("undecryptable", id=sent)
    assert world.client.expect("message", id=sent, text="damaged copy")["from_me"] is True


def test_all_of_it_outlives_a_restart_of_both_sides(tmp_path: Path) -> None:
    with running_simulator(tmp_path) as control:
        control.put_contact(ADA, "Ada", delivered_after_ms=None, read_after_ms=None, devices=2)
        with linked_client(tmp_path, control) as client:
            group = control.put_group("family", "Family", [ADA]).address
            client.ask(do="say", to=group, message={"conversation": "before"})
            control.say(ADA, TextToSend(text="before too", group="family"))
            client.expect("message", text="before too")
            file = control.say(ADA, TextToSend(kind="image", file=FileToSend(content=b"a picture"))).id
            client.expect("message", id=file)
            control.wait_until_settled(OWNER)
        while_away = [control.say(ADA, TextToSend(text=f"away {n}", group="family")).id for n in range(3)]
    with running_simulator(tmp_path) as control, running_client(tmp_path) as client:
        client.expect("offline", count=3)
        for number, message_id in enumerate(while_away):
            client.expect("message", id=message_id, text=f"away {number}")
        assert [one.address for one in control.groups()] == [group]
        sent = client.ask(do="say", to=group, message={"conversation": "after"})["id"]
        (item,) = [one for one in control.inbox(ADA) if one.id == sent]
        assert (item.text, item.devices) == ("after", (0, 1))
        (picture,) = [one for one in control.phone_chats() if one.id == file]
        assert picture.file is not None
        assert control.media(picture.file.sha256 or "") == b"a picture"


def test_nothing_was_unknown_to_the_simulator(world: World) -> None:
    world.control.wait_until_settled(OWNER)
    trouble = {"unknown-stanza", "stanza-failed", "message-to-nobody"}
    assert [event for event in world.control.events().events if event.kind in trouble] == []
