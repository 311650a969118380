"""Capture: what WhatsApp sends us goes to the journal at once, and from there, by one worker, to where it is kept.

`heard` runs on the library's event thread (on the sender's for what this host sent itself) and only appends. `step`
reads the journal from where the last step ended: receipts and arrivals to the ledger, messages into captured.db, whose
transaction also moves the position: killed at any point, each event is read again or not, and counts once. Where
something may have been missed, that is a gap.
"""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import structlog

from session_host import capture_events, link_events, own_sends
from session_host.capture_events import NOTHING, Pair, Seen
from session_host.captured import Store
from session_host.database import LedgerError, instant, micros
from session_host.journal import Batch, Entry, Journal
from session_host.link import Arrival, KnowsChats, Link, Receipt
from shared.clock import Clock
from shared.model.address import Address
from shared.model.link import Link as LinkState
from shared.model.link import LinkStatus
from shared.model.sentence import said

log = structlog.get_logger(__name__)

BATCH = 500
QUIET = 0.02
"""Seconds without an event after which what came in is taken over: until then the library's thread has the turns."""
LONGEST_WAIT = 2.0
"""Seconds after which it is taken over although more is coming in."""
EACH = timedelta(seconds=30)
PRUNED_EACH = timedelta(hours=1)
ASKED_AT_ONCE = 20
SECOND = timedelta(seconds=1)
SETTLES = 10.0
"""Seconds after the link has come up in which WhatsApp may still hand over what came in while it was down..."""
SILENT_FOR = 2.0
"""...and it has ended once nothing came for so long; ..."""
SETTLES_AT_MOST = 60.0
"""...but no chat that never rests makes it last longer than this."""
_BEHIND = "What came in last is still being read: whether they wrote first is asked in a moment."
SILENT = timedelta(days=12)
"""How long nothing may come from our own phone: once it was offline for 14 days, WhatsApp unlinks this device."""

REASONS: Mapping[str, str] = {
    "killed": said("The session host was killed or lost its power: what had just come in may be lost."),
    "journal": said("What came in could not be written to the disk."),
    "damaged": said("The file of what came in was damaged."),
    "not-understood": said("An event that came in could not be read by this version."),
    "set-aside": said("The file of captured messages was damaged and set aside; a new one was begun."),
    "library": said("The WhatsApp library stopped handing over what came in."),
    "unlinked": said("This device was not linked: what comes in then never reaches it."),
    "replaced": said("Another program used this linked device, and got what came in."),
    "unreadable": said("Messages came in that cannot be decrypted, and their senders have not sent them again."),
}
"""Why something may have been missed, in words."""

_OUT_OF_REACH = {
    LinkState.UNLINKED: "unlinked",
    LinkState.LOGGED_OUT: "unlinked",
    LinkState.REPLACED: "replaced",
}


class Gap(NamedTuple):
    """A time in which something may have been missed; `until` None: it may still be."""

    since: datetime
    until: datetime | None
    reason: str


class CaptureFacts(NamedTuple):
    """messages: how many are kept. last: when the last one was received. trouble: why nothing can be kept now."""

    messages: int = 0
    last: datetime | None = None
    gaps: Sequence[Gap] = ()
    trouble: str | None = None


class Capture:
    """One account's. `heard`, `link_changed` and `lost` for the link's threads, `step` for one thread, `facts` for any.

    Raises LedgerError, OSError where its files cannot be opened.
    """

    def __init__(
        self,
        folder: Path,
        link: Link,
        clock: Clock,
        *,
        kept: timedelta,
        on_receipts: Callable[[Sequence[Receipt]], None],
        on_arrival: Callable[[Arrival], None],
        on_journal: Callable[[], None],
    ) -> None:
        """`kept`: how long a message stays.
        `on_receipts` and `on_arrival` are told on the worker's thread, at least once; LedgerError makes it try again.
        `on_journal`: there is something to read."""
        self._link, self._clock, self.kept = link, clock, kept
        self._on_receipts, self._on_arrival, self._on_journal = on_receipts, on_arrival, on_journal
        self.store = Store(folder, clock.now())
        self.journal = Journal(folder / "journal", clock)
        self.journal.skip_to(self.store.position().file)
        self._open = folder / "journal" / "open"
        self._up = False
        self._up_since: float | None = None
        self._state = LinkState.STARTING
        self._told = False  # there is something to read, and the worker knows
        self._told_at = self._heard_at = clock.monotonic()
        self._pruned_at: datetime | None = None
        self._asked_at: datetime | None = None
        self._note_what_was_left()

    def heard(self, name: str, data: bytes) -> bool:
        """An event, as it came; True once it survives the end of this process."""
        kept = self.journal.append(name, data)
        self._heard_at = self._clock.monotonic()
        if not self._told:
            self._told, self._told_at = True, self._heard_at
            self._on_journal()
        return kept

    def lost(self) -> None:
        """The library has ended the session with an error: what it took from WhatsApp meanwhile was not handed over."""
        self._gap("library", self._clock.now() - SECOND, None)

    def link_changed(self, status: LinkStatus) -> None:
        """The link is in another state."""
        now = self._clock.now()
        scanned = self._state is LinkState.PAIRING and status.state in (LinkState.CONNECTING, LinkState.CONNECTED)
        if status.sends is not self._up:
            self._up_since = self._clock.monotonic() if status.sends else None
        self._up, self._state = status.sends, status.state
        self._sign_of_life(now)
        try:
            if scanned:  # by the phone, which so was there
                self.store.keep("phone_seen_at", micros(now))
            if status.state is LinkState.CONNECTED:
                self.store.end_gaps(("unlinked", "replaced", "library"), now)
                if self.store.kept("connected_at") is None:
                    self.store.keep("connected_at", micros(now))
            elif (reason := _OUT_OF_REACH.get(status.state)) and self.store.kept("connected_at") is not None:
                self.store.gap(reason, now, None)
        except LedgerError as error:
            log.warning("gap not noted", reason=str(error))

    def work(self, now: datetime) -> datetime | None:
        """`step`, once nothing comes in for a moment, or not too long after something came in."""
        monotonic = self._clock.monotonic()
        if self._told and monotonic < min(self._heard_at + QUIET, self._told_at + LONGEST_WAIT):
            return now + timedelta(seconds=QUIET)
        return self.step(now)

    def step(self, now: datetime) -> datetime | None:
        """Take over what the journal holds; when to step again. Raises LedgerError, OSError."""
        self._told = False
        self._sign_of_life(now)
        if loss := self.journal.take_loss():
            self.store.gap("journal", *loss)
        batch = self.journal.read(self.store.position(), BATCH)
        if batch.damaged:
            self.store.gap("damaged", now, now)
        if batch.entries or batch.position != self.store.position():
            self._take(batch)
        if len(batch.entries) >= BATCH:
            return now
        self._ask_who_is_who(now)
        self._look_for_the_phone(now)
        if self._pruned_at is None or now - self._pruned_at > PRUNED_EACH:
            self._pruned_at = now
            if gone := self.store.forget_before(now - self.kept):
                log.info("captured messages forgotten", messages=gone, older_than_days=self.kept.days)
        return now + EACH

    def facts(self, now: datetime, unreadable_since: datetime | None = None) -> CaptureFacts:
        """What is told of it. `unreadable_since`: the time of the oldest message that could not be decrypted."""
        last = self.store.kept("captured_at")
        shown = now - self.kept
        gaps = [Gap(*each) for each in self.store.gaps() if each[1] is None or each[1] >= shown]
        if unreadable_since is not None and now - unreadable_since > timedelta(hours=1):
            gaps.insert(0, Gap(unreadable_since, None, "unreadable"))
        return CaptureFacts(
            self.store.count(), None if last is None else instant(last), tuple(gaps), self.journal.trouble
        )

    def began(self) -> datetime | None:
        """From when on what came in was written down: the first connection, or what is older; None: not yet."""
        known = [instant(each) for each in (self.store.kept("connected_at"), self.store.oldest()) if each is not None]
        return min(known, default=None)

    def behind(self) -> str | None:
        """Why what has come in so far may not be known yet, in a sentence; None where it is. Raises LedgerError,
        OSError."""
        if self.journal.trouble is not None:
            return self.journal.trouble
        up = self._up_since
        if up is None:
            return _BEHIND
        now = self._clock.monotonic()
        settling = now - up < SETTLES or (now - self._heard_at < SILENT_FOR and now - up < SETTLES_AT_MOST)
        if settling or self.journal.read(self.store.position(), 1).entries:
            return _BEHIND
        return None

    def since(self, now: datetime) -> datetime | None:
        """From when on what came in is kept: the first connection or the oldest message, as far as it goes back."""
        began = self.began()
        return None if began is None else max(began, now - self.kept)

    def close(self) -> None:
        """After the link has ended: what came in last is on the disk, and nothing was lost."""
        self._up = False
        self.journal.close()
        self._open.unlink(missing_ok=True)
        self.store.database.close()

    def _note_what_was_left(self) -> None:
        now, found = self._clock.now(), self.journal.found
        if self.store.set_aside:
            self.store.gap("set-aside", now - self.kept, now)
        if self._open.exists():
            alive = instant(int(self._open.stat().st_mtime * 1_000_000))
            since = max(alive, found.last) if found.last else alive
            self.store.gap("killed", min(since, now), now)
            self._open.unlink()

    def _sign_of_life(self, now: datetime) -> None:
        """A file that is there, with the time of now, while something may come in."""
        try:
            if self._up:
                self._open.touch(mode=0o600)
                os.utime(self._open, (now.timestamp(), now.timestamp()))
            else:
                self._open.unlink(missing_ok=True)
        except OSError as error:
            log.warning("no sign of life", reason=str(error))

    def _gap(self, reason: str, since: datetime, until: datetime | None) -> None:
        try:
            self.store.gap(reason, since, until)
        except LedgerError as error:
            log.warning("gap not noted", reason=str(error))

    def _take(self, batch: Batch) -> None:
        """The ledger first: what it was told twice it counts once, and what it was not told is read again."""
        self._not_understood: list[datetime] = []
        receipts: list[Receipt] = []
        for entry in batch.entries:
            if entry.name not in ("MessageEv", own_sends.NAME):
                receipts += self._told_ledger(entry)
        if receipts:
            self._on_receipts(receipts)
        last = batch.entries[-1].at if batch.entries else None
        taken = self.store.take(self._read(batch.entries), batch.position, last)
        self.journal.release(batch.position)
        if self._not_understood:
            self.store.gap("not-understood", self._not_understood[0], self._not_understood[-1])
        if taken.new:
            log.debug("captured", messages=taken.new, events=len(batch.entries))

    def _told_ledger(self, entry: Entry) -> Sequence[Receipt]:
        """The receipt in this entry, to be told with the others; an arrival is told at once."""
        try:
            event = self._link.parse(entry.name, entry.data)
            receipt = link_events.receipt(event) if entry.name == "ReceiptEv" else None
            arrival = link_events.arrival(event) if entry.name in link_events.ARRIVALS else None
        except Exception as error:  # noqa: BLE001  (whatever somebody sent, the next event must be read)
            self._skip(entry, error)
            return ()
        if arrival is not None:
            self._on_arrival(arrival)
        return () if receipt is None else (receipt,)

    def _read(self, entries: Sequence[Entry]) -> Iterator[Seen]:
        """One by one, between the statements of the transaction: the thread that WhatsApp waits for gets its turns."""
        for entry in entries:
            yield self._seen(entry)

    def _seen(self, entry: Entry) -> Seen:
        try:
            if entry.name == own_sends.NAME:
                return own_sends.seen(entry.data)
            event = self._link.parse(entry.name, entry.data)
            if entry.name == "MessageEv":
                if arrival := link_events.arrival(event):
                    self._on_arrival(arrival)
                return capture_events.of_message(event)
            return (
                capture_events.of_receipt(event)
                if entry.name == "ReceiptEv"
                else capture_events.of_undecryptable(event)
            )
        except LedgerError:
            raise
        except Exception as error:  # noqa: BLE001  (as above)
            self._skip(entry, error)
            return NOTHING

    def _skip(self, entry: Entry, error: Exception) -> None:
        self._not_understood.append(entry.at)
        log.error("event not understood", event_name=entry.name, error=type(error).__name__)

    def _look_for_the_phone(self, now: datetime) -> None:
        """When our own phone did something last is kept; where nobody has seen it yet, since when there is a link."""
        seen = self.store.kept("phone_seen_at") or self.store.kept("connected_at")
        silent = seen is not None and now - instant(seen) >= SILENT
        if self._up and silent is not (self._state is LinkState.PHONE_SILENT):
            self._link.phone_seen(instant(seen) if silent and seen is not None else None)

    def _ask_who_is_who(self, now: datetime) -> None:
        """The phone numbers of chats that are known by a hidden number only, where the library has met them since."""
        if not (self._up and isinstance(self._link, KnowsChats)):
            return
        if self._asked_at is not None and now - self._asked_at < EACH:
            return
        self._asked_at = now
        numbers = {
            hidden: self._link.number_of(Address.from_stored(hidden)) for hidden in self.store.hidden(ASKED_AT_ONCE)
        }
        found = [Pair(hidden, Address.from_stored(number).jid) for hidden, number in numbers.items() if number]
        if found:
            self.store.learn(found)
