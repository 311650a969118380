"""The host's heartbeat in the bucket, and with it the right to send: one living host for each account, never two.

A host that finds another's pulse waits until that one has stood still for ten minutes, or has said that it has left,
or a person has said that it is gone (`wa takeover`). Only one who holds the pulse may lead.
"""

import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import NamedTuple

import structlog

from session_host.identity import Identity, IdentityStore
from shared.model.link import LinkStatus
from shared.model.values import Instant, print_instant
from shared.store import pulse as pulses
from shared.store.bucket import Bucket
from shared.store.errors import StoreError, Unreachable, Unreadable
from shared.store.pulse import HostPulse

log = structlog.get_logger(__name__)

EACH = timedelta(seconds=30)
AGAIN = timedelta(seconds=5)
"""How soon it is tried again when the storage did not answer."""

FRESH = timedelta(minutes=2)
"""Messages begin only while our own last pulse is younger than this."""

TAKEN_OVER = FRESH + EACH
"""So long after a takeover nothing is decided: by then a host that obeys these rules has seen it, or has stopped."""

STANDS_STILL = timedelta(minutes=10)
LOOKS = 20
"""How often another's pulse must be seen unchanged, so that a jump of the clock cannot shorten the wait."""


class Standing(NamedTuple):
    """Whether this host may decide and send; `reason` is the sentence where it may not."""

    leads: bool
    reason: str | None


class Told(NamedTuple):
    """What the pulse tells of this host besides its count."""

    link: LinkStatus
    last_fold: datetime | None
    last_tick: datetime | None


class OwnPulse(HostPulse):
    """Our pulse. `left`: we leave in good order, send nothing any more, and a successor need not wait.

    `taken_over`: since when we hold another host's place, while that one may not have noticed yet.
    """

    left: bool = False
    taken_over: Instant | None = None


class NothingToTakeOver(Exception):
    """There is no such host in the way of this one; the message says what there is."""


class _Watched(NamedTuple):
    pulse: HostPulse
    since: datetime
    looks: int


_STARTING = Standing(False, "The session host is starting and has not yet read the pulse in the storage.")


class Pulse:
    """One thread calls `step`, then `finish`; the rest is for any thread."""

    def __init__(
        self, bucket: Bucket, identity: IdentityStore, told: Callable[[], Told], on_lead: Callable[[], None]
    ) -> None:
        """`on_lead` is called when this host has come to lead."""
        self._bucket = bucket
        self._store = identity
        self._told = told
        self._on_lead = on_lead
        self._lock = threading.Lock()
        self._identity = identity.started()
        self._standing = _STARTING
        self._watched: _Watched | None = None
        self._holds = False
        self._taken_from: str | None = None
        self._taken_over: datetime | None = None
        self.last_put: datetime | None = None
        self.trouble: str | None = None

    @property
    def host(self) -> str:
        """This host's id."""
        return self._identity.id

    @property
    def identity(self) -> Identity:
        """This host's id, epoch and count."""
        return self._identity

    @property
    def standing(self) -> Standing:
        """Whether this host leads its account."""
        return self._standing

    @property
    def unread(self) -> bool:
        """Whether this host has just started and has not looked at the pulse yet."""
        return self._standing is _STARTING and self.trouble is None

    @property
    def other(self) -> HostPulse | None:
        """The last pulse of the host in whose way this one must not get; None where there is none."""
        watched = self._watched
        return watched.pulse if watched else None

    def leads(self) -> bool:
        """Whether this host may decide and send."""
        return self._standing.leads

    def standing_gate(self, _: datetime) -> str | None:
        """Closed while this host does not lead."""
        return self._standing.reason

    def fresh_gate(self, now: datetime) -> str | None:
        """Closed while another host may think that we are gone: for two minutes no pulse of ours has arrived."""
        if self.last_put is not None and timedelta(0) <= now - self.last_put < FRESH:
            return None
        sentence = "The storage has not taken this host's pulse for two minutes, so messages wait."
        return f"{sentence} {self.trouble or ''}".strip()

    def step(self, now: datetime) -> datetime:
        """Look at the pulse that is there, and write ours where we lead; when to step again."""
        with self._lock:
            led = self._standing.leads
            try:
                self._look(now)
                if self._holds:
                    self._beat(now)
                self.trouble = None
            except StoreError as error:
                self.trouble = str(error)
                log.warning("pulse failed", reason=self.trouble)
            leads = self._standing.leads
        if leads and not led:
            log.info("leading", host=self.host, epoch=self._identity.epoch)
            self._on_lead()
        if self.trouble:
            return now + AGAIN
        return now + EACH if self._taken_over is None else min(now + EACH, self._taken_over + TAKEN_OVER)

    def take_over(self, other: str, now: datetime) -> None:
        """Hold this other host's place, because a person says so, and lead once it has certainly stopped.

        Its pulse must be the one in the storage; should it beat once more meanwhile, it is taken over from once more.
        Raises NothingToTakeOver, StoreError.
        """
        with self._lock:
            found = self._read()
            if found is None or found.host == self._identity.id:
                raise NothingToTakeOver("No other session host is in the way of this one.")
            if found.host != other:
                raise NothingToTakeOver(
                    f"The last pulse is by {found.host}, not by {other}: look again, then decide about that one."
                )
            self._taken_from = other
        self.step(now)
        if self.trouble:
            raise Unreachable(f"The takeover is not in the storage yet; it is tried again. {self.trouble}")

    def finish(self, now: datetime) -> None:
        """Say that this host has left, so that a successor need not wait."""
        with self._lock:
            if not self._standing.leads:
                return
            self._standing, self._holds = Standing(False, "The session host is stopping."), False
            try:
                self._beat(now, left=True)
            except StoreError as error:
                log.warning("pulse failed", reason=str(error))

    def _look(self, now: datetime) -> None:
        found = self._read()
        if found is None:
            self._hold_place(max(self._identity.epoch, 1), now)
        elif self._is_ours(found):
            self._taken_from = None
            self._taken_over = self._taken_over or OwnPulse.model_validate(found.model_dump(by_alias=True)).taken_over
            self._hold_place(max(self._identity.epoch, found.epoch, 1), now)
        else:
            if self._standing.leads:
                log.error("another host is alive", other=found.host, at=print_instant(found.at))
            self._watch(found, now)

    def _read(self) -> HostPulse | None:
        try:
            return pulses.read_host(self._bucket)
        except Unreadable as error:
            log.warning("pulse is unreadable", reason=str(error))
            return pulses.NOBODY

    def _is_ours(self, found: HostPulse) -> bool:
        """Written by this ledger, now or earlier; a count ahead of ours means that the ledger is an old copy."""
        mine = self._identity
        if found.host != mine.id:
            return False
        if (found.epoch, found.counter) <= mine.place:
            return True
        self._identity = self._store.renewed()
        log.warning("ledger is behind the storage", was=mine.id, now=self._identity.id)
        return False

    def _watch(self, found: HostPulse, now: datetime) -> None:
        if found.host == self._taken_from:
            log.warning("taking over as told", other=found.host, last_pulse=print_instant(found.at))
            self._taken_over = now
            self._hold_place(found.epoch + 1, now)
            return
        self._holds = False
        watched = self._watched
        if watched is None or watched.pulse != found:
            watched = _Watched(found, now, 0)
        self._watched = watched = watched._replace(looks=watched.looks + 1)
        stood = now - watched.since
        if (found.model_extra or {}).get("left") is True or (stood >= STANDS_STILL and watched.looks > LOOKS):
            log.warning("taking over", other=found.host, last_pulse=print_instant(found.at))
            self._hold_place(found.epoch + 1, now)
            return
        minutes = max(1, round((STANDS_STILL - stood).total_seconds() / 60))
        self._standing = Standing(
            False,
            f"Another session host, {found.host}, gave its last pulse at {print_instant(found.at)}, and two must not "
            f"send for one account: stop it if it runs. This one takes over once that pulse has stood still for ten "
            f"minutes ({minutes} to go), or at once if you know that it is gone: ./wa takeover.",
        )

    def _hold_place(self, epoch: int, now: datetime) -> None:
        """The pulse is ours from now on, and so is the lead, unless somebody else may not have noticed yet."""
        if epoch != self._identity.epoch:
            self._identity = self._store.leads_since(epoch)
        self._holds, self._watched = True, None
        since = self._taken_over
        if since is None or not timedelta(0) <= now - since < TAKEN_OVER:
            self._taken_over, self._standing = None, Standing(True, None)
            return
        until = print_instant((since + TAKEN_OVER).replace(microsecond=0))
        self._standing = Standing(
            False,
            f"This session host has taken over from another, which may not have noticed yet: messages wait until "
            f"{until}, when that one has certainly stopped.",
        )

    def _beat(self, now: datetime, *, left: bool = False) -> None:
        self._identity = self._store.beat()
        told = self._told()
        pulse = OwnPulse(
            host=self._identity.id,
            epoch=self._identity.epoch,
            counter=self._identity.counter,
            at=now,
            link=told.link,
            last_fold=told.last_fold,
            last_tick=told.last_tick,
            left=left,
            taken_over=self._taken_over,
        )
        pulses.write_host(self._bucket, pulse)
        self.last_put = now
