"""Whether anything acknowledged is ever lost: page writers and the folding host are killed at random over a B2-like
store.

Every worker is a process of its own that talks HTTP to a real S3 server which refuses what Backblaze refuses. Writers
make and edit messages, their own and one another's, and note each write that was acknowledged; SIGKILL comes at
random moments. A day passes in three seconds, so that log objects grow old and are deleted while the writers go on.
At the end every noted version must be the message's own, replaced by a later one, or kept beside it as a conflict.
"""

import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click

from shared.clock import SYSTEM
from shared.model.message import Message
from shared.store.b2 import B2Bucket
from shared.store.errors import StoreError
from shared.store.fold import Fold
from shared.store.oplog import Writer
from shared.store.view import View
from tests.contract.b2_like import B2Like

WRITES = 1000
WRITERS = 3
DAY_IN_SECONDS = 3
OPTIONS = (
    click.Option(
        ["--writes"],
        type=click.IntRange(1),
        default=WRITES,
        show_default=True,
        help="Go on until so many are acknowledged.",
    ),
)
_FIRST_DAY = datetime(2026, 11, 1, tzinfo=UTC)


def run(say: Callable[[str], None], *, writes: int = WRITES) -> dict[str, object]:
    """Kill and restart the workers until so many writes are acknowledged, then look for each of them."""
    with B2Like() as store, tempfile.TemporaryDirectory(prefix="wa-bench-") as folder:
        roles = [f"writer{number}" for number in range(WRITERS)] + ["host"]
        begun = SYSTEM.now()
        workers = {role: _start(role, store.endpoint, Path(folder), begun) for role in roles}
        try:
            kills = _kill_at_random(workers, store.endpoint, Path(folder), begun, writes, say)
        finally:
            for worker in workers.values():
                _kill(worker)
        noted = list(_noted(Path(folder)))
        fold = Fold(store.bucket("whatsapp/"))
        now = _scaled(begun)
        known = fold.read(now).messages
        fold.write(now, {})
        shown = View(store.bucket("whatsapp/")).read(now).messages
        deleted = sum(seen.method == "DELETE" for seen in store.seen)
    lost = [each for each in noted if not (_has(known, *each) and _has(shown, *each))]
    conflicts = sum(bool(each.conflicts) for each in known.values())
    say(f"{len(known)} messages, {conflicts} with a conflict kept, {deleted} log objects deleted; lost: {lost}")
    return {"acknowledged": len(noted), "lost": len(lost), "kills": kills}


def _kill_at_random(
    workers: dict[str, "subprocess.Popen[bytes]"],
    endpoint: str,
    folder: Path,
    begun: datetime,
    writes: int,
    say: Callable[[str], None],
) -> int:
    never = threading.Event()
    kills, acknowledged = 0, 0
    while acknowledged < writes:
        SYSTEM.wait(never, random.uniform(0.5, 4))
        role = random.choice(list(workers))
        if workers[role].poll() is not None:
            raise RuntimeError(f"{role} ended by itself with {workers[role].returncode}: see {folder / role}.log")
        _kill(workers[role])
        workers[role] = _start(role, endpoint, folder, begun)
        kills += 1
        acknowledged = sum(1 for _ in _noted(folder))
        if kills % 10 == 0:
            say(f"{kills} kills, {acknowledged} writes acknowledged")
    return kills


def _start(role: str, endpoint: str, folder: Path, begun: datetime) -> "subprocess.Popen[bytes]":
    argv = [sys.executable, "-m", "bench.store", role, endpoint, str(folder / f"{role}.noted"), begun.isoformat()]
    with (folder / f"{role}.log").open("ab") as log:
        return subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log)


def _kill(worker: "subprocess.Popen[bytes]") -> None:
    worker.send_signal(signal.SIGKILL)
    worker.wait()


def _noted(folder: Path) -> Iterator[tuple[str, str]]:
    """Message id and version of each acknowledged write; a line cut short by a kill was not noted."""
    for file in folder.glob("*.noted"):
        for line in file.read_text().splitlines(keepends=True):
            if line.endswith("\n"):
                message_id, version = line.split()
                yield message_id, version


def _has(messages: Mapping[str, Message], message_id: str, version: str) -> bool:
    message = messages.get(message_id)
    if message is None:
        return False
    return version in {message.version, *message.replaces, *(other.version for other in message.conflicts)}


def _scaled(begun: datetime) -> datetime:
    """The workers' common time: a day passes in three seconds."""
    return _FIRST_DAY + (SYSTEM.now() - begun) * (86400 / DAY_IN_SECONDS)


def _write(bucket: B2Bucket, role: str, noted: int, begun: datetime) -> None:
    """As the page does: read, then append a new message or an edit of what was read; for ever."""
    writer, view = Writer(bucket, role), View(bucket)
    while True:
        now, version = _scaled(begun), writer.reserve()
        try:
            messages = list(view.read(now).messages.values())
            if messages and random.random() < 0.5:
                message = random.choice(messages[-20:]).edited(version, settles=random.random() < 0.3, text=version)
            else:
                message = _new(version, now)
            writer.append(version, now, messages=[message])
        except StoreError as error:
            print(error, file=sys.stderr)
        else:
            os.write(noted, f"{message.id} {version}\n".encode())


def _new(version: str, now: datetime) -> Message:
    at = now + timedelta(days=30)
    return Message(id=f"m-{version}", revision=1, version=version, to="447700900001", text=version, send_at=at)


def _fold(bucket: B2Bucket, begun: datetime) -> None:
    """As the session host does, as fast as it can; for ever."""
    fold = Fold(bucket)
    while True:
        now = _scaled(begun)
        try:
            fold.read(now)
            fold.write(now, {})
        except StoreError as error:
            print(error, file=sys.stderr)


def _work(role: str, endpoint: str, noted: str, begun: str) -> None:
    bucket = B2Like.at(endpoint, "whatsapp/")
    if role == "host":
        _fold(bucket, datetime.fromisoformat(begun))
    descriptor = os.open(noted, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    _write(bucket, role, descriptor, datetime.fromisoformat(begun))


if __name__ == "__main__":
    _work(*sys.argv[1:])
