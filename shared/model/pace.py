"""How fast one account may send: a gap, caps, a budget for strangers, quiet hours; values in, a verdict out.

A message alone at its second is never delayed. What waits says until when and why, and leaves in order.
"""

import hashlib
import math
from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from datetime import UTC, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from pydantic import Field

from shared.model.address import Address, BadAddress
from shared.model.message import Message
from shared.model.values import Instant, Told, Value

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)

CHOSEN = timedelta(minutes=15)
"""Quiet hours are for what is late: up to so much after its second a message leaves in the night somebody chose."""

_GROUP = "@g.us"


class PaceSettings(Value):
    """One account's pace. Caps and budget count over the last hour and the last 24 hours, whatever the clock says."""

    on: bool = True
    gap_seconds: float = Field(default=6, ge=0, le=600)
    jitter_seconds: float = Field(default=6, ge=0, le=600, description="the gap is longer by up to this, differently")
    hourly: int = Field(default=30, ge=1, le=100_000)
    daily: int = Field(default=150, ge=1, le=100_000)
    strangers_daily: int = Field(default=5, ge=1, le=100_000)
    strangers_pause_hours: float = Field(default=72, ge=1, le=24 * 60)
    quiet: tuple[time, time] | None = (time(22), time(8))
    zone: str = "Europe/London"
    own_zone: bool = Field(
        default=False, description="whether the quiet hours keep their zone, whatever the owner's is"
    )


OFF = PaceSettings(on=False)
"""For benches and tests: nothing is ever held."""


class History(NamedTuple):
    """What the account did. begun, cold: when messages, and first ones to strangers, were begun, in order, for at
    least a day. known: each `recipient` written to or heard from. locked_at: the last time WhatsApp refused a first
    message."""

    begun: Sequence[datetime] = ()
    cold: Sequence[datetime] = ()
    known: AbstractSet[str] = frozenset()
    locked_at: datetime | None = None

    def cold_to(self, to: str) -> bool:
        """Whether a message to this address (as stored in `to`) would be a first one to a stranger; a group is none."""
        key = recipient(to)
        return key not in self.known and not key.endswith(_GROUP)


def recipient(to: str) -> str:
    """Whom `to` of a record means, however it was written."""
    try:
        return str(Address.from_stored(to))
    except BadAddress:
        return to


class Go(Value):
    """It may be begun now."""


class Hold(Value):
    """Not before `until`, a whole second after now; `reason` is one sentence."""

    until: Instant
    reason: str


class Forecast(Told):
    """When a message is expected to be begun, why not at its second (None: it is), and whether to a stranger.

    quiet: the quiet hours in words, where its second lies in them; it leaves all the same.
    """

    begins_at: Instant
    reason: str | None = None
    stranger: bool = False
    quiet: str | None = None


def verdict(settings: PaceSettings, history: History, message: Message, now: datetime) -> Go | Hold:
    """Whether this message, whose second has come, may be begun now; a Hold ends at the first instant worth asking."""
    if not settings.on:
        return Go()
    cold = history.cold_to(message.to)
    holds = [
        _gap(settings, history, message, now),
        _cap(history.begun, settings.hourly, HOUR, now, "messages have left within an hour"),
        _cap(history.begun, settings.daily, DAY, now, "messages have left within 24 hours"),
        _locked(settings, history, now) if cold else None,
        _strangers(settings, history, now) if cold else None,
        _quiet(settings, message, now),
    ]
    found = [hold for hold in holds if hold is not None]
    return max(found, key=lambda hold: hold.until) if found else Go()


def plan(settings: PaceSettings, history: History, messages: Iterable[Message], now: datetime) -> list[Forecast]:
    """When each of these would be begun if nothing else came, in the order given: first come, first served.

    A stranger held as such stands aside, with what follows to the same person, and holds nobody up. What is not due
    yet is planned for its second.
    """
    begun, cold, known = list(history.begun), list(history.cold), set(history.known)
    line, side, aside = now, now, set[str]()
    planned = []
    for message in messages:
        whom = recipient(message.to)
        stranger = History(known=known).cold_to(whom)
        seen = History(begun, cold, frozenset() if stranger else {whom}, history.locked_at)
        at, reason = _soonest(settings, seen._replace(known={whom}), message, now, line)
        if whom in aside or isinstance(verdict(settings, seen, message, at), Hold):
            side, reason = _soonest(settings, seen, message, at, side)
            at = side
            aside.add(whom)
        else:
            line = at
        insort(begun, at)
        if stranger:
            insort(cold, at)
        known.add(whom)
        night = _morning(settings, max(now, message.send_at)) is not None
        quiet = f"{_in_words(settings)}, {settings.zone}" if night else None
        planned.append(Forecast(begins_at=at, reason=reason, stranger=stranger, quiet=quiet))
    return planned


def _soonest(
    settings: PaceSettings, seen: History, message: Message, now: datetime, after: datetime
) -> tuple[datetime, str | None]:
    """The first instant from its second on, and not before `after`, at which it may be begun; why not at once."""
    due = max(now, message.send_at)
    at, reason = max(due, after), _APART.format(gap=settings.gap_seconds) if after > due else None
    while isinstance(answer := verdict(settings, seen, message, at), Hold):
        at, reason = answer.until, answer.reason
    return at, reason


def gap_before(settings: PaceSettings, message: Message) -> timedelta:
    """The gap this message keeps to the one before it: its jitter is drawn from its id, so it stays what it is."""
    drawn = int.from_bytes(hashlib.sha256(message.id.encode()).digest()[:4]) / 2**32
    return timedelta(seconds=settings.gap_seconds + settings.jitter_seconds * drawn)


_APART = "Messages leave at least {gap:g} s apart, one after the other."


def _gap(settings: PaceSettings, history: History, message: Message, now: datetime) -> Hold | None:
    gap = gap_before(settings, message)
    near = history.begun[bisect_right(history.begun, now - gap) : bisect_left(history.begun, now + gap)]
    if not near:
        return None
    return _hold(near[-1] + gap, now, _APART.format(gap=settings.gap_seconds))


def _cap(times: Sequence[datetime], cap: int, window: timedelta, now: datetime, what: str) -> Hold | None:
    within = times[bisect_right(times, now - window) : bisect_right(times, now)]
    if len(within) < cap:
        return None
    return _hold(within[-cap] + window, now, f"{cap} {what}, which is the most this account sends.")


def _strangers(settings: PaceSettings, history: History, now: datetime) -> Hold | None:
    what = "first messages to new people have left within 24 hours"
    return _cap(history.cold, settings.strangers_daily, DAY, now, what)


def _locked(settings: PaceSettings, history: History, now: datetime) -> Hold | None:
    if history.locked_at is None:
        return None
    pause = timedelta(hours=settings.strangers_pause_hours)
    until = history.locked_at + pause
    if until <= now:
        return None
    hours = f"{settings.strangers_pause_hours:g} hours"
    return _hold(until, now, f"WhatsApp refused a first message to a new person: no new people for {hours}.")


def _quiet(settings: PaceSettings, message: Message, now: datetime) -> Hold | None:
    if now < message.send_at + CHOSEN:
        return None
    morning = _morning(settings, now)
    if morning is None:
        return None
    return _hold(morning, now, f"It is late for its time, and these are quiet hours ({_in_words(settings)}).")


def _morning(settings: PaceSettings, at: datetime) -> datetime | None:
    """When the quiet hours end that this instant lies in; None outside of them."""
    if settings.quiet is None or not settings.on:
        return None
    start, end = settings.quiet
    zone = ZoneInfo(settings.zone)
    local = at.astimezone(zone)
    clock = local.time()
    inside = start <= clock < end if start < end else clock >= start or clock < end
    if start == end or not inside:
        return None
    morning = datetime.combine(local.date() + timedelta(days=int(clock >= end)), end, zone).astimezone(UTC)
    return morning if morning > at else None  # the clocks go back over the end: the second time round it is morning


def _in_words(settings: PaceSettings) -> str:
    return "{:%H:%M} to {:%H:%M}".format(*settings.quiet) if settings.quiet else ""


def _hold(until: datetime, now: datetime, reason: str) -> Hold:
    """Until the next whole second, and always after now."""
    whole = datetime.fromtimestamp(math.ceil(until.timestamp()), UTC)
    return Hold(until=max(whole, now + timedelta(seconds=1)), reason=reason)
