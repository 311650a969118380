"""An answer of the session host that is kept for a while: asked for in the background, waited for only a moment."""

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as TooSlow
from datetime import datetime, timedelta
from typing import Generic, TypeVar

import structlog

from shared.clock import Clock
from shared.host_client import HostError

PATIENCE_SECONDS = 1.0
"""How long a page waits for the first answer; without it, the page does without."""

A = TypeVar("A")
log = structlog.get_logger(__name__)


class KeptAnswer(Generic[A]):
    """The newest answer to one question, `nothing` while there is none. Any thread may call."""

    def __init__(
        self,
        what: str,
        ask: Callable[[], A],
        nothing: A,
        clock: Clock,
        *,
        kept: timedelta = timedelta(minutes=10),
        again: timedelta = timedelta(minutes=1),
    ) -> None:
        """`ask` may raise HostError: the old answer stays, and it is asked `again` after so long."""
        self._what, self._ask_host, self._clock = what, ask, clock
        self._kept, self._again = kept, again
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix=what)
        self._lock = threading.Lock()
        self._known, self._has_answer = nothing, False
        self._until: datetime | None = None
        self._asking: Future[None] | None = None

    def known(self) -> A:
        """At most `kept` old where the host answers; waits a moment for the first answer."""
        with self._lock:
            if self._until is not None and self._clock.now() < self._until:
                return self._known
            if self._asking is None:
                self._asking = self._thread.submit(self._ask)
            asking, known, has_answer = self._asking, self._known, self._has_answer
        try:
            asking.result(timeout=0 if has_answer else PATIENCE_SECONDS)
        except TooSlow:
            return known
        with self._lock:
            return self._known

    def _ask(self) -> None:
        known, has_answer, kept = self._known, self._has_answer, self._again
        try:
            known, has_answer, kept = self._ask_host(), True, self._kept
        except HostError as error:
            log.info("not known", what=self._what, reason=str(error))
        finally:
            with self._lock:
                self._known, self._has_answer = known, has_answer
                self._until, self._asking = self._clock.now() + kept, None
