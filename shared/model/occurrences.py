"""What a series yields: which messages there should be, given which there are. Pure: whoever asks gets the same.

An occurrence as its series made it has revision 1 and a version that begins with "@" and sorts as the contents of its
series do. So every edit, move or skip of that one occurrence beats the series, whichever is met first, and of two
contents of the series the newer counts.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from itertools import islice
from typing import NamedTuple

from shared.model import walltime
from shared.model.lifecycle import State
from shared.model.message import Message
from shared.model.recurrence import Rule
from shared.model.series import Reach, Series, SeriesState, name_of, occurrence_id
from shared.model.values import Instant

AHEAD = timedelta(days=35)
"""How far ahead occurrences are messages, rounded up to whole UTC days so that it changes once a day."""

OLDEST = timedelta(days=366)
"""What should have been made longer ago is left out: a clock that was wrong by years must not yield thousands."""

_NEAR = 10
"""How many of a rule's next wall times are remembered."""

_SLACK = timedelta(days=2)
"""A time on the wall is never further than that from the same time in UTC."""


class Occurrence(NamedTuple):
    """One date of a series: the naive wall time its rule names, and the UTC instant that means."""

    wall: datetime
    at: datetime


class Yield(NamedTuple):
    """What has to change: messages that are new or different, series with their new reach; and what cannot be."""

    messages: dict[str, Message]
    series: dict[str, Series]
    problems: list[str]


def horizon(now: Instant) -> datetime:
    """Up to when occurrences are materialised: at least AHEAD, at most a day more."""
    day = (now.astimezone(UTC) + AHEAD).date() + timedelta(days=1)
    return datetime.combine(day, time(), tzinfo=UTC)


def occurrences(series: Series, after: Instant) -> Iterator[Occurrence]:
    """The dates of its rule after this instant, in order, whatever its state. Raises walltime.UnknownZone."""
    earliest = (after - _SLACK).replace(tzinfo=None)
    for wall in _walls(series.rule, series.first_wall, datetime.combine(earliest, time())):
        if wall >= earliest and (at := walltime.instant(wall, series.zone)) > after:
            yield Occurrence(wall, at)


def _walls(rule: Rule, first: datetime, after: datetime) -> Iterator[datetime]:
    """Its wall times from `after` on; the next ones are remembered, for pages ask for nothing else all day."""
    near = _next_walls(rule, first, after)
    yield from near
    if len(near) == _NEAR:
        yield from islice((wall for wall in rule.walls(first, after) if wall >= after), _NEAR, None)


@lru_cache(maxsize=2000)
def _next_walls(rule: Rule, first: datetime, after: datetime) -> tuple[datetime, ...]:
    return tuple(islice((wall for wall in rule.walls(first, after) if wall >= after), _NEAR))


def upcoming(series: Series, messages: Iterable[Message], after: Instant, most: int = 5) -> list[Occurrence]:
    """Its next dates after this instant, as these messages stand: also such as were skipped or moved by themselves.
    None while it is stopped. Raises walltime.UnknownZone."""
    if series.state is not SeriesState.ACTIVE:
        return []
    taken = _taken(series, own(series.id, messages))
    found: list[Occurrence] = []
    for each in occurrences(series, after):
        ids = taken.get(each.wall.date())
        if not ids or occurrence_id(series.id, each.wall) in ids:
            found.append(each)
        if len(found) == most:
            break
    return found


def own(series_id: str, messages: Iterable[Message]) -> list[Message]:
    """Those of these messages that are dates of this series."""
    start = f"{series_id}@"
    named = ((each, name_of(each.id)) for each in messages if each.id.startswith(start))
    return [each for each, name in named if name and name.series_id == series_id]


def materialise(series: Mapping[str, Series], messages: Mapping[str, Message], now: Instant) -> Yield:
    """What the series yield up to the horizon. Applied twice, the second time changes nothing.

    New: what a rule names after its last reach, also where that has passed meanwhile; after an edit, what it names
    after the edit. Different: what an edited rule still names, or names no longer, where nobody has touched it and no
    host has claimed it. A day whose occurrence has left, or was edited, moved or skipped, gets no other one.
    """
    until = horizon(now)
    behind = [each for each in series.values() if _is_behind(each, until)]
    known = by_series(messages.values()) if behind else {}
    done = Yield({}, {}, [])
    for each in behind:
        reach = max(until, _reach(each, until))
        try:
            changed = _changed(each, known.get(each.id, {}), now - OLDEST, reach)
        except walltime.UnknownZone as error:
            done.problems.append(f"The series {each.id!r} yields no messages: {error}")
            continue
        done.messages.update(changed)
        done.series[each.id] = each.evolve(reach=Reach(revision=each.revision, version=each.version, until=reach))
    return done


def _is_behind(series: Series, until: datetime) -> bool:
    stopped = series.state is not SeriesState.ACTIVE
    return not (series.follows_reach and (stopped or _reach(series, until) >= until))


def _reach(series: Series, unknown: datetime) -> datetime:
    return series.reach.until if series.reach else unknown


def _changed(series: Series, known: Mapping[str, Message], oldest: datetime, until: datetime) -> dict[str, Message]:
    """The messages of this series that are new or different; `known`: those there are."""
    edited = not series.follows_reach
    after = max(oldest, series.changed_at if edited or series.reach is None else series.reach.until)
    wanted = {occurrence_id(series.id, each.wall): each for each in _active(series, after, until)}
    since = _since(series, [each.at for each in wanted.values()])
    taken = _taken(series, known.values())
    changed = {
        id_: _occurrence(series, each, since.get(each.at))
        for id_, each in wanted.items()
        if (id_ not in known and each.wall.date() not in taken) or (id_ in known and edited and is_free(known[id_]))
    }
    for id_, message in known.items() if edited else ():
        if id_ not in wanted and is_free(message) and message.send_at > after and (name := name_of(id_)):
            at = walltime.instant(name.wall, series.zone)
            changed[id_] = _occurrence(series, Occurrence(name.wall, at), withdrawn=True)
    return {id_: each.evolve(delivery=known[id_].delivery) if id_ in known else each for id_, each in changed.items()}


def _active(series: Series, after: datetime, until: datetime) -> Iterator[Occurrence]:
    if series.state is SeriesState.ACTIVE:
        for each in occurrences(series, after):
            if each.at > until:
                return
            yield each


def _since(series: Series, wanted: Sequence[datetime]) -> dict[datetime, datetime]:
    """For each of these dates the one that the rule names before it, for the first the series' own beginning: after
    that they must not have written. Empty where the series does not ask for it."""
    if not (series.cancel_if_they_write and wanted):
        return {}
    before = series.created_at or series.changed_at
    found = dict.fromkeys(wanted, before)
    for each in occurrences(series, before):
        if each.at > wanted[-1]:
            break
        found[each.at], before = before, each.at
    return found


def _occurrence(
    series: Series, occurrence: Occurrence, since: datetime | None = None, *, withdrawn: bool = False
) -> Message:
    """The message that this content of the series makes of a date: of nothing else, so every host makes the same."""
    return Message(
        id=occurrence_id(series.id, occurrence.wall),
        revision=1,
        version=f"@{series.revision:08d}-{series.version}"[:200],
        to=series.to,
        contact_name=series.contact_name,
        text=series.text,
        attachment=series.attachment,
        send_at=occurrence.at,
        wall_time=occurrence.wall.isoformat(timespec="seconds"),
        zone=series.zone,
        if_late=series.if_late,
        cancel_if_they_write_after=since,
        cancelled=withdrawn,
        created_at=series.created_at,
        created_from="series",
    )


def is_free(message: Message) -> bool:
    """Nobody has touched it and no host has claimed it: it follows its series."""
    return message.gives_way and message.delivery.state is State.PENDING


def _taken(series: Series, dates: Iterable[Message]) -> dict[date, set[str]]:
    """The days whose occurrence no longer follows the series, and its id: by the wall time that the rule named."""
    days: dict[date, set[str]] = {}
    for message in dates:
        follows = is_free(message) and (message.cancelled or message.send_at > series.changed_at)
        if not follows and (name := name_of(message.id)):
            days.setdefault(name.wall.date(), set()).add(message.id)
    return days


def by_series(messages: Iterable[Message]) -> dict[str, dict[str, Message]]:
    """The dates of each series among these messages, by the series' id and their own."""
    found: dict[str, dict[str, Message]] = {}
    for message in messages:
        if "@" in message.id and (name := name_of(message.id)):
            found.setdefault(name.series_id, {})[message.id] = message
    return found
