"""A simulator and real neonize clients as child processes: they never outlive the block that started them."""

import json
import os
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import IO, Any

from simulator import redirect
from simulator.control import Control

ROOT = Path(__file__).resolve().parents[2]
OWNER = "447700900000"
_STOP_SECONDS = 10


@contextmanager
def running_simulator(folder: Path, *options: str) -> Iterator[Control]:
    """A simulator with its state in `folder`/simulator and its log in `folder`/simulator.log; stopped at the end."""
    folder.mkdir(parents=True, exist_ok=True)
    ready = folder / "simulator.json"
    command = [sys.executable, "-m", "simulator", "--data", str(folder / "simulator"), "--ready-file", str(ready)]
    command += ["--with-parent", *options]
    with (folder / "simulator.log").open("ab") as log:
        process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log)
        with _ended(process):
            assert process.stdout is not None
            if process.stdout.readline() != b"ready\n":
                raise AssertionError(f"The simulator did not start; see {log.name}.")
            yield Control.from_ready_file(ready)


@contextmanager
def running_client(folder: Path, session: str = "host") -> Iterator["Client"]:
    """A real neonize client, turned to the simulator in `folder`, with its session in `folder`/`session`."""
    data = folder / session
    redirect.mark(data)
    command = [sys.executable, "-m", "tests.flow.neonize_client", "--ready", str(folder / "simulator.json")]
    with (folder / f"{session}.log").open("ab") as log:
        process = subprocess.Popen(
            [*command, "--data", str(data)],
            cwd=ROOT,
            env={**os.environ, "NEONIZE_BOT_TAG": "off"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
        with _ended(process):
            assert process.stdin is not None
            assert process.stdout is not None
            client = Client(process.stdin, process.stdout)
            yield client
            client.stop()


@contextmanager
def linked_client(folder: Path, control: Control, phone: str = OWNER, session: str = "host") -> Iterator["Client"]:
    """A client that has been linked by QR code, is connected and has heard what the phone tells a new device."""
    with running_client(folder, session) as client:
        control.scan(client.expect("qr")["code"], phone)
        client.expect("connected")
        control.wait_until_settled(phone)
        yield client


def wait_until_forgotten(folder: Path, session: str = "host") -> None:
    """Returns once the library has deleted its device: it tells of the logout first, and deletes afterwards."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        with closing(sqlite3.connect(f"file:{folder / session / 'session.sqlite'}?mode=ro", uri=True)) as kept:
            if kept.execute("SELECT count(*) FROM whatsmeow_device").fetchone() == (0,):
                return
        time.sleep(0.05)
    raise AssertionError("The client keeps a device that was logged out.")


class Client:
    """The test's end of a client process."""

    def __init__(self, commands: IO[str], output: IO[str]) -> None:
        self._commands, self._output = commands, output
        self._events: list[dict[str, Any]] = []
        self._changed = threading.Condition()
        self._over = False
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        for line in self._output:
            with self._changed:
                self._events.append(json.loads(line))
                self._changed.notify_all()
        with self._changed:
            self._over = True
            self._changed.notify_all()

    def seen(self, kind: str) -> list[dict[str, Any]]:
        """The events of a kind that came so far and were not expected yet."""
        with self._changed:
            return [event for event in self._events if event["event"] == kind]

    def expect(self, kind: str, seconds: float = 30, **fields: Any) -> dict[str, Any]:
        """Waits for an event with these fields and takes it; fails the test when it does not come."""
        deadline = time.monotonic() + seconds
        with self._changed:
            while True:
                for event in self._events:
                    if event["event"] == kind and all(event.get(name) == value for name, value in fields.items()):
                        self._events.remove(event)
                        return event
                left = deadline - time.monotonic()
                if left <= 0 or self._over:
                    raise AssertionError(f"No {kind!r} with {fields} came; there came {self._events}.")
                self._changed.wait(left)

    def ask(self, seconds: float = 30, **command: Any) -> dict[str, Any]:
        """Has the client do something; its answer."""
        self.begin(**command)
        return self.expect("answer", seconds)

    def begin(self, **command: Any) -> None:
        """Has the client do something, without waiting for the answer."""
        self._commands.write(json.dumps(command) + "\n")
        self._commands.flush()

    def stop(self) -> None:
        """Has the client disconnect and end."""
        if not self._over:
            self.begin(do="stop")
        self._reader.join(_STOP_SECONDS)


@contextmanager
def _ended(process: "subprocess.Popen[Any]") -> Iterator[None]:
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                stream.close()
