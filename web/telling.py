"""Telling the session host after each write. The log has everything already, so no answer here loses anything."""

from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as TooSlow
from datetime import datetime, timedelta
from typing import Any, NamedTuple, Protocol

import structlog

from shared.clock import Clock
from shared.host_client import File, HostError
from shared.model.access import ApiTokens, MadeToken, NewToken
from shared.model.due import due
from shared.model.message import Message
from shared.model.owner_settings import PaceStanding
from shared.model.pace import Forecast
from shared.model.wire import MAX_BATCH, Group, Handover, HandoverAnswer, ItemAnswer, item_of

PATIENCE_SECONDS = 1.0
"""How long a page waits for the host's answer; the handover itself goes on behind it."""

log = structlog.get_logger(__name__)


class Host(Protocol):
    """What this page asks of the session host; HostClient is the real one. Each call raises HostError and no other."""

    def handover(self, handover: Handover) -> HandoverAnswer:
        """Hand over what is due soon, or nothing: the host folds at once."""

    def health(self) -> dict[str, Any]:
        """Its health document."""

    def pace(self, to: str, at: datetime | None = None, message_id: str = "") -> Forecast:
        """When a message to this address at this time would begin, and why not at it."""

    def pace_settings(self) -> PaceStanding:
        """The pace that holds, and what the host's environment says."""

    def groups(self) -> tuple[Group, ...]:
        """The groups this account is in."""

    def chats(self, *, before: str = "", limit: int = 50) -> dict[str, Any]:
        """Chats that were captured, the newest first."""

    def chat(
        self, chat_id: str, *, before: str = "", after: str = "", around: str = "", limit: int = 50
    ) -> dict[str, Any]:
        """What was captured of one chat, the newest first."""

    def search(self, words: str, *, chat_id: str = "", before: str = "", limit: int = 50) -> dict[str, Any]:
        """Captured messages that hold every word, the newest first."""

    def media(self, media_id: str) -> File:
        """A file's bytes."""

    def link(self) -> dict[str, Any]:
        """The WhatsApp connection, with the QR code while pairing."""

    def pair(self, phone: str | None = None) -> dict[str, Any]:
        """Begin pairing again: by QR code, or by a code that is typed into the phone of this number."""

    def logout(self) -> dict[str, Any]:
        """Unlink the account."""

    def tokens(self) -> ApiTokens:
        """The tokens of its API, without their secrets."""

    def make_token(self, new: NewToken) -> MadeToken:
        """A new token, with its secret this once."""

    def revoke_token(self, name: str) -> None:
        """End a token."""


class Told(NamedTuple):
    """What the host said about the records it was told of; `answered` is False while it has not said anything."""

    answered: bool
    items: tuple[ItemAnswer, ...] = ()


class Telling:
    """Hands over what is due within the horizon, in the background where the host is slow."""

    def __init__(self, host: Host, clock: Clock, horizon: timedelta) -> None:
        self._host, self._clock, self._horizon = host, clock, horizon
        self._threads = ThreadPoolExecutor(max_workers=4, thread_name_prefix="telling")

    def tell(self, written: Iterable[Message]) -> Told:
        """Say that something was written, and hand over what of it is due soon; waits a moment for the answer."""
        now = self._clock.now()
        items = tuple(item_of(each) for each in due(written, now, self._horizon)[:MAX_BATCH])
        answer: Future[HandoverAnswer] = self._threads.submit(
            self._host.handover, Handover(by="web", now=now, items=items)
        )
        answer.add_done_callback(_log)
        try:
            return Told(True, answer.result(timeout=PATIENCE_SECONDS).items)
        except (TooSlow, HostError):
            return Told(False)


def _log(answer: "Future[HandoverAnswer]") -> None:
    error = answer.exception()
    if error is None:
        items = len(answer.result().items)
        log.info("handed over" if items else "told", items=items)
    elif isinstance(error, HostError):
        log.warning("handover not answered", reason=str(error))
    else:
        log.error("handover broke", error=repr(error))
