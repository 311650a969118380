"""The host's heartbeat in the bucket, and with it the right to send: one living host for each account, never two.

A host that finds another's pulse waits until that one has stood still, or has said that it has left, or a person has
said that it is gone (`wa takeover`); then it takes the place, and leads only once the other must have noticed. The
storage has no compare-and-swap, so each wait here is longer than what it waits for: docs/decisions/0024.
"""

import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import NamedTuple

import structlog

from session_host.identity import Identity, IdentityStore
from session_host.place import AGAIN, EACH, FRESH, PROMPT, STANDS_STILL, TAKEN_OVER, Doubt, Standing, Watched
from shared.clock import SYSTEM, Clock
from shared.model.link import LinkStatus
from shared.model.values import print_instant
from shared.store import pulse as pulses
from shared.store.bucket import Bucket
from shared.store.errors import StoreError, Unreachable, Unreadable
from shared.store.pulse import HostPulse

log = structlog.get_logger(__name__)


class Told(NamedTuple):
    """What the pulse tells of this host besides its count."""

    link: LinkStatus
    last_fold: datetime | None
    last_tick: datetime | None


class OwnPulse(HostPulse):
    """Our pulse. `left`: we leave in good order, send nothing any more, and a successor need not wait."""

    left: bool = False


class NothingToTakeOver(Exception):
    """There is no such host in the way of this one; the message says what there is."""


_STARTING = Standing(False, "The session host is starting and has not yet read the pulse in the storage.")
_LEADS = Standing(True, None)


class Pulse:
    """One thread calls `step`, then `finish`; the rest is for any thread."""

    def __init__(
        self,
        bucket: Bucket,
        identity: IdentityStore,
        told: Callable[[], Told],
        on_lead: Callable[[], None],
        clock: Clock = SYSTEM,
    ) -> None:
        """`on_lead` is called when this host may act, having come to lead or back from a long silence."""
        self._bucket = bucket
        self._store = identity
        self._told = told
        self._on_lead = on_lead
        self._clock = clock
        self._lock = threading.Lock()
        self._never = threading.Event()
        self._identity = identity.started()
        self._standing = _STARTING
        self._watched: Watched | None = None
        self._doubt: Doubt | None = None
        self._holds = False  # we write our pulse
        self._rooted = False  # it was found in the storage since we hold the place
        self._displaced = False  # another host's pulse was found since we last held the place
        self._vacant = False  # we take a place that nobody holds
        self._taken_from: str | None = None
        self._landed: int | None = None
        self._looked_at = self._put_at = 0.0  # monotonic seconds
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
        return watched.pulse if watched and not self._holds else None

    def acts(self, now: datetime) -> bool:
        """Whether this host may decide, fold and send now: it leads, and nobody can think that it is gone."""
        return self._standing.leads and self.fresh_gate(now) is None

    def standing_gate(self, _: datetime) -> str | None:
        """Closed while this host does not lead."""
        return self._standing.reason

    def fresh_gate(self, now: datetime) -> str | None:
        """Closed while another host may think that we are gone: for two minutes no pulse of ours has arrived."""
        if self.last_put is not None and timedelta(0) <= now - self.last_put < FRESH and self._silent() < FRESH:
            return None
        sentence = "The storage has not taken this host's pulse for two minutes, so messages wait."
        return f"{sentence} {self.trouble or ''}".strip()

    def step(self, now: datetime) -> datetime:
        """Look at the pulse that is there, and write ours where we hold the place; when to step again."""
        with self._lock:
            acted = self.acts(now)
            try:
                self._look_and_beat(now)
                self.trouble = None
            except StoreError as error:
                self.trouble = str(error)
                log.warning("pulse failed", reason=self.trouble)
            acts = self.acts(now)
        if acts and not acted:
            log.info("leading", host=self.host, epoch=self._identity.epoch)
            self._on_lead()
        return now + self._pause(now)

    def announce(self, now: datetime) -> str | None:
        """Beat before messages begin, so that a ledger restored from before this can be told.

        Why nothing may begin, in words: it could not be written, or another host's pulse was found.
        """
        self.step(now)
        return self.trouble or self._standing.reason

    def take_over(self, other: str, now: datetime) -> None:
        """Hold this other host's place, because a person says so, and lead once it has certainly stopped.

        Its pulse must be the one in the storage; should it beat once more meanwhile, it is taken over from once more.
        Raises NothingToTakeOver, StoreError.
        """
        with self._lock:
            found = self._read(now)
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
        """Say that this host has left, so that a successor need not wait: all it has begun is in the storage."""
        with self._lock:
            try:
                if self._standing.leads:
                    self._look(now)
                if self._standing.leads and self._holds:
                    # Should this never arrive, or late: our next start must not trust what it finds then.
                    self._identity = self._store.takes_place(self._identity.epoch)
                    self._beat(now, left=True)
            except StoreError as error:
                log.warning("pulse failed", reason=str(error))
            self._standing, self._holds = Standing(False, "The session host is stopping."), False

    def _look_and_beat(self, now: datetime) -> None:
        self._look(now)
        if not self._holds:
            return
        self._beat(now)
        if self._vacant and self._clock.monotonic() - self._looked_at < PROMPT.total_seconds():
            self._doubt = Doubt(PROMPT, now)
            self._clock.wait(self._never, PROMPT.total_seconds())
            self._look(now + PROMPT)

    def _look(self, now: datetime) -> None:
        self._vacant, self._looked_at = False, self._clock.monotonic()
        found = self._read(now)
        ours = found is not None and self._is_ours(found)
        if found is None or (found.model_extra or {}).get("left") is True:
            self._occupy(found, now)
        elif ours:
            self._keep(found, now)
        else:
            self._watch(found, now)

    def _read(self, now: datetime) -> HostPulse | None:
        try:
            return pulses.read_host(self._bucket)
        except Unreadable as error:
            if self.fresh_gate(now) is None:
                raise  # it was ours a moment ago and may be cut short: there is time to look again
            log.warning("pulse is unreadable", reason=str(error))
            return pulses.NOBODY

    def _is_ours(self, found: HostPulse) -> bool:
        """Written by this ledger, now or earlier; a count ahead of ours means that the ledger is an old copy."""
        mine = self._identity
        if found.host != mine.id:
            return False
        if (found.epoch, found.counter) <= mine.place:
            return True
        self._identity, self._landed = self._store.renewed(), None
        log.warning("ledger is behind the storage", was=mine.id, now=self._identity.id)
        return False

    def _occupy(self, found: HostPulse | None, now: datetime) -> None:
        """Nobody holds the place. Others may find the same just now: whose pulse is there a little later leads."""
        mine = self._identity
        another = self._displaced or (found is not None and found.host != mine.id)
        epoch = max(mine.epoch, found.epoch if found else 0, 0 if another else 1)
        self._hold(epoch + 1 if another else epoch, now)
        self._vacant = True

    def _keep(self, found: HostPulse, now: datetime) -> None:
        """Our pulse is there: we lead, unless somebody else may have held the place meanwhile."""
        mine = self._identity
        if self._doubt is None and (not mine.sure or self._displaced or self._was_away(found, now)):
            self._hold(max(mine.epoch, found.epoch) + 1, now)
        elif self._doubt is not None and self._doubt.wait == PROMPT and (found.epoch, found.counter) != mine.place:
            self._doubt = Doubt()  # an older pulse of ours has landed late, and may have hidden another's
        self._holds, self._rooted, self._displaced = True, True, False
        self._watched = self._taken_from = None
        if self._doubt is not None:
            self._doubt = self._doubt.looked(now)
            if not self._doubt.over(now):
                self._standing = self._doubt.standing(now)
                return
            self._identity, self._doubt = self._store.is_sure(), None
        self._standing = _LEADS

    def _was_away(self, found: HostPulse, now: datetime) -> bool:
        """For so long that another may have come to lead, whose pulse one of ours that landed late has hidden."""
        if self.last_put is None or self._landed is None or found.counter <= self._landed:
            return False
        return not timedelta(0) <= now - self.last_put < TAKEN_OVER - EACH or self._silent() >= TAKEN_OVER - EACH

    def _watch(self, found: HostPulse, now: datetime) -> None:
        """Another's pulse is there. One of an earlier epoch has only crossed ours: its host must notice, we wait."""
        earlier = self._rooted and found.epoch < self._identity.epoch
        if found.host == self._taken_from or earlier:
            log.warning("taking over again" if earlier else "taking over as told", other=found.host)
            self._hold(max(self._identity.epoch, found.epoch) + 1, now)
            return
        if self._standing.leads:
            log.error("another host is alive", other=found.host, at=print_instant(found.at))
        self._holds = self._rooted = False
        self._doubt, self._displaced = None, self._displaced or found is not pulses.NOBODY
        if self._watched is None or self._watched.pulse != found:
            self._watched = Watched(found, now)
        self._watched = watched = self._watched.looked(now)
        if watched.stood_still(now):
            log.warning("taking over", other=found.host, last_pulse=print_instant(found.at))
            self._hold(max(self._identity.epoch, found.epoch) + 1, now)
            return
        minutes = max(1, round((STANDS_STILL - (now - watched.since)).total_seconds() / 60))
        self._standing = Standing(
            False,
            f"Another session host, {found.host}, gave its last pulse at {print_instant(found.at)}, and two must not "
            f"send for one account: stop it if it runs. This one leads once that pulse has stood still for ten "
            f"minutes ({minutes} to go), or sooner if you know that it is gone: ./wa takeover.",
        )

    def _hold(self, epoch: int, now: datetime) -> None:
        """The pulse is ours from now on; the lead only once nobody else can think that it is theirs."""
        if epoch != self._identity.epoch or self._identity.sure:
            self._identity = self._store.takes_place(epoch)
        self._holds, self._rooted, self._doubt = True, False, Doubt()
        self._standing = self._doubt.standing(now)

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
        )
        pulses.write_host(self._bucket, pulse)
        self.last_put, self._put_at = now, self._looked_at
        if self._silent() < FRESH:  # else it may have hidden another's, see _was_away
            self._landed = pulse.counter

    def _silent(self) -> timedelta:
        """How long ago our last pulse was, by a clock that nobody can set."""
        return timedelta(seconds=self._clock.monotonic() - self._put_at)

    def _pause(self, now: datetime) -> timedelta:
        """Until the next step: soon where something failed or our pulse was not found yet, else as the wait says."""
        if self.trouble or (self._doubt is not None and self._doubt.since is None):
            return AGAIN
        if self._doubt is None or self._doubt.since is None:
            return EACH
        return min(EACH, max(AGAIN, self._doubt.since + self._doubt.wait - now))
