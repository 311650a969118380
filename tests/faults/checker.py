"""Reads a history and says which promises it breaks. The promises, exactly:

TWICE      a text is handed to WhatsApp again only after a failure that was certain and passing; nothing arrives twice,
           and of a series one message a day at most, but for those that somebody asked for by themselves.
           There is no instant at which two hosts could begin a message.
SILENT     at the end, with everything mended half an hour ago, nothing that is due is open, whatever reason is shown,
           unless until a time still to come; what is shown as sent arrived or was acknowledged, what is shown as
           failed, missed or cancelled never arrived. A tick raises an alarm where a
           message is neither begun, ended nor held four minutes after its second: neither by what the page shows nor
           by what the host that leads has written down, which the page shows with the next fold.
UNKNOWN    a message is shown as unknown only once its second has come, and only where it was begun, or claimed by a
           host that was lost, or where a host died that may have begun it: one for each death.
LATE       at the end a message of which nothing is in the way begins within LATE_LIMIT of its second.
DISOBEYED  once the page has shown a decision as confirmed, nothing older is begun; nothing is begun that nobody wrote.
EARLY      a message begins at or after its second by the clock of the host that begins it; by the true time, no more
           than EARLY_LIMIT before it: a clock may be wrong by 30 s before the host holds its messages, the store's
           Date has whole seconds, and what it last said may be as old as a look is good for (5 s).
GIVEN UP   nothing is shown as missed before the limit of its confirmed content has passed, by the same measure.
LOST       every acknowledged decision is in the record at the end, as its content or as one that was replaced.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import NamedTuple

from session_host.rules import EARLIER_HOST, lateness_limit
from shared.model.message import Message, Status
from shared.model.series import name_of
from tests.faults.history import (
    CALM_ID,
    ENDED,
    Acknowledged,
    Answered,
    Arrived,
    Attempt,
    Closed,
    Event,
    Leading,
    Shown,
    Ticked,
    Written,
)

EARLY_LIMIT = timedelta(seconds=30 + 5 + 1)
LATE_LIMIT = timedelta(seconds=1)


class Violation(NamedTuple):
    """One broken promise."""

    promise: str
    at: datetime
    what: str

    def __str__(self) -> str:
        return f"{self.promise} at {self.at:%H:%M:%S}: {self.what}"


def check(events: list[Event]) -> list[Violation]:
    """Every broken promise, in the order they are described above."""
    return [
        *_twice(events), *_together(events), *_shown_and_begun(events), *_unknown(events), *_punctual(events),
        *_at_the_end(events),
    ]  # fmt: skip


def _twice(events: list[Event]) -> Iterator[Violation]:
    before: dict[str, Attempt] = {}
    answers: dict[int, Answered] = {}
    texts: dict[int, str] = {}
    arrived: dict[str, int] = defaultdict(int)
    days: dict[tuple[str, date], int] = defaultdict(int)
    asked_for = {event.message.id for event in events if isinstance(event, Written) and not event.message.gives_way}
    for event in events:
        if isinstance(event, Answered):
            answers[event.number] = event
        elif isinstance(event, Attempt):
            texts[event.number] = event.id
            last = before.get(event.id)
            before[event.id] = event
            if last is not None and not _may_be_tried_again(answers.get(last.number)):
                yield Violation("TWICE", event.at, f"{event.id} begins as #{event.number} after #{last.number}")
        elif isinstance(event, Arrived):
            id_ = texts[event.number]
            arrived[id_] += 1
            if arrived[id_] == 2:
                yield Violation("TWICE", event.at, f"{id_} arrives again")
            if (name := name_of(id_)) and arrived[id_] == 1 and id_ not in asked_for:
                days[name.series_id, name.wall.date()] += 1
                if days[name.series_id, name.wall.date()] == 2:
                    yield Violation("TWICE", event.at, f"{id_} is the second of its day")


def _may_be_tried_again(answer: Answered | None) -> bool:
    return answer is not None and not answer.sent and answer.certain and not answer.permanent


def _together(events: list[Event]) -> Iterator[Violation]:
    for event in events:
        if isinstance(event, Leading) and len(event.hosts) > 1:
            yield Violation("TWICE", event.at, f"{' and '.join(event.hosts)} may both begin messages")
            return


def _unknown(events: list[Event]) -> Iterator[Violation]:
    begun = {event.id for event in events if isinstance(event, Attempt)}
    seen, deaths = set[str](), Counter[datetime | None]()
    for event in events:
        if not isinstance(event, Shown) or event.message.status is not Status.UNKNOWN or event.message.id in seen:
            continue
        message = event.message
        seen.add(message.id)
        claim = message.delivery.claim
        if message.id not in begun and event.at < (claim.send_at if claim else message.send_at) - EARLY_LIMIT:
            yield Violation("UNKNOWN", event.at, f"{message.id} is unknown before its second")
        if message.id not in begun and message.delivery.error != EARLIER_HOST:
            deaths[message.delivery.settled_at] += 1
            if deaths[message.delivery.settled_at] == 2:
                yield Violation("UNKNOWN", event.at, f"{message.id} is unknown, and was never begun")


def _punctual(events: list[Event]) -> Iterator[Violation]:
    due = next((event.message.send_at for event in events if isinstance(event, Written) and _is_calm(event)), None)
    for event in events:
        if isinstance(event, Attempt) and event.id == CALM_ID and due and event.at - due > LATE_LIMIT:
            yield Violation("LATE", event.at, f"nothing was in the way, and it begins {event.at - due} late")
        if isinstance(event, Ticked) and event.quiet and event.overdue:
            yield Violation("SILENT", event.at, f"the tick is quiet, and {', '.join(event.overdue)} overdue")


def _is_calm(event: Written) -> bool:
    return event.message.id == CALM_ID


def _shown_and_begun(events: list[Event]) -> Iterator[Violation]:
    written: dict[str, list[Message]] = defaultdict(list)
    confirmed: dict[str, Message] = {}
    ended: dict[str, Status] = {}
    for event in events:
        if isinstance(event, Written):
            written[event.message.text].append(event.message)
        elif isinstance(event, Shown):
            yield from _given_up(event, ended)
            if event.message.status in ENDED:
                ended[event.message.id] = event.message.status
            elif event.confirmed:
                known = confirmed.get(event.message.id)
                confirmed[event.message.id] = max(known or event.message, event.message, key=lambda each: each.order)
        elif isinstance(event, Attempt):
            yield from _begun(event, written[event.text], confirmed.get(event.id), ended.get(event.id))


def _given_up(event: Shown, ended: dict[str, Status]) -> Iterator[Violation]:
    message = event.message
    if message.status is Status.MISSED and event.confirmed and message.id not in ended:
        limit = message.send_at + lateness_limit(message)
        if event.at < limit - EARLY_LIMIT:
            yield Violation("GIVEN UP", event.at, f"{message.id} is missed, but may be sent until {limit:%H:%M:%S}")


def _begun(
    event: Attempt, written: list[Message], confirmed: Message | None, ended: Status | None
) -> Iterator[Violation]:
    meant = [each for each in written if not each.cancelled]
    if not any(each.to == event.to for each in meant):
        yield Violation("DISOBEYED", event.at, f"{event.text!r} to {event.to} was never asked for")
        return
    newest = max(meant, key=lambda each: each.order)
    if confirmed is not None and newest.order < confirmed.order:
        kind = "a cancel" if confirmed.cancelled else "a change"
        yield Violation("DISOBEYED", event.at, f"{event.id} r{newest.revision} begins after {kind} was confirmed")
    if ended is not None:
        yield Violation("DISOBEYED", event.at, f"{event.id} begins after it was shown as {ended}")
    due = min(each.send_at for each in meant)
    if event.clock < due or event.at < due - EARLY_LIMIT:
        yield Violation("EARLY", event.at, f"{event.id} begins {due - min(event.at, event.clock)} before its second")


def _at_the_end(events: list[Event]) -> Iterator[Violation]:
    closed = next((event for event in reversed(events) if isinstance(event, Closed)), None)
    if closed is None:
        yield Violation("SILENT", events[-1].at, "the history has no end")
        return
    records = {each.id: each for each in closed.messages}
    for event in events:
        if isinstance(event, Acknowledged):
            record = records.get(event.id)
            versions = {head.version for head in record.heads()} | set(record.replaces) if record else set()
            if event.version not in versions:
                yield Violation("LOST", event.at, f"{event.id}: the decision {event.version} is gone")
    ids = {event.number: event.id for event in events if isinstance(event, Attempt)}
    arrived = {ids[event.number] for event in events if isinstance(event, Arrived)}
    told = {ids[event.number] for event in events if isinstance(event, Answered) and event.sent}
    for record in closed.messages:
        status, overdue = record.status, record.send_at + timedelta(minutes=2) < closed.at
        later = record.delivery.held_until is not None and record.delivery.held_until > closed.at
        if record.open and overdue and not later:
            held = f", held: {record.delivery.held_reason}" if record.delivery.held_reason else ""
            yield Violation("SILENT", closed.at, f"{record.id} is still {status}, due {record.send_at:%H:%M:%S}{held}")
        if status is Status.SENDING:
            yield Violation("SILENT", closed.at, f"{record.id} is still being sent")
        if status is Status.SENT and record.id not in told:
            yield Violation("SILENT", closed.at, f"{record.id} is shown as sent, and was not acknowledged")
        never = (Status.FAILED, Status.MISSED, Status.CANCELLED, Status.PENDING, Status.CLAIMED)
        if status in never and record.id in arrived:
            yield Violation("SILENT", closed.at, f"{record.id} is shown as {status}, and arrived")
