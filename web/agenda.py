"""The agenda: which messages a filter shows, in which order, grouped by the owner's days. Pure."""

from collections.abc import Iterable
from datetime import date, timedelta
from itertools import groupby
from typing import NamedTuple

from shared.model.message import Message
from shared.model.values import Instant
from web import dates, search
from web.groups import NONE, Groups
from web.listing import Listing, Show, ordered
from web.repeats import Repeats

PAGE = 50
"""Messages shown at once; the rest is a click away."""

JUST_NOW = timedelta(minutes=10)


class Day(NamedTuple):
    """One day of the owner's, with its messages in order."""

    title: str
    note: str
    messages: tuple[Message, ...]


class Agenda(NamedTuple):
    """What the agenda shows: what has just ended, the next one up, the days, and how many more there are."""

    next_up: Message | None
    just_now: tuple[Message, ...]
    days: tuple[Day, ...]
    shown: int
    total: int
    attention: int
    repeats: Repeats


class Chosen(NamedTuple):
    """The messages that a filter shows, in order of time; how many want to be looked at; and what was sent again."""

    messages: list[Message]
    attention: int
    repeats: Repeats


def choose(
    messages: Iterable[Message] | Listing,
    show: Show,
    typed: str,
    now: Instant,
    person: str = "",
    groups: Groups = NONE,
) -> Chosen:
    """The messages of this kind with these words; `person`: to this number or address only; `groups`: whose names count
    among the words."""
    listing = ordered(messages)
    worrying = listing.worrying(now)
    if show is Show.ATTENTION:
        chosen = [each for each in worrying if _matches(each, typed, groups)] if typed.strip() else worrying
    else:
        chosen = listing.found(show, typed, groups) if typed.strip() else listing.shown(show)
    if person:
        chosen = [each for each in chosen if each.to == person]
    return Chosen(chosen, len(worrying), listing.repeats)


def agenda(
    messages: Iterable[Message] | Listing,
    show: Show,
    typed: str,
    now: Instant,
    zone: str,
    limit: int = PAGE,
    person: str = "",
    groups: Groups = NONE,
) -> Agenda:
    """The agenda at `now` for somebody who lives in `zone`, at most `limit` messages of it."""
    listing = ordered(messages)
    chosen, attention, repeats = choose(listing, show, typed, now, person, groups)
    forward = show is Show.UPCOMING
    plain = forward and not typed.strip() and not person
    next_up = next((each for each in chosen if each.send_at >= now and not each.cancelled), None) if plain else None
    just_now = listing.ended_within(JUST_NOW, now) if plain else ()
    listed = chosen[:limit] if forward else chosen[: -limit - 1 : -1]
    rest = [each for each in listed if next_up is None or each.id != next_up.id]
    return Agenda(
        next_up=next_up if next_up in listed else None,
        just_now=tuple(sorted(just_now, key=lambda each: each.send_at, reverse=True))[:5],
        days=_days(rest if next_up in listed else listed, now, zone),
        shown=len(listed),
        total=len(chosen),
        attention=attention,
        repeats=repeats,
    )


def _matches(message: Message, typed: str, groups: Groups) -> bool:
    return search.matches(typed, (message.contact_name, message.text, message.to, groups.name(message.to)))


def _days(messages: list[Message], now: Instant, zone: str) -> tuple[Day, ...]:
    today = dates.wall(now, zone).date()

    def local_day(message: Message) -> date:
        return dates.wall(message.send_at, zone).date()

    return tuple(
        Day(dates.day_title(day, today), dates.day_note(day, today), tuple(group))
        for day, group in groupby(messages, key=local_day)
    )
