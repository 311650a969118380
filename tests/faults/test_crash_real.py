"""The real host, killed while messages leave: what the contacts decrypted against what the host says."""

from pathlib import Path

import pytest

from bench.crash import Round
from cli.processes import Supervisor
from cli.simulated import SimulatedStack
from cli.stack import Folder
from tests.faults import kill_at_step

pytestmark = pytest.mark.slow


def test_kills_cost_at_most_one_unknown_each_and_nothing_leaves_twice_or_is_lost(tmp_path: Path) -> None:
    with Supervisor() as supervisor:
        counted = Round(SimulatedStack(supervisor, Folder(tmp_path), {}), within=20).run(60)
    assert (counted.twice, counted.lost) == (0, 0)
    assert counted.sent + counted.unknown == 60
    assert len(kill_at_step.STEPS) < counted.kills
    assert counted.unknown <= counted.kills
