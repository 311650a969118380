"""What a warm tick costs with nothing due, and with three due in a file that has just changed.

The tick is the real one, over a real S3 server of its own process and a host that answers over HTTP. An idle tick is
one after which nothing had changed. Each size is a process of its own, so that `peak_mb` is its own too. The old
system's loop, measured the same way on two cores, took 20 / 57 / 500 ms idle and 94 / 166 / 1,250 ms with three due.
"""

import json
import resource
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from time import perf_counter
from typing import IO, Any, cast

import click

from chalice_app.chalicelib.tick import Tick
from shared.clock import SYSTEM
from shared.model.link import Link, describe
from shared.model.message import Message
from shared.model.wire import HandoverAnswer
from shared.store import keys
from shared.store.bucket import Bucket
from shared.store.projection import Scheduled, scheduled_format
from shared.store.pulse import HostPulse, write_host
from tests.contract.b2_like import B2Like
from tests.fakes.http_host import answering

SIZES = (1_000, 10_000, 100_000)
ROUNDS = 5
OPTIONS = (click.Option(["--rounds"], type=click.IntRange(1), default=ROUNDS, show_default=True, help="Of each kind."),)


def run(say: Callable[[str], None], *, rounds: int = ROUNDS) -> dict[str, object]:
    """The median milliseconds at each size; how many requests to the bucket an idle tick makes."""
    idle, due, requests, peak = {}, {}, 0, {}
    for size in SIZES:
        command = [sys.executable, "-m", "bench.tick", str(size), str(rounds)]
        told = subprocess.run(command, stdout=subprocess.PIPE, check=True)
        measured = json.loads(told.stdout)
        idle[str(size)], due[str(size)] = measured["idle_ms"], measured["due3_ms"]
        peak[str(size)], requests = measured["peak_mb"], measured["idle_requests"]
        say(f"{size:7,} messages: idle {idle[str(size)]} ms, three due {due[str(size)]} ms, {measured['file_mb']} MB")
    return {"idle_ms": idle, "due3_ms": due, "idle_requests": requests, "peak_mb": peak}


def _messages(count: int) -> dict[str, Message]:
    """Most have ended, one in ten is still to come; none is due soon."""
    now = SYSTEM.now()
    raw: list[dict[str, Any]] = []
    for number in range(count):
        open_ = number % 10 == 0
        at = now + timedelta(days=1, minutes=number) if open_ else now - timedelta(days=1, seconds=number)
        raw.append(
            {
                "id": f"m{number:06}",
                "to": f"44770{number:07}",
                "contactName": f"Contact {number}",
                "message": f"Happy birthday, number {number}! Have a wonderful day with everybody.",
                "scheduledTime": at.isoformat(),
                "status": "pending" if open_ else "sent",
                "createdAt": now.isoformat(),
                "createdFrom": "web",
                **({} if open_ else {"sentAt": at.isoformat()}),
            }
        )
    records = (Message.model_validate(each) for each in raw)
    return {each.id: each for each in records}


def _put(bucket: Bucket, messages: dict[str, Message], due: int) -> int:
    """Write scheduled.json with so many of them due in half a minute."""
    now = SYSTEM.now()
    soon = {id_: messages[id_].evolve(send_at=now + timedelta(seconds=30)) for id_ in [*messages][: due * 10 : 10]}
    data = scheduled_format().print(Scheduled(), messages | soon, now)
    bucket.put(keys.SCHEDULED, data)
    return len(data)


def _measure(size: int, rounds: int) -> dict[str, object]:
    """In this process: the tick's time once warm, over a store of another process."""
    with _store(size) as (endpoint, ask):
        answer = HandoverAnswer(
            now=SYSTEM.now(), host="host-1", link=describe(Link.CONNECTED, SYSTEM.now()), last_fold=SYSTEM.now()
        )
        with answering(200, json.dumps(answer.as_json()).encode()) as host:
            tick = Tick({**B2Like.settings(endpoint), "HOST_URL": host.url, "HOST_TOKEN": "any"})
            file = ask("put 0")
            tick.run(SYSTEM.now())
            idle = [_timed(tick) for _ in range(rounds)]
            before = ask("seen")
            tick.run(SYSTEM.now())
            requests = ask("seen") - before
            due = []
            for _ in range(rounds):
                ask("put 3")
                due.append(_timed(tick))
    return {
        "idle_ms": round(statistics.median(idle), 1),
        "due3_ms": round(statistics.median(due), 1),
        "idle_requests": requests,
        "file_mb": round(file / 1e6, 1),
        "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    }


def _timed(tick: Tick) -> float:
    started = perf_counter()
    tick.run(SYSTEM.now())
    return (perf_counter() - started) * 1000


@contextmanager
def _store(size: int) -> Iterator[tuple[str, Callable[[str], int]]]:
    """A store of its own process with so many messages: its address, and what it answers to a word."""
    argv = [sys.executable, "-m", "bench.tick", "store", str(size)]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        talk, hear = cast("IO[str]", process.stdin), cast("IO[str]", process.stdout)

        def ask(word: str) -> int:
            print(word, file=talk, flush=True)
            return int(hear.readline())

        try:
            yield hear.readline().strip(), ask
        finally:
            talk.close()


def _serve(size: int) -> None:
    """The store's process. It says its address; "seen" asks for the number of requests so far, "put N" writes
    scheduled.json with N messages due soon and answers its bytes."""
    messages = _messages(size)
    with B2Like() as store:
        bucket = store.bucket("whatsapp/")
        write_host(bucket, HostPulse(host="host-1", epoch=1, counter=1, at=SYSTEM.now()))
        print(store.endpoint, flush=True)
        for word in sys.stdin:
            kind, *due = word.split()
            print(_put(bucket, messages, int(due[0])) if kind == "put" else len(store.seen), flush=True)


if __name__ == "__main__":
    if sys.argv[1] == "store":
        _serve(int(sys.argv[2]))
    else:
        print(json.dumps(_measure(int(sys.argv[1]), int(sys.argv[2]))))
