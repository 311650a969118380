"""`wa simulator`: what stands in its way is said before it starts, and the log it points to is there."""

import re
import socket
from pathlib import Path

import pytest
from click.testing import CliRunner

import cli.simulator
from cli.main import wa
from cli.processes import ProcessProblem


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where folders of its own are made."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize("option", ["--port", "--control-port"])
def test_a_taken_port_is_said_at_once_with_its_option(option: str, temporary: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        done = CliRunner().invoke(wa, ["simulator", option, str(port)])
    assert done.exit_code == 1
    assert done.stderr.startswith(f"Error: Port {port} of {option} is in use: end what uses it, give another, or leave")
    assert list(temporary.iterdir()) == []


def test_one_port_is_not_for_both() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = str(free.getsockname()[1])
    done = CliRunner().invoke(wa, ["simulator", "--port", port, "--control-port", port])
    assert f"Port {port} of --control-port is in use" in done.stderr


def test_the_log_a_failure_points_to_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.executable", "/bin/false")
    done = CliRunner().invoke(wa, ["simulator"])
    assert done.exit_code == 1
    log = re.search(r"Its log is (\S+)", done.stderr)
    assert log, done.stderr
    assert Path(log[1]).exists()


def test_a_folder_of_its_own_is_gone_afterwards(temporary: Path) -> None:
    with cli.simulator._folder(None) as folder:
        assert folder.root.parent == temporary
    assert list(temporary.iterdir()) == []
    with pytest.raises(ProcessProblem), cli.simulator._folder(None) as folder:
        raise ProcessProblem("It ended by itself.")
    assert folder.logs.exists()
