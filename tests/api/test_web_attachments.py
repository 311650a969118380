"""Files in the form: attached, kept beside errors, removed, replaced, refused; and how they are shown."""

import hashlib
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from bs4 import BeautifulSoup
from werkzeug.test import TestResponse

from shared.model.content import MAX_CAPTION, MAX_MEDIA, ContactCard, Location, Media
from shared.store import keys
from tests.api.web_page import Page, errors, one, path_of, typed, words
from tests.builders import in_, message, missed, series
from tests.cast import ALICE, BOB
from tests.cast_media import MP3, PDF, jpeg, mp4, opus, png
from web import texts

PNG = png(30, 20)
ID = hashlib.sha256(PNG).hexdigest()
HEIC = b"\0\0\0\x18ftypheic" + bytes(20)
WHEN = {"date": "2026-11-27", "time": "18:00", "zone": "Europe/London"}


@pytest.fixture
def page(tmp_path: Path) -> Page:
    return Page(tmp_path).enter()


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Page:
    """One page for all that look at nothing but the answer."""
    return Page(tmp_path_factory.mktemp("shared")).enter()


def given(data: bytes = PNG, name: str = "tea.png", mime: str = "image/png") -> tuple[BytesIO, str, str]:
    return BytesIO(data), name, mime


def compose(page: Page, **fields: Any) -> TestResponse:
    form = {"to": "07700 900001", "text": "Look", **WHEN}
    return page.client.post("/messages", data=form | fields, content_type="multipart/form-data")


def scheduled(page: Page, answer: TestResponse) -> Any:
    return page.messages[path_of(answer).rpartition("/")[2]]


def test_a_picture_is_stored_under_its_hash_and_named_by_the_message(page: Page) -> None:
    made = scheduled(page, compose(page, file=given()))
    assert made.attachment == Media(
        kind="image", media=ID, mime="image/png", name="tea.png", size=len(PNG), width=30, height=20
    )
    assert (made.text, page.bucket.get(keys.media(ID)).data) == ("Look", PNG)
    assert "Picture: tea.png" in words(page.client.get("/"))
    shown = BeautifulSoup(page.client.get(f"/messages/{made.id}").text, "html.parser")
    assert one(shown, ".attached img")["src"] == f"/attachments/{ID}"
    assert "tea.png Picture · " in words(page.client.get(f"/messages/{made.id}"))


def test_a_picture_needs_no_text_and_a_form_without_a_file_does(shared: Page) -> None:
    assert scheduled(shared, compose(shared, text="", file=given())).text == ""
    assert errors(compose(shared, text=""))["text"] == texts.EMPTY_TEXT


@pytest.mark.parametrize(
    ("data", "name", "mime", "wanted", "kind", "stored"),
    [
        (jpeg(), "a.jpg", "image/jpeg", "", "image", "image/jpeg"),
        (mp4(), "a.mp4", "video/mp4", "", "video", "video/mp4"),
        (mp4(), "a.m4a", "audio/mp4", "", "audio", "audio/mp4"),
        (MP3, "a.mp3", "audio/mpeg", "", "audio", "audio/mpeg"),
        (opus(), "a.ogg", "audio/ogg", "", "voice", "audio/ogg"),
        (opus(), "a.ogg", "", "audio", "audio", "audio/ogg"),
        (PNG, "a.png", "image/png", "document", "document", "image/png"),
        (PDF, "a.pdf", "application/pdf", "", "document", "application/pdf"),
        (HEIC, "a.heic", "image/heic", "", "document", "image/heic"),
        (b"<svg/>", "a.svg", "image/svg+xml", "", "document", "image/svg+xml"),
        (b"<html>", "a.png", "image/png", "document", "document", "application/octet-stream"),
        (b"x", "a", "not a type; <b>", "", "document", "application/octet-stream"),
        (PNG, "a.jpg", "image/jpeg", "", "image", "image/png"),
    ],
)
def test_each_file_goes_as_what_its_bytes_are(
    shared: Page, data: bytes, name: str, mime: str, wanted: str, kind: str, stored: str
) -> None:
    answer = compose(shared, text="", send_as=wanted, file=given(data, name, mime))
    attachment = scheduled(shared, answer).attachment
    assert (attachment.kind, attachment.mime) == (kind, stored)


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"file": given(b"")}, "is empty"),
        ({"file": given(b"<html><script>alert(1)</script>")}, "does not look like it"),
        ({"file": given(PDF, "a.pdf"), "send_as": "voice"}, "Opus in an Ogg file"),
        ({"file": given(PNG), "send_as": "audio"}, "as a document"),
        ({"file": given(PNG), "send_as": "hologram"}, texts.BAD_CHOICE_OF_LIST),
        ({"file": given(opus(), "a.ogg", "audio/ogg")}, "shows no text"),
        ({"file": given(), "text": "x" * (MAX_CAPTION + 1)}, "WhatsApp takes 1,024"),
        ({"attached": "f" * 64}, texts.FILE_GONE),
        ({"attached": "../../etc/passwd"}, texts.FILE_GONE),
    ],
)
def test_what_cannot_be_attached_is_refused_in_words_and_nothing_is_scheduled(
    shared: Page, fields: dict[str, Any], sentence: str
) -> None:
    before = set(shared.messages)
    answer = compose(shared, **{"text": "Typed <b>"} | {name: _again(value) for name, value in fields.items()})
    assert answer.status_code == 422
    assert sentence in " ".join(errors(answer).values())
    assert typed(answer)["text"] == fields.get("text", "Typed <b>")
    assert set(shared.messages) == before


def test_a_file_that_is_too_large_is_refused_beside_what_was_typed(page: Page) -> None:
    part = 'Content-Disposition: form-data; name="{}"{}\r\n\r\n'
    fields = {"to": "07700 900001", **WHEN}
    head = [f"--b\r\n{part.format(name, '')}{value}\r\n" for name, value in fields.items()]
    head.append(f"--b\r\n{part.format('file', '; filename=film.mp4')}")
    tail = f"\r\n--b\r\n{part.format('text', '')}Look\r\n--b--\r\n"
    body = "".join(head).encode() + bytes(MAX_MEDIA + 1) + tail.encode()
    answer = page.client.post("/messages", data=body, content_type="multipart/form-data; boundary=b")
    assert "“film.mp4” has more than 16 MB" in errors(answer)["file"]
    assert (answer.status_code, typed(answer)["text"]) == (422, "Look")
    assert list(page.bucket.list(keys.MEDIA)) == []


def _again(value: Any) -> Any:
    """A file that a parametrized test was given before is read from its beginning."""
    return (BytesIO(value[0].getvalue()), *value[1:]) if isinstance(value, tuple) else value


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("../../etc/passwd", "passwd"),
        ("te\u202eagnp.exe", "teagnp.exe"),
        ("a\tb\x7f.png", "ab.png"),
        ("<img src=x onerror=alert(1)>.png", "<img src=x onerror=alert(1)>.png"),
        ("..", None),
        (f"{'x' * 500}.png", f"{'x' * 116}.png"),
    ],
)
def test_a_hostile_name_is_harmless(shared: Page, name: str, kept: str | None) -> None:
    made = scheduled(shared, compose(shared, file=given(name=name)))
    assert made.attachment.name == kept
    for path in ("/", f"/messages/{made.id}", f"/messages/{made.id}/edit"):
        assert "<img src=x" not in shared.client.get(path).text
    assert shared.client.get(f"/attachments/{ID}").status_code == 200


def test_an_error_keeps_the_file_and_the_next_try_needs_it_no_more(shared: Page) -> None:
    answer = compose(shared, to="nobody such", file=given())
    assert (answer.status_code, typed(answer)["attached"]) == (422, ID)
    assert "tea.png" in words(answer)
    assert scheduled(shared, compose(shared, attached=typed(answer)["attached"])).attachment.name == "tea.png"


def test_a_refused_file_leaves_the_one_before_it(shared: Page) -> None:
    first = typed(compose(shared, to="nobody such", file=given()))["attached"]
    answer = compose(shared, attached=first, file=given(b"", "empty.png"))
    assert (answer.status_code, typed(answer)["attached"]) == (422, ID)


def test_while_the_storage_is_away_what_is_attached_already_stays_named(page: Page) -> None:
    first = typed(compose(page, to="nobody such", file=given()))["attached"]
    page.bucket.away = True
    answer = compose(page, attached=first)
    assert (answer.status_code, typed(answer)["attached"], typed(answer)["text"]) == (503, ID, "Look")
    answer = compose(page, file=given(PDF, "a.pdf", "application/pdf"))
    assert answer.status_code == 503
    assert texts.FILE_AGAIN in words(answer)


def test_a_file_that_has_gone_from_the_storage_is_asked_for_again(page: Page) -> None:
    first = typed(compose(page, to="nobody such", file=given()))["attached"]
    page.bucket.delete(keys.media(ID))
    answer = compose(page, attached=first)
    assert (answer.status_code, errors(answer)["file"]) == (422, texts.FILE_GONE)
    assert typed(answer)["attached"] == ""


def test_without_scripts_it_is_attached_and_removed_while_writing(shared: Page) -> None:
    answer = compose(shared, to="", do="attach", file=given())
    assert (answer.status_code, typed(answer)["attached"], typed(answer)["text"]) == (200, ID, "Look")
    assert errors(answer) == {}
    answer = compose(shared, to="", do="detach", attached=ID)
    assert (answer.status_code, typed(answer)["attached"]) == (200, "")


def test_with_scripts_only_the_forms_part_is_answered(shared: Page) -> None:
    def ask(**fields: Any) -> TestResponse:
        return shared.client.post("/compose/attachment", data=fields, content_type="multipart/form-data")

    part = ask(file=given())
    assert one(BeautifulSoup(part.text, "html.parser"), "[name=attached]")["value"] == ID
    assert "<main" not in part.text
    assert "shows no text" not in part.text
    refused = ask(file=given(b""), attached=ID)
    assert one(BeautifulSoup(refused.text, "html.parser"), "[name=attached]")["value"] == ID
    assert "is empty" in words(refused)
    as_document = ask(attached=ID, send_as="document")
    assert "Document · " in words(as_document)
    gone = ask(attached=ID, do="detach")
    assert one(BeautifulSoup(gone.text, "html.parser"), "[name=attached]")["value"] == ""


def test_on_edit_it_is_kept_replaced_or_removed(page: Page) -> None:
    made = scheduled(page, compose(page, file=given()))
    form = page.client.get(f"/messages/{made.id}/edit")

    def save(**fields: Any) -> Any:
        form = typed(page.client.get(f"/messages/{made.id}/edit")) | {"if_late": "within", "do": ""}
        form.pop("file")
        answer = page.client.post(f"/messages/{made.id}", data=form | fields, content_type="multipart/form-data")
        assert answer.status_code == 303, errors(answer)
        return page.messages[made.id].attachment

    assert (typed(form)["attached"], save(text="Other words")) == (ID, made.attachment)
    assert save(send_as="document").kind == "document"
    assert save(send_as="").kind == "image"
    assert save(file=given(PDF, "a.pdf", "application/pdf")).name == "a.pdf"
    assert save(attached="") is None


def test_a_form_that_says_nothing_of_it_takes_nothing_away(page: Page) -> None:
    page.store(messages=[message(ALICE, id="old", text="Look", attachment=_media(), send_at=in_(hours=1))])
    page.bucket.put(keys.media(ID), PNG)
    version = page.messages["old"].version
    form = {"to": ALICE.number, "text": "Look here", "version": version, **WHEN}
    assert page.client.post("/messages/old", data=form).status_code == 303
    assert (page.messages["old"].text, page.messages["old"].attachment) == ("Look here", _media())


def _media() -> Media:
    return Media(kind="image", media=ID, mime="image/png", size=len(PNG), name="tea.png")


@pytest.mark.parametrize(
    ("attachment", "said"),
    [
        (Location(kind="location", latitude=51.5, longitude=-0.1, name="The pier"), "The pier Place"),
        (ContactCard(kind="contact", name="Bob", phones=(BOB.number,)), "Bob Contact card"),
    ],
)
def test_a_place_or_a_card_stays_on_edit_and_can_be_removed(page: Page, attachment: Any, said: str) -> None:
    page.store(messages=[message(ALICE, id="one", text="", attachment=attachment, send_at=in_(hours=1))])
    assert said in words(page.client.get("/messages/one"))
    form = typed(page.client.get("/messages/one/edit")) | WHEN | {"if_late": "within", "do": ""}
    assert form["attached"] == "kept"
    assert page.client.post("/messages/one", data=form | {"time": "19:00"}).status_code == 303
    assert page.messages["one"].attachment == attachment
    form = typed(page.client.get("/messages/one/edit")) | WHEN | {"if_late": "within"}
    answer = page.client.post("/messages/one", data=form | {"do": "detach"})
    assert (answer.status_code, typed(answer)["attached"]) == (200, "")
    form = typed(answer) | {"text": "Only words", "do": "", "if_late": "within"}
    assert page.client.post("/messages/one", data=form).status_code == 303
    assert page.messages["one"].attachment is None


def test_sent_again_it_goes_along_now_and_later(page: Page) -> None:
    page.bucket.put(keys.media(ID), PNG)
    page.store(messages=[missed(message(ALICE, id="one", text="Look", attachment=_media(), send_at=in_(hours=-9)))])
    form = typed(page.client.get("/compose?from=one")) | WHEN | {"if_late": "within", "do": ""}
    assert page.client.post("/messages", data=form).status_code == 303
    assert page.messages["one~1"].attachment == _media()
    assert page.client.post("/messages/one/again", data={"id": "one~2"}).status_code == 303
    assert page.messages["one~2"].attachment == _media()


def test_several_people_get_one_upload(page: Page) -> None:
    answer = compose(page, to=f"{ALICE.number}; {BOB.number}", text="", file=given())
    assert answer.status_code == 200, errors(answer)
    soup = BeautifulSoup(answer.text, "html.parser")
    assert len(soup.select(".attached img")) == 1
    assert soup.select(".error") == []
    included = {"include": [ALICE.number, BOB.number]}
    assert page.client.post("/messages/several", data=typed(answer) | included).status_code == 303
    attached: dict[str, Any] = {each.to: each.attachment for each in page.messages.values()}
    assert {to: each.media for to, each in attached.items()} == {ALICE.number: ID, BOB.number: ID}
    assert len(list(page.bucket.list(keys.MEDIA))) == 1
    again = page.client.post("/messages/several", data=typed(answer) | included | {"attached": ""})
    assert (again.status_code, len(page.messages)) == (422, 2)
    back = page.client.post("/compose", data=typed(answer))
    assert typed(back)["attached"] == ID


def test_a_template_is_used_without_losing_the_file(shared: Page) -> None:
    form = {"to": ALICE.number, "text": "Look", "file": given(), **WHEN}
    answer = shared.client.post("/compose", data=form, content_type="multipart/form-data")
    assert (answer.status_code, typed(answer)["attached"]) == (200, ID)


def test_a_series_sends_it_on_each_date(page: Page) -> None:
    answer = compose(page, text="", repeat="weekly", file=given())
    series_id = path_of(answer).rpartition("/")[2]
    attachment = page.series[series_id].attachment
    assert isinstance(attachment, Media)
    assert attachment.media == ID
    assert "tea.png" in words(page.client.get(f"/series/{series_id}"))
    assert "Picture: tea.png" in words(page.client.get("/"))
    form = typed(page.client.get(f"/series/{series_id}/edit"))
    assert form["attached"] == ID
    page.store(series=[series(ALICE, id="plain")])
    assert typed(page.client.get("/series/plain/edit"))["attached"] == ""


def test_only_pictures_are_shown_and_only_what_is_known_is_given_out(page: Page) -> None:
    html = b"<html><script>alert(1)</script></html>"
    made = scheduled(page, compose(page, text="", file=given(html, "ev\u00efl.html", "text/html")))
    picture = scheduled(page, compose(page, file=given()))
    for media_id, shown in ((made.attachment.media, "attachment"), (picture.attachment.media, "inline")):
        answer = page.client.get(f"/attachments/{media_id}")
        assert answer.headers["Content-Disposition"].startswith(shown)
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert page.client.get(f"/attachments/{made.attachment.media}").mimetype == "application/octet-stream"
    assert "evïl.html" in page.client.get(f"/attachments/{made.attachment.media}").headers["Content-Disposition"]
    assert page.client.get(f"/attachments/{ID}", headers={"If-None-Match": f'"{ID}"'}).status_code == 304
    unknown = hashlib.sha256(b"captured").hexdigest()
    page.bucket.put(keys.media(unknown), b"captured")
    assert page.client.get(f"/attachments/{unknown}").status_code == 404
    page.bucket.delete(keys.media(ID))
    assert page.client.get(f"/attachments/{ID}").status_code == 404


def test_a_form_that_is_far_too_large_is_refused_before_it_is_read(shared: Page) -> None:
    large = {"CONTENT_LENGTH": "900000000"}
    answer = shared.client.post("/messages", content_type="multipart/form-data; boundary=b", environ_overrides=large)
    assert answer.status_code == 413
    assert "at most 16 MB" in words(answer)


def test_the_list_before_it_leaves_knows_that_a_picture_needs_no_text(shared: Page) -> None:
    first = typed(compose(shared, to="nobody such", file=given()))["attached"]
    form = {"to": "07700 900001", "text": "", "asked": "yes", **WHEN}

    def said(**fields: str) -> str:
        return words(shared.client.post("/compose/checks", data=form | fields))

    assert texts.EMPTY_TEXT in said()
    assert texts.EMPTY_TEXT not in said(attached=first)
    assert "WhatsApp takes 1,024" in said(attached=first, text="x" * 1_025)
    refused = compose(shared, check="yes", file=given(b""))
    assert "is empty" in errors(refused)["file"]


def test_what_was_attached_is_there_again_after_an_undo(page: Page) -> None:
    made = scheduled(page, compose(page, now="yes", file=given()))
    assert made.attachment.media == ID
    back = page.client.post(f"/messages/{made.id}/undo")
    answer = page.client.get(back.headers["Location"])
    assert (typed(answer)["attached"], typed(answer)["text"]) == (ID, "Look")
    assert "tea.png" in words(answer)
