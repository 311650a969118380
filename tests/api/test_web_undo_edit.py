"""The edit of a message, taken back: as it was, over nobody's head, and only while its time is to come."""

from datetime import timedelta
from pathlib import Path

import pytest
from bs4 import BeautifulSoup

from shared.model.message import Message
from tests.api.web_page import Page, one, path_of, typed, words
from tests.builders import begun, in_, message
from tests.cast import ALICE


@pytest.fixture
def page(tmp_path: Path) -> Page:
    page = Page(tmp_path).enter()
    page.store(messages=[message(ALICE, id="known", text="First", zone="Europe/London", send_at=in_(hours=2))])
    return page


def known(page: Page) -> Message:
    return page.messages["known"]


def change(page: Page, **fields: str) -> str:
    """Save an edit; where the notice's Undo leads."""
    form = typed(page.client.get("/messages/known/edit"))
    answer = page.client.post("/messages/known", data=form | {"if_late": "within"} | fields)
    return undo_in(page, path_of(answer))


def undo_in(page: Page, path: str) -> str:
    return str(one(BeautifulSoup(page.client.get(path).text, "html.parser"), ".notice form")["action"])


def test_it_is_as_it_was_and_a_second_click_changes_nothing(page: Page) -> None:
    before = known(page)
    undo = change(page, text="Other words", time="19:00")
    assert known(page).text == "Other words"
    path = path_of(page.client.post(undo))
    undone = known(page)
    assert (undone.text, undone.send_at, undone.revision) == ("First", before.send_at, 3)
    shown = page.client.get(path)
    assert "As it was before: Sun 22 Nov 2026, 14:00" in words(shown)
    page.client.post(undo)
    assert known(page).version == undone.version
    page.client.post(str(one(BeautifulSoup(shown.text, "html.parser"), ".notice form")["action"]))
    assert known(page).text == "Other words", "the undo is undone"


def test_what_was_changed_since_is_shown_and_kept(page: Page) -> None:
    undo = change(page, text="From this tab")
    change(page, text="From the other tab")
    answer = page.client.post(undo)
    assert answer.status_code == 409
    assert "changed again since that edit" in words(answer)
    assert (typed(answer)["text"], known(page).text) == ("First", "From the other tab")
    page.client.post("/messages/known", data=typed(answer) | {"if_late": "within"})
    assert known(page).text == "First"


def test_what_was_cancelled_and_scheduled_again_is_cancelled_again(page: Page) -> None:
    page.client.post("/messages/known/cancel")
    undo = change(page, text="After all", time="19:00")
    assert not known(page).cancelled
    page.client.post(undo)
    assert (known(page).cancelled, known(page).text) == (True, "First")


def test_it_comes_too_late_for_a_time_that_has_passed_and_for_what_has_begun(page: Page) -> None:
    undo = change(page, time="19:00")
    page.later(timedelta(hours=3))
    path = path_of(page.client.post(undo))
    assert "Its time has passed" in words(page.client.get(path))
    undo = change(page, text="Other words")
    sending = known(page)
    page.store(
        messages=[sending.evolve(delivery=begun(sending).delivery, replaces=(*sending.replaces, sending.version))]
    )
    path = path_of(page.client.post(undo))
    assert "already leaving" in words(page.client.get(path))
    assert known(page).text == "Other words"


@pytest.mark.parametrize("address", ["/messages/known/edit/undo?version=none", "/messages/nobody/edit/undo?version=x"])
def test_what_is_not_known_here_is_said(page: Page, address: str) -> None:
    answer = page.client.post(address)
    assert (answer.status_code, "can no longer be taken back here" in words(answer)) == (404, True)
