"""The fault table, row by row, through the real link: what is shown, what becomes of a send, how it comes back.

The simulator plays the faults. It says nothing about what WhatsApp itself would answer.
"""

import os
import shutil
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from session_host.link import Ears, Reason, Receipt, SendFailed, Sent
from session_host.outgoing import Outgoing
from shared.model.address import Address
from shared.model.link import Link, LinkStatus
from simulator.control import Control
from simulator.models import FaultRule
from tests.flow.real_link import RealLink, running_link
from tests.flow.simulated import OWNER, running_simulator

ADA = Address.from_stored("447700900123")
SECRET = "what nobody but Ada may read"


class Watched:
    """A link with what it told, to be waited for."""

    def __init__(self, link: RealLink) -> None:
        self.link = link
        self.statuses: list[LinkStatus] = []
        self.receipts: list[Receipt] = []
        self._changed = threading.Condition()
        self._looked_at = 0
        link.listen(Ears(self._receipt, self._status))

    def becomes(self, *states: Link, seconds: float = 60) -> LinkStatus:
        """The next status with one of these states, after the one that was waited for last; fails where none comes."""
        with self._changed:
            while True:
                for status in self.statuses[self._looked_at :]:
                    self._looked_at += 1
                    if status.state in states:
                        return status
                assert self._changed.wait(seconds), (
                    f"never became {states}: {[(told.state, told.detail) for told in self.statuses]}"
                )

    def states(self) -> list[Link]:
        """Its states so far, without those it was in to catch up."""
        states = [status.state for status in self.statuses if status.state is not Link.CATCHING_UP]
        return [state for state, before in zip(states, [None, *states], strict=False) if state is not before]

    def connect(self, control: Control, number: str = OWNER) -> "Watched":
        """Start, and scan the code where one is shown."""
        self.link.start()
        if self.becomes(Link.PAIRING, Link.CONNECTED).state is Link.PAIRING:
            self.scan(control, number)
        return self

    def scan(self, control: Control, number: str = OWNER) -> None:
        """The phone scans the code that is shown."""
        pairing = self.link.pairing()
        assert pairing is not None
        control.scan(pairing.qr, number)
        self.becomes(Link.CONNECTED)

    def leave(self) -> None:
        """The process is told to end, and does."""
        assert self.link.process.stdin is not None
        self.link.process.stdin.close()
        self.link.process.wait(30)

    def send(self, text: str = "Hello") -> Sent | SendFailed:
        try:
            return self.link.send(ADA, Outgoing(text))
        except SendFailed as failed:
            return failed

    def _status(self, status: LinkStatus) -> None:
        with self._changed:
            self.statuses.append(status)
            self._changed.notify_all()

    def _receipt(self, receipt: Receipt) -> None:
        with self._changed:
            self.receipts.append(receipt)
            self._changed.notify_all()


@contextmanager
def watched(folder: Path, session: str = "host") -> Iterator[Watched]:
    with running_link(folder, session) as link:
        yield Watched(link)


@contextmanager
def whatsapp(folder: Path, *options: str) -> Iterator[Control]:
    with running_simulator(folder, *options) as control:
        control.put_contact(ADA.user, "Ada", delivered_after_ms=0, read_after_ms=None)
        yield control


@contextmanager
def connected(folder: Path) -> Iterator[tuple[Control, Watched]]:
    with whatsapp(folder) as control, watched(folder) as host:
        yield control, host.connect(control)


def port_of(control: Control) -> str:
    return control.ready.websocket.split(":")[2].split("/")[0]


def held(outcome: Sent | SendFailed) -> bool:
    """Nothing was begun: certain, and worth another try."""
    assert isinstance(outcome, SendFailed)
    return outcome.certain and not outcome.permanent and outcome.reason is Reason.NOT_CONNECTED


def in_doubt(outcome: Sent | SendFailed) -> bool:
    """It may have been delivered."""
    return isinstance(outcome, SendFailed) and not outcome.certain


@pytest.mark.parametrize("deliver", [False, True])
def test_a_line_that_drops_before_the_ack_and_comes_back_loses_and_doubles_nothing(
    tmp_path: Path, *, deliver: bool
) -> None:
    with connected(tmp_path) as (control, host):
        control.add_fault(FaultRule(action="close", deliver=deliver))
        assert isinstance(host.send("one"), Sent)
        host.becomes(Link.CONNECTED)
        assert [item.text for item in control.inbox(ADA.user)] == ["one"]


def test_while_the_server_refuses_sends_are_held_and_then_go(tmp_path: Path) -> None:
    with connected(tmp_path) as (control, host):
        control.add_fault(FaultRule(stanza="connect", action="drop", times=None))
        control.break_connections()
        host.becomes(Link.RECONNECTING)
        assert held(host.send())
        control.clear_faults()
        host.becomes(Link.CONNECTED)
        assert isinstance(host.send(), Sent)


def test_a_first_dial_that_fails_says_why_and_is_tried_again(tmp_path: Path) -> None:
    with whatsapp(tmp_path) as control, watched(tmp_path) as host:
        control.add_fault(FaultRule(stanza="connect", action="drop", times=2))
        host.link.start()
        assert host.becomes(Link.PAIRING).detail is None
        assert "could not be reached" in (host.statuses[1].detail or "")
        host.scan(control)


LOGIN_FAILURES = {
    401: (Link.LOGGED_OUT, None),
    402: (Link.BANNED, "does not say until when"),
    403: (Link.LOGGED_OUT, "locked"),
    405: (Link.OUTDATED, None),
}


@pytest.mark.parametrize("code", LOGIN_FAILURES)
def test_a_login_that_is_refused_waits_with_what_to_do_and_holds_sends(tmp_path: Path, code: int) -> None:
    state, detail = LOGIN_FAILURES[code]
    with connected(tmp_path) as (control, host):
        control.add_fault(FaultRule(stanza="login", action="nack", code=code, times=None))
        control.break_connections()
        status = host.becomes(state)
        assert (detail or "") in (status.detail or "")
        assert held(host.send())
        control.clear_faults()
        host.link.start()
        came_back = Link.PAIRING if state is Link.LOGGED_OUT else Link.CONNECTED
        host.becomes(came_back)


@pytest.mark.parametrize("code", [410, 500, 503])
def test_a_login_failure_that_passes_is_tried_again(tmp_path: Path, code: int) -> None:
    with connected(tmp_path) as (control, host):
        control.add_fault(FaultRule(stanza="login", action="nack", code=code, times=1))
        control.break_connections()
        host.becomes(Link.RECONNECTING)
        host.becomes(Link.CONNECTED)
        assert isinstance(host.send(), Sent)


def test_of_two_hosts_on_one_session_the_older_steps_back_for_good(tmp_path: Path) -> None:
    with connected(tmp_path) as (_control, host):
        host.link.stop(10)
    shutil.copytree(tmp_path / "host", tmp_path / "copy")
    with whatsapp(tmp_path) as control, watched(tmp_path) as older, watched(tmp_path, "copy") as newer:
        older.connect(control)
        newer.connect(control)
        older.becomes(Link.REPLACED)
        assert older.link.pairing() is None
        assert held(older.send())
        assert isinstance(newer.send(), Sent)
        assert newer.states()[-1] is Link.CONNECTED


def test_a_session_on_disk_connects_without_a_code_after_kill_9(tmp_path: Path) -> None:
    with whatsapp(tmp_path) as control:
        with watched(tmp_path) as host:
            host.connect(control)
            os.kill(host.link.process.pid, signal.SIGKILL)
        with watched(tmp_path) as host:
            host.link.start()
            host.becomes(Link.CONNECTED)
            assert Link.PAIRING not in host.states()
            assert host.link.own_number() == OWNER
            assert isinstance(host.send(), Sent)


def test_a_stop_lets_the_send_in_hand_finish(tmp_path: Path) -> None:
    with connected(tmp_path) as (control, host):
        control.add_fault(FaultRule(action="late-ack", after_ms=1500))
        outcome: list[Sent | SendFailed] = []
        sending = threading.Thread(target=lambda: outcome.append(host.send("one")))
        sending.start()
        control.wait_for("fault-played")
        host.link.stop(20)
        sending.join(20)
        assert isinstance(outcome[0], Sent)
        assert held(host.send("two"))


def test_a_rate_limit_before_anything_has_left_is_certain_and_passes(tmp_path: Path) -> None:
    with connected(tmp_path) as (control, host):
        control.add_fault(FaultRule(stanza="iq", xmlns="usync", action="nack", code=429))
        outcome = host.send()
        assert isinstance(outcome, SendFailed)
        assert (outcome.certain, outcome.permanent, outcome.reason) == (True, False, Reason.SLOW_DOWN)
        assert isinstance(host.send(), Sent)


class TestNothingKeepsTheProcess:
    """Whatever the library is in the middle of, the process ends by itself, with status 0."""

    def test_while_a_code_is_shown(self, tmp_path: Path) -> None:
        with whatsapp(tmp_path), watched(tmp_path) as host:
            host.link.start()
            host.becomes(Link.PAIRING)
        assert host.link.process.returncode == 0

    def test_while_connected(self, tmp_path: Path) -> None:
        with connected(tmp_path) as (_control, host):
            pass
        assert host.link.process.returncode == 0

    def test_while_the_line_is_down(self, tmp_path: Path) -> None:
        with ExitStack() as server, watched_after(tmp_path, server) as host:
            server.close()
            host.becomes(Link.RECONNECTING)
        assert host.link.process.returncode == 0

    def test_while_a_server_that_says_nothing_is_dialled(self, tmp_path: Path) -> None:
        with connected(tmp_path) as (control, _host):
            ready = (tmp_path / "simulator.json").read_bytes()
        (tmp_path / "simulator.json").write_bytes(ready)  # the address of a server that is gone
        with socket.create_server(("127.0.0.1", int(port_of(control)))) as silent, watched(tmp_path) as host:
            host.link.start()
            caller, _address = silent.accept()
            with caller:
                host.link.stop(1)
                assert host.link.status().state is Link.STOPPED
                host.leave()
        assert host.link.process.returncode == 0

    def test_after_codes_that_ended_without_a_scan(self, tmp_path: Path) -> None:
        with ExitStack() as server:
            control = server.enter_context(whatsapp(tmp_path))
            port = port_of(control)
            with watched(tmp_path) as host:
                for _ in range(3):
                    host.link.start()
                    host.becomes(Link.PAIRING)
                    server.close()  # the server goes while a code is shown
                    host.becomes(Link.UNLINKED)
                    control = server.enter_context(whatsapp(tmp_path, "--port", port))
                host.connect(control)
                assert isinstance(host.send(), Sent)
                host.leave()
            assert host.link.process.returncode == 0


@contextmanager
def watched_after(folder: Path, server: ExitStack) -> Iterator[Watched]:
    """A connected link whose server ends with `server`."""
    control = server.enter_context(whatsapp(folder))
    with watched(folder) as host:
        yield host.connect(control)


def test_neither_texts_nor_codes_nor_whole_numbers_get_into_the_log(tmp_path: Path) -> None:
    with whatsapp(tmp_path) as control, watched(tmp_path) as host:
        host.link.start()
        host.becomes(Link.PAIRING)
        pairing = host.link.pairing()
        assert pairing is not None
        host.scan(control)
        host.send(SECRET)
        control.add_fault(FaultRule(action="nack", code=479))
        host.send(SECRET)
        with pytest.raises(SendFailed):
            host.link.send(Address.from_stored("447700900199"), Outgoing(SECRET))
        control.break_connections()
        host.becomes(Link.CONNECTED)
    log = (tmp_path / "host.log").read_text()
    assert "link.state" in log
    assert "link.send-failed" in log
    for secret in (SECRET, pairing.qr, pairing.qr.split("#")[1][:20], OWNER, ADA.user, "447700900199"):
        assert secret not in log


@pytest.mark.slow
class TestSlowRows:
    """Rows that wait for the library's own timers: all at once, each with a simulator of its own."""

    def test_a_message_without_an_ack_is_in_doubt_and_the_next_waits_for_it(self, slow: "Slow") -> None:
        first, second, texts = slow.result("no_ack")
        assert in_doubt(first)
        assert isinstance(second, Sent)
        assert texts == ["one", "two"]

    def test_a_send_that_never_comes_back_is_given_back_and_the_link_goes_on(self, slow: "Slow") -> None:
        first, second, states = slow.result("blocked")
        assert in_doubt(first)
        assert isinstance(second, Sent)
        assert states[-2:] == [Link.RECONNECTING, Link.CONNECTED]

    def test_a_line_that_answers_no_sign_of_life_holds_sends_and_is_replaced(self, slow: "Slow") -> None:
        outcome, states = slow.result("deaf")
        assert held(outcome)
        assert states[-2:] == [Link.RECONNECTING, Link.CONNECTED]

    def test_a_login_that_is_never_answered_is_tried_again(self, slow: "Slow") -> None:
        outcome, states = slow.result("silent_login")
        assert held(outcome)
        assert states[-2:] == [Link.RECONNECTING, Link.CONNECTED]

    def test_codes_run_out_and_a_new_round_comes_when_somebody_looks(self, slow: "Slow") -> None:
        codes, states = slow.result("codes")
        assert codes == 6
        assert states[-5:] == [Link.UNLINKED, Link.CONNECTING, Link.PAIRING, Link.CONNECTING, Link.CONNECTED]


class Slow:
    """The slow scenarios, all running since the first test of this module."""

    def __init__(self, folder: Path) -> None:
        self._results: dict[str, object] = {}
        self._threads = {
            name: threading.Thread(target=self._run, args=(name, folder / name), daemon=True)
            for name in ("no_ack", "blocked", "deaf", "silent_login", "codes")
        }
        for thread in self._threads.values():
            thread.start()

    def result(self, name: str) -> tuple[Any, ...]:
        """What a scenario saw; raises what went wrong in it."""
        self._threads[name].join(400)
        result = self._results.get(name)
        if isinstance(result, BaseException):
            raise result
        assert isinstance(result, tuple)
        return result

    def _run(self, name: str, folder: Path) -> None:
        try:
            self._results[name] = getattr(self, name)(folder)
        except BaseException as error:  # noqa: BLE001  (raised again in the test that asks)
            self._results[name] = error

    def no_ack(self, folder: Path) -> tuple[object, ...]:
        with connected(folder) as (control, host):
            control.add_fault(FaultRule(action="no-ack"))
            outcome: list[Sent | SendFailed] = []
            sending = threading.Thread(target=lambda: outcome.append(host.send("one")))
            sending.start()
            control.wait_for("fault-played")
            second = host.send("two")
            sending.join(30)
            return outcome[0], second, [item.text for item in control.inbox(ADA.user)]

    def blocked(self, folder: Path) -> tuple[object, ...]:
        with connected(folder) as (control, host):
            control.add_fault(FaultRule(action="close", deliver=True))
            control.add_fault(FaultRule(action="no-ack"))
            first = host.send("one")
            for state in (Link.RECONNECTING, Link.CONNECTED) * 2:  # the drop, then the end of the session
                host.becomes(state)
            return first, host.send("two"), host.states()

    def deaf(self, folder: Path) -> tuple[object, ...]:
        with connected(folder) as (control, host):
            control.add_fault(FaultRule(stanza="iq", xmlns="w:p", action="no-ack", times=2))
            host.becomes(Link.RECONNECTING)
            outcome = host.send()
            host.becomes(Link.CONNECTED, seconds=90)
            return outcome, host.states()

    def silent_login(self, folder: Path) -> tuple[object, ...]:
        with connected(folder) as (control, host):
            control.add_fault(FaultRule(stanza="login", action="drop"))
            control.break_connections()
            host.becomes(Link.RECONNECTING)
            outcome = host.send()
            host.becomes(Link.CONNECTED, seconds=120)
            return outcome, host.states()

    def codes(self, folder: Path) -> tuple[object, ...]:
        with whatsapp(folder) as control, watched(folder) as host:
            host.link.start()
            host.becomes(Link.UNLINKED, seconds=240)
            codes = (folder / "host.log").read_text().count("link.code")
            host.link.pairing()
            host.becomes(Link.PAIRING)
            host.scan(control)
            return codes, host.states()


@pytest.fixture(scope="module")
def slow(tmp_path_factory: pytest.TempPathFactory) -> Slow:
    return Slow(tmp_path_factory.mktemp("slow"))


@pytest.fixture(scope="module", autouse=True)
def slow_ones_begin_first(request: pytest.FixtureRequest) -> None:
    """They take minutes of waiting and hardly any work: the other tests run meanwhile."""
    if any("slow" in item.fixturenames for item in request.session.items if isinstance(item, pytest.Function)):
        request.getfixturevalue("slow")
