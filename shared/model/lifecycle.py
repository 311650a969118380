"""The delivery half of a message: its states, and every lawful move between them. Written by the session host only.

    pending → claimed → begun → sent | failed | unknown        claimed → pending (next attempt, or released)
    pending | claimed → missed | failed                         sent: delivered and read are times, not states

What is missed because they wrote first (`they_wrote_at`) is called off: that is what its content had asked for.

A state is ordered by (attempt, rank, step); merging two copies takes the greater, so a restored or late copy never
takes anything back.
"""

from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, StringConstraints

from shared.model.values import Instant, Record


class State(StrEnum):
    """Where a message stands, in rank order."""

    PENDING = "pending"
    CLAIMED = "claimed"
    BEGUN = "begun"
    MISSED = "missed"
    FAILED = "failed"
    UNKNOWN = "unknown"
    SENT = "sent"

    @property
    def rank(self) -> int:
        return _RANKS[self]

    @property
    def open(self) -> bool:
        """Nothing was begun yet: an edit or a cancel can still be obeyed."""
        return self in (State.PENDING, State.CLAIMED)

    @property
    def settled(self) -> bool:
        """Nothing more will happen by itself."""
        return self.rank > State.BEGUN.rank


_RANKS = {state: rank for rank, state in enumerate(State)}


class UnlawfulMove(ValueError):
    """A move the lifecycle does not have, for example beginning what has already begun."""


class Claim(Record):
    """Who will send this, which edit of it, and when: written to the bucket before the second comes."""

    host: str
    revision: int
    send_at: Instant
    version: str | None = Field(default=None, max_length=200, description="the content's; claims had none before")


Sentence = Annotated[str, StringConstraints(max_length=1000)]


class Delivery(Record):
    """What the session host knows and promises about one message; all times are aware UTC."""

    attempt: int = Field(default=1, ge=1)
    state: State = State.PENDING
    step: int = Field(default=0, ge=0, description="counts the host's writes; orders copies of equal attempt and state")
    confirmed: int = Field(default=-1, ge=-1, description="the content revision the host has read and obeys")
    confirmed_version: str | None = Field(
        default=None, max_length=200, description="which content of that revision; records had none before"
    )
    claim: Claim | None = None
    handed_over_by: str | None = Field(default=None, description="web, tick or api: who gave it to the host first")
    held_until: Instant | None = None
    held_reason: Sentence | None = None
    claimed_at: Instant | None = None
    begun_at: Instant | None = None
    settled_at: Instant | None = None
    sent_at: Instant | None = None
    delivered_at: Instant | None = None
    read_at: Instant | None = None
    hinted_at: Instant | None = Field(
        default=None, description="of one whose end is unknown: when a receipt came that may be its own"
    )
    they_wrote_at: Instant | None = Field(
        default=None, description="of one that was called off for that: when they wrote first, as it was asked for"
    )
    message_id: str | None = Field(default=None, description="WhatsApp's id, known after a successful send only")
    error: Sentence | None = None

    @property
    def called_off(self) -> bool:
        """They wrote first, and so it was not sent: its content had asked for that."""
        return self.state is State.MISSED and self.they_wrote_at is not None

    @property
    def place(self) -> tuple[int, int, int]:
        """What decides between two copies."""
        return (self.attempt, self.state.rank, self.step)

    def merged(self, other: Self) -> Self:
        """The later of two copies; the text only breaks a tie that one writer never makes."""
        if self.place != other.place:
            return max(self, other, key=lambda delivery: delivery.place)
        return max(self, other, key=lambda delivery: delivery.model_dump_json(by_alias=True))


def confirm(delivery: Delivery, revision: int, version: str) -> Delivery:
    """The host has read this content, and will obey it; two contents may have the same revision."""
    if (delivery.confirmed, delivery.confirmed_version) == (revision, version):
        return delivery
    return _move(delivery, confirmed=revision, confirmed_version=version)


def claim(delivery: Delivery, claim: Claim, now: Instant, handed_over_by: str) -> Delivery:
    """(a) pending → claimed; claimed → claimed for an edit the host took over. Raises UnlawfulMove once begun."""
    _require(delivery, State.PENDING, State.CLAIMED)
    by = delivery.handed_over_by or handed_over_by
    return _move(
        delivery,
        state=State.CLAIMED,
        claim=claim,
        claimed_at=now,
        handed_over_by=by,
        confirmed=claim.revision,
        confirmed_version=claim.version,
        error=None,
    )


def hold(delivery: Delivery, until: Instant | None, reason: str) -> Delivery:
    """Not now: until when (None: until the reason is gone) and why. A held message keeps its state."""
    _require(delivery, State.PENDING, State.CLAIMED)
    if (delivery.held_until, delivery.held_reason) == (until, reason):
        return delivery
    return _move(delivery, held_until=until, held_reason=reason)


def unhold(delivery: Delivery) -> Delivery:
    """The reason to hold it is gone; until when it was held stays, for limits and alarms count from there."""
    _require(delivery, State.PENDING, State.CLAIMED)
    return _move(delivery, held_reason=None)


def begin(delivery: Delivery, now: Instant) -> Delivery:
    """(b) claimed → begun: committed before WhatsApp is asked. Happens at most once an attempt.

    Until when it was held stays, as for `unhold`: should it be tried again, its limit goes on counting from there.
    """
    _require(delivery, State.CLAIMED)
    return _move(delivery, state=State.BEGUN, begun_at=now, held_reason=None)


def sent(delivery: Delivery, now: Instant, message_id: str) -> Delivery:
    """(c) begun → sent: WhatsApp's server has acknowledged it. Until when it was held stays: it was not late before."""
    _require(delivery, State.BEGUN)
    kept = delivery.held_until
    return _settle(delivery, State.SENT, now, sent_at=now, message_id=message_id, error=None, held_until=kept)


def unknown(delivery: Delivery, now: Instant, reason: str) -> Delivery:
    """(d) begun → unknown: it may have been delivered. Only a person settles it."""
    _require(delivery, State.BEGUN)
    return _settle(delivery, State.UNKNOWN, now, error=reason)


def lost(delivery: Delivery, now: Instant, reason: str) -> Delivery:
    """(h) claimed or begun → unknown: the host that had claimed it is gone, and may have sent it before it was."""
    _require(delivery, State.CLAIMED, State.BEGUN)
    return _settle(delivery, State.UNKNOWN, now, error=reason)


def failed(delivery: Delivery, now: Instant, reason: str) -> Delivery:
    """(e) pending, claimed or begun → failed: certainly not delivered, and trying again would not help."""
    _require(delivery, State.PENDING, State.CLAIMED, State.BEGUN)
    return _settle(delivery, State.FAILED, now, error=reason)


def missed(delivery: Delivery, now: Instant, reason: str) -> Delivery:
    """(f) pending or claimed → missed: its limit for being late has passed."""
    _require(delivery, State.PENDING, State.CLAIMED)
    return _settle(delivery, State.MISSED, now, error=reason)


def called_off(delivery: Delivery, now: Instant, they_wrote_at: Instant, reason: str) -> Delivery:
    """(i) pending or claimed → missed, as its content asked for: they wrote first. Its status is `cancelled`."""
    _require(delivery, State.PENDING, State.CLAIMED)
    return _settle(delivery, State.MISSED, now, error=reason, they_wrote_at=they_wrote_at)


def retry(delivery: Delivery, reason: str) -> Delivery:
    """(g) claimed or begun → pending, next attempt: only after a certain and passing failure, or an edit to another
    time.

    Until when it was held goes with it: an attempt that failed does not make it later than it was allowed to be.
    """
    _require(delivery, State.CLAIMED, State.BEGUN)
    return Delivery(
        attempt=delivery.attempt + 1,
        confirmed=delivery.confirmed,
        confirmed_version=delivery.confirmed_version,
        handed_over_by=delivery.handed_over_by,
        step=delivery.step + 1,
        held_until=delivery.held_until,
        error=reason,
    )


def delivered(delivery: Delivery, at: Instant) -> Delivery:
    """The recipient's phone has it; the first such receipt counts."""
    _require(delivery, State.SENT)
    return delivery if delivery.delivered_at else _move(delivery, delivered_at=at)


def read(delivery: Delivery, at: Instant) -> Delivery:
    """The recipient has read it; a read message was also delivered."""
    _require(delivery, State.SENT)
    return delivery if delivery.read_at else _move(delivery, read_at=at, delivered_at=delivery.delivered_at or at)


def hint(delivery: Delivery, at: Instant) -> Delivery:
    """A receipt came that may be its own; it stays unknown, and the first such receipt counts."""
    _require(delivery, State.UNKNOWN)
    return delivery if delivery.hinted_at else _move(delivery, hinted_at=at)


def _require(delivery: Delivery, *states: State) -> None:
    if delivery.state not in states:
        raise UnlawfulMove(f"this needs a message that is {' or '.join(states)}, but it is {delivery.state}")


def _settle(delivery: Delivery, state: State, now: Instant, **changes: object) -> Delivery:
    changes = {"held_until": None, "held_reason": None} | changes
    return _move(delivery, state=state, settled_at=now, **changes)


def _move(delivery: Delivery, **changes: object) -> Delivery:
    return delivery.evolve(step=delivery.step + 1, **changes)
