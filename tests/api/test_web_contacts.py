"""Contacts on the page: adding, finding, changing, deleting and bringing back."""

from pathlib import Path

import pytest

from shared.model.contact import Contact, Phone
from tests.api.web_page import Page, errors, path_of, typed, words
from tests.builders import contact
from tests.cast import ALICE, BOB, EVE, EVERYBODY


@pytest.fixture
def page(tmp_path: Path) -> Page:
    return Page(tmp_path).enter()


def only(page: Page) -> Contact:
    (found,) = page.contacts.values()
    return found


def test_a_contact_is_stored_with_its_number_as_whatsapp_writes_it(page: Page) -> None:
    form = {"name": " Alice ", "number": "07700 900001\n+1 202 555 0103", "aliases": "Mum, Al", "notes": "Tea"}
    assert path_of(page.client.post("/contacts", data=form)) == "/contacts"
    saved = only(page)
    assert (saved.name, [phone.number for phone in saved.phones]) == ("Alice", [ALICE.number, "12025550103"])
    assert (saved.aliases, saved.notes, saved.favourite) == (("Mum", "Al"), "Tea", False)
    assert "Alice is saved." in words(page.client.get("/contacts"))


BAD = {
    "nothing": ({}, "name", "name or a number"),
    "a number that is none": ({"name": "A", "number": "12"}, "number", "phone number"),
    "a group": ({"name": "A", "number": "120363000000000001@g.us"}, "number", "no phone number"),
    "10,000 characters": ({"name": "x" * 10_000}, "name", "this one has 10,000"),
    "long alias": ({"name": "A", "aliases": "x" * 300}, "aliases", "at most 200"),
    "many aliases": ({"name": "A", "aliases": "a," * 50}, "aliases", "at most 20"),
    "long notes": ({"name": "A", "notes": "x" * 20_000}, "notes", "20,000"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_named_and_kept(page: Page, case: str) -> None:
    fields, field, sentence = BAD[case]
    answer = page.client.post("/contacts", data=fields)
    assert answer.status_code == 422
    assert sentence in errors(answer)[field]
    for name, value in fields.items():
        assert typed(answer)[name] == value
    assert page.contacts == {}


def test_a_hostile_name_is_only_text(page: Page) -> None:
    page.client.post("/contacts", data={"name": EVE.name, "number": EVE.number})
    for path in ("/contacts", "/contacts/options?q=eve", f"/contacts/{only(page).id}", f"/compose?to={EVE.number}"):
        answer = page.client.get(path)
        assert "<script>alert" not in answer.text
    assert EVE.name in page.client.get("/contacts/options?q=eve").text.replace("&lt;", "<").replace(
        "&gt;", ">"
    ).replace("&#34;", '"')


def test_people_are_found_by_name_alias_and_digits(page: Page) -> None:
    page.store(contacts=[contact(each) for each in EVERYBODY])
    assert "1 of 5" in words(page.client.get("/contacts?q=odegard"))
    assert "Bob" in words(page.client.get("/contacts/options?q=900002"))
    fragment = page.client.get("/contacts/list?q=bob", headers={"HX-Request": "true"})
    assert "Alice" not in words(fragment)
    assert fragment.headers["HX-Replace-Url"] == "/contacts?q=bob"


def test_a_deleted_contact_can_be_brought_back(page: Page) -> None:
    page.store(contacts=[contact(ALICE)])
    page.client.post(f"/contacts/{only(page).id}/delete")
    shown = page.client.get("/contacts")
    assert "Alice is deleted." in words(shown)
    assert "No contacts yet" in words(shown)
    assert page.client.get(f"/contacts/{only(page).id}").status_code == 404
    page.client.post(f"/contacts/{only(page).id}/restore")
    assert "1 person" in words(page.client.get("/contacts"))


def test_a_favourite_is_listed_first(page: Page) -> None:
    page.store(contacts=[contact(ALICE), contact(BOB)])
    page.client.post(f"/contacts/{contact(BOB).id}/favourite", data={"favourite": "yes"})
    assert page.contacts[contact(BOB).id].favourite
    shown = words(page.client.get("/contacts/options?q="))
    assert shown.index("Bob") < shown.index("Alice")


def test_an_edit_keeps_what_the_form_does_not_show(page: Page) -> None:
    page.store(contacts=[contact(ALICE, phones=(Phone(number=ALICE.number, label="work"),), tags=("family",))])
    form = typed(page.client.get(f"/contacts/{only(page).id}"))
    del form["favourite"]
    page.client.post(f"/contacts/{only(page).id}", data=form | {"name": "Alice B"})
    saved = only(page)
    assert (saved.name, saved.phones[0].label, saved.tags) == ("Alice B", "work", ("family",))


def test_an_edit_from_an_old_version_shows_both(page: Page) -> None:
    page.store(contacts=[contact(ALICE)])
    address = f"/contacts/{only(page).id}"
    form = typed(page.client.get(address))
    del form["favourite"]
    page.client.post(address, data=form | {"name": "Alice from the other tab"})
    answer = page.client.post(address, data=form | {"name": "Alice from this tab"})
    assert answer.status_code == 409
    assert "Alice from the other tab" in words(answer)
    assert typed(answer)["name"] == "Alice from this tab"
    assert only(page).name == "Alice from the other tab"


def test_storage_that_is_away_keeps_the_form(page: Page) -> None:
    page.bucket.away = True
    answer = page.client.post("/contacts", data={"name": "Alice", "number": ALICE.number})
    assert answer.status_code == 503
    assert typed(answer)["name"] == "Alice"
