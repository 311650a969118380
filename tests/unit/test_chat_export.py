"""One chat as a file: whole, in order, and harmless in every program that opens it."""

import csv
import io
import json
from collections.abc import Iterator

import pytest
from bs4 import BeautifulSoup

from shared.host_client import HostUnreachable
from shared.model.chats import ChatMessage, ChatMessages, Gap, MediaFacts, Reaction
from tests.builders import NOW, in_
from tests.cast import ALICE, EVE
from web.chat_export import Book, Form, file_name, written
from web.chat_names import Names
from web.search import ContactIndex
from web.spreadsheet import defused

NAMES = Names(ContactIndex({}), {})
BOOK = Book(ALICE.jid, EVE.name, NOW, "Europe/London")
HOSTILE = '=HYPERLINK("http://evil.example") <script>alert(1)</script>\nsecond line'
MESSAGES = (
    ChatMessage(id="1", sender=ALICE.jid, from_me=False, at=in_(0), kind="text", text=HOSTILE, edited_at=in_(60)),
    ChatMessage(
        id="2", from_me=True, at=in_(120), kind="document", text="", media=MediaFacts(name="+bill.pdf"),
        reactions=(Reaction(by=ALICE.jid, emoji="❤", at=NOW),),
    ),
    ChatMessage(id="3", sender=ALICE.jid, from_me=False, at=in_(180), kind="image", text="", deleted_at=in_(200)),
)  # fmt: skip
GAPS = (Gap(since=in_(90), until=in_(100), reason="killed", sentence="It was killed."),)

PAGES = (
    ChatMessages(chat=ALICE.jid, messages=MESSAGES[:1], gaps=GAPS),
    ChatMessages(chat=ALICE.jid, messages=MESSAGES[:0:-1], gaps=GAPS),
)
"""Each page holds its messages from the newest to the oldest; a gap may be told on two."""


def file(form: Form) -> str:
    return "".join(written(form, BOOK, PAGES, NAMES))


def test_json_is_whole_and_keeps_every_letter() -> None:
    document = json.loads(file(Form.JSON))
    assert [each["id"] for each in document["messages"]] == ["1", "2", "3"]
    assert document["messages"][0]["text"] == HOSTILE
    assert document["gaps"][0]["reason"] == "killed"
    assert json.loads("".join(written(Form.JSON, BOOK, (), NAMES)))["messages"] == []


def test_a_table_has_a_row_each_and_calculates_nothing() -> None:
    rows = list(csv.DictReader(io.StringIO(file(Form.CSV).removeprefix("\ufeff"))))
    assert [row["kind"] for row in rows] == ["text", "gap", "document", "image"]
    assert rows[0]["text"] == f"'{HOSTILE}"
    assert rows[2]["file"] == "'+bill.pdf"
    assert rows[0]["from"] == "'+44 7700 900001"
    assert all(not cell.startswith(("=", "+", "-", "@", "\t")) for row in rows for cell in row.values())


@pytest.mark.parametrize("cell", ["=1", "+1", "-1", "@x", "\t=1", "\r=1", " =1", "\u00a0=1", "\uff1d1"])
def test_what_a_spreadsheet_would_calculate_is_text(cell: str) -> None:
    assert defused(cell) == f"'{cell}"


def test_a_web_page_shows_words_and_runs_nothing() -> None:
    page = BeautifulSoup(file(Form.HTML), "html.parser")
    assert page.find("script") is None
    assert [" ".join(bdi.get_text().split())[:9] for bdi in page.select("p bdi")] == [
        "=HYPERLIN",
        "[Document",
        "[This mes",
    ]
    assert (
        "Something may be missing here: 2026-11-22 12:01:30 to 2026-11-22 12:01:40: It was killed." in page.get_text()
    )


def test_a_text_says_who_when_and_what_became_of_it() -> None:
    lines = file(Form.TEXT).splitlines()
    assert lines[3].startswith("[2026-11-22 12:00:00] +44 7700 900001: =HYPERLINK")
    assert lines[4] == "second line (edited 2026-11-22 12:01:00)"
    assert lines[5].startswith("--- Something may be missing here")
    assert lines[6] == "[2026-11-22 12:02:00] You: [Document: +bill.pdf] (❤ +44 7700 900001)"
    assert lines[7].endswith("[This message was deleted.]")


@pytest.mark.parametrize("form", Form)
def test_half_a_chat_never_looks_like_a_whole_one(form: Form) -> None:
    def half() -> Iterator[ChatMessages]:
        yield PAGES[0]
        raise HostUnreachable("It is gone.")

    pieces = written(form, BOOK, half(), NAMES)
    with pytest.raises(HostUnreachable):
        list(pieces)


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("Dóra", "WhatsApp Dóra 2026-11-22.csv"),
        ("../../etc/\r\nX", "WhatsApp etcX 2026-11-22.csv"),
        ("🙂", "WhatsApp chat 2026-11-22.csv"),
    ],
)
def test_the_files_name_is_one_everywhere(name: str, kept: str) -> None:
    assert file_name(BOOK._replace(name=name), Form.CSV) == kept
