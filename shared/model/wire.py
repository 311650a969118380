"""What web, tick, integrations and the session host say to one another over HTTP: requests and answers, strict."""

from enum import StrEnum
from typing import Any

from pydantic import Field

from shared.model.content import MAX_TEXT, About, Attachment
from shared.model.link import LinkStatus
from shared.model.message import IfLate, Message, Status, Verdict
from shared.model.values import Instant, Told, Value
from shared.model.versioned import RecordId

MAX_BATCH = 1000
"""Items in one handover; what does not fit goes with the next."""


class Handover(Value):
    """POST /api/v1/messages/batch: what is due, whole records without their delivery half; empty is a heartbeat."""

    by: str = Field(pattern=r"^(web|tick)$")
    now: Instant = Field(description="the sender's own clock, compared with the host's")
    items: tuple[dict[str, Any], ...] = Field(
        default=(), max_length=MAX_BATCH, description="messages as in scheduled.json"
    )


class Outcome(StrEnum):
    """What the host did with one item."""

    ACCEPTED = "accepted"
    KNOWN = "known"
    SUPERSEDED = "superseded"
    REFUSED = "refused"


class ItemAnswer(Told):
    """The host's answer for one item; `reason` is a sentence where it was refused."""

    id: str
    revision: int
    outcome: Outcome
    status: Status | None = None
    reason: str | None = None


class HandoverAnswer(Told):
    """What the tick and the web page learn from each handover, also an empty one."""

    now: Instant
    host: str
    items: tuple[ItemAnswer, ...] = ()
    link: LinkStatus
    last_fold: Instant | None = None
    last_tick: Instant | None = None
    overdue: int = 0
    clock_wrong_by: float | None = Field(
        default=None, description="seconds the host's clock is behind, where it holds every message for that"
    )
    problems: tuple[str, ...] = Field(default=(), description="what in the bucket cannot be read, for a person to see")


class NewMessage(Value):
    """POST /api/v1/messages: one message; without `sendAt` it is sent now. `id` makes the request repeatable."""

    id: RecordId | None = None
    to: str = Field(min_length=1, max_length=80)
    text: str = Field(default="", max_length=MAX_TEXT, alias="message")
    attachment: Attachment | None = None
    about: About | None = None
    send_at: Instant | None = Field(default=None, alias="scheduledTime")
    contact_name: str | None = Field(default=None, max_length=500)
    zone: str | None = Field(default=None, max_length=64)
    if_late: IfLate = IfLate()
    cancel_if_they_write_after: Instant | None = Field(
        default=None, description="not sent where somebody else has written in this chat after this instant"
    )


class MessageChange(Value):
    """PATCH /api/v1/messages/{id}: the fields to change, and the revision they were made from (409 if it is not the
    newest)."""

    revision: int = Field(ge=0)
    to: str | None = Field(default=None, min_length=1, max_length=80)
    text: str | None = Field(default=None, max_length=MAX_TEXT, alias="message")
    send_at: Instant | None = Field(default=None, alias="scheduledTime")
    cancelled: bool | None = None
    if_late: IfLate | None = None
    cancel_if_they_write_after: Instant | None = Field(default=None, description="null: it is sent all the same")


class Judgement(Value):
    """POST /api/v1/messages/{id}/verdict: what a person says of a message whose end is unknown; null takes it back."""

    verdict: Verdict | None


class StoredMedia(Value):
    """Answer to POST /api/v1/media: what an attachment needs to name this file, with what its own header says."""

    media: str
    mime: str
    size: int
    name: str | None = None
    width: int | None = None
    height: int | None = None
    seconds: int | None = None


class Group(Value):
    """A group this account is in; `id` is what `to` takes."""

    id: str
    name: str
    participants: int


class Groups(Value):
    """GET /api/v1/groups."""

    groups: tuple[Group, ...]


class Pair(Value):
    """POST /api/v1/link: with `phone` WhatsApp makes a code that is typed into that phone; without it, a QR code."""

    phone: str | None = Field(default=None, min_length=1, max_length=80)


class Takeover(Value):
    """POST /api/v1/host/takeover: from which host; it is the one that a person was shown and decided about."""

    other: str = Field(alias="from", min_length=1, max_length=200)


class Problem(Value):
    """RFC 9457 problem details: what happened and what to do, in a sentence each."""

    title: str
    status: int
    detail: str
    errors: tuple[dict[str, str], ...] = ()


def item_of(message: Message) -> dict[str, Any]:
    """A message as it is handed over: content only, the delivery half is the host's own."""
    return message.head().as_json()
