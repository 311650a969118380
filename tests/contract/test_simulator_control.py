"""The control port's contract: the token, clear refusals, values in and out, and a process that ends when told to."""

import json
import os
import select
import signal
import stat
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from simulator.control import Control, ControlRefused, NothingHappened
from simulator.models import FaultRule
from tests.flow.simulated import OWNER, ROOT, running_simulator

ADA = "447700900123"
NOBODY = "447700900124"
"""Never made a contact."""


@pytest.fixture(scope="module")
def control(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Control]:
    """One for all tests that leave it as they found it, but for Ada."""
    with running_simulator(tmp_path_factory.mktemp("simulator")) as started:
        yield started


def raw(
    control: Control, method: str, path: str, body: bytes = b"", token: str = ""
) -> tuple[int, str, dict[str, object]]:
    request = urllib.request.Request(control.ready.control + path, body or None, method=method)
    request.add_header("Authorization", f"Bearer {token or control.ready.token}")
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=10)
    with refused.value as error:
        return error.code, error.headers["Content-Type"], json.loads(error.read())


def test_a_wrong_token_opens_nothing(control: Control) -> None:
    for path in ("/state", "/events", "/nothing"):
        status, content_type, problem = raw(control, "GET", path, token="wrong")
        assert (status, content_type) == (401, "application/problem+json")
        assert "token" in str(problem["detail"])


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "words"),
    [
        ("GET", "/nothing", b"", 404, "not found"),
        ("DELETE", "/state", b"", 405, "not allowed"),
        ("PUT", f"/contacts/{ADA}", b"no json", 422, "Invalid JSON"),
        ("PUT", f"/contacts/{ADA}", b'{"name": "Ada", "nickname": "A"}', 422, "nickname"),
        ("PUT", f"/contacts/{ADA}", b'{"name": "Ada", "read_after_ms": -1}', 422, "read_after_ms"),
        ("PUT", "/contacts/not-a-number", b'{"name": "Ada"}', 422, "should match"),
        ("GET", f"/contacts/{NOBODY}/inbox", b"", 404, "no contact"),
        ("POST", "/phone/scan", b'{"qr": "hello", "phone": "447700900001"}', 422, "QR code"),
        ("POST", "/phone/logout", b"", 404, "no such account"),
        ("GET", f"/media/{'0' * 64}", b"", 404, "SHA-256"),
        ("POST", f"/contacts/{NOBODY}/send", b"{}", 422, "needs `text`"),
        ("POST", f"/contacts/{NOBODY}/send", b'{"kind": "image"}', 422, "needs `file`"),
        ("POST", f"/contacts/{NOBODY}/send", b'{"kind": "edit", "text": "x"}', 422, "needs `target`"),
        ("GET", "/events?after=x", b"", 422, "number"),
        ("POST", "/faults", b'{"action": "explode"}', 422, "action"),
    ],
)
def test_refusals_say_what_is_wrong(
    control: Control, method: str, path: str, body: bytes, status: int, words: str
) -> None:
    given, content_type, problem = raw(control, method, path, body)
    assert (given, content_type, problem["status"]) == (status, "application/problem+json", status)
    assert words.lower() in str(problem["detail"]).lower()


def test_contacts_are_kept_with_their_settings_and_their_address(control: Control) -> None:
    first = control.put_contact(ADA, "Ada")
    assert (first.registered, first.delivered_after_ms, first.read_after_ms) == (True, 100, 500)
    changed = control.put_contact(ADA, "Ada L.", registered=False, delivered_after_ms=0, read_after_ms=None)
    assert [each for each in control.contacts() if each.phone == ADA] == [changed]
    assert (changed.lid, changed.name, changed.registered) == (first.lid, "Ada L.", False)
    assert control.inbox(ADA) == []


def test_waiting_for_what_does_not_happen_ends(control: Control) -> None:
    before = control.events().events
    with pytest.raises(NothingHappened):
        control.wait_for("linked", seconds=0.2)
    assert control.events().events == before


def test_fault_rules_are_listed_and_taken_back(control: Control) -> None:
    added = control.add_fault(FaultRule(action="no-ack", times=3))
    assert control.faults() == [added]
    assert (control.clear_faults(), control.faults()) == (1, [])


def test_nothing_can_be_done_for_an_account_that_is_not_there(control: Control) -> None:
    control.put_contact(ADA, "Ada")
    with pytest.raises(ControlRefused, match="scan a QR code first"):
        control.send(ADA, "hello")
    with pytest.raises(ControlRefused, match="scan a QR code first"):
        control.phone_chats(OWNER)


def test_what_it_writes_is_for_its_owner_only(tmp_path: Path) -> None:
    with running_simulator(tmp_path) as control:
        ready = tmp_path / "simulator.json"
        assert json.loads(ready.read_text(encoding="utf-8")) == {
            "websocket": control.ready.websocket,
            "control": control.ready.control,
            "token": control.ready.token,
            "rootKey": control.ready.root_key,
            "mediaCa": str(tmp_path / "simulator" / "media-ca.pem"),
            "pid": control.ready.pid,
        }
        for file in (ready, *(tmp_path / "simulator").glob("media-ca.*"), tmp_path / "simulator" / "simulator.sqlite"):
            assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert not ready.exists()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_cleanly_when_asked_even_while_somebody_waits(tmp_path: Path, number: signal.Signals) -> None:
    ready = tmp_path / "ready.json"
    command = [sys.executable, "-m", "simulator", "--data", str(tmp_path / "data"), "--ready-file", str(ready)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == b"ready\n"
            control = Control.from_ready_file(ready)
            waiting = subprocess.Popen(
                [sys.executable, "-c", _WAIT_FOR_EVENTS, str(ready)],
                cwd=ROOT,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
            )
            with waiting:
                assert waiting.stdout is not None
                assert waiting.stdout.readline() == b"waiting\n"
                process.send_signal(number)
                output = process.communicate(timeout=10)[1]
                waiting.communicate(timeout=10)
            assert process.returncode == 0
            assert b"Traceback" not in output
            with pytest.raises(OSError, match="refused"):
                control.state()
        finally:
            process.kill()


_WAIT_FOR_EVENTS = """
import sys
from pathlib import Path
from simulator.control import Control
control = Control.from_ready_file(Path(sys.argv[1]))
control.state()
print("waiting", flush=True)
control.events(0, wait=30)
"""


def test_it_ends_with_the_process_that_started_it(tmp_path: Path) -> None:
    parent = subprocess.run(
        [sys.executable, "-c", _START_AND_LEAVE, str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    child = int(parent.stdout)
    descriptor = _pidfd(child)
    if descriptor is not None:
        with os.fdopen(descriptor):
            ended = select.poll()  # select.select() knows no descriptor above 1,023
            ended.register(descriptor, select.POLLIN)
            assert ended.poll(10_000) == [(descriptor, select.POLLIN)]


_START_AND_LEAVE = """
import subprocess, sys
folder = sys.argv[1]
command = [sys.executable, "-m", "simulator", "--data", folder, "--ready-file", folder + "/ready.json", "--with-parent"]
process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
assert process.stdout.readline() == b"ready\\n"
print(process.pid)
"""


def _pidfd(pid: int) -> int | None:
    try:
        return os.pidfd_open(pid)
    except ProcessLookupError:
        return None


def test_a_taken_port_is_said_in_a_sentence(tmp_path: Path) -> None:
    with running_simulator(tmp_path) as control:
        port = control.ready.websocket.rpartition(":")[2].partition("/")[0]
        second = subprocess.run(
            [sys.executable, "-m", "simulator", "--data", str(tmp_path / "second"), "--port", port],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
    assert second.returncode == 1
    assert "The simulator cannot start" in second.stderr
    assert "Traceback" not in second.stderr
