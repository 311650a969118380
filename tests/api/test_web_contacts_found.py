"""Contacts from WhatsApp: who is in the chats and in no contact is offered, added after a look, and taken back."""

from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from werkzeug.test import TestResponse

from shared.model.chats import Chat, Chats
from shared.model.contact import Phone
from tests.api.web_page import Page, imported, one, path_of, typed, words
from tests.builders import NOW, contact, in_, message
from tests.cast import ALICE, BOB, CHARLIE, DORA, EVE, GROUP
from tests.fakes import events
from web import captured, contact_found
from web.search import ContactIndex

LID = "20000000000001@lid"


@pytest.fixture
def page(tmp_path: Path) -> Page:
    page = Page(tmp_path).enter()
    page.store(contacts=[contact(ALICE)], messages=[message(DORA)])
    page.host.kept.hear(
        events.message(ALICE.jid, "Hello", push_name="Ali", at=in_(hours=-5)),
        events.message(BOB.jid, "Hello", push_name="Bob", at=in_(hours=-4)),
        events.message(EVE.jid, "Hello", push_name=EVE.name, at=in_(hours=-3)),
        events.message(GROUP, "Hello", sender=CHARLIE.jid, push_name="Charlie", at=in_(hours=-2)),
        events.message(DORA.jid, "Hello", from_me=True, at=in_(hours=-1)),
    )
    return page


def chat(id_: str, name: str | None = None) -> Chat:
    return Chat(id=id_, name=name, last_at=NOW, last_text="Hi", last_kind="text", last_from_me=False, messages=2)


def test_who_has_a_name_on_the_phone_has_not_written_by_that() -> None:
    ours = chat(BOB.jid, "Uncle Bob").evolve(last_from_me=True, name_given=True)
    wrote = ours.evolve(id=EVE.jid, push_name="Eve")
    of_an_older_host = chat(CHARLIE.jid, "Charlie").evolve(last_from_me=True)
    assert captured.written_by(Chats(chats=(ours, wrote, of_an_older_host))) == {EVE.number, CHARLIE.number}


def offered(answer: TestResponse) -> dict[str, str]:
    """Number → the name that is proposed."""
    return {name.removeprefix("name-"): value for name, value in typed(answer).items() if name.startswith("name-")}


def test_who_is_in_no_contact_is_offered_the_newest_first_with_a_name(page: Page) -> None:
    answer = page.client.get("/contacts/whatsapp")
    found = offered(answer)
    assert list(found) == [DORA.number, EVE.number, BOB.number]
    assert (found[BOB.number], found[DORA.number]) == ("Bob", DORA.name), "a message to her knows her name"
    assert "\u202e" not in found[EVE.number]
    assert "<script>alert" not in answer.text
    assert "/contacts/whatsapp" in page.client.get("/contacts").text


def test_those_chosen_are_shown_first_then_added_and_taken_back(page: Page) -> None:
    form = {"number": [BOB.number, DORA.number], f"name-{BOB.number}": "Bobby", f"name-{EVE.number}": "Eve"}
    address = path_of(page.client.post("/contacts/whatsapp", data=form))
    shown = words(page.client.get(address))
    assert "2 new" in shown or "new 2" in shown
    assert "Bobby" in shown
    assert set(page.contacts) == {f"contact-{ALICE.number}"}, "looked at, not added"
    page.client.post(address)
    assert "Take the import back" in imported(page, address)
    assert {each.name for each in page.contacts.values()} == {"Alice", "Bobby", ""}
    assert list(offered(page.client.get("/contacts/whatsapp"))) == [EVE.number]
    page.client.post(f"{address}/undo")
    assert [each.name for each in page.contacts.values() if not each.ended] == ["Alice"]
    assert len(offered(page.client.get("/contacts/whatsapp"))) == 3


def test_the_name_on_the_phone_is_proposed_and_their_own_is_said_beside_it(page: Page) -> None:
    page.host.kept.store.give({BOB.jid: "Uncle Bob", EVE.jid: EVE.name, DORA.jid: "Dora from work"})
    answer = page.client.get("/contacts/whatsapp")
    found, shown = offered(answer), words(answer)
    assert (found[BOB.number], found[DORA.number]) == ("Uncle Bob", "Dora from work")
    assert "· ~Bob" in shown
    assert shown.count("~") == 1, "nobody's own name is said twice"


def test_everybody_at_once(page: Page) -> None:
    form = offered(page.client.get("/contacts/whatsapp"))
    data = {f"name-{number}": name for number, name in form.items()} | {"everyone": "yes"}
    address = path_of(page.client.post("/contacts/whatsapp", data=data))
    page.client.post(address)
    imported(page, address)
    assert {phone.number for each in page.contacts.values() for phone in each.phones} == {
        *(each.number for each in (ALICE, BOB, DORA, EVE))
    }


def test_nobody_chosen_and_names_that_are_too_long_keep_what_was_typed(page: Page) -> None:
    answer = page.client.post("/contacts/whatsapp", data={f"name-{BOB.number}": "Robert"})
    assert (answer.status_code, "Nobody is selected" in words(answer)) == (422, True)
    assert offered(answer)[BOB.number] == "Robert"
    long = {"number": BOB.number, f"name-{BOB.number}": "x" * 201}
    answer = page.client.post("/contacts/whatsapp", data=long)
    soup = BeautifulSoup(answer.text, "html.parser")
    assert answer.status_code == 422
    assert "at most 200" in one(soup, f"#name-{BOB.number}-error").get_text()
    assert offered(answer)[BOB.number] == "x" * 201
    assert one(soup, f"[name=number][value='{BOB.number}']").has_attr("checked")


@pytest.mark.parametrize("number", ["<b>", "12", "-1", "x" * 500, GROUP, LID, "+44 7700"])
def test_what_is_no_number_is_said_and_nothing_is_added(page: Page, number: str) -> None:
    address = path_of(page.client.post("/contacts/whatsapp", data={"number": number}))
    shown = words(page.client.get(address))
    assert "One thing could not be read" in shown or "1 thing could not be read" in shown
    assert "nothing to import" in shown


def test_a_host_that_is_away_says_so(page: Page) -> None:
    page.host.down = True
    answer = page.client.get("/contacts/whatsapp")
    assert answer.status_code == 503
    assert "The chats are kept by the session host, and it does not answer. Try again" in words(answer)


def test_hidden_numbers_are_named_and_left_out_and_namesakes_are_said() -> None:
    index = ContactIndex({"a": contact(ALICE, phones=(Phone(number=ALICE.number),))})
    chats = [chat(ALICE.jid), chat(BOB.jid, "alice"), chat(LID, "Lia"), chat(LID.replace("1@", "2@")), chat(GROUP)]
    found = contact_found.strangers(chats, index)
    assert [(each.number, each.alike) for each in found.people] == [(BOB.number, "Alice")]
    assert (found.hidden, found.known) == (("~Lia", ""), 1)


def test_the_page_names_who_is_left_out_and_says_when_there_is_nobody(tmp_path: Path) -> None:
    page = Page(tmp_path).enter()
    assert "Nothing has come in yet" in words(page.client.get("/contacts/whatsapp"))
    page.host.kept.hear(events.message(LID, "Hi", push_name="Lia"), events.message(ALICE.jid, "Hi", push_name="Ali"))
    page.store(contacts=[contact(ALICE)])
    shown = words(page.client.get("/contacts/whatsapp"))
    assert "Everybody is in your contacts already." in shown
    assert "One person is left out: their number is not known" in shown
    assert "~Lia" in shown
