"""Minutes of messages both ways with faults, through the real host: each once on both sides, and nothing grows."""

import random
from pathlib import Path

import pytest

from bench.soak import Soak
from cli.processes import Supervisor
from cli.simulated import SimulatedStack
from cli.stack import Folder

pytestmark = pytest.mark.nightly


def test_with_a_fault_every_few_seconds_everything_comes_once_and_nothing_grows(tmp_path: Path) -> None:
    with Supervisor() as supervisor:
        soak = Soak(SimulatedStack(supervisor, Folder(tmp_path), {}), random.Random(5))
        counted = soak.run(lambda _line: None, minutes=3, each_way=2)
    assert (counted["twice"], counted["lost"], counted["not_sent"]) == (0, 0, 0)
    assert counted["received"] == counted["sent"] + counted["unknown"]  # as many each way
    assert counted["rss_mb_end"] < counted["rss_mb_start"] + 25
    assert counted["threads_end"] < counted["threads_start"] + 8
    assert counted["files_end"] < counted["files_start"] + 2 * counted["faults"] + 8
