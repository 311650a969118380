"""`wa up` as a person starts it: what is wrong is said before, or instead of, anything that runs."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from cli.processes import Supervisor
from cli.stack import Folder

ROOT = Path(__file__).parents[2]


def up(folder: Path, *arguments: str, **settings: str) -> "subprocess.CompletedProcess[str]":
    """Run it until it gives up by itself."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("HOST_", "WEB_", "STORAGE_"))}
    argv = [sys.executable, "-m", "cli", "up", "--data", str(folder), *arguments]
    return subprocess.run(argv, cwd=ROOT, env=kept | settings, capture_output=True, text=True, timeout=120, check=False)


@pytest.fixture
def free() -> dict[str, str]:
    """Addresses nobody listens on."""
    with Supervisor() as supervisor:
        host, web = supervisor.free_port(42100), supervisor.free_port(42200)
    return {"HOST_BIND": f"127.0.0.1:{host}", "WEB_BIND": f"127.0.0.1:{web}"}


def test_a_taken_port_is_named_with_the_setting_that_moves_it(tmp_path: Path, free: dict[str, str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = f"127.0.0.1:{other.getsockname()[1]}"
        result = up(tmp_path, **free | {"WEB_BIND": taken})
    assert result.returncode == 1
    assert f"{taken} is taken" in result.stderr
    assert "WEB_BIND" in result.stderr


def test_two_answers_to_where_things_are_kept_are_refused(tmp_path: Path, free: dict[str, str]) -> None:
    result = up(tmp_path, **free | {"HOST_DATA_DIR": str(tmp_path / "elsewhere")})
    assert result.returncode == 1
    assert "Both --data and HOST_DATA_DIR" in result.stderr


def test_a_wrong_setting_is_said_before_anything_starts(tmp_path: Path, free: dict[str, str]) -> None:
    result = up(tmp_path, **free | {"LOG_LEVEL": "loud"})
    assert result.returncode == 1
    assert "LOG_LEVEL is wrong: 'loud' does not look like 'INFO'" in result.stderr
    assert "starting" not in result.stdout


def test_a_folder_that_is_in_use_is_left_alone(tmp_path: Path, free: dict[str, str]) -> None:
    with Folder(tmp_path).held():
        result = up(tmp_path, **free)
    assert result.returncode == 1
    assert "is in use by another" in result.stderr


@pytest.mark.slow
def test_a_token_the_host_does_not_know_is_said_at_once(tmp_path: Path, free: dict[str, str]) -> None:
    result = up(tmp_path, **free | {"HOST_TOKEN": "wrong"})
    assert result.returncode == 1, result.stdout
    assert "token" in result.stderr.lower()
    assert "Open" not in result.stdout


@pytest.mark.slow
def test_a_page_that_cannot_start_says_why(tmp_path: Path, free: dict[str, str]) -> None:
    (tmp_path / "web").touch()  # a file where its folder is to be
    result = up(tmp_path, **free)
    assert result.returncode == 1
    assert "The web page cannot start: " in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize("command", ["up", "demo"])
def test_a_folder_that_cannot_be_made_is_said(command: str, tmp_path: Path, free: dict[str, str]) -> None:
    (tmp_path / "file").touch()
    argv = [sys.executable, "-m", "cli", command, "--data", str(tmp_path / "file" / "below")]
    environment = {**os.environ, **free}
    result = subprocess.run(argv, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert result.returncode == 1
    assert "cannot be made (Not a directory): choose another folder with --data" in result.stderr
    assert "Traceback" not in result.stderr
