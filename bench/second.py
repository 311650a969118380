"""What claim and look add at the second itself: the aim is nothing, for they happen before it.

A whole session host with its threads and its ledger on the disk, over a storage that takes 200 ms for each call, as a
distant one does, and over one that takes none. From each message's second to the moment WhatsApp is asked to send it:
the difference of the two medians is what claiming and looking cost there. WhatsApp is a fake that only takes the time.
"""

import statistics
import tempfile
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from threading import Event

import click

from session_host.host import Host
from shared.clock import SYSTEM
from shared.model.message import Message
from shared.model.wire import Handover, item_of
from shared.settings import HostSettings
from shared.store.bucket import Entry, Stored
from shared.store.memory import MemoryBucket
from shared.store.oplog import Writer
from tests.fakes.host import ScriptedLink

STORAGE_SECONDS = 0.2
APART_SECONDS = 7
"""Longer than one look is good for, so that each message needs its own."""

OPTIONS = (
    click.Option(["--messages"], type=click.IntRange(2), default=8, show_default=True, help="Over each storage."),
)


class Slow(MemoryBucket):
    """A storage that takes its time for each call."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self._seconds = seconds

    def _wait(self) -> None:
        if self._seconds:
            SYSTEM.wait(Event(), self._seconds)

    def get(self, key: str) -> Stored:
        self._wait()
        return super().get(key)

    def put(self, key: str, data: bytes) -> str:
        self._wait()
        return super().put(key, data)

    def list(self, prefix: str, after: str = "") -> Iterator[Entry]:
        self._wait()
        return super().list(prefix, after)


def run(say: Callable[[str], None], *, messages: int = 8) -> dict[str, object]:
    """So many lone messages over each storage; the difference of the medians in milliseconds, which noise can make
    negative."""
    medians = {}
    for seconds in (0.0, STORAGE_SECONDS):
        late = list(_lateness(seconds, messages))
        medians[seconds] = statistics.median(late)
        shown = ", ".join(f"{each:.1f}" for each in late)
        say(f"storage of {seconds * 1000:.0f} ms: asked to send so many ms after the second: {shown}")
    return {"claim_look_ms_at_second": round(medians[STORAGE_SECONDS] - medians[0.0], 1)}


def _lateness(seconds: float, count: int) -> Iterator[float]:
    bucket, link = Slow(seconds), ScriptedLink()
    asked: list[datetime] = []
    link.while_sending = lambda: asked.append(SYSTEM.now())
    with tempfile.TemporaryDirectory(prefix="wa-bench-") as folder:
        host = Host(HostSettings(data_dir=Path(folder)), bucket, link, SYSTEM)
        host.start()
        try:
            start = SYSTEM.now().replace(microsecond=0) + timedelta(seconds=8)
            due = [start + timedelta(seconds=APART_SECONDS * number) for number in range(count)]
            _schedule(host, bucket, due)
            SYSTEM.wait(Event(), (due[-1] - SYSTEM.now()).total_seconds() + 2)
        finally:
            host.stop(5)
    if len(asked) != count:
        raise RuntimeError(f"{count - len(asked)} of {count} messages were not begun.")
    yield from ((at - second) / timedelta(milliseconds=1) for at, second in zip(asked, due, strict=True))


def _schedule(host: Host, bucket: MemoryBucket, due: list[datetime]) -> None:
    """As the page does: stored in the log, then handed over."""
    writer, now = Writer(bucket, "web"), SYSTEM.now()
    version = writer.reserve()
    stored = [
        Message(id=f"m{number}", revision=1, version=version, to="447700900001", text="Now.", send_at=at)
        for number, at in enumerate(due)
    ]
    writer.append(version, now, messages=stored)
    host.handover(Handover(by="tick", now=now, items=tuple(item_of(each) for each in stored)), now)
