"""The owner's address book through the real client: names beside push names, and what becomes of damage."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import pytest
from pydantic import ValidationError

from simulator.control import Control, ControlRefused
from simulator.models import AddressBookName, FaultRule
from tests.flow.simulated import OWNER, Client, linked_client, running_client, running_simulator

ADA, BEN, CARA, DAN = "447700900123", "447700900124", "447700900125", "447700900126"


class Line(NamedTuple):
    """A simulator with a client that was linked when some names stood in the address book."""

    control: Control
    client: Client


@pytest.fixture(scope="module")
def line(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Line]:
    folder = tmp_path_factory.mktemp("address-book")
    with running_simulator(folder) as control:
        control.put_phone(OWNER, "Alex")
        for phone, name in ((ADA, "ada"), (BEN, "ben"), (CARA, "cara"), (DAN, "dan")):
            control.put_contact(phone, name)
            control.put_name(phone, f"{name.title()} at first")
        control.put_name(ADA, "Ada Lovelace 👋")
        with linked_client(folder, control) as client:
            yield Line(control, client)


def named(client: Client, phone: str, name: str) -> dict[str, str]:
    """What the client knows of a contact once it knows this name; fails where it never does."""
    deadline = time.monotonic() + 30
    while (known := client.ask(do="contact", of=phone))["full"] != name:
        assert time.monotonic() < deadline, known
        time.sleep(0.05)
    return known


def test_a_new_device_learns_the_names_that_the_owner_gave_beside_those_people_give_themselves(line: Line) -> None:
    control, client = line
    lid = next(each.lid for each in control.contacts() if each.phone == ADA)
    control.send(ADA, "Hello")
    assert client.expect("message", phone=ADA)["name"] == "ada"
    assert named(client, ADA, "Ada Lovelace 👋")["first"] == "Ada"  # the library keeps it with the number,
    assert client.ask(do="name", of=lid)["name"] == "ada"  # and this one with the hidden address
    fetched = control.wait_for("app-state-fetched", match=lambda event: event.detail["how"] == "snapshot")
    assert fetched.detail["version"] == 5


def test_a_rename_on_the_phone_is_told_and_fetched_as_a_patch(line: Line) -> None:
    control, client = line
    named(client, BEN, "Ben at first")
    before = control.state().last_event
    assert control.put_name(BEN, "Uncle Ben")
    assert not control.put_name(BEN, "Uncle Ben")
    assert named(client, BEN, "Uncle Ben")["first"] == "Uncle"
    assert control.wait_for("app-state-fetched", after=before).detail["how"] == "patches"
    assert {each.phone: each.name for each in control.address_book()}[BEN] == "Uncle Ben"


def test_a_name_that_is_taken_out_is_told_though_the_library_keeps_it(line: Line) -> None:
    control, client = line
    named(client, CARA, "Cara at first")
    assert control.put_name(CARA, None)
    assert not control.put_name(CARA, None)
    control.put_name(DAN, "Dan the last")
    named(client, DAN, "Dan the last")  # it would not be, where the removal before it had not been understood
    assert named(client, CARA, "Cara at first")
    assert CARA not in {each.phone for each in control.address_book()}
    control.put_name(CARA, "Cara again")
    named(client, CARA, "Cara again")


def test_a_damaged_patch_is_not_believed_and_a_true_one_is_fetched_with_the_next_change(line: Line) -> None:
    control, client = line
    control.put_contact("447700900127", "eli")
    control.put_name("447700900127", "Eli at first")
    named(client, "447700900127", "Eli at first")
    before = control.state().last_event
    control.add_fault(FaultRule(stanza="iq", xmlns="w:sync:app:state", action="garble"))
    control.put_name("447700900127", "Not believed")
    control.wait_for("app-state-fetched", after=before)
    control.send(ADA, "still there")
    client.expect("message", text="still there")
    assert client.ask(do="contact", of="447700900127")["full"] == "Eli at first"
    control.put_contact("447700900128", "fay")
    control.put_name("447700900128", "Fay")
    named(client, "447700900128", "Fay")
    named(client, "447700900127", "Not believed")  # both patches came, and both are true now


def test_a_damaged_snapshot_is_fetched_again_after_restarts_though_the_key_was_lost(tmp_path: Path) -> None:
    with running_simulator(tmp_path) as control:
        control.put_phone(OWNER, "Alex")
        control.put_contact(ADA, "ada")
        control.put_name(ADA, "Ada L")
        control.add_fault(FaultRule(stanza="iq", xmlns="w:sync:app:state", action="garble", times=None))
        with linked_client(tmp_path, control) as client:
            control.wait_for("app-state-fetched")
            assert client.ask(do="contact", of=ADA)["full"] == ""
    with closing(sqlite3.connect(tmp_path / "host" / "session.sqlite")) as session, session:
        assert session.execute("DELETE FROM whatsmeow_app_state_sync_keys").rowcount == 1
    with running_simulator(tmp_path) as control:
        assert [each.name for each in control.address_book(OWNER)] == ["Ada L"]
        control.put_name(ADA, "Ada Lovelace")
        with running_client(tmp_path) as client:
            client.expect("connected")
            named(client, ADA, "Ada Lovelace")
        fetched = [event.detail["how"] for event in control.events().events if event.kind == "app-state-fetched"]
        assert set(fetched) == {"snapshot"}  # once without the key to read it, and again with it
        assert len(fetched) > 1


def test_only_contacts_have_names(line: Line) -> None:
    with pytest.raises(ControlRefused, match="no contact"):
        line.control.put_name("447700900199", "Nobody")


@pytest.mark.parametrize("name", ["", " ", "x" * 201])
def test_a_name_is_some_words(name: str) -> None:
    with pytest.raises(ValidationError):
        AddressBookName(name=name)
