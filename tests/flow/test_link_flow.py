"""The real link at its edges: what survives kill -9, what keeps a process from ending, what gets into the log.

The faults of a connection are in test_fault_table.py.
"""

import base64
import os
import signal
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from session_host.link import SendFailed, Sent
from session_host.outgoing import Outgoing
from shared.model.address import Address
from shared.model.link import Link
from simulator.control import Control, ControlRefused
from simulator.models import FaultRule
from tests.flow.simulated import OWNER
from tests.flow.watched import ADA, Watched, connected, watched, whatsapp

SECRET = "what nobody but Ada may read"


def port_of(control: Control) -> str:
    return control.ready.websocket.split(":")[2].split("/")[0]


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

    def test_after_a_scan_that_went_wrong(self, tmp_path: Path) -> None:
        with whatsapp(tmp_path) as control, watched(tmp_path) as host:
            host.link.start()
            host.becomes(Link.PAIRING)
            shown = host.link.pairing()
            assert shown is not None
            reference, noise, identity, secret, client = shown.qr.split(",")
            others = base64.b64encode(bytes(len(base64.b64decode(secret)))).decode()
            with pytest.raises(ControlRefused):
                control.scan(f"{reference},{noise},{identity},{others},{client}", OWNER)
            assert "did not lead to a link" in (host.becomes(Link.UNLINKED).detail or "")
            assert host.link.pairing() is None  # not before somebody has read why
            host.connect(control)
            assert isinstance(host.send(), Sent)
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


@pytest.mark.nightly
def test_codes_run_out_and_a_new_round_comes_when_somebody_looks(tmp_path: Path) -> None:
    """The codes take 160 s by the library's clock; the end of a round before that is tested above."""
    with whatsapp(tmp_path) as control, watched(tmp_path) as host:
        host.link.start()
        host.becomes(Link.UNLINKED, seconds=240)
        assert (tmp_path / "host.log").read_text().count("link.code") == 6
        host.link.pairing()
        host.becomes(Link.PAIRING)
        host.scan(control)
        assert host.states()[-5:] == [Link.UNLINKED, Link.CONNECTING, Link.PAIRING, Link.CONNECTING, Link.CONNECTED]
