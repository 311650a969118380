"""Whether a message is ever sent twice or lost when the session host is killed while messages leave.

Real processes: gunicorn, neonize, the simulated WhatsApp whose contacts decrypt what reaches them. In each round 200
messages leave within half a minute while ticks come doubled and SIGKILL hits the whole host at random moments. At the
end what the contacts decrypted is held against what the host says: no text twice, each message sent or unknown, at
most one unknown for each kill.
"""

import random
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
from cli.processes import Supervisor
from cli.simulated import SimulatedStack, link
from cli.stack import Folder
from shared.clock import SYSTEM
from shared.model.message import Message, Status
from shared.store.oplog import Writer
from shared.store.view import View
from simulator.control import Control
from simulator.models import FaultRule

OPTIONS = (
    click.Option(["--rounds"], type=click.IntRange(1), default=3, show_default=True, help="How often it is done."),
    click.Option(
        ["--messages"], type=click.IntRange(1), default=200, show_default=True, help="Messages in each round."
    ),
)
WITHIN_SECONDS = 30
SETTLE_SECONDS = 120
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
    """Rounds of messages, each with a host that is killed again and again; the sums of all rounds."""
    total = Counted(0, 0, 0, 0, 0, 0)
    for number in range(1, rounds + 1):
        with tempfile.TemporaryDirectory(prefix="wa-bench-") as folder, Supervisor() as supervisor:
            counted = Round(SimulatedStack(supervisor, Folder(Path(folder)), {})).run(messages)
        say(f"round {number}: {counted}")
        total = Counted(*map(sum, zip(total, counted, strict=True)))
    return {"rounds": rounds, **total._asdict()}


class Round:
    """One installation, its messages, and the kills."""

    def __init__(self, stack: SimulatedStack) -> None:
        self._stack = stack
        self._never = threading.Event()

    def run(self, count: int) -> Counted:
        """Schedule, kill while they leave, wait until each has ended, count."""
        control = self._stack.start_simulator()
        for number, name in CONTACTS.items():
            control.put_contact(number, name=name)
        link(self._stack.start_host(), control, OWNER, "Bench owner")
        control.add_fault(FaultRule(stanza="message", action="late-ack", after_ms=ACK_AFTER_MS, times=count))
        messages = self._schedule(count)
        kills = self._kill_while_they_leave()
        view = View(self._stack.bucket())
        ended = self._wait_until_ended(view, {each.id for each in messages})
        return _count(messages, ended, control, kills)

    def _schedule(self, count: int) -> list[Message]:
        """Written as the page writes them; the ticks hand them over."""
        writer, now = Writer(self._stack.bucket(), "web"), SYSTEM.now()
        start, numbers, messages = now + timedelta(seconds=5), list(CONTACTS), []
        version = writer.reserve()
        for index in range(count):
            at = start + timedelta(milliseconds=random.randrange(WITHIN_SECONDS * 1000))
            to, text = numbers[index % len(numbers)], f"Crash, message {index + 1}"
            fields = {"id": f"crash-{index + 1}", "revision": 1, "version": version}
            messages.append(Message.model_validate({**fields, "to": to, "message": text, "scheduledTime": at}))
        writer.append(version, now, messages=messages)
        return messages

    def _kill_while_they_leave(self) -> int:
        tick, end, kills = Tick(self._stack.environment), SYSTEM.monotonic() + WITHIN_SECONDS + 5, 0
        while SYSTEM.monotonic() < end:
            self._tick_twice(tick)
            SYSTEM.wait(self._never, random.uniform(1, 4))
            self._stack.crash_host()
            kills += 1
            self._stack.start_host()
        return kills

    def _wait_until_ended(self, view: View, ids: set[str]) -> dict[str, Message]:
        tick, end = Tick(self._stack.environment), SYSTEM.monotonic() + SETTLE_SECONDS
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
