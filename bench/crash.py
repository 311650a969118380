"""Whether a message is ever sent twice or lost when the session host is killed while messages leave.

Real processes: gunicorn, neonize, the simulated WhatsApp whose contacts decrypt what reaches them. In each round 200
messages leave within a minute while ticks come doubled and SIGKILL hits the whole host: at random moments,
and once at each step between accepting a message and settling it. At the end what the contacts decrypted is held
against what the host says: no text twice, each message sent or unknown, at most one unknown for each kill. Then the
server is lost while messages leave: its folder is gone, a new host restores the link from its backup and takes over.
"""

import contextlib
import os
import random
import shutil
import subprocess
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

import click

from chalice_app.chalicelib.tick import Tick, TickFailed
from cli.demo import CONTACTS, OWNER
from cli.processes import ChildDied, Supervisor
from cli.simulated import SimulatedStack, link
from cli.stack import Folder
from session_host import link_seal
from shared.clock import SYSTEM
from shared.model.message import Message, Status
from shared.store.oplog import Writer
from shared.store.view import View
from simulator import redirect
from simulator.control import Control
from simulator.models import FaultRule
from tests.faults import kill_at_step

OPTIONS = (
    click.Option(["--rounds"], type=click.IntRange(1), default=3, show_default=True, help="How often it is done."),
    click.Option(
        ["--messages"], type=click.IntRange(100), default=200, show_default=True, help="Messages in each round."
    ),
)
WITHIN_SECONDS = 60
SETTLE_SECONDS = 300
"""A takeover takes two and a half minutes of them."""
STEP_SECONDS = 20
"""Within so many seconds a host comes to the step it is to die at."""
LAST_MESSAGES = 12
PASSPHRASE = "only for this measurement"  # noqa: S105
FOR_A_STEP = 4
"""Messages that are due then, so that the step comes."""
ACK_AFTER_MS = 100
"""How long the server takes to acknowledge: so that a kill often comes inside a send."""

_ENDED = (Status.SENT, Status.UNKNOWN, Status.FAILED, Status.MISSED)


class Counted(NamedTuple):
    """What became of the messages of one or more rounds."""

    kills: int
    messages: int
    sent: int
    unknown: int
    twice: int
    lost: int


def run(say: Callable[[str], None], *, rounds: int = 3, messages: int = 200) -> dict[str, object]:
    """Rounds of messages, each with a host that is killed again and again, then lost; the sums of all rounds."""
    total = Counted(0, 0, 0, 0, 0, 0)
    for number in range(1, rounds + 1):
        with tempfile.TemporaryDirectory(prefix="wa-bench-") as folder, Supervisor() as supervisor:
            round_ = Round(SimulatedStack(supervisor, Folder(Path(folder)), {}))
            for counted, what in ((round_.run(messages), "killed"), (round_.lose_the_server(), "lost")):
                say(f"round {number}, {what}: {counted}")
                total = Counted(*map(sum, zip(total, counted, strict=True)))
    return {"rounds": rounds, **total._asdict()}


class Round:
    """One installation, its messages, and the kills."""

    def __init__(self, stack: SimulatedStack, within: float = WITHIN_SECONDS) -> None:
        """The messages are due within so many seconds."""
        self._stack = stack
        self._within = within
        self._never = threading.Event()
        self._writer = Writer(stack.bucket(), "web")
        self._messages: list[Message] = []
        self._control: Control
        stack.host_config = kill_at_step.__name__
        secret, recipient = link_seal.new_identity(PASSPHRASE)
        self._identity = stack.folder.root / "link-backup.key"
        self._identity.write_bytes(secret)
        stack.environment["LINK_BACKUP_RECIPIENT"] = recipient

    def run(self, count: int) -> Counted:
        """Schedule, kill while they leave, wait until each has ended, count. Raises RuntimeError where a step that the
        host was to die at never came."""
        self._control = control = self._stack.start_simulator()
        for number, name in CONTACTS.items():
            control.put_contact(number, name=name)
        link(self._stack.start_host(), control, OWNER, "Bench owner")
        self._wa("backup")
        control.add_fault(FaultRule(stanza="message", action="late-ack", after_ms=ACK_AFTER_MS, times=2 * count))
        self._schedule(count - len(kill_at_step.STEPS) * FOR_A_STEP, self._within)
        kills = self._kill_while_they_leave()
        return _count(self._messages, self._wait_until_ended(self._messages), control, kills)

    def lose_the_server(self) -> Counted:
        """After `run`: the host and its folder are gone while messages leave; a new host takes over with the backup of
        the link that was taken before them all. Counts these messages only."""
        before = len(self._messages)
        self._schedule(LAST_MESSAGES, 10)
        self._tick_twice(Tick(self._stack.environment))
        SYSTEM.wait(self._never, 4)
        self._stack.crash_host()
        shutil.move(self._stack.host_folder, self._stack.folder.root / "lost")
        redirect.mark(self._stack.host_folder)
        self._wa("restore", "--identity", str(self._identity), typed=f"{PASSPHRASE}\n")
        host = self._stack.start_host()
        while not (other := host.health().get("other")):
            SYSTEM.wait(self._never, 0.2)
        host.takeover(other["host"])
        last = self._messages[before:]
        return _count(last, self._wait_until_ended(last), self._control, kills=1)

    def _wa(self, *arguments: str, typed: str = "") -> None:
        """`wa link` on this installation. Raises CalledProcessError."""
        environment = {**os.environ, **self._stack.environment}
        argv = [sys.executable, "-m", "cli", "link", *arguments]
        subprocess.run(argv, env=environment, input=typed, text=True, check=True, capture_output=True)

    def _schedule(self, count: int, within: float) -> None:
        """Written as the page writes them; the ticks hand them over."""
        now, numbers, new = SYSTEM.now(), list(CONTACTS), list[Message]()
        version = self._writer.reserve()
        for number in range(len(self._messages) + 1, len(self._messages) + count + 1):
            at = now + timedelta(seconds=2, milliseconds=random.randrange(round(within * 1000)))
            to, text = numbers[number % len(numbers)], f"Crash, message {number}"
            fields = {"id": f"crash-{number}", "revision": 1, "version": version}
            new.append(Message.model_validate({**fields, "to": to, "message": text, "scheduledTime": at}))
        self._writer.append(version, now, messages=new)
        self._messages += new

    def _kill_while_they_leave(self) -> int:
        """Once at each named step, and at a random moment before each of them and until the last message's second."""
        tick, end, kills = Tick(self._stack.environment), SYSTEM.monotonic() + self._within, 0
        steps = random.sample(list(kill_at_step.STEPS), len(kill_at_step.STEPS))
        while steps or SYSTEM.monotonic() < end:
            self._tick_twice(tick)
            SYSTEM.wait(self._never, random.uniform(0.5, 3))
            self._stack.crash_host()
            kills += 1
            if steps:
                self._die_at(steps.pop(), tick)
                kills += 1
            self._stack.start_host()
        return kills

    def _die_at(self, step: str, tick: Tick) -> None:
        """Start a host that dies at this step, one of the first times it comes there, with messages that lead there."""
        times = random.randint(1, kill_at_step.STEPS[step].most)
        self._stack.environment["KILL_AT_STEP"] = f"{step}:{times}"
        self._schedule(FOR_A_STEP, 2)
        with contextlib.suppress(ChildDied):  # it may be dead before it answers
            self._stack.start_host()
        del self._stack.environment["KILL_AT_STEP"]
        end = SYSTEM.monotonic() + STEP_SECONDS
        while self._stack.host_runs():
            if SYSTEM.monotonic() > end:
                raise RuntimeError(f"The host did not come to the step '{step}' within {STEP_SECONDS} s.")
            self._tick_twice(tick)
            SYSTEM.wait(self._never, 0.2)
        self._stack.crash_host()

    def _wait_until_ended(self, messages: list[Message]) -> dict[str, Message]:
        tick, end = Tick(self._stack.environment), SYSTEM.monotonic() + SETTLE_SECONDS
        view, ids = View(self._stack.bucket()), {each.id for each in messages}
        while SYSTEM.monotonic() < end:
            self._tick_twice(tick)
            SYSTEM.wait(self._never, 2)
            ended = {id_: each for id_, each in view.read(SYSTEM.now()).messages.items() if each.status in _ENDED}
            if ended.keys() >= ids:
                break
        return dict(view.read(SYSTEM.now()).messages)

    def _tick_twice(self, tick: Tick) -> None:
        """A tick may come doubled, and while the host is down it fails: the next one is the retry."""
        for _ in range(2):
            try:
                tick.run(SYSTEM.now())
            except TickFailed:
                continue


def _count(messages: list[Message], ended: dict[str, Message], control: Control, kills: int) -> Counted:
    decrypted = Counter(each.text for number in CONTACTS for each in control.inbox(number))
    statuses = Counter(ended[each.id].status for each in messages if each.id in ended)
    twice = sum(decrypted[each.text] > 1 for each in messages)
    lost = sum(not decrypted[each.text] and _should_have_arrived(ended.get(each.id)) for each in messages)
    return Counted(kills, len(messages), statuses[Status.SENT], statuses[Status.UNKNOWN], twice, lost)


def _should_have_arrived(message: Message | None) -> bool:
    """Everything but what the host says may not have: those are a person's to settle."""
    return message is None or message.status is not Status.UNKNOWN
