"""One seed, one history: an installation lives through a quarter of an hour of faults, then all is mended.

`./wa bench faults --seed N` tells the history of one seed.
"""

import gc
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple
from unittest.mock import patch

import structlog

from session_host.look import LOOK_COVERS
from shared.model.link import Link
from shared.model.message import IfLate, LatePolicy, Status
from shared.model.pace import OFF, PaceSettings
from shared.model.recurrence import Freq, Rule
from shared.model.series import SeriesState, occurrence_id
from shared.model.wire import NewMessage
from shared.store import document
from shared.store import pulse as pulses
from shared.store.view import View
from tests.cast import EVERYBODY
from tests.faults.checker import Violation, check
from tests.faults.history import CALM_ID, Attempt, Closed, Event
from tests.faults.installation import (
    OVERDUE,
    Cron,
    HostClass,
    Machine,
    Network,
    Page,
    Program,
    SimulatedHost,
    WhatsApp,
    memory_folder,
    overdue,
)
from tests.faults.storage import Storage
from tests.faults.world import World
from web.draft import Draft
from web.scheduling import Settled

FAULTS = 600.0
"""Seconds in which things go wrong."""

LONG = 1500.0
"""The same in some histories: long enough that another host takes over, and is taken over from, meanwhile."""

CALM = timedelta(seconds=60)
"""At the end nothing is in the way any more of a message so far ahead."""

SERIES = "s"
"""The id of the one series in every third history."""

PACE = PaceSettings(gap_seconds=6, jitter_seconds=3, hourly=1000, daily=1000, strangers_daily=1000, quiet=None)

MENDING = timedelta(minutes=30)
"""By then everything must have ended: a lost machine costs ten minutes, a late listing five."""


class Result(NamedTuple):
    """What became of one seed."""

    seed: int
    steps: int
    events: list[Event]
    violations: list[Violation]


def simulate(
    seed: int, make: HostClass = SimulatedHost, *, only: tuple[str, ...] = (), seconds: float | None = None
) -> Result:
    """Live through the history of this seed, with hosts made by `make`. Raises AssertionError where a part breaks.

    `only`: these faults (methods of Story) instead of some that chance picks; `seconds`: for so long.
    """
    with TemporaryDirectory(dir=memory_folder(), prefix="wa-faults-") as folder, _quiet(), _uncollected():
        story = Story(seed, Path(folder), make, only, seconds)
        with patch.object(document, "PLAIN_BELOW", document.PLAIN_BELOW if seed % 4 == 0 else 0):  # small and quick
            story.run()
        return Result(seed, story.world.steps, story.world.events, check(story.world.events))


@contextmanager
def _quiet() -> Iterator[None]:
    """Nothing is logged: a history is told by what was seen."""
    before, level = structlog.get_config(), logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    try:
        yield
    finally:
        structlog.configure(**before)
        logging.disable(level)


@contextmanager
def _uncollected() -> Iterator[None]:
    """One history fits into memory many times over: nothing is looked for that could be thrown away."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


class Story:
    """The plan of one seed."""

    def __init__(self, seed: int, folder: Path, make: HostClass, only: tuple[str, ...], seconds: float | None) -> None:
        self.world = World(seed)
        self.random = self.world.random
        self._seed = seed
        self.folder, self._make, self._only = folder, make, only
        self._pace = self.random.choice((OFF, OFF, OFF, PACE))
        self._seconds = seconds or (LONG if self.random.random() < 0.1 else FAULTS)
        self.storage = Storage(self.world)
        self._everything = View(self.storage.objects)
        self.whatsapp = WhatsApp(self.world)
        self.machines: list[Machine] = []
        self.first = self._machine("alpha")
        self.network = Network(self.world, self.first)
        self.pages = [Page(self.world, self.storage, self.network, folder / name, name) for name in ("web", "weba")]
        self.program = Program(self.world, self.network)
        self.cron = Cron(self.world, self.storage, self.network, folder)
        self.cron.overdue = self._overdue
        self._names: list[str] = []
        self._decisions = 0

    def _machine(self, name: str, offset: float = 0.0) -> Machine:
        folder = self.folder / name
        machine = Machine(self.world, name, self.storage, self.whatsapp, folder, self._make, self._pace, offset)
        self.machines.append(machine)
        for each in self.machines:
            each.everybody = self.machines
        return machine

    def run(self) -> None:
        """Faults, then the end."""
        self.world.plan(self.random.uniform(0, 60), self.cron.minute)
        self._people()
        self._faults()
        self.world.run(self.world.now + timedelta(seconds=self._seconds))
        self._mend()
        self._run_until_settled()
        self._calm()
        self.pages[0].look()
        self.world.note(Closed(self.world.now, tuple(self.pages[0].read().values())))
        for each in self.machines:
            each.gone = True
            each.kill()

    def _run_until_settled(self) -> None:
        end = self.world.now + MENDING
        while self.world.now < end and not self._settled():
            self.world.run(self.world.now + timedelta(seconds=45))

    def _calm(self) -> None:
        """Nothing is wrong and nothing waits: one message more."""
        leads = [each for each in self.machines if each.can_begin()]
        self.network.machines = leads or self.network.machines
        at = self.world.now + CALM
        self.pages[0].schedule(CALM_ID, self._draft(CALM_ID, at))
        self.world.run(at + timedelta(seconds=5))
        self._run_until_settled()

    def _overdue(self) -> set[str]:
        """What a tick that reaches everything should alarm about; a host soon finds that its clock is wrong."""
        since = self.world.now - OVERDUE
        told = self.world.now - timedelta(minutes=1)
        lead = [each for each in self.machines if each.can_begin()]
        lasting = {f"{each.name}'s clock" for each in lead if each.clock.wrong and each.clock.set_at < told}
        if lasting and not self.cron.clock.wrong:
            return lasting
        right = not self.cron.clock.wrong and not any(
            each.clock.wrong and each.clock.set_at > since for each in self.machines if not each.gone
        )
        listed = self.storage.lists_all_since(self.world.now - timedelta(minutes=2))
        if not (right and listed and overdue(self.pages[0].shown.values(), since)):
            return set()
        late = overdue(self._everything.read(self.world.now).messages.values(), since)
        return late - {id_ for each in lead for id_ in late if each.has_begun(id_)}

    def _settled(self) -> bool:
        records = self.pages[0].read().values()
        if not any(each.can_begin() for each in self.machines):
            return False
        return self.storage.lists_all and not any(each.open or each.status is Status.SENDING for each in records)

    # People

    def _people(self) -> None:
        for number in range(self.random.randint(4, 10)):
            id_ = f"m{number}"
            self.world.plan(self.random.uniform(1, self._seconds * 0.8), partial(self._schedule, id_))
        for _ in range(self.random.randint(2, 10)):
            self.world.plan(self.random.uniform(30, self._seconds), self._decide)
        for page in self.pages:
            self._look_on(page)
        if not self._only and self._seed % 3 == 0:
            self._repeats()

    def _repeats(self) -> None:
        """Somebody schedules a series, which has one date, and then people decide about it and about its date."""
        began = self.random.uniform(1, self._seconds * 0.6)
        self.world.plan(began, lambda: self.random.choice(self.pages).repeat(SERIES, *self._repeat_form()))
        for _ in range(self.random.randint(1, 6)):
            self.world.plan(self.random.uniform(began, self._seconds), self._decide_about_the_series)

    def _decide_about_the_series(self) -> None:
        page = self.random.choice(self.pages)
        state = self.random.choice((SeriesState.PAUSED, SeriesState.ACTIVE, SeriesState.ACTIVE, SeriesState.ENDED))
        decision: Callable[[], None] = self.random.choice(
            (
                lambda: page.change_series(SERIES, *self._repeat_form()),
                lambda: page.change_series(SERIES, *self._repeat_form()),
                lambda: page.set_state(SERIES, state),
            )
        )
        page.look()
        decision()

    def _repeat_form(self) -> tuple[Draft, Rule]:
        """A rule with one date soon, whose text begins with the id of that date's message."""
        due = (self.world.now + timedelta(seconds=self.random.choice((2, 20, 60, 100, 200, 400)))).replace(
            microsecond=0
        )
        id_ = occurrence_id(SERIES, due.replace(tzinfo=None))
        self._names.append(id_)
        return self._draft(id_, due), Rule(freq=Freq.DAILY, count=1)

    def _look_on(self, page: Page) -> None:
        page.look()
        if not self.world.mended:
            self.world.plan(self.random.choice((5.0, 20.0, 60.0)), lambda: self._look_on(page))

    def _schedule(self, id_: str) -> None:
        self._names.append(id_)
        if self.random.random() < 0.2:
            draft = self._draft(id_)
            new = NewMessage(id=id_, to=draft.to, text=draft.text, send_at=draft.send_at, if_late=draft.if_late)
            self.program.schedule(new)
            return
        page, draft = self.random.choice(self.pages), self._draft(id_)
        page.schedule(id_, draft)
        if self.random.random() < 0.2:
            page.schedule(id_, draft)

    def _decide(self) -> None:
        if not self._names:
            return
        id_, page = self.random.choice(self._names), self.random.choice(self.pages)
        decision: Callable[[], None] = self.random.choice(
            (
                lambda: page.cancel(id_),
                lambda: page.cancel(id_),
                lambda: page.change(id_, self._draft(id_)),
                lambda: page.change(id_, self._draft(id_)),
                lambda: self.program.cancel(id_),
                lambda: self.program.change(id_, self._text(id_)),
                lambda: self._after_its_end(page, id_),
            )
        )
        page.look()
        decision()

    def _both_decide(self) -> None:
        """Two people decide about the same version of a message; neither page knows of the other's decision yet."""
        self._late_listings()
        open_ = [id_ for id_, message in self.pages[0].shown.items() if message.open]
        if not open_:
            return
        id_, (one, other) = self.random.choice(open_), self.random.sample(self.pages, 2)
        decisions = [lambda page: page.change(id_, self._draft(id_)), lambda page: page.cancel(id_)]
        decisions[0](one)
        self.random.choice(decisions)(other)

    def _after_its_end(self, page: Page, id_: str) -> None:
        """A person settles what ended badly, sends it again, or both; and clicks twice."""
        known = page.shown.get(id_)
        if known is None or known.status not in (Status.UNKNOWN, Status.FAILED, Status.MISSED):
            return
        settled = self.random.choice((Settled.ARRIVED, Settled.NOT_ARRIVED, Settled.LET_GO))
        page.settle(id_, settled)
        if settled is not Settled.ARRIVED:
            again, draft = f"{id_}~1", self._draft(f"{id_}~1")
            self.pages[0].schedule(again, draft)
            self.pages[1].schedule(again, draft)

    def _draft(self, id_: str, due: datetime | None = None) -> Draft:
        due = due or self.world.now + timedelta(seconds=self.random.choice((1, 5, 20, 60, 100, 200, 400)))
        on_time, ask, soon = IfLate(policy=LatePolicy.ON_TIME), IfLate(policy=LatePolicy.ASK), IfLate(hours=0.05)
        late = self.random.choice((IfLate(), IfLate(), IfLate(), IfLate(), on_time, ask, soon))
        person = self.random.choice(EVERYBODY)
        text, wall = self._text(id_), f"{due:%Y-%m-%dT%H:%M:%S}"
        return Draft(
            to=person.number, contact_name=None, text=text, send_at=due, wall_time=wall, zone="UTC", if_late=late
        )

    def _text(self, id_: str) -> str:
        self._decisions += 1
        return f"{id_} as decided in {self._decisions}"

    # Faults

    def _faults(self) -> None:
        if self._only:
            for name in self._only:
                self.world.plan(self.random.uniform(60, min(self._seconds, FAULTS) * 0.7), getattr(self, name))
            return
        kinds = [
            self._storage_spell, self._storage_spell, self._slow_storage, self._late_listings,
            self._whatsapp_spell, self._whatsapp_spell, self._link_spell, self._deadly_spell, self._deadly_spell,
            self._crashes, self._crashes, self._kill, self._kill, self._stop,
            self._network_spell, self._cron_spell, self._clock, self._clock, self._clock_ahead,
            self._partition, self._partition, self._page_crashes, self._tick_crashes, self._bad_object,
            self._both_decide, self._both_decide,
        ]  # fmt: skip
        for fault in self.random.sample(kinds, self.random.randint(1, 8)):
            self.world.plan(self.random.uniform(0, self._seconds * 0.9), fault)
        for party in (self.first.clock, self.cron.clock, *(page.clock for page in self.pages)):
            party.offset = timedelta(seconds=self.random.choice((0, 0, 0.4, -1.3, 2, -2)))
        changes = (self._new_machine, self._lost_inside_a_send, self._rollback, self._second, self._both_at_once)
        change = self.random.choice((*changes, None, None) if self._seconds == FAULTS else changes)
        if change == self._both_at_once:
            self._both_at_once()
        elif change is not None:
            self.world.plan(self.random.uniform(60, min(self._seconds, FAULTS) * 0.7), change)
        if change is not None and self._seconds == LONG:
            for fault in self.random.choices((self._take_over, self._long_partition, self._stop, self._kill), k=4):
                self.world.plan(self.random.uniform(200, self._seconds * 0.9), fault)

    def _for_a_while(self, owner: object, name: str, value: float) -> None:
        seconds = self.random.choice((10.0, 60.0, 200.0))
        self.world.say(f"{type(owner).__name__}.{name} is {value} for {seconds:.0f} s")
        setattr(owner, name, value)
        self.world.plan(seconds, lambda: setattr(owner, name, 0.0))

    def _storage_spell(self) -> None:
        self._for_a_while(self.storage, "errors", self.random.choice((0.05, 0.3, 1.0)))

    def _slow_storage(self) -> None:
        self._for_a_while(self.storage, "slow", self.random.choice((0.1, 0.3)))

    def _late_listings(self) -> None:
        self._for_a_while(self.storage, "late_listings", True)

    def _whatsapp_spell(self) -> None:
        self._for_a_while(self.whatsapp, self.random.choice(("trouble", "slow")), self.random.choice((0.3, 0.9)))

    def _deadly_spell(self) -> None:
        self._for_a_while(self.whatsapp, "deadly", self.random.choice((0.3, 0.9)))

    def _network_spell(self) -> None:
        self._for_a_while(self.network, "trouble", self.random.choice((0.2, 0.7)))

    def _cron_spell(self) -> None:
        self._for_a_while(self.cron, "trouble", self.random.choice((0.3, 1.0)))

    def _any(self) -> Machine:
        return self.random.choice(self.machines)

    def _link_spell(self) -> None:
        machine = self._any()
        machine.set_link(Link.RECONNECTING)
        self.world.plan(self.random.choice((3.0, 30.0, 150.0)), lambda: machine.set_link(Link.CONNECTED))

    def _crashes(self) -> None:
        machine = self._any()
        machine.set_fragile(self.random.choice((0.01, 0.05)))
        self.world.plan(self.random.choice((20.0, 120.0)), lambda: machine.set_fragile(0.0))

    def _kill(self) -> None:
        self._any().kill()

    def _stop(self) -> None:
        machine = self._any()
        machine.stop()
        self.world.plan(self.random.choice((1.0, 30.0)), machine.boot)

    def _clock(self) -> None:
        wrong = self.random.choice((-20.0, 25.0, 29.0, -90.0, 90.0, 600.0, -600.0, -3600.0, 8 * 3600.0))
        pick = self.random.randrange(4)
        if pick == 0:
            self.pages[0].clock.set(max(-600.0, min(600.0, wrong)))
        elif pick == 1:
            self.cron.clock.set(wrong)
        else:
            machine = self._any()
            machine.set_clock(wrong)
            self.world.plan(self.random.choice((2.0, 40.0, 200.0)), lambda: machine.set_clock(0.0))

    def _clock_ahead(self) -> None:
        """A host's clock jumps by so little that its pulse still counts as fresh."""
        machine = self._any()
        machine.set_clock(self.random.choice((60.0, 90.0, 110.0)))
        self.world.plan(self.random.choice((2.0, 40.0)), lambda: machine.set_clock(0.0))

    def _partition(self) -> None:
        machine = self._any()
        machine.set_away(True)
        self.world.plan(self.random.choice((20.0, 150.0, 700.0)), lambda: machine.set_away(False))

    def _long_partition(self) -> None:
        """One machine is without the storage for so long that another takes over just when it is back, or not quite."""
        machine = self._any()
        machine.set_away(True)
        self.world.plan(self.random.uniform(380, 800), lambda: machine.set_away(False))

    def _take_over(self) -> None:
        self._any().take_over()

    def _page_crashes(self) -> None:
        self._for_a_while(self.random.choice(self.pages), "fragile", self.random.choice((0.05, 0.2)))

    def _tick_crashes(self) -> None:
        self._for_a_while(self.cron, "fragile", self.random.choice((0.05, 0.3)))

    def _bad_object(self) -> None:
        """What no program of ours writes lies in the log: no JSON, no message."""
        for number, data in enumerate((b"{", b'{"version": 1, "messages": [{"id": "bad"}]}'), 1):
            name = f"log/{self.world.now:%Y%m%d}/web-{'b' * 32}-{number:08d}.json"
            self.storage.objects.put(name, data)

    def _lose(self, machine: Machine) -> None:
        machine.gone = True
        machine.kill()
        self.world.say(f"{machine.name} is lost for ever")

    def _new_machine(self) -> None:
        """The VPS is lost; another one with an empty data folder takes its place."""
        if self.world.mended:
            return
        self._lose(self.first)
        self.world.plan(self.random.choice((5.0, 120.0)), self._replace)

    def _lost_inside_a_send(self) -> None:
        """The VPS is lost while a message leaves."""
        self.whatsapp.at_next_send = self._new_machine

    def _replace(self) -> None:
        wrong = self.random.choice((0.0, 0.0, -3600.0, -3600.0, -900.0, 3600.0))
        machine = self._machine("beta", wrong)
        self.network.machines = [machine]
        if wrong:
            self.world.plan(self.random.uniform(100, 1500), lambda: machine.set_clock(0.0))

    def _second(self) -> None:
        """Somebody starts a second host while the first one may live: it must wait."""
        self.network.machines = [self.first, self._machine("beta")]

    def _both_at_once(self) -> None:
        """Two hosts are started in the same moment on an account that has no pulse."""
        self._second()

    def _rollback(self) -> None:
        """The provider restores a snapshot of the VPS.

        Not one from the seconds between a look and the begin after it: the one limit that docs/decisions/0024 names.
        """
        snapshot = self.folder / "snapshot"
        if self.first.host is None:
            return
        then, known, at = self.first.host.pulse.identity, len(self.world.events), self.world.now
        self.first.snapshot(snapshot)
        self.world.say("a snapshot of alpha is taken")

        def restore() -> None:
            found = pulses.read_host(self.storage.objects)
            equal = found is None or (found.host == then.id and (found.epoch, found.counter) <= then.place)
            begun = [each.at for each in self.world.events[known:] if isinstance(each, Attempt)]
            if equal and begun and begun[0] - at <= LOOK_COVERS:
                return
            self.first.kill()
            self.first.restore(snapshot)
            self.world.say("alpha is restored from its snapshot")

        if self.random.random() < 0.4:
            self.whatsapp.at_next_send = restore
        else:
            self.world.plan(self.random.choice((4.0, 15.0, 40.0, 100.0, 250.0)), restore)

    def _mend(self) -> None:
        """Everything works from now on; what was started stays."""
        self.world.say("everything is mended")
        self.world.mended = True
        for machine in self.machines:
            machine.set_fragile(0.0)
            machine.set_clock(0.0)
            if machine.away:
                machine.set_away(False)
            if machine.link_state is not Link.CONNECTED:
                machine.set_link(Link.CONNECTED)
            machine.boot()
        self.cron.clock.set(0.0)
        for page in self.pages:
            page.clock.set(0.0)
