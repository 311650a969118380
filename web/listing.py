"""The messages of one reading in order of time, with all that is worked out of each once and not for every page. Pure.

Of thousands of messages hardly one changes between two pages: what did not is taken from the reading before.
"""

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable
from datetime import timedelta
from enum import StrEnum
from functools import cached_property
from typing import NamedTuple

from shared.model.address import pretty
from shared.model.lifecycle import State
from shared.model.message import Message, Status
from shared.model.values import Instant
from web import search
from web.groups import NONE, Groups, is_group
from web.repeats import Repeats
from web.standing import needs_attention

MOST_PEOPLE = 12
"""People whom the filter offers."""

_OPEN = (State.PENDING, State.CLAIMED)


class Show(StrEnum):
    """The agenda's filters."""

    UPCOMING = "upcoming"
    SENT = "sent"
    ATTENTION = "attention"
    NOT_SENT = "not-sent"
    CANCELLED = "cancelled"
    ALL = "all"


class Person(NamedTuple):
    """Somebody who is written to: their number or address, what they are called, and how many messages there are."""

    to: str
    name: str
    messages: int


class _Row:
    """A message, under which filters it is, whether it may want to be looked at before its second or after (waits),
    when it ended by itself, and its words."""

    __slots__ = (
        "_hay", "in_group", "message", "order", "settled", "shows", "stamp", "to", "uneasy", "waits", "withdrawn"
    )  # fmt: skip

    def __init__(self, message: Message) -> None:
        self.message = message
        self.order = (message.send_at, message.id)
        self.withdrawn = withdrawn(message)
        self.shows = tuple(show for show in Show if _belongs(message, show))  # hashing a member costs more than looking
        half = message.delivery
        quiet = half.state.open and not message.conflicts and not half.held_reason
        self.uneasy = half.state is not State.SENT and not quiet
        self.waits = half.state.open and not self.uneasy
        self.settled = half.settled_at if half.state is not State.PENDING else None
        self.to, self.in_group = message.to, is_group(message.to)
        what = (message.id, message.version, message.replaces, len(message.conflicts))
        self.stamp = f"{what} {half.attempt} {half.state} {half.step}\n"
        self._hay: str | None = None

    @property
    def hay(self) -> str:
        """What is looked through for words."""
        if self._hay is None:
            self._hay = search.hay((self.message.contact_name, self.message.text, self.message.to))
        return self._hay


class Listing:
    """All but what was withdrawn. Safe to use from several threads."""

    def __init__(self, messages: Iterable[Message], earlier: "Listing | None" = None) -> None:
        """`earlier`: a listing of before; what is the same object since is taken from it."""
        known = earlier._by_id if earlier else {}
        self._by_id: dict[str, _Row] = {}
        for message in messages:
            row = known.get(message.id)
            self._by_id[message.id] = row if row and row.message is message else _Row(message)
        self._rows = sorted((row for row in self._by_id.values() if not row.withdrawn), key=lambda row: row.order)
        self._lists: dict[Show, list[Message]] = {}

    def shown(self, show: Show) -> list[Message]:
        """What is under this filter, in order; ATTENTION depends on the moment, see `worrying`."""
        if show not in self._lists:
            self._lists[show] = [row.message for row in self._rows if show in row.shows]
        return self._lists[show]

    def found(self, show: Show, typed: str, groups: Groups = NONE) -> list[Message]:
        """The same, only those with all words that were typed; what a group is called is among them."""
        wanted = search.wanted(typed)
        return [
            row.message
            for row in self._rows
            if show in row.shows
            and (wanted(row.hay) or (row.in_group and wanted(f"{row.hay} {groups.folded(row.to)}")))
        ]

    def worrying(self, now: Instant) -> list[Message]:
        """What its owner should look at, in order."""
        uneasy, waiting = self._attention
        due = waiting[: bisect_right(waiting, now, key=lambda message: message.send_at)]
        found = [each for each in (*uneasy, *due) if needs_attention(each, now, sent_again=self._is_sent_again(each))]
        return sorted(found, key=lambda each: (each.send_at, each.id))

    def ended_within(self, span: timedelta, now: Instant) -> list[Message]:
        """What ended by itself in the time before now, or was confirmed as cancelled shortly before its second."""
        since, until = (
            bisect_left(self._settled, now - span, key=lambda each: each[0]),
            bisect_right(self._settled, now, key=lambda each: each[0]),
        )
        return [message for _, message in self._settled[since:until]]

    @cached_property
    def repeats(self) -> Repeats:
        """What was sent again."""
        return Repeats(self.shown(Show.ALL))

    @cached_property
    def people(self) -> tuple[Person, ...]:
        """Whom the filter offers."""
        return self.most_written_to(MOST_PEOPLE)

    def most_written_to(self, how_many: int) -> tuple[Person, ...]:
        """Who is written to most, each with the name that was used last."""
        most = dict(Counter(row.to for row in self._rows).most_common(how_many))
        named: dict[str, str] = {}
        for row in reversed(self._rows):
            if row.to in most and row.to not in named and row.message.contact_name:
                named[row.to] = row.message.contact_name
                if len(named) == len(most):
                    break
        return tuple(Person(to, named.get(to) or pretty(to), count) for to, count in most.items())

    @property
    def stamp(self) -> str:
        """A text that changes whenever any message does, also one that was withdrawn."""
        return "".join(row.stamp for row in self._by_id.values())

    @cached_property
    def _attention(self) -> tuple[list[Message], list[Message]]:
        """What may want a look at any moment, and what does only once its second has passed."""
        uneasy = [row.message for row in self._rows if row.uneasy]
        return uneasy, [row.message for row in self._rows if row.waits]

    @cached_property
    def _settled(self) -> list[tuple[Instant, Message]]:
        settled = [(row.settled, row.message) for row in self._rows if row.settled is not None]
        return sorted(settled, key=lambda each: each[0])

    def _is_sent_again(self, message: Message) -> bool:
        return self.repeats.of(message) is not None


def ordered(messages: Iterable[Message] | Listing) -> Listing:
    """These messages as a listing, which they may be already."""
    return messages if isinstance(messages, Listing) else Listing(messages)


def withdrawn(message: Message) -> bool:
    """Its series was paused, ended or changed before anybody had touched it: as if it had never been."""
    return message.gives_way and message.cancelled and message.status is Status.CANCELLED


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
        case Show.ATTENTION:
            return False
        case Show.ALL:
            return True
