"""The owner's password, sessions and the throttle: what opens the page, and for how long."""

from datetime import timedelta
from pathlib import Path

import pytest

from tests.builders import NOW, in_
from web.door import own_path
from web.local import LocalState
from web.owner import FIRST_RUN, Owner, WeakPassword
from web.sessions import ABSOLUTE, IDLE, Sessions
from web.throttle import TRIES, TRIES_OF_ALL, WINDOW, LoginThrottle, network

GOOD = "a kettle on the stove"


def test_the_first_run_password_is_random_and_only_its_owner_may_read_it(tmp_path: Path) -> None:
    owners = [Owner(tmp_path / name) for name in ("one", "two")]
    files = [tmp_path / name / FIRST_RUN for name in ("one", "two")]
    assert files[0].read_text() != files[1].read_text()
    assert files[0].stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "one").stat().st_mode & 0o777 == 0o700
    assert owners[0].knows(files[0].read_text().strip())
    assert not owners[0].knows(files[1].read_text().strip())


def test_a_second_worker_keeps_the_first_run_password_of_the_first(tmp_path: Path) -> None:
    Owner(tmp_path)
    first = (tmp_path / FIRST_RUN).read_text()
    Owner(tmp_path)
    assert (tmp_path / FIRST_RUN).read_text() == first


def test_a_chosen_password_ends_the_first_run(tmp_path: Path) -> None:
    owner = Owner(tmp_path)
    first = (tmp_path / FIRST_RUN).read_text().strip()
    owner.choose(GOOD)
    assert not owner.first_run
    assert not (tmp_path / FIRST_RUN).exists()
    assert owner.knows(GOOD)
    assert not owner.knows(first)
    assert GOOD not in (tmp_path / "password").read_text()
    assert (tmp_path / "password").stat().st_mode & 0o777 == 0o600
    assert not Owner(tmp_path).first_run


@pytest.mark.parametrize("weak", ["", "short", "a" * 40, "abababababababab", "x" * 5000])
def test_a_weak_password_is_refused_with_advice(tmp_path: Path, weak: str) -> None:
    owner = Owner(tmp_path)
    with pytest.raises(WeakPassword, match="hoose"):
        owner.choose(weak)
    assert owner.first_run


@pytest.mark.parametrize("wrong", ["", "password", "\x00", "ü" * 2000])
def test_nothing_else_opens_the_page(tmp_path: Path, wrong: str) -> None:
    owner = Owner(tmp_path)
    assert not owner.knows(wrong)
    owner.choose(GOOD)
    assert not owner.knows(wrong)


@pytest.fixture
def state(tmp_path: Path) -> LocalState:
    return LocalState(tmp_path)


def test_a_session_is_found_by_its_token_only(state: LocalState, tmp_path: Path) -> None:
    sessions = Sessions(state)
    token = sessions.begin(NOW)
    assert sessions.find(token, NOW)
    assert sessions.find("", NOW) is None
    assert sessions.find(token + "x", NOW) is None
    assert token.encode() not in (tmp_path / "page.sqlite3").read_bytes()


def test_an_idle_session_ends(state: LocalState) -> None:
    sessions = Sessions(state)
    token = sessions.begin(NOW)
    assert sessions.find(token, NOW + IDLE - timedelta(minutes=1))
    assert sessions.find(token, NOW + 2 * IDLE - timedelta(minutes=2)), (
        "it was used a moment before it would have ended"
    )
    assert sessions.find(token, NOW + 4 * IDLE) is None


def test_polling_does_not_keep_a_session_alive(state: LocalState) -> None:
    sessions = Sessions(state)
    token = sessions.begin(NOW)
    sessions.find(token, NOW + IDLE - timedelta(minutes=1), touch=False)
    assert sessions.find(token, NOW + IDLE + timedelta(minutes=1)) is None


def test_no_session_outlives_its_absolute_limit(state: LocalState) -> None:
    sessions = Sessions(state)
    token = sessions.begin(NOW)
    for day in range(0, ABSOLUTE.days, 3):
        assert sessions.find(token, in_(days=day))
    assert sessions.find(token, NOW + ABSOLUTE + timedelta(seconds=1)) is None


def test_a_login_ends_the_session_it_replaces(state: LocalState) -> None:
    sessions = Sessions(state)
    old = sessions.begin(NOW)
    new = sessions.begin(NOW, replaces=sessions.find(old, NOW))
    assert sessions.find(old, NOW) is None
    assert sessions.find(new, NOW)


def test_a_notice_is_shown_once(state: LocalState) -> None:
    sessions = Sessions(state)
    session = sessions.find(sessions.begin(NOW), NOW)
    assert session
    sessions.tell(session, {"text": "Saved."})
    assert sessions.take_notices(session) == [{"text": "Saved."}]
    assert sessions.take_notices(session) == []


def test_after_five_wrong_tries_an_address_waits(state: LocalState) -> None:
    throttle = LoginThrottle(state)
    assert [throttle.attempt("192.0.2.1", NOW) for _ in range(TRIES)] == [None] * TRIES
    assert throttle.attempt("192.0.2.1", in_(60)) == WINDOW - timedelta(seconds=60)
    assert throttle.attempt("192.0.2.2", NOW) is None
    assert throttle.attempt("192.0.2.1", NOW + WINDOW + timedelta(seconds=1)) is None


def test_many_addresses_together_are_slowed_down_but_the_owners_is_not(state: LocalState) -> None:
    throttle = LoginThrottle(state)
    throttle.succeeded("198.51.100.7", NOW)
    for number in range(TRIES_OF_ALL):
        throttle.attempt(f"192.0.2.{number}", NOW)
    assert throttle.attempt("203.0.113.1", NOW)
    assert throttle.attempt("198.51.100.7", NOW) is None


def test_one_ipv6_customer_is_one() -> None:
    assert network("2001:db8::1") == network("2001:db8::ffff:1") != network("2001:db8:1::1")
    assert network("not an address") == "unknown"


@pytest.mark.parametrize(
    "typed", ["//evil.example", "https://evil.example", "/\\evil.example", "evil", "", "/a\nb", "/\t/x"]
)
def test_only_paths_of_this_page_are_gone_on_to(typed: str) -> None:
    assert own_path(typed) == "/"


def test_a_path_of_this_page_is_kept() -> None:
    assert own_path("/contacts?q=a%20b") == "/contacts?q=a%20b"
