"""Messages both ways for some minutes, with a fault every few seconds: does anything come twice, get lost, or grow?

A real session host (gunicorn, neonize) on the simulated WhatsApp. Each second some messages leave and some come in; the
faults are those a line gets over by itself. At the end both sides are counted: what the host calls sent against what
the contacts decrypted, what the contacts said against what the host captured. Memory, threads and open files of the
host's process are looked at once it is warm, and at the end.
"""

import random
import sqlite3
import tempfile
import threading
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

import click

from cli.demo import CONTACTS, OWNER
from cli.processes import Supervisor
from cli.simulated import SimulatedStack, link
from cli.stack import Folder
from session_host import captured
from shared.clock import SYSTEM
from shared.host_client import HostClient, HostUnreachable
from shared.model.message import Message, Status
from shared.model.wire import Handover, item_of
from shared.store.oplog import Writer
from shared.store.view import View
from simulator.control import Control
from simulator.models import FaultRule

OPTIONS = (
    click.Option(["--minutes"], type=click.FloatRange(0.2), default=2, show_default=True, help="How long."),
    click.Option(["--each-way"], type=click.IntRange(1), default=2, show_default=True, help="Messages a second."),
    click.Option(["--seed"], type=int, default=None, help="Of the faults' order; said at the start."),
)
WARM_SECONDS = 10
FAULT_SECONDS = (3, 7)
SETTLE_SECONDS = 180

_ENDED = (Status.SENT, Status.UNKNOWN, Status.FAILED, Status.MISSED)


class Fault(NamedTuple):
    """A fault that the line gets over by itself: rules, and whether the connection breaks then."""

    rules: tuple[FaultRule, ...] = ()
    breaks: bool = False


FAULTS = {
    "the line breaks": Fault(breaks=True),
    "it breaks before a message": Fault((FaultRule(action="close"),)),
    "it breaks after a message": Fault((FaultRule(action="close", deliver=True),)),
    "a message is acknowledged late": Fault((FaultRule(action="late-ack", after_ms=1500),)),
    "a message is acknowledged twice": Fault((FaultRule(action="double-ack"),)),
    "a message is damaged": Fault((FaultRule(action="garble"),)),
    "one that comes in is damaged": Fault((FaultRule(stanza="delivery", action="garble"),)),
    "one that comes in comes twice": Fault((FaultRule(stanza="delivery", action="repeat"),)),
    "too many questions": Fault((FaultRule(stanza="iq", xmlns="usync", action="nack", code=429),)),
    "stream error 515": Fault((FaultRule(stanza="line", action="stream-error", code=515),)),
    "stream error 500": Fault((FaultRule(stanza="line", action="stream-error", code=500),)),
    "the server is busy": Fault((FaultRule(stanza="connect", action="nack"),), breaks=True),
    "the server is away": Fault((FaultRule(stanza="connect", action="refuse", times=None),), breaks=True),
    "the login is refused": Fault((FaultRule(stanza="login", action="nack", code=503),), breaks=True),
}
"""Not here: a receipt of an unknown type, for the library then loses what comes in until its session is new."""


def run(
    say: Callable[[str], None], *, minutes: float = 2, each_way: int = 2, seed: int | None = None
) -> dict[str, float]:
    """So many minutes; the counts of both sides, and what the host's process took."""
    seed = random.SystemRandom().randrange(10**6) if seed is None else seed
    say(f"seed {seed}")
    with tempfile.TemporaryDirectory(prefix="wa-bench-") as folder, Supervisor() as supervisor:
        return Soak(SimulatedStack(supervisor, Folder(Path(folder)), {}), random.Random(seed)).run(
            say, minutes, each_way
        )


class Soak:
    """One installation, what was said on both sides, and the faults."""

    def __init__(self, stack: SimulatedStack, chance: random.Random) -> None:
        self._stack = stack
        self._chance = chance
        self._never = threading.Event()
        self._writer = Writer(stack.bucket(), "web")
        self._messages: list[Message] = []
        self._inbound: list[str] = []
        self._control: Control
        self._host: HostClient

    def run(self, say: Callable[[str], None], minutes: float, each_way: int) -> dict[str, float]:
        """Run for so long, wait until all has ended, count."""
        self._control = self._stack.start_simulator()
        for number, name in CONTACTS.items():
            self._control.put_contact(number, name=name, delivered_after_ms=50, read_after_ms=None)
        self._host = self._stack.start_host()
        link(self._host, self._control, OWNER, "Soak owner")
        begun = SYSTEM.monotonic()
        end, next_fault, faults, start = begun + minutes * 60, begun + WARM_SECONDS, 0, None
        while (now := SYSTEM.monotonic()) < end:
            self._talk(each_way)
            if now >= next_fault:
                start = start or self._stack.host_size()
                say(f"{now - begun:5.0f} s  {self._play(self._chance.choice(list(FAULTS)))}")
                faults += 1
                next_fault = now + self._chance.uniform(*FAULT_SECONDS)
            SYSTEM.wait(self._never, max(0.0, 1 - (SYSTEM.monotonic() - now)))
        self._control.clear_faults()
        counted = self._count(self._wait_until_ended())
        start, last = start or self._stack.host_size(), self._stack.host_size()
        return {
            "minutes": minutes,
            "faults": faults,
            **counted,
            "rss_mb_start": start.rss_mb,
            "rss_mb_end": last.rss_mb,
            "threads_start": start.threads,
            "threads_end": last.threads,
            "files_start": start.files,
            "files_end": last.files,
        }

    def _talk(self, each_way: int) -> None:
        """Some messages are scheduled and handed over as the page does it, and as many come in."""
        now, people = SYSTEM.now(), list(CONTACTS)
        version = self._writer.reserve()
        new = [
            Message(
                id=f"soak-{number}",
                revision=1,
                version=version,
                to=self._chance.choice(people),
                text=f"Soak, message {number}",
                send_at=now + timedelta(seconds=1.5),
            )
            for number in range(len(self._messages), len(self._messages) + each_way)
        ]
        self._writer.append(version, now, messages=new)
        self._messages += new
        try:
            self._host.handover(Handover(by="web", now=now, items=tuple(item_of(each) for each in new)))
        except HostUnreachable:
            pass  # its worker is being replaced: the host finds them in the log
        for _ in range(each_way):
            sent = self._control.send(self._chance.choice(people), f"Soak, from a contact {len(self._inbound)}")
            self._inbound.append(sent.id)

    def _play(self, name: str) -> str:
        self._control.clear_faults()
        for rule in FAULTS[name].rules:
            self._control.add_fault(rule)
        if FAULTS[name].breaks:
            self._control.break_connections()
        return name

    def _wait_until_ended(self) -> dict[str, Message]:
        view, end = View(self._stack.bucket()), SYSTEM.monotonic() + SETTLE_SECONDS
        ids, inbound = {each.id for each in self._messages}, set(self._inbound)
        while SYSTEM.monotonic() < end:
            known = view.read(SYSTEM.now()).messages
            ended = {id_ for id_, message in known.items() if message.status in _ENDED}
            if ended >= ids and received(self._stack).keys() >= inbound:
                break
            SYSTEM.wait(self._never, 1)
        return dict(view.read(SYSTEM.now()).messages)

    def _count(self, ended: dict[str, Message]) -> dict[str, int]:
        decrypted = Counter(each.text for number in CONTACTS for each in self._control.inbox(number))
        came, status = received(self._stack), Counter(ended[each.id].status for each in self._messages)
        not_there = sum(not decrypted[each.text] and ended[each.id].status is Status.SENT for each in self._messages)
        return {
            "sent": status[Status.SENT],
            "unknown": status[Status.UNKNOWN],
            "not_sent": len(self._messages) - status[Status.SENT] - status[Status.UNKNOWN],
            "received": len(came),
            "twice": sum(count > 1 for count in (*decrypted.values(), *came.values())),
            "lost": not_there + sum(each not in came for each in self._inbound),
        }


def received(stack: SimulatedStack) -> Counter[str]:
    """How often the host has captured each message that came in, by its id."""
    file = stack.host_folder / captured.FILE
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as database:
        return Counter(row[0] for row in database.execute("SELECT id FROM messages WHERE NOT from_me"))
