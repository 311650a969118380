"""The agenda: which messages a filter shows, in which order, grouped by the owner's days. Pure."""

from collections import Counter
from collections.abc import Iterable
from datetime import date, timedelta
from enum import StrEnum
from itertools import groupby
from typing import NamedTuple

from shared.model.address import pretty
from shared.model.lifecycle import State
from shared.model.message import Message, Status
from shared.model.values import Instant
from web import dates, search
from web.repeats import Repeats
from web.standing import needs_attention

PAGE = 50
"""Messages shown at once; the rest is a click away."""

MOST_PEOPLE = 12
"""People whom the filter offers."""

_OPEN = (State.PENDING, State.CLAIMED)

JUST_NOW = timedelta(minutes=10)


class Show(StrEnum):
    """The agenda's filters."""

    UPCOMING = "upcoming"
    SENT = "sent"
    ATTENTION = "attention"
    NOT_SENT = "not-sent"
    CANCELLED = "cancelled"
    ALL = "all"


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
    """The messages that a filter shows, in no order; how many want to be looked at; and what was sent again."""

    messages: list[Message]
    attention: int
    repeats: Repeats


def choose(messages: Iterable[Message], show: Show, typed: str, now: Instant, person: str = "") -> Chosen:
    """The messages of this kind with these words; `person`: to this number or address only."""
    everything = [each for each in messages if not _withdrawn(each)]
    repeats = Repeats(everything)
    worrying = [each for each in everything if needs_attention(each, now, sent_again=repeats.of(each) is not None)]
    chosen = worrying if show is Show.ATTENTION else [each for each in everything if _belongs(each, show)]
    if person:
        chosen = [each for each in chosen if each.to == person]
    if typed.strip():
        chosen = [each for each in chosen if _matches(each, typed)]
    return Chosen(chosen, len(worrying), repeats)


class Person(NamedTuple):
    """Somebody who is written to: their number or address, what they are called, and how many messages there are."""

    to: str
    name: str
    messages: int


def people(messages: Iterable[Message], most: int = MOST_PEOPLE) -> tuple[Person, ...]:
    """Who is written to most, each with the name that was used last."""
    everything = [message for message in messages if not _withdrawn(message)]
    counts = dict(Counter(message.to for message in everything).most_common(most))
    named: dict[str, Message] = {}
    for message in everything:
        to = message.to
        if to in counts and message.contact_name and (to not in named or named[to].send_at < message.send_at):
            named[to] = message
    return tuple(
        Person(to, (named[to].contact_name if to in named else None) or pretty(to), count)
        for to, count in counts.items()
    )


def agenda(
    messages: Iterable[Message],
    show: Show,
    typed: str,
    now: Instant,
    zone: str,
    limit: int = PAGE,
    person: str = "",
) -> Agenda:
    """The agenda at `now` for somebody who lives in `zone`, at most `limit` messages of it."""
    everything = [message for message in messages if not _withdrawn(message)]
    chosen, attention, repeats = choose(everything, show, typed, now, person)
    forward = show is Show.UPCOMING
    chosen.sort(key=lambda each: (each.send_at, each.id), reverse=not forward)
    plain = forward and not typed.strip() and not person
    next_up = next((each for each in chosen if each.send_at >= now and not each.cancelled), None) if plain else None
    just_now = tuple(each for each in everything if _just_ended(each, now)) if plain else ()
    listed = chosen[:limit]
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


def _belongs(message: Message, show: Show) -> bool:
    match show:
        case Show.UPCOMING:
            state = message.delivery.state
            called_off = message.cancelled and message.confirmed
            return state is State.BEGUN or (state in _OPEN and not called_off)
        case Show.SENT:
            return message.status is Status.SENT
        case Show.NOT_SENT:
            return message.status in (Status.FAILED, Status.MISSED, Status.UNKNOWN)
        case Show.CANCELLED:
            return message.status is Status.CANCELLED or message.asked_to_cancel
        case _:
            return True


def _withdrawn(message: Message) -> bool:
    """Its series was paused, ended or changed before anybody had touched it: as if it had never been."""
    return message.gives_way and message.cancelled and message.status is Status.CANCELLED


def _just_ended(message: Message, now: Instant) -> bool:
    """It ended a moment ago by itself, or its cancel was confirmed shortly before its second."""
    at = message.delivery.settled_at
    if at is not None and message.delivery.state is not State.PENDING:
        return timedelta(0) <= now - at <= JUST_NOW
    return False


def _matches(message: Message, typed: str) -> bool:
    return search.matches(typed, (message.contact_name, message.text, message.to))


def _days(messages: list[Message], now: Instant, zone: str) -> tuple[Day, ...]:
    today = dates.wall(now, zone).date()

    def local_day(message: Message) -> date:
        return dates.wall(message.send_at, zone).date()

    return tuple(
        Day(dates.day_title(day, today), dates.day_note(day, today), tuple(group))
        for day, group in groupby(messages, key=local_day)
    )
