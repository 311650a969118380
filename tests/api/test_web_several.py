"""Templates, and one form for several people: previewed, scheduled once however often it is clicked, taken back."""

from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from werkzeug.test import TestResponse

from shared.model.template import Template
from shared.store import keys
from shared.store.memory import MemoryBucket
from shared.store.templates import Templates
from tests.api.web_page import Page, errors, path_of, typed, words
from tests.builders import contact
from tests.cast import ALICE, BOB, CHARLIE, DORA, EVE


@pytest.fixture
def page(tmp_path: Path) -> Page:
    page = Page(tmp_path).enter()
    choir = [contact(ALICE, tags=("choir",)), contact(BOB, tags=("choir",)), contact(EVE, phones=(), tags=("choir",))]
    page.store(contacts=[*choir, contact(DORA)])
    return page


def fields(answer: TestResponse) -> dict[str, list[str]]:
    """What the form would send as it is shown."""
    found: dict[str, list[str]] = {}
    for each in BeautifulSoup(answer.text, "html.parser").select("form.stack input[name]"):
        if each.get("type") != "checkbox" or each.has_attr("checked"):
            found.setdefault(str(each["name"]), []).append(str(each.get("value", "")))
    return found


def preview(page: Page, **form: str) -> TestResponse:
    return page.compose(**{"to": "#choir; +1 202 555 0103", "text": "Hi {{first_name|you}}, *tonight*!"} | form)


def operations(page: Page) -> int:
    return len(list(page.bucket.list(keys.LOG)))


def test_each_text_is_shown_before_anything_is_scheduled(page: Page) -> None:
    answer = preview(page)
    shown = words(answer)
    assert "3 messages" in shown
    bubbles = [each.decode_contents() for each in BeautifulSoup(answer.text, "html.parser").select(".several .bubble")]
    assert bubbles == [f"Hi {name}, <strong>tonight</strong>!" for name in ("Alice", "Bob", "you")]
    for sentence in ("No number, so", "30 an hour"):
        assert sentence in shown, sentence
    assert fields(answer)["include"] == [ALICE.number, BOB.number, CHARLIE.number]
    assert "<script>alert" not in answer.text
    assert page.messages == {}


def test_one_message_for_each_in_one_operation_however_often_it_is_clicked(page: Page) -> None:
    form, count = fields(preview(page)), operations(page)
    form["include"].remove(BOB.number)
    for _ in range(2):
        assert path_of(page.client.post("/messages/several", data=form)) == "/"
    assert operations(page) == count + 1
    saved = sorted(page.messages.values(), key=lambda each: each.to)
    assert [(each.to, each.text) for each in saved] == [
        (CHARLIE.number, "Hi you, *tonight*!"),
        (ALICE.number, "Hi Alice, *tonight*!"),
    ]
    assert not any(number in each.id for each in saved for number in (ALICE.number, CHARLIE.number))
    shown = page.client.get("/")
    assert "2 messages are scheduled for Fri 27 Nov 2026" in words(shown)
    assert "2 had been saved by an earlier click" in words(shown)
    (undo,) = BeautifulSoup(shown.text, "html.parser").select('form[action^="/messages/several/"]')
    page.client.post(str(undo["action"]))
    assert all(each.cancelled for each in page.messages.values())
    page.client.post(str(undo["action"]))
    assert "none was cancelled" in words(page.client.get("/"))


def test_a_write_without_an_answer_is_not_sent_twice(page: Page) -> None:
    form = fields(preview(page))
    page.bucket.lost = 3
    answer = page.client.post("/messages/several", data=form)
    assert answer.status_code == 503
    assert typed(answer)["to"] == "#choir; +1 202 555 0103"
    assert path_of(page.client.post("/messages/several", data=form)) == "/"
    assert len(page.messages) == 3
    assert not any(each.conflicts for each in page.messages.values())


def test_the_same_form_with_other_words_is_another_set(page: Page) -> None:
    form = fields(preview(page))
    page.client.post("/messages/several", data=form)
    other = fields(preview(page, id=form["id"][0], text="Something else"))
    for _ in range(2):
        page.client.post("/messages/several", data=other)
    assert sorted(each.text for each in page.messages.values()).count("Something else") == 3
    assert len(page.messages) == 6


def test_what_was_not_seen_is_not_scheduled(page: Page) -> None:
    form = fields(preview(page))
    page.store(contacts=[contact(ALICE, name="Alicia", tags=("choir",), revision=2)])
    answer = page.client.post("/messages/several", data=form)
    assert answer.status_code == 409
    assert "has changed since you looked" in words(answer)
    assert "Hi Alicia" in words(answer)
    none = page.client.post("/messages/several", data=fields(answer) | {"include": []})
    assert (none.status_code, "Tick at least one" in words(none)) == (422, True)
    assert page.messages == {}


WRONG = {
    "nobody": ({"to": "Bob; Zed"}, "to", "“Zed” is nobody"),
    "no text": ({"text": " "}, "text", "Write something"),
    "an unknown field": ({"text": "{{nme}}"}, "text", "no field “nme”"),
    "no time": ({"time": ""}, "time", "Choose a time"),
    "a repeat": ({"repeat": "daily"}, "to", "repeats goes to one person"),
}


@pytest.mark.parametrize("case", WRONG)
def test_bad_input_is_named_and_kept(page: Page, case: str) -> None:
    form, field, sentence = WRONG[case]
    answer = preview(page, **form)
    assert answer.status_code == 422
    assert sentence in errors(answer)[field]
    assert typed(answer)["to"] == form.get("to", "#choir; +1 202 555 0103")


def test_back_to_writing_keeps_everything(page: Page) -> None:
    answer = page.client.post("/compose", data=fields(preview(page)))
    assert (typed(answer)["to"], typed(answer)["text"]) == (
        "#choir; +1 202 555 0103",
        "Hi {{first_name|you}}, *tonight*!",
    )
    assert (typed(answer)["date"], typed(answer)["time"]) == ("2026-11-27", "18:00:00")


def test_a_field_is_filled_for_one_person_too_and_an_empty_one_is_an_error(page: Page) -> None:
    page.compose(to="Alice", text="Hi {{first_name}}, \\{{as it is}}")
    (saved,) = page.messages.values()
    assert saved.text == "Hi Alice, {{as it is}}"
    edit = page.client.get(f"/messages/{saved.id}/edit")
    page.client.post(f"/messages/{saved.id}", data=typed(edit) | {"time": "19:00", "if_late": "ask"})
    assert [each.text for each in page.messages.values()] == ["Hi Alice, {{as it is}}"]
    answer = page.compose(to="+1 202 555 0103", text="Hi {{first_name}}")
    assert "Nothing is known for first_name" in errors(answer)["text"]
    assert typed(answer)["text"] == "Hi {{first_name}}"


def test_those_selected_among_contacts_are_written_to(page: Page) -> None:
    answer = page.client.post("/contacts/many", data={"do": "write", "everyone": "yes"})
    assert typed(answer)["to"] == "Alice <+44 7700 900001>; Bob <+44 7700 900002>; Dóra Ødegård <+49 171 3920004>"
    assert "3 messages" in words(preview(page, to=typed(answer)["to"]))
    assert "#choir" in words(page.client.get("/contacts/options?q=%23ch"))


def test_a_template_is_kept_used_changed_deleted_and_brought_back(page: Page) -> None:
    form = {"name": " Tonight ", "text": "Hi {{first_name}}\r\nTonight!"}
    assert path_of(page.client.post("/templates", data=form)) == "/templates"
    assert "Tonight is saved." in words(page.client.get("/templates"))
    (template,) = page.app.extensions["vpslink"].template_book.listed()
    used = page.client.post("/compose", data={"template": template.id, "to": "Alice", "time": "18:00", "text": "Mine"})
    assert (typed(used)["text"], typed(used)["to"]) == ("Mine\n\nHi {{first_name}}\nTonight!", "Alice")
    again = page.client.post("/compose", data={"template": template.id, "text": template.text, "repeat": "weekly"})
    assert typed(again)["text"] == template.text
    assert '<option value="weekly" selected' in again.text
    address = f"/templates/{template.id}"
    shown = typed(page.client.get(address))
    page.client.post(address, data=shown | {"text": "From the other tab"})
    stale = page.client.post(address, data=shown | {"text": "From this tab"})
    assert stale.status_code == 409
    assert "From the other tab" in words(stale)
    assert typed(stale)["text"] == "From this tab"
    page.client.post(address, data=typed(stale))
    assert "From this tab" in words(page.client.get("/templates"))
    page.client.post(f"{address}/delete")
    assert "No templates yet" in words(page.client.get("/templates"))
    assert page.client.get(address).status_code == 404
    page.client.post(f"{address}/restore")
    assert "From this tab" in words(page.client.get("/templates"))
    assert len(list(page.bucket.list(keys.TEMPLATES))) == 1


def test_enter_in_a_field_saves_and_presses_no_other_button(page: Page) -> None:
    page.client.post("/templates", data={"name": "A", "text": "B"})
    for path, form in (("/compose", "form#compose"), ("/contacts/new", "form.panel")):
        first = BeautifulSoup(page.client.get(path).text, "html.parser").select_one(f"{form} button")
        assert first is not None
        assert (first.get("formaction"), first.get("name"), first.get("type")) == (None, None, None)


BAD = {
    "no name": ({"text": "Hi"}, "name", "Give it a name"),
    "a long name": ({"name": "x" * 101, "text": "Hi"}, "name", "at most 100"),
    "no text": ({"name": "A"}, "text", "Write the text"),
    "a long text": ({"name": "A", "text": "x" * 70_000}, "text", "Shorten it"),
    "an unknown field": ({"name": "A", "text": "Hi {{nobody}}"}, "text", "no field “nobody”"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_template_is_named_and_kept(page: Page, case: str) -> None:
    form, field, sentence = BAD[case]
    answer = page.client.post("/templates", data=form)
    assert answer.status_code == 422
    assert sentence in errors(answer)[field]
    for name, value in form.items():
        assert typed(answer)[name] == value


def test_two_edits_at_once_are_two_heads_and_what_is_broken_is_said() -> None:
    bucket = MemoryBucket()
    here, there = Templates(bucket), Templates(bucket)
    first = Template(id="t", revision=1, version="web-1", name="A", text="First")
    here.write(first)
    assert there.read().records["t"] == first
    here.write(first.edited("web-2", text="Here"))
    there.write(first.edited("web-3", text="There"))
    bucket.put("templates/t/web-4.json", b'{"version": 1, "template": {"id": "t"}}')
    found = Templates(bucket).read()
    assert {found.records["t"].text, *(each.text for each in found.records["t"].conflicts)} == {"Here", "There"}
    assert list(found.unreadable) == ["templates/t/web-4.json"]
    settled = found.records["t"].edited("web-5", settles=True, text="Both")
    here.write(settled)
    assert there.read().records["t"].conflicts == ()
