"""How many messages a second are captured durably by the session host, against raw neonize on the same simulator.

So many messages wait at the server while the client is away. Then it comes back: from its login to the last message.
Raw neonize only counts them. The host has written and synced them to its journal, merged them into captured.db and
shows them in its API.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from cli import ROOT
from cli.processes import Supervisor
from cli.simulated import SimulatedStack, link
from cli.stack import Folder
from shared.clock import SYSTEM
from shared.host_client import HostError
from simulator import redirect
from simulator.control import Control
from simulator.models import ReadyFile
from tests.flow.neonize_client import library_client
from tests.flow.simulated import linked_client, running_simulator

OPTIONS = (
    click.Option(
        ["--messages"], type=click.IntRange(100, 20_000), default=3000, show_default=True, help="To each side."
    ),
)
OWNER, RAW_OWNER, CONTACT = "447700900000", "447700900009", "447700900123"
AT_ONCE = 500
"""Messages that are asked of the simulator in one request."""
LIMIT_SECONDS = 300


def run(say: Callable[[str], None], *, messages: int = 3000) -> dict[str, object]:
    """So many messages come in to raw neonize, then to the host; messages per second and their ratio."""
    with tempfile.TemporaryDirectory(prefix="wa-bench-") as folder:
        raw = messages / _raw(Path(folder) / "raw", messages)
        say(f"raw neonize: {raw:.0f} messages a second")
        host = messages / _host(Path(folder) / "host", messages, say)
        say(f"captured by the host: {host:.0f} messages a second")
    return {"host_per_s": round(host, 1), "raw_per_s": round(raw, 1), "ratio": round(host / raw, 3)}


def _write_to(control: Control, owner: str, count: int) -> None:
    """So many messages for a client that is away."""
    for first in range(0, count, AT_ONCE):
        control.send(CONTACT, f"Batch {first},", to=owner, times=min(AT_ONCE, count - first))


def _logged_in(control: Control, owner: str, after: int) -> float:
    """The moment a client of this account was let in (monotonic seconds)."""
    control.wait_for("connected", after=after, seconds=60, match=lambda event: event.account == owner)
    return SYSTEM.monotonic()


def _raw(folder: Path, count: int) -> float:
    with running_simulator(folder) as control:
        control.put_contact(CONTACT, name="Ada")
        with linked_client(folder, control, RAW_OWNER) as client:
            client.ask(do="send", to=CONTACT, text="the first message sets up the session")
            control.send(CONTACT, "and the first answer", to=RAW_OWNER)
            client.expect("message")
        _write_to(control, RAW_OWNER, count)
        after = control.state().last_event
        command = [sys.executable, "-m", "bench.capture", "--count", str(count), "--data", str(folder / "host")]
        with subprocess.Popen(
            [*command, "--ready", str(folder / "simulator.json")], cwd=ROOT, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, env={**os.environ, "NEONIZE_BOT_TAG": "off"},
        ) as child:  # fmt: skip
            try:
                begun = _logged_in(control, RAW_OWNER, after)
                if child.stdout is None or child.stdout.readline() != b"all\n":
                    raise RuntimeError("Raw neonize did not get all messages.")
                return SYSTEM.monotonic() - begun
            finally:
                child.kill()


def _host(folder: Path, count: int, say: Callable[[str], None]) -> float:
    folder.mkdir()
    with Supervisor() as supervisor:
        stack = SimulatedStack(supervisor, Folder(folder), {})
        control = stack.start_simulator()
        control.put_contact(CONTACT, name="Ada")
        host = stack.start_host()
        link(host, control, OWNER, "Bench owner")
        control.send(CONTACT, "the first message", to=OWNER)
        waiting = threading.Event()
        _until(lambda: host.health()["capture"]["count"] == 1, waiting)
        stack.crash_host()
        _write_to(control, OWNER, count)
        after = control.state().last_event
        host = stack.start_host()
        begun = _logged_in(control, OWNER, after)
        _until(lambda: host.health()["capture"]["count"] >= count, waiting)
        took = SYSTEM.monotonic() - begun
        say(f"the host's memory afterwards: {_memory_mb(supervisor)} MB")
        return took


def _until(holds: Callable[[], bool], waiting: threading.Event) -> None:
    deadline = SYSTEM.monotonic() + LIMIT_SECONDS
    while SYSTEM.monotonic() < deadline:
        try:
            if holds():
                return
        except HostError:
            pass  # it is starting
        SYSTEM.wait(waiting, 0.02)
    raise RuntimeError(f"The host did not capture all within {LIMIT_SECONDS} s.")


def _memory_mb(supervisor: Supervisor) -> int:
    """Of gunicorn's worker, which is the whole session host."""
    master = next(child for child in supervisor.children if child.name == "host" and child.running)
    workers = Path(f"/proc/{master.pid}/task/{master.pid}/children").read_text(encoding="ascii").split()
    pages = int(Path(f"/proc/{workers[0]}/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") // 2**20


def main() -> None:
    """The child: raw neonize that counts what comes in, and says when that is all."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--ready", type=Path, required=True)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--count", type=int, required=True)
    given = parser.parse_args()
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    ready = ReadyFile.model_validate_json(given.ready.read_bytes())
    redirect.install(ready.websocket, bytes.fromhex(ready.root_key), given.data)
    left = given.count

    def count_down(_client: Any, _event: Any) -> None:
        nonlocal left
        left -= 1
        if left == 0:
            out.write("all\n")
            out.flush()

    made, events = library_client(given.data / "session.sqlite")
    made.event(events.MessageEv)(count_down)
    for kind in (events.UndecryptableMessageEv, events.ReceiptEv):
        made.event(kind)(lambda _client, _event: None)
    made.connect()


if __name__ == "__main__":
    main()
