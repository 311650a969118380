"""Capture as it really runs: neonize and the simulator, a host that is killed, and what its API shows afterwards."""

import os
import signal
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from simulator.control import Control
from tests.cast import ALICE, BOB
from tests.flow.host_process import HostProcess, running_host
from tests.flow.simulated import running_simulator

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[HostProcess, Control]]:
    folder = tmp_path_factory.mktemp("capture")
    with running_simulator(folder) as control:
        for person in (ALICE, BOB):
            control.put_contact(person.number, name=person.name)
        with running_host(folder, control) as running:
            yield running, control


def chat_of(host: HostProcess, number: str) -> list[dict[str, Any]]:
    """What the API shows of a chat, the newest first; nothing where there is none yet."""
    chats = host.client.chats()["chats"]
    if f"{number}@s.whatsapp.net" not in [each["id"] for each in chats]:
        return []
    found: list[dict[str, Any]] = host.client.chat(number, limit=500)["messages"]
    return found


def test_what_comes_in_is_captured_once_under_the_phone_number(host: tuple[HostProcess, Control]) -> None:
    running, control = host
    control.send(ALICE.number, "Are you there?")
    running.until(lambda: len(chat_of(running, ALICE.number)) == 1)
    (message,) = chat_of(running, ALICE.number)
    assert (message["text"], message["kind"], message["fromMe"]) == ("Are you there?", "text", False)
    assert message["sender"] == f"{ALICE.number}@s.whatsapp.net"
    chat = next(each for each in running.client.chats()["chats"] if each["id"] == message["sender"])
    assert chat["name"] == ALICE.name
    assert "@lid" not in str(running.client.chats())


def test_what_the_owner_types_on_the_phone_is_captured_as_ones_own(host: tuple[HostProcess, Control]) -> None:
    running, control = host
    control.send_from_phone(BOB.number, "Typed on the phone.")
    running.until(lambda: len(chat_of(running, BOB.number)) == 1)
    (message,) = chat_of(running, BOB.number)
    assert (message["text"], message["fromMe"], message.get("sender")) == ("Typed on the phone.", True, None)


def test_killed_while_messages_come_in_each_is_captured_once(host: tuple[HostProcess, Control]) -> None:
    """The library confirms a message to WhatsApp just before it hands it over: what was in its hand when it was killed
    is lost for good, whatever we do, and told as a gap."""
    running, control = host
    kills = 2
    for part in range(kills):
        control.send(BOB.number, f"Part {part},", times=60)
        os.kill(running.worker(), signal.SIGKILL)
        running.until(lambda: running.client.link()["status"]["state"] == "connected")
    control.send(BOB.number, "The end.")
    running.until(lambda: chat_of(running, BOB.number)[0]["text"] == "The end.")
    counted = Counter(each["text"] for each in chat_of(running, BOB.number) if each["text"].startswith("Part"))
    assert set(counted.values()) == {1}
    in_hand = kills * 60 - len(counted)
    assert in_hand <= 3 * kills
    told = running.client.link()["capture"]
    assert "killed" in [gap["reason"] for gap in told["gaps"]]
    assert told["count"] >= len(counted)


def test_health_shows_how_much_and_no_number_and_no_text(host: tuple[HostProcess, Control]) -> None:
    running, _ = host
    health = running.client.health()
    assert health["capture"]["count"] > 0
    assert ALICE.number not in str(health)
    assert "Are you there?" not in str(health)
    log = (running.folder / "host.log").read_text(errors="replace")
    assert "Are you there?" not in log
    assert ALICE.number not in log
