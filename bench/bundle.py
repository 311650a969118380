"""How large the tick's bundle is, and how quickly it starts and ticks under Lambda's own runtime client.

The bundle is packed for this machine and run in a Python that has nothing but what Lambda's runtime brings, over a
store that behaves like Backblaze B2 and holds a thousand messages, with a host that answers at once and keeps up, and
its secrets in a server in AWS's place: all on loopback, so that what is measured is the function, and not the network.
The first tick fetches the secrets, as it does in Lambda, which gives it less of a core than there is here.
"""

import json
import logging
import statistics
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import click

from cli import bundle
from shared.clock import SYSTEM
from shared.model.link import Link, describe
from shared.model.wire import HandoverAnswer
from shared.store import keys
from shared.store.pulse import HostPulse, write_host
from tests import builders
from tests.bundle import lambda_like
from tests.bundle.workshop import HERE, make_runtime, unzip
from tests.contract.b2_like import B2Like
from tests.fakes.amazon import PARAMETER, amazon_here
from tests.fakes.http_host import answering

OPTIONS = (
    click.Option(["--starts"], type=click.IntRange(1), default=5, show_default=True, help="Cold starts."),
    click.Option(["--ticks"], type=click.IntRange(1), default=20, show_default=True, help="Ticks after each of them."),
)
MESSAGES = 1000
MEGABYTE = 1_000_000
HOST, PREFIX = "host", "whatsapp/"
SECRETS = ("B2_ACCESS_KEY_ID", "B2_SECRET_ACCESS_KEY")


def run(say: Callable[[str], None], *, starts: int = 5, ticks: int = 20) -> dict[str, object]:
    """So many cold starts with so many ticks after each: medians in milliseconds, and the most memory of all."""
    logging.getLogger("werkzeug").setLevel(logging.WARNING)  # the server in AWS's place would print each request
    with tempfile.TemporaryDirectory(prefix="wa-bench-") as folder:
        here = Path(folder)
        made = bundle.build(bundle.PROJECT, here, stage="prod", architecture=HERE)
        size = made.zip.stat().st_size / MEGABYTE
        say(f"packed for {HERE}: {size:.1f} MB")
        task, python = unzip(made, here / "task"), make_runtime(here / "runtime")
        with surroundings() as (_, settings):
            figures = [_start(task, python, here / f"start-{number}", settings, ticks, say) for number in range(starts)]
    init, first, warm, peak = zip(*figures, strict=True)
    return {
        "zip_mb": round(size, 2),
        "init_ms": round(statistics.median(init)),
        "first_ms": round(statistics.median(first)),
        "warm_ms": round(statistics.median(warm)),
        "peak_mb": round(max(peak), 1),
    }


@contextmanager
def surroundings() -> Iterator[tuple[B2Like, dict[str, str]]]:
    """The store, and the function's settings: its host has just folded, and its secrets are fetched by their name."""
    now = SYSTEM.now()
    answer = HandoverAnswer(now=now, host=HOST, link=describe(Link.CONNECTED, now), last_fold=now)
    with B2Like() as store, answering(200, json.dumps(answer.as_json()).encode()) as host, amazon_here() as amazon:
        _fill(store)
        write_host(store.bucket(PREFIX), HostPulse(host=HOST, epoch=1, counter=1, at=now))
        settings = B2Like.settings(store.endpoint)
        amazon.keep({"HOST_TOKEN": "any", **{name: settings.pop(name) for name in SECRETS}})
        named = {"HOST_URL": host.url, "SECRETS_PARAMETER": PARAMETER}
        yield store, {**settings, **named, **amazon.variables}


def _fill(store: B2Like) -> None:
    """A scheduled.json of some size, with nothing due."""
    later = SYSTEM.now() + timedelta(days=1)
    messages = [builders.message(id=f"message-{number}", send_at=later).as_json() for number in range(MESSAGES)]
    store.bucket(PREFIX).put(keys.SCHEDULED, json.dumps({"version": 1, "messages": messages}).encode())


def _start(
    task: Path, python: Path, folder: Path, settings: dict[str, str], ticks: int, say: Callable[[str], None]
) -> tuple[float, float, float, float]:
    """One cold start: how long it took, the first tick, the median of those after it, and the most memory."""
    with lambda_like.running(task, python, folder, settings) as function:
        function.wait_until_loaded()
        took = []
        for _ in range(ticks + 1):
            answered = function.invoke(lambda_like.scheduled_event())
            if answered.error is not None:
                raise RuntimeError(f"The tick failed: {answered.error}")
            took.append(answered.milliseconds)
        first, *warm = took
        figures = (function.init_ms, first, statistics.median(warm), function.peak_mb())
    say("init {:.0f} ms, first tick {:.0f} ms, warm {:.0f} ms, {:.1f} MB".format(*figures))
    return figures
