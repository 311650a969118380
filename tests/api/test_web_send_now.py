"""Send now: five seconds to undo, once however often it is clicked, and an undo that says only what is true."""

from datetime import timedelta
from pathlib import Path

import pytest
from bs4 import BeautifulSoup

from shared.model import lifecycle
from shared.model.lifecycle import Delivery
from shared.model.message import Message
from tests.api.web_page import Page, errors, one, path_of, typed, words
from tests.builders import begun, contact, in_, message, sent
from tests.cast import ALICE, BOB, EVE


@pytest.fixture
def page(tmp_path: Path) -> Page:
    page = Page(tmp_path).enter()
    page.store(contacts=[contact(ALICE)])
    return page


FORM = {
    "id": "form-1",
    "to": "Alice",
    "text": "Hi {{first_name}}",
    "date": "2026-11-22",
    "time": "",
    "zone": "",
    "now": "yes",
}


def only(page: Page) -> Message:
    (found,) = page.messages.values()
    return found


def host_says(page: Page, delivery: Delivery) -> None:
    """The session host writes what became of the only message."""
    known = only(page)
    page.store(messages=[known.evolve(delivery=delivery, replaces=tuple(sorted({*known.replaces, known.version})))])


def test_it_leaves_in_five_seconds_whatever_the_time_says_and_the_host_has_it_at_once(page: Page) -> None:
    page.later(timedelta(milliseconds=300))
    answer = page.client.post("/messages", data=FORM | {"date": "2020-01-01", "time": "09:00"})
    saved = only(page)
    assert (saved.send_at, saved.text, saved.zone) == (in_(6), "Hi Alice", "Europe/London")
    assert saved.wall_time == "2026-11-22T12:00:06"
    ((handed,),) = [each.items for each in page.host.handovers]
    assert handed["id"] == saved.id
    shown = page.client.get(path_of(answer))
    assert "It leaves now, in 5 s . Undo" in words(shown)
    assert float(str(one(BeautifulSoup(shown.text, "html.parser"), "[data-left]")["data-left"])) == 5.7


def test_two_clicks_are_one_message_and_other_words_are_another(page: Page) -> None:
    page.client.post("/messages", data=FORM)
    page.later(timedelta(seconds=2))
    answer = page.client.post("/messages", data=FORM)
    assert "nothing was scheduled twice" in words(page.client.get(path_of(answer)))
    assert only(page).send_at == in_(5)
    page.client.post("/messages", data=FORM | {"text": "And another thing"})
    assert len(page.messages) == 2


def test_undo_goes_back_to_writing_with_all_that_was_typed(page: Page) -> None:
    form = FORM | {"when": "friday", "if_late": "ask"}
    shown = page.client.get(path_of(page.client.post("/messages", data=form)))
    button = one(BeautifulSoup(shown.text, "html.parser"), "form:has(#undo-sending)")
    answer = page.client.post(str(button["action"]))
    assert only(page).cancelled
    back = page.client.get(answer.headers["Location"])
    kept = typed(back)
    assert {name: kept[name] for name in ("to", "text", "when", "date", "time")} == {
        **{name: FORM[name] for name in ("to", "text", "date", "time")},
        "when": "friday",
    }
    assert 'value="ask" checked' in back.text
    assert kept["id"] != FORM["id"], "or sending it after all would be taken for a second click"
    assert "Asked to cancel; the session host has not confirmed it yet. What you typed is here again." in words(back)
    page.fold()
    live = page.client.get(f"/messages/{only(page).id}/undone")
    assert "Cancelled. It will not be sent. What you typed is here again." in words(live)
    page.client.post("/messages", data=kept | {"now": "yes"})
    assert sorted(each.cancelled for each in page.messages.values()) == [False, True]


def test_an_undo_that_comes_too_late_says_so(page: Page) -> None:
    page.client.post("/messages", data=FORM)
    host_says(page, begun(only(page)).delivery)
    answer = page.client.post(f"/messages/{only(page).id}/undo")
    assert path_of(answer) == f"/messages/{only(page).id}"
    shown = words(page.client.get(path_of(answer)))
    assert "already leaving" in shown
    assert "Undo" not in shown
    assert not only(page).cancelled


def test_an_undo_that_was_asked_for_and_came_too_late_says_so_above_the_form(page: Page) -> None:
    page.client.post("/messages", data=FORM)
    before = only(page)
    page.client.post(f"/messages/{before.id}/undo")
    host_says(page, sent(before).delivery)
    live = words(page.client.get(f"/messages/{before.id}/undone"))
    assert "that message was not taken back in time" in live
    assert page.client.get("/messages/nobody/undone").status_code == 404


def test_it_can_be_undone_as_long_as_it_has_not_begun_and_only_what_was_sent_now(page: Page) -> None:
    page.client.post("/messages", data=FORM)
    page.later(timedelta(minutes=1))
    assert "until it has begun, you can undo it" in words(page.client.get(f"/messages/{only(page).id}"))
    held = only(page)
    host_says(page, lifecycle.hold(held.delivery, in_(minutes=5), "Messages leave 6 s apart."))
    page.store(messages=[message(ALICE, id="ordinary")])
    shown = words(page.client.get(f"/messages/{held.id}"))
    assert "Held" in shown
    assert "Undo" in shown
    assert "undo it" not in words(page.client.get("/messages/ordinary"))


def test_what_is_scheduled_leaves_at_once_on_a_click_and_an_undo_gives_it_its_time_back(page: Page) -> None:
    page.store(messages=[message(ALICE, id="waits", send_at=in_(hours=2))])
    before = only(page)
    for path in ("/", "/messages/waits"):
        button = one(BeautifulSoup(page.client.get(path).text, "html.parser"), "form[action='/messages/waits/now']")
        assert one(button, "[name=version]")["value"] == before.version
    answer = page.client.post("/messages/waits/now", data={"version": before.version})
    assert (only(page).send_at, only(page).text) == (in_(5), before.text)
    assert [each["id"] for each in page.host.handovers[-1].items] == ["waits"]
    shown = page.client.get(path_of(answer))
    assert "It is to be sent now." in words(shown)
    hastened = only(page)
    page.later(timedelta(seconds=2))
    again = page.client.post("/messages/waits/now", data={"version": before.version})
    assert only(page) == hastened
    assert "It is leaving now already." in words(page.client.get(path_of(again)))
    page.client.post(str(one(BeautifulSoup(shown.text, "html.parser"), ".notice form")["action"]))
    assert only(page).send_at == before.send_at


def test_every_open_row_of_the_agenda_can_be_sent_now_and_says_to_whom(page: Page) -> None:
    page.store(
        messages=[
            message(ALICE, id="next", send_at=in_(hours=2)),
            message(BOB, id="row", send_at=in_(days=3)),
            message(EVE, id="lower", send_at=in_(days=9)),
            message(BOB, id="over", send_at=in_(days=4), cancelled=True),
        ]
    )
    agenda = BeautifulSoup(page.client.get("/").text, "html.parser")
    offered = {str(each["action"]): each for each in agenda.select("#agenda form[action$='/now']")}
    assert set(offered) == {f"/messages/{name}/now" for name in ("next", "row", "lower")}
    lower = offered["/messages/lower/now"]
    assert one(lower, "button").get_text(" ", strip=True).startswith("Send now the message to Eve")
    page.client.post("/messages/lower/now", data={"version": str(one(lower, "[name=version]")["value"])})
    assert page.messages["lower"].send_at == in_(5)


def test_only_what_was_looked_at_and_has_not_begun_leaves_at_once(page: Page) -> None:
    page.store(messages=[message(ALICE, id="waits", send_at=in_(hours=2))])
    answer = page.client.post("/messages/waits/now", data={"version": "another"})
    assert "changed since you looked" in words(page.client.get(path_of(answer)))
    host_says(page, begun(only(page)).delivery)
    answer = page.client.post("/messages/waits/now", data={"version": only(page).version})
    assert "already leaving" in words(page.client.get(path_of(answer)))
    assert only(page).send_at == in_(hours=2)
    assert page.client.post("/messages/nobody/now").status_code == 404


@pytest.mark.parametrize(
    ("changes", "field", "sentence"),
    [
        ({"to": ""}, "to", "Who is it for?"),
        ({"text": ""}, "text", "Write something"),
        ({"to": "Alice; Bob"}, "to", "for one person"),
        ({"repeat": "daily"}, "repeat", "Send now sends it once"),
        ({"text": "{{last_name}}"}, "text", "Nothing is known"),
    ],
)
def test_what_cannot_be_sent_is_named_and_kept(page: Page, changes: dict[str, str], field: str, sentence: str) -> None:
    answer = page.client.post("/messages", data=FORM | {"when": "friday"} | changes)
    assert answer.status_code == 422
    assert sentence in errors(answer)[field]
    assert list(errors(answer)) == [field], "no time is asked for"
    assert typed(answer)["when"] == "friday"
    assert page.messages == {}


def test_a_storage_that_is_away_loses_nothing_and_a_try_without_an_answer_is_not_sent_twice(page: Page) -> None:
    page.bucket.lost = 3
    answer = page.client.post("/messages", data=FORM)
    assert (answer.status_code, typed(answer)["text"]) == (503, FORM["text"])
    page.client.post("/messages", data=FORM)
    assert only(page).conflicts == ()
    page.bucket.away = True
    answer = page.client.post("/messages", data=FORM | {"id": "form-2"})
    assert (answer.status_code, typed(answer)["text"]) == (503, FORM["text"])


def test_what_was_typed_is_forgotten_after_a_day_and_then_comes_from_the_message(page: Page) -> None:
    page.client.post("/messages", data=FORM)
    first = only(page)
    page.later(timedelta(days=2))
    page.client.post("/messages", data=FORM | {"id": "form-2"})
    back = typed(page.client.get(f"/compose?undone={first.id}"))
    assert (back["to"], back["text"], back["time"]) == ("Alice", "Hi Alice", "")
    assert typed(page.client.get("/compose?undone=nobody"))["to"] == ""
