"""How often what ends by itself is started again: at once the first time, ever later, and not for ever."""

from collections import deque

MOST = 10
WITHIN = 600.0
"""Ten ends within ten minutes: an eleventh start helps nobody, and who knocks each second gets an account banned."""

LONGEST = 60.0
"""Seconds; so ten restarts that each fail at once take less than WITHIN, and are too many."""


class Restarts:
    """The ends of one program; times are monotonic seconds."""

    def __init__(self, most: int = MOST, within: float = WITHIN) -> None:
        self._most, self._within = most, within
        self._ends: deque[float] = deque()

    def pause(self, now: float) -> float | None:
        """It has just ended: seconds to wait before it is started again, None where it has ended too often.

        >>> restarts = Restarts(most=4)
        >>> [restarts.pause(at) for at in (0.0, 5.0, 10.0, 15.0, 20.0)]
        [0.0, 1.0, 2.0, 4.0, None]
        >>> restarts.pause(1000.0)
        0.0
        """
        self._ends.append(now)
        while self._ends[0] < now - self._within:
            self._ends.popleft()
        ends = len(self._ends)
        if ends > self._most:
            return None
        return min(2.0 ** (ends - 2), LONGEST) if ends > 1 else 0.0
