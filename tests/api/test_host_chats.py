"""The captured chats through the API: a page at a time, nothing twice, nothing left out, and no nonsense answered."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from session_host import tokens
from shared.model.link import Link
from tests.api.host_app import Api, an_api
from tests.builders import in_, link_status
from tests.cast import ALICE, BOB
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
    assert api.ask("GET", "/api/v1/chats").get_json() == {"chats": []}


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
        "?before=99999999999999999999-1",
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


@pytest.mark.parametrize("path", ["/api/v1/chats", f"/api/v1/chats/{ALICE.number}/messages"])
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
