"""The link page: the code, the state in words, and what to do."""

from pathlib import Path

import pytest

from shared.model.link import SENTENCES, Link
from tests.api.web_page import Page, errors, path_of, words
from tests.builders import link_status

INLINE = '<svg class="segno" width="10" height="10"><path d="M0 0h10"/></svg>'


@pytest.fixture
def page(tmp_path: Path) -> Page:
    return Page(tmp_path).enter()


@pytest.mark.parametrize("state", list(Link))
def test_every_state_is_said_with_what_to_do(page: Page, state: Link) -> None:
    page.host.status = link_status(state)
    shown = words(page.client.get("/link"))
    sentence, action = SENTENCES[state]
    assert sentence in shown
    assert action == "Nothing." or action in shown


def test_the_code_is_a_picture_that_no_browser_keeps(page: Page) -> None:
    page.host.svg = INLINE
    page.host.status = link_status(Link.PAIRING)
    shown = page.client.get("/link")
    assert "/link/code.svg" in shown.text
    assert "2@secret" not in shown.text
    code = page.client.get("/link/code.svg")
    assert code.mimetype == "image/svg+xml"
    assert code.headers["Cache-Control"] == "no-store"
    assert 'xmlns="http://www.w3.org/2000/svg"' in code.text


def test_without_a_code_there_is_no_picture(page: Page) -> None:
    assert page.client.get("/link/code.svg").status_code == 404


def test_the_panel_renews_itself_only_when_something_changed(page: Page) -> None:
    panel = page.client.get("/link/panel")
    seen = panel.text.split("seen=")[1].split('"')[0].replace("&amp;", "&")
    assert page.client.get(f"/link/panel?seen={seen}").status_code == 204
    page.host.status = link_status(Link.LOGGED_OUT)
    assert page.client.get(f"/link/panel?seen={seen}").status_code == 200


def test_a_new_code_can_be_asked_for(page: Page) -> None:
    page.host.status = link_status(Link.UNLINKED)
    assert "Show a code" in words(page.client.get("/link"))
    assert path_of(page.client.post("/link")) == "/link"
    assert page.host.status.state is Link.PAIRING


@pytest.mark.parametrize(("typed", "phone"), [("07700 900001", "+447700900001"), ("+49 171 1234567", "+491711234567")])
def test_a_code_to_type_can_be_asked_for(page: Page, typed: str, phone: str) -> None:
    page.host.status = link_status(Link.UNLINKED)
    assert "Link with a code instead" in words(page.client.get("/link"))
    page.host.svg, page.host.code = INLINE, "ABCD-EFGH"
    assert path_of(page.client.post("/link", data={"phone": typed})) == "/link"
    assert page.host.phones == [phone]
    shown = page.client.get("/link")
    assert "ABCD-EFGH" in words(shown)
    assert "Link with phone number instead" in words(shown)
    assert "/link/code.svg" not in shown.text
    assert "Show the QR code instead" in words(shown)
    assert "ABCD" not in shown.text.split("seen=")[1].split('"')[0]


@pytest.mark.parametrize("typed", ["", "Alice", "120363000000000000@g.us"])
def test_a_number_that_is_none_stays_in_the_form_with_what_is_wrong(page: Page, typed: str) -> None:
    page.host.status = link_status(Link.UNLINKED)
    answer = page.client.post("/link", data={"phone": typed})
    assert answer.status_code == 422
    assert set(errors(answer)) == {"phone"}
    assert page.host.phones == []


def test_why_whatsapp_made_no_code_stands_beside_the_number(page: Page) -> None:
    page.host.status = link_status(Link.UNLINKED)
    page.host.no_code = "WhatsApp has made too many codes."
    answer = page.client.post("/link", data={"phone": "07700 900001"})
    assert errors(answer) == {"phone": "WhatsApp has made too many codes."}
    assert "07700 900001" in answer.text


def test_logging_out_asks_first_and_says_that_messages_wait(page: Page) -> None:
    assert "Yes, log out" in words(page.client.get("/link"))
    page.client.post("/link/logout")
    assert page.host.status.state is Link.UNLINKED
    assert "messages wait" in words(page.client.get("/link"))


def test_a_host_that_is_down_is_said_on_the_page(page: Page) -> None:
    page.host.down = True
    answer = page.client.get("/link")
    assert answer.status_code == 200
    assert "The session host does not answer." in words(answer)
    assert path_of(page.client.post("/link")) == "/link"
    assert path_of(page.client.post("/link/logout")) == "/link"


@pytest.mark.parametrize(
    "answer",
    [
        {"status": "fine"},
        {"status": link_status().as_json(), "backup": "yes"},
        {"status": link_status().as_json(), "backup": {"on": True, "last": "yesterday"}},
        {"status": link_status().as_json(), "undecryptable": {"count": 3}},
        {"status": link_status().as_json(), "undecryptable": [3]},
        {"status": link_status().as_json(), "capture": {"count": "many", "gapCount": 0, "gaps": []}},
        {"status": link_status().as_json(), "capture": {"count": 1, "gapCount": 1, "gaps": [{"from": "then"}]}},
    ],
)
def test_an_answer_nobody_understands_is_a_sentence(
    page: Page, monkeypatch: pytest.MonkeyPatch, answer: dict[str, object]
) -> None:
    monkeypatch.setattr(page.host, "link", lambda: answer)
    assert "does not understand" in words(page.client.get("/link"))


def test_a_host_of_an_earlier_version_says_nothing_of_backups(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page.host, "link", lambda: {"status": link_status().as_json(), "number": "447700900000"})
    assert "backed up" not in words(page.client.get("/link"))


@pytest.mark.parametrize(
    ("backup", "said"),
    [
        ({"on": False, "last": None, "trouble": None}, "This link is not backed up."),
        ({"on": True, "last": None, "trouble": None}, "There is no backup of this link yet"),
        (
            {"on": True, "last": "2026-11-22T03:00:00Z", "trouble": None},
            "Last backup of this link: Sun 22 Nov 2026, 03:00.",
        ),
        (
            {"on": True, "last": None, "trouble": "The key was refused."},
            "it is tried again each hour: The key was refused.",
        ),
    ],
)
def test_how_old_the_backup_is_stands_there(page: Page, backup: dict[str, object], said: str) -> None:
    page.host.backup = backup
    assert said in words(page.client.get("/link"))


GAPS = [
    {"from": "2026-11-22T11:00:00Z", "to": "2026-11-22T11:05:00Z", "reason": "killed", "sentence": "It was killed."},
    {"from": "2026-11-21T09:00:00Z", "to": None, "reason": "unlinked", "sentence": "It was not linked."},
]


@pytest.mark.parametrize(
    ("count", "said"),
    [(0, "none has yet"), (1, "come in: one message so far"), (1234, "come in: 1,234 messages so far")],
)
def test_how_much_is_captured_and_when_something_may_have_been_missed(page: Page, count: int, said: str) -> None:
    seen = page.client.get("/link/panel").text.split("seen=")[1].split('"')[0].replace("&amp;", "&")
    page.host.capture = {"count": count, "last": None, "trouble": "The disk is full.", "gapCount": 2, "gaps": GAPS}
    assert page.client.get(f"/link/panel?seen={seen}").status_code == 200
    shown = words(page.client.get("/link"))
    assert said in shown
    assert "cannot be kept now: The disk is full." in shown
    assert "2 times something may have been missed" in shown
    assert "Sun 22 Nov 2026, 11:00 to Sun 22 Nov 2026, 11:05: It was killed." in shown
    assert "Sat 21 Nov 2026, 09:00, and it may still be: It was not linked." in shown


def test_without_a_gap_nothing_is_said_of_one(page: Page) -> None:
    page.host.capture = {"count": 5, "last": None, "trouble": None, "gapCount": 0, "gaps": []}
    shown = words(page.client.get("/link"))
    assert "Your chats are kept here as messages come in: 5 messages so far." in shown
    assert "missed" not in shown


@pytest.mark.parametrize(("count", "said"), [(1, "One message could not be read"), (3, "3 messages could not be read")])
def test_what_could_not_be_read_is_said_with_where_to_read_it(page: Page, count: int, said: str) -> None:
    panel = page.client.get("/link/panel")
    seen = panel.text.split("seen=")[1].split('"')[0].replace("&amp;", "&")
    page.host.undecryptable = {"count": count, "since": "2026-11-22T11:00:00Z", "newest": []}
    assert page.client.get(f"/link/panel?seen={seen}").status_code == 200
    shown = words(page.client.get("/link"))
    assert said in shown
    assert "since Sun 22 Nov 2026, 11:00" in shown
    assert "you can read them on your phone" in shown
