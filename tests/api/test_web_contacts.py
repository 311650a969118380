"""Contacts on the page: adding, finding, changing, deleting and bringing back."""

from pathlib import Path

import pytest

from shared.model.contact import Contact, Phone
from tests.api.web_page import Page, errors, path_of, typed, words
from tests.builders import contact
from tests.cast import ALICE, BOB, CHARLIE, EVE, EVERYBODY


@pytest.fixture
def page(tmp_path: Path) -> Page:
    return Page(tmp_path).enter()


def only(page: Page) -> Contact:
    (found,) = page.contacts.values()
    return found


def test_a_contact_is_stored_with_its_number_as_whatsapp_writes_it(page: Page) -> None:
    numbers = {"number": "07700 900001", "number-2": "+1 202 555 0103", "label-2": "work"}
    form = {"name": " Alice ", **numbers, "aliases": "Mum, Al", "tags": "family, Choir, choir", "notes": "Tea"}
    assert path_of(page.client.post("/contacts", data=form)) == "/contacts"
    saved = only(page)
    phones = [(phone.number, phone.label) for phone in saved.phones]
    assert (saved.name, phones) == ("Alice", [(ALICE.number, None), (CHARLIE.number, "work")])
    assert saved.tags == ("family", "Choir")
    assert (saved.aliases, saved.notes, saved.favourite) == (("Mum", "Al"), "Tea", False)
    assert "Alice is saved." in words(page.client.get("/contacts"))


BAD = {
    "nothing": ({}, "name", "name or a number"),
    "a number that is none": ({"name": "A", "number": "12"}, "number", "phone number"),
    "a group": ({"name": "A", "number": "120363000000000001@g.us"}, "number", "no phone number"),
    "10,000 characters": ({"name": "x" * 10_000}, "name", "this one has 10,000"),
    "long alias": ({"name": "A", "aliases": "x" * 300}, "aliases", "at most 200"),
    "many aliases": ({"name": "A", "aliases": ",".join(map(str, range(50)))}, "aliases", "at most 20"),
    "many tags": ({"name": "A", "tags": ",".join(map(str, range(90)))}, "tags", "at most 50"),
    "a second number that is none": ({"number": ALICE.number, "number-2": "12"}, "number-2", "phone number"),
    "a label alone": ({"name": "A", "number-2": "", "label": "work"}, "number", "no number beside it"),
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


def test_another_number_gets_room_without_losing_what_is_typed(page: Page) -> None:
    answer = page.client.post("/contacts", data={"name": "Alice", "number": "07700", "more": "yes"})
    assert answer.status_code == 200
    assert (typed(answer)["number"], typed(answer)["number-2"]) == ("07700", "")
    assert page.contacts == {}


def test_what_two_workers_changed_at_once_is_shown_and_picked(page: Page) -> None:
    page.store(contacts=[contact(ALICE)])
    seen = only(page)
    for name in ("Alice Here", "Alice There"):
        version = page.other.reserve()
        page.other.append(version, page.clock.now(), contacts=[seen.edited(version, name=name)])
    assert "two places at once" in words(page.client.get("/contacts"))
    shown = page.client.get(f"/contacts/{seen.id}")
    assert "Alice Here" in words(shown)
    assert "Alice There" in words(shown)
    lost = only(page).conflicts[0]
    page.client.post(f"/contacts/{seen.id}/favourite", data={"favourite": "yes"})
    assert only(page).conflicts  # a star decides nothing about names
    page.client.post(f"/contacts/{seen.id}/pick", data={"version": lost.version})
    assert (only(page).name, only(page).conflicts) == (lost.name, ())


def test_a_long_list_comes_in_pages_and_filters_by_tag_and_star(page: Page) -> None:
    people = [
        contact(
            ALICE,
            id=f"p{n}",
            name=f"Person {n:03}",
            phones=(Phone(number=f"4477009{n:05}"),),
            tags=("Choir",) * (n % 3 == 0),
        )
        for n in range(150)
    ]
    page.store(contacts=[*people, contact(BOB, favourite=True)])
    assert "1–60 of 151" in words(page.client.get("/contacts"))
    assert "121–151 of 151" in words(page.client.get("/contacts?page=99"))
    assert "50 of 151" in words(page.client.get("/contacts?tag=choir"))
    starred = words(page.client.get("/contacts?starred=yes"))
    assert "1 of 151" in starred
    assert "United Kingdom" in starred


def test_storage_that_is_away_keeps_the_form(page: Page) -> None:
    page.bucket.away = True
    answer = page.client.post("/contacts", data={"name": "Alice", "number": ALICE.number})
    assert answer.status_code == 503
    assert typed(answer)["name"] == "Alice"
