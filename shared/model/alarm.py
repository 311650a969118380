"""When the tick raises the alarm: one notice for each incident, one for its end, whatever ticks double or come late.

A trouble seen by one tick is an error of that tick. It becomes an incident with a notice when a second tick sees it
too, so that a host that restarts wakes nobody; what has lasted long enough when it is first seen (overdue, an old
pulse) is told at once. An incident ends when two ticks in a row find nothing wrong. What a tick could not look at
changes nothing.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from enum import StrEnum
from typing import NamedTuple

from pydantic import Field

from shared.model.link import LinkStatus
from shared.model.values import Instant, Record, Value
from shared.model.wire import HandoverAnswer

TICKS_APART = timedelta(seconds=30)
"""Two ticks closer than this are one that came twice."""

OLD_PULSE = timedelta(minutes=2)
"""A host begins nothing once its own last pulse is older."""

GIVE_UP = timedelta(days=1)
"""A recovery that nobody has taken for so long is not told any more."""


class Kind(StrEnum):
    """What can be wrong; a cause stands before what it causes."""

    BUCKET = "bucket"
    HOST = "host"
    LINK = "link"
    CLOCK = "clock"
    PULSE = "pulse"
    UNREADABLE = "unreadable"
    REFUSED = "refused"
    OVERDUE = "overdue"


CAUSES = frozenset({Kind.BUCKET, Kind.HOST, Kind.LINK, Kind.CLOCK, Kind.PULSE})
"""What keeps every message from leaving, so that what is overdue follows from it."""

AT_ONCE = frozenset({Kind.PULSE, Kind.OVERDUE})
"""They have lasted for two ticks when they are first seen; but in the wake of a cause, or of one another, they may
pass."""


class Pulse(Value):
    """The host's heartbeat as the bucket has it; `at` is by the host's own clock."""

    host: str
    at: Instant


class Facts(Value):
    """What one tick has seen. bucket, host: why they could not be used, None if they could.

    answer: the last one, None exactly where `host` is not. overdue: counted in the bucket where the host was not asked
    or does not fold, None if that failed. pulse: None where there is none or it was not looked at. unreadable: records
    of scheduled.json that the tick itself cannot read. refused: id → why the host did not take it.
    """

    bucket: str | None = None
    host: str | None = None
    answer: HandoverAnswer | None = None
    overdue: int | None = None
    pulse: Pulse | None = None
    unreadable: tuple[str, ...] = ()
    refused: dict[str, str] = Field(default_factory=dict)


class Incident(Record):
    """A trouble that has not ended. `id` is the same in its notice and its recovery."""

    kind: Kind
    id: str
    since: Instant
    sentence: str
    noticed_at: Instant | None = None
    clear_since: Instant | None = Field(default=None, description="since when ticks in a row found nothing wrong")


class Happening(StrEnum):
    """What a notice tells of."""

    OPENED = "opened"
    RECOVERED = "recovered"


class Notice(Value):
    """What is to be told to the owner. `id` is the same each time it is told, so that a receiver can drop doubles."""

    id: str
    happening: Happening
    incident: str
    kind: Kind
    since: Instant
    at: Instant
    sentence: str


class Decision(NamedTuple):
    """What to store, once `after` has been told which notices arrived, and what to tell."""

    incidents: tuple[Incident, ...]
    notices: tuple[Notice, ...]


def findings(facts: Facts) -> dict[Kind, str | None]:
    """What is wrong (a sentence) and what is not (None); a kind that could not be looked at is not in it.

    What is overdue because of another trouble is told in that one's sentence.
    """
    found: dict[Kind, str | None] = {Kind.BUCKET: facts.bucket, Kind.HOST: facts.host}
    overdue = facts.overdue
    if facts.answer:
        found[Kind.LINK] = _link(facts.answer.link)
        found[Kind.CLOCK] = _clock(facts.answer.clock_wrong_by)
        overdue = max(facts.answer.overdue, facts.overdue or 0)
        if facts.pulse:
            found[Kind.PULSE] = _pulse(facts.pulse, facts.answer)
        found[Kind.REFUSED] = _refused(facts.refused)
    unreadable = (facts.answer and facts.answer.problems) or facts.unreadable
    if unreadable or (facts.answer and not facts.bucket):
        found[Kind.UNREADABLE] = _unreadable(unreadable)
    late = _overdue(overdue)
    cause = next((kind for kind in Kind if kind in CAUSES and found.get(kind)), None)
    if cause is None:
        found[Kind.OVERDUE] = late
    elif late:
        found[cause] = f"{found[cause]} {late}"
    return found


def decide(facts: Facts, open_: Collection[Incident], now: Instant) -> Decision:
    """What becomes of the open incidents, and what the owner is to be told of now."""
    found = findings(facts)
    known = {incident.kind: incident for incident in open_}
    incidents, notices = [], []
    for kind in Kind:
        incident, notice = known.get(kind), None
        if kind in found:
            sentence = found[kind]
            if sentence is not None:
                alone = not any(other is not kind and other in CAUSES | AT_ONCE for other in known)
                incident, notice = _wrong(incident, kind, sentence, now, at_once=kind in AT_ONCE and alone)
            elif incident is not None:
                incident, notice = _well(incident, now)
        if incident:
            incidents.append(incident)
        if notice:
            notices.append(notice)
    return Decision(tuple(incidents), tuple(notices))


def after(decision: Decision, arrived: Collection[Notice], now: Instant) -> tuple[Incident, ...]:
    """The incidents to store when these notices have arrived; the others are told again by the next tick."""
    opened = {notice.incident for notice in arrived if notice.happening is Happening.OPENED}
    ended = {notice.incident for notice in arrived if notice.happening is Happening.RECOVERED}
    kept = (incident for incident in decision.incidents if incident.id not in ended)
    return tuple(incident.evolve(noticed_at=now) if incident.id in opened else incident for incident in kept)


def troubles(found: Mapping[Kind, str | None]) -> str:
    """What is wrong, in one paragraph; empty when nothing is."""
    return " ".join(sentence for sentence in found.values() if sentence)


def _wrong(
    incident: Incident | None, kind: Kind, sentence: str, now: Instant, *, at_once: bool
) -> tuple[Incident, Notice | None]:
    if incident is None:
        incident = Incident(kind=kind, id=f"{kind}-{now:%Y%m%dT%H%MZ}", since=now, sentence=sentence)
        return incident, _notice(incident, Happening.OPENED, sentence, now) if at_once else None
    incident = incident.evolve(clear_since=None) if incident.clear_since else incident
    if incident.noticed_at or now - incident.since < TICKS_APART:
        return incident, None
    incident = incident.evolve(sentence=sentence)
    return incident, _notice(incident, Happening.OPENED, sentence, now)


def _well(incident: Incident, now: Instant) -> tuple[Incident | None, Notice | None]:
    if incident.clear_since is None:
        return incident.evolve(clear_since=now), None
    calm = now - incident.clear_since
    if calm < TICKS_APART:
        return incident, None
    if incident.noticed_at is None or calm > GIVE_UP:
        return None, None
    return incident, _notice(incident, Happening.RECOVERED, _ended(incident), now)


def _notice(incident: Incident, happening: Happening, sentence: str, now: Instant) -> Notice:
    return Notice(
        id=f"{incident.id}-{happening}",
        happening=happening,
        incident=incident.id,
        kind=incident.kind,
        since=incident.since,
        at=now,
        sentence=sentence,
    )


_ENDED: dict[Kind, str] = {
    Kind.BUCKET: "The bucket can be read again.",
    Kind.HOST: "The session host answers again.",
    Kind.LINK: "WhatsApp takes messages again.",
    Kind.CLOCK: "The session host's clock is right again.",
    Kind.PULSE: "The session host's pulse in the bucket is fresh again.",
    Kind.UNREADABLE: "Nothing in the bucket waits for a person to look at it any more.",
    Kind.REFUSED: "No message is refused any more.",
    Kind.OVERDUE: "Nothing is overdue any more.",
}


def _ended(incident: Incident) -> str:
    lasted = (incident.clear_since or incident.since) - incident.since
    minutes = max(1, round(lasted.total_seconds() / 60))
    return f"{_ENDED[incident.kind]} That lasted {_count(minutes, 'minute')}."


def _link(link: LinkStatus) -> str | None:
    return None if link.sends else f"{link.sentence} {link.action}"


def _clock(seconds: float | None) -> str | None:
    if seconds is None:
        return None
    direction = "behind" if seconds > 0 else "ahead of"
    return (
        f"The session host's clock is {abs(seconds):.0f} s {direction} the others', so it holds every message: "
        "set it right (timedatectl set-ntp true)."
    )


def _pulse(pulse: Pulse, answer: HandoverAnswer) -> str | None:
    if pulse.host != answer.host:
        return (
            f"The session host that answers, {answer.host}, does not lead: the last pulse in the bucket is that of "
            f"{pulse.host}. Stop one of them if both run."
        )
    age = answer.now - pulse.at
    if age <= OLD_PULSE:
        return None
    minutes = _count(int(age.total_seconds() // 60), "minute")
    return f"The session host's last pulse in the bucket is {minutes} old: look whether it can write to the bucket."


def _unreadable(problems: Sequence[str]) -> str | None:
    if not problems:
        return None
    more = f" And {len(problems) - 1} more: see the host's /health." if len(problems) > 1 else ""
    return f"{problems[0]}{more}"


def _refused(refused: Mapping[str, str]) -> str | None:
    if not refused:
        return None
    id_, reason = next(iter(refused.items()))
    more = f" And {_count(len(refused) - 1, 'other')}." if len(refused) > 1 else ""
    return f"The session host does not take the message {id_!r}: {reason}{more} Look at it on the page."


def _overdue(count: int | None) -> str | None:
    if not count:
        return None
    return f"{_count(count, 'message')} {'is' if count == 1 else 'are'} overdue by more than two minutes."


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
