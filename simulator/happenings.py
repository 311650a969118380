"""The numbered list of what has happened, for whoever waits for it through the control port; kept in memory."""

import asyncio
from collections import deque

from simulator.clock import utc_now
from simulator.models import Happening

_KEPT = 20_000


class Happenings:
    """Adds on the event loop's thread; waiters wake at once."""

    def __init__(self) -> None:
        self._kept: deque[Happening] = deque(maxlen=_KEPT)
        self._last = 0
        self._waiters: set[asyncio.Future[None]] = set()

    def add(self, kind: str, account: str | None = None, /, **detail: str | int | bool | None) -> None:
        """Notes that something happened just now."""
        self._last += 1
        self._kept.append(Happening(number=self._last, at=utc_now(), kind=kind, account=account, detail=detail))
        for waiter in self._waiters:
            if not waiter.done():
                waiter.set_result(None)
        self._waiters.clear()

    @property
    def last(self) -> int:
        """The number of the newest happening; 0 before the first."""
        return self._last

    def after(self, number: int) -> list[Happening]:
        """Everything newer than this number that is still kept, oldest first."""
        newer = self._last - number
        return list(self._kept)[-newer:] if newer > 0 else []

    async def wait(self, number: int, seconds: float) -> list[Happening]:
        """As after, but waits up to so many seconds for the first one."""
        if self._last <= number:
            waiter = asyncio.get_running_loop().create_future()
            self._waiters.add(waiter)
            try:
                await asyncio.wait_for(waiter, seconds)
            except TimeoutError:
                self._waiters.discard(waiter)
        return self.after(number)
