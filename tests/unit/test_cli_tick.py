"""`wa tick`: when it ticks, what it says, and that a failed tick does not end the next one."""

import os
import signal
import socket
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast

import pytest
from click.testing import CliRunner

from chalice_app.chalicelib.tick import Report, Tick, TickFailed
from cli import ROOT
from cli.main import wa
from cli.tick import sentence, tick_once, wait_for_next
from shared.model.link import Link, LinkStatus
from shared.model.wire import Outcome
from tests.fakes.clock import FakeClock

NOON = datetime(2026, 11, 27, 12, 0, tzinfo=UTC)


class JumpingClock(FakeClock):
    """A clock whose wall time is set by a step while somebody waits for the first time."""

    def __init__(self, now: datetime, step: timedelta) -> None:
        super().__init__(now)
        self.step = step

    def wait(self, event: threading.Event, seconds: float) -> bool:
        told = super().wait(event, seconds)
        self._now += self.step
        self.step = timedelta()
        return told


@pytest.mark.parametrize(
    ("every", "now", "next_tick"),
    [
        (60, NOON + timedelta(seconds=0.2), NOON + timedelta(minutes=1)),
        (60, NOON + timedelta(seconds=59.9), NOON + timedelta(minutes=1)),
        (60, NOON, NOON + timedelta(minutes=1)),
        (10, NOON + timedelta(seconds=41), NOON + timedelta(seconds=50)),
    ],
)
def test_it_ticks_at_each_full_interval(every: int, now: datetime, next_tick: datetime) -> None:
    clock = FakeClock(now)
    assert wait_for_next(every, clock, threading.Event())
    assert clock.now() == next_tick


def test_a_wait_that_ends_early_by_the_wall_clock_goes_on() -> None:
    clock = JumpingClock(NOON + timedelta(seconds=1), timedelta(seconds=-20))
    assert wait_for_next(60, clock, threading.Event())
    assert clock.now() == NOON + timedelta(minutes=1)


def test_a_clock_set_back_by_hours_does_not_stop_the_ticks() -> None:
    clock = JumpingClock(NOON + timedelta(seconds=1), timedelta(hours=-3))
    assert wait_for_next(60, clock, threading.Event())
    assert clock.now() == NOON + timedelta(minutes=1, hours=-3)


def test_it_ends_when_told() -> None:
    ended = threading.Event()
    ended.set()
    assert not wait_for_next(60, FakeClock(NOON), ended)


class OneTick:
    """A tick that reports, or fails with, what the test says."""

    def __init__(self, outcome: Report | TickFailed) -> None:
        self.outcome = outcome

    def run(self, now: datetime) -> Report:
        assert now == NOON
        if isinstance(self.outcome, TickFailed):
            raise self.outcome
        return self.outcome


def test_a_tick_is_said_in_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    report = Report(now=NOON, picked=2, outcomes={Outcome.ACCEPTED: 1, Outcome.KNOWN: 1}, overdue=0)
    assert tick_once(cast(Tick, OneTick(report)), NOON)
    assert capsys.readouterr().out == "2026-11-27 12:00:00 UTC  2 due, 1 accepted, 1 known, 0 overdue\n"


def test_the_link_and_each_refusal_are_said() -> None:
    link = LinkStatus(state=Link.LOGGED_OUT, sentence="", action="", since=NOON)
    report = Report(
        now=NOON, picked=1, outcomes={Outcome.REFUSED: 1}, refused={"m1": "empty text"}, overdue=3, link=link
    )
    assert sentence(report) == "1 due, 1 refused, 3 overdue, link logged-out; m1 refused: empty text"


def test_a_failed_tick_is_said_with_its_reason(capsys: pytest.CaptureFixture[str]) -> None:
    failing = OneTick(TickFailed("The session host does not answer. 2 messages are overdue."))
    assert not tick_once(cast(Tick, failing), NOON)
    said = capsys.readouterr().err
    assert said == "2026-11-27 12:00:00 UTC  failed: The session host does not answer. 2 messages are overdue.\n"


def test_a_tick_that_handed_over_beside_a_trouble_says_both(capsys: pytest.CaptureFixture[str]) -> None:
    report = Report(now=NOON, picked=2, outcomes={Outcome.ACCEPTED: 2}, overdue=1)
    assert not tick_once(cast(Tick, OneTick(TickFailed("1 message is overdue.", report))), NOON)
    said = capsys.readouterr().err
    assert said.endswith("failed: 1 message is overdue. All the same: 2 due, 2 accepted, 1 overdue.\n")


@pytest.fixture
def hostless(tmp_path: Path) -> dict[str, str]:
    """An installation with an empty bucket, whose host is down."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    return {
        **os.environ,
        "STORAGE_MODE": "local",
        "STORAGE_DIR": str(tmp_path / "bucket"),
        "HOST_URL": f"http://127.0.0.1:{port}",
        "HOST_TOKEN": "token",
    }


def test_once_with_the_host_down_it_fails_in_a_sentence(hostless: dict[str, str]) -> None:
    command = [sys.executable, "-m", "cli", "tick"]
    done = subprocess.run(command, cwd=ROOT, env=hostless, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "  failed: " in done.stderr
    assert "does not answer" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_wrong_setting_is_said_before_the_first_tick(hostless: dict[str, str]) -> None:
    command = [sys.executable, "-m", "cli", "tick", "--every", "60"]
    environment = hostless | {"TICK_HORIZON_SECONDS": "soon"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("Error: TICK_HORIZON_SECONDS is wrong")


@pytest.mark.parametrize("arguments", [[], ["--every", "60"]])
def test_a_storage_folder_that_cannot_be_used_is_a_sentence(tmp_path: Path, arguments: list[str]) -> None:
    (tmp_path / "file").touch()
    done = CliRunner().invoke(wa, ["tick", *arguments], env={"STORAGE_DIR": str(tmp_path / "file" / "below")})
    assert done.exit_code == 1
    assert done.stderr.startswith("Error: ")
    assert "cannot be stored: one of its parts is both a file and a folder" in done.stderr


def test_with_every_it_goes_on_after_a_failure_until_it_is_told_to_end(hostless: dict[str, str]) -> None:
    command = [sys.executable, "-m", "cli", "tick", "--every", "1"]
    with subprocess.Popen(command, cwd=ROOT, env=hostless, stderr=subprocess.PIPE, text=True) as ticking:
        assert ticking.stderr is not None
        said = [ticking.stderr.readline() for _ in range(2)]
        ticking.send_signal(signal.SIGTERM)
    assert all("  failed: " in line for line in said)
    assert ticking.returncode == 0
