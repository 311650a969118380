"""A message: what someone asked to be sent, to whom and when (content), and what became of it (delivery).

In JSON it is one flat object that the old system's readers understand: `status`, `sentAt` and `error` are derived
from the delivery half each time it is written, and read back from old records that have no delivery half.
"""

import re
from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum
from typing import Any, Self

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer, model_validator

from shared.model.content import About, Act, Attachment, label
from shared.model.lifecycle import Delivery, State
from shared.model.sentence import said
from shared.model.values import Instant, Value, print_instant
from shared.model.versioned import Versioned

_OURS = {"revision", "version", "replaces", "conflicts", "delivery"}
"""What no record of the old system has; where one of these is, the status is derived and decides nothing."""

_CANCELLED = ("cancelled", "canceled")

CONFIRMED_WITHIN = timedelta(hours=1)
"""How soon a phone that is on confirms what reached it."""

UNCONFIRMED = said(
    "WhatsApp's server took it, but their phone has not confirmed it: it may be off, or waiting for this message."
)


class Status(StrEnum):
    """What a message is called in scheduled.json and on every page: derived, never stored as a truth of its own."""

    PENDING = "pending"
    CLAIMED = "claimed"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    MISSED = "missed"
    UNKNOWN = "unknown"
    CANCELLED = "cancelled"


class LatePolicy(StrEnum):
    """What to do when its second has passed and it could not be sent."""

    WITHIN = "within"
    ON_TIME = "on-time"
    ASK = "ask"


class Verdict(StrEnum):
    """What a person found out about a message whose end is unknown."""

    ARRIVED = "arrived"
    NOT_ARRIVED = "not-arrived"


class IfLate(Value):
    """Send up to `hours` late (within), only on time (up to a minute), or ask the owner."""

    policy: LatePolicy = LatePolicy.WITHIN
    hours: float = Field(default=6, gt=0, le=24 * 30)


class Message(Versioned):
    """One message; `send_at` is an aware UTC instant, `wall_time` with `zone` what the person meant by it."""

    to: str = Field(min_length=1, max_length=80, description="digits with country code, or a WhatsApp address with @")
    contact_name: str | None = Field(default=None, max_length=500)
    text: str = Field(
        alias="message", description="with an attachment its caption; of an act the emoji or the new text"
    )
    attachment: Attachment | None = None
    about: About | None = Field(default=None, description="another message that this one answers or changes")
    send_at: Instant = Field(alias="scheduledTime")
    wall_time: str | None = Field(default=None, pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?$")
    zone: str | None = Field(default=None, max_length=64)
    if_late: IfLate = IfLate()
    cancel_if_they_write_after: Instant | None = Field(
        default=None, description="it is not sent where somebody else has written in this chat after this instant"
    )
    cancelled: bool = Field(default=False, description="of one that failed or was missed: its owner is done with it")
    verdict: Verdict | None = Field(default=None, description="of one whose end is unknown: what a person says of it")
    created_at: Instant | None = None
    created_from: str | None = None
    delivery: Delivery = Delivery()

    @property
    def ended(self) -> bool:
        return self.cancelled

    @property
    def gives_way(self) -> bool:
        """Its series made this content (see occurrences): nobody has edited, moved or skipped it."""
        return self.version.startswith("@")

    @property
    def order(self) -> tuple[int, bool, str]:
        """Of two contents that its series made the newer counts, whether it withdraws the message or brings it back."""
        return (self.revision, self.cancelled and not self.gives_way, self.version)

    @property
    def status(self) -> Status:
        """The word for where it stands. A cancel counts once the host has confirmed it, see `asked_to_cancel`."""
        state = self.delivery.state
        if (state.open and self.cancelled and self.confirmed) or self.delivery.called_off:
            return Status.CANCELLED
        return Status.SENDING if state is State.BEGUN else Status(state.value)

    def unconfirmed_delivery(self, now: Instant) -> bool:
        """It was sent to a person over an hour ago, and no phone has confirmed it: `UNCONFIRMED` says what that means.

        A send may succeed though the contact got no copy, and only this tells. Not for groups, nor for changes of
        another message; what the old system sent was never watched for receipts.
        """
        half = self.delivery
        if half.state is not State.SENT or half.delivered_at or half.sent_at is None or half.message_id is None:
            return False
        changes = self.about is not None and self.about.act is not Act.REPLY
        return not (changes or self.to.endswith("@g.us")) and now - half.sent_at > CONFIRMED_WITHIN

    @property
    def label(self) -> str:
        """What kind of message it is, for people; empty for a text."""
        return label(self.attachment, self.about)

    @property
    def confirmed(self) -> bool:
        """The host has read exactly this content and obeys it; of another one of the same revision that says nothing.

        Where its record is from before versions were named, the revision decides.
        """
        named, revision = self.delivery.confirmed_version, self.delivery.confirmed
        return revision >= self.revision if named is None else (revision, named) == (self.revision, self.version)

    @property
    def asked_to_cancel(self) -> bool:
        """Somebody cancelled it and the host has not answered yet."""
        return self.cancelled and self.delivery.state.open and not self.confirmed

    @property
    def asked_to_change(self) -> bool:
        """It was edited and the host has not confirmed the edit yet."""
        return bool(self.replaces) and self.delivery.state.open and not self.confirmed

    @property
    def open(self) -> bool:
        """It still may be sent, now or later."""
        return self.delivery.state.open and self.status is not Status.CANCELLED

    def head(self) -> Self:
        return self.evolve(replaces=(), conflicts=(), delivery=Delivery())

    def merge_rest(self, other: Self) -> dict[str, Any]:
        return {"delivery": self.delivery.merged(other.delivery)}

    @model_validator(mode="before")
    @classmethod
    def _read_old(cls, data: Any) -> Any:
        """A record of the old system, or one of ours: what is derived is dropped, an old status becomes a delivery."""
        if not isinstance(data, Mapping):
            return data
        fields = dict(data)
        status, sent_at, error = (fields.pop(name, None) for name in ("status", "sentAt", "error"))
        fields.pop("unconfirmedDelivery", None)
        if "delivery" not in fields and status in ("sent", "failed"):
            fields["delivery"] = {"state": status, "sentAt": sent_at, "settledAt": sent_at, "error": error}
        elif _OURS.isdisjoint(fields) and status in _CANCELLED:
            fields["cancelled"] = True
        elif _OURS.isdisjoint(fields) and (reason := not_certain(status)):
            fields["delivery"] = {"state": State.UNKNOWN, "error": reason}
        return fields

    @model_serializer(mode="wrap")
    def _write_derived(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        fields: dict[str, Any] = write(self)
        fields["status"] = str(self.status)
        for name, value in (("sentAt", self.delivery.sent_at), ("error", self.delivery.error)):
            if value is not None:
                fields[name] = value if isinstance(value, str) else print_instant(value)
        return fields


def not_certain(status: Any) -> str | None:
    """Why a record with this status of the old system may have been sent already; None where it says what became of it.

    >>> not_certain("sending")
    "The old system left it as 'sending': it may have been sent."
    """
    if status in (None, "", "pending", "sent", "failed", *_CANCELLED):
        return None
    word = re.sub(r"[^A-Za-z0-9 _-]", "", status)[:40].strip() if isinstance(status, str) else ""
    left = f"as {word!r}" if word else "in a state that is none"
    return f"The old system left it {left}: it may have been sent."
