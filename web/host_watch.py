"""What the page knows of the session host: asked in the background, shown at once, never waited for for long."""

import threading
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as TooSlow
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import structlog
from pydantic import TypeAdapter, ValidationError

from shared.clock import Clock
from shared.host_client import HostError
from shared.model.link import LinkStatus
from shared.model.values import Instant
from web import told
from web.telling import Host

FRESH = timedelta(seconds=1)
"""How old a reading may be before it is asked for again."""

STALE = timedelta(seconds=10)
"""How old a reading may be before a page waits a moment for a newer one."""

GLANCE_SECONDS, PATIENCE_SECONDS = 0.15, 1.0
"""How long the pages wait for a newer reading: with a recent one at hand, and without. Counted from when it was asked
for, so that a host that hangs costs this once, however often one page or many look."""

log = structlog.get_logger(__name__)
_INSTANT: TypeAdapter[datetime] = TypeAdapter(Instant)


class Other(NamedTuple):
    """Another session host that is in the way of ours, and when it was last heard of."""

    host: str
    last_pulse: datetime | None


class Reading(NamedTuple):
    """What the host last said of itself; `problem` is a sentence where it did not answer.

    `standing` is one where it may send nothing, because of `other` or for another reason; `silence` one where it has
    not heard the tick for too long; `problems` are what a person should see to, in sentences.
    """

    at: datetime
    link: LinkStatus | None = None
    last_tick: datetime | None = None
    last_fold: datetime | None = None
    standing: str | None = None
    other: Other | None = None
    problem: str | None = None
    silence: str | None = None
    problems: tuple[str, ...] = ()
    captured: str = ""
    """Changes when a message was captured."""


class HostWatch:
    """One reading for all threads of this process, asked for only while somebody looks."""

    def __init__(self, host: Host, clock: Clock) -> None:
        self._host, self._clock = host, clock
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="host-watch")
        self._lock = threading.Lock()
        self._asking: Future[Reading] | None = None
        self._asked = 0.0
        self._reading: Reading | None = None

    def reading(self) -> Reading | None:
        """The newest reading, at most about ten seconds old; None while the host has never answered nor refused."""
        now = self._clock.now()
        with self._lock:
            if self._reading and now - self._reading.at < FRESH:
                return self._reading
            if self._asking is None:
                self._asked = self._clock.monotonic()
                self._asking = self._thread.submit(self._ask)
            asking, asked, known = self._asking, self._asked, self._reading
        recent = known if known and now - known.at < STALE else None
        patience = GLANCE_SECONDS if recent else PATIENCE_SECONDS
        try:
            return asking.result(timeout=max(0.0, asked + patience - self._clock.monotonic()))
        except TooSlow:
            return recent

    def forget(self) -> None:
        """Ask again at the next look: something was just changed there."""
        with self._lock:
            self._reading = None

    def _ask(self) -> Reading:
        """One reading, as old as its answer: a host that hangs is asked for longer than a reading counts."""
        try:
            health = self._host.health()
            reading = read_health(health, self._clock.now())
        except HostError as error:
            reading = Reading(self._clock.now(), problem=told.of(error))
        finally:
            with self._lock:
                self._asking = None
        with self._lock:
            self._reading = reading
        return reading


def read_health(health: dict[str, Any], now: datetime) -> Reading:
    """What the page shows of a health document; what is missing or not understood stays unknown."""
    try:
        link = told.link(LinkStatus.model_validate(health["link"])) if "link" in health else None
    except ValidationError:
        log.warning("health not understood", field="link")
        link = None
    standing = health.get("standing")
    return Reading(
        now,
        link,
        _instant(health, "lastTick"),
        _instant(health, "lastFold"),
        standing=standing if isinstance(standing, str) and standing else None,
        other=_other(health.get("other")),
        silence=_silence(health),
        problems=_problems(health.get("problems")),
        captured=_captured(health.get("capture")),
    )


def _other(said: Any) -> Other | None:
    if not isinstance(said, dict) or not isinstance(said.get("host"), str):
        return None
    return Other(said["host"], _instant(said, "lastPulse"))


def _silence(health: dict[str, Any]) -> str | None:
    checks, watch = health.get("checks"), health.get("watch")
    if not isinstance(checks, dict) or not isinstance(watch, dict) or checks.get("scheduler_activity") is not False:
        return None
    return str(watch.get("tick") or "") or None


def _problems(said: Any) -> tuple[str, ...]:
    return tuple(each for each in said if isinstance(each, str)) if isinstance(said, list) else ()


def _captured(said: Any) -> str:
    return f"{said.get('count')}-{said.get('last')}-{said.get('gapCount')}" if isinstance(said, dict) else ""


def _instant(health: dict[str, Any], name: str) -> datetime | None:
    if not health.get(name):
        return None
    try:
        return _INSTANT.validate_python(health[name])
    except ValidationError:
        log.warning("health not understood", field=name)
        return None
