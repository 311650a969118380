"""Whatever happens to web, tick, storage, host, link and clocks: the promises hold, for each of 300 seeds."""

from collections.abc import Iterable

import pytest

from tests.faults.history import Event, in_words
from tests.faults.simulation import LONG, simulate

pytestmark = pytest.mark.no_cover  # the other tests measure the same code; measured, this takes twice as long

SEEDS = 300
CHUNK = 30


@pytest.mark.parametrize("first", range(0, SEEDS, CHUNK))
def test_whatever_happens_the_promises_hold(first: int) -> None:
    broken = {}
    for seed in range(first, first + CHUNK):
        if violations := simulate(seed).violations:
            broken[f"./wa bench faults --seed {seed}"] = [str(each) for each in violations]
    assert broken == {}


def test_a_seed_always_tells_the_same_history() -> None:
    first, again = simulate(7), simulate(7)
    assert _without_ids(in_words(first.events)) == _without_ids(in_words(again.events))
    assert first.steps == again.steps


def _without_ids(lines: list[str]) -> list[str]:
    return [line for line in lines if " starts as " not in line and "session host, " not in line]


def test_the_histories_hold_what_they_are_about() -> None:
    words = ("is killed", "dies", "clock is now wrong", "loses the storage", "is reconnecting", "the tick alarms")
    assert _never_told(words, (simulate(seed).events for seed in range(40))) == set()


def test_hosts_take_over_from_one_another_while_things_go_wrong() -> None:
    faults = ("_second", "_long_partition", "_take_over", "_stop", "_kill")
    for seed in range(8):
        lines = in_words(simulate(seed, only=faults, seconds=LONG).events)
        meanwhile = lines[: next(number for number, line in enumerate(lines) if "everything is mended" in line)]
        if any("leading: beta" in line for line in meanwhile):
            return
    raise AssertionError("no other host ever came to lead")


def test_sends_fail_in_each_way_there_is() -> None:
    faults = ("_whatsapp_spell",) * 6
    words = ("certain, passing", "certain, permanent", "UNCERTAIN, passing")
    assert _never_told(words, (simulate(seed, only=faults).events for seed in range(30))) == set()


def _never_told(words: Iterable[str], histories: Iterable[list[Event]]) -> set[str]:
    """Which of these no history tells; plays no more of them than it takes."""
    missing = set(words)
    for events in histories:
        told = "\n".join(in_words(events))
        missing -= {word for word in missing if word in told}
        if not missing:
            break
    return missing
