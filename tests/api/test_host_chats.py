"""The captured chats through the API: a page at a time, nothing twice, nothing left out, and no nonsense answered."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from session_host import chat_search, tokens
from shared.model.link import Link
from tests.api.host_app import Api, an_api
from tests.builders import in_, link_status
from tests.cast import ALICE, BOB, GROUP
from tests.fakes import events

ALICE_ID, BOB_ID = f"{ALICE.number}@s.whatsapp.net", f"{BOB.number}@s.whatsapp.net"
ALICE_LID = "100000000000001@lid"


@pytest.fixture
def api(tmp_path: Path) -> Iterator[Api]:
    with an_api(tmp_path) as made:
        yield made


def hear(api: Api, *heard: Any) -> None:
    for event in heard:
        assert api.link.ears.event(*events.raw(event))
    api.host.capture.step(api.clock.now())


def messages(api: Api, chat: str, query: str = "") -> dict[str, Any]:
    answer = api.ask("GET", f"/api/v1/chats/{quote(chat, safe='')}/messages{query}")
    assert answer.status_code == 200, answer.get_data(as_text=True)
    document: dict[str, Any] = answer.get_json()
    return document


def test_nothing_captured_is_an_empty_list(api: Api) -> None:
    assert api.ask("GET", "/api/v1/chats").get_json() == {"captured": {"count": 0, "days": 30}, "chats": []}


def test_the_chat_with_the_newest_message_comes_first(api: Api) -> None:
    hear(
        api,
        events.message(ALICE_LID, "One", alt=ALICE_ID, push_name="Alice", at=in_(1)),
        events.message(BOB_ID, "Two", at=in_(2)),
        events.message(ALICE_LID, "Three", from_me=True, alt=ALICE_ID, at=in_(3)),
    )
    first, second = api.ask("GET", "/api/v1/chats").get_json()["chats"]
    assert (first["id"], first["name"], first["lastText"], first["lastFromMe"]) == (ALICE_ID, "Alice", "Three", True)
    assert (second["id"], second.get("name"), second["messages"]) == (BOB_ID, None, 1)


def test_a_name_on_the_phone_goes_first_and_who_looks_has_it_read_again(api: Api) -> None:
    hear(api, events.message(ALICE_LID, "One", alt=ALICE_ID, push_name="Ali", at=in_(1)))
    api.link.ears.status(link_status(Link.CONNECTED))
    for seconds, name in ((5, "Mum"), (40, "Mother")):
        api.link.given = {ALICE_ID: name}
        api.ask("GET", "/api/v1/chats")
        api.set(in_(seconds))
        api.host.names.step(in_(seconds))
        (chat,) = api.ask("GET", "/api/v1/chats").get_json()["chats"]
        assert (chat["name"], chat["nameGiven"], chat["pushName"]) == (name, True, "Ali")
    hits = api.ask("GET", "/api/v1/search?q=one").get_json()["hits"]
    assert [(each["name"], each["nameGiven"]) for each in hits] == [("Mother", True)]


@pytest.mark.parametrize("name", [ALICE_ID, ALICE.number, f"+{ALICE.number}", ALICE_LID])
def test_a_chat_is_found_under_each_of_its_names(api: Api, name: str) -> None:
    hear(api, events.message(ALICE_LID, "Tea?", alt=ALICE_ID))
    found = messages(api, name)
    assert (found["chat"], [each["text"] for each in found["messages"]]) == (ALICE_ID, ["Tea?"])


def test_pages_follow_one_another_also_within_one_second(api: Api) -> None:
    hear(api, *(events.message(ALICE_ID, str(number), at=in_(number // 4)) for number in range(10)))
    seen: list[str] = []
    before: str | None = ""
    while before is not None:
        page = messages(api, ALICE_ID, f"?limit=3&before={before}" if before else "?limit=3")
        seen += [each["text"] for each in page["messages"]]
        before = page.get("next")
    assert seen == [str(number) for number in range(9, -1, -1)]
    earlier = messages(api, ALICE_ID, f"?before={in_(1).isoformat().replace('+00:00', 'Z')}")
    assert [each["text"] for each in earlier["messages"]] == ["3", "2", "1", "0"]


def test_pages_of_chats_follow_one_another(api: Api) -> None:
    hear(
        api,
        *(events.message(f"4477009001{number:02d}@s.whatsapp.net", "x", at=in_(number // 3)) for number in range(7)),
    )
    seen: list[str] = []
    before: str | None = ""
    while before is not None:
        page = api.ask("GET", f"/api/v1/chats?limit=2{f'&before={quote(before)}' if before else ''}").get_json()
        seen += [each["id"] for each in page["chats"]]
        before = page.get("next")
    assert len(seen) == len(set(seen)) == 7


@pytest.mark.parametrize(
    "query",
    [
        "?limit=0", "?limit=501", "?limit=-1", "?limit=1e2", "?limit=%20", "?limit=999999999999999999999", "?limit=٣",
        "?before=yesterday", "?before=2026-12-24T10:00:00", "?before='%20OR%201=1--", "?before=1-", "?before=%00",
        "?before=99999999999999999999-1", "?before=9999-12-31T23:59:59-14:00", "?before=0001-01-01T00:00:00%2B14:00",
    ],
)  # fmt: skip
def test_a_query_that_is_none_is_refused_in_words(api: Api, query: str) -> None:
    hear(api, events.message(ALICE_ID, "Tea?"))
    for path in (f"/api/v1/chats{query}", f"/api/v1/chats/{ALICE.number}/messages{query}"):
        answer = api.ask("GET", path)
        assert answer.status_code == 422
        assert answer.mimetype == "application/problem+json"
        assert answer.get_json()["detail"].startswith(("limit: ", "before: "))


@pytest.mark.parametrize(
    "chat", ["x", "'; DROP TABLE messages--", "447700900001@evil.example", "1@lid", "%", "\x00", "4" * 5000, "🙂"]
)
def test_an_id_that_is_none_is_refused_in_words(api: Api, chat: str) -> None:
    answer = api.ask("GET", f"/api/v1/chats/{quote(chat, safe='')}/messages")
    assert answer.status_code == 422
    assert answer.get_json()["detail"].startswith("id: ")


def test_a_chat_of_which_nothing_was_captured_is_not_there(api: Api) -> None:
    answer = api.ask("GET", f"/api/v1/chats/{ALICE.number}/messages")
    assert (answer.status_code, answer.get_json()["title"]) == (404, "No such chat")


@pytest.mark.parametrize("path", ["/api/v1/chats", f"/api/v1/chats/{ALICE.number}/messages", "/api/v1/search?q=us"])
def test_only_who_may_read_is_answered_and_nothing_is_stored_on_the_way(api: Api, path: str) -> None:
    hear(api, events.message(ALICE_ID, "Between us."))
    assert api.client.get(path).status_code == 401
    sender = tokens.create(api.folder, "sender", ("send",))
    refused = api.client.get(path, headers={"Authorization": f"Bearer {sender}"})
    assert refused.status_code == 403
    assert "Between us" not in refused.get_data(as_text=True)
    assert api.ask("GET", path).headers["Cache-Control"] == "no-store"


def test_a_text_with_anything_in_it_comes_as_it_was(api: Api) -> None:
    text = "<script>alert(1)</script> \x00\x07 \u202eevil '\"; 🙂\n" * 50
    hear(api, events.message(ALICE_ID, text))
    assert messages(api, ALICE_ID)["messages"][0]["text"] == text


def test_gaps_are_told_with_the_link_and_in_public_without_a_number(api: Api) -> None:
    hear(api, events.message(ALICE_ID, "Between us."))
    api.link.ears.status(link_status(Link.CONNECTED))
    api.link.ears.lost()
    told = api.ask("GET", "/api/v1/link").get_json()["capture"]
    assert (told["count"], told["gapCount"], told["gaps"][0]["reason"]) == (1, 1, "library")
    assert told["gaps"][0]["to"] is None
    assert "stopped" in told["gaps"][0]["sentence"]
    public = api.client.get("/health")
    assert public.get_json()["capture"] == told
    assert ALICE.number not in public.get_data(as_text=True)


def test_a_receipt_that_came_by_the_journal_settles_its_message(api: Api) -> None:
    id_ = api.ask("POST", "/api/v1/messages", {"to": ALICE.number, "message": "Tea?"}).get_json()["id"]
    api.work()
    sent = api.host.find(id_)
    assert sent is not None
    assert sent.delivery.message_id is not None
    hear(api, events.receipt(ALICE_LID, sent.delivery.message_id), events.receipt(ALICE_LID, sent.delivery.message_id))
    found = api.host.find(id_)
    assert found is not None
    assert found.delivery.delivered_at is not None


def test_newer_pages_follow_one_another_back_to_the_newest(api: Api) -> None:
    hear(api, *(events.message(ALICE_ID, str(number), at=in_(number // 4)) for number in range(10)))
    page = messages(api, ALICE_ID, "?limit=3&after=0-0")
    seen = [[each["text"] for each in page["messages"]]]
    while "previous" in page:
        page = messages(api, ALICE_ID, f"?limit=3&after={page['previous']}")
        seen.append([each["text"] for each in page["messages"]])
    assert seen == [["2", "1", "0"], ["5", "4", "3"], ["8", "7", "6"], ["9"]]
    assert "next" in page


@pytest.mark.parametrize("limit", [1, 2, 5, 9])
def test_a_message_is_shown_among_its_neighbours(api: Api, limit: int) -> None:
    hear(api, *(events.message(ALICE_ID, f"word{number}", at=in_(number // 4)) for number in range(10)))
    (hit,) = api.ask("GET", "/api/v1/search?q=WORD4").get_json()["hits"]
    page = messages(api, ALICE_ID, f"?limit={limit}&around={hit['place']}")
    shown = [each["text"] for each in page["messages"]]
    assert "word4" in shown
    assert len(shown) == limit
    assert ("next" in page, "previous" in page) == ("word0" not in shown, "word9" not in shown)


def test_gaps_are_told_on_the_page_whose_time_they_lie_in(api: Api) -> None:
    hear(api, *(events.message(ALICE_ID, str(number), at=in_(minutes=number)) for number in range(6)))
    store = api.host.capture.store
    store.gap("library", in_(minutes=1.5), in_(minutes=1.7))
    store.gap("killed", in_(minutes=4.2), in_(minutes=4.3))
    store.gap("replaced", in_(minutes=9), None)
    newest = messages(api, ALICE_ID, "?limit=2")
    older = messages(api, ALICE_ID, f"?limit=2&before={newest['next']}")
    oldest = messages(api, ALICE_ID, f"?limit=2&before={older['next']}")
    told = [{each["reason"] for each in page.get("gaps", ())} for page in (newest, older, oldest)]
    assert told == [{"killed", "replaced"}, set(), {"library"}]
    newer = messages(api, ALICE_ID, f"?limit=2&after={oldest['previous']}")
    assert [each["reason"] for each in newer["gaps"]] == ["library"]
    assert newest["gaps"][0]["sentence"].startswith("Another program")
    kept = api.ask("GET", "/api/v1/chats").get_json()["captured"]
    assert (kept["count"], kept["gapCount"], kept["days"]) == (6, 3, 30)
    assert kept["since"] == "2026-11-22T12:00:00Z"


def test_a_reply_comes_with_what_it_answers_as_it_reads_now(api: Api) -> None:
    answer = {"text": "Four", "contextInfo": {"stanzaID": "3EB0A"}}
    hear(
        api,
        events.message(GROUP, "Tea at three?", sender=ALICE_ID, push_name="Alice", id_="3EB0A", at=in_(1)),
        events.edit(GROUP, "3EB0A", "Tea at four?", sender=ALICE_ID, at=in_(2)),
        events.message(GROUP, sender=BOB_ID, extendedTextMessage=answer, at=in_(3)),
    )
    reply, asked = messages(api, GROUP)["messages"]
    assert (asked["senderName"], reply.get("senderName")) == ("Alice", None)
    assert (reply["answers"]["text"], reply["answers"]["senderName"]) == ("Tea at four?", "Alice")
    hear(api, events.deletion(GROUP, "3EB0A", sender=ALICE_ID, at=in_(4)))
    assert messages(api, GROUP)["messages"][0]["answers"]["text"] == ""


def test_a_file_is_described_as_its_sender_does(api: Api) -> None:
    part = {"mimetype": "application/pdf", "fileName": "bill<b>.pdf", "fileLength": 1234, "caption": "The bill"}
    hear(api, events.message(ALICE_ID, documentMessage=part), events.message(ALICE_ID, stickerMessage={}, at=in_(1)))
    sticker, bill = messages(api, ALICE_ID)["messages"]
    assert bill["media"] == {"mime": "application/pdf", "name": "bill<b>.pdf", "size": 1234}
    assert "media" not in sticker


class TestSearch:
    def found(self, api: Api, query: str) -> list[str]:
        answer = api.ask("GET", f"/api/v1/search?q={query}")
        assert answer.status_code == 200, answer.get_data(as_text=True)
        return [each["message"]["text"] for each in answer.get_json()["hits"]]

    @pytest.fixture(autouse=True)
    def chat(self, api: Api) -> None:
        hear(
            api,
            events.message(ALICE_ID, "Dóra's 100% wool_scarf", id_="3EB0A", at=in_(1)),
            events.message(BOB_ID, "1000 wool, no scarf <b>bold</b>", id_="3EB0B", at=in_(2)),
            events.message(BOB_ID, "日本語の本", id_="3EB0C", at=in_(3)),
        )

    @pytest.mark.parametrize(
        ("typed", "hits"),
        [
            ("wool", 2), ("WOOL%20scarf", 2), ("dora", 1), ("100%25", 1), ("l_s", 1), ("%25", 1), ("_", 1), ("oo", 2),
            ("%3Cb%3E", 1), ("'%20OR%201=1--", 0), ("*", 0), ("語", 1), ("wool%20tea", 0), ('"', 0), ("%00wool", 2),
        ],
    )  # fmt: skip
    def test_finds_every_word_and_takes_nothing_for_a_pattern(self, api: Api, typed: str, hits: int) -> None:
        assert len(self.found(api, typed)) == hits

    def test_follows_edits_and_deletions(self, api: Api) -> None:
        hear(api, events.edit(ALICE_ID, "3EB0A", "Silk tie", at=in_(5)), events.deletion(BOB_ID, "3EB0B", at=in_(6)))
        assert self.found(api, "wool") == []
        assert self.found(api, "silk") == ["Silk tie"]

    def test_keeps_to_one_chat_where_one_is_named(self, api: Api) -> None:
        assert len(self.found(api, f"wool&chat={BOB.number}")) == 1

    def test_goes_on_where_it_ended(self, api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(chat_search, "SCANNED", 1)
        monkeypatch.setattr(chat_search, "STEP", 1)
        seen: list[str] = []
        query = "/api/v1/search?q=wool"
        page = api.ask("GET", query).get_json()
        assert page["searchedTo"] == "2026-11-22T12:00:03Z"
        while True:
            seen += [each["message"]["id"] for each in page["hits"]]
            if "next" not in page:
                break
            page = api.ask("GET", f"{query}&before={page['next']}").get_json()
        assert seen == ["3EB0B", "3EB0A"]

    def test_ends_with_as_many_as_are_asked_for(self, api: Api) -> None:
        page = api.ask("GET", "/api/v1/search?q=wool&limit=1").get_json()
        assert [each["message"]["id"] for each in page["hits"]] == ["3EB0B"]
        again = api.ask("GET", f"/api/v1/search?q=wool&limit=1&before={page['next']}").get_json()
        assert [each["message"]["id"] for each in again["hits"]] == ["3EB0A"]

    @pytest.mark.parametrize(
        "query", ["", "?q=", "?q=%20", "?q=%00", f"?q={'x' * 201}", "?q=x&limit=0", "?q=x&before=x", "?q=x&chat=x"]
    )
    def test_refuses_what_is_no_search_in_words(self, api: Api, query: str) -> None:
        answer = api.ask("GET", f"/api/v1/search{query}")
        assert (answer.status_code, answer.mimetype) == (422, "application/problem+json")
