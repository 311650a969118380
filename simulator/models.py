"""The control port's language: what goes in and comes out, as frozen values shared by its server and its client."""

from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from simulator.facts import Facts
from simulator.people import DELIVERED_AFTER_MS, READ_AFTER_MS
from simulator.sayings import Saying
from simulator.values import Value

Phone = Annotated[str, StringConstraints(pattern=r"^[1-9][0-9]{6,14}$")]
GroupName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.-]{1,64}(@g\.us)?$")]
Delay = Annotated[int, Field(ge=0, le=86_400_000)]


class ReadyFile(Value):
    """What a started simulator writes for those who use it."""

    websocket: str
    control: str
    token: str
    root_key: Annotated[str, Field(alias="rootKey", pattern=r"^[0-9a-f]{64}$")]
    media_ca: Annotated[
        Path | None, Field(alias="mediaCa", description="the certificate that signs the media server's, PEM")
    ] = None
    pid: int


class ContactChange(Value):
    """A contact to add or to change; delays in milliseconds, null means never."""

    name: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    registered: bool = True
    delivered_after_ms: Delay | None = DELIVERED_AFTER_MS
    read_after_ms: Delay | None = READ_AFTER_MS
    devices: Annotated[int, Field(ge=1, le=5)] = 1


class Contact(ContactChange):
    """A contact as it is."""

    phone: Phone
    lid: str


class InboxItem(Facts):
    """A message that a contact's phone has decrypted; `received_at` is when it reached the server, UTC."""

    id: str
    text: str
    kind: str
    from_: Annotated[str, Field(alias="from")]
    sender_device: int
    received_at: datetime
    status: str
    group: str | None = Field(None, description="the group's address, for what was said in one")
    devices: tuple[int, ...] = Field((0,), description="which of the contact's devices have decrypted it")
    robot: bool = Field(description="the contact sees an AI badge: the client ran without NEONIZE_BOT_TAG=off")
    decrypted: Literal[True] = True


class ChatItem(Facts):
    """A message on the owner's own phone; `chat` is the other side's number or the group's address."""

    id: str
    chat: str
    text: str
    kind: str
    from_me: bool
    from_: Annotated[str | None, Field(alias="from", description="the speaker's number")] = None
    sender_device: int
    at: datetime
    status: str


class TextToSend(Saying):
    """Something a contact says; `to` is the account's number, needed where there are several.

    With `times` above 1 it is said so often in a row, each time with its number after the text. `group` is a group's
    name or id, where it is said in one; `device` the number of the contact's device that says it.
    """

    to: Phone | None = None
    group: GroupName | None = None
    device: Annotated[int, Field(ge=0, le=4)] = 0
    times: Annotated[int, Field(ge=1, le=10_000)] = 1


class PhoneText(Saying):
    """Something the owner sends from the phone itself, to a number or to a group (its name or id)."""

    to: Phone | None = None
    group: GroupName | None = None
    phone: Phone | None = None

    @model_validator(mode="after")
    def _goes_somewhere(self) -> Self:
        if (self.to is None) is (self.group is None):
            raise ValueError("exactly one of `to` and `group` says where it goes")
        return self


class GroupChange(Value):
    """A group to add or to change; the account's owner is in it and need not be named."""

    subject: Annotated[str, StringConstraints(min_length=1, max_length=100)]
    participants: Annotated[tuple[Phone, ...], Field(max_length=1024)]
    account: Phone | None = None


class GroupView(Value):
    """A group as it is; `participants` are all of its members."""

    name: str
    id: str
    address: str
    subject: str
    participants: tuple[str, ...]


class Sent(Value):
    """The id of the (last) message that was sent, and how many linked devices it goes to."""

    id: str
    devices: int


class Scan(Value):
    """The phone scans a QR code: its text, the phone's own number and its owner's name."""

    qr: str
    phone: Phone
    name: Annotated[str, StringConstraints(min_length=1, max_length=200)] = "Owner"


class LinkCode(Value):
    """The code that a client shows is typed on the phone: the code, the phone's own number and its owner's name."""

    code: Annotated[str, StringConstraints(min_length=1, max_length=20)]
    phone: Phone
    name: Annotated[str, StringConstraints(min_length=1, max_length=200)] = "Owner"


class Linked(Value):
    """A device that the phone has linked."""

    phone: str
    lid: str
    device: int


class WhichAccount(Value):
    """Names an account where there are several."""

    phone: Phone | None = None


class Count(Value):
    """How many were touched."""

    count: int


class Account(Value):
    """An account: its phone, its linked devices and which of them are connected now."""

    phone: str
    lid: str
    name: str
    devices: list[int]
    connected: list[int]
    waiting: dict[int, int] = Field(description="stanzas not yet confirmed, by device")


class State(Value):
    """The simulator at a glance."""

    accounts: list[Account]
    contacts: int
    waiting_for_scan: int = Field(description="unlinked clients that show a QR code now")
    last_event: int


class Happening(Value):
    """Something that happened; see the README for the kinds."""

    number: int
    at: datetime
    kind: str
    account: str | None = None
    detail: dict[str, str | int | bool | None] = Field(default_factory=dict)


class HappeningList(Value):
    """Happenings in order; `last` is the number to ask after next."""

    events: list[Happening]
    last: int


class FaultRule(Value):
    """A fault to play: on which stanzas from the client, what, how often.

    `stanza`: a tag (`message`, `receipt`, `iq`, `presence`, ...), or `login` or `connect` for its first steps.
    `action`: `drop` (the server never saw it), `no-ack` (done, but unanswered), `late-ack` (done, answered after
    `after_ms`), `nack` (refused with `code`, not done), `close` (the connection breaks instead of an answer; done
    first if `deliver`), `garble` (the ciphertext arrives damaged; only for `message` and for `delivery`, which is a
    message on its way to the client). `times`: null is without end. `xmlns` narrows an `iq`, `to` (a phone number) a
    `message`.
    """

    stanza: Annotated[str, StringConstraints(pattern=r"^[a-z:]{1,30}$")] = "message"
    action: Literal["drop", "no-ack", "late-ack", "nack", "close", "garble"]
    times: Annotated[int, Field(ge=1)] | None = 1
    code: Annotated[int, Field(ge=400, le=599)] = 479
    after_ms: Delay = 0
    deliver: bool = False
    xmlns: str | None = None
    to: Phone | None = None

    @model_validator(mode="after")
    def _can_be_played(self) -> Self:
        if (self.action == "garble" and self.stanza not in ("message", "delivery")) or (
            self.stanza == "delivery" and self.action != "garble"
        ):
            raise ValueError("garble is for message and delivery, and delivery can only be garbled")
        return self


class Fault(FaultRule):
    """A fault rule in force: its number and how often it has been played."""

    number: int
    played: int = 0


class Problem(BaseModel):
    """RFC 9457: what went wrong."""

    model_config = ConfigDict(frozen=True)

    type: str = "about:blank"
    title: str
    status: int
    detail: str
