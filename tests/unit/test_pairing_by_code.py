"""A code to type into the phone: asked for while codes are shown, good for two minutes at least, told in words."""

import threading
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from session_host import safety, whatsapp
from session_host.link import NoCode
from session_host.whatsapp import WhatsAppLink
from shared.clock import SYSTEM
from shared.model.address import Address
from shared.model.link import Link
from tests.fakes.library import Library

PHONE = Address.from_stored("447700900001")


class LaterClock:
    """The system's clock, later by what a test says."""

    def __init__(self) -> None:
        self.later = timedelta(0)

    def now(self) -> datetime:
        return SYSTEM.now() + self.later

    def monotonic(self) -> float:
        return SYSTEM.monotonic()

    def wait(self, event: threading.Event, seconds: float) -> bool:
        return SYSTEM.wait(event, seconds)


@pytest.fixture
def library(monkeypatch: pytest.MonkeyPatch) -> Library:
    made = Library()
    monkeypatch.setattr(whatsapp, "_Neonize", lambda _read_log: made)
    monkeypatch.setattr(safety, "check", lambda _folder: None)
    return made


@pytest.fixture
def clock() -> LaterClock:
    return LaterClock()


@pytest.fixture
def link(tmp_path: Path, library: Library, clock: LaterClock) -> Iterator[WhatsAppLink]:
    made = WhatsAppLink(tmp_path, clock)
    yield made
    made.stop(10)


def test_a_code_is_there_when_the_call_returns_and_lasts_as_long_as_the_codes(
    link: WhatsAppLink, library: Library, clock: LaterClock
) -> None:
    pairing = link.pair_by_code(PHONE)
    assert (pairing.code, library.asked) == ("ABCD-0001", ["447700900001"])
    assert 120 < (pairing.expires_at - clock.now()).total_seconds() <= 160
    assert (link.status().state, link.pairing()) == (Link.PAIRING, pairing)


def test_it_stays_while_the_qr_codes_go_by_until_a_qr_code_is_asked_for(link: WhatsAppLink, library: Library) -> None:
    typed = link.pair_by_code(PHONE)
    library.clients[-1].show_code()
    shown = link.pairing()
    assert shown is not None
    assert (shown.code, shown.expires_at, shown.qr) == (typed.code, typed.expires_at, "2@secret 2")
    link.start()
    shown = link.pairing()
    assert shown is not None
    assert (shown.code, shown.expires_at < typed.expires_at) == (None, True)


def test_a_session_that_is_about_to_show_its_codes_is_waited_for(link: WhatsAppLink, library: Library) -> None:
    library.slow.clear()
    link.start()
    assert link._supervisor.wait_until(lambda status: status.state is Link.CONNECTING, 20)
    while not library.clients:
        SYSTEM.wait(threading.Event(), 0.01)
    threading.Timer(0.3, library.slow.set).start()
    assert (link.pair_by_code(PHONE).code, len(library.clients)) == ("ABCD-0001", 1)


def test_another_code_can_be_asked_for_without_a_new_session(link: WhatsAppLink, library: Library) -> None:
    codes = [link.pair_by_code(PHONE).code for _ in range(2)]
    assert (codes, len(library.clients)) == (["ABCD-0001", "ABCD-0002"], 1)


def test_where_too_little_time_is_left_the_codes_begin_anew(
    link: WhatsAppLink, library: Library, clock: LaterClock
) -> None:
    link.pair_by_code(PHONE)
    clock.later = timedelta(seconds=60)
    pairing = link.pair_by_code(PHONE)
    assert (pairing.code, len(library.clients)) == ("ABCD-0002", 2)
    assert (pairing.expires_at - clock.now()).total_seconds() > 120


def test_a_code_that_was_not_typed_in_time_is_said_and_nothing_begins_by_itself(
    link: WhatsAppLink, library: Library
) -> None:
    link.pair_by_code(PHONE)
    library.clients[-1].say("timeout")
    assert link._supervisor.wait_until(lambda status: status.state is Link.UNLINKED, 20)
    assert "not typed in time" in str(link.status().detail)
    assert (link.pairing(), len(library.clients)) == (None, 1)
    assert link.pair_by_code(PHONE).code == "ABCD-0002"


@pytest.mark.parametrize(
    ("error", "said"),
    [
        ("phone number too short", "country code"),
        ("international phone number required (must not start with 0)", "country code"),
        ("failed to send companion hello: info query returned status 429: rate-overlimit", "wait an hour"),
        ("failed to send companion hello: info query returned status 400: bad-request", "error 400"),
        ("failed to send companion hello: info query timed out", "did not answer"),
        ("something else about 447700900001", "scan the QR code instead"),
    ],
)
def test_why_there_is_no_code_is_a_sentence(link: WhatsAppLink, library: Library, error: str, said: str) -> None:
    library.failures.append(error)
    with pytest.raises(NoCode, match=said) as raised:
        link.pair_by_code(PHONE)
    assert "447700900001" not in str(raised.value)
    shown = link.pairing()
    assert shown is not None
    assert shown.code is None
