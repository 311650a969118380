"""What is in the way of every message: the link's state in words, and a clock that cannot be right."""

import pytest

from session_host.gates import Skew, link_gate
from shared.model.link import SENTENCES, Link
from tests.builders import NOW, in_
from tests.fakes.host import ScriptedLink


@pytest.mark.parametrize("state", Link)
def test_the_link_is_in_the_way_exactly_when_it_does_not_send(state: Link) -> None:
    link = ScriptedLink()
    link.state = state
    reason = link_gate(link)(NOW)
    assert (reason is None) == state.sends
    assert reason is None or reason == " ".join(SENTENCES[state])


@pytest.mark.parametrize(
    ("seconds", "shown", "holds"),
    [(0, False, False), (-2.5, True, False), (29, True, False), (31, True, True), (-31, True, True)],
)
def test_a_wrong_clock_is_shown_over_two_seconds_and_holds_over_thirty(
    seconds: float, shown: bool, holds: bool
) -> None:
    skew = Skew(lambda: None, lambda: 0.0)
    skew.tick_said(in_(seconds))
    assert (skew.shown(NOW) is not None) == shown
    assert (skew.gate(NOW) is not None) == holds


def test_the_storages_clock_decides_over_a_tick_that_was_long_on_its_way() -> None:
    skew = Skew(lambda: 0.4, lambda: 0.0)
    skew.tick_said(in_(-45))
    assert skew.gate(NOW) is None


def test_the_storages_clock_holds_too() -> None:
    assert "40 s ahead of" in str(Skew(lambda: -40.0, lambda: 0.0).gate(NOW))


def test_what_a_tick_said_long_ago_no_longer_counts() -> None:
    passed = [0.0]
    skew = Skew(lambda: None, lambda: passed[0])
    skew.tick_said(in_(45))
    passed[0] = 11 * 60.0
    assert skew.gate(in_(minutes=11)) is None


def test_a_clock_that_is_set_after_a_tick_has_spoken_is_wrong_at_once() -> None:
    passed = [0.0]
    skew = Skew(lambda: None, lambda: passed[0])
    skew.tick_said(NOW)
    passed[0] = 60.0
    assert skew.gate(in_(60)) is None
    assert skew.wrong_by(in_(60 - 90)) == 90
    assert skew.wrong_by(in_(60 + 3600)) == -3600
