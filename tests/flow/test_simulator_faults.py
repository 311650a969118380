"""Fault rules as a client meets them that is not the real one, and what both sides do about a damaged message.

What the real link makes of each fault is in test_fault_table.py.
"""

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from websockets.exceptions import InvalidMessage, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from simulator.control import Control
from simulator.models import FaultRule
from tests.flow.simulated import linked_client, running_simulator

ADA = "447700900123"
HELLO = b"WA\x06\x03"


@pytest.fixture(scope="module")
def simulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Control]]:
    folder = tmp_path_factory.mktemp("simulator")
    with running_simulator(folder) as control:
        yield folder, control


@pytest.fixture
def control(simulator: tuple[Path, Control]) -> Control:
    """Without a rule that another test has left."""
    simulator[1].clear_faults()
    return simulator[1]


@contextmanager
def dialled(control: Control) -> Iterator[ClientConnection]:
    with connect(control.ready.websocket, proxy=None) as client:
        yield client


def dial(control: Control, seconds: float = 10) -> None:
    """Come in, and leave again."""
    with connect(control.ready.websocket, proxy=None, open_timeout=seconds):
        pass


def test_nobody_listens_until_the_rule_is_taken_back(control: Control) -> None:
    with dialled(control) as before:
        for _ in range(2):
            control.add_fault(FaultRule(stanza="connect", action="refuse", times=None))
            with pytest.raises(ConnectionRefusedError):
                dial(control)
            assert before.ping().wait(10), "who is connected stays"
            control.clear_faults()
            dial(control)


def test_a_rule_comes_into_force_when_it_says(control: Control) -> None:
    control.add_fault(FaultRule(stanza="connect", action="refuse", times=None, starts_after_ms=300))
    dial(control)
    address = urlsplit(control.ready.websocket)
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            socket.create_connection((str(address.hostname), address.port or 0)).close()
        except ConnectionRefusedError:
            return
    raise AssertionError("It never came into force.")


def test_the_door_answers_with_a_status_breaks_or_says_nothing(control: Control) -> None:
    control.add_fault(FaultRule(stanza="connect", action="nack", code=502))
    with pytest.raises(InvalidStatus) as refused:
        dial(control)
    assert refused.value.response.status_code == 502
    control.add_fault(FaultRule(stanza="connect", action="close"))
    with pytest.raises((InvalidMessage, ConnectionError)):
        dial(control)
    control.add_fault(FaultRule(stanza="connect", action="hang"))
    with pytest.raises(TimeoutError):
        dial(control, seconds=0.3)
    assert [rule.played for rule in control.faults()] == [1, 1, 1]
    dial(control)


def test_a_handshake_that_hangs_is_not_answered(control: Control) -> None:
    control.add_fault(FaultRule(stanza="handshake", action="hang"))
    with dialled(control) as client:
        client.send(HELLO + b"\x00\x00\x01x")  # which a server that listens would hang up on
        with pytest.raises(TimeoutError):
            client.recv(timeout=0.5)


def test_a_damaged_message_is_asked_for_again_by_whoever_cannot_read_it(
    simulator: tuple[Path, Control], control: Control
) -> None:
    folder, _ = simulator
    control.put_contact(ADA, "Ada")
    with linked_client(folder, control) as client:
        client.ask(do="send", to=ADA, text="readable")
        control.add_fault(FaultRule(action="garble"))
        sent = client.ask(do="send", to=ADA, text="damaged on the way")["id"]
        client.expect("receipt", ids=[sent], type="RETRY")
        assert control.wait_for_inbox(ADA, 2)[1].text == "damaged on the way"
        client.ask(do="send", to=ADA, text="readable again")
        assert [item.text for item in control.inbox(ADA)] == ["readable", "damaged on the way", "readable again"]
        control.add_fault(FaultRule(stanza="delivery", action="garble"))
        inbound = control.send(ADA, "damaged on the way in").id
        client.expect("undecryptable", id=inbound)
        client.expect("message", id=inbound, text="damaged on the way in")
        control.send(ADA, "and on it goes")
        client.expect("message", text="and on it goes")
