"""The link's states and moves: every pair of state and happening, and the stories people live through."""

from datetime import timedelta
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from session_host.link_machine import (
    MEANING,
    PATIENCE,
    TABLE,
    TRYING,
    UP,
    WAITING,
    Happening,
    Kind,
    Move,
    Order,
    after,
    backoff,
)
from shared.model.link import SENTENCES, Link, LinkStatus, describe
from tests.builders import NOW

EVERY_PAIR = list(product(Kind, Link))


def test_every_kind_of_happening_has_a_row_and_a_meaning() -> None:
    assert set(TABLE) == set(MEANING) == set(Kind)


@pytest.mark.parametrize("kind", Kind)
def test_each_happening_in_each_state_leads_somewhere_or_says_why_not(kind: Kind) -> None:
    for state in Link:
        cell = TABLE[kind][state]
        before = describe(state, NOW)
        step = after(before, Happening(kind=kind), NOW + timedelta(seconds=5))
        if isinstance(cell, str):
            assert len(cell) > 5, "a reason for people who read the table"
            assert step == (before, Order.KEEP)
        else:
            assert step.status.state is (cell.to or state)
            assert (step.status.sentence, step.status.action) == SENTENCES[step.status.state]
            assert step.order is cell.order
            assert (cell.to, cell.order) != (state, Order.KEEP), "a move that moves nothing"


@pytest.mark.parametrize("state", Link)
def test_only_a_login_or_its_sign_of_life_makes_the_link_send(state: Link) -> None:
    for kind in Kind:
        step = after(describe(state, NOW), Happening(kind=kind), NOW)
        if step.status.sends and not state.sends:
            assert kind in (Kind.CONNECTED, Kind.ANSWERED)
            assert state in TRYING | {Link.PAIRING}


@pytest.mark.parametrize("kind", Kind)
def test_the_order_fits_the_state(kind: Kind) -> None:
    moves = [(state, cell) for state, cell in TABLE[kind].items() if isinstance(cell, Move)]
    for state, (target, order) in moves:
        to = target or state
        assert (order is Order.DIAL) <= (to in TRYING)
        assert (order is Order.REST) <= (to in WAITING | {Link.STOPPED})
        assert (order is Order.REPLACE) == (to is Link.STUCK)
        if to in WAITING - {state} | {Link.STOPPED}:
            assert order is Order.REST, "a state that waits keeps no session"


def test_nothing_but_stopping_leads_out_of_stuck_and_nothing_out_of_stopped() -> None:
    leaving = [
        (kind, state)
        for kind, state in EVERY_PAIR
        if state in (Link.STUCK, Link.STOPPED) and isinstance(TABLE[kind][state], Move)
    ]
    assert leaving == [(Kind.STOP, Link.STUCK)]


def test_from_every_other_state_there_is_a_way_to_connected() -> None:
    reaching = {Link.CONNECTED}
    while True:
        more = {
            state
            for kind, state in EVERY_PAIR
            if isinstance(cell := TABLE[kind][state], Move) and (cell.to or state) in reaching
        } - reaching
        if not more:
            break
        reaching |= more
    assert reaching == set(Link) - {Link.STUCK, Link.STOPPED}


def test_every_state_that_tries_has_a_limit_and_what_happens_at_it() -> None:
    for state in TRYING | {Link.CATCHING_UP}:
        assert PATIENCE[state] > 0
    for state in PATIENCE.keys() | {Link.PAIRING, Link.BANNED}:
        assert isinstance(TABLE[Kind.OVERDUE][state], Move)


@pytest.mark.parametrize("state", [Link.REPLACED, Link.BANNED, Link.OUTDATED])
def test_looking_at_the_page_does_not_undo_what_waits_for_a_decision(state: Link) -> None:
    assert lived(state, Kind.WANTED) == [state]
    assert lived(state, Kind.START) == [Link.CONNECTING]


STORIES = {
    "the first start: a code, a scan, connected": (
        Link.STARTING,
        [Kind.START, Kind.CODE, Kind.CODE, Kind.PAIRED, Kind.CONNECTED],
        ["connecting", "pairing", "pairing", "connecting", "connected"],
    ),
    "a start with a session on disk and messages waiting": (
        Link.STARTING,
        [Kind.START, Kind.CONNECTED, Kind.CATCHING_UP, Kind.CAUGHT_UP],
        ["connecting", "connected", "catching-up", "connected"],
    ),
    "the network drops and comes back": (
        Link.CONNECTED,
        [Kind.DISCONNECTED, Kind.CONNECTED],
        ["reconnecting", "connected"],
    ),
    "the line is silent, then answers again": (
        Link.CONNECTED,
        [Kind.UNANSWERED, Kind.ANSWERED],
        ["reconnecting", "connected"],
    ),
    "the line is dead: a new session": (
        Link.CONNECTED,
        [Kind.UNANSWERED, Kind.DEAF, Kind.CONNECTED],
        ["reconnecting", "reconnecting", "connected"],
    ),
    "nobody scans; somebody looks again": (
        Link.PAIRING,
        [Kind.CODES_ENDED, Kind.WANTED, Kind.CODE],
        ["unlinked", "connecting", "pairing"],
    ),
    "the phone unlinks the device, which is linked again": (
        Link.CONNECTED,
        [Kind.LOGGED_OUT, Kind.DISCONNECTED, Kind.ENDED, Kind.WANTED, Kind.CODE, Kind.PAIRED, Kind.CONNECTED],
        ["logged-out", "logged-out", "logged-out", "connecting", "pairing", "connecting", "connected"],
    ),
    "logged out from here": (Link.CONNECTED, [Kind.UNLINKED_HERE, Kind.ENDED], ["unlinked", "unlinked"]),
    "banned until a date": (Link.RECONNECTING, [Kind.BANNED, Kind.OVERDUE], ["banned", "connecting"]),
    "another host takes over: nobody takes it back by itself": (
        Link.CONNECTED,
        [Kind.REPLACED, Kind.DISCONNECTED, Kind.WANTED, Kind.OVERDUE],
        ["replaced"] * 4,
    ),
    "the client is too old: it does not knock for ever": (
        Link.CONNECTING,
        [Kind.OUTDATED, Kind.WANTED, Kind.OVERDUE],
        ["outdated"] * 3,
    ),
    "the library stops talking: a new session": (
        Link.CONNECTED,
        [Kind.ENDED, Kind.CONNECTED],
        ["reconnecting", "connected"],
    ),
    "a send does not come back, and the session does not end": (
        Link.CONNECTED,
        [Kind.SEND_OVERDUE, Kind.CANNOT_END, Kind.CONNECTED],
        ["reconnecting", "stuck", "stuck"],
    ),
    "the end of the batch never comes": (Link.CATCHING_UP, [Kind.OVERDUE], ["connected"]),
}


@pytest.mark.parametrize("story", STORIES)
def test_story(story: str) -> None:
    state, kinds, expected = STORIES[story]
    assert lived(state, *kinds) == expected


def test_since_is_when_the_state_began_and_does_not_move_while_it_lasts() -> None:
    shown = after(describe(Link.CONNECTING, NOW), Happening(kind=Kind.CODE), NOW + timedelta(seconds=2)).status
    again = after(shown, Happening(kind=Kind.CODE), NOW + timedelta(seconds=62)).status
    assert (shown.since, again.since) == (NOW + timedelta(seconds=2),) * 2


def test_why_it_is_trying_stays_until_it_is_up_or_shows_a_code() -> None:
    failed = tell(describe(Link.CONNECTING, NOW), Kind.DIAL_FAILED, "WhatsApp could not be reached (no such host).")
    assert failed.detail == "WhatsApp could not be reached (no such host)."
    assert tell(failed, Kind.OVERDUE).detail == failed.detail
    assert tell(failed, Kind.CODE).detail is None
    assert tell(failed, Kind.CONNECTED).detail is None


def test_why_a_scan_failed_stays_until_somebody_tries_again() -> None:
    failed = tell(describe(Link.PAIRING, NOW), Kind.PAIRING_FAILED, "This account asks for a passkey.")
    assert (failed.state, failed.detail) == (Link.UNLINKED, "This account asks for a passkey.")
    assert tell(failed, Kind.START).detail is None


@given(st.integers(-5, 10_000), st.floats(0, 1, exclude_max=True))
def test_the_wait_between_dials_grows_and_stays_within_two_and_a_half_minutes(failures: int, jitter: float) -> None:
    assert 0 <= backoff(failures, jitter) <= 150
    assert backoff(failures, jitter) <= backoff(failures + 1, jitter)
    assert (backoff(failures, jitter) == 0) == (failures <= 0)


def tell(status: LinkStatus, kind: Kind, detail: str | None = None) -> LinkStatus:
    return after(status, Happening(kind=kind, detail=detail), NOW).status


def lived(state: Link, *kinds: Kind) -> list[Link]:
    status, states = describe(state, NOW), []
    for kind in kinds:
        status = tell(status, kind)
        states.append(status.state)
    return states


def test_up_is_what_sends() -> None:
    assert frozenset(state for state in Link if state.sends) == UP
