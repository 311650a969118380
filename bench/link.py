"""How soon the link is there again after each fault that breaks it, and how many rows of the fault table pass.

A real session host on the simulated WhatsApp. Each fault of `./wa bench soak` that breaks the line is played to it; the
time runs from the fault's end, which for a server that is away is when it answers again, until the host says connected.
With --rows the fault table is played too, as `./wa test` does: real neonize, a test for each row.
"""

import statistics
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path
from threading import Event

import click

from bench.soak import FAULTS
from cli import ROOT
from cli.demo import OWNER
from cli.processes import Supervisor
from cli.simulated import SimulatedStack, link
from cli.stack import Folder
from shared.clock import SYSTEM
from shared.host_client import HostClient
from simulator.control import Control

OPTIONS = (
    click.Option(["--rounds"], type=click.IntRange(1), default=3, show_default=True, help="Of each fault."),
    click.Option(["--rows/--no-rows"], default=True, show_default=True, help="Play the fault table as well."),
)
TABLE = "tests/flow/test_fault_table.py"
AWAY_SECONDS = 5.0
LIMIT_SECONDS = 180
BREAKS = {
    name: fault
    for name, fault in FAULTS.items()
    if fault.breaks or any(rule.action == "stream-error" for rule in fault.rules)
}


def run(say: Callable[[str], None], *, rounds: int = 3, rows: bool = True) -> dict[str, float]:
    """Each fault so many times; seconds to connected, and the rows that passed."""
    took: list[float] = []
    with tempfile.TemporaryDirectory(prefix="wa-bench-") as folder, Supervisor() as supervisor:
        stack = SimulatedStack(supervisor, Folder(Path(folder)), {})
        control = stack.start_simulator()
        host = stack.start_host()
        link(host, control, OWNER, "Bench owner")
        for name in BREAKS:
            seconds = [_recover(host, control, name) for _ in range(rounds)]
            took += seconds
            say(f"{name}: {', '.join(f'{each:.2f}' for each in seconds)} s")
    figures = {
        "faults": len(took),
        "to_connected_p50_s": round(statistics.median(took), 2),
        "to_connected_max_s": round(max(took), 2),
    }
    return figures | (_table(say) if rows else {})


def _recover(host: HostClient, control: Control, name: str) -> float:
    """Play it; seconds from its end until the host is connected again, by its own word."""
    waiting, before = Event(), control.state().last_event
    for rule in BREAKS[name].rules:
        control.add_fault(rule)
    if BREAKS[name].breaks:
        control.break_connections()
    if any(rule.times is None for rule in BREAKS[name].rules):
        SYSTEM.wait(waiting, AWAY_SECONDS)
    else:
        _until(lambda: all(rule.played == rule.times for rule in control.faults()), f"{name}: it was not played")
    control.clear_faults()
    ended = SYSTEM.monotonic()
    control.wait_for("connected", after=before, seconds=LIMIT_SECONDS)
    _until(lambda: host.link()["status"]["state"] == "connected", f"{name}: the link did not come back")
    return SYSTEM.monotonic() - ended


def _until(holds: Callable[[], bool], sentence: str) -> None:
    deadline = SYSTEM.monotonic() + LIMIT_SECONDS
    while not holds():
        if SYSTEM.monotonic() > deadline:
            raise click.ClickException(f"{sentence} within {LIMIT_SECONDS} s.")
        SYSTEM.wait(Event(), 0.02)


def _table(say: Callable[[str], None]) -> dict[str, float]:
    say(f"the rows of {TABLE}")
    with tempfile.TemporaryDirectory(prefix="wa-bench-") as folder:
        report = Path(folder) / "rows.xml"
        argv = [sys.executable, "-m", "pytest", TABLE, "-q", f"--junitxml={report}"]
        subprocess.run(argv, cwd=ROOT, check=False, stdout=subprocess.DEVNULL)
        cases = list(ET.parse(report).getroot().iter("testcase"))  # noqa: S314 - our own report
    cases = [case for case in cases if str(case.get("name")).startswith("test_row")]
    failed = [case.get("name") for case in cases if case.find("failure") is not None or case.find("error") is not None]
    for name in failed:
        say(f"failed: {name}")
    return {"rows": len(cases), "rows_passed": len(cases) - len(failed)}
