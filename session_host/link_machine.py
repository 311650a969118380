"""The states of the WhatsApp link and every move between them, as one table: what happened, when, and what follows.

Pure: no clock, no thread, no library. A row of the table says for each state either the move, or why what happened
changes nothing there. `after` reads the table; the supervisor carries its orders out.
"""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import NamedTuple

from shared.model.link import Link, LinkStatus, describe
from shared.model.values import Instant, Value


class Kind(StrEnum):
    """What can happen to the link: asked by people, told by WhatsApp, or seen by the host itself."""

    START = "start"
    STAND_BY = "stand-by"
    WANTED = "wanted"
    STOP = "stop"
    UNLINKED_HERE = "unlinked-here"

    CODE = "code"
    CODES_ENDED = "codes-ended"
    PAIRING_FAILED = "pairing-failed"
    PAIRED = "paired"
    CONNECTED = "connected"
    CATCHING_UP = "catching-up"
    CAUGHT_UP = "caught-up"
    DISCONNECTED = "disconnected"
    UNANSWERED = "unanswered"
    ANSWERED = "answered"
    STREAM_ERROR = "stream-error"
    REPLACED = "replaced"
    LOGGED_OUT = "logged-out"
    BANNED = "banned"
    OUTDATED = "outdated"
    NEEDS_PASSKEY = "needs-passkey"
    PHONE_SILENT = "phone-silent"
    PHONE_SEEN = "phone-seen"

    DIAL_FAILED = "dial-failed"
    ENDED = "ended"
    OVERDUE = "overdue"
    DEAF = "deaf"
    SEND_OVERDUE = "send-overdue"
    CANNOT_END = "cannot-end"
    WORN_OUT = "worn-out"


MEANING: Mapping[Kind, str] = {
    Kind.START: "a person, or the host that has come to lead, asks for the connection",
    Kind.STAND_BY: "another host may lead this account",
    Kind.WANTED: "somebody looks for a QR code",
    Kind.STOP: "the host is stopping",
    Kind.UNLINKED_HERE: "a person has logged this device out from here",
    Kind.CODE: "a QR code to show",
    Kind.CODES_ENDED: "the last QR code has run out, or the server hung up while one was shown",
    Kind.PAIRING_FAILED: "a scan did not lead to a link",
    Kind.PAIRED: "a phone has scanned the code",
    Kind.CONNECTED: "logged in",
    Kind.CATCHING_UP: "messages that came in while away are on their way",
    Kind.CAUGHT_UP: "the last of them has come",
    Kind.DISCONNECTED: "the connection broke; the library tries again by itself",
    Kind.UNANSWERED: "a sign of life was not answered",
    Kind.ANSWERED: "signs of life are answered again",
    Kind.STREAM_ERROR: "the server ended the stream with an error",
    Kind.REPLACED: "another program uses this linked device",
    Kind.LOGGED_OUT: "the phone or WhatsApp has unlinked this device",
    Kind.BANNED: "WhatsApp has banned the account, for a time or for good",
    Kind.OUTDATED: "WhatsApp does not accept this version of the client",
    Kind.NEEDS_PASSKEY: "the account asks for a passkey to link a device",
    Kind.PHONE_SILENT: "nothing has come from our own phone for twelve days",
    Kind.PHONE_SEEN: "something has come from our own phone again",
    Kind.DIAL_FAILED: "the first connection of a session could not be made, or a login was refused",
    Kind.ENDED: "the library ended the session without being asked",
    Kind.OVERDUE: "the state has lasted longer than it may",
    Kind.DEAF: "two signs of life in a row were not answered",
    Kind.SEND_OVERDUE: "a send has not come back within its limit",
    Kind.CANNOT_END: "a session or a send did not end when told to",
    Kind.WORN_OUT: "this process has made as many sessions as it may",
}


class Order(StrEnum):
    """What the supervisor does about the session."""

    KEEP = "keep"  # nothing: the library carries on
    DIAL = "dial"  # end the session there is, make a new one
    REST = "rest"  # end the session there is, stay down
    REPLACE = "replace"  # this process can do no more: its owner replaces it


class Move(NamedTuple):
    """To a state (None: the same), with an order."""

    to: Link | None
    order: Order = Order.KEEP


class Happening(Value):
    """One thing that happened; `detail` is for people, `until` is when a code or a ban ends."""

    kind: Kind
    detail: str | None = None
    until: Instant | None = None


class Step(NamedTuple):
    """The state afterwards, and what to do."""

    status: LinkStatus
    order: Order


EVERY = frozenset(Link)
UP = frozenset({Link.CONNECTED, Link.CATCHING_UP, Link.PHONE_SILENT})
TRYING = frozenset({Link.CONNECTING, Link.RECONNECTING})
SESSION = UP | TRYING | {Link.PAIRING}
WAITING = frozenset(
    {
        Link.STANDBY,
        Link.UNLINKED,
        Link.REPLACED,
        Link.LOGGED_OUT,
        Link.BANNED,
        Link.OUTDATED,
        Link.NEEDS_PASSKEY,
    }
)
LEAVING = frozenset({Link.STUCK, Link.STOPPED})
NEVER_BEGUN = "there is no session before the start"
HUNG_UP = "the session this speaks of has been ended; what it still says is old"
GOING = "this process is on its way out"
ALREADY = "it is so already"

Row = dict[Link, Move | str]
"""For each state the move, or the reason why nothing changes."""


def _row(*moves: tuple[Iterable[Link], Move], ignored: Mapping[Iterable[Link], str] | None = None) -> Row:
    """A row: the moves, what is ignored here, and for the states left over the common reasons."""
    row: Row = {Link.STARTING: NEVER_BEGUN, **dict.fromkeys(WAITING, HUNG_UP), **dict.fromkeys(LEAVING, GOING)}
    for states, reason in (ignored or {}).items():
        row.update(dict.fromkeys(states, reason))
    for states, move in moves:
        row.update(dict.fromkeys(states, move))
    return row


def _of(*states: Link) -> frozenset[Link]:
    return frozenset(states)


_NOT_PAIRING = "no code is shown"
_STILL_TRYING = "it is being tried already"

TABLE: Mapping[Kind, Row] = {
    Kind.START: _row(
        (WAITING | {Link.STARTING}, Move(Link.CONNECTING, Order.DIAL)),
        ignored={UP | {Link.PAIRING}: "there is a connection", TRYING: _STILL_TRYING},
    ),
    Kind.STAND_BY: _row(
        (EVERY - LEAVING - {Link.STANDBY}, Move(Link.STANDBY, Order.REST)), ignored={_of(Link.STANDBY): ALREADY}
    ),
    Kind.WANTED: _row(
        (_of(Link.UNLINKED, Link.LOGGED_OUT), Move(Link.CONNECTING, Order.DIAL)),
        ignored={
            SESSION: "there is a session, which shows a code if it needs one",
            _of(
                Link.REPLACED, Link.BANNED, Link.OUTDATED, Link.NEEDS_PASSKEY
            ): "looking must not undo what waits for a decision",
            _of(Link.STANDBY): "only who leads may show a code",
        },
    ),
    Kind.STOP: _row((EVERY - {Link.STOPPED}, Move(Link.STOPPED, Order.REST)), ignored={_of(Link.STOPPED): ALREADY}),
    Kind.UNLINKED_HERE: _row((SESSION, Move(Link.UNLINKED, Order.REST))),
    Kind.CODE: _row(
        (TRYING, Move(Link.PAIRING)), (_of(Link.PAIRING), Move(None)), ignored={UP: "a linked session shows no code"}
    ),
    Kind.CODES_ENDED: _row((_of(Link.PAIRING), Move(Link.UNLINKED, Order.REST)), ignored={UP | TRYING: _NOT_PAIRING}),
    Kind.PAIRING_FAILED: _row((TRYING | {Link.PAIRING}, Move(Link.UNLINKED, Order.REST)), ignored={UP: _NOT_PAIRING}),
    Kind.PAIRED: _row((_of(Link.PAIRING), Move(Link.CONNECTING)), ignored={UP | TRYING: ALREADY}),
    Kind.CONNECTED: _row((TRYING | {Link.PAIRING}, Move(Link.CONNECTED)), ignored={UP: ALREADY}),
    Kind.CATCHING_UP: _row(
        (_of(Link.CONNECTED, Link.PHONE_SILENT), Move(Link.CATCHING_UP)),
        ignored={
            _of(Link.CATCHING_UP): ALREADY,
            TRYING | {Link.PAIRING}: "only a login that is complete lets anything be sent",
        },
    ),
    Kind.CAUGHT_UP: _row(
        (_of(Link.CATCHING_UP), Move(Link.CONNECTED)),
        ignored={
            _of(Link.CONNECTED, Link.PHONE_SILENT): ALREADY,
            TRYING | {Link.PAIRING}: "only a login that is complete lets anything be sent",
        },
    ),
    Kind.DISCONNECTED: _row(
        (UP, Move(Link.RECONNECTING)),
        ignored={TRYING: _STILL_TRYING, _of(Link.PAIRING): "the end of the codes says it, in this session or the next"},
    ),
    Kind.UNANSWERED: _row(
        (UP, Move(Link.RECONNECTING)),
        ignored={TRYING: _STILL_TRYING, _of(Link.PAIRING): "the codes have a clock of their own"},
    ),
    Kind.ANSWERED: _row(
        (_of(Link.RECONNECTING), Move(Link.CONNECTED)),
        ignored={
            UP: ALREADY,
            _of(Link.CONNECTING, Link.PAIRING): "only a login that is complete lets anything be sent",
        },
    ),
    Kind.STREAM_ERROR: _row(
        (UP | {Link.RECONNECTING}, Move(Link.RECONNECTING, Order.DIAL)),
        (_of(Link.CONNECTING), Move(Link.CONNECTING, Order.DIAL)),
        (_of(Link.PAIRING), Move(Link.UNLINKED, Order.REST)),
    ),
    Kind.REPLACED: _row((SESSION, Move(Link.REPLACED, Order.REST))),
    Kind.LOGGED_OUT: _row((SESSION, Move(Link.LOGGED_OUT, Order.REST))),
    Kind.BANNED: _row((SESSION, Move(Link.BANNED, Order.REST))),
    Kind.OUTDATED: _row((SESSION, Move(Link.OUTDATED, Order.REST))),
    Kind.NEEDS_PASSKEY: _row(
        (TRYING | {Link.PAIRING}, Move(Link.NEEDS_PASSKEY, Order.REST)), ignored={UP: _NOT_PAIRING}
    ),
    Kind.PHONE_SILENT: _row(
        (_of(Link.CONNECTED), Move(Link.PHONE_SILENT)),
        ignored={
            _of(Link.PHONE_SILENT): ALREADY,
            _of(Link.CATCHING_UP): "what is still to come may be the phone's",
            TRYING | {Link.PAIRING}: "only a login that is complete lets anything be sent",
        },
    ),
    Kind.PHONE_SEEN: _row(
        (_of(Link.PHONE_SILENT), Move(Link.CONNECTED)), ignored={SESSION - {Link.PHONE_SILENT}: "it was not missed"}
    ),
    Kind.DIAL_FAILED: _row(
        (TRYING, Move(None, Order.DIAL)),
        (_of(Link.PAIRING), Move(Link.UNLINKED, Order.REST)),
        ignored={UP: "only a session that is not up can fail to come up"},
    ),
    Kind.ENDED: _row(
        (UP | {Link.RECONNECTING}, Move(Link.RECONNECTING, Order.DIAL)),
        (_of(Link.CONNECTING), Move(Link.CONNECTING, Order.DIAL)),
        (_of(Link.PAIRING), Move(Link.UNLINKED, Order.REST)),
    ),
    Kind.OVERDUE: _row(
        (TRYING, Move(None, Order.DIAL)),
        (_of(Link.CATCHING_UP), Move(Link.CONNECTED)),
        (_of(Link.PAIRING), Move(Link.UNLINKED, Order.REST)),
        (_of(Link.BANNED), Move(Link.CONNECTING, Order.DIAL)),
        ignored={
            _of(Link.CONNECTED, Link.PHONE_SILENT): "may last for ever",
            WAITING - {Link.BANNED, Link.STANDBY}: "waits for a person",
            _of(Link.STANDBY): "waits for the lead",
        },
    ),
    Kind.DEAF: _row(
        (UP | {Link.RECONNECTING}, Move(Link.RECONNECTING, Order.DIAL)),
        (_of(Link.CONNECTING), Move(Link.CONNECTING, Order.DIAL)),
        ignored={_of(Link.PAIRING): "the codes have a clock of their own"},
    ),
    Kind.SEND_OVERDUE: _row(
        (UP | {Link.RECONNECTING}, Move(Link.RECONNECTING, Order.DIAL)),
        ignored={_of(Link.CONNECTING, Link.PAIRING): "the session it was begun in has been ended"},
    ),
    Kind.CANNOT_END: _row(
        (EVERY - LEAVING, Move(Link.STUCK, Order.REPLACE)),
    ),
    Kind.WORN_OUT: _row((EVERY - LEAVING, Move(Link.STUCK, Order.REPLACE))),
}

PATIENCE: Mapping[Link, float] = {
    Link.CONNECTING: 75,  # the handshake gives up after 20 s; a dial that is not answered never does
    Link.RECONNECTING: 300,  # the library tries by itself, ever more rarely, and a dial of its own may hang for ever
    Link.CATCHING_UP: 120,
}
"""Seconds a state may last before it is overdue; a code's and a ban's own end come with the happening."""


def after(status: LinkStatus, happening: Happening, now: Instant) -> Step:
    """The state once this has happened, and what to do about the session. `now` is the instant of the change.

    Why the link is trying (`detail`) stays until it is up, shows a code, or is asked again.
    """
    move = TABLE[happening.kind][status.state]
    if isinstance(move, str):
        return Step(status, Order.KEEP)
    to = move.to or status.state
    since = status.since if to is status.state else now
    kept = status.detail if status.state in TRYING and to in TRYING else None
    return Step(describe(to, since, happening.detail or kept), move.order)


def backoff(failures: int, jitter: float) -> float:
    """Seconds to wait before dialling after so many sessions in a row that failed; `jitter` is in [0, 1).

    >>> [backoff(failures, 0.5) for failures in (0, 1, 2, 3, 20)]
    [0.0, 1.0, 2.0, 4.0, 120.0]
    """
    if failures <= 0:
        return 0.0
    return min(120.0, 2.0 ** min(failures - 1, 10)) * (0.75 + 0.5 * jitter)
