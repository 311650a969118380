"""How many messages a second leave through the session host, pace off, against raw neonize on the same simulator.

Both are the same client against the same server: raw neonize called in a loop, and the host with its ledger, a synced
commit for each message, and the look before them. Both are measured in turns, and the round with the middle ratio
counts: the machine may be busy otherwise.
"""

import tempfile
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from threading import Event

import click

from cli.demo import CONTACTS, OWNER
from cli.processes import Supervisor
from cli.simulated import SimulatedStack, link
from cli.stack import Folder
from shared.clock import SYSTEM
from shared.host_client import HostClient
from shared.model.message import Message
from shared.model.wire import MAX_BATCH, Handover, item_of
from shared.store.oplog import Writer
from simulator.control import Control
from tests.flow.simulated import linked_client, running_simulator

OPTIONS = (
    click.Option(["--rounds"], type=click.IntRange(1, 20), default=3, show_default=True, help="Of both sides."),
    click.Option(
        ["--messages"], type=click.IntRange(10, MAX_BATCH), default=300, show_default=True, help="To each side."
    ),
)
RAW_OWNER = "447700900009"
LONGEST, EACH = 300.0, 0.5


def run(say: Callable[[str], None], *, messages: int = 300, rounds: int = 3) -> dict[str, object]:
    """So many messages through raw neonize, then through the host, in turns; the middle round's messages per second."""
    found = []
    for _ in range(rounds):
        with tempfile.TemporaryDirectory(prefix="wa-bench-") as folder:
            raw = _raw(Path(folder) / "raw", messages)
            say(f"raw neonize: {raw:.0f} messages a second")
            host = _host(Path(folder) / "host", messages)
            say(f"through the host: {host:.0f} messages a second")
            found.append((host / raw, host, raw))
    ratio, host, raw = sorted(found)[(rounds - 1) // 2]
    return {"host_per_s": round(host, 1), "raw_per_s": round(raw, 1), "ratio": round(ratio, 3)}


def _contacts(control: Control) -> list[str]:
    for number, name in CONTACTS.items():
        control.put_contact(number, name=name)
    return list(CONTACTS)


def _raw(folder: Path, count: int) -> float:
    with running_simulator(folder) as control, linked_client(folder, control, RAW_OWNER) as client:
        numbers = _contacts(control)
        for number in numbers:
            client.ask(do="send", to=number, text="the first message sets up the session")
        begun = SYSTEM.monotonic()
        for index in range(count):
            client.begin(do="send", to=numbers[index % len(numbers)], text=f"Raw, message {index}")
        for _ in range(count):
            client.expect("answer", 60)
        return count / (SYSTEM.monotonic() - begun)


def _host(folder: Path, count: int) -> float:
    folder.mkdir()
    with Supervisor() as supervisor:
        stack = SimulatedStack(supervisor, Folder(folder), {})
        control = stack.start_simulator()
        numbers = _contacts(control)
        host = stack.start_host()
        link(host, control, OWNER, "Bench owner")
        first = [_message(f"first-{number}", number, SYSTEM.now()) for number in numbers]
        _schedule(stack, host, first)
        for each in first:
            control.wait_for_inbox(each.to, 1, seconds=30)
        at = SYSTEM.now() + timedelta(seconds=8)
        burst = [_message(f"burst-{index}", numbers[index % len(numbers)], at) for index in range(count)]
        _schedule(stack, host, burst)
        _wait_for(host, len(first) + count)
        for number in numbers:
            arrived, expected = len(control.inbox(number)), 1 + sum(each.to == number for each in burst)
            if arrived != expected:
                raise click.ClickException(f"{arrived} messages arrived of {expected} that were sent.")
        sent = [Message.model_validate(host.message(each.id)).delivery for each in burst]
    begun = min(each.begun_at for each in sent if each.begun_at)
    ended = max(each.sent_at for each in sent if each.sent_at)
    return count / ((ended - begun) / timedelta(seconds=1))


def _wait_for(host: HostClient, sent: int) -> None:
    """Until so many have been sent; asks the host, seldom: whoever asks the simulator takes time from both."""
    deadline = SYSTEM.monotonic() + LONGEST
    while (settled := host.health()["messages"]["sent"]) < sent:
        if SYSTEM.monotonic() > deadline:
            raise click.ClickException(f"Only {settled} of {sent} messages were sent within {LONGEST:g} s.")
        SYSTEM.wait(Event(), EACH)


def _schedule(stack: SimulatedStack, host: HostClient, messages: list[Message]) -> None:
    """As the page does: stored in the log, then handed over."""
    writer, now = Writer(stack.bucket(), "web"), SYSTEM.now()
    version = writer.reserve()
    stored = [each.evolve(version=version) for each in messages]
    writer.append(version, now, messages=stored)
    host.handover(Handover(by="web", now=now, items=tuple(item_of(each) for each in stored)))


def _message(message_id: str, to: str, at: datetime) -> Message:
    return Message(id=message_id, revision=1, to=to, text=f"Host, {message_id}", send_at=at)
