"""Where the bars of a chart stand, in the units of its picture. Pure; the template draws them without any style."""

import math
from collections.abc import Sequence
from typing import NamedTuple

from web import dates
from web.insights import DayCount
from web.language import _

WIDTH, HEIGHT = 720.0, 220.0
LEFT, BOTTOM, TOP = 34.0, 34.0, 20.0
_GAP = 0.25
"""Of a day's width, what is left free."""
_SAYS = {"sent": _("{day}: {count} sent"), "not-sent": _("{day}: {count} not sent")}


class Bar(NamedTuple):
    """A rectangle, what it stands for, and which of the two kinds it is."""

    x: float
    y: float
    width: float
    height: float
    kind: str
    says: str


class Line(NamedTuple):
    """A line across at this height, with its number."""

    y: float
    label: str


class Label(NamedTuple):
    """A day's name under its bar; anchor: which end of it stands there."""

    x: float
    text: str
    anchor: str


class DayChart(NamedTuple):
    """Everything that is drawn of the days."""

    bars: tuple[Bar, ...]
    lines: tuple[Line, ...]
    labels: tuple[Label, ...]


def day_chart(days: Sequence[DayCount]) -> DayChart:
    """A bar for each day: what was sent from the ground up, what was not upon it."""
    top = _round_up(max((day.sent + day.not_sent for day in days), default=0))
    ground, room = HEIGHT - BOTTOM, HEIGHT - BOTTOM - TOP
    step = (WIDTH - LEFT) / max(1, len(days))
    bars = []
    for number, day in enumerate(days):
        x, below = LEFT + step * (number + _GAP / 2), ground
        for kind, count in (("sent", day.sent), ("not-sent", day.not_sent)):
            height = room * count / top
            if count:
                says = _SAYS[kind].format(day=dates.short_weekday(day.day), count=count)
                bars.append(_bar(x, below - height, step * (1 - _GAP), height, kind, says))
            below -= height
    lines = tuple(Line(round(ground - room * part / top, 1), f"{part:,}") for part in sorted({0, top // 2, top}))
    return DayChart(tuple(bars), lines, _labels(days, step))


def share(part: int, most: int, width: float = 100.0) -> float:
    """How wide the bar of a row is, where the longest row's is `width`."""
    return round(width * part / most, 2) if most else 0.0


def _bar(x: float, y: float, width: float, height: float, kind: str, says: str) -> Bar:
    return Bar(round(x, 2), round(y, 2), round(width, 2), round(height, 2), kind, says)


def _labels(days: Sequence[DayCount], step: float) -> tuple[Label, ...]:
    """The first day, the one in the middle, and the last."""
    if not days:
        return ()
    places = {0: "start", len(days) // 2: "middle", len(days) - 1: "end"}
    ends = {"start": 0.0, "middle": 0.5, "end": 1.0}
    return tuple(
        Label(round(LEFT + step * (at + ends[anchor]), 1), dates.short_day(days[at].day), anchor)
        for at, anchor in places.items()
    )


def _round_up(most: int) -> int:
    """An even number that is easy to read: 2, 4, 6, 8, 10, 20, 40, …

    >>> _round_up(0), _round_up(3), _round_up(11), _round_up(230)
    (2, 4, 20, 400)
    """
    size = 10 ** max(0, math.floor(math.log10(most))) if most else 1
    return next(step * size for step in (2, 4, 6, 8, 10, 20) if step * size >= most)
