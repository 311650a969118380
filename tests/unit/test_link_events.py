"""What the library's events mean, each by itself; another test holds names and numbers to the library."""

from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from session_host import link_events
from session_host.link import ReceiptKind
from session_host.link_machine import Happening, Kind
from tests.builders import NOW

PLAIN = {
    "ConnectedEv": Kind.CONNECTED,
    "DisconnectedEv": Kind.DISCONNECTED,
    "KeepAliveRestoredEv": Kind.ANSWERED,
    "StreamReplacedEv": Kind.REPLACED,
    "ClientOutdatedEv": Kind.OUTDATED,
    "OfflineSyncCompletedEv": Kind.CAUGHT_UP,
}


def meaning(name: str, **fields: object) -> Happening | None:
    return link_events.happening(name, SimpleNamespace(**fields), NOW)


@pytest.mark.parametrize("name", PLAIN)
def test_plain_events(name: str) -> None:
    assert meaning(name) == Happening(kind=PLAIN[name])


def test_the_event_that_breaks_the_library_is_not_registered() -> None:
    assert "ConnectFailureEv" not in link_events.EVENTS


def test_the_first_unanswered_sign_of_life_is_a_doubt_and_the_second_is_enough() -> None:
    assert meaning("KeepAliveTimeoutEv", ErrorCount=1) == Happening(kind=Kind.UNANSWERED)
    assert meaning("KeepAliveTimeoutEv", ErrorCount=2) == Happening(kind=Kind.DEAF)


def test_only_a_batch_with_something_in_it_is_caught_up_with() -> None:
    assert meaning("OfflineSyncPreviewEv", Total=3) == Happening(kind=Kind.CATCHING_UP)
    assert meaning("OfflineSyncPreviewEv", Total=0) is None


def test_a_ban_says_until_when_and_why() -> None:
    banned = meaning("TemporaryBanEv", Code=4, Expire=7200)
    assert banned is not None
    assert (banned.kind, banned.until) == (Kind.BANNED, NOW.replace(hour=NOW.hour + 2))
    assert banned.detail == f"Until {banned.until:%d %B %Y %H:%M} UTC (the same message was sent too often)."
    endless = meaning("TemporaryBanEv", Code=0, Expire=0)
    assert endless == Happening(kind=Kind.BANNED, detail="WhatsApp does not say until when (WhatsApp gave no reason).")


def test_a_log_out_says_when_the_account_is_locked() -> None:
    assert meaning("LoggedOutEv", OnConnect=False, Reason=2) == Happening(kind=Kind.LOGGED_OUT)
    locked = meaning("LoggedOutEv", OnConnect=True, Reason=link_events.DEVICE_GONE)
    assert locked is not None
    assert "locked" in (locked.detail or "")


def test_a_ban_without_an_end_is_a_ban_in_its_own_words() -> None:
    banned = meaning("LoggedOutEv", OnConnect=True, Reason=link_events.BANNED_FOR_GOOD)
    assert banned is not None
    assert (banned.kind, banned.until) == (Kind.BANNED, None)
    assert "may be for good" in (banned.detail or "")


def test_a_pairing_ends_well_or_with_a_reason() -> None:
    assert meaning("PairStatusEv", Status=2, Error="") == Happening(kind=Kind.PAIRED)
    failed = meaning("PairStatusEv", Status=1, Error="invalid device signature in pair success message")
    assert failed is not None
    assert failed.kind is Kind.PAIRING_FAILED
    assert "invalid device signature" in (failed.detail or "")


@pytest.mark.parametrize(
    ("word", "kind"),
    [
        ("success", Kind.PAIRED),
        ("timeout", Kind.CODES_ENDED),
        ("error", Kind.PAIRING_FAILED),
        ("err-client-outdated", Kind.OUTDATED),
        ("passkey-request", Kind.NEEDS_PASSKEY),
    ],
)
def test_the_librarys_words_about_a_pairing(word: str, kind: Kind) -> None:
    told = link_events.pairing_event(word)
    assert told is not None
    assert told.kind is kind
    assert (told.detail is not None) == (kind is Kind.PAIRING_FAILED), "a failure says what to do"


def test_a_word_that_is_new_changes_nothing() -> None:
    assert link_events.pairing_event("passkey-confirmation") is None


def test_a_session_that_ends_by_itself() -> None:
    ended = link_events.session_end("proto: required field neonize.Receipt.Type not set", came_up=True)
    assert ended.kind is Kind.ENDED
    assert link_events.session_end(None, came_up=True) == Happening(kind=Kind.ENDED)
    text = 'failed to dial whatsapp web websocket: Get "wss://…": dial tcp: lookup web.whatsapp.com: no such host'
    failed = link_events.session_end(text, came_up=False)
    assert failed == Happening(kind=Kind.DIAL_FAILED, detail="WhatsApp could not be reached (no such host).")
    banned = link_events.session_end("proto: required field neonize.TemporaryBan.Code not set", came_up=True)
    assert banned.kind is Kind.BANNED


def test_a_login_failure_without_an_event_is_read_from_the_log() -> None:
    told = link_events.library_line('Unknown connect failure: <failure location="sim" reason="410"/>')
    assert told == Happening(kind=Kind.DIAL_FAILED, detail="WhatsApp refused the login (error 410).")
    assert link_events.library_line("Keepalive timed out") is None


def receipt(type_: int, *, from_me: bool = False) -> SimpleNamespace:
    source = SimpleNamespace(IsFromMe=from_me, Chat=SimpleNamespace(User="123456789012345", Server="lid"))
    return SimpleNamespace(Type=type_, MessageSource=source, MessageIDs=["3EB0A", "3EB0B"], Timestamp=1_800_000_000)


@pytest.mark.parametrize(
    ("type_", "kind"),
    [(1, ReceiptKind.DELIVERED), (9, ReceiptKind.DELIVERED), (4, ReceiptKind.READ), (6, ReceiptKind.READ)],
)
def test_a_receipt_of_the_other_side(type_: int, kind: ReceiptKind) -> None:
    told = link_events.receipt(receipt(type_))
    assert told is not None
    assert (told.message_ids, told.kind) == (("3EB0A", "3EB0B"), kind)
    assert told.chat == "123456789012345@lid"
    assert told.at == datetime(2027, 1, 15, 8, 0, tzinfo=UTC)


@pytest.mark.parametrize("type_", [2, 3, 5, 7, 8, 10, 11])
def test_other_receipts_say_nothing_about_delivery(type_: int) -> None:
    assert link_events.receipt(receipt(type_)) is None


def test_our_own_devices_do_not_count_as_the_other_side() -> None:
    assert link_events.receipt(receipt(1, from_me=True)) is None
