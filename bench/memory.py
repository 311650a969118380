"""What the session host's process takes after thousands of messages each way, and after the largest files each way.

A real host (gunicorn, neonize) on the simulated WhatsApp, paired, pace off. Peak is what the kernel noted as the most;
what a file took goes back some minutes later, when the library's heap has been swept and returned, hence the rest.
"""

import tempfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from threading import Event

import click

from bench.soak import received
from cli.demo import CONTACTS, OWNER
from cli.processes import Supervisor
from cli.simulated import SimulatedStack, link
from cli.stack import Folder
from shared.clock import SYSTEM
from shared.host_client import HostClient
from shared.model.content import MAX_MEDIA, Media
from shared.model.message import Message, Status
from shared.model.wire import Handover, NewMessage, item_of
from shared.store.oplog import Writer
from simulator.control import Control

OPTIONS = (
    click.Option(["--each-way"], type=click.IntRange(10), default=5000, show_default=True, help="Messages."),
    click.Option(
        ["--rest"], type=click.FloatRange(0), default=290, show_default=True, help="Seconds of rest at the end."
    ),
    click.Option(["--files"], type=click.IntRange(0), default=2, show_default=True, help="Of 16 MB, sent after them."),
)
AT_ONCE = 500
LIMIT_SECONDS = 600


def run(say: Callable[[str], None], *, each_way: int = 5000, files: int = 2, rest: float = 290) -> dict[str, float]:
    """So many messages each way, then so many files; megabytes of the host's process, also after a rest."""
    with tempfile.TemporaryDirectory(prefix="wa-bench-") as folder, Supervisor() as supervisor:
        stack = SimulatedStack(supervisor, Folder(Path(folder)), {})
        control = stack.start_simulator()
        for number, name in CONTACTS.items():
            control.put_contact(number, name=name, delivered_after_ms=0, read_after_ms=None)
        host = stack.start_host()
        link(host, control, OWNER, "Bench owner")
        start = stack.host_size()
        say(f"linked: {start.rss_mb} MB")
        _talk(stack, host, control, each_way, say)
        talked = stack.host_size()
        say(f"after {each_way} each way: {talked.rss_mb} MB")
        for index in range(files):
            _send_file(host, index)
        sent = stack.host_size()
        say(f"after {files} files: {sent.rss_mb} MB")
        SYSTEM.wait(Event(), rest)
        end = stack.host_size()
        return {
            "each_way": each_way,
            "rss_mb_linked": start.rss_mb,
            "rss_mb_after_messages": talked.rss_mb,
            "large_files": files,
            "rss_mb_after_files": sent.rss_mb,
            "rss_mb_rested": end.rss_mb,
            "rss_mb_peak": stack.host_peak_mb(),
            "threads": end.threads,
            "files": end.files,
        }


def _talk(stack: SimulatedStack, host: HostClient, control: Control, each_way: int, say: Callable[[str], None]) -> None:
    """In parts, each of which has left and come in before the next begins."""
    numbers, writer = list(CONTACTS), Writer(stack.bucket(), "web")
    for first in range(0, each_way, AT_ONCE):
        now, version = SYSTEM.now(), writer.reserve()
        part = [
            Message(
                id=f"memory-{index}", revision=1, version=version, to=numbers[index % len(numbers)],
                text=f"Out, message {index}", send_at=now + timedelta(seconds=2),
            )
            for index in range(first, min(first + AT_ONCE, each_way))
        ]  # fmt: skip
        writer.append(version, now, messages=part)
        host.handover(Handover(by="web", now=now, items=tuple(item_of(each) for each in part)))
        control.send(numbers[0], f"In, part {first},", times=len(part))
        done = first + len(part)
        _wait_for(host, stack, done)
        say(f"{done} each way: {stack.host_size().rss_mb} MB")


def _send_file(host: HostClient, number: int) -> None:
    stored = host.store_media(bytes([number]) * MAX_MEDIA, "application/octet-stream", f"{number}.bin")
    file = Media(kind="document", **stored.model_dump(exclude_none=True))
    new = NewMessage(to=next(iter(CONTACTS)), text="", attachment=file)
    sent = Message.model_validate(host.send(new, wait_seconds=60))
    if sent.status is not Status.SENT:
        raise click.ClickException(f"The file was not sent: {sent.status}, {sent.delivery.error}.")


def _wait_for(host: HostClient, stack: SimulatedStack, count: int) -> None:
    deadline = SYSTEM.monotonic() + LIMIT_SECONDS
    while host.health()["messages"].get("sent", 0) < count or len(received(stack)) < count:
        if SYSTEM.monotonic() > deadline:
            raise click.ClickException(f"They did not all leave and come in within {LIMIT_SECONDS} s.")
        SYSTEM.wait(Event(), 0.5)
