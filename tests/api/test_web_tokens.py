"""Programs that may send: the page lists, makes and revokes tokens, shows a new one once and keeps it nowhere."""

from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from werkzeug.test import TestResponse

from shared.host_client import HostUnreachable
from shared.model.access import MadeToken, NewToken
from tests.api.web_page import Page, errors, one, typed, words
from web import texts

PATH = "/settings/tokens"


@pytest.fixture
def page(tmp_path: Path) -> Page:
    return Page(tmp_path).enter()


def make(page: Page, name: str = "shop", *scopes: str) -> TestResponse:
    return page.client.post(PATH, data={"name": name, "scope": list(scopes or ("send",))})


def secret(answer: TestResponse) -> str:
    return one(BeautifulSoup(answer.text, "html.parser"), "#secret").get_text()


def test_settings_lead_there_and_an_empty_list_says_so(page: Page) -> None:
    assert f'href="{PATH}"' in page.client.get("/settings").text
    shown = words(page.client.get(PATH))
    assert texts.PROGRAMS_NONE in shown
    assert texts.PROGRAM_OWN in shown


def test_a_new_token_is_shown_on_the_answer_and_nowhere_after(page: Page) -> None:
    answer = make(page, "shop", "send", "read")
    text = secret(answer)
    assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "no-store")
    assert text.startswith("wa_")
    after = page.client.get(PATH)
    assert "shop" in words(after)
    assert text not in after.text
    kept = [file for file in page.folder.rglob("*") if file.is_file() and text.encode() in file.read_bytes()]
    assert kept == []


@pytest.mark.parametrize(
    ("name", "scopes", "said"),
    [
        ("my shop", ("send",), {"name": texts.PROGRAM_BAD_NAME}),
        ("", (), {"name": texts.PROGRAM_BAD_NAME, "scope": texts.PROGRAM_NO_SCOPE}),
        ("shop", ("everything",), {"scope": texts.PROGRAM_NO_SCOPE}),
        ("<b>", ("send", "read"), {"name": texts.PROGRAM_BAD_NAME}),
    ],
)
def test_what_was_typed_stays_beside_what_is_wrong(
    page: Page, name: str, scopes: tuple[str, ...], said: dict[str, str]
) -> None:
    answer = page.client.post(PATH, data={"name": name, "scope": list(scopes)})
    ticked = BeautifulSoup(answer.text, "html.parser").select("[name=scope][checked]")
    assert (answer.status_code, errors(answer), typed(answer)["name"]) == (422, said, name)
    assert [each["value"] for each in ticked] == [each for each in scopes if each != "everything"]


def test_a_name_that_is_taken_makes_nothing(page: Page) -> None:
    make(page)
    answer = make(page)
    assert (answer.status_code, errors(answer)) == (409, {"name": texts.PROGRAM_NAME_TAKEN})


def test_a_token_is_revoked_after_a_question_and_the_pages_own_never(page: Page) -> None:
    make(page)
    soup = BeautifulSoup(page.client.get(PATH).text, "html.parser")
    asked = soup.select("details.confirm form")
    assert [one(each, "[name=name]")["value"] for each in asked] == ["shop"]
    answer = page.client.post(f"{PATH}/revoke", data={"name": "shop"}, follow_redirects=True)
    assert texts.PROGRAM_REVOKED.format(name="shop") in words(answer)
    assert texts.PROGRAMS_NONE in words(answer)
    for name, said in (("shop", texts.PROGRAM_GONE), ("page", texts.PROGRAM_IS_OWN), ("..", texts.PROGRAM_GONE)):
        answer = page.client.post(f"{PATH}/revoke", data={"name": name}, follow_redirects=True)
        assert said in words(answer)
    assert "page" in [each.name for each in page.host.access.tokens().tokens]


def test_a_page_that_may_not_manage_says_what_to_do(page: Page) -> None:
    page.host.access.own("send", "read")
    for answer in (page.client.get(PATH), make(page)):
        assert texts.PROGRAMS_MAY_NOT in words(answer)
        assert "./wa token create" in answer.text
        assert not BeautifulSoup(answer.text, "html.parser").select("main form")


def test_a_host_that_is_away_is_said_and_the_form_keeps_what_was_typed(page: Page) -> None:
    page.host.down = True
    assert texts.PROGRAMS_AWAY in words(page.client.get(PATH))
    answer = make(page)
    assert (answer.status_code, typed(answer)["name"]) == (503, "shop")
    assert texts.PROGRAM_MAYBE_MADE in words(answer)
    answer = page.client.post(f"{PATH}/revoke", data={"name": "shop"}, follow_redirects=True)
    assert "does not answer" in words(answer)


def test_a_new_token_is_shown_also_where_the_list_does_not_come(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    def made_and_gone(new: NewToken) -> MadeToken:
        page.host.down = True
        return page.host.access.make_token(new)

    monkeypatch.setattr(page.host, "make_token", made_and_gone)
    answer = make(page)
    assert secret(answer).startswith("wa_")
    with pytest.raises(HostUnreachable):
        page.host.tokens()
