"""Many contacts at once: importing with a dry run, tagging, merging, exporting, and taking each of it back."""

import io
import re
from pathlib import Path

import pytest
from werkzeug.test import TestResponse

from shared.model.contact import Phone
from shared.store import keys
from shared.store.errors import Unreachable
from tests.api.web_page import Page, errors, imported, path_of, typed, words
from tests.builders import contact
from tests.cast import ALICE, BOB, CHARLIE, DORA, EVE, EVERYBODY
from web import contact_changes
from web.contact_files import MOST_BYTES


@pytest.fixture
def page(tmp_path: Path) -> Page:
    return Page(tmp_path).enter()


def read(page: Page, data: bytes, name: str = "people.csv") -> TestResponse:
    return page.client.post("/contacts/import", data={"file": (io.BytesIO(data), name)})


def operations(page: Page) -> int:
    return len(list(page.bucket.list(keys.LOG)))


TABLE = (
    "Name,Phone,Tags\n"
    f"Alice,+{ALICE.number},choir\n"  # known, and gains a tag
    f"Bobby,+{BOB.number},\n"  # known under another name
    f"Charlie,+{CHARLIE.number},choir\n"  # known with all of it
    f"Dora,+{DORA.number},choir\n"  # new
    f"Dora at work,+{DORA.number} ; +442079460018,\n"  # the same person again
    "Nobody,12,\n"
).encode()


def known(page: Page) -> None:
    page.store(contacts=[contact(ALICE), contact(BOB), contact(CHARLIE, tags=("choir",))])


def test_a_dry_run_changes_nothing_and_the_import_can_be_taken_back(page: Page) -> None:
    known(page)
    before, count = page.contacts, operations(page)
    address = path_of(read(page, TABLE))
    shown = words(page.client.get(address))
    for sentence in (
        "new 1",
        "merged 2",
        "unchanged 1",
        "unreadable 1",
        "Line 7 Nobody : '12' is",
        "tag choir",
        "Bobby",
    ):
        assert sentence in shown, sentence
    assert operations(page) == count

    for _ in range(2):  # twice is once
        assert path_of(page.client.post(address, data={"tag": "old phone"})) == address
    assert "Imported new 1" in imported(page, address)
    assert operations(page) == count + 1
    people = {each.shown_name: each for each in page.contacts.values()}
    assert people["Alice"].tags == ("choir", "old phone")
    assert people["Bob"].aliases == ("Bobby",)
    assert [phone.number for phone in people["Dora"].phones] == [DORA.number, "442079460018"]
    assert people["Dora"].aliases == ("Dora at work",)

    page.client.post(f"/contacts/{people['Bob'].id}/favourite", data={"favourite": "yes"})
    assert "All of them are tagged old phone" in words(page.client.get(address))
    page.client.post(f"{address}/undo")
    shown = words(page.client.get(address))
    assert "One was changed since and stays" in shown
    assert "All of them are tagged" not in shown
    after = {each.shown_name: each for each in page.contacts.values() if not each.ended}
    assert sorted(after) == ["Alice", "Bob", "Charlie"]
    assert (after["Alice"].tags, after["Bob"].aliases) == (before[contact(ALICE).id].tags, ("Bobby",))
    page.client.post(f"{address}/undo")
    assert "taken back already" in words(page.client.get(address))


def test_many_are_few_operations_and_a_stopped_import_goes_on(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contact_changes, "AT_ONCE", 200)
    table = "Name,Phone\n" + "".join(f"Person {n},+4477009{n:05}\n" for n in range(250))
    address = path_of(read(page, table.encode()))
    puts = page.bucket.put

    def put(key: str, data: bytes) -> str:
        if operations(page):
            raise Unreachable("No network.")
        return puts(key, data)

    with monkeypatch.context() as broken:
        broken.setattr(page.bucket, "put", put)
        page.client.post(address)
        assert "200 of 250 are in" in imported(page, address)
    page.client.post(address)
    assert "new 250" in imported(page, address)
    assert (operations(page), len(page.contacts)) == (2, 250)
    page.client.post(f"{address}/undo")
    assert all(each.ended for each in page.contacts.values())


REFUSED = {
    "nothing chosen": (b"", "", "Choose a file"),
    "empty": (b" \n", "a.csv", "nothing in this file"),
    "a picture": (b"\x89PNG\r\n", "a.vcf", "neither"),
    "no numbers": (b"Name,E-mail\nAlice,a@b.example\n", "a.csv", "No column holds"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_file_that_cannot_be_read_is_refused_in_words(page: Page, case: str) -> None:
    data, name, sentence = REFUSED[case]
    answer = read(page, data, name)
    assert answer.status_code == 422
    assert sentence in errors(answer)["file"]


def test_a_file_that_is_far_too_large_is_refused_before_it_is_read(page: Page) -> None:
    length = {"CONTENT_LENGTH": str(MOST_BYTES + 20_000)}
    data = {"file": (io.BytesIO(b"x"), "a.vcf")}
    answer = page.client.post("/contacts/import", data=data, environ_overrides=length)
    assert answer.status_code == 413
    assert "larger than 32 MB" in errors(answer)["file"]


def test_a_hostile_file_is_only_text(page: Page) -> None:
    card = f"BEGIN:VCARD\nFN:{EVE.name}\nTEL:+{EVE.number}\nTEL:<img src=x onerror=alert(1)>\nEND:VCARD"
    answer = page.client.get(path_of(read(page, card.encode(), '<script>alert("file")</script>.vcf')))
    assert "<script>alert" not in answer.text
    assert "<img src=x" not in answer.text


def test_a_bulk_tag_reaches_everybody_that_is_found_and_is_undone_at_once(page: Page) -> None:
    page.store(contacts=[contact(each) for each in EVERYBODY])
    count = operations(page)
    page.client.post("/contacts/many", data={"do": "tag", "tag": "Trip", "everyone": "yes", "back": "/contacts"})
    assert operations(page) == count + 1
    shown = page.client.get("/contacts?tag=trip")
    assert "5 contacts are tagged “Trip”." in words(shown)
    undo = re.search(r'action="(/contacts/changes/[^"]+/undo)"', shown.text)
    assert undo
    page.client.post("/contacts/many", data={"do": "untag", "tag": "trip", "id": contact(BOB).id})
    assert "One contact has lost" in words(page.client.get("/contacts"))
    page.client.post(undo[1])
    page.client.post(undo[1])
    assert "4 contacts are as they were before. One was changed since" in words(page.client.get("/contacts"))
    assert {each.tags for each in page.contacts.values()} == {()}


def test_bulk_deletes_and_says_when_nothing_was_done(page: Page) -> None:
    page.store(contacts=[contact(each) for each in EVERYBODY])
    chosen = [contact(ALICE).id, contact(BOB).id]
    page.client.post("/contacts/many", data={"do": "delete", "id": chosen})
    shown = page.client.get("/contacts")
    assert "2 contacts are deleted." in words(shown)
    assert "3 people" in words(shown)
    for data, sentence in (
        ({"do": "delete"}, "Nobody is selected"),
        ({"do": "tag", "everyone": "yes"}, "Write a tag first"),
        ({"do": "untag", "tag": "none has it", "everyone": "yes"}, "Nothing was changed"),
        ({"do": "merge", "id": contact(CHARLIE).id}, "at least two"),
    ):
        page.client.post("/contacts/many", data=data)
        assert sentence in words(page.client.get("/contacts"))
    assert page.client.post("/contacts/many", data={"do": "explode", "everyone": "yes"}).status_code == 422


def test_duplicates_are_suggested_merged_and_taken_apart_again(page: Page) -> None:
    twin = contact(
        ALICE, id="twin", name="alice", aliases=("Mum",), notes="Tea",
        phones=(Phone(number=ALICE.number, label="mobile"), Phone(number="442079460018", label="work")),
    )  # fmt: skip
    page.store(contacts=[contact(ALICE, favourite=True), twin, contact(BOB)])
    assert "Duplicates 1" in words(page.client.get("/contacts"))
    shown = page.client.get("/contacts/duplicates")
    assert "2 contacts, the same number" in words(shown)
    ids, versions = (
        [each.id for each in page.contacts.values() if each.name.lower() == "alice"],
        [contact.version for contact in page.contacts.values()],
    )
    form = {"id": ids, "version": list(set(versions))}
    page.client.post(f"/contacts/{contact(ALICE).id}/favourite", data={"favourite": ""})
    stale = page.client.post("/contacts/merge", data=form)
    assert stale.status_code == 409
    assert "changed meanwhile" in words(stale)
    versions = [page.contacts[each].version for each in ids]
    page.client.post("/contacts/merge", data={"id": ids, "version": versions})
    merged = page.client.get("/contacts")
    assert "2 contacts are one now: Alice." in words(merged)
    (left,) = (each for each in page.contacts.values() if not each.ended and each.name == "Alice")
    assert [(phone.number, phone.label) for phone in left.phones] == [
        (ALICE.number, "mobile"),
        ("442079460018", "work"),
    ]
    assert (left.aliases, left.notes) == (("Mum",), "Tea")
    undo = re.search(r'action="(/contacts/changes/[^"]+/undo)"', merged.text)
    assert undo
    page.client.post(undo[1])
    assert "3 people" in words(page.client.get("/contacts"))
    assert "Tea" not in page.contacts[contact(ALICE).id].notes


def test_who_is_not_the_same_is_suggested_no_more(page: Page) -> None:
    people = [contact(each, id=each.number, name="John Smith") for each in (ALICE, BOB)]
    page.store(contacts=people)
    assert "the same name" in words(page.client.get("/contacts/duplicates"))
    page.client.post("/contacts/apart", data={"id": [each.id for each in people]})
    shown = page.client.get("/contacts/duplicates")
    assert "Nobody is there twice" in words(shown)
    undo = re.search(r'action="(/contacts/apart/[^"]+/undo)"', shown.text)
    assert undo
    page.client.post(undo[1])
    assert "Duplicates 1" in words(page.client.get("/contacts"))


def test_those_selected_are_merged_only_after_a_look(page: Page) -> None:
    page.store(contacts=[contact(ALICE), contact(BOB)])
    answer = page.client.post("/contacts/many", data={"do": "merge", "everyone": "yes"})
    assert "Merged" in words(answer)
    assert len([each for each in page.contacts.values() if each.ended]) == 0
    assert typed(answer)["id"]


def test_an_export_is_what_was_chosen_as_a_file(page: Page) -> None:
    page.store(contacts=[contact(ALICE, tags=("choir",)), contact(EVE, name="=1+1")])
    assert "Tag: choir (1)" in words(page.client.get("/contacts/export?tag=Choir"))
    cards = page.client.get("/contacts/file?as=vcf&who=tag:choir")
    assert cards.headers["Content-Disposition"] == 'attachment; filename="contacts-2026-11-22.vcf"'
    assert cards.text.count("BEGIN:VCARD") == 1
    table = page.client.get("/contacts/file?as=csv&who=everybody")
    assert table.mimetype == "text/csv"
    assert "\r\n'=1+1," in table.text
    assert page.client.get("/contacts/file?as=csv&who=starred").text.count("\r\n") == 1


def test_columns_that_were_guessed_wrong_are_put_right_in_the_dry_run(page: Page) -> None:
    answer = read(page, b"Memo,Who,Phone\nTea,Alice,+44 7700 900001\n")
    address = path_of(answer)
    assert "What the columns hold" in words(page.client.get(address))
    kept = page.client.post(f"{address}/columns", data={"column-0": "notes", "column-1": "name", "column-2": ""})
    assert kept.status_code == 422
    assert "Choose the column that holds phone numbers" in words(kept)
    assert '<option value="notes" selected>' in kept.text, "what was chosen stays"
    right = {"column-0": "notes", "column-1": "name", "column-2": "phone", "column-x": "name", "column-9": "name"}
    assert path_of(page.client.post(f"{address}/columns", data=right)) == address
    assert page.contacts == {}
    page.client.post(address)
    imported(page, address)
    (alice,) = page.contacts.values()
    assert (alice.name, alice.notes) == ("Alice", "Tea")
    page.client.post(f"{address}/columns", data=right | {"column-0": ""})
    assert "take it back, then choose the file again" in words(page.client.get(address))
    assert "What the columns hold" not in words(page.client.get(address))


def test_a_vcard_has_no_columns_to_choose(page: Page) -> None:
    card = b"BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Alice\r\nTEL:+447700900001\r\nEND:VCARD\r\n"
    address = path_of(read(page, card, "a.vcf"))
    assert "What the columns hold" not in words(page.client.get(address))
    assert page.client.post(f"{address}/columns", data={"column-0": "name"}).status_code == 303
