"""Asking the session host what the account's pace would do with a message; a host that is away is no error here."""

from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as TooSlow
from datetime import datetime, timedelta
from typing import TypeVar

import structlog

from shared.host_client import HostError
from shared.model.owner_settings import PaceStanding
from shared.model.pace import DAY, HOUR, Forecast, PaceSettings
from web import dates, texts
from web.telling import Host

PATIENCE_SECONDS = 1.0
"""How long a page waits for the answer; without it, the page says that it does not know."""

T = TypeVar("T")

log = structlog.get_logger(__name__)


class Asking:
    """Asks in the background, so that a page never waits for long. Any thread may call."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._threads = ThreadPoolExecutor(max_workers=2, thread_name_prefix="asking")

    def pace(self, to: str, at: datetime, message_id: str = "") -> Forecast | None:
        """When a message to this address at this time would begin; None where the host does not say.

        `message_id`: the message asked about, where it is scheduled already and must not stand in its own way.
        """
        return self._wait(self._threads.submit(self._host.pace, to, at, message_id))

    def pace_settings(self) -> PaceStanding | None:
        """The pace that holds; None where the host does not say."""
        return self._wait(self._threads.submit(self._host.pace_settings))

    def queue(self, count: int) -> str | None:
        """How so many messages for one time leave, in a sentence; empty where at once, None where it is not known."""
        if count < 2:
            return ""
        standing = self.pace_settings()
        return None if standing is None else queue_in_words(standing.holds, count)

    @staticmethod
    def _wait(answer: "Future[T]") -> T | None:
        try:
            return answer.result(timeout=PATIENCE_SECONDS)
        except TooSlow:
            answer.cancel()
            return None
        except HostError as error:
            log.info("pace not known", reason=str(error))
            return None


def queue_in_words(pace: PaceSettings, count: int) -> str:
    """How so many messages for one time leave; empty where nothing keeps them apart."""
    each = timedelta(seconds=pace.gap_seconds + pace.jitter_seconds / 2)
    later = _last_of(pace, count, each)
    if not pace.on or not later:
        return ""
    gap = texts.SEVERAL_GAP.format(gap=pace.gap_seconds, most=pace.gap_seconds + pace.jitter_seconds)
    return texts.SEVERAL_PACE.format(
        gap=gap if pace.jitter_seconds else f"{pace.gap_seconds:g}",
        hourly=pace.hourly,
        daily=pace.daily,
        count=count,
        later=_about(later),
    )


def _last_of(pace: PaceSettings, count: int, each: timedelta) -> timedelta:
    """How long after the first the last leaves: a full hour, and a full day, is waited for."""
    hour = max(HOUR, pace.hourly * each)
    full, rest = divmod(pace.daily, pace.hourly)
    day = max(DAY, full * hour + rest * each)
    days, left = divmod(count - 1, pace.daily)
    hours, left = divmod(left, pace.hourly)
    return days * day + hours * hour + left * each


def _about(span: timedelta) -> str:
    minutes = round(span.total_seconds() / 60)
    if minutes < 1:
        return dates.SECONDS.format(count=span.total_seconds())
    return dates.MINUTES.format(count=minutes) if minutes < 90 else dates.HOURS.format(hours=round(minutes / 60))


def in_words(forecast: Forecast | None, zone: str) -> str:
    """What the host has answered, in a sentence or two for the person who is writing the message."""
    if forecast is None:
        return texts.PACE_UNKNOWN
    stranger = f" {texts.PACE_STRANGER}" if forecast.stranger else ""
    if forecast.reason is None:
        return f"{texts.PACE_AT_ONCE}{stranger}"
    when = dates.stamp(forecast.begins_at, zone)
    return f"{texts.PACE_WAITS.format(when=when, reason=forecast.reason)}{stranger}"
