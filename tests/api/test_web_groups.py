"""Groups on the page: chosen by name as people are, shown by it, looked up by nobody; several may hold some."""

from pathlib import Path

import pytest
from bs4 import BeautifulSoup

from shared.model.wire import Group
from tests.api.web_page import Page, errors, one, path_of, typed, words
from tests.builders import contact, in_, message
from tests.cast import ALICE, BOB

CHOIR = Group(id="120363000000000001@g.us", name="Choir, Tuesdays", participants=12)
HOSTILE = Group(id="447700900001-1500000000@g.us", name='<b>; Alice"\n', participants=0)
AWAY = "120363000000000099@g.us"


@pytest.fixture
def page(tmp_path: Path) -> Page:
    page = Page(tmp_path).enter()
    page.host.joined = (CHOIR, HOSTILE)
    page.store(contacts=[contact(ALICE), contact(BOB, name="Chore")])
    return page


def options(page: Page, typed: str) -> list[tuple[str, str]]:
    found = BeautifulSoup(page.client.get("/contacts/options", query_string={"q": typed}).text, "html.parser")
    return [(str(each["data-picked"]), one(each, "small").get_text()) for each in found.select("li")]


def check(page: Page, **typed: str) -> str:
    form = {"text": "Hello", "date": "2026-11-27", "time": "18:00", "zone": "UTC", "check": "1"}
    return words(page.client.post("/messages", data=form | typed))


def test_the_to_field_offers_groups_by_name_after_people_and_says_that_they_are_groups(page: Page) -> None:
    assert options(page, "CHO") == [
        (f"{BOB.number}|Chore", "+44 7700 900002"),
        (f"{CHOIR.id}|Choir, Tuesdays", "Group, 12 members"),
    ]
    assert options(page, "<b>") == [(f'{HOSTILE.id}|<b>; Alice"', "Group")]
    assert [picked for picked, _ in options(page, "")] == [f"{ALICE.number}|Alice", f"{BOB.number}|Chore"]
    page.host.joined, page.host.down = (), True
    assert options(page, "tuesd"), "what was told before stays"


@pytest.mark.parametrize(
    "typed",
    [
        {"to": CHOIR.name, "picked": f"{CHOIR.id}|{CHOIR.name}"},
        {"to": "choir, TUESDAYS"},
        {"to": CHOIR.id},
    ],
    ids=["picked", "by name", "by address"],
)
def test_a_group_is_scheduled_under_its_name_and_shown_by_it(page: Page, typed: dict[str, str]) -> None:
    made = page.compose(**typed)
    (stored,) = page.messages.values()
    assert (stored.to, stored.contact_name) == (CHOIR.id, "Choir, Tuesdays")
    shown = words(page.client.get(path_of(made)))
    assert "To Choir, Tuesdays" in shown
    assert "Group, 12 members" in shown
    assert "Choir, Tuesdays" in words(page.client.get("/"))


def test_what_was_scheduled_elsewhere_for_a_group_is_called_by_its_name(page: Page) -> None:
    page.store(
        messages=[
            message(id="api", to=CHOIR.id, contact_name=None, send_at=in_(hours=1)),
            message(id="later", to=CHOIR.id, contact_name=None, send_at=in_(days=1)),
            message(id="left", to=AWAY, contact_name=None, send_at=in_(days=2)),
        ]
    )
    for path in ("/", "/agenda/month", f"/?person={CHOIR.id}", "/messages/api"):
        assert "Choir, Tuesdays" in words(page.client.get(path))
    for path in ("/?q=TUESDAYS+kettle", "/agenda/month?q=choir"):
        assert "/messages/later" in page.client.get(path).text, "found by the name of its group, too"
    assert "/messages/later" not in page.client.get("/?q=tuesdays+goodbye").text
    row = one(BeautifulSoup(page.client.get("/").text, "html.parser"), "#row-later h3")
    assert row.get_text(" ", strip=True) == "Group Choir, Tuesdays"
    assert AWAY in words(page.client.get("/messages/left")), "its address is better than nothing"


def test_a_form_for_a_group_names_it_though_its_address_is_all_that_is_known(page: Page) -> None:
    page.store(messages=[message(id="api", to=CHOIR.id, contact_name=None, send_at=in_(hours=1))])
    for path in (f"/compose?to={CHOIR.id}", "/messages/api/edit"):
        form = typed(page.client.get(path))
        assert (form["to"], form["picked"]) == (CHOIR.name, f"{CHOIR.id}|{CHOIR.name}")
        assert page.compose(to=form["to"], picked=form["picked"], id="once").status_code == 303
    assert typed(page.client.get(f"/compose?to={AWAY}"))["to"] == AWAY, "its address is better than nothing"
    hostile = typed(page.client.get("/compose", query_string={"to": HOSTILE.id}))
    assert page.compose(to=hostile["to"], picked=hostile["picked"]).status_code == 303, "a semicolon names nobody else"
    assert {each.to for each in page.messages.values()} == {CHOIR.id, HOSTILE.id}


def test_nobody_in_a_group_is_looked_up_but_whether_this_account_is_in_it_is_said(page: Page) -> None:
    assert "This account is in the group. Members: 12." in check(page, to=CHOIR.id)
    assert "This account is in the group." in check(page, to=HOSTILE.id)
    assert "not in that group" in check(page, to=AWAY)
    assert page.compose(to=AWAY).status_code == 303, "only said: the host may not know yet"


def test_while_the_host_is_away_a_group_can_still_be_written_to_by_its_address(tmp_path: Path) -> None:
    page = Page(tmp_path).enter()
    page.host.down = True
    assert "It is a group." in check(page, to=CHOIR.id)
    assert page.compose(to=CHOIR.id).status_code == 303
    assert "Nobody in your contacts is called" in errors(page.compose(to="Choir"))["to"]


def test_a_name_that_a_person_and_a_group_have_is_asked_about(page: Page) -> None:
    page.host.joined = (CHOIR.evolve(name="Alice"),)
    asked = page.compose(to="alice")
    assert errors(asked)["to"] == "Which one do you mean?"
    choices = BeautifulSoup(asked.text, "html.parser").select("input[type=radio][name=picked]")
    assert [each["value"] for each in choices] == [f"{ALICE.number}|alice", f"{CHOIR.id}|alice"]
    assert page.compose(to="alice", picked=f"{CHOIR.id}|alice").status_code == 303


def test_several_may_hold_groups(page: Page) -> None:
    preview = page.compose(to=f"Alice; Choir  Tuesdays <{CHOIR.id}>; {HOSTILE.id}")
    soup = BeautifulSoup(preview.text, "html.parser")
    who = [each.get_text(" ", strip=True) for each in soup.select(".several-who")]
    assert who == ["Alice +44 7700 900001", "Choir, Tuesdays Group, 12 members", '<b>; Alice" Group']
    assert words(preview).count("whether they are on WhatsApp is not known") == 1
    fields = {str(each["name"]): str(each["value"]) for each in soup.select("main input[type=hidden]")}
    ticked = {"include": [ALICE.number, CHOIR.id]}
    assert page.client.post("/messages/several", data={**fields, **ticked}).status_code == 303
    assert {(each.to, each.contact_name) for each in page.messages.values()} == {
        (ALICE.number, "Alice"),
        (CHOIR.id, "Choir, Tuesdays"),
    }
