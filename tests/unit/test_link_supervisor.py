"""The owner of the session: when it dials, when it hangs up, and what it never does; the test moves the clock."""

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta

import pytest

from session_host.link_calls import GateClosed
from session_host.link_machine import Happening, Kind
from session_host.link_supervisor import (
    CALL_LIMIT,
    CODE_GRACE,
    MAX_SESSIONS,
    RELEASE_LIMIT,
    STABLE,
    Supervisor,
)
from shared.clock import SYSTEM
from shared.model.link import Link, LinkStatus
from tests.builders import NOW


class Moved:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.passed = 0.0

    def now(self) -> datetime:
        return NOW + timedelta(seconds=self.passed)

    def monotonic(self) -> float:
        return 1000.0 + self.passed

    def wait(self, event: threading.Event, seconds: float) -> bool:
        raise AssertionError("a turn never waits")


class Phone:
    """The library's side: which sessions were begun and ended, and when."""

    def __init__(self, clock: Moved) -> None:
        self._clock = clock
        self.dialled: list[tuple[float, int]] = []
        self.alive: int | None = None
        self.rang = threading.Event()
        self.hangs = False
        self.broken = False

    def looks_up(self) -> bool:
        return self.alive is not None and not self.broken

    def dial(self, session: int) -> None:
        assert self.alive is None, "two sessions at once abort the process"
        self.alive = session
        self.dialled.append((self._clock.passed, session))
        self.rang.set()

    def hang_up(self, seconds: float) -> bool:
        assert self.alive is not None, "there is nothing to end"
        self.alive = None
        return not self.hangs


class Parts:
    """A supervisor that is stepped by hand."""

    def __init__(self) -> None:
        self.clock = Moved()
        self.phone = Phone(self.clock)
        self.statuses: list[LinkStatus] = []
        self.supervisor = Supervisor(self.clock, lambda: 0.5, self.statuses.append)
        self.supervisor.use(self.phone)

    def state(self) -> Link:
        return self.supervisor.status().state

    def tell(self, *kinds: Kind, detail: str | None = None, until: float | None = None) -> None:
        """These happen now, in the session there is."""
        end = None if until is None else NOW + timedelta(seconds=until)
        for kind in kinds:
            self.supervisor.tell(Happening(kind=kind, detail=detail, until=end), self.phone.alive)
            self.turn()

    def turn(self) -> float | None:
        return self.supervisor.turn()

    def wait(self, seconds: float) -> None:
        """So much time passes, with a turn whenever one was asked for."""
        end = self.clock.passed + seconds
        while True:
            asked = self.turn()
            if asked is None or self.clock.passed + asked > end:
                break
            assert asked > 0 or self.turn() != 0, "a turn that asks for the next at once, for ever"
            self.clock.passed += asked
        self.clock.passed = end
        self.turn()

    def connected(self) -> "Parts":
        self.tell(Kind.START, Kind.CONNECTED)
        return self


@pytest.fixture
def parts() -> Parts:
    return Parts()


def test_a_start_dials_once_however_often_it_is_asked(parts: Parts) -> None:
    parts.tell(Kind.START, Kind.START)
    assert parts.phone.dialled == [(0.0, 1)]
    assert [status.state for status in parts.statuses] == [Link.CONNECTING]


def test_dialling_again_takes_longer_each_time_it_fails(parts: Parts) -> None:
    parts.tell(Kind.START)
    for _ in range(6):
        parts.tell(Kind.DIAL_FAILED, detail="WhatsApp could not be reached (no such host).")
        parts.wait(60)
    times = [when for when, _ in parts.phone.dialled]
    waits = [dialled - failed for failed, dialled in zip(range(0, 360, 60), times[1:], strict=True)]
    assert waits == [1, 2, 4, 8, 16, 32]
    assert parts.supervisor.status().detail == "WhatsApp could not be reached (no such host)."


def test_a_session_that_ends_by_itself_is_replaced_at_once_and_the_next_one_later(parts: Parts) -> None:
    parts.connected()
    parts.wait(STABLE)
    parts.tell(Kind.ENDED)
    assert [when for when, _ in parts.phone.dialled] == [0, STABLE]
    parts.tell(Kind.CONNECTED, Kind.ENDED)
    parts.wait(10)
    assert [when for when, _ in parts.phone.dialled] == [0, STABLE, STABLE + 1]


def test_a_minute_of_connection_makes_failures_forgotten(parts: Parts) -> None:
    parts.tell(Kind.START)
    for _ in range(5):
        parts.tell(Kind.DIAL_FAILED)
        parts.wait(60)
    parts.tell(Kind.CONNECTED)
    parts.wait(STABLE)
    parts.tell(Kind.DISCONNECTED, Kind.STREAM_ERROR)
    assert parts.phone.dialled[-1][0] == parts.clock.passed


def test_what_an_ended_session_still_says_is_not_heard(parts: Parts) -> None:
    parts.connected()
    parts.tell(Kind.ENDED)
    parts.supervisor.tell(Happening(kind=Kind.LOGGED_OUT), session=1)
    parts.turn()
    assert parts.state() is Link.RECONNECTING


def test_while_it_tries_it_says_when_it_tries_anew(parts: Parts) -> None:
    parts.connected()
    assert parts.supervisor.status().next_try is None
    parts.tell(Kind.DISCONNECTED)  # the library tries by itself, and is given five minutes
    assert parts.supervisor.status().next_try == NOW + timedelta(seconds=300)
    parts.tell(Kind.DIAL_FAILED, Kind.DIAL_FAILED, Kind.DIAL_FAILED)
    told = parts.supervisor.status().next_try
    assert told is not None
    assert NOW < told <= NOW + timedelta(seconds=10)


def test_a_phone_that_is_silent_changes_nothing_but_what_is_told(parts: Parts) -> None:
    parts.connected().tell(Kind.PHONE_SILENT, detail="It was last seen on 10 November 2026.")
    assert (parts.state(), parts.phone.alive) == (Link.PHONE_SILENT, 1)
    with parts.supervisor.gate.call():
        pass
    parts.tell(Kind.DISCONNECTED, Kind.CONNECTED)
    assert parts.state() is Link.CONNECTED  # until it is told again
    parts.tell(Kind.PHONE_SILENT, Kind.PHONE_SEEN)
    assert parts.state() is Link.CONNECTED


@pytest.mark.parametrize(
    ("left", "asked"),
    [(Kind.LOGGED_OUT, Kind.START), (Kind.LOGGED_OUT, Kind.WANTED), (Kind.BANNED, Kind.START)],
)
def test_linked_anew_before_the_library_has_deleted_the_device_it_is_tried_once_more(
    parts: Parts, left: Kind, asked: Kind
) -> None:
    parts.connected().tell(left)
    before = len(parts.statuses)
    parts.tell(asked, Kind.LOGGED_OUT, Kind.CODE)
    assert {told.state for told in parts.statuses[before:]} == {Link.CONNECTING, Link.PAIRING}
    assert len(parts.phone.dialled) == 3


def test_a_login_that_is_refused_as_logged_out_again_and_again_is_told(parts: Parts) -> None:
    parts.connected().tell(Kind.LOGGED_OUT, Kind.START, Kind.LOGGED_OUT)
    assert parts.state() is Link.CONNECTING
    parts.tell(Kind.LOGGED_OUT)
    assert (parts.state(), parts.phone.alive) == (Link.LOGGED_OUT, None)


def test_a_logout_is_told_at_once_where_nobody_links_anew(parts: Parts) -> None:
    parts.tell(Kind.START, Kind.LOGGED_OUT)
    assert parts.state() is Link.LOGGED_OUT
    parts.tell(Kind.START, Kind.CODE, Kind.PAIRED, Kind.CONNECTED, Kind.STREAM_ERROR, Kind.LOGGED_OUT)
    assert parts.state() is Link.LOGGED_OUT


def test_an_account_with_a_passkey_waits_for_its_owner(parts: Parts) -> None:
    parts.tell(Kind.START, Kind.CODE, Kind.NEEDS_PASSKEY)
    assert (parts.state(), parts.phone.alive) == (Link.NEEDS_PASSKEY, None)
    parts.tell(Kind.WANTED)
    assert parts.state() is Link.NEEDS_PASSKEY
    parts.tell(Kind.START)
    assert parts.state() is Link.CONNECTING


def test_a_login_that_does_not_come_is_tried_again(parts: Parts) -> None:
    parts.tell(Kind.START)
    parts.wait(90)
    assert len(parts.phone.dialled) == 2
    assert parts.state() is Link.CONNECTING


def test_codes_that_stop_coming_are_noticed_by_our_own_clock(parts: Parts) -> None:
    parts.tell(Kind.START)
    parts.tell(Kind.CODE, until=60)
    parts.wait(60)
    parts.tell(Kind.CODE, until=80)
    parts.wait(20 + CODE_GRACE - 0.1)
    assert parts.state() is Link.PAIRING
    parts.wait(0.1)
    assert (parts.state(), parts.phone.alive) == (Link.UNLINKED, None)
    parts.wait(3600)
    assert len(parts.phone.dialled) == 1, "a host that nobody watches does not knock"
    parts.tell(Kind.WANTED)
    assert len(parts.phone.dialled) == 2


def test_a_ban_is_waited_for(parts: Parts) -> None:
    parts.connected()
    parts.tell(Kind.BANNED, until=3600)
    parts.wait(3599)
    assert (parts.state(), parts.phone.alive) == (Link.BANNED, None)
    parts.wait(3)
    assert (parts.state(), len(parts.phone.dialled)) == (Link.CONNECTING, 2)


@pytest.mark.parametrize("kind", [Kind.LOGGED_OUT, Kind.REPLACED, Kind.OUTDATED, Kind.BANNED, Kind.UNLINKED_HERE])
def test_in_a_state_that_waits_there_is_no_session_and_no_call(parts: Parts, kind: Kind) -> None:
    parts.connected()
    parts.tell(kind)
    parts.wait(24 * 3600)
    assert (parts.phone.alive, len(parts.phone.dialled)) == (None, 1)
    assert_closed(parts)


def test_calls_go_in_only_while_the_link_is_up(parts: Parts) -> None:
    assert_closed(parts)
    parts.tell(Kind.START)
    assert_closed(parts)
    parts.tell(Kind.CONNECTED)
    with parts.supervisor.gate.call():
        pass
    parts.tell(Kind.DISCONNECTED)
    assert_closed(parts)


def test_only_a_call_that_pairs_goes_in_while_codes_are_shown(parts: Parts) -> None:
    parts.tell(Kind.START)
    parts.turn()
    for happens, goes_in in ((Kind.CODE, True), (Kind.PAIRED, False)):
        parts.tell(happens, until=60 if happens is Kind.CODE else None)
        parts.turn()
        assert_closed(parts)
        if goes_in:
            with parts.supervisor.gate.call(pairs=True):
                pass
    with pytest.raises(GateClosed), parts.supervisor.gate.call(pairs=True):
        pass


def test_a_sign_of_life_of_a_line_that_has_broken_since_is_not_believed(parts: Parts) -> None:
    parts.connected()
    parts.tell(Kind.UNANSWERED, Kind.ANSWERED)
    assert parts.state() is Link.CONNECTED
    parts.tell(Kind.UNANSWERED)
    parts.phone.broken = True
    parts.tell(Kind.ANSWERED)
    assert not parts.supervisor.status().sends


def test_a_session_is_not_ended_under_a_call_that_is_inside(parts: Parts) -> None:
    parts.connected()
    with parts.supervisor.gate.call():
        parts.tell(Kind.UNANSWERED, Kind.DEAF)
        parts.wait(CALL_LIMIT - 1)
        assert parts.phone.alive == 1
    parts.turn()
    assert len(parts.phone.dialled) == 2


def test_a_call_that_does_not_come_back_is_cut_off_by_ending_the_session(parts: Parts) -> None:
    parts.connected()
    with parts.supervisor.gate.call():
        parts.wait(CALL_LIMIT - 1)
        assert (parts.state(), parts.phone.alive) == (Link.CONNECTED, 1)
        parts.wait(1)
        assert parts.state() is Link.RECONNECTING
        assert len(parts.phone.dialled) == 2
    parts.tell(Kind.CONNECTED)
    parts.wait(CALL_LIMIT)
    assert parts.state() is Link.CONNECTED


def test_a_call_that_does_not_come_back_even_then_needs_a_new_process(parts: Parts) -> None:
    parts.connected()
    with parts.supervisor.gate.call():
        parts.wait(CALL_LIMIT)
        parts.tell(Kind.CONNECTED)
        parts.wait(RELEASE_LIMIT)
        assert parts.state() is Link.STUCK
        assert parts.turn() is None, "there is nothing left to wait for"


def test_a_session_that_does_not_end_needs_a_new_process(parts: Parts) -> None:
    parts.connected()
    parts.phone.hangs = True
    parts.tell(Kind.ENDED)
    parts.wait(600)
    assert (parts.state(), len(parts.phone.dialled)) == (Link.STUCK, 1)


def test_a_process_makes_only_so_many_sessions(parts: Parts) -> None:
    parts.tell(Kind.START)
    for _ in range(MAX_SESSIONS):
        parts.tell(Kind.DIAL_FAILED)
        parts.wait(200)
    assert len(parts.phone.dialled) == MAX_SESSIONS
    assert parts.state() is Link.STUCK


def test_each_change_is_told_once_and_a_listener_that_fails_does_no_harm() -> None:
    told: list[Link] = []

    def listener(status: LinkStatus) -> None:
        told.append(status.state)
        raise ZeroDivisionError

    parts = Parts()
    parts.supervisor = Supervisor(parts.clock, lambda: 0.5, listener)
    parts.supervisor.use(parts.phone)
    parts.tell(Kind.START, Kind.START, Kind.CONNECTED, Kind.CONNECTED, Kind.DISCONNECTED)
    assert told == [Link.CONNECTING, Link.CONNECTED, Link.RECONNECTING]


class TestStopping:
    """On its own thread and the real clock: the test waits for what is so, never for time."""

    @contextmanager
    def running(self) -> Iterator[tuple[Supervisor, Phone]]:
        supervisor = Supervisor(SYSTEM, lambda: 0.5, lambda _status: None)
        phone = Phone(Moved())
        supervisor.use(phone)
        supervisor.run()
        supervisor.tell(Happening(kind=Kind.START))
        assert phone.rang.wait(10), "it never dialled"
        supervisor.tell(Happening(kind=Kind.CONNECTED), 1)
        assert supervisor.wait_until(lambda status: status.state is Link.CONNECTED, 10)
        yield supervisor, phone

    def test_the_session_is_ended(self) -> None:
        with self.running() as (supervisor, phone):
            supervisor.stop(10)
            assert (supervisor.status().state, phone.alive) == (Link.STOPPED, None)

    def test_a_call_that_is_inside_may_finish_first(self) -> None:
        with self.running() as (supervisor, phone), ExitStack() as call:
            call.enter_context(supervisor.gate.call())
            stopping = threading.Thread(target=supervisor.stop, args=(30,))
            stopping.start()
            assert supervisor.wait_until(lambda status: status.state is Link.STOPPED, 10)
            assert phone.alive is not None
            call.close()
            stopping.join(20)
            assert phone.alive is None

    def test_a_call_that_does_not_finish_does_not_keep_it(self) -> None:
        with self.running() as (supervisor, phone), supervisor.gate.call():
            supervisor.stop(1.2)
            assert (supervisor.status().state, phone.alive) == (Link.STOPPED, None)


def assert_closed(parts: Parts) -> None:
    with pytest.raises(GateClosed), parts.supervisor.gate.call():
        pass
