"""The real client against the simulator: linking, messages and receipts both ways, restarts of either side."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from simulator.control import Control, ControlRefused
from tests.flow.simulated import OWNER, Client, linked_client, running_client, running_simulator, wait_until_forgotten

ADA = "447700900123"
BEN = "447700900124"
NOBODY = "447700900199"


class Line(NamedTuple):
    """A simulator with a client that is linked to it."""

    control: Control
    client: Client


@pytest.fixture(scope="module")
def line(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Line]:
    """For tests that need no other than one that is connected; each has contacts of its own."""
    folder = tmp_path_factory.mktemp("line")
    with running_simulator(folder) as control, linked_client(folder, control) as client:
        yield Line(control, client)


def test_a_text_is_decrypted_exactly_once_and_its_receipts_reach_the_client(line: Line) -> None:
    control, client = line
    cara = "447700900125"
    lid = control.put_contact(cara, "Cara", delivered_after_ms=20, read_after_ms=60).lid
    sent = client.ask(do="send", to=cara, text="Grüße, Cara 👋\nsecond line")["id"]
    client.expect("receipt", ids=[sent], type="DELIVERED", sender=lid)
    client.expect("receipt", ids=[sent], type="READ", sender=lid)
    (item,) = control.inbox(cara)
    assert (item.id, item.text, item.kind) == (sent, "Grüße, Cara 👋\nsecond line", "text")
    assert (item.from_, item.status, item.robot) == (OWNER, "read", False)
    (copy,) = [each for each in control.phone_chats() if each.chat == cara]
    assert (copy.id, copy.chat, copy.text, copy.from_me) == (sent, cara, item.text, True)


def test_nothing_that_the_client_asks_for_on_the_way_is_unknown_to_the_simulator(tmp_path: Path) -> None:
    with running_simulator(tmp_path) as control:
        control.put_contact(ADA, "Ada", delivered_after_ms=0, read_after_ms=0)
        with linked_client(tmp_path, control) as client:
            client.ask(do="send", to=ADA, text="Hello")
            client.expect("receipt", type="READ")
            control.send(ADA, "Hello yourself")
            client.expect("message", text="Hello yourself")
            assert client.ask(do="groups") == {"event": "answer", "groups": 0}
            control.wait_for("receipt-received")
        trouble = {"unknown-stanza", "stanza-failed", "message-undecryptable", "client-refused", "message-to-nobody"}
        assert [event for event in control.events().events if event.kind in trouble] == []


def test_a_conversation_goes_back_and_forth(line: Line) -> None:
    control, client = line
    lid = control.put_contact(ADA, "Ada Lovelace").lid
    for turn in range(5):
        control.send(ADA, f"from Ada {turn}")
        heard = client.expect("message", text=f"from Ada {turn}")
        assert (heard["sender"], heard["phone"], heard["name"], heard["from_me"]) == (lid, ADA, "Ada Lovelace", False)
        client.ask(do="send", to=ADA, text=f"to Ada {turn}")
    assert [item.text for item in control.inbox(ADA)] == [f"to Ada {turn}" for turn in range(5)]


def test_a_burst_arrives_whole_and_in_order(line: Line) -> None:
    control, client = line
    dan = "447700900126"
    control.put_contact(dan, "Dan")
    control.send(dan, "burst", times=200)
    assert [client.expect("message", phone=dan)["text"] for _ in range(200)] == [f"burst {n}" for n in range(1, 201)]


def test_a_contact_that_never_reads_and_one_that_reads_when_told(line: Line) -> None:
    control, client = line
    eli, fay = "447700900127", "447700900128"
    control.put_contact(eli, "Eli", delivered_after_ms=0, read_after_ms=None)
    control.put_contact(fay, "Fay", delivered_after_ms=None, read_after_ms=None)
    first = client.ask(do="send", to=eli, text="one")["id"]
    client.ask(do="send", to=fay, text="two")
    client.expect("receipt", ids=[first], type="DELIVERED")
    assert control.read(eli) == 1
    client.expect("receipt", ids=[first], type="READ")
    assert control.read(eli) == 0
    assert [item.status for item in control.inbox(fay)] == ["received"]


def test_a_restarted_client_connects_without_a_code_and_gets_what_it_missed(tmp_path: Path) -> None:
    with running_simulator(tmp_path) as control:
        control.put_contact(ADA, "Ada")
        with linked_client(tmp_path, control):
            pass
        control.wait_for("disconnected")
        for number in range(3):
            control.send(ADA, f"missed {number}")
        with running_client(tmp_path) as client:
            client.expect("connected")
            assert [client.expect("message")["text"] for _ in range(3)] == ["missed 0", "missed 1", "missed 2"]
            client.expect("offline", count=3)
            assert client.seen("qr") == []
            assert client.ask(do="send", to=ADA, text="back again")["id"]
        assert control.wait_for_inbox(ADA)[0].text == "back again"


def test_a_restarted_simulator_keeps_links_keys_and_messages(tmp_path: Path) -> None:
    with running_simulator(tmp_path) as control:
        lid = control.put_contact(ADA, "Ada").lid
        key = control.ready.root_key
        with linked_client(tmp_path, control) as client:
            client.ask(do="send", to=ADA, text="before")
    with running_simulator(tmp_path) as control:
        assert control.ready.root_key == key
        assert [contact.lid for contact in control.contacts()] == [lid]
        with running_client(tmp_path) as client:
            client.expect("connected")
            client.ask(do="send", to=ADA, text="after")
            control.send(ADA, "still here")
            client.expect("message", text="still here")
        assert [item.text for item in control.inbox(ADA)] == ["before", "after"]


def test_a_number_that_nobody_has_is_not_on_whatsapp(line: Line) -> None:
    control, client = line
    gus, hal = "447700900129", "447700900130"
    control.put_contact(gus, "Gus")
    control.put_contact(hal, "Hal", registered=False)
    assert client.ask(do="check", number=gus)["registered"] == [True]
    assert client.ask(do="check", number=hal)["registered"] == [False]
    assert "no LID found" in client.ask(do="send", to=NOBODY, text="Hello?")["error"]
    assert "no LID found" in client.ask(do="send", to=hal, text="Hello?")["error"]


def test_a_broken_connection_comes_back_by_itself(tmp_path: Path) -> None:
    with running_simulator(tmp_path) as control:
        control.put_contact(ADA, "Ada")
        with linked_client(tmp_path, control) as client:
            assert control.break_connections() == 1
            client.expect("disconnected")
            client.expect("connected")
            client.ask(do="send", to=ADA, text="again")
        assert control.wait_for_inbox(ADA)[0].text == "again"


def test_the_phone_unlinks_the_client_and_it_can_be_linked_again(tmp_path: Path) -> None:
    with running_simulator(tmp_path) as control:
        with linked_client(tmp_path, control) as client:
            assert control.log_out() == 1
            client.expect("logged-out", on_connect=False)
            wait_until_forgotten(tmp_path)
        with linked_client(tmp_path, control):
            assert control.state().accounts[0].devices == [2]


def test_what_the_owner_types_on_the_phone_is_echoed_to_the_client(line: Line) -> None:
    control, client = line
    ida = "447700900131"
    lid = control.put_contact(ida, "Ida").lid
    control.send_from_phone(ida, "typed on the phone")
    echo = client.expect("message", text="typed on the phone")
    assert (echo["from_me"], echo["chat"]) == (True, lid)
    assert [item.text for item in control.inbox(ida)] == ["typed on the phone"]


def test_two_accounts_live_side_by_side(tmp_path: Path) -> None:
    other = "447700900002"
    with running_simulator(tmp_path) as control:
        control.put_contact(ADA, "Ada")
        with linked_client(tmp_path, control) as one, linked_client(tmp_path, control, other, "other") as two:
            one.ask(do="send", to=ADA, text="from one")
            two.ask(do="send", to=ADA, text="from two")
            assert [(item.from_, item.text) for item in control.inbox(ADA)] == [
                (OWNER, "from one"),
                (other, "from two"),
            ]
            with pytest.raises(ControlRefused, match="several accounts"):
                control.send(ADA, "to whom?")
            control.send(ADA, "to two", to=other)
            two.expect("message", text="to two")
            assert one.seen("message") == []


def test_a_code_that_no_client_shows_is_refused(tmp_path: Path) -> None:
    with running_simulator(tmp_path) as control, running_client(tmp_path) as client:
        code = client.expect("qr")["code"]
        with pytest.raises(ControlRefused, match="No client shows"):
            control.scan(code.replace("#2@", "#2@x"), OWNER)
        control.scan(code, OWNER)
        client.expect("connected")
        with pytest.raises(ControlRefused, match="No client shows"):
            control.scan(code, OWNER)


def test_a_newly_linked_client_learns_the_names_of_the_contacts_once(tmp_path: Path) -> None:
    with running_simulator(tmp_path) as control:
        lid = control.put_contact(ADA, "Ada Lovelace").lid
        with linked_client(tmp_path, control) as client:
            assert client.expect("history")["names"] == {f"{lid}@lid": "Ada Lovelace"}
            assert client.ask(do="name", of=lid)["name"] == "Ada Lovelace"
        with running_client(tmp_path) as client:
            client.expect("connected")
            client.expect("offline", count=0)
            assert client.seen("history") == []
