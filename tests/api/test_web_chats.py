"""The chats on the page: what is captured, honestly; threads, gaps, search, export and files, and hostile ones."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from bs4 import BeautifulSoup
from structlog.testing import capture_logs

from session_host import chat_search
from shared.host_client import File, HostError, HostUnreachable
from shared.model.captured import Captured
from shared.model.wire import Group
from tests.api.web_page import Page, one, words
from tests.builders import NOW, contact, in_, message, read
from tests.cast import ALICE, BOB, EVE, GROUP
from tests.fakes import events

MEDIA = "b" * 64


@pytest.fixture
def page(tmp_path: Path) -> Page:
    page = Page(tmp_path).enter()
    page.store(contacts=[contact(ALICE)])
    page.host.kept.since = in_(days=-3)
    return page


def hear(page: Page, *heard: Any) -> None:
    page.host.kept.hear(*heard)


def soup(page: Page, path: str, status: int = 200) -> BeautifulSoup:
    answer = page.client.get(path)
    assert answer.status_code == status
    return BeautifulSoup(answer.text, "html.parser")


def bubbles(page: Page, path: str) -> list[str]:
    return [" ".join(each.get_text(" ").split()) for each in soup(page, path).select(".say-text")]


def test_nothing_captured_is_said_and_what_would_be_here(page: Page) -> None:
    assert "Nothing has come in yet." in words(page.client.get("/chats"))


def test_the_list_names_people_says_the_last_words_and_what_is_kept_since_when(page: Page) -> None:
    hear(
        page,
        events.message(BOB.jid, "*Cake*?", push_name="Bobby", at=in_(-7200)),
        events.message(ALICE.jid, from_me=True, imageMessage={"caption": ""}, at=in_(-60)),
    )
    page.host.kept.store.gap("killed", in_(-90), in_(-80))
    rows = [" ".join(row.get_text(" ").split()) for row in soup(page, "/chats").select(".chat")]
    assert rows == ["A Alice You: Picture: Picture 11:59", "B ~Bobby Cake? 10:00"]
    told = words(page.client.get("/chats"))
    assert "Captured since Thu 19 Nov 2026, 12:00: 2 messages. A message is kept for 30 days." in told
    assert "Once something may have been missed" in told


def test_a_host_that_does_not_answer_is_said_on_each_page(page: Page) -> None:
    page.host.down = True
    for path in ("/chats", f"/chats/{ALICE.jid}", "/chats/search?q=tea"):
        assert "The chats are kept by the session host, and it does not answer." in words(page.client.get(path)), path
    assert page.client.get(f"/media/{MEDIA}").status_code == 503
    assert page.client.get(f"/chats/{ALICE.jid}/export/csv").status_code == 503


@pytest.mark.parametrize("answer", [{}, {"chats": [{"id": "\x00"}]}, {"chats": "<script>"}])
def test_a_host_that_answers_nonsense_is_not_believed(
    page: Page, monkeypatch: pytest.MonkeyPatch, answer: dict[str, Any]
) -> None:
    monkeypatch.setattr(page.host, "chats", lambda **_: answer)
    assert "does not understand" in words(page.client.get("/chats"))


def test_while_the_storage_is_away_chats_are_read_under_their_numbers(page: Page) -> None:
    hear(page, events.message(ALICE.jid, "Tea?", at=in_(-60)))
    page.bucket.away = True
    assert "+44 7700 900001" in words(page.client.get("/chats"))


def test_a_thread_reads_from_old_to_new_with_its_gaps_in_place(page: Page) -> None:
    hear(page, *(events.message(ALICE.jid, f"No. {number}", at=in_(minutes=number - 30)) for number in range(3)))
    page.host.kept.store.gap("library", in_(minutes=-28.5), in_(minutes=-28.4))
    found = soup(page, f"/chats/{ALICE.jid}")
    order = [" ".join(each.get_text(" ").split())[:20] for each in found.select(".bubbles > li")]
    assert [each[:5] for each in order] == ["No. 0", "No. 1", "Somet", "No. 2"]
    assert "The WhatsApp library stopped handing over" in found.get_text()
    assert one(found, "#write")["href"] == "/compose?to=Alice"
    assert "Nothing older of this chat is kept here." in found.get_text()


def test_older_messages_are_a_link_away_and_newer_ones_too(page: Page) -> None:
    hear(page, *(events.message(ALICE.jid, f"No. {number}", at=in_(minutes=number)) for number in range(60)))
    newest = soup(page, f"/chats/{ALICE.jid}")
    older = newest.select_one('a[href*="before="]')
    assert older is not None
    address = str(older["href"]).partition("#")[0]
    assert bubbles(page, address) == [f"No. {number}" for number in range(10)]
    assert "after=" in page.client.get(address).text


def test_what_became_of_a_message_is_shown(page: Page) -> None:
    hear(
        page,
        events.message(ALICE.jid, "Teh scarf", id_="3EB0A", at=in_(-90)),
        events.edit(ALICE.jid, "3EB0A", "The scarf", at=in_(-60)),
        events.reaction(ALICE.jid, "3EB0A", "❤", from_me=True, at=in_(-50)),
        events.message(ALICE.jid, "Oops", id_="3EB0B", at=in_(-40)),
        events.deletion(ALICE.jid, "3EB0B", at=in_(-30)),
        events.message(ALICE.jid, extendedTextMessage={"text": "Fine", "contextInfo": {"stanzaID": "3EB0A"}}),
        events.message(ALICE.jid, documentMessage={"fileName": "bill.pdf", "fileLength": 12_000}),
    )
    told = words(page.client.get(f"/chats/{ALICE.jid}"))
    assert "Alice The scarf Fine" in told
    assert "edited 11:59" in told
    assert "❤ You" in told
    assert "This message was deleted." in told
    assert "Oops" not in told
    assert "Document: bill.pdf 12 kB" in told
    assert "its bytes are not kept here yet" in told


def test_a_message_that_was_scheduled_here_leads_to_its_page_and_has_its_ticks(page: Page) -> None:
    page.store(messages=[read(message(ALICE, id="mine", send_at=in_(-60)))])
    hear(page, events.message(ALICE.jid, "The kettle is on.", from_me=True, id_="3EB0FICTION", at=in_(-60)))
    found = soup(page, f"/chats/{ALICE.jid}")
    assert found.select_one('a[href="/messages/mine"]') is not None
    (back,) = soup(page, "/messages/mine").select(".see-chat")
    assert page.client.get(str(back["href"])).status_code == 200
    assert one(found, ".say-ticks").get_text(strip=True) == "Read"


def test_a_group_has_its_name_and_each_bubble_its_author(page: Page) -> None:
    page.host.joined = (Group(id=GROUP, name="The bakers", participants=3),)
    hear(page, events.message(GROUP, "Cake?", sender=BOB.jid, push_name="Bobby", at=in_(-60)))
    found = soup(page, f"/chats/{GROUP}")
    assert found.h1 is not None
    assert found.h1.get_text(strip=True) == "The bakers"
    assert [each.get_text() for each in found.select(".say-who")] == ["~Bobby"]


def test_a_name_on_the_phone_goes_before_their_own_which_is_found_too(page: Page) -> None:
    hear(page, events.message(BOB.jid, "Cake?", push_name="Bobby", at=in_(-60)))
    page.host.kept.store.give({BOB.jid: "<b>Uncle Bob", ALICE.jid: "Not used: she is a contact"})
    for path in ("/chats", "/chats/search?q=cake", "/chats/search?q=bobby"):
        found = [each.get_text() for each in soup(page, path).select(".chat bdi")]
        assert "<b>Uncle Bob" in found, path
        assert "~Bobby" not in found
    heading = soup(page, f"/chats/{BOB.jid}").h1
    assert heading is not None
    assert heading.get_text(strip=True) == "<b>Uncle Bob"


def test_hostile_names_and_texts_are_words_only(page: Page) -> None:
    hear(page, events.message(EVE.jid, "<img src=x onerror=alert(1)> *<b>*", push_name=EVE.name, at=in_(-60)))
    for path in ("/chats", f"/chats/{EVE.jid}", "/chats/search?q=%3Cimg", "/chats/search?q=eve"):
        found = soup(page, path)
        assert not found.select("main img"), path
        assert len(found.select("script")) == 2, path
    assert bubbles(page, f"/chats/{EVE.jid}") == ["<img src=x onerror=alert(1)> <b>"]


@pytest.mark.parametrize(
    "path",
    [
        "/chats/nobody", f"/chats/{BOB.jid}", "/chats/%00", "/chats/'%20OR%201=1--", "/chats/447700900001@evil.example",
        "/chats?before=x", "/chats/search?q=tea&before=x", "/chats/search?q=tea&chat=x", f"/chats/{ALICE.jid}?before=x",
        f"/chats/{ALICE.jid}?before=1-1&after=1-1", f"/chats/{ALICE.jid}/export/exe",
        f"/chats/{BOB.jid}/export/csv", f"/media/{'c' * 64}", "/media/x", f"/media/{'A' * 64}",
    ],
)  # fmt: skip
def test_what_is_not_here_is_not_found(page: Page, path: str) -> None:
    hear(page, events.message(ALICE.jid, "Tea?"))
    assert page.client.get(path).status_code == 404


class TestSearch:
    def test_hits_are_marked_and_lead_to_their_place(self, page: Page) -> None:
        hear(page, *(events.message(ALICE.jid, f"Döner {number} & <tea>", at=in_(number)) for number in range(120)))
        found = soup(page, "/chats/search?q=DONER+57")
        (row,) = found.select(".chat")
        assert str(row.select_one(".hit bdi")) == "<bdi><mark>Döner</mark> <mark>57</mark> &amp; &lt;tea&gt;</bdi>"
        address, _, anchor = str(one(row, "a")["href"]).partition("#")
        thread = soup(page, address)
        assert [each.get_text() for each in thread.select(f'[id="{anchor}"] mark')] == ["Döner", "57"]
        assert len(thread.select(".say")) == 50

    def test_chats_are_found_by_name_and_number_too(self, page: Page) -> None:
        hear(page, events.message(ALICE.jid, "Tea?"), events.message(BOB.jid, "Cake?", push_name="Bobby"))
        assert [each.get_text() for each in soup(page, "/chats/search?q=bobb").select("h2 bdi")] == ["~Bobby"]
        assert [each.get_text() for each in soup(page, "/chats/search?q=900001").select("h2 bdi")] == ["Alice"]

    @pytest.mark.parametrize(("typed", "hits"), [("%25", 1), ("_", 1), ("100%25_", 1), ("%25%25", 0), ("<b>", 1)])
    def test_no_letter_is_a_pattern(self, page: Page, typed: str, hits: int) -> None:
        hear(page, events.message(ALICE.jid, "100%_wool"), events.message(ALICE.jid, "1000 wool <b>", at=in_(1)))
        assert len(soup(page, f"/chats/search?q={typed}").select(".hit")) == hits

    def test_within_one_chat_only_that_is_searched(self, page: Page) -> None:
        hear(page, events.message(ALICE.jid, "Tea?"), events.message(BOB.jid, "Tea!"))
        found = soup(page, f"/chats/search?q=tea&chat={ALICE.jid}")
        assert [each.get_text() for each in found.select(".hit")] == ["Tea?"]
        assert "In Alice" in " ".join(found.get_text(" ").split())

    def test_it_says_how_far_back_it_looked_and_goes_on(self, page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
        hear(page, events.message(ALICE.jid, "Tea?", at=in_(-60)), events.message(ALICE.jid, "Cake?", at=in_(-30)))
        monkeypatch.setattr(chat_search, "SCANNED", 1)
        first = soup(page, "/chats/search?q=tea")
        assert "Searched back to Sun 22 Nov 2026, 11:59." in first.get_text()
        further = first.find("a", string="Look further back")
        assert further is not None
        assert [each.get_text() for each in soup(page, str(further["href"])).select(".hit")] == ["Tea?"]

    def test_nothing_typed_is_a_form_and_nothing_found_is_said(self, page: Page) -> None:
        assert "Type a word" in words(page.client.get("/chats/search"))
        assert "Nothing matches “<b>”" in words(page.client.get("/chats/search?q=%3Cb%3E"))


class TestExport:
    def test_all_pages_are_in_it_in_order(self, page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("web.captured.MOST", 7)
        monkeypatch.setattr("web.pages.chats.MOST", 7)
        hear(page, *(events.message(ALICE.jid, f"No. {number}", at=in_(number // 3)) for number in range(40)))
        page.host.kept.store.gap("killed", in_(0.5), in_(0.7))
        answer = page.client.get(f"/chats/{ALICE.jid}/export/json")
        document = json.loads(answer.text)
        assert [each["text"] for each in document["messages"]] == [f"No. {number}" for number in range(40)]
        assert len(document["gaps"]) == 1
        assert answer.headers["Content-Disposition"] == 'attachment; filename="WhatsApp Alice 2026-11-22.json"'

    @pytest.mark.parametrize("form", ["csv", "html", "txt", "json"])
    def test_it_is_a_download_that_runs_nothing_here(self, page: Page, form: str) -> None:
        hear(page, events.message(EVE.jid, "=1+1 <script>alert(1)</script>", push_name=EVE.name))
        answer = page.client.get(f"/chats/{EVE.jid}/export/{form}")
        assert answer.headers["Content-Disposition"].startswith("attachment; filename")
        assert answer.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
        assert "=1+1" in answer.text

    def test_a_host_that_goes_away_meanwhile_breaks_the_download(self, page: Page, monkeypatch: Any) -> None:
        monkeypatch.setattr("web.pages.chats.MOST", 3)
        hear(page, *(events.message(ALICE.jid, f"No. {number}", at=in_(number)) for number in range(9)))
        answer = page.client.get(f"/chats/{ALICE.jid}/export/txt", buffered=False)
        page.host.down = True
        with pytest.raises(HostError):
            _ = answer.data

    def test_a_long_one_says_on_its_page_how_far_it_is(self, page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("web.captured.MOST", 7)
        monkeypatch.setattr("web.pages.chats.MOST", 7)
        hear(page, *(events.message(ALICE.jid, f"No. {number}", at=in_(number)) for number in range(20)))
        chat = soup(page, f"/chats/{ALICE.jid}")
        assert "20 messages are kept here" in chat.get_text()
        far = str(one(chat, "#exporting")["hx-get"])
        assert "Exporting…" in words(page.client.get(far))
        assert page.client.get(f"{far}?tries=20").text.strip() == "", "it never began: its page asks no more"
        download = page.client.get(str(one(chat, 'a[href*="export/csv"]')["href"]), buffered=False)
        pieces = iter(download.iter_encoded())
        assert "No. 13" in "".join(next(pieces).decode() for _ in range(16))
        assert "14 of 20 messages" in words(page.client.get(far))
        assert "No. 19" in b"".join(pieces).decode()
        assert words(page.client.get(far)).strip() == (
            "Exported 20 messages are in the file. You find it in your browser’s downloads."
        )

    def test_one_that_is_cancelled_or_breaks_says_that_it_is_not_complete(self, page: Page, monkeypatch: Any) -> None:
        monkeypatch.setattr("web.pages.chats.MOST", 3)
        hear(page, *(events.message(ALICE.jid, f"No. {number}", at=in_(number)) for number in range(9)))
        cancelled = page.client.get(f"/chats/{ALICE.jid}/export/txt?key=cancelled", buffered=False)
        assert "No. 4" in "".join(piece.decode() for piece, _ in zip(cancelled.iter_encoded(), range(7), strict=False))
        cancelled.close()
        told = words(page.client.get("/chats/exports/cancelled"))
        assert "stopped after 3 of 9 messages, so the file is not complete" in told
        left = page.client.get(f"/chats/{ALICE.jid}/export/txt?key=left-alone", buffered=False)
        next(iter(left.iter_encoded()))
        page.host.down = True
        assert page.client.get(f"/chats/{ALICE.jid}/export/txt?key=not-begun").status_code == 503
        assert "did not begin" in words(page.client.get("/chats/exports/not-begun"))
        assert page.client.get("/chats/exports/<b>").status_code == 404

    def test_a_short_one_simply_downloads(self, page: Page) -> None:
        hear(page, events.message(ALICE.jid, "Tea?", at=in_(-60)))
        chat = soup(page, f"/chats/{ALICE.jid}")
        assert chat.select_one("#exporting") is None
        assert "1 message is kept here" in chat.get_text()
        assert page.client.get(str(one(chat, 'a[href*="export/csv"]')["href"])).status_code == 200


class TestFiles:
    @pytest.mark.parametrize(
        ("mime", "shown", "how"),
        [
            ("image/png", "image/png", "inline"),
            ("audio/ogg; codecs=opus", "audio/ogg", "inline"),
            ("text/html", "application/octet-stream", "attachment"),
            ("image/svg+xml", "application/octet-stream", "attachment"),
            ("application/pdf", "application/octet-stream", "attachment"),
            ("", "application/octet-stream", "attachment"),
            ("IMAGE/PNG\r\nX: y", "application/octet-stream", "attachment"),
        ],
    )
    def test_only_pictures_sounds_and_videos_are_shown(self, page: Page, mime: str, shown: str, how: str) -> None:
        page.host.kept.files[MEDIA] = File(b"<script>alert(1)</script>", mime)
        answer = page.client.get(f"/media/{MEDIA}")
        assert (answer.status_code, answer.mimetype) == (200, shown)
        assert answer.headers["Content-Disposition"].startswith(how)
        assert answer.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Cache-Control"] == "private, no-cache"

    def test_a_part_of_a_file_can_be_asked_for_and_one_that_is_known_is_not_sent_again(self, page: Page) -> None:
        page.host.kept.files[MEDIA] = File(b"0123456789", "video/mp4")
        part = page.client.get(f"/media/{MEDIA}", headers={"Range": "bytes=2-4"})
        assert (part.status_code, part.data, part.headers["Content-Range"]) == (206, b"234", "bytes 2-4/10")
        page.host.down = True
        known = page.client.get(f"/media/{MEDIA}", headers={"If-None-Match": f'"{MEDIA}"'})
        assert (known.status_code, known.data) == (304, b"")

    @pytest.mark.parametrize(
        ("kind", "element"),
        [("image", "img"), ("sticker", "img"), ("video", "video"), ("voice", "audio"), ("document", "a[download]")],
    )
    def test_a_file_that_is_kept_is_shown_in_its_bubble(self, page: Page, kind: str, element: str) -> None:
        raw = {"media": {"media": MEDIA, "name": 'x"><b>.png'}}
        page.host.kept.keep(Captured(chat=ALICE.jid, id="3EB0A", at=NOW, from_me=True, kind=kind, raw=raw))
        found = soup(page, f"/chats/{ALICE.jid}").select(f".say {element}")
        assert any(f"/media/{MEDIA}" in str(each) for each in found)

    def test_what_is_described_as_nonsense_is_not_described(self, page: Page) -> None:
        raw = {"media": {"media": "../../etc", "size": -1}}
        page.host.kept.keep(Captured(chat=ALICE.jid, id="3EB0A", at=NOW, from_me=True, kind="image", raw=raw))
        assert "/media/" not in page.client.get(f"/chats/{ALICE.jid}").text


def test_no_number_reaches_the_log_when_a_page_breaks(page: Page, monkeypatch: Any, caplog: Any) -> None:
    monkeypatch.setattr(page.host, "chat", lambda *_, **__: 1 / 0)
    with capture_logs() as logged:
        assert page.client.get(f"/chats/{ALICE.jid}").status_code == 500
        page.bucket.away = True
        page.client.get(f"/messages/{ALICE.number}")
    assert [each["event"] for each in logged] == ["page broke", "storage down"]
    assert [each["route"] for each in logged] == ["/chats/<chat_id>", "/messages/<message_id>"]
    assert ALICE.number not in f"{logged} {caplog.text}"


def test_an_open_chat_stays_as_it_is_while_the_host_does_not_answer(page: Page) -> None:
    assert "chats" in page.client.get("/live").get_json()
    page.host.down = True
    page.later(timedelta(seconds=11))
    assert "chats" not in page.client.get("/live").get_json()
    assert page.client.get(f"/chats/{ALICE.jid}", headers={"HX-Request": "true"}).status_code == 503


def test_an_open_page_hears_of_a_new_message(page: Page) -> None:
    before = page.client.get("/live").get_json()["chats"]
    hear(page, events.message(ALICE.jid, "Tea?"))
    page.later(timedelta(seconds=2))
    assert page.client.get("/live").get_json()["chats"] != before


def test_group_names_are_asked_for_once_and_a_link_that_is_down_is_no_trouble(page: Page, monkeypatch: Any) -> None:
    asked: list[int] = []

    def groups() -> tuple[Group, ...]:
        asked.append(1)
        raise HostUnreachable("The link is down.")

    monkeypatch.setattr(page.host, "groups", groups)
    hear(page, events.message(GROUP, "Cake?", sender=BOB.jid))
    for _ in range(2):
        assert "A group" in words(page.client.get("/chats"))
    assert asked == [1]
