"""Random histories of web, tick, fold, sender and crashes: whatever happens, the promises hold."""

import random
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from session_host.link import SendFailed
from shared.model.lifecycle import State
from shared.model.link import Link
from shared.model.message import Message, Status
from shared.store.errors import Unreachable
from tests.builders import NOW, message
from tests.fakes.host import HOST, Parts, failing

pytestmark = pytest.mark.no_cover  # the other tests measure the same code; measured, this takes twice as long


class Crash(BaseException):
    """The process is killed inside a send; whether WhatsApp took the message is for the test to know."""


class History:
    """One seeded history, and what an observer outside of the host has seen of it."""

    def __init__(self, seed: int, folder: Path) -> None:
        self.random = random.Random(seed)
        self.folder = folder
        self.parts = Parts(folder)
        self.now = NOW
        self.latest: dict[str, Message] = {}
        self.copies: list[Message] = []
        self.arrived: Counter[str] = Counter()
        self.asked_at: list[tuple[str, str, datetime]] = []
        self.confirmed_cancels: set[str] = set()
        self._connect()

    def _connect(self) -> None:
        self.parts.link.while_sending = self._sending

    def _sending(self) -> None:
        begun = self.parts.database.query("SELECT id FROM messages WHERE rank = ?", (State.BEGUN.rank,))
        assert len(begun) == 1
        row = self.parts.row(begun[0]["id"])
        assert row.content.send_at <= self.now, "early"
        assert row.id not in self.confirmed_cancels, "a confirmed cancel was not obeyed"
        chance = self.random.random()
        if chance < 0.1:
            raise failing("slow down")
        if chance < 0.15:
            raise failing("no such number", permanent=True)
        arrives = chance > 0.2
        self.arrived[row.id] += arrives
        if chance < 0.3:
            raise SendFailed("no answer", permanent=False, certain=False)
        if chance < 0.4:
            raise Crash

    def run(self, steps: int) -> None:
        """That many random things happen, then everything heals and time passes."""
        doings: list[Callable[[], None]] = [
            self.write, self.edit, self.hand_over, self.hand_over, self.fold, self.fold, self.fold_unanswered,
            self.fold_lost, self.send, self.send, self.send, self.link, self.storage, self.restart,
        ]  # fmt: skip
        for _ in range(steps):
            self.now += timedelta(seconds=self.random.choice((0, 0.2, 1, 3, 20)))
            try:
                self.random.choice(doings)()
            except Unreachable:
                continue
        self.parts.bucket.trouble, self.parts.link.state = None, Link.CONNECTED
        for _ in range(12):
            for each in self.parts.records(self.now).values():
                if each.open:
                    self.parts.hand_over(each.head(), now=self.now)
            self.fold()
            for _ in range(30):
                self.send()
                self.now += timedelta(seconds=1)
            self.fold()
            self.now += timedelta(hours=1)

    def write(self) -> None:
        due = self.now + timedelta(seconds=self.random.choice((-5, 0, 2, 5, 30, 400)))
        stored = self.parts.write(message(id=f"m{len(self.latest)}", send_at=due), self.now)
        self._remember(stored)

    def edit(self) -> None:
        known = self.latest.get(self.random.choice(list(self.latest) or [""]))
        if known is None:
            return
        later = self.now + timedelta(seconds=self.random.choice((1, 10, 3600)))
        changes = self.random.choice(({"cancelled": True}, {"cancelled": False}, {"text": "new"}, {"send_at": later}))
        self._remember(self.parts.edit(known, self.now, **changes))

    def _remember(self, stored: Message) -> None:
        self.latest[stored.id] = stored
        self.copies.append(stored)
        self.confirmed_cancels.discard(stored.id)

    def hand_over(self) -> None:
        """Anything that was ever true may be handed over at any time, for ticks are late and run twice."""
        if self.copies:
            self.parts.hand_over(*self.random.choices(self.copies, k=3), now=self.now)

    def fold(self) -> None:
        self.parts.fold(self.now)
        for id_, each in self.parts.records(self.now).items():
            if each.status is Status.CANCELLED:
                self.confirmed_cancels.add(id_)

    def fold_unanswered(self) -> None:
        self.parts.projected |= self.parts.ledger.reconcile(self.parts.records(self.now), HOST, self.now)

    def fold_lost(self) -> None:
        self.parts.ledger.reconcile(self.parts.records(self.now), HOST, self.now)

    def send(self) -> None:
        try:
            self.parts.sender.step(self.now)
        except Crash:
            self.restart()

    def link(self) -> None:
        self.parts.link.state = self.random.choice((Link.CONNECTED, Link.CONNECTED, Link.RECONNECTING))

    def storage(self) -> None:
        self.parts.bucket.trouble = self.random.choice((None, None, Unreachable("away")))

    def restart(self) -> None:
        trouble = self.parts.bucket.trouble
        self.parts = self.parts.restarted(self.now)
        self.parts.bucket.trouble = trouble
        self._connect()


@pytest.fixture
def folder() -> Iterator[Path]:
    """In memory where there is such a place, for each step syncs the disk."""
    memory = Path("/dev/shm")
    with TemporaryDirectory(dir=memory if memory.is_dir() else None) as name:
        yield Path(name)


@pytest.mark.parametrize("seed", range(25))
def test_whatever_happens_nothing_is_sent_twice_and_everything_ends(seed: int, folder: Path) -> None:
    history = History(seed, folder)
    history.run(120)
    assert {id_: times for id_, times in history.arrived.items() if times > 1} == {}
    records = history.parts.records(history.now)
    assert set(records) == set(history.latest)
    for id_, each in records.items():
        assert not each.open, f"{id_} is {each.status}: {each.delivery}"
        if each.status in (Status.FAILED, Status.MISSED, Status.CANCELLED):
            assert history.arrived[id_] == 0
        if each.status is Status.SENT:
            assert history.arrived[id_] == 1
