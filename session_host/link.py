"""What the rest of the host may ask of the WhatsApp connection.

`whatsapp.py` is the real one; the tests have a fake that is held to the same contract.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple, Protocol, runtime_checkable

from session_host.outgoing import Outgoing
from shared.model.address import Address, BadAddress
from shared.model.link import LinkStatus
from shared.model.values import Instant, Value
from shared.model.wire import Group


class Refused(Exception):
    """The link must not be started here; the text says why and what to do, in one sentence."""


class Reason(StrEnum):
    """Why a message did not go, for programs: what a sentence cannot tell them."""

    NOT_CONNECTED = "not-connected"
    NOT_LINKED = "not-linked"
    NO_ACCOUNT = "no-account"
    NOT_IN_GROUP = "not-in-group"
    STRANGERS_LOCKED = "strangers-locked"
    SLOW_DOWN = "slow-down"
    REFUSED = "refused"
    TROUBLE_THERE = "trouble-there"
    BAD_TEXT = "bad-text"
    NO_FILE = "no-file"
    NOT_UPLOADED = "not-uploaded"
    NO_ANSWER = "no-answer"
    UNRECOGNISED = "unrecognised"


class SendFailed(Exception):
    """WhatsApp did not take a message. The text is one sentence for people.

    permanent: trying again will not help. certain: nothing was delivered, for certain; otherwise it may have been.
    reason: the same for programs.
    """

    def __init__(self, sentence: str, *, permanent: bool, certain: bool, reason: Reason = Reason.UNRECOGNISED) -> None:
        super().__init__(sentence)
        self.permanent = permanent
        self.certain = certain
        self.reason = reason


class Sent(NamedTuple):
    """WhatsApp's server has acknowledged a message under this id."""

    message_id: str


class ReceiptKind(StrEnum):
    """What the recipient's phone told us."""

    DELIVERED = "delivered"
    READ = "read"


class Receipt(Value):
    """One receipt: matched by message id, for it names its chat by a hidden number (LID) only, stored like `to`.

    `at` is WhatsApp's time, aware UTC.
    """

    message_ids: tuple[str, ...]
    chat: str | None = None
    kind: ReceiptKind
    at: Instant


class Arrival(Value):
    """A message that reached this device. Not `readable`: it could not be decrypted, and its sender is asked again.

    One that is sent again comes under the same id. `chat` as WhatsApp names it; `at` is WhatsApp's time, aware UTC.
    """

    message_id: str
    chat: str
    at: Instant
    readable: bool


class NoCode(Exception):
    """There is no code to type now; the text says why and what to do, in one sentence."""


class Pairing(Value):
    """A code to show now, a secret that is never logged: a QR code's text, and one to type where that was asked for.

    What is shown is useless after `expires_at`.
    """

    qr: str
    expires_at: Instant
    code: str | None = None


class Ears(NamedTuple):
    """Who hears of what. All but `status` run on WhatsApp's event thread, which waits: store it and return.

    status: once for each change of state, in order, on the link's own thread. event: the name and the bytes of each
    event of `link_events.KEPT`, before anything else is done with it; where it answers True, it has been kept, and is
    read later with `Link.parse`: neither `receipt` nor `arrival` is told of it. lost: the library has ended the session
    with an error, and what it had confirmed to WhatsApp meanwhile is lost. None of them may call `Link.stop`.
    """

    receipt: Callable[[Receipt], None] = lambda _: None
    status: Callable[[LinkStatus], None] = lambda _: None
    arrival: Callable[[Arrival], None] = lambda _: None
    event: Callable[[str, bytes], bool] = lambda _name, _data: False
    lost: Callable[[], None] = lambda: None


class Link(Protocol):
    """One WhatsApp account's connection. Every method may be called from any thread and never kills the process.

    In the state `stuck` only a new process helps: who owns the link then ends this one. Nothing is lost by that.
    """

    def prepare(self) -> None:
        """Make ready to connect, and stay away from WhatsApp. Raises Refused where the link must not run, OSError."""

    def start(self) -> None:
        """Connect, or begin pairing; what follows is seen in `status`. Raises what `prepare` raises.

        Called again, it means "try now" where the link waits for a person (replaced, banned, outdated, unlinked);
        while a code to type is shown, it means the QR code instead; while a connection is there or on its way, nothing.
        """

    def pair_by_code(self, phone: Address) -> Pairing:
        """Have WhatsApp make a code that is typed into the phone of this number; blocks until it is there (up to 75 s).

        The code is good for at least two minutes. Raises NoCode, what `prepare` raises.
        """

    def rest(self) -> None:
        """Let a send in hand finish, disconnect, stay away from WhatsApp until `start`; returns at once."""

    def stop(self, seconds: float) -> None:
        """Let a send in hand finish, disconnect, return within about this many seconds. There is no start after it."""

    def status(self) -> LinkStatus:
        """The state in words, from events and evidence, never from one flag."""

    def phone_seen(self, last: datetime | None) -> None:
        """When our own phone was seen last (aware UTC), where that is too long ago; None while it is there.

        Connected, the link is then `phone-silent`, and connected again. Elsewhere it does nothing: tell it again.
        """

    def own_number(self) -> str | None:
        """The linked account's number in digits, None while not linked."""

    def pairing(self) -> Pairing | None:
        """The code to show, None while there is none.

        Asking is what keeps codes coming: once they have run out (after three minutes) or the device was logged out,
        the next call begins a new round. Not so where `status().detail` says what went wrong: then `start` does.
        """

    def logout(self) -> None:
        """Unlink this device from the phone; messages wait. Raises SendFailed with a sentence where it could not."""

    def is_registered(self, to: Address) -> bool | None:
        """Whether a phone number is on WhatsApp; None where it could not be asked now."""

    def groups(self) -> tuple[Group, ...]:
        """The groups this account is in, by name. Raises SendFailed with a sentence where they could not be asked."""

    def given_names(self) -> Mapping[str, str]:
        """What the owner's phone calls people, by their WhatsApp addresses (of a number, rarely a hidden one).

        A name that the owner took back may stay; without any, this device may not have been told yet. Raises SendFailed
        with a sentence where they could not be read.
        """

    def make_ready(self, what: Outgoing) -> None:
        """Upload the file of what is to be sent, if it has one and is not uploaded; nobody hears of it.

        Raises SendFailed, always certain. Another caller's sends go on meanwhile.
        """

    def send(self, to: Address, what: Outgoing) -> Sent:
        """Send one message and wait for the server's acknowledgement (up to 90 s); first `make_ready`.

        Raises SendFailed. Sends are serial: a second caller waits for the first. While `status().sends` is false it
        fails at once.
        """

    def listen(self, ears: Ears) -> None:
        """Register who hears of what happens; before `prepare`."""

    def parse(self, name: str, data: bytes) -> Any:
        """The library's own event that `Ears.event` was given, at any time after `prepare`. Raises ValueError."""


@runtime_checkable
class KnowsChats(Protocol):
    """What a link may know besides: by which hidden number receipts name a recipient's chat."""

    def chat_of(self, to: Address) -> str | None:
        """The chat that a receipt of this recipient names, as stored in `to`; None where that is not known now."""

    def number_of(self, hidden: Address) -> str | None:
        """The phone number behind a hidden number (LID), as stored in `to`; None where that is not known now."""


def chat_names(link: Link, to: str) -> tuple[Address, str | None] | None:
    """A stored recipient, and the hidden number of its chat where the link knows one; None where it is no address."""
    try:
        address = Address.from_stored(to)
    except BadAddress:
        return None
    return address, link.chat_of(address) if isinstance(link, KnowsChats) else None
