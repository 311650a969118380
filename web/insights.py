"""What became of the messages of some days: how many left, how punctual, for whom, and why some did not leave. Pure."""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from shared.model.content import Act
from shared.model.lifecycle import State
from shared.model.message import Message
from shared.model.values import Instant
from web.agenda import Person, people

SPANS = (7, 30, 90)
"""How many days can be looked at."""
USUAL = 30
MOST_PEOPLE, MOST_REASONS = 8, 10

_STEPS = (
    (0.1, "up to 100 ms"),
    (1, "up to 1 s"),
    (10, "up to 10 s"),
    (60, "up to a minute"),
    (600, "up to 10 minutes"),
)
_LATER = "later"
_NOT_SENT = (State.FAILED, State.MISSED, State.UNKNOWN)
_WORDS = {State.FAILED: "Failed", State.MISSED: "Missed", State.UNKNOWN: "Not certain"}


class DayCount(NamedTuple):
    """How many left on a day of the owner's, and how many were given up."""

    day: date
    sent: int
    not_sent: int


class Rate(NamedTuple):
    """So many of so many."""

    part: int
    whole: int

    @property
    def percent(self) -> str:
        """Rounded down, so that only all of them are 100 %.

        >>> Rate(1999, 2000).percent, Rate(0, 0).percent
        ('99.9 %', '–')
        """
        return f"{math.floor(1000 * self.part / self.whole) / 10:g} %" if self.whole else "–"


class Punctuality(NamedTuple):
    """How late messages were begun. within_second: of those measured; p50, p95, worst: seconds, None where none was."""

    within_second: Rate
    p50: float | None
    p95: float | None
    worst: float | None
    steps: tuple[tuple[str, int], ...]


class Reason(NamedTuple):
    """Why messages were not sent, in the host's words, and how many."""

    state: str
    sentence: str
    messages: int


class Insights(NamedTuple):
    """What became of the messages of these days, the oldest day first."""

    days: tuple[DayCount, ...]
    sent: int
    not_sent: int
    punctuality: Punctuality
    delivered: Rate
    read: Rate
    people: tuple[Person, ...]
    reasons: tuple[Reason, ...]


def insights(messages: Iterable[Message], now: Instant, zone: str, span: int = USUAL) -> Insights:
    """The last `span` days, today included, of somebody who lives in `zone`."""
    place = ZoneInfo(zone)
    today = now.astimezone(place).date()
    first = today - timedelta(days=span - 1)
    since = datetime.combine(first, time(), place)
    ended = [(at, each) for each in messages if (at := _ended_at(each)) is not None and since <= at <= now]
    sent = [(at, each) for at, each in ended if each.delivery.state is State.SENT]
    not_sent = [(at, each) for at, each in ended if each.delivery.state is not State.SENT]
    left, given_up = (Counter(at.astimezone(place).date() for at, _ in some) for some in (sent, not_sent))
    days = (first + timedelta(days=number) for number in range(span))
    confirmable = [each for _, each in sent if _confirmable(each)]
    return Insights(
        days=tuple(DayCount(day, left[day], given_up[day]) for day in days),
        sent=len(sent),
        not_sent=len(not_sent),
        punctuality=punctuality([late for _, each in sent if (late := _lateness(each)) is not None]),
        delivered=Rate(sum(each.delivery.delivered_at is not None for each in confirmable), len(confirmable)),
        read=Rate(sum(each.delivery.read_at is not None for each in confirmable), len(confirmable)),
        people=people((each for _, each in sent), MOST_PEOPLE),
        reasons=_reasons([each for _, each in not_sent]),
    )


def punctuality(lateness: Iterable[float]) -> Punctuality:
    """How late these were, in seconds; what was begun a moment early counts as punctual."""
    late = sorted(max(0.0, each) for each in lateness)
    steps: Counter[str] = Counter(next((name for most, name in _STEPS if seconds <= most), _LATER) for seconds in late)
    names = [*(name for _, name in _STEPS), _LATER]
    return Punctuality(
        within_second=Rate(sum(seconds <= 1 for seconds in late), len(late)),
        p50=_percentile(late, 50),
        p95=_percentile(late, 95),
        worst=late[-1] if late else None,
        steps=tuple((name, steps[name]) for name in names),
    )


def _percentile(ordered: Sequence[float], percent: int) -> float | None:
    """The smallest value that so many percent do not exceed."""
    return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)] if ordered else None


def _ended_at(message: Message) -> Instant | None:
    half = message.delivery
    if half.state is State.SENT:
        return half.sent_at or half.settled_at or message.send_at
    return half.settled_at or message.send_at if half.state in _NOT_SENT else None


def _lateness(message: Message) -> float | None:
    """Seconds; None for what the old system sent, of which nobody knows when it was begun."""
    begun = message.delivery.begun_at
    return None if begun is None else (begun - message.send_at).total_seconds()


def _confirmable(message: Message) -> bool:
    """Its recipient's phone confirms it: no group's, no change of another message, none that the old system sent."""
    changes = message.about is not None and message.about.act is not Act.REPLY
    return message.delivery.message_id is not None and not changes and not message.to.endswith("@g.us")


def _reasons(messages: Iterable[Message]) -> tuple[Reason, ...]:
    counts = Counter((_WORDS[each.delivery.state], each.delivery.error or "") for each in messages)
    return tuple(Reason(state, sentence, count) for (state, sentence), count in counts.most_common(MOST_REASONS))
