"""What the form says about the account's pace before anything is saved, and the notice after it."""

from pathlib import Path
from urllib.parse import urlencode

import pytest

from tests.api.web_page import Page, words
from tests.builders import NOW, contact, in_
from tests.cast import ALICE

WAITS = {"begins_at": in_(hours=30), "reason": "30 messages have left within an hour, which is the most this sends."}


@pytest.fixture
def page(tmp_path: Path) -> Page:
    page = Page(tmp_path).enter()
    page.store(contacts=[contact(ALICE)])
    return page


def said(page: Page, **changes: str) -> str:
    asked = {"to": "alice", "date": "2026-11-22", "time": "13:00", "zone": "Europe/London"} | changes
    return words(page.client.get(f"/compose/pace?{urlencode(asked)}"))


def test_it_says_that_it_leaves_at_its_second(page: Page) -> None:
    assert said(page) == "It leaves at its second."
    assert page.host.asked == [(ALICE.number, in_(hours=1), "")]


def test_it_says_until_when_it_waits_and_why_in_the_zone_of_the_form(page: Page) -> None:
    page.host.forecast = WAITS
    sentence = said(page, zone="Asia/Tokyo", date="2026-11-23", time="00:30")
    assert sentence.startswith("It waits until Tue 24 Nov 2026, 03:00, because of the pace: 30 messages have left")


def test_it_says_that_somebody_is_new(page: Page) -> None:
    page.host.forecast = {"stranger": True}
    assert said(page) == "It leaves at its second. It is a first message to somebody new."


def test_a_host_that_is_away_makes_nothing_wrong(page: Page) -> None:
    page.host.down = True
    assert said(page).startswith("Whether it has to wait is not known just now")
    answer = page.compose(date="2026-11-22", time="13:00")
    assert answer.status_code == 303
    assert "because of the pace" not in words(page.client.get(answer.headers["Location"]))


@pytest.mark.parametrize(
    "changes", [{"to": ""}, {"to": "nobody"}, {"time": ""}, {"date": "2020-01-01"}, {"zone": "Mars"}]
)
def test_it_says_nothing_while_it_is_not_said_to_whom_and_when(page: Page, changes: dict[str, str]) -> None:
    assert said(page, **changes) == ""
    assert page.host.asked == []


def test_a_form_without_scripts_learns_it_after_saving(page: Page) -> None:
    page.host.forecast = WAITS
    answer = page.compose(to="alice", date="2026-11-22", time="13:00")
    shown = words(page.client.get(answer.headers["Location"]))
    assert "It waits until Mon 23 Nov 2026, 18:00, because of the pace: 30 messages" in shown
    (asked,) = page.host.asked
    assert asked[:2] == (ALICE.number, in_(hours=1))
    assert asked[2] in page.messages, "it does not stand in its own way"


def test_the_form_asks_when_it_has_been_echoed(page: Page) -> None:
    shown = page.client.get("/compose").get_data(as_text=True)
    assert 'hx-get="/compose/pace"' in shown
    assert "#text" not in shown.split('id="pace"')[1].split(">")[0], "the text is nobody's business here"
    assert page.clock.now() == NOW
