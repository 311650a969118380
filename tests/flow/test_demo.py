"""The demo as a person runs it: every part real but WhatsApp's server, and nothing left running."""

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import cli.demo
from cli.demo import FAILED, INTERRUPTED, Demo
from cli.processes import Supervisor
from cli.simulated import SimulatedStack
from cli.stack import Folder
from shared.host_client import HostClient, HostError
from shared.settings import HostAddress
from web.owner import Owner

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.slow


def demo(folder: Path, *arguments: str) -> "subprocess.Popen[str]":
    """`wa demo` with its data in this folder."""
    argv = [sys.executable, "-m", "cli", "demo", "--data", str(folder), *arguments]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    return subprocess.Popen(
        argv, cwd=ROOT, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )


def still_running(folder: Path) -> list[str]:
    """Processes whose environment or arguments name this folder."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            traces = (process / "cmdline").read_bytes() + (process / "environ").read_bytes()
        except OSError:
            continue  # it ended meanwhile, or is somebody else's
        if str(folder).encode() in traces and process.name != str(os.getpid()):
            found.append((process / "cmdline").read_text().replace("\0", " "))
    return found


def test_once_delivers_one_message_by_the_page_and_one_by_the_tick(tmp_path: Path) -> None:
    with demo(tmp_path, "--once") as process:
        output, _ = process.communicate(timeout=240)
    assert process.returncode == 0, output
    late = re.findall(r"^by (web|tick): delivered (-?\d+) ms after its second, decrypted once$", output, re.MULTILINE)
    assert [name for name, _ in late] == ["web", "tick"], output
    assert all(int(milliseconds) >= 0 for _, milliseconds in late), output
    assert still_running(tmp_path) == []


def test_ctrl_c_ends_everything_it_started(tmp_path: Path) -> None:
    lines = []
    with demo(tmp_path) as process:
        assert process.stdout is not None
        for line in process.stdout:
            lines.append(line)
            if "It works" in line:
                process.send_signal(signal.SIGINT)
    assert process.returncode == 0, "".join(lines)
    assert "It works" in "".join(lines)
    assert still_running(tmp_path) == []


def test_once_interrupted_is_no_success(tmp_path: Path) -> None:
    lines = []
    with demo(tmp_path, "--once") as process:
        assert process.stdout is not None
        for line in process.stdout:
            lines.append(line)
            if "starting phone" in line:
                process.send_signal(signal.SIGINT)
    assert process.returncode == 130, "".join(lines)
    assert "The demo works" not in "".join(lines)
    assert still_running(tmp_path) == []


def test_once_cannot_log_in_with_a_password_the_owner_chose_and_says_so(tmp_path: Path) -> None:
    Owner(tmp_path / "web").choose("a password of the owner's own")
    with demo(tmp_path, "--once") as process:
        output, _ = process.communicate(timeout=240)
    assert process.returncode == 1, output
    assert "The owner has chosen a password in this folder" in output


def test_a_host_that_does_not_answer_once_is_asked_again_at_the_next_turn(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    answers: list[dict[str, str] | HostError] = [HostError("It does not answer."), {"pairing": "a QR code"}]
    scanned = []

    def ask(_: HostClient) -> dict[str, str]:
        if isinstance(answer := answers.pop(0), HostError):
            raise answer
        return answer

    monkeypatch.setattr(HostClient, "link", ask)
    monkeypatch.setattr(cli.demo, "link", lambda *_: scanned.append("scanned"))
    monkeypatch.setattr(cli.demo, "SCAN_AFTER_SECONDS", 0)
    with Supervisor() as supervisor:
        running = Demo(SimulatedStack(supervisor, Folder(tmp_path), {}))
        running._host = HostClient(HostAddress.read({}))
        monkeypatch.setattr(running, "_control", None, raising=False)
        running._scan_what_is_shown()
        assert "It does not answer. Trying again" in capsys.readouterr().err
        assert scanned == []
        running._scan_what_is_shown()
    assert scanned == ["scanned"]


@pytest.mark.parametrize(("code", "kept"), [(FAILED, True), (INTERRUPTED, False), (143, False), (None, False)])
def test_its_own_folder_is_kept_only_where_a_failure_points_to_its_logs(code: int | None, kept: bool) -> None:
    with contextlib.suppress(SystemExit), cli.demo._folder(None) as folder:
        if code is not None:
            sys.exit(code)
    assert folder.root.exists() is kept
    shutil.rmtree(folder.root, ignore_errors=True)


def test_a_stage_that_fails_is_named_with_its_log_and_the_exit_code_says_so(tmp_path: Path) -> None:
    """A host folder that holds somebody's real link is never used for the demo."""
    (tmp_path / "host").mkdir(parents=True)
    (tmp_path / "host" / "ledger.db").write_bytes(b"a real one")
    with demo(tmp_path, "--once") as process:
        output, _ = process.communicate(timeout=120)
    assert process.returncode == 1, output
    assert "The demo failed" in output
    assert "Traceback" not in output
    assert still_running(tmp_path) == []
