"""What became of the messages of some days: how many left, how punctual, for whom, and why some did not leave. Pure."""

import math
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import NamedTuple

from shared.model.content import Act
from shared.model.lifecycle import State
from shared.model.message import Message
from shared.model.values import Instant
from web import dates, texts, told
from web.language import _
from web.listing import Listing, Person

SPANS = (7, 30, 90)
"""How many days can be looked at."""
USUAL = 30
MOST_PEOPLE, MOST_REASONS = 8, 10

_STEPS = (
    (0.1, _("up to 100 ms")),
    (1, _("up to 1 s")),
    (10, _("up to 10 s")),
    (60, _("up to a minute")),
    (600, _("up to 10 minutes")),
)
_LATER = _("later")
_NOT_SENT = (State.FAILED, State.MISSED, State.UNKNOWN)
_WORDS = {State.FAILED: texts.WORD_FAILED, State.MISSED: texts.WORD_MISSED, State.UNKNOWN: texts.WORD_NOT_CERTAIN}


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
    """What became of the messages of these days, the oldest day first. held: how many the pace kept back."""

    days: tuple[DayCount, ...]
    sent: int
    not_sent: int
    punctuality: Punctuality
    held: int
    delivered: Rate
    read: Rate
    people: tuple[Person, ...]
    reasons: tuple[Reason, ...]


def insights(messages: Iterable[Message], now: Instant, zone: str, span: int = USUAL) -> Insights:
    """The last `span` days, today included, of somebody who lives in `zone`."""
    first = dates.wall(now, zone).date() - timedelta(days=span - 1)
    starts = dates.day_starts(first, span, zone)
    left, given_up = [0] * span, [0] * span
    sent: list[Message] = []
    not_sent: list[Message] = []
    for message in messages:
        at = _ended_at(message)
        if at is None or not starts[0] <= at <= now:
            continue
        ended = message.delivery.state is State.SENT
        (left if ended else given_up)[bisect_right(starts, at) - 1] += 1
        (sent if ended else not_sent).append(message)
    halves = [each.delivery for each in sent if _confirmable(each)]
    return Insights(
        days=tuple(DayCount(first + timedelta(days=at), left[at], given_up[at]) for at in range(span)),
        sent=len(sent),
        not_sent=len(not_sent),
        punctuality=punctuality([late for each in sent if (late := _lateness(each)) is not None]),
        held=sum(_held_until(each) > each.send_at for each in sent),
        delivered=Rate(sum(half.delivered_at is not None for half in halves), len(halves)),
        read=Rate(sum(half.read_at is not None for half in halves), len(halves)),
        people=Listing(sent).most_written_to(MOST_PEOPLE),
        reasons=_reasons(not_sent),
    )


def punctuality(lateness: Iterable[float]) -> Punctuality:
    """How late these were, in seconds; what was begun a moment early counts as punctual."""
    late = sorted(max(0.0, each) for each in lateness)
    edges = [0, *(bisect_right(late, most) for most, _ in _STEPS), len(late)]
    names = [*(name for _, name in _STEPS), _LATER]
    return Punctuality(
        within_second=Rate(bisect_right(late, 1), len(late)),
        p50=_percentile(late, 50),
        p95=_percentile(late, 95),
        worst=late[-1] if late else None,
        steps=tuple((name, below - above) for name, above, below in zip(names, edges[:-1], edges[1:], strict=True)),
    )


def _percentile(ordered: Sequence[float], percent: int) -> float | None:
    """The smallest value that so many percent do not exceed."""
    return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)] if ordered else None


def _ended_at(message: Message) -> Instant | None:
    half = message.delivery
    if half.state is State.SENT:
        return half.sent_at or half.settled_at or message.send_at
    given_up = half.state in _NOT_SENT and not half.called_off
    return half.settled_at or message.send_at if given_up else None


def _lateness(message: Message) -> float | None:
    """Seconds, from the end of a hold by the pace where there was one; None for what the old system sent, of which
    nobody knows when it was begun."""
    begun = message.delivery.begun_at
    return None if begun is None else (begun - max(message.send_at, _held_until(message))).total_seconds()


def _held_until(message: Message) -> Instant:
    """Until when the pace kept it back; its own second where it did not."""
    return message.delivery.held_until or message.send_at


def _confirmable(message: Message) -> bool:
    """Its recipient's phone confirms it: no group's, no change of another message, none that the old system sent."""
    if message.delivery.message_id is None or message.to.endswith("@g.us"):
        return False
    return message.about is None or message.about.act is Act.REPLY


def _reasons(messages: Iterable[Message]) -> tuple[Reason, ...]:
    counts = Counter((_WORDS[each.delivery.state], told.translated(each.delivery.error or "")) for each in messages)
    return tuple(Reason(state, sentence, count) for (state, sentence), count in counts.most_common(MOST_REASONS))
