"""The list of what is looked at before a message leaves: beside the form as it is written, and after Check."""

import json
from datetime import timedelta
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from werkzeug.test import TestResponse

from shared.model.link import Link
from shared.model.owner_settings import PaceStanding
from shared.model.pace import PaceSettings
from tests.api.web_page import Page, one, typed, words
from tests.builders import contact, in_, link_status, message, series
from tests.cast import ALICE, BOB, CHARLIE
from tests.fakes import events
from web.asking import queue_in_words

WAITS = {"begins_at": in_(hours=30), "reason": "30 messages have left within an hour, which is the most this sends."}
FORM = {"to": "alice", "text": "Hello", "date": "2026-11-22", "time": "13:00", "zone": "Europe/London"}


@pytest.fixture
def page(tmp_path: Path) -> Page:
    page = Page(tmp_path).enter()
    page.store(contacts=[contact(ALICE, tags=("choir",)), contact(BOB, tags=("choir",))])
    return page


def rows(answer: TestResponse) -> dict[str, str]:
    """Check → its word and its sentence."""
    found = BeautifulSoup(answer.text, "html.parser").select(".check")
    return {one(each, ".check-title").get_text(): " ".join(each.get_text(" ").split()) for each in found}


def said(page: Page, own: str = "", **changes: str) -> dict[str, str]:
    answer = page.client.post(f"/compose/checks?own={own}" if own else "/compose/checks", data=FORM | changes)
    assert answer.status_code == 200
    return rows(answer)


def test_it_tells_the_preview_what_is_sent_instead_of_each_field_once_it_is_for_one_person(page: Page) -> None:
    text = "Hi {{first_name}} {{notes}} {{notes|</span>'\"}} {{odd}}"

    def told(to: str) -> list[str]:
        answer = page.client.post("/compose/checks", data=FORM | {"to": to, "text": text})
        return [str(each["data-filled"]) for each in BeautifulSoup(answer.text, "html.parser").select("[data-filled]")]

    (filled,) = told("alice")
    assert json.loads(filled) == [["{{first_name}}", "Alice"], ["{{notes|</span>'\"}}", "</span>'\""]]
    assert told("alice; bob") == told("nobody") == told("") == []


def test_all_is_well(page: Page) -> None:
    found = said(page)
    assert list(found) == ["Fields", "Time", "On WhatsApp", "Link", "Duplicate", "Quiet hours", "Pace"]
    assert "It leaves at its second." in found["Pace"]
    assert "in 1 h" in found["Time"]
    assert "Outside" in found["Quiet hours"]
    assert "Connected to WhatsApp." in found["Link"]
    assert page.host.asked == [(ALICE.number, in_(hours=1), "")]
    assert page.messages == {}


def test_the_list_is_folded_until_something_stands_in_the_way(page: Page) -> None:
    for changes, folded in (({}, True), ({"text": ""}, True), ({"to": "nobody"}, False)):
        answer = page.client.post("/compose/checks", data=FORM | changes)
        fold = one(BeautifulSoup(answer.text, "html.parser"), "details")
        assert (not fold.has_attr("open"), fold["data-itself"] == "folded") == (folded, folded)
    page.host.status = link_status(Link.LOGGED_OUT)
    page.later(timedelta(minutes=1))
    assert one(BeautifulSoup(page.client.post("/compose/checks", data=FORM).text, "html.parser"), "details[open]")
    refused = BeautifulSoup(page.client.post("/messages", data={"if_late": "never"}).text, "html.parser")
    assert one(refused, "details#checks[open]")
    assert one(refused, "details#more-options[open] #if_late-error"), "an error is not folded away"
    assert not BeautifulSoup(page.client.get("/compose").text, "html.parser").select("details[open]")


def test_an_empty_form_is_only_to_be_filled_in_until_somebody_presses_a_button(page: Page) -> None:
    empty = dict.fromkeys(FORM, "")
    assert "To fill in" in said(page, **empty)["Fields"]
    assert page.host.asked == []
    answer = page.client.post("/messages", data=empty | {"check": "yes"})
    assert answer.status_code == 200
    assert "Not yet right Who is it for?" in rows(answer)["Fields"]
    assert "2 things stop it." in words(answer)


def test_pace_says_until_when_it_waits_and_why_in_the_zone_of_the_form(page: Page) -> None:
    page.host.forecast = WAITS
    sentence = said(page, zone="Asia/Tokyo", date="2026-11-23", time="00:30")["Pace"]
    assert "It waits until Tue 24 Nov 2026, 03:00, because of the pace: 30 messages have left" in sentence


def test_quiet_hours_warn_and_let_go(page: Page) -> None:
    page.host.forecast = {"quiet": "22:00 to 08:00, Europe/London"}
    assert "22:00 to 08:00, Europe/London" in said(page)["Quiet hours"]
    assert page.compose(**FORM).status_code == 303


def test_a_host_that_is_away_makes_nothing_wrong(page: Page) -> None:
    page.host.down = True
    found = said(page)
    assert "Whether it has to wait is not known just now" in found["Pace"]
    assert "Not known" in found["Quiet hours"]
    assert "Messages are stored and wait" in found["Link"]
    answer = page.compose(**FORM)
    assert answer.status_code == 303
    assert "because of the pace" not in words(page.client.get(answer.headers["Location"]))


def test_a_link_that_is_down_says_what_to_do(page: Page) -> None:
    page.host.status = link_status(Link.LOGGED_OUT)
    assert "Down The phone has unlinked this device." in said(page)["Link"]


def test_a_storage_that_is_away_is_said(page: Page) -> None:
    page.later(timedelta(minutes=1))
    page.bucket.away = True
    found = said(page, to="+447700900001")
    assert "cannot be read" in found["Duplicate"]
    assert "Filled in" in found["Fields"]


@pytest.mark.parametrize(
    ("changes", "row", "sentence"),
    [
        ({"to": "nobody"}, "Fields", "Nobody in your contacts"),
        ({"date": "2020-01-01"}, "Time", "choose a time that is still to come"),
        ({"zone": "Mars"}, "Time", "no time zone"),
        ({"text": "Hi {{last_name}}"}, "Fields", "Nothing is known for last_name"),
        ({"text": "Hi {{nme}}"}, "Fields", "no field “nme”"),
        ({"when": "28 mar 2027 1:30"}, "Time", "The clocks go forward over 01:30"),
        ({"repeat": "weekly", "ends": "until", "until": "2020-01-01"}, "Fields", "before the first one"),
        ({"to": "Alice; Bob", "repeat": "daily"}, "Fields", "repeats goes to one person"),
    ],
)
def test_what_is_not_right_is_named_in_its_row(page: Page, changes: dict[str, str], row: str, sentence: str) -> None:
    assert sentence in said(page, **changes)[row]


def test_the_same_again_is_named_with_a_way_to_it_and_an_edit_is_no_duplicate_of_itself(page: Page) -> None:
    page.store(messages=[message(ALICE, id="waits", text="Hello", send_at=in_(hours=30))])
    answer = page.client.post("/compose/checks", data=FORM)
    assert "The same text to Alice is already scheduled for Mon 23 Nov 2026, 18:00." in rows(answer)["Duplicate"]
    assert one(BeautifulSoup(answer.text, "html.parser"), ".check a")["href"] == "/messages/waits"
    assert "None" in said(page, own="waits")["Duplicate"]
    answer = page.client.post("/messages/waits", data=FORM | {"check": "yes"})
    assert (answer.status_code, "None" in rows(answer)["Duplicate"]) == (200, True)
    assert page.messages["waits"].send_at == in_(hours=30), "looked at, not saved"


def test_a_series_is_looked_at_on_its_next_dates_and_not_held_against_itself(page: Page) -> None:
    page.store(messages=[message(ALICE, text="Other", send_at=in_(days=2, hours=1))], series=[series(ALICE, id="bins")])
    assert "Another message to Alice is scheduled for that minute" in said(page, repeat="daily")["Duplicate"]
    bins = {"repeat": "weekly", "date": "2026-11-27", "time": "18:00"}
    assert "for that minute" in said(page, **bins)["Duplicate"]
    assert "None" in said(page, own="bins", **bins)["Duplicate"]
    answer = page.client.post("/series/bins", data=FORM | bins | {"check": "yes"})
    assert (answer.status_code, "None" in rows(answer)["Duplicate"]) == (200, True)


def test_who_has_written_is_on_whatsapp(page: Page) -> None:
    page.host.forecast = {"stranger": True}
    page.host.kept.hear(events.message(BOB.jid, "Hello?", push_name="Bob"))
    assert "Yes They have written to you." in said(page, to="Bob")["On WhatsApp"]
    assert "Not known" in said(page)["On WhatsApp"]
    several = said(page, to="#choir; +1 202 555 0103")
    assert f"Alice, +{CHARLIE.number[0]} 202" in several["On WhatsApp"]
    page.host.forecast = {}
    assert "has written to this number before" in said(page)["On WhatsApp"]


def test_the_preview_for_several_shows_the_same_list(page: Page) -> None:
    page.store(messages=[message(BOB, text="Hello", send_at=in_(hours=30))])
    page.host.kept.hear(events.message(ALICE.jid, "Hello?", push_name="Ali"))
    answer = page.client.post("/messages", data=FORM | {"to": "#choir"})
    assert words(answer).count("whether they are on WhatsApp is not known") == 1, "Alice has written"
    found = rows(answer)
    assert "The same text to Bob" in found["Duplicate"]
    assert "One after the other" in found["Pace"]
    assert "6 to 12 s apart, at most 30 an hour and 150 in 24 hours: the last of 2 about 9 s" in found["Pace"]


def test_several_leave_at_the_pace_that_holds_and_both_lists_say_so(page: Page) -> None:
    def both() -> str:
        live, preview = said(page, to="#choir"), rows(page.client.post("/messages", data=FORM | {"to": "#choir"}))
        assert live["Pace"] == preview["Pace"]
        return live["Pace"]

    even = PaceSettings(gap_seconds=90, jitter_seconds=0)
    page.host.pace_standing = PaceStanding(holds=even, environment=PaceSettings())
    assert "90 s apart, at most 30 an hour and 150 in 24 hours: the last of 2 about 2 min after the first." in both()
    page.host.pace_standing = PaceStanding(holds=PaceSettings(on=False), environment=PaceSettings())
    assert both() == "Pace At its second It leaves at its second."
    page.host.down = True
    assert "Not known How far apart they leave is not known just now" in both()


@pytest.mark.parametrize(
    ("changes", "count", "later"),
    [
        ({}, 31, "60 min"),
        ({}, 151, "24 h"),
        ({"gap_seconds": 600, "jitter_seconds": 0}, 30, "5 h"),
        ({"gap_seconds": 600, "jitter_seconds": 0}, 31, "5 h"),
        ({"gap_seconds": 0, "jitter_seconds": 0}, 30, ""),
        ({"gap_seconds": 0, "jitter_seconds": 0}, 61, "2 h"),
    ],
)
def test_the_last_of_many_waits_for_full_hours_and_days(changes: dict[str, float], count: int, later: str) -> None:
    sentence = queue_in_words(PaceSettings.model_validate(changes), count)
    assert f"about {later} after" in sentence if later else sentence == ""


def test_what_is_shown_already_is_not_shown_again_and_nothing_typed_is_lost(page: Page) -> None:
    first = page.client.post("/compose/checks", data=FORM)
    seen = {"seen": str(one(BeautifulSoup(first.text, "html.parser"), "[name=seen]")["value"])}
    assert page.client.post("/compose/checks", data=FORM | seen).status_code == 204
    assert page.client.post("/compose/checks", data=FORM | seen | {"to": "bob x"}).status_code == 200
    checked = typed(page.client.post("/messages", data=FORM | {"check": "yes"}))
    assert {name: checked[name] for name in FORM} == FORM


def test_a_form_without_scripts_learns_of_the_pace_after_saving_too(page: Page) -> None:
    page.host.forecast = WAITS
    answer = page.compose(**FORM)
    shown = words(page.client.get(answer.headers["Location"]))
    assert "It waits until Mon 23 Nov 2026, 18:00, because of the pace: 30 messages" in shown
    (asked,) = page.host.asked
    assert asked[:2] == (ALICE.number, in_(hours=1))
    assert asked[2] in page.messages, "it does not stand in its own way"


def test_the_text_goes_in_no_address(page: Page) -> None:
    shown = page.client.get("/compose").get_data(as_text=True)
    assert 'hx-post="/compose/checks"' in shown
