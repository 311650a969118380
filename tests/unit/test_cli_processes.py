"""The supervisor: children are started, watched, and never left behind."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cli import ROOT
from cli.processes import ChildDied, NotReady, Supervisor, answers, exists

WAITS = "import time, pathlib, sys; pathlib.Path(sys.argv[1]).write_text('up'); time.sleep(600)"
STUBBORN = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); {WAITS}"
NOTES_ITS_END = """
import pathlib, signal, sys
def end(*_):
    with open(sys.argv[2], "a") as notes:
        notes.write(sys.argv[3])
    sys.exit(0)
signal.signal(signal.SIGTERM, end)
pathlib.Path(sys.argv[1]).write_text("up")
while True:
    signal.pause()
"""
SERVES = """
import http.server, sys
class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(int(sys.argv[2])); self.end_headers()
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Page).serve_forever()
"""
HAS_A_CHILD = f"""
import subprocess, sys
subprocess.Popen([sys.executable, "-c", {STUBBORN!r}, sys.argv[1]])
print("here", flush=True)
"""


@pytest.fixture
def supervisor() -> Iterator[Supervisor]:
    with Supervisor() as made:
        yield made


def start(supervisor: Supervisor, folder: Path, program: str, *arguments: str, name: str = "child") -> Path:
    """Start a tiny Python program; the path is the file it writes once it is up."""
    up = folder / f"{name}.up"
    argv = [sys.executable, "-c", program, str(up), *arguments]
    child = supervisor.start(name, argv, env=dict(os.environ), log=folder / f"{name}.log")
    supervisor.wait_ready(child, exists(up), 30)
    return up


def until(condition: Callable[[], bool]) -> None:
    """Wait for something that must come; what never comes fails by name."""
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline, "it did not happen within 30 s"
        time.sleep(0.01)


def gone(pid: int) -> bool:
    """Whether no such process runs (one that only waits to be reaped does not)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


def test_a_child_runs_with_exactly_the_environment_it_is_given(supervisor: Supervisor, tmp_path: Path) -> None:
    program = "import os, sys, pathlib; pathlib.Path(sys.argv[1]).write_text(repr(sorted(os.environ)))"
    seen = tmp_path / "seen"
    argv = [sys.executable, "-I", "-c", program, str(seen)]
    supervisor.start("child", argv, env={"ONLY": "this"}, log=tmp_path / "log")
    until(exists(seen))
    assert "ONLY" in seen.read_text()
    assert "HOME" not in seen.read_text()


def test_what_a_child_prints_is_in_its_log_which_only_the_owner_can_read(
    supervisor: Supervisor, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    supervisor.start("child", [sys.executable, "-c", "print('words')"], env={}, log=log)
    until(lambda: "words" in log.read_text())
    assert log.stat().st_mode & 0o777 == 0o600


def test_a_child_is_ready_when_its_address_answers(supervisor: Supervisor, tmp_path: Path) -> None:
    port = supervisor.free_port(23000)
    argv = [sys.executable, "-c", SERVES, str(port), "404"]
    child = supervisor.start("page", argv, env={}, log=tmp_path / "log")
    supervisor.wait_ready(child, answers(f"http://127.0.0.1:{port}/"), 30)
    assert child.running


def test_an_address_that_answers_with_a_servers_error_is_not_ready(supervisor: Supervisor, tmp_path: Path) -> None:
    port = supervisor.free_port(23000)
    argv = [sys.executable, "-c", SERVES, str(port), "500"]
    child = supervisor.start("page", argv, env={}, log=tmp_path / "log")
    with pytest.raises(NotReady, match=r"page was not ready within 1 s; its log is .*/log"):
        supervisor.wait_ready(child, answers(f"http://127.0.0.1:{port}/"), 1)


def test_a_child_that_ends_while_awaited_is_named_with_its_log(supervisor: Supervisor, tmp_path: Path) -> None:
    argv = [sys.executable, "-c", "raise SystemExit(3)"]
    child = supervisor.start("host", argv, env={}, log=tmp_path / "host.log")
    with pytest.raises(ChildDied, match=r"host ended by itself \(exit code 3\).\nIts log is .*/host.log"):
        supervisor.wait_ready(child, lambda: False, 30)


def test_a_child_that_says_why_it_cannot_start_is_quoted(supervisor: Supervisor, tmp_path: Path) -> None:
    argv = [sys.executable, "-c", "raise SystemExit('The session host cannot start: the disk is full.')"]
    child = supervisor.start("host", argv, env={}, log=tmp_path / "host.log")
    with pytest.raises(ChildDied, match=r"^The session host cannot start: the disk is full\.\nIts log is"):
        supervisor.wait_ready(child, lambda: False, 30)


def test_a_child_that_is_killed_is_noticed(supervisor: Supervisor, tmp_path: Path) -> None:
    start(supervisor, tmp_path, WAITS)
    supervisor.check()
    child = supervisor.children[0]
    os.kill(child.pid, signal.SIGKILL)
    until(lambda: not child.running)
    with pytest.raises(ChildDied, match="signal SIGKILL"):
        supervisor.check()


def test_a_program_that_does_not_exist_is_a_child_that_died(supervisor: Supervisor, tmp_path: Path) -> None:
    child = supervisor.start("host", ["/no/such/program"], env={}, log=tmp_path / "log")
    with pytest.raises(ChildDied, match="host ended by itself"):
        supervisor.wait_ready(child, lambda: False, 30)
    assert "No such file" in (tmp_path / "log").read_text()


def test_children_end_in_the_reverse_order_of_their_start(supervisor: Supervisor, tmp_path: Path) -> None:
    notes = tmp_path / "notes"
    for name in ("a", "b", "c"):
        start(supervisor, tmp_path, NOTES_ITS_END, str(notes), name, name=name)
    supervisor.stop()
    assert notes.read_text() == "cba"
    assert supervisor.children == ()


def test_a_child_that_will_not_end_is_killed(supervisor: Supervisor, tmp_path: Path) -> None:
    start(supervisor, tmp_path, STUBBORN)
    pid = supervisor.children[0].pid
    supervisor.stop(0.2)
    assert gone(pid)


def test_what_a_child_has_started_ends_with_it(supervisor: Supervisor, tmp_path: Path) -> None:
    up = tmp_path / "grandchild.up"
    supervisor.start("child", [sys.executable, "-c", HAS_A_CHILD, str(up)], env={}, log=tmp_path / "log")
    group = supervisor.children[0].pid
    until(exists(up))
    supervisor.stop(0.2)
    until(lambda: not members(group))


def members(group: int) -> list[int]:
    """The running processes of a process group."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _, of_group = stat.read_text().rpartition(")")[2].split()[:3]
        except (FileNotFoundError, ProcessLookupError):
            continue
        if state != "Z" and int(of_group) == group:
            found.append(int(stat.parent.name))
    return found


@pytest.mark.parametrize("blow", [signal.SIGKILL, signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_children_end_when_the_supervisor_is_ended(tmp_path: Path, blow: signal.Signals) -> None:
    supervises = f"""
import os, pathlib, signal, sys
from cli.processes import Supervisor, exists
up = pathlib.Path(sys.argv[1])
with Supervisor() as supervisor:
    argv = [sys.executable, "-c", {NOTES_ITS_END!r}, str(up), sys.argv[2], "told"]
    child = supervisor.start("child", argv, env=dict(os.environ), log=up.with_name("log"))
    supervisor.wait_ready(child, exists(up), 30)
    print(child.pid, flush=True)
    signal.pause()
"""
    notes = tmp_path / "notes"
    process = subprocess.Popen(
        [sys.executable, "-c", supervises, str(tmp_path / "up"), str(notes)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    with process:
        assert process.stdout is not None
        child = int(process.stdout.readline())
        process.send_signal(blow)
    until(lambda: gone(child))
    assert notes.read_text() == "told"


def test_children_are_started_from_the_main_thread_only(supervisor: Supervisor, tmp_path: Path) -> None:
    refused: list[str] = []

    def try_it() -> None:
        try:
            supervisor.start("child", ["true"], env={}, log=tmp_path / "log")
        except RuntimeError as error:
            refused.append(str(error))

    thread = threading.Thread(target=try_it)
    thread.start()
    thread.join()
    assert refused == ["Children are started from the main thread only."]


def test_a_port_in_use_is_passed_over(supervisor: Supervisor) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        taken = server.getsockname()[1]
        assert supervisor.free_port(taken) > taken


def test_two_supervisors_never_get_the_same_port(supervisor: Supervisor) -> None:
    with Supervisor() as other:
        ports = [supervisor.free_port(23100), other.free_port(23100), supervisor.free_port(23100)]
        assert len(set(ports)) == 3


def test_a_port_is_free_again_after_the_stop(supervisor: Supervisor) -> None:
    first = supervisor.free_port(23200)
    supervisor.stop()
    assert supervisor.free_port(first) == first


def test_ctrl_c_works_also_where_a_shell_in_the_background_had_it_ignored() -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with pytest.raises(KeyboardInterrupt), Supervisor():
            signal.raise_signal(signal.SIGINT)
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)
