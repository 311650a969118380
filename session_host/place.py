"""What a host waits for before it leads, as values: the storage has no compare-and-swap, so only time makes sure.

Each wait is longer than what it waits for, and counts looks besides: a jump of the clock cannot shorten it.
"""

from datetime import datetime, timedelta
from typing import NamedTuple

from shared.model.values import print_instant
from shared.store.pulse import HostPulse

EACH = timedelta(seconds=30)
AGAIN = timedelta(seconds=5)
"""How soon it is tried again when the storage did not answer."""

FRESH = timedelta(minutes=2)
"""Messages begin, and folds are made, only while our own last pulse is younger than this."""

TAKEN_OVER = FRESH + EACH + timedelta(minutes=1)
"""So long after a takeover nothing is decided: by then a host that obeys these rules has seen it, or has stopped two
minutes after its last pulse; the last minute is for two clocks that are each wrong by half a minute."""

STANDS_STILL = timedelta(minutes=10)
"""What a lost host costs: its pulse stands still for so long that, with TAKEN_OVER, it makes ten minutes."""

STILL = STANDS_STILL - TAKEN_OVER
LOOKS = 13
"""How often another's pulse must be seen unchanged, so that a jump of the clock cannot shorten the wait."""

LOOKS_TAKEN_OVER = 6
"""The same for the wait after a takeover: how often our pulse must be found where we put it."""

PROMPT = timedelta(seconds=2)
"""On a place that nobody holds: within so long of looking our pulse must be there, and so long it must stay there."""


class Standing(NamedTuple):
    """Whether this host may decide and send; `reason` is the sentence where it may not."""

    leads: bool
    reason: str | None


class Watched(NamedTuple):
    """Another host's pulse, since when it stands still, and how often that was seen."""

    pulse: HostPulse
    since: datetime
    looks: int

    def stood_still(self, now: datetime) -> bool:
        """For so long that its host is lost, or has stopped."""
        return now - self.since >= STILL and self.looks > LOOKS


class Doubt(NamedTuple):
    """Our pulse has the place, but another host may not have noticed yet. since: when it was first found there."""

    wait: timedelta = TAKEN_OVER
    since: datetime | None = None
    looks: int = 0

    def looked(self, now: datetime) -> "Doubt":
        """Our pulse was found once more."""
        if self.since is None or now < self.since:  # a clock that was set back begins the wait anew
            return self._replace(since=now, looks=1)
        return self._replace(looks=self.looks + 1)

    def over(self, now: datetime) -> bool:
        """By now every other host has noticed, or has stopped."""
        enough = self.looks >= (LOOKS_TAKEN_OVER if self.wait == TAKEN_OVER else 1)
        return enough and self.since is not None and now - self.since >= self.wait

    def standing(self, now: datetime) -> Standing:
        """What is said meanwhile."""
        until = print_instant(((self.since or now) + self.wait).replace(microsecond=0))
        return Standing(
            False,
            f"This session host has taken over, and another may not have noticed yet: messages wait until {until}, "
            f"when that one has certainly stopped.",
        )
