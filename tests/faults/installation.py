"""The parties of one simulated installation: machines with a session host, the page, programs, the cron."""

import os
import shutil
import sqlite3
from collections.abc import Callable, Iterable
from contextlib import closing
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, TypeVar
from unittest.mock import patch

from chalice_app.chalicelib import tick as ticking
from chalice_app.chalicelib.incidents import Incidents
from session_host.contract import Refusal
from session_host.database import LedgerError
from session_host.host import Host
from session_host.link import Ears, NoCode, Pairing, Receipt, ReceiptKind, SendFailed, Sent
from session_host.orders import Orders
from session_host.outgoing import Outgoing
from session_host.pulse import NothingToTakeOver
from session_host.threads import Stepper
from shared.host_client import HostUnreachable
from shared.model.address import Address
from shared.model.due import WEB_HORIZON, due
from shared.model.link import Link, LinkStatus, describe
from shared.model.message import Message
from shared.model.occurrences import materialise
from shared.model.pace import OFF, PaceSettings
from shared.model.recurrence import Rule
from shared.model.series import Series, SeriesState
from shared.model.wire import Group, Handover, HandoverAnswer, MessageChange, NewMessage, item_of
from shared.settings import HostSettings
from shared.store.bucket import Bucket
from shared.store.errors import StoreError, Unreachable
from shared.store.oplog import Operation, Writer
from tests.builders import NOW
from tests.cast import OWNER
from tests.faults.history import Acknowledged, Answered, Arrived, Attempt, Leading, Shown, Ticked, Written
from tests.faults.storage import PartyBucket, Storage
from tests.faults.world import Crash, PartyClock, World
from web.draft import Draft
from web.foreseen import ForeseeingView
from web.local import LocalState
from web.scheduling import Changed, Scheduling, Settled, TooLate
from web.series_book import SeriesBook, SeriesChanged
from web.telling import Telling, Told

T = TypeVar("T")

OVERDUE = timedelta(minutes=4)
"""Two ticks, one that was lost, and one on its way."""


class SimulatedHost(Host):
    """The session host as it is, except that the end of its process can be played, and that nothing waits for a lock:

    what holds it lies deeper in the one real stack, and could never let go.
    """

    def __init__(
        self, settings: HostSettings, bucket: Bucket, link: "FaultyLink", clock: PartyClock, pace: PaceSettings = OFF
    ) -> None:
        super().__init__(settings, bucket, link, clock, pace)
        self.database._connection.execute("PRAGMA locking_mode = EXCLUSIVE").fetchall()  # nobody else reads it: quicker
        announce = self.pulse.announce
        self.look._announce = lambda now: "The pulse is being written." if self.pulse_is_held else announce(now)

    @property
    def pulse_is_held(self) -> bool:
        """Whether a step of the pulse is under way."""
        return self.pulse._lock.locked()

    def find_stored(self, message_id: str, now: datetime) -> Message | None:
        if self._view._lock.locked():
            raise Unreachable("Another request reads the storage, and this one has given up waiting for it.")
        return super().find_stored(message_id, now)

    def let_go(self) -> None:
        """What the kernel does for a process that died."""
        self.database.close()
        self.capture.store.database.close()
        self.capture.journal.close()
        self._lock.release()


HostClass = Callable[[HostSettings, Bucket, "FaultyLink", PartyClock, PaceSettings], SimulatedHost]


class WhatsApp:
    """What the recipients got, whoever sent it; and how bad the way there is."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.trouble = 0.0
        self.slow = 0.0
        self.deadly = 0.0
        self.at_next_send: Callable[[], None] | None = None
        self._attempts = 0

    def begin(self, host: str, clock: datetime, to: Address, text: str) -> int:
        """A text is handed over; the number of the attempt."""
        self._attempts += 1
        self.world.note(Attempt(self.world.now, self._attempts, host, clock, str(to), text))
        return self._attempts

    def arrive(self, number: int) -> None:
        """The recipient has it."""
        self.world.note(Arrived(self.world.now, number))


class FaultyLink:
    """The link of one process: sends take time, fail in each way there is, and the process may die within."""

    def __init__(self, whatsapp: WhatsApp, machine: "Machine") -> None:
        self._whatsapp, self._machine, self._life = whatsapp, machine, machine.life
        self._world = whatsapp.world
        self.state = Link.CONNECTED
        self._ears = Ears()

    def set(self, state: Link) -> None:
        """It comes or goes."""
        self.state = state
        self._ears.status(self.status())

    def prepare(self) -> None:
        """There is nothing to make ready."""

    def start(self) -> None:
        """It is there from the beginning."""

    def rest(self) -> None:
        """Who does not lead sends nothing anyway; here a slip would be seen."""

    def stop(self, seconds: float) -> None:
        """Nothing is left to do."""

    def status(self) -> LinkStatus:
        return describe(self.state, NOW)

    def phone_seen(self, last: datetime | None) -> None:
        """These histories are shorter than the phone may be silent."""

    def own_number(self) -> str | None:
        return OWNER.number

    def pairing(self) -> Pairing | None:
        return None

    def pair_by_code(self, phone: Address) -> Pairing:
        raise NoCode("It is linked.")

    def logout(self) -> None:
        self.state = Link.UNLINKED

    def is_registered(self, to: Address) -> bool | None:
        return True

    def listen(self, ears: Ears) -> None:
        self._ears = ears

    def parse(self, name: str, data: bytes) -> object:
        raise ValueError(name)  # nothing comes in here

    def groups(self) -> tuple[Group, ...]:
        return ()

    def given_names(self) -> dict[str, str]:
        return {}

    def make_ready(self, what: Outgoing) -> None:
        """These histories are of texts."""

    def send(self, to: Address, what: Outgoing) -> Sent:
        if not self.status().sends:
            raise SendFailed("Not connected.", permanent=False, certain=True)
        number = self._whatsapp.begin(self._machine.name, self._machine.clock.now(), to, what.text)
        self._life.pass_by("before WhatsApp has it")
        if (happens := self._whatsapp.at_next_send) is not None:
            self._whatsapp.at_next_send = None
            self._world.plan(self._world.random.uniform(0, 0.3), happens)
        if self._world.chance(self._whatsapp.deadly):
            self._world.plan(self._world.random.uniform(0, 0.3), self._machine.kill)
        if self._world.chance(self._whatsapp.trouble):
            return self._fail(number)
        slow = self._world.chance(self._whatsapp.slow)
        self._wait(self._world.random.choice((5.0, 30.0, 75.0)) if slow else 0.15)
        self._whatsapp.arrive(number)
        self._life.pass_by("after WhatsApp has it")
        message_id = f"3EB0{number:06d}"
        if self._world.chance(0.3):
            self._receipt(message_id)
        self._world.note(Answered(self._world.now, number, sent=True, certain=True, permanent=False))
        return Sent(message_id)

    def _fail(self, number: int) -> Sent:
        certain, permanent, arrives = self._world.random.choice(
            (
                (True, False, False),
                (True, False, False),
                (True, True, False),
                (False, False, False),
                (False, True, True),
            )
        )
        self._wait(self._world.random.choice((0.1, 2.0, 75.0)))
        if arrives:
            self._whatsapp.arrive(number)
        self._life.pass_by("after a failure")
        self._world.note(Answered(self._world.now, number, sent=False, certain=certain, permanent=permanent))
        raise SendFailed("WhatsApp did not take it.", permanent=permanent, certain=certain)

    def _wait(self, seconds: float) -> None:
        self._world.wait(seconds)
        self._life.pass_by("during a send")

    def _receipt(self, message_id: str) -> None:
        kind = self._world.random.choice((ReceiptKind.DELIVERED, ReceiptKind.READ))
        self._ears.receipt(Receipt(message_ids=(message_id,), kind=kind, at=self._world.now))


class NotingWriter(Writer):
    """A Writer whose decisions go into the history, before and after the storage took them."""

    def __init__(self, world: World, bucket: Bucket, writer: str, boot: str, clock: PartyClock) -> None:
        super().__init__(bucket, writer, boot, clock)
        self._world = world

    def append(self, name: str, now: datetime, **records: Any) -> Operation:
        for each in (*records.get("messages", ()), *_made_of(records.get("series", ()), now)):
            self._world.note(Written(self._world.now, each))
        operation = super().append(name, now, **records)
        for each in operation.messages:
            self._world.note(Acknowledged(self._world.now, each.id, each.version))
        return operation


def _made_of(all_series: Iterable[Series], now: datetime) -> Iterable[Message]:
    """What these contents of series ask for, as any host makes it."""
    return materialise({each.id: each for each in all_series}, {}, now).messages.values()


class Process:
    """Whether one process lives. `fragile`: how likely it dies wherever it can."""

    def __init__(self, world: World, name: str) -> None:
        self._world, self._name = world, name
        self.dead = False
        self.fragile = 0.0

    def pass_by(self, where: str) -> None:
        if self.dead:
            raise Crash
        if self._world.chance(self.fragile):
            self._world.say(f"{self._name} dies {where}")
            self.dead = True
            raise Crash


class Steps:
    """One of a host's threads as an actor."""

    def __init__(self, machine: "Machine", stepper: Stepper, waits: Callable[[], bool]) -> None:
        self._machine, self._stepper, self._waits = machine, stepper, waits
        self._at: datetime | None = machine.clock.now()
        self.busy = False

    def due(self) -> datetime | None:
        if self.busy or self._waits():
            return None
        if self._stepper.woken:
            return self._machine.world.now
        return None if self._at is None else self._machine.clock.true(self._at)

    def act(self) -> None:
        self.busy = True
        try:
            self._machine.life.pass_by(f"before a step of the {self._stepper.name}")
            self._at = self._stepper.once()
            if self._stepper.trouble:
                raise AssertionError(f"the {self._stepper.name} broke: {self._stepper.trouble}")
            self._machine.life.pass_by(f"after a step of the {self._stepper.name}")
        except Crash:
            self._machine.bury()
        finally:
            self.busy = False
        self._machine.note_leading()


class Machine:
    """A VPS: a clock, a data folder, and a session host that may be started, killed and stopped in good order."""

    def __init__(
        self,
        world: World,
        name: str,
        storage: Storage,
        whatsapp: WhatsApp,
        folder: Path,
        make: HostClass,
        pace: PaceSettings = OFF,
        offset: float = 0.0,
    ) -> None:
        """`offset`: what its clock is wrong by from the beginning."""
        self.world, self.name, self.folder = world, name, folder
        self.clock = PartyClock(world, offset)
        self.storage, self.whatsapp, self._make, self._pace = storage, whatsapp, make, pace
        self.everybody: list[Machine] = [self]
        self.host: SimulatedHost | None = None
        self.link_state = Link.CONNECTED
        self.fragile = 0.0
        self.away = False
        self.gone = False
        self.boot()

    def boot(self) -> None:
        """Start the session host, unless it runs or the machine is gone."""
        if self.host is not None or self.gone:
            return
        self.life = Process(self.world, self.name)
        self.bucket = PartyBucket(self.storage, self.clock, self.life)
        self.bucket.away = self.away
        self.link = FaultyLink(self.whatsapp, self)
        self.link.state = self.link_state
        self.host = host = self._make(
            HostSettings(data_dir=self.folder), self.bucket, self.link, self.clock, self._pace
        )
        boot = f"{self.world.random.getrandbits(128):032x}"
        host.writer = NotingWriter(self.world, self.bucket, "host", boot, self.clock)
        host.ledger.recover(self.clock.now())
        host.ledger.listen(lambda row: self.life.pass_by(f"after a commit on {row.id}"))
        self.life.fragile = self.fragile
        self._steps = [
            Steps(self, each, (lambda: host.pulse_is_held) if each.name == "pulse" else lambda: False)
            for each in host.threads
            if each.name != "capture"  # nothing comes in here
            if each.name not in ("uploads", "names")  # there are only texts, and nobody is in an address book
        ]
        self.world.actors.extend(self._steps)
        self.world.say(f"{self.name} starts as {host.pulse.host}")

    def kill(self) -> None:
        """kill -9, whatever it is doing."""
        if self.host is not None:
            self.world.say(f"{self.name} is killed")
            self.life.dead = True
            self.bury()

    def bury(self) -> None:
        """What is left when the process is dead: its folder."""
        if self.host is None or not self.life.dead:
            return
        host, self.host = self.host, None
        self._end(host)
        self.world.plan(self.world.random.choice((1.0, 5.0, 60.0)), self.boot)

    def stop(self) -> None:
        """In good order, where no step is in hand."""
        if self.host is None or any(each.busy for each in self._steps):
            return
        host = self.host
        self.world.say(f"{self.name} stops in good order")
        try:
            host.sender.finish(self.clock.now())
            if host.folder.finish(self.clock.now()):
                host.pulse.finish(self.clock.now())
        except Crash:
            self.life.dead = True
            self.bury()
            return
        self.host, self.life.dead = None, True
        self._end(host)

    def _end(self, host: SimulatedHost) -> None:
        for each in self._steps:
            self.world.actors.remove(each)
        host.let_go()

    def handover(self, handover: Handover) -> HandoverAnswer:
        """As over the network: raises HostUnreachable where nobody answers, or the process dies within."""
        return self.ask(lambda host: host.handover(handover, self.clock.now()))

    def ask(self, request: Callable[[Host], T]) -> T:
        """One request to the host on this machine."""
        if self.host is None:
            raise HostUnreachable("Nobody answers.")
        try:
            return request(self.host)
        except Crash:
            self.bury()
            raise HostUnreachable("The answer broke off.") from None

    def note_leading(self) -> None:
        """Who leads now goes into the history where it may matter."""
        if len(self.everybody) > 1:
            leads = tuple(each.name for each in self.everybody if each.can_begin())
            if leads != self.world.leading or len(leads) > 1:
                self.world.leading = leads
                self.world.note(Leading(self.world.now, leads))

    def can_begin(self) -> bool:
        """Whether nothing but a message's own second keeps this host from beginning it."""
        return self.host is not None and self.host.decides(self.clock.now()) is None

    def has_begun(self, message_id: str) -> bool:
        """Whether its ledger has begun or ended that message."""
        row = self.host.ledger.get(message_id) if self.host is not None else None
        return row is not None and not row.delivery.state.open

    def take_over(self) -> None:
        """A person says `wa takeover` about the host that this one names."""
        if self.host is not None and not self.host.pulse_is_held and (other := self.host.pulse.other):
            self.world.say(f"{self.name} takes over from {other.host}, as told")
            try:
                self.ask(lambda host: host.take_over(other.host, self.clock.now()))
            except (HostUnreachable, NothingToTakeOver, StoreError) as error:
                self.world.say(f"that did not work: {error}")

    def set_clock(self, offset: float) -> None:
        """The clock jumps."""
        self.world.say(f"{self.name}'s clock is now wrong by {offset:+.0f} s")
        self.clock.set(offset)
        if self.host is not None:
            for stepper in self.host.threads:
                stepper.wake()

    def set_away(self, away: bool) -> None:
        """Only this machine loses the storage, or finds it again."""
        self.world.say(f"{self.name} {'loses' if away else 'reaches'} the storage")
        self.away = self.bucket.away = away

    def set_link(self, state: Link) -> None:
        """WhatsApp comes or goes."""
        self.world.say(f"{self.name}'s link is {state}")
        self.link_state = state
        if self.host is not None:
            self.link.set(state)

    def set_fragile(self, chance: float) -> None:
        """How likely it dies at each place where it can."""
        self.fragile = self.life.fragile = chance

    def snapshot(self, to: Path) -> None:
        """What the provider of the VPS does: a copy of the disk as it is."""
        to.mkdir(exist_ok=True)
        if self.host is not None:
            with closing(sqlite3.connect(to / "ledger.db")) as copy:
                self.host.database._connection.backup(copy)

    def restore(self, snapshot: Path) -> None:
        """The machine as it was then; not running."""
        shutil.rmtree(self.folder)
        shutil.copytree(snapshot, self.folder)


class Network:
    """The way to a session host: requests and replies get lost or take their time."""

    def __init__(self, world: World, machine: Machine) -> None:
        self._world = world
        self.machines = [machine]
        self.trouble = 0.0

    def handover(self, handover: Handover) -> HandoverAnswer:
        """Raises HostUnreachable."""
        self._lose("The request was lost.")
        answer = self._world.random.choice(self.machines).handover(handover)
        self._lose("The reply was lost.")
        return answer

    def health(self) -> dict[str, Any]:
        return {}

    def link(self) -> dict[str, Any]:
        return {}

    def pair(self, phone: str | None = None) -> dict[str, Any]:
        return {}

    def logout(self) -> dict[str, Any]:
        return {}

    def _lose(self, sentence: str) -> None:
        if self._world.chance(self.trouble):
            self._world.wait(self._world.random.choice((0.5, 3.0, 10.0)))
        if self._world.chance(self.trouble):
            raise HostUnreachable(sentence)


class DirectTelling(Telling):
    """Tells the host on the page's own thread."""

    def __init__(self, network: Network, clock: PartyClock) -> None:
        self._network, self._clock = network, clock

    def tell(self, written: Iterable[Message]) -> Told:
        now = self._clock.now()
        items = tuple(item_of(each) for each in due(written, now, WEB_HORIZON))
        try:
            return Told(True, self._network.handover(Handover(by="web", now=now, items=items)).items)
        except (HostUnreachable, LedgerError):
            return Told(False)


class Page:
    """The web page and the person before it."""

    def __init__(self, world: World, storage: Storage, network: Network, folder: Path, name: str) -> None:
        self._world, self._name, self._storage, self._network, self._folder = world, name, storage, network, folder
        self.clock = PartyClock(world)
        self.fragile = 0.0
        self.shown: dict[str, Message] = {}
        self.shown_series: dict[str, Series] = {}
        self._busy = False
        self._start()

    def _start(self) -> None:
        self._life = Process(self._world, self._name)
        self.bucket = PartyBucket(self._storage, self.clock, self._life)
        self._view = ForeseeingView(self.bucket)
        boot = f"{self._world.random.getrandbits(128):032x}"
        writer = NotingWriter(self._world, self.bucket, self._name, boot, self.clock)
        telling = DirectTelling(self._network, self.clock)
        state = LocalState(self._folder)
        self._scheduling = Scheduling(writer, self._view, telling, state, self.clock)
        self._series = SeriesBook(writer, self._view, telling, state, self.clock)

    def schedule(self, id_: str, draft: Draft) -> None:
        """A person fills in the form, and clicks again where that failed."""
        self._do(lambda: self._scheduling.schedule(draft, id_))

    def change(self, id_: str, draft: Draft) -> None:
        """A person changes the message from what the page last showed."""
        seen = self.shown.get(id_)
        if seen is not None:
            self._do(lambda: self._scheduling.change(id_, seen.version, draft))

    def cancel(self, id_: str) -> None:
        """A person cancels it."""
        if id_ in self.shown:
            self._do(lambda: self._scheduling.cancel(id_))

    def settle(self, id_: str, settled: Settled) -> None:
        """A person says what became of one that ended badly."""
        if id_ in self.shown:
            self._do(lambda: self._scheduling.settle(id_, settled))

    def repeat(self, id_: str, draft: Draft, rule: Rule) -> None:
        """A person fills in the form for a series."""
        self._do(lambda: self._series.begin(draft, rule, id_))

    def change_series(self, id_: str, draft: Draft, rule: Rule) -> None:
        """A person changes the series from what the page last showed."""
        seen = self.shown_series.get(id_)
        if seen is not None:
            self._do(lambda: self._series.change(id_, seen.version, draft, rule))

    def set_state(self, id_: str, state: SeriesState) -> None:
        """A person pauses, resumes or ends it."""
        if id_ in self.shown_series:
            self._do(lambda: self._series.set_state(id_, state))

    def look(self) -> None:
        """The page is shown."""
        self._do(self._look)

    def read(self) -> dict[str, Message]:
        """Every record as the page has it. Raises StoreError."""
        return dict(self._view.read(self.clock.now()).messages)

    def _look(self) -> None:
        seen = self._view.read(self.clock.now())
        self.shown_series = dict(seen.series)
        for id_, message in seen.messages.items():
            if self.shown.get(id_) != message:
                self.shown[id_] = message
                self._world.note(Shown(self._world.now, message))

    def _do(self, what: Callable[[], Any]) -> None:
        if self._busy:
            self._world.plan(1.0, lambda: self._do(what))
            return
        self._busy = True
        self._life.fragile = self.fragile
        try:
            what()
        except (StoreError, KeyError, Changed, SeriesChanged, TooLate):
            return
        except Crash:
            self._start()
        finally:
            self._busy = False


def overdue(messages: Iterable[Message], since: datetime) -> set[str]:
    """What is neither begun nor held, and should have been."""
    return {
        each.id
        for each in messages
        if each.open and not each.cancelled and not each.delivery.held_reason
        and max(each.send_at, each.delivery.held_until or each.send_at) < since
    }  # fmt: skip


class Program:
    """An integration that uses the send API of whatever machine answers."""

    def __init__(self, world: World, network: Network) -> None:
        self._world, self._network = world, network

    def schedule(self, new: NewMessage) -> None:
        """POST, with its id as the key."""
        body = new.model_dump_json().encode()
        self._ask(lambda orders, now: orders.schedule(new, body, None, "program", now))

    def change(self, id_: str, text: str) -> None:
        """PATCH."""

        def change(orders: Orders, now: datetime) -> Message:
            known = orders.find(id_)
            return orders.change(id_, MessageChange(revision=known.revision, text=text), now)

        self._ask(change)

    def cancel(self, id_: str) -> None:
        """DELETE."""
        self._ask(lambda orders, now: orders.cancel(id_, now))

    def _ask(self, request: Callable[[Orders, datetime], Message]) -> None:
        machine = self._world.random.choice(self._network.machines)
        try:
            answer = machine.ask(lambda host: request(Orders(host), machine.clock.now()))
        except (HostUnreachable, Refusal, StoreError, LedgerError):
            return
        self._world.note(Shown(self._world.now, answer))


class Cron:
    """The function of the cloud: each run may be another instance, late, doubled or overlapping."""

    def __init__(self, world: World, storage: Storage, network: Network, folder: Path) -> None:
        self._world, self._storage, self._network, self._folder = world, storage, network, folder
        self.clock = PartyClock(world)
        self.trouble = self.fragile = 0.0
        self.overdue: Callable[[], set[str]] = set
        self._warm: list[ticking.Tick] = []

    def minute(self) -> None:
        """Run, or not, or later, or twice; and again in a minute."""
        self._world.plan(60.0, self.minute)
        if self._world.chance(self.trouble / 2):
            return
        self._world.plan(self._world.random.uniform(0, 45) if self._world.chance(self.trouble) else 0.5, self.run)
        if self._world.chance(self.trouble):
            self._world.plan(self._world.random.choice((0.5, 1.0, 20.0)), self.run)

    def run(self) -> None:
        """One run; what fails raises in the cloud, and is an alarm there."""
        instance = self._warm.pop() if self._warm else self._instance()
        late, quiet = self.overdue(), True
        try:
            instance.run(self.clock.now())
        except ticking.TickFailed as failed:
            quiet = False
            if failed.report is not None:
                self._warm.append(instance)
        except (LedgerError, Crash):
            return
        else:
            self._warm.append(instance)
        self._world.note(Ticked(self._world.now, quiet, tuple(sorted(late & self.overdue() if late else late))))

    def _instance(self) -> ticking.Tick:
        life = Process(self._world, "tick")
        life.fragile = self.fragile
        bucket = PartyBucket(self._storage, self.clock, life)
        with (
            patch.object(ticking, "open_bucket", lambda _, hurried: bucket),
            patch.object(ticking, "Incidents", partial(Incidents, folder=self._folder)),
            patch.object(ticking, "HostClient", lambda _: self._network),
        ):
            return ticking.Tick({"STORAGE_MODE": "local", "HOST_URL": "http://127.0.0.1:3002"})


def memory_folder() -> Path | None:
    """Where files cost no disk, if there is such a place."""
    memory = Path("/dev/shm")
    return memory if memory.is_dir() and os.access(memory, os.W_OK) else None
