"""How many messages a second are captured durably by the session host, against raw neonize on the same simulator.

So many messages wait at the server while the client is away. Then it comes back: from its login to the last message.
Raw neonize only counts them. The host has written and synced them to its journal; how long it takes until they are
merged as well and can be read is told beside it. Both are measured in turns, and the round with the middle ratio
counts: the machine may be busy otherwise.
"""

import argparse
import logging
import os
import sqlite3
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

import click

from cli import ROOT
from cli.processes import Supervisor
from cli.simulated import SimulatedStack, link
from cli.stack import Folder
from session_host import captured
from session_host.database import micros
from session_host.journal import SYNC_EACH
from shared.clock import SYSTEM
from simulator import redirect
from simulator.control import Control
from simulator.models import ReadyFile
from tests.flow.neonize_client import library_client
from tests.flow.simulated import linked_client, running_simulator

OPTIONS = (
    click.Option(["--rounds"], type=click.IntRange(1, 20), default=3, show_default=True, help="Of both sides."),
    click.Option(
        ["--messages"], type=click.IntRange(100, 20_000), default=3000, show_default=True, help="To each side."
    ),
)
OWNER, RAW_OWNER, CONTACT = "447700900000", "447700900009", "447700900123"
AT_ONCE = 500
"""Messages that are asked of the simulator in one request."""
LIMIT_SECONDS = 300
SYNCED_WITHIN = 2 * SYNC_EACH
"""Seconds from an event's receipt until it is on the disk at the latest: the group before its own, and its own."""


def run(say: Callable[[str], None], *, messages: int = 3000, rounds: int = 3) -> dict[str, object]:
    """So many messages come in to raw neonize, then to the host, in turns; the figures of the middle round."""
    found = []
    for _ in range(rounds):
        with tempfile.TemporaryDirectory(prefix="wa-bench-") as folder:
            raw = messages / _raw(Path(folder) / "raw", messages)
            say(f"raw neonize: {raw:.0f} messages a second")
            host = _host(Path(folder) / "host", messages)
            disk, read = messages / host.durable, messages / host.merged
            say(f"the host: {disk:.0f} a second on the disk, {read:.0f} to be read; {host.rss_mb} MB of memory")
            found.append((disk / raw, raw, disk, read, host.rss_mb))
    ratio, raw, disk, read, rss_mb = sorted(found)[(rounds - 1) // 2]
    figures = {"host_per_s": round(disk, 1), "raw_per_s": round(raw, 1), "ratio": round(ratio, 3)}
    return {**figures, "readable_per_s": round(read, 1), "rss_mb": rss_mb}


def _write_to(control: Control, owner: str, count: int) -> None:
    """So many messages for a client that is away."""
    for first in range(0, count, AT_ONCE):
        control.send(CONTACT, f"Batch {first},", to=owner, times=min(AT_ONCE, count - first))


def _logged_in(control: Control, owner: str, after: int) -> datetime:
    """When a client of this account was let in, by the server's word: it is too busy then to tell at once."""
    return control.wait_for("connected", after=after, seconds=60, match=lambda event: event.account == owner).at


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
                return (SYSTEM.now() - begun).total_seconds()
            finally:
                child.kill()


class Measured(NamedTuple):
    """Seconds from the login until the last message was on the disk, and until it could be read; its memory."""

    durable: float
    merged: float
    rss_mb: float


def _host(folder: Path, count: int) -> Measured:
    folder.mkdir()
    with Supervisor() as supervisor:
        stack = SimulatedStack(supervisor, Folder(folder), {})
        control = stack.start_simulator()
        control.put_contact(CONTACT, name="Ada")
        link(stack.start_host(), control, OWNER, "Bench owner")
        control.send(CONTACT, "the first message", to=OWNER)
        database = stack.host_folder / captured.FILE
        _wait_for(database, 1)
        stack.crash_host()
        _write_to(control, OWNER, count)
        after = control.state().last_event
        stack.start_host()
        begun = _logged_in(control, OWNER, after)
        last = _wait_for(database, count + 1)
        merged = (SYSTEM.now() - begun).total_seconds()
        return Measured((last - micros(begun)) / 1e6 + SYNCED_WITHIN, merged, stack.host_size().rss_mb)


def _wait_for(database: Path, count: int) -> int:
    """Until so many messages can be read, looked at from outside; when the last was received (microseconds).

    Looked at seldom: whoever looks takes time from both.
    """
    waiting, deadline = threading.Event(), SYSTEM.monotonic() + LIMIT_SECONDS
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as found:
        while SYSTEM.monotonic() < deadline:
            if found.execute("SELECT count(*) FROM messages").fetchone()[0] >= count:
                return int(found.execute("SELECT value FROM kept WHERE name = 'captured_at'").fetchone()[0])
            SYSTEM.wait(waiting, 0.1)
    raise RuntimeError(f"The host did not capture all within {LIMIT_SECONDS} s.")


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
    logging.getLogger("neonize.utils.log").setLevel(logging.WARNING)  # as the host has it: it costs less than half
    made.event(events.MessageEv)(count_down)
    for kind in (events.UndecryptableMessageEv, events.ReceiptEv):
        made.event(kind)(lambda _client, _event: None)
    made.connect()


if __name__ == "__main__":
    main()
