"""Asking the session host what the account's pace would do with a message; a host that is away is no error here."""

from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as TooSlow
from datetime import datetime
from typing import TypeVar

import structlog

from shared.host_client import HostError
from shared.model.owner_settings import PaceStanding
from shared.model.pace import Forecast
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


def in_words(forecast: Forecast | None, zone: str) -> str:
    """What the host has answered, in a sentence or two for the person who is writing the message."""
    if forecast is None:
        return texts.PACE_UNKNOWN
    stranger = f" {texts.PACE_STRANGER}" if forecast.stranger else ""
    if forecast.reason is None:
        return f"{texts.PACE_AT_ONCE}{stranger}"
    when = dates.stamp(forecast.begins_at, zone)
    return f"{texts.PACE_WAITS.format(when=when, reason=forecast.reason)}{stranger}"
