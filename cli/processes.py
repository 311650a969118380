"""Starts the programs of a system as children, knows which of them live, and ends them all: none is left behind.

Each child leads a session and process group of its own, so Ctrl-C reaches only the supervisor, and what a child has
started ends with it. If the supervisor itself is killed, the kernel tells each child to end (cli/bound.py).
"""

import contextlib
import errno
import http.client
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType, TracebackType
from typing import NoReturn, Self

from cli import ROOT

STOP_SECONDS = 3.5
"""How long all children together have to end by themselves; with what killing takes, all have ended within 5 s."""

PORTS_TRIED = 100

_CANNOT_START = " cannot start: "
"""What session host and page write before the reason, on their way out."""


class ProcessProblem(Exception):
    """Something with a child that a person must be told; the text is the sentence."""


class ChildDied(ProcessProblem):
    """A child ended although nobody asked it to."""

    def __init__(self, child: "Child") -> None:
        reason = child.last_words or f"{child.name} ended by itself ({child.ending})."
        super().__init__(f"{reason}\nIts log is {child.log}")
        self.child = child


class NotReady(ProcessProblem):
    """A child runs but is not ready within its time."""

    def __init__(self, child: "Child", seconds: float) -> None:
        super().__init__(f"{child.name} was not ready within {seconds:g} s; its log is {child.log}")
        self.child = child


class NoFreePort(ProcessProblem):
    """Every port that was tried is taken."""

    def __init__(self, first: int, last: int) -> None:
        super().__init__(f"All ports from {first} to {last} are taken: end what uses one of them.")


@dataclass(frozen=True)
class Child:
    """A started program. It is not reaped before it is ended, so its pid and group stay its own."""

    name: str
    process: "subprocess.Popen[bytes]"
    log: Path

    @property
    def pid(self) -> int:
        """The process id, which is also the id of its process group."""
        return self.process.pid

    @property
    def exit_code(self) -> int | None:
        """None while it runs; then its exit code, or the negative number of the signal that ended it."""
        if self.process.returncode is not None:
            return self.process.returncode
        result = os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        if result is None:
            return None
        return result.si_status if result.si_code == os.CLD_EXITED else -result.si_status

    @property
    def running(self) -> bool:
        """Whether it still runs."""
        return self.exit_code is None

    @property
    def ending(self) -> str:
        """How it ended, in words."""
        code = self.exit_code
        if code is None:
            return "still running"
        return f"exit code {code}" if code >= 0 else f"signal {signal.Signals(-code).name}"

    @property
    def last_words(self) -> str:
        """The sentence in which it said that it cannot start; empty where it said none."""
        end = self.log.read_bytes()[-20_000:].decode(errors="replace")
        return next((line for line in reversed(end.splitlines()) if _CANNOT_START in line), "")

    def wait(self, seconds: float) -> None:
        """Until it has ended, or these seconds have passed."""
        deadline = time.monotonic() + seconds
        while self.running and time.monotonic() < deadline:
            time.sleep(0.01)

    def ask_to_end(self) -> None:
        """Send it SIGTERM, and go on."""
        if self.running:
            self.process.terminate()

    def end(self, seconds: float) -> None:
        """Ask it to end, wait for at most these seconds, then kill whatever is left of its group."""
        self.ask_to_end()
        self.wait(seconds)
        self.kill()

    def kill(self) -> None:
        """Kill it and all it has started, now."""
        if self.process.returncode is None:
            with contextlib.suppress(ProcessLookupError, PermissionError):  # macOS says so of a group of zombies
                os.killpg(self.pid, signal.SIGKILL)
            self.process.wait()


class Supervisor:
    """The children of one system; used as a context, it ends them all when left, also by SIGTERM and SIGHUP."""

    def __init__(self) -> None:
        self._children: list[Child] = []
        self._claims: list[socket.socket] = []
        self._signals = contextlib.ExitStack()

    def __enter__(self) -> Self:
        self._signals.enter_context(_ending_on(signal.SIGTERM, signal.SIGHUP))
        self._signals.enter_context(_interruptible())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        try:
            self.stop()
        finally:
            self._signals.close()

    @property
    def children(self) -> tuple[Child, ...]:
        """The children in the order they were started."""
        return tuple(self._children)

    def start(self, name: str, argv: Sequence[str], *, env: Mapping[str, str], log: Path, cwd: Path = ROOT) -> Child:
        """Start a program with exactly this environment; what it prints goes to the end of `log` (mode 0600).

        Raises RuntimeError outside the main thread: the kernel takes the end of the starting thread for the parent's.
        """
        if threading.current_thread() is not threading.main_thread():
            raise RuntimeError("Children are started from the main thread only.")
        bound = [sys.executable, "-I", "-S", str(Path(__file__).with_name("bound.py")), str(os.getpid())]
        output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        try:
            process = subprocess.Popen(
                [*bound, *argv],
                env=dict(env),
                cwd=cwd,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        finally:
            os.close(output)
        child = Child(name, process, log)
        self._children.append(child)
        return child

    def wait_ready(self, child: Child, ready: Callable[[], bool], seconds: float) -> None:
        """Return once `ready()` holds; raises ChildDied if any child has ended, NotReady after the seconds."""
        deadline = time.monotonic() + seconds
        while not ready():
            self.check()
            if time.monotonic() > deadline:
                raise NotReady(child, seconds)
            time.sleep(0.05)
        self.check()

    def check(self) -> None:
        """Raise ChildDied for the first child that has ended by itself."""
        for child in self._children:
            if not child.running:
                raise ChildDied(child)

    def crash(self, child: Child) -> None:
        """Kill it and all it has started, as a crash would, and no longer watch it."""
        child.kill()
        self._children.remove(child)

    def free_port(self, preferred: int) -> int:
        """The first loopback port from `preferred` on that nobody listens on and no other supervisor was given.

        It stays this supervisor's until `stop`. Raises NoFreePort.
        """
        ports = range(preferred, min(preferred + PORTS_TRIED, 65536))
        for port in ports:
            if self._claim(port):
                return port
        raise NoFreePort(ports[0], ports[-1])

    def stop(self, seconds: float = STOP_SECONDS) -> None:
        """End all children, the last started first, within about these seconds; interrupted, kill them at once.

        A child that takes longer than half a second is not waited for before the next one is asked.
        """
        deadline = time.monotonic() + seconds
        try:
            for child in reversed(self._children):
                child.ask_to_end()
                child.wait(min(0.5, seconds / len(self._children)))
            while self._children:
                self._children[-1].end(max(0.0, deadline - time.monotonic()))
                self._children.pop()
        finally:
            for child in reversed(self._children):
                child.kill()
            self._children.clear()
            for claim in self._claims:
                claim.close()
            self._claims.clear()

    def _claim(self, port: int) -> bool:
        """Take the port among supervisors (an abstract socket's name, gone with the process), then look at the port."""
        claim = socket.socket(socket.AF_UNIX)
        try:
            if sys.platform == "linux":
                claim.bind(f"\0whatsapp-vpslink-port-{port}")
            with socket.socket() as listener:
                listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                listener.bind(("127.0.0.1", port))
                listener.listen(1)
        except OSError as error:
            claim.close()
            if error.errno not in (errno.EADDRINUSE, errno.EACCES):
                raise
            return False
        self._claims.append(claim)
        return True


def answers(url: str) -> Callable[[], bool]:
    """A readiness check: whether this address answers HTTP with anything but a server's error; no proxy is asked."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def ready() -> bool:
        try:
            with opener.open(url, timeout=2):
                return True
        except urllib.error.HTTPError as error:
            with error:
                return error.code < 500
        except (OSError, http.client.HTTPException):
            return False

    return ready


def exists(path: Path) -> Callable[[], bool]:
    """A readiness check: whether this file is there and not empty."""
    return lambda: path.exists() and path.stat().st_size > 0


@contextlib.contextmanager
def _interruptible() -> Iterator[None]:
    """Let SIGINT interrupt the block, also where a shell that started this in the background had it ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


@contextlib.contextmanager
def _ending_on(*signals: signal.Signals) -> Iterator[None]:
    """Let these signals leave the block by SystemExit, so that what it holds is put away."""

    def leave(number: int, _frame: FrameType | None) -> NoReturn:
        raise SystemExit(128 + number)

    before = {number: signal.signal(number, leave) for number in signals}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
