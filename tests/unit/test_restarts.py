"""What ends by itself is started again, ever later, and not for ever: by gunicorn, and by `wa up`."""

import sys
import threading
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from gunicorn.errors import HaltServer

import cli.up
from cli.processes import ChildDied, Supervisor
from cli.stack import Folder, Stack
from session_host import gunicorn_conf
from session_host.restarts import LONGEST, MOST, WITHIN, Restarts

ONCE = "import pathlib, sys, time; p = pathlib.Path(sys.argv[1]); n = p.exists(); p.touch(); time.sleep(60 if n else 0)"
NEVER = "raise SystemExit(5)"


def test_the_first_end_costs_no_wait_and_each_next_a_longer_one() -> None:
    restarts = Restarts()
    pauses = [restarts.pause(float(at)) for at in range(MOST)]
    assert pauses == [0, 1, 2, 4, 8, 16, 32, LONGEST, LONGEST, LONGEST]
    assert restarts.pause(float(MOST)) is None


def test_what_fails_at_once_each_time_is_given_up_before_its_first_end_is_forgotten() -> None:
    restarts, now = Restarts(), 0.0
    while (pause := restarts.pause(now)) is not None:
        now += pause + 5
    assert now < WITHIN


def test_an_end_now_and_then_is_none_too_many() -> None:
    restarts = Restarts()
    assert [restarts.pause(day * 86_400.0) for day in range(50)] == [0] * 50


def test_a_worker_that_ends_again_and_again_ends_its_gunicorn(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    server: Any = SimpleNamespace(log=SimpleNamespace(error=lambda words, sentence: said.append(words % sentence)))
    monkeypatch.setattr(gunicorn_conf, "_restarts", Restarts())
    for _ in range(MOST):
        gunicorn_conf.child_exit(server, None)
    assert said == []
    with pytest.raises(HaltServer) as halted:
        gunicorn_conf.child_exit(server, None)
    assert halted.value.exit_status == gunicorn_conf.WORN_OUT
    assert "more than 10 times within 10 minutes" in said[0]


class Programs(Stack):
    """An installation whose host is this program, and which has nothing else."""

    def __init__(self, supervisor: Supervisor, folder: Path, program: str) -> None:
        super().__init__(supervisor, Folder(folder), host_port=1, web_port=1, settings={})
        self._program = program
        self.starts = 0
        self.enough = threading.Event()

    def start_host(self) -> Any:
        self.start("host", [sys.executable, "-c", self._program, str(self.folder.root / "was-here")])
        self.starts += 1
        if self.starts == 2 and self._program == ONCE:
            self.enough.set()


def test_what_ends_once_is_started_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with Supervisor() as supervisor:
        stack = Programs(supervisor, tmp_path, ONCE)
        stack.start_host()
        cli.up.watch(stack, stack.enough)
        assert [child.running for child in supervisor.children] == [True]
    told = capsys.readouterr()
    assert "host ended by itself (exit code 0)." in told.err
    assert "Starting it again." in told.err
    assert "host runs again" in told.out


def test_what_never_stays_is_given_up_with_its_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli.up, "Restarts", partial(Restarts, most=2))
    with Supervisor() as supervisor:
        stack = Programs(supervisor, tmp_path, NEVER)
        stack.start_host()
        with pytest.raises(ChildDied, match=r"host ended by itself \(exit code 5\)\.\nIts log is"):
            cli.up.watch(stack, threading.Event())
    assert stack.starts == 3
