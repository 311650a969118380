"""What the WhatsApp library's events mean for the link: each is mapped, or left out on purpose, in one place.

The events are the library's own objects, looked at by attribute, so that this module needs no library.
"""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from session_host.link import Arrival, Receipt, ReceiptKind
from session_host.link_machine import Happening, Kind
from session_host.send_errors import masked
from shared.model.address import Address, BadAddress

# The library's numbers (Neonize.proto of the pinned version; held to it by a test).
DEVICE_GONE = 4
BANNED_FOR_GOOD = 5
"""The library's "unknown logout" (406), which is how WhatsApp refuses a banned account."""
PAIRING_SUCCEEDED = 2
RECEIPTS: Mapping[int, ReceiptKind] = {
    1: ReceiptKind.DELIVERED,
    9: ReceiptKind.DELIVERED,  # "inactive": delivered to a device whose screen is off
    4: ReceiptKind.READ,
    6: ReceiptKind.READ,  # played: a voice note that was heard
}
PEER = "peer"
"""The category of what devices of one account tell one another."""
HIDDEN = 2
"""How the library says that a message that cannot be read is to be shown nowhere (a reaction, a vote)."""
BAN_REASONS: Mapping[int, str] = {
    1: "too many people who do not know this number were written to",
    2: "too many people blocked this number",
    3: "too many groups were made",
    4: "the same message was sent too often",
    5: "a broadcast list was used too much",
}


def happening(name: str, event: Any, now: datetime) -> Happening | None:
    """What an event of this name means at the instant `now`; None where it changes nothing."""
    meaning = EVENTS[name]
    return meaning(event, now) if callable(meaning) else Happening(kind=meaning)


def _pair_status(event: Any, _now: datetime) -> Happening:
    if event.Status == PAIRING_SUCCEEDED:
        return Happening(kind=Kind.PAIRED)
    return Happening(kind=Kind.PAIRING_FAILED, detail=f"The scan did not lead to a link ({masked(event.Error)}).")


def _logged_out(event: Any, _now: datetime) -> Happening:
    if event.Reason == BANNED_FOR_GOOD:
        said = "WhatsApp names no end: it may be for good. WhatsApp on the phone says why, and how to ask for a review."
        return Happening(kind=Kind.BANNED, detail=said)
    gone = "WhatsApp says that the account is locked or that its phone is gone: look at WhatsApp on the phone."
    return Happening(kind=Kind.LOGGED_OUT, detail=gone if event.Reason == DEVICE_GONE else None)


def _banned(event: Any, now: datetime) -> Happening:
    reason = BAN_REASONS.get(event.Code, "WhatsApp gave no reason")
    if event.Expire <= 0:
        return Happening(kind=Kind.BANNED, detail=f"WhatsApp does not say until when ({reason}).")
    until = now + timedelta(seconds=event.Expire)
    return Happening(kind=Kind.BANNED, detail=f"Until {until:%d %B %Y %H:%M} UTC ({reason}).", until=until)


def _stream_error(event: Any, _now: datetime) -> Happening:
    return Happening(kind=Kind.STREAM_ERROR, detail=f"WhatsApp ended the connection with error {masked(event.Code)}.")


def _unanswered(event: Any, _now: datetime) -> Happening:
    return Happening(kind=Kind.UNANSWERED if event.ErrorCount < 2 else Kind.DEAF)


def _catching_up(event: Any, _now: datetime) -> Happening | None:
    return Happening(kind=Kind.CATCHING_UP) if event.Total > 0 else None


EVENTS: Mapping[str, Kind | Callable[[Any, datetime], Happening | None]] = {
    "PairStatusEv": _pair_status,
    "ConnectedEv": Kind.CONNECTED,
    "DisconnectedEv": Kind.DISCONNECTED,
    "KeepAliveTimeoutEv": _unanswered,
    "KeepAliveRestoredEv": Kind.ANSWERED,
    "LoggedOutEv": _logged_out,
    "StreamReplacedEv": Kind.REPLACED,
    "TemporaryBanEv": _banned,
    "ClientOutdatedEv": Kind.OUTDATED,
    "StreamErrorEv": _stream_error,
    "OfflineSyncPreviewEv": _catching_up,
    "OfflineSyncCompletedEv": Kind.CAUGHT_UP,
}
"""The events the link registers, beside receipts and messages.

Never ConnectFailureEv: with it, a login failure of an unknown kind ends the session with an error of the library.
"""

ARRIVALS = ("MessageEv", "UndecryptableMessageEv")
"""The events of a message that arrives, readable or not."""

KEPT = (*ARRIVALS, "ReceiptEv")
"""The events that are kept as they came. No others: each that is registered can end the session with an error of the
library, as ReceiptEv does for a receipt of a kind it does not know."""

_LOGIN: Mapping[str, Happening] = {
    "success": Happening(kind=Kind.PAIRED),
    "timeout": Happening(kind=Kind.CODES_ENDED),
    "error": Happening(kind=Kind.PAIRING_FAILED, detail="The last scan did not lead to a link: scan the code again."),
    "err-client-outdated": Happening(kind=Kind.OUTDATED),
    "err-unexpected-state": Happening(kind=Kind.PAIRING_FAILED, detail="WhatsApp refused to link: try again later."),
    "err-scanned-without-multidevice": Happening(
        kind=Kind.PAIRING_FAILED, detail="The WhatsApp on that phone is too old to link devices: update it."
    ),
    "passkey-request": Happening(kind=Kind.NEEDS_PASSKEY),
}


def pairing_event(name: str) -> Happening | None:
    """What the library's word about a pairing means; None for a word it did not have when this was written."""
    return _LOGIN.get(name)


def library_line(line: str) -> Happening | None:
    """What a line of the library's log means, where it is the only sign of something; None for all others.

    A login failure of an unknown kind ends the library's own tries, and its event must not be registered.
    """
    if not line.startswith("Unknown connect failure"):
        return None
    code = re.search(r'reason="(\d+)"', line)
    named = f" (error {code[1]})" if code else ""
    return Happening(kind=Kind.DIAL_FAILED, detail=f"WhatsApp refused the login{named}.")


def session_end(error: str | None, *, came_up: bool) -> Happening:
    """What it means that the library ended a session without being asked, with this error text."""
    text = error or ""
    if "neonize.TemporaryBan" in text:  # a ban for a reason the library has no number for
        return Happening(kind=Kind.BANNED, detail="WhatsApp does not say until when, nor why.")
    if came_up:
        return Happening(kind=Kind.ENDED, detail=None if not text else f"The library stopped ({masked(text)}).")
    return Happening(kind=Kind.DIAL_FAILED, detail=f"WhatsApp could not be reached ({masked(text.split(': ')[-1])}).")


def receipt(event: Any) -> Receipt | None:
    """A receipt that says something about a message we sent; None for one about our own devices or of another kind."""
    kind = RECEIPTS.get(event.Type)
    if kind is None or event.MessageSource.IsFromMe:
        return None
    at = datetime.fromtimestamp(event.Timestamp, UTC)
    return Receipt(message_ids=tuple(event.MessageIDs), kind=kind, at=at, chat=chat(event.MessageSource.Chat))


def chat(jid: Any) -> str | None:
    """The library's address of a chat as it is stored in `to`; None for what is no person and no group."""
    try:
        return str(Address.from_stored(f"{jid.User}@{jid.Server}"))
    except BadAddress:
        return None


def arrival(event: Any) -> Arrival | None:
    """A message that arrives; None for what no person would ever see, on the phone neither."""
    failed = hasattr(event, "DecryptFailMode")
    if event.Info.Category == PEER or (failed and event.DecryptFailMode == HIDDEN):
        return None
    source, at = event.Info.MessageSource.Chat, datetime.fromtimestamp(event.Info.Timestamp / 1000, UTC)
    return Arrival(message_id=event.Info.ID, chat=f"{source.User}@{source.Server}", at=at, readable=not failed)
