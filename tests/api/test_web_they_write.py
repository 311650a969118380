"""The choice not to send if they write first: made, kept and taken back in the form, and told when it came to that."""

from datetime import timedelta
from pathlib import Path

import pytest
from bs4 import BeautifulSoup

from shared.model import lifecycle
from shared.model.message import Message
from tests.api.web_page import Page, one, path_of, typed, words
from tests.builders import NOW, called_off, in_, message, missed
from tests.cast import ALICE, BOB
from web import agenda, insights, listing
from web.standing import needs_attention

ON = {"unless_they_write": "on"}


@pytest.fixture
def page(tmp_path: Path) -> Page:
    return Page(tmp_path).enter()


def is_ticked(page: Page, path: str) -> bool:
    return one(BeautifulSoup(page.client.get(path).text, "html.parser"), "#unless_they_write").has_attr("checked")


def test_it_counts_from_the_second_in_which_it_was_first_chosen(page: Page) -> None:
    page.later(timedelta(seconds=0.7))
    answer = page.compose(**ON)
    id_ = path_of(answer).rpartition("/")[2]
    assert page.messages[id_].cancel_if_they_write_after == NOW
    assert "It is not sent if they write after Sun 22 Nov 2026, 12:00" in words(page.client.get(f"/messages/{id_}"))
    assert is_ticked(page, f"/messages/{id_}/edit")
    page.later(timedelta(hours=1))

    def save(**fields: str) -> Message:
        form = typed(page.client.get(f"/messages/{id_}/edit")) | {
            "if_late": "within",
            "do": "",
            "unless_they_write": "",
        }
        assert page.client.post(f"/messages/{id_}", data=form | fields).status_code == 303
        return page.messages[id_]

    assert save(text="Other words", **ON).cancel_if_they_write_after == NOW
    assert save().cancel_if_they_write_after is None
    assert save(**ON).cancel_if_they_write_after == in_(hours=1)


def test_a_form_saved_twice_is_one_message_and_an_error_keeps_the_tick(page: Page) -> None:
    refused = page.compose(to="nobody such", **ON)
    assert one(BeautifulSoup(refused.text, "html.parser"), "#unless_they_write").has_attr("checked")
    first = page.compose(id="form-1", **ON)
    page.later(timedelta(minutes=1))
    assert path_of(page.compose(id="form-1", **ON)) == path_of(first)
    assert len(page.messages) == 1


def test_several_people_and_a_series_have_it_too(page: Page) -> None:
    preview = page.compose(to=f"{ALICE.number}; {BOB.number}", **ON)
    assert "Whoever writes first gets none." in words(preview)
    included = {"include": [ALICE.number, BOB.number]}
    assert page.client.post("/messages/several", data=typed(preview) | included).status_code == 303
    assert [each.cancel_if_they_write_after for each in page.messages.values()] == [NOW, NOW]
    series_id = path_of(page.compose(repeat="weekly", **ON)).rpartition("/")[2]
    assert page.series[series_id].cancel_if_they_write is True
    assert is_ticked(page, f"/series/{series_id}/edit")
    assert "if they have written since the one before" in words(page.client.get(f"/series/{series_id}"))


def test_that_it_came_to_that_is_told_everywhere_and_it_can_be_sent_all_the_same(page: Page) -> None:
    past = message(
        ALICE, id="one", send_at=in_(hours=-1), zone="Europe/London", cancel_if_they_write_after=in_(days=-1)
    )
    page.store(messages=[called_off(past, in_(hours=-3))])
    told = "They wrote first, on Sun 22 Nov 2026, 09:00, so it was not sent."
    shown = words(page.client.get("/messages/one"))
    assert shown.count(told) == 1
    assert "They wrote first Sun 22 Nov 2026, 09:00" in shown
    assert told in words(page.client.get("/?show=cancelled"))
    for elsewhere in ("attention", "not-sent", "upcoming"):
        assert told not in words(page.client.get(f"/?show={elsewhere}"))
    assert not needs_attention(page.messages["one"], NOW)
    assert insights.insights(page.messages.values(), NOW, "UTC").not_sent == 0
    form = typed(page.client.get("/compose?from=one")) | {
        "date": "2026-11-27",
        "time": "18:00",
        "if_late": "within",
        "do": "",
    }
    assert page.client.post("/messages", data=form | ON).status_code == 303
    assert page.messages["one~1"].cancel_if_they_write_after == NOW
    assert page.client.post("/messages/one/again", data={"id": "one~2"}).status_code == 303
    assert page.messages["one~2"].cancel_if_they_write_after is None
    assert "It was sent again." in words(page.client.get("/messages/one"))


def test_a_date_of_a_series_that_was_called_off_stays_in_sight() -> None:
    date = message(ALICE, id="weekly@2026-11-22T11:00", version="@00000001-web", cancel_if_they_write_after=NOW)
    withdrawn = date.evolve(cancelled=True, delivery=lifecycle.confirm(date.delivery, 1, date.version))
    assert agenda.choose([called_off(date)], listing.Show.CANCELLED, "", NOW).messages == [called_off(date)]
    assert agenda.choose([withdrawn], listing.Show.CANCELLED, "", NOW).messages == []


def test_where_nobody_knows_it_asks(page: Page) -> None:
    past = message(ALICE, id="one", send_at=in_(hours=-9), cancel_if_they_write_after=in_(days=-1))
    page.store(messages=[missed(past, "Whether they wrote first is not known.")])
    answer = page.client.get("/messages/one")
    assert "Whether they wrote first is not known." in words(answer)
    assert {each["id"] for each in BeautifulSoup(answer.text, "html.parser").select("#send-now, #let-go")} == {
        "send-now",
        "let-go",
    }
    assert "Whether they wrote first" in words(page.client.get("/?show=attention"))
