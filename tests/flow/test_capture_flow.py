"""Capture as it really runs: neonize and the simulator, a host that is killed, and what its API shows afterwards."""

import os
import signal
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta

import pytest

from session_host import captured, journal
from session_host.capture import SILENT
from session_host.database import micros
from shared.clock import SYSTEM
from shared.model.wire import NewMessage
from simulator.control import Control
from simulator.models import FaultRule, TextToSend
from tests.cast import ALICE, BOB
from tests.fakes import events
from tests.flow.host_process import HostProcess, running_host
from tests.flow.simulated import OWNER, running_simulator

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[HostProcess, Control]]:
    folder = tmp_path_factory.mktemp("capture")
    with running_simulator(folder) as control:
        for person in (ALICE, BOB):
            control.put_contact(person.number, name=person.name)
        control.put_phone(OWNER)
        control.put_name(BOB.number, "Uncle Bob")
        with running_host(folder, control) as running:
            yield running, control


def newest(host: HostProcess, number: str) -> str | None:
    """The newest text of a chat."""
    found = host.chat(number)
    return str(found[0]["text"]) if found else None


def test_what_comes_in_is_captured_once_under_the_phone_number(host: tuple[HostProcess, Control]) -> None:
    running, control = host
    control.send(ALICE.number, "Are you there?")
    running.until(lambda: newest(running, ALICE.number) == "Are you there?")
    (message,) = [each for each in running.chat(ALICE.number) if each["text"] == "Are you there?"]
    assert (message["kind"], message["fromMe"]) == ("text", False)
    assert message["sender"] == f"{ALICE.number}@s.whatsapp.net"
    chat = next(each for each in running.client.chats()["chats"] if each["id"] == message["sender"])
    assert chat["name"] == ALICE.name
    assert "@lid" not in str(running.client.chats())


def test_who_has_a_name_on_the_phone_is_called_by_it_beside_what_they_call_themselves(
    host: tuple[HostProcess, Control],
) -> None:
    running, control = host
    control.send(BOB.number, "It is me, Bob.")

    def called() -> tuple[object, ...]:
        found = (each for each in running.client.chats()["chats"] if each["id"].startswith(BOB.number))
        return next(((each.get("name"), each.get("nameGiven"), each.get("pushName")) for each in found), ())

    running.until(lambda: called() == ("Uncle Bob", True, BOB.name))
    assert "Uncle" not in (running.folder / "host.log").read_text(errors="replace")


def test_what_the_owner_types_on_the_phone_is_captured_as_ones_own(host: tuple[HostProcess, Control]) -> None:
    running, control = host
    control.send_from_phone(BOB.number, "Typed on the phone.")
    running.until(lambda: newest(running, BOB.number) == "Typed on the phone.")
    (message,) = [each for each in running.chat(BOB.number) if each["text"] == "Typed on the phone."]
    assert (message["fromMe"], message.get("sender")) == (True, None)


def test_what_is_said_in_a_group_and_changed_afterwards_is_shown_as_it_stands(
    host: tuple[HostProcess, Control],
) -> None:
    running, control = host
    group = control.put_group("choir", "The choir", [ALICE.number, BOB.number])
    said = control.say(ALICE.number, TextToSend(text="Practise at sven", group="choir")).id
    control.say(ALICE.number, TextToSend(kind="edit", target=said, text="Practise at seven", group="choir"))
    control.say(BOB.number, TextToSend(kind="reaction", target=said, text="👍", group="choir"))
    gone = control.say(BOB.number, TextToSend(text="Who is this?", group="choir")).id
    control.say(BOB.number, TextToSend(kind="delete", target=gone, group="choir"))
    expected = [True, False]
    running.until(lambda: [each.get("deletedAt") is not None for each in running.chat(group.address)] == expected)
    deleted, edited = running.chat(group.address)
    assert (deleted["id"], deleted["text"], deleted["sender"]) == (gone, "", f"{BOB.number}@s.whatsapp.net")
    assert (edited["id"], edited["text"], edited["sender"]) == (
        said,
        "Practise at seven",
        f"{ALICE.number}@s.whatsapp.net",
    )
    running.until(lambda: bool(running.chat(group.address)[1]["reactions"]))
    (reaction,) = running.chat(group.address)[1]["reactions"]
    assert (reaction["by"], reaction["emoji"]) == (f"{BOB.number}@s.whatsapp.net", "👍")


def test_where_the_library_stopped_handing_over_is_a_gap(host: tuple[HostProcess, Control]) -> None:
    running, control = host
    control.add_fault(FaultRule(stanza="line", action="unknown-receipt", receipt_type="server-error"))

    def ended() -> bool:
        gaps = running.client.link()["capture"]["gaps"]
        return "library" in [gap["reason"] for gap in gaps if gap["to"] is not None]

    running.until(ended)
    control.send(ALICE.number, "And on it goes.")
    running.until(lambda: newest(running, ALICE.number) == "And on it goes.")


def in_the_journal(host: HostProcess) -> set[str]:
    """The ids of the texts that stand in the journal's files just now."""
    found = set()
    for file in (host.data / "journal").glob("*.journal"):
        for entry, _ in journal.frames(file.read_bytes(), len(journal.HEADER)):
            if entry.name == "MessageEv" and (event := events.parse(entry.name, entry.data)).Message.conversation:
                found.add(str(event.Info.ID))
    return found


def test_killed_while_messages_come_in_all_it_was_given_is_captured_once(host: tuple[HostProcess, Control]) -> None:
    """The library confirms a message to WhatsApp before it hands it over: what was in its own hand at a kill is lost
    for good, whatever we do, and so is told as a gap. What it had handed over is not."""
    running, control = host
    given = set()
    for part in range(2):
        control.send(BOB.number, f"Part {part},", times=60)
        os.kill(running.worker(), signal.SIGKILL)
        given |= in_the_journal(running)
        running.until(lambda: running.client.link()["status"]["state"] == "connected")
    control.send(BOB.number, "The end.")
    running.until(lambda: newest(running, BOB.number) == "The end.")
    ids = Counter(each["id"] for number in (ALICE.number, BOB.number) for each in running.chat(number))
    assert set(ids.values()) == {1}
    assert given
    groups = {each["id"] for each in running.client.chats()["chats"] if each["id"].endswith("@g.us")}
    assert given <= ids.keys() | {each["id"] for group in groups for each in running.chat(group)}
    assert sum(each["text"].startswith("Part") for each in running.chat(BOB.number)) > 60
    told = running.client.link()["capture"]
    assert "killed" in [gap["reason"] for gap in told["gaps"]]
    assert told["count"] >= len(ids)


def test_a_phone_that_was_not_seen_for_twelve_days_is_said_and_messages_go_on(
    host: tuple[HostProcess, Control],
) -> None:
    running, control = host

    def state() -> str:
        return str(running.client.link()["status"]["state"])

    control.send_from_phone(BOB.number, "Still with me.")
    running.until(lambda: newest(running, BOB.number) == "Still with me.")
    with closing(sqlite3.connect(running.data / captured.FILE, timeout=30)) as database, database:
        long_ago = micros(SYSTEM.now() - SILENT - timedelta(minutes=1))
        database.execute("UPDATE kept SET value = ? WHERE name IN ('phone_seen_at', 'connected_at')", (long_ago,))
    control.send(ALICE.number, "Something comes in.")
    running.until(lambda: state() == "phone-silent")
    assert "last seen" in running.client.link()["status"]["detail"]
    new = NewMessage(to=ALICE.number, text="Messages go on.")
    assert running.client.send(new, wait_seconds=60)["status"] == "sent"
    control.send_from_phone(BOB.number, "Here I am.")
    running.until(lambda: state() == "connected")


def test_health_shows_how_much_and_no_number_and_no_text(host: tuple[HostProcess, Control]) -> None:
    running, control = host
    control.send(ALICE.number, "Nobody else may read this.")
    running.until(lambda: newest(running, ALICE.number) == "Nobody else may read this.")
    health = running.client.health()
    assert health["capture"]["count"] > 0
    assert ALICE.number not in str(health)
    assert "Nobody else" not in str(health)
    log = (running.folder / "host.log").read_text(errors="replace")
    assert "Nobody else" not in log
    assert ALICE.number not in log
