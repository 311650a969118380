"""The session host as it really runs, from the handover to the receipt in scheduled.json, and killed while it sends."""

import os
import signal
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from shared.model.message import Message, Status
from shared.model.wire import Outcome
from simulator.control import Control
from simulator.models import FaultRule
from tests.builders import message
from tests.cast import BOB
from tests.flow.fair_time import FairTime
from tests.flow.host_process import HostProcess, running_host
from tests.flow.simulated import running_simulator

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def control(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Control]]:
    folder = tmp_path_factory.mktemp("account")
    with running_simulator(folder) as simulator:
        simulator.put_contact(BOB.number, name=BOB.name, delivered_after_ms=50, read_after_ms=200)
        yield folder, simulator


@pytest.fixture
def host(control: tuple[Path, Control]) -> Iterator[HostProcess]:
    with running_host(*control) as running:
        yield running


def in_seconds(seconds: float) -> datetime:
    return datetime.now(UTC) + timedelta(seconds=seconds)


def test_what_is_handed_over_is_sent_once_at_its_second_and_its_receipts_are_stored(
    host: HostProcess, control: tuple[Path, Control]
) -> None:
    second = in_seconds(4).replace(microsecond=0)
    one = host.schedule(message(BOB, text="The train leaves at nine.", send_at=second))
    assert [each.outcome for each in host.hand_over(one).items] == [Outcome.ACCEPTED]
    assert [each.outcome for each in host.hand_over(one, by="tick").items] == [Outcome.KNOWN]

    def read() -> bool:
        stored = host.projected(one.id)
        return stored is not None and stored.delivery.read_at is not None

    host.until(read)
    stored = host.projected(one.id)
    assert stored is not None
    assert stored.status is Status.SENT
    assert stored.delivery.delivered_at is not None
    assert stored.delivery.begun_at is not None
    assert stored.delivery.begun_at >= second
    texts = [each.text for each in control[1].inbox(BOB.number)]
    assert texts.count("The train leaves at nine.") == 1


def test_killed_while_it_sends_it_says_that_it_does_not_know(host: HostProcess, control: tuple[Path, Control]) -> None:
    control[1].add_fault(FaultRule(stanza="message", action="no-ack"))
    one = host.schedule(message(BOB, text="Did this arrive?", send_at=in_seconds(1)))
    host.hand_over(one)
    host.until(lambda: Message.model_validate(host.client.message(one.id)).status is Status.SENDING)
    os.kill(host.worker(), signal.SIGKILL)
    control[1].clear_faults()

    def told() -> bool:
        stored = host.projected(one.id)
        return stored is not None and stored.status is Status.UNKNOWN

    host.until(told, 60)
    stored = host.projected(one.id)
    assert stored is not None
    assert "may have arrived" in str(stored.delivery.error)


def test_a_second_host_on_the_same_folder_is_refused_in_words(host: HostProcess) -> None:
    log = host.folder / "host.log"
    before = log.stat().st_size
    other = host.launch(HOST_BIND="127.0.0.1:0")
    assert other.wait(60) != 0
    assert "Another session host uses" in log.read_text()[before:]
    assert host.process is not None
    assert host.process.poll() is None


def test_it_leaves_in_good_order_within_ten_seconds_though_a_send_does_not_come_back(
    control: tuple[Path, Control],
) -> None:
    with running_host(*control) as host:
        host.until(lambda: '"counter"' in host.bucket.get("pulse/host.json").data.decode())
        control[1].add_fault(FaultRule(stanza="message", action="no-ack"))
        before = control[1].state().last_event
        one = host.schedule(message(BOB, text="Still under way", send_at=in_seconds(1)))
        host.hand_over(one)
        control[1].wait_for("fault-played", after=before, seconds=60)
        with FairTime() as leaving:
            assert host.stop() == 0
        control[1].clear_faults()
        assert leaving.seconds <= 10
        assert "stopped inside a send" in host.log()
        assert '"left": true' in host.bucket.get("pulse/host.json").data.decode()
    assert [each.text for each in control[1].inbox(BOB.number)].count("Still under way") == 1


def test_a_simulators_folder_is_refused_by_the_real_host_in_words(tmp_path: Path) -> None:
    host = HostProcess(tmp_path)
    process = host.launch("session_host.gunicorn_conf")
    assert process.wait(60) != 0
    assert "belongs to the simulator" in host.log()
