"""Seeded histories of faults: how many promises break in how many of them. `--seed N` tells one history in words.

Web, programs, tick, fold, sender, pulse and host are the real code, stepped over a storage, a WhatsApp, clocks and
processes that fail as the seed says; what is promised is written down in tests/faults/checker.py.
"""

import faulthandler
import os
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor

import click

from tests.faults.history import in_words
from tests.faults.simulation import simulate

OPTIONS = (
    click.Option(["--seeds"], type=click.IntRange(1), default=20_000, show_default=True, help="How many histories."),
    click.Option(["--first"], type=click.IntRange(0), default=0, show_default=True, help="The first seed."),
    click.Option(["--seed"], type=click.IntRange(0), default=None, help="Only this one, told in words."),
)
EACH = 20
"""Seeds that one process takes at a time."""

HANGS_AFTER = 300
"""Seconds after which one history has come to a standstill: its process ends with its stack."""


def run(say: Callable[[str], None], seeds: int, first: int, seed: int | None) -> dict[str, object]:
    """Live through that many histories; each broken promise is said with its seed."""
    if seed is not None:
        return _tell(say, seed)
    steps = violations = done = 0
    starts = range(first, first + seeds, EACH)
    with ProcessPoolExecutor(os.cpu_count()) as processes:
        for number, broken in processes.map(_some, starts, [min(start + EACH, first + seeds) for start in starts]):
            done, steps, violations = done + EACH, steps + number, violations + len(broken)
            for sentence in broken:
                say(sentence)
            if done % 1000 == 0:
                say(f"{done} histories")
    return {"seeds": seeds, "steps": steps, "violations": violations}


def _some(start: int, stop: int) -> tuple[int, list[str]]:
    """Steps, and what broke."""
    steps, broken = 0, list[str]()
    for seed in range(start, stop):
        faulthandler.dump_traceback_later(HANGS_AFTER, exit=True)
        try:
            result = simulate(seed)
        except Exception as error:  # noqa: BLE001 - whatever breaks is a finding, and its seed must be known
            broken.append(f"seed {seed}: BROKEN: {type(error).__name__}: {error}")
            continue
        steps += result.steps
        broken += [f"seed {seed}: {each}" for each in result.violations]
    faulthandler.cancel_dump_traceback_later()
    return steps, broken


def _tell(say: Callable[[str], None], seed: int) -> dict[str, object]:
    result = simulate(seed)
    for line in in_words(result.events):
        say(line)
    for violation in result.violations:
        say(f"BROKEN: {violation}")
    return {"seeds": 1, "steps": result.steps, "violations": len(result.violations)}
