"""An installation whose WhatsApp is the simulator: for the demo, the tests and the benches. In no production
environment."""

import os
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from cli.processes import Supervisor, exists
from cli.stack import START_SECONDS, Folder, Stack
from shared.clock import SYSTEM
from shared.host_client import HostClient, HostError
from simulator import redirect
from simulator.control import Control

LINK_SECONDS = 60


class Size(NamedTuple):
    """What a process takes."""

    rss_mb: float
    threads: int
    files: int


class SimulatedStack(Stack):
    """One installation on free loopback ports, linked to a WhatsApp server of its own."""

    host_config = "simulator.gunicorn_redirect"

    def __init__(self, supervisor: Supervisor, folder: Folder, settings: Mapping[str, str]) -> None:
        """`settings` are environment names; pace is off unless they switch it on: nobody here can be annoyed."""
        ports = {"host_port": supervisor.free_port(3002), "web_port": supervisor.free_port(3000)}
        super().__init__(supervisor, folder, settings={"PACE": "off", **settings}, **ports)
        self._ready_file = folder.root / "simulator.json"

    def start_simulator(self) -> Control:
        """A WhatsApp server on loopback; marks the host's folder as simulated, so that it is never used for real."""
        redirect.mark(self.folder.host)
        self._ready_file.unlink(missing_ok=True)
        data = str(self.folder.root / "simulator")
        argv = [sys.executable, "-m", "simulator", "--data", data, "--ready-file", str(self._ready_file)]
        simulator = self.start("simulator", argv)
        self.supervisor.wait_ready(simulator, exists(self._ready_file), START_SECONDS)
        self.environment["SIMULATOR_READY_FILE"] = str(self._ready_file)
        return Control.from_ready_file(self._ready_file)

    def host_size(self) -> Size:
        """What gunicorn's one worker takes, which is the whole session host."""
        proc = self._host_worker()
        pages = int((proc / "statm").read_text(encoding="ascii").split()[1])
        threads, files = len(os.listdir(proc / "task")), len(os.listdir(proc / "fd"))  # noqa: PTH208
        return Size(round(pages * os.sysconf("SC_PAGE_SIZE") / 2**20, 1), threads, files)

    def host_peak_mb(self) -> float:
        """The most memory it ever took."""
        status = (self._host_worker() / "status").read_text(encoding="ascii").splitlines()
        return round(next(int(line.split()[1]) for line in status if line.startswith("VmHWM:")) / 1024, 1)

    def _host_worker(self) -> Path:
        master = next(child for child in self.supervisor.children if child.name == "host" and child.running)
        workers = Path(f"/proc/{master.pid}/task/{master.pid}/children").read_text(encoding="ascii").split()
        return Path(f"/proc/{workers[0]}")


def link(host: HostClient, control: Control, phone: str, name: str) -> None:
    """Let the simulated phone scan the host's QR code and wait until the link sends. Raises HostError after 60 s."""
    waiting = threading.Event()
    deadline = SYSTEM.monotonic() + LINK_SECONDS
    scanned = ""
    while SYSTEM.monotonic() < deadline:
        answer = host.link()
        if answer["status"]["state"] == "connected":
            return
        qr = (answer.get("pairing") or {}).get("qr")
        if qr and qr != scanned:
            control.scan(qr, phone=phone, name=name)
            scanned = qr
        SYSTEM.wait(waiting, 0.1)
    raise HostError(f"The session host did not connect to the simulated WhatsApp within {LINK_SECONDS} s.")
