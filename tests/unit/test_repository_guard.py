"""What holds for every test: no other machine is reached, and no setting of this one is seen."""

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from cli import ROOT


@pytest.mark.parametrize("host", ["192.0.2.1", "2001:db8::1"])
def test_no_test_connects_to_another_machine(host: str) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as outward, pytest.raises(RuntimeError, match="a test reached for another machine"):
        outward.connect((host, 80))


@pytest.mark.parametrize(
    "look_up", [socket.gethostbyname, socket.gethostbyname_ex, lambda name: socket.getaddrinfo(name, 1)]
)
def test_no_test_asks_for_another_machines_address(look_up: Callable[[str], object]) -> None:
    with pytest.raises(RuntimeError, match=r"web\.example: a test reached for another machine"):
        look_up("web.example")


@pytest.mark.parametrize(
    "send",
    [
        lambda outward, to: outward.sendto(b"", to),
        lambda outward, to: outward.sendto(b"", 0, to),
        lambda outward, to: outward.sendmsg([b""], [], 0, to),
        lambda outward, to: outward.connect_ex(to),
    ],
    ids=["sendto", "sendto with flags", "sendmsg", "connect_ex"],
)
def test_no_test_sends_a_datagram_to_another_machine(send: Callable[[socket.socket, tuple[str, int]], object]) -> None:
    with socket.socket(type=socket.SOCK_DGRAM) as outward, pytest.raises(RuntimeError, match="another machine"):
        send(outward, ("192.0.2.1", 53))


def test_this_machine_may_be_reached() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as client:
        assert client.getpeername() == server.getsockname()
    assert socket.getaddrinfo("localhost", 80)


def outcome(folder: Path, test: str, **environment: str) -> str:
    """What pytest prints of one test under this project's conftest, in this environment."""
    shutil.copy(ROOT / "tests" / "conftest.py", folder)
    (folder / "test_it.py").write_text(f"import os, pytest\n\ndef test_it():\n    {test}\n")
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--rootdir", str(folder), str(folder)]
    variables = {**os.environ, "PYTHONPATH": str(ROOT), **environment}
    return subprocess.run(command, cwd=folder, env=variables, capture_output=True, text=True, check=False).stdout


def test_the_owners_settings_are_out_of_sight(tmp_path: Path) -> None:
    test = "assert not {'B2_BUCKET', 'HOST_TOKEN', 'HOST_TOKEN_FILE'} & set(os.environ); assert os.environ['HOME']"
    owners = {"B2_BUCKET": "real", "HOST_TOKEN": "real", "HOST_TOKEN_FILE": "/real"}
    assert "1 passed" in outcome(tmp_path, test, **owners)


def test_in_ci_a_skipped_test_is_a_failed_one(tmp_path: Path) -> None:
    said = outcome(tmp_path, "pytest.skip('no browser')", CI="true")
    assert "1 failed" in said
    assert "CI=true allows no skip" in said


def test_elsewhere_a_skipped_test_is_skipped(tmp_path: Path) -> None:
    assert "1 skipped" in outcome(tmp_path, "pytest.skip('no browser')", CI="")
