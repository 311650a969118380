"""The session host as a whole: its parts, the threads around them, what starts and what stops them."""

import queue
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import structlog

from session_host import VERSION, handovers, health, own_sends
from session_host.backups import Backups, Child
from session_host.capture import Capture
from session_host.database import Database, LedgerError
from session_host.events import Events
from session_host.fence import Fence
from session_host.folder import Folder
from session_host.folder_lock import FolderLock
from session_host.gates import Skew, link_gate
from session_host.given_names import GivenNames
from session_host.hints import Hints
from session_host.identity import IdentityStore
from session_host.ledger import Ledger
from session_host.link import Arrival, Ears, Link, Receipt, Refused, Sent
from session_host.look import Look
from session_host.media import LeavingMedia
from session_host.owner_pace import OwnerPace
from session_host.pace import PaceBook
from session_host.pacer import Pacer, forecast
from session_host.problems import Problems
from session_host.pulse import Pulse, Told
from session_host.requests import Requests
from session_host.rules import Row
from session_host.schema import MIGRATIONS
from session_host.sender import Sender
from session_host.threads import Stepper
from session_host.tokens import Tokens
from session_host.undecryptable import Undecryptable
from session_host.uploads import Uploads
from session_host.wrote_first import WroteFirst
from shared.clock import Clock
from shared.model import due
from shared.model.address import Address
from shared.model.link import Link as LinkState
from shared.model.link import LinkStatus
from shared.model.message import Message
from shared.model.pace import OFF, Forecast, PaceSettings
from shared.model.wire import Handover, HandoverAnswer
from shared.settings import HostSettings
from shared.store.bucket import Bucket
from shared.store.fold import Fold
from shared.store.oplog import LogReader, Writer
from shared.store.owner_settings import SettingsStore
from shared.store.view import View

log = structlog.get_logger(__name__)

THREADS = 16
"""gunicorn's threads; those that wait for events hold at most half of them."""

LEDGER = "ledger.db"
OVERDUE = timedelta(minutes=2)
LAST_FOLD_SECONDS = 2.0


class Host:
    """One account's host over one data folder. Construct, `start`, and `stop` once."""

    def __init__(
        self, settings: HostSettings, bucket: Bucket, link: Link, clock: Clock, pace: PaceSettings = OFF
    ) -> None:
        """Waits up to 30 s for the folder's lock. Raises FolderInUse, LedgerError, OSError."""
        self.settings = settings
        self.clock = clock
        self.link = link
        self._lock = FolderLock(settings.data_dir, clock)
        self.database = Database(settings.data_dir / LEDGER, MIGRATIONS)
        self.ledger = Ledger(self.database)
        self.pace_book = PaceBook(self.database)
        self._pacer = Pacer(self.ledger, self.pace_book, pace, self.fold_soon)
        self.owner_pace = OwnerPace(SettingsStore(bucket), pace, self._pace_changed)
        self.requests = Requests(self.database)
        self.tokens = Tokens(settings.data_dir, clock)
        self.events = Events(THREADS // 2)
        self.writer = Writer(bucket, settings.name, clock=clock)
        self._view = View(bucket)
        self.skew = Skew(lambda: bucket.server_time_offset, clock.monotonic)
        self.pulse = Pulse(bucket, IdentityStore(self.database, settings.name), self._told, self._leads, clock)
        self.look = Look(
            LogReader(bucket),
            self.ledger,
            lambda: self.pulse.host,
            self.fold_soon,
            self.pulse.announce,
            clock.monotonic,
        )
        self._folds_as = self._caught_up_as = ("", 0)
        self.problems = Problems()
        self.media = LeavingMedia(bucket)
        self.folder = Folder(
            Fold(bucket), self.ledger, clock,
            leads=self._may_fold, host=lambda: self.pulse.host, problems=self.problems, on_stored=self._stored,
            clock_is_right=lambda now: self.skew.gate(now) is None,
        )  # fmt: skip
        self.undecryptable = Undecryptable(self.database)
        self.capture = Capture(
            settings.data_dir, link, clock,
            kept=timedelta(days=settings.capture_days), on_receipts=self._settle_by_receipts, on_arrival=self._arrival,
            on_journal=self._read_journal,
        )  # fmt: skip
        self.sender = Sender(
            self.ledger,
            link,
            self.look,
            self._pacer,
            standing=self._may_decide,
            gates=[link_gate(link)],
            storage_trouble=lambda: self.folder.trouble,
            on_change=self.fold_soon,
            on_sent=self._keep_own,
            load=self.media.load,
            wrote_first=WroteFirst(self.capture, self.undecryptable, link).ask,
        )
        self.uploads = Uploads(self.ledger, link, self.media.load, self._may_decide)
        self.fence = Fence(self.pulse, link)
        self._child = Child()
        self.backups = Backups(bucket, self._child, self._may_back_up, on=bool(settings.backup_recipient), clock=clock)
        self._sending = Stepper("sender", self.sender.step, clock, at_end=self._finish_sending)
        self._folding = Stepper("folder", self._fold, clock)
        self._beating = Stepper("pulse", self._beat, clock)
        self._fencing = Stepper("fence", self.fence.step, clock)
        self._uploading = Stepper("uploads", self.uploads.step, clock)
        self._backing_up = Stepper("backups", self.backups.step, clock)
        self.hints = Hints(self.ledger, link)
        self._late_receipts: queue.SimpleQueue[Receipt] = queue.SimpleQueue()
        self.on_stuck: Callable[[], None] = lambda: None
        self.started_at = clock.now()
        self.last_tick: datetime | None = None
        self._capturing = Stepper("capture", self.capture.work, clock)
        self.names = GivenNames(link, self.capture.store, clock)
        self._naming = Stepper("names", self.names.step, clock)
        self.ledger.listen(self._tell)
        heard, lost = self.capture.heard, self.capture.lost
        link.listen(Ears(self._receipt, self._link_changed, self._arrival, heard, lost))

    def start(self) -> None:
        """Settle what a crash left, begin to work; the link follows the lead. Raises LedgerError, Refused, OSError."""
        for id_ in self.ledger.recover(self.clock.now()):
            log.warning("found begun at start", id=id_)
        self.link.prepare()
        for stepper in self.threads:
            stepper.start()

    def begin_stop(self) -> None:
        """Take no more work and send the listeners home; returns at once, safe in a signal's handler."""
        for stepper in self.threads:
            stepper.stop()
        self.events.close()
        self._child.stop()

    def stop(self, seconds: float) -> None:
        """Finish the send in hand, write what became of it, disconnect, let go of the folder; in about that time."""
        self.begin_stop()
        deadline = self.clock.monotonic() + seconds

        def left() -> float:
            return max(0.0, deadline - self.clock.monotonic())

        if not self._sending.join(left() - LAST_FOLD_SECONDS - 1):
            log.warning("stopped inside a send")
        folded = self._folding.join(left() - 1) and left() > LAST_FOLD_SECONDS and self.folder.finish(self.clock.now())
        self.link.stop(min(left(), 2.0))
        self._naming.join(min(left(), 1.0))
        if self._capturing.join(left()):
            self.capture.close()
        if self._beating.join(left()) and folded:
            self.pulse.finish(self.clock.now())
        self.database.close()
        self._lock.release()

    def fold_soon(self) -> None:
        """Fold within a second."""
        self.folder.ask()
        self._folding.wake()

    def handover(self, handover: Handover, now: datetime) -> HandoverAnswer:
        """Take over what is due, one by one; a heartbeat also when there is nothing. Raises LedgerError.

        A host that does not lead answers too, and only takes note.
        """
        if handover.by == "tick":
            self.last_tick = now
            self.skew.tick_said(handover.now)
        messages, refused = handovers.read(handover.items)
        obeys = self.decides(now) is None
        answers = self.ledger.accept(messages, handover.by, self.pulse.host, now, obeys=obeys) if messages else []
        if handover.by == "web":
            self.owner_pace.ask()
        if messages or handover.by == "web":
            self.fold_soon()
        self.problems.handed_over((*answers, *refused), now)
        return HandoverAnswer(
            now=now,
            host=self.pulse.host,
            items=(*answers, *refused),
            problems=self.problems.unreadable(now),
            link=self.link.status(),
            last_fold=self.folder.last_fold,
            last_tick=self.last_tick,
            overdue=self.overdue(now),
            clock_wrong_by=self.skew.wrong_by(now),
        )

    def take_over(self, other: str, now: datetime) -> None:
        """Lead in place of this other host, as a person decided. Raises pulse.NothingToTakeOver, StoreError."""
        self.pulse.take_over(other, now)
        self._beating.wake()

    def connect(self) -> None:
        """Connect or pair now, as a person asks. Raises link.Refused, also while the link must stay off."""
        if reason := self.fence.closed(self.clock.now()):
            raise Refused(reason)
        self.link.start()

    def connect_by_code(self, phone: Address) -> None:
        """Have WhatsApp make a code to type into this phone. Raises link.Refused as `connect` does, link.NoCode."""
        if reason := self.fence.closed(self.clock.now()):
            raise Refused(reason)
        self.link.pair_by_code(phone)

    def overdue(self, now: datetime) -> int:
        """How many messages should have begun two ticks ago and are neither begun, ended nor held until later."""
        late = set(self.ledger.waiting(now - OVERDUE))
        unclaimed = (each.id for each in due.overdue(self.folder.messages.values(), now, OVERDUE))
        late.update(id_ for id_ in unclaimed if id_ not in late and self.ledger.get(id_) is None)
        return len(late)

    def unconfirmed(self, now: datetime) -> int:
        """How many messages were sent to people, yet no phone has confirmed them; one's own does not."""
        own = self.link.own_number()
        return sum(each.unconfirmed_delivery(now) and each.to != own for each in self.folder.messages.values())

    def find(self, message_id: str) -> Message | None:
        """One message as the ledger and the last fold know it."""
        row, folded = self.ledger.get(message_id), self.folder.messages.get(message_id)
        if row is None or folded is None:
            return row.message if row else folded
        content = folded if folded.order >= row.content.order else row.content
        return content.evolve(delivery=row.delivery.merged(folded.delivery))

    def find_stored(self, message_id: str, now: datetime) -> Message | None:
        """One message, read from the bucket where this host has not read all of it since it came to lead.

        So a ledger that is empty or an old copy does not take for new what was stored before. Raises StoreError.
        """
        found = self.find(message_id)
        if found is not None or self.decides(now) is None:
            return found
        return self._view.read(now).messages.get(message_id)

    def forecast(self, message: Message, now: datetime) -> Forecast:
        """When pace would let this message begin, given what left and what is scheduled in the day before it."""
        return forecast(self.owner_pace.holds, self.pace_book, self.folder.messages.values(), message, now)

    def health(self, now: datetime) -> health.Facts:
        """What /health says."""
        trouble = {
            "storage": self.folder.trouble,
            "pulse": self.pulse.trouble,
            "clock": self.skew.gate(now),
        }
        trouble |= {stepper.name: stepper.trouble for stepper in self.threads if stepper.trouble}
        return health.Facts(
            host=self.pulse.host,
            version=VERSION,
            started_at=self.started_at,
            leads=self.pulse.acts(now),
            standing=self.pulse.standing.reason,
            other=self.pulse.other,
            link=self.link.status(),
            last_tick=self.last_tick,
            last_fold=self.folder.last_fold,
            last_pulse=self.pulse.last_put,
            threads={stepper.name: stepper.alive for stepper in self.threads},
            trouble={name: sentence for name, sentence in trouble.items() if sentence},
            settings_trouble=self.owner_pace.trouble,
            unreadable=self.problems.unreadable(now),
            refused=self.problems.refused(now),
            happened=self.problems.happened(),
            counts=self.ledger.counts(),
            overdue=self.overdue(now),
            unconfirmed=self.unconfirmed(now),
            skew=self.skew.shown(now),
            backup=self.backups.facts,
            undecryptable=(unreadable := self.undecryptable.facts(now)),
            capture=self.capture.facts(now, unreadable.since),
        )

    @property
    def threads(self) -> tuple[Stepper, ...]:
        """What works in the background."""
        return (
            self._sending,
            self._folding,
            self._beating,
            self._fencing,
            self._uploading,
            self._backing_up,
            self._capturing,
            self._naming,
        )

    def _told(self) -> Told:
        return Told(self.link.status(), self.folder.last_fold, self.last_tick)

    def _beat(self, now: datetime) -> datetime:
        due = self.pulse.step(now)
        self._fencing.wake()
        return due

    def _may_back_up(self, now: datetime) -> bool:
        return self.fence.closed(now) is None and self.link.own_number() is not None

    def _may_fold(self) -> bool:
        """Asked at the start of each fold, which catches up for who leads then."""
        self._folds_as = self.pulse.identity[:2]
        return self.pulse.acts(self.clock.now())

    def decides(self, now: datetime) -> str | None:
        """Why this host may promise nothing now, None where it may: it leads, and has read what others did before it.

        A ledger that is an old copy, or that stood by while another host led, would begin again what was sent since.
        """
        if reason := self.pulse.standing_gate(now) or self.pulse.fresh_gate(now):
            return reason
        if self._caught_up_as != self.pulse.identity[:2]:
            return self.folder.trouble or "This session host has yet to read what was done before it came to lead."
        return None

    def _may_decide(self, now: datetime) -> str | None:
        """Closed also while the clock is wrong: it knows neither what is due nor what is too late."""
        return self.decides(now) or self.skew.gate(now)

    def _pace_changed(self, pace: PaceSettings) -> None:
        self._pacer.settings = pace
        self._sending.wake()

    def _leads(self) -> None:
        self.fold_soon()
        self._sending.wake()

    def _stored(self) -> None:
        self.pace_book.learn(self.folder.messages.values(), self.clock.now())
        if self.folder.decided:
            self._caught_up_as = self._folds_as
        self._sending.wake()
        self._uploading.wake()

    def _fold(self, now: datetime) -> datetime | None:
        while not self._late_receipts.empty():
            self.ledger.receipts([self._late_receipts.get()], now)
        self.hints.step(now)
        self.owner_pace.step(now)  # first, so that nothing leaves at another pace than the owner's
        return self.folder.step(now)

    def _finish_sending(self, now: datetime) -> None:
        self.sender.finish(now)

    def _tell(self, row: Row) -> None:
        self.events.publish("message", id=row.id, status=str(row.message.status), revision=row.content.revision)

    def _receipt(self, receipt: Receipt) -> None:
        """One that could not be kept in the journal."""
        try:
            self._settle_by_receipts([receipt])
        except LedgerError as error:
            log.warning("receipt waits", reason=str(error))
            self._late_receipts.put(receipt)

    def _keep_own(self, row: Row, sent: Sent) -> None:
        at = row.delivery.begun_at or self.clock.now()
        self.capture.heard(own_sends.NAME, own_sends.record(row.content, sent.message_id, at))

    def _read_journal(self) -> None:
        self._capturing.wake()

    def names_looked_at(self) -> None:
        """Somebody looks at names: those on the phone are read soon, where that was not just done."""
        self.names.asked()
        self._naming.wake()

    def _settle_by_receipts(self, receipts: Sequence[Receipt]) -> None:
        self.ledger.receipts(receipts, self.clock.now())
        self.fold_soon()

    def _arrival(self, arrival: Arrival) -> None:
        try:
            changed = self.undecryptable.arrived(arrival, self.clock.now())
        except LedgerError as error:
            log.warning("arrival not noted", reason=str(error))
            return
        if changed:
            log.info("message can be read now" if arrival.readable else "message cannot be read", id=arrival.message_id)

    def _link_changed(self, status: LinkStatus) -> None:
        self.events.publish("link", state=str(status.state), sentence=status.sentence)
        self.capture.link_changed(status)
        self.names.link_changed(status)
        self._naming.wake()
        if self.backups.link_changed(status):
            self._backing_up.wake()
        self._sending.wake()
        if status.state is LinkState.STUCK:
            log.error("link is stuck: this process ends, its supervisor starts another")
            self.on_stuck()
