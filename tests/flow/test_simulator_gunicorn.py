"""A gunicorn worker turned to the simulator after its fork: it links, or it refuses to start and says why."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from simulator import redirect
from simulator.control import Control
from tests.flow.simulated import OWNER, ROOT, running_simulator

_APP = """
import os, threading
from neonize.client import NewClient
from simulator.control import Control
from pathlib import Path

control = Control.from_ready_file(Path(os.environ["SIMULATOR_READY_FILE"]))
client = NewClient(os.environ["HOST_DATA_DIR"] + "/session.sqlite", uuid="worker")

@client.event.qr
def scan(_client, code):
    threading.Thread(target=control.scan, args=(code.decode(), "PHONE", "Owner"), daemon=True).start()

threading.Thread(target=client.connect, daemon=True).start()

def app(environ, start_response):
    start_response("200 OK", [])
    return [b""]
"""


_HOST_CONFIGURATION = """
from pathlib import Path

workers = 1

def post_fork(server, worker):
    Path("the-host-had-its-turn").touch()
"""


@contextmanager
def running_worker(folder: Path, **changes: str | None) -> Iterator["subprocess.Popen[str]"]:
    """A small app in the session host's place, with a configuration of its own."""
    (folder / "worker_app.py").write_text(_APP.replace("PHONE", OWNER), encoding="utf-8")
    (folder / "session_host").mkdir()
    (folder / "session_host" / "__init__.py").touch()
    (folder / "session_host" / "gunicorn_conf.py").write_text(_HOST_CONFIGURATION, encoding="utf-8")
    environment: dict[str, str | None] = {
        **os.environ,
        "NEONIZE_BOT_TAG": "off",
        "PYTHONPATH": f"{folder}{os.pathsep}{ROOT}",
        "SIMULATOR_READY_FILE": str(folder / "simulator.json"),
        "HOST_DATA_DIR": str(folder / "host"),
        **changes,
    }
    command = [sys.executable, "-m", "gunicorn", "-c", "python:simulator.gunicorn_redirect", "--bind", "127.0.0.1:0"]
    process = subprocess.Popen(
        [*command, "--threads", "2", "--graceful-timeout", "1", "worker_app:app"],
        cwd=folder,
        env={name: value for name, value in environment.items() if value is not None},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):  # the whole group: a worker must not outlive the test either
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def test_a_worker_links_to_the_simulator(tmp_path: Path) -> None:
    redirect.mark(tmp_path / "host")
    with running_simulator(tmp_path) as control, running_worker(tmp_path):
        control.wait_for("linked", seconds=30)
        control.wait_until_connected(OWNER, seconds=30)
        assert (tmp_path / "the-host-had-its-turn").exists()


@pytest.mark.parametrize(
    ("changes", "marked", "words"),
    [
        ({}, False, "not marked as simulated"),
        ({"NEONIZE_BOT_TAG": None}, True, "Start this process with NEONIZE_BOT_TAG=off"),
        ({"SIMULATOR_READY_FILE": None}, True, "Set SIMULATOR_READY_FILE"),
        ({"HOST_DATA_DIR": ""}, True, "Set HOST_DATA_DIR"),
    ],
)
def test_a_worker_that_cannot_be_turned_does_not_start(
    tmp_path: Path, changes: dict[str, str | None], marked: bool, words: str
) -> None:
    if marked:
        redirect.mark(tmp_path / "host")
    with running_simulator(tmp_path) as control:
        with running_worker(tmp_path, **changes) as process:
            errors = process.communicate(timeout=30)[1]
        assert process.returncode != 0
        assert words in errors
        assert _kinds(control) == set()


def _kinds(control: Control) -> set[str]:
    return {event.kind for event in control.events().events}
