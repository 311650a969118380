"""The control port's language: what goes in and comes out, as frozen values shared by its server and its client."""

from datetime import datetime
from http import HTTPStatus
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from simulator.facts import Facts
from simulator.people import DELIVERED_AFTER_MS, READ_AFTER_MS
from simulator.sayings import Saying
from simulator.values import Value

Phone = Annotated[str, StringConstraints(pattern=r"^[1-9][0-9]{6,14}$")]
GroupName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.-]{1,64}(@g\.us)?$")]
ContactName = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"\S")]
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


PresenceState = Literal["online", "offline", "typing", "recording", "paused"]


class Presence(Value):
    """What a contact lets others see: it comes, goes, or types in the chat with an account (`to`) or in a group."""

    state: PresenceState
    to: Phone | None = None
    group: GroupName | None = None


class OwnPhone(Value):
    """An account's phone: its number and its owner's name."""

    phone: Phone
    name: Annotated[str, StringConstraints(min_length=1, max_length=200)] = "Owner"


class LinkCode(Value):
    """The code that a client shows is typed on the phone: the code, the phone's own number and its owner's name."""

    code: Annotated[str, StringConstraints(min_length=1, max_length=20)]
    phone: Phone
    name: Annotated[str, StringConstraints(min_length=1, max_length=200)] = "Owner"


class AddressBookName(Value):
    """The name of a contact in an account's address book; null takes it out. `account` where there are several."""

    name: ContactName | None
    account: Phone | None = None


class AddressBookEntry(Value):
    """A contact in an account's address book."""

    phone: Phone
    name: ContactName


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


Action = Literal[
    "drop",
    "no-ack",
    "late-ack",
    "double-ack",
    "nack",
    "close",
    "hang",
    "refuse",
    "garble",
    "repeat",
    "garbage",
    "stream-error",
    "unknown-receipt",
    "logout",
]
INSTEAD: frozenset[Action] = frozenset({"close", "garbage", "stream-error", "unknown-receipt", "logout"})
"""What comes instead of an answer."""
ANSWERED: frozenset[Action] = INSTEAD | {"drop", "no-ack", "late-ack", "double-ack", "nack", "hang"}
"""What can become of a stanza that a client sends."""
ACTIONS: dict[str, frozenset[Action]] = {
    "connect": frozenset({"refuse", "nack", "drop", "close", "hang"}),
    "handshake": frozenset({"close", "hang", "garble"}),
    "login": frozenset({"nack", "drop", "no-ack", "close", "hang"}),
    "line": INSTEAD | {"hang"},
    "delivery": frozenset({"garble", "repeat", "drop"}),
    "upload": frozenset({"nack", "late-ack", "close", "hang"}),
    "download": frozenset({"nack", "late-ack", "close", "hang"}),
}
"""What can be played where no stanza of a client is answered; `message` and app state have `garble` besides."""
APP_STATE = "w:sync:app:state"
"""The `xmlns` of a client's questions about the address book."""
_CODES = {"message": 479, "connect": 503, "login": 503}


def _usual_code(given: dict[str, Any]) -> int:
    return _CODES.get(given.get("stanza", ""), 500)


class FaultRule(Value):
    """A fault to play: where, what, how often, from when on. Which goes with which, `ACTIONS` says.

    `stanza`: the tag of what a client sends (`message`, `receipt`, `iq`, `presence`, ...), or a moment of its
    connection: `connect` (it dials), `handshake`, `login`, `line` (at once, or as soon as one is connected),
    `delivery` (a message on its way to it), `upload` and `download` (of a file).

    `action`: `drop` (the server never saw it), `no-ack` (done, but unanswered), `late-ack` (done, answered after
    `after_ms`), `double-ack` (answered twice, the second time `after_ms` later), `nack` (refused with `code`, not
    done), `close` (the connection breaks instead of an answer), `hang` (from here on nothing is answered), `refuse`
    (nobody listens, until the rule is taken back), `garble` (the ciphertext arrives damaged; for an `iq` about app
    state: its answer does), `repeat` (it is delivered twice), `garbage` (a frame that no client can read),
    `stream-error` (with `code` and `conflict`; the connection stays open), `unknown-receipt` (a receipt of
    `receipt_type`), `logout` (the phone unlinks the device).
    Those that come instead of an answer leave the stanza undone, unless `deliver`.

    `times`: null is until taken back. `starts_after_ms`: in force only then. `xmlns` and `inner` (the tag of its first
    child) narrow an `iq`, `to` (a phone number) a `message`. `ban_code` and `ban_seconds` go with a login refused
    with 402.
    """

    stanza: Annotated[str, StringConstraints(pattern=r"^[a-z:]{1,30}$")] = "message"
    action: Action
    times: Annotated[int, Field(ge=1)] | None = 1
    code: int = Field(default_factory=_usual_code, ge=400, le=599)
    after_ms: Delay = 0
    starts_after_ms: Delay = 0
    deliver: bool = False
    xmlns: str | None = None
    inner: str | None = None
    to: Phone | None = None
    conflict: Literal["replaced", "device_removed"] | None = None
    ban_code: Annotated[int, Field(ge=0, le=999)] | None = None
    ban_seconds: Annotated[int, Field(ge=0, le=31_536_000)] | None = None
    receipt_type: Annotated[str, StringConstraints(pattern=r"^[a-z-]{1,30}$")] = "server-error"

    @model_validator(mode="after")
    def _can_be_played(self) -> Self:
        possible = ACTIONS.get(self.stanza, ANSWERED)
        if self.stanza == "message" or (self.stanza, self.xmlns) == ("iq", APP_STATE):
            possible |= {"garble"}
        if self.action not in possible:
            raise ValueError(f"{self.stanza} can only be played with {', '.join(sorted(possible))}")
        if self.stanza == "connect" and self.code not in {status.value for status in HTTPStatus}:
            raise ValueError("connect is refused with a status that HTTP has")
        if self.action == "refuse" and self.times is not None:
            raise ValueError("refuse lasts until it is taken back: times must be null")
        for field, fits in self._narrow().items():
            if getattr(self, field) not in (None, False, 0) and not fits:
                raise ValueError(f"{field} does not go with {self.action} of {self.stanza}")
        return self

    def _narrow(self) -> dict[str, bool]:
        """Each field that only some rules can use, and whether this one can."""
        ban = self.stanza == "login" and self.action == "nack" and self.code == 402
        return {
            "after_ms": self.action in ("late-ack", "double-ack"),
            "deliver": self.action in INSTEAD and self.stanza not in ACTIONS,
            "xmlns": self.stanza == "iq",
            "inner": self.stanza == "iq",
            "to": self.stanza == "message",
            "conflict": self.action == "stream-error",
            "ban_code": ban,
            "ban_seconds": ban,
        }


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
