"""The host's client: what it says when the host is down, refuses, or talks nonsense, and what it never does."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest

from shared.host_client import HostClient, HostError, HostRefused, HostUnreachable
from shared.model.access import NewToken, Scope
from shared.model.link import Link, describe
from shared.model.owner_settings import PaceStanding
from shared.model.pace import Forecast, PaceSettings
from shared.model.wire import Handover, HandoverAnswer
from shared.settings import HostAddress
from tests.fakes.http_host import Asked, answering

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
ANSWER = HandoverAnswer(now=NOW, host="host", link=describe(Link.CONNECTED, NOW))


@contextmanager
def a_host(status: int, body: bytes, headers: dict[str, str] | None = None) -> Iterator[tuple[HostClient, list[Asked]]]:
    """A client of a real HTTP server that always answers this, and what it was asked."""
    with answering(status, body, headers) as host:
        client = HostClient(HostAddress.read({"HOST_URL": host.url, "HOST_TOKEN": "t0ken"}))
        yield client, host.asked
        client.close()


def test_a_handover_is_posted_with_the_token_and_its_answer_understood() -> None:
    with a_host(200, json.dumps(ANSWER.as_json()).encode()) as (client, seen):
        assert client.handover(Handover(by="tick", now=NOW)) == ANSWER
        assert [(each.line, each.authorization) for each in seen] == [("POST /api/v1/messages/batch", "Bearer t0ken")]


def test_a_newer_host_may_say_more() -> None:
    more = {**ANSWER.as_json(), "weather": "fine", "link": {**ANSWER.link.as_json(), "battery": 80}}
    with a_host(200, json.dumps(more).encode()) as (client, _):
        assert client.handover(Handover(by="tick", now=NOW)) == ANSWER


def test_a_host_that_is_down_is_said_to_be_down() -> None:
    client = HostClient(HostAddress.read({"HOST_URL": "http://127.0.0.1:9"}))
    with pytest.raises(HostUnreachable, match="is it running"):
        client.handover(Handover(by="tick", now=NOW))


def test_a_refusal_carries_the_hosts_own_sentence() -> None:
    body = json.dumps({"title": "Conflict", "status": 409, "detail": "It is already leaving."}).encode()
    with a_host(409, body) as (client, _), pytest.raises(HostRefused, match="It is already leaving") as refused:
        client.cancel("m1")
    assert refused.value.status == 409


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"now": "yesterday"}'])
def test_an_answer_that_is_no_answer_is_an_error(body: bytes) -> None:
    with a_host(200, body) as (client, _), pytest.raises(HostError, match="does not understand"):
        client.handover(Handover(by="tick", now=NOW))


def test_a_refused_token_says_where_to_look() -> None:
    body = b'{"detail": "This needs a token: send one.", "status": 401}'
    with a_host(401, body) as (client, _), pytest.raises(HostRefused, match="does not know the token in HOST_TOKEN"):
        client.link()
    with answering(401, body) as host, pytest.raises(HostRefused, match="HOST_TOKEN is not set"):
        HostClient(HostAddress.read({"HOST_URL": host.url})).link()


def test_a_redirect_is_not_followed_for_the_token_would_go_along() -> None:
    with a_host(302, b"", {"Location": "http://127.0.0.1:9/elsewhere"}) as (client, seen):
        with pytest.raises(HostRefused):
            client.link()
        assert len(seen) == 1


HTML = {"Content-Type": "text/html; charset=utf-8"}


@pytest.mark.parametrize(
    ("status", "headers", "asks"),
    [
        (303, {"Location": "/login"}, True),
        (404, HTML, True),
        (200, HTML, True),
        (502, HTML, False),  # the proxy before the right host
        (404, None, False),
    ],
)
def test_where_a_web_page_answers_the_address_is_in_question(
    status: int, headers: dict[str, str] | None, asks: bool
) -> None:
    with a_host(status, b"<html>", headers) as (client, _), pytest.raises(HostError) as error:
        client.health()
    assert ("is HOST_URL right?" in str(error.value)) is asks
    assert isinstance(error.value, HostRefused) is (status != 200)


def test_all_of_loopback_is_this_machine() -> None:
    HostClient(HostAddress.read({"HOST_URL": "http://127.0.0.2:3912"}))
    with pytest.raises(HostError, match=r"HOST_URL is http to 10\.0\.0\.1"):
        HostClient(HostAddress.read({"HOST_URL": "http://10.0.0.1:3912"}))


def test_what_pace_would_do_is_asked_with_the_time_and_understood() -> None:
    forecast = Forecast(begins_at=NOW, reason="Messages leave at least 6 s apart.", stranger=True)
    with a_host(200, json.dumps(forecast.model_dump(mode="json", by_alias=True)).encode()) as (client, seen):
        assert client.pace("+447700900001", NOW) == forecast
        assert [each.line for each in seen] == ["GET /api/v1/pace?to=%2B447700900001&at=2026-11-22T12%3A00%3A00Z"]


def test_the_pace_that_holds_is_asked_and_understood_with_what_a_newer_host_says() -> None:
    standing = PaceStanding(holds=PaceSettings(hourly=7, quiet=None), environment=PaceSettings(), trouble="No.")
    said = {**standing.model_dump(mode="json", by_alias=True), "newer": 1}
    with a_host(200, json.dumps(said).encode()) as (client, _):
        assert client.pace_settings() == standing
    with a_host(200, b'{"holds": "fast"}') as (client, _), pytest.raises(HostError, match="does not understand"):
        client.pace_settings()


def test_http_is_refused_beyond_this_machine() -> None:
    with pytest.raises(HostError, match="use https"):
        HostClient(HostAddress.read({"HOST_URL": "http://host.example"}))


def test_an_id_cannot_reach_another_path() -> None:
    with a_host(200, b"{}") as (client, seen):
        client.message("../../link?x=1#y")
        assert [each.line for each in seen] == ["GET /api/v1/messages/..%2F..%2Flink%3Fx%3D1%23y"]


def test_chats_are_asked_for_without_what_is_empty() -> None:
    with a_host(200, b"{}") as (client, seen):
        client.chats()
        client.chat("447700900001@s.whatsapp.net", around="5-1", limit=9)
        client.search("50% & more", chat_id="447700900001")
        assert [each.line for each in seen] == [
            "GET /api/v1/chats?limit=50",
            "GET /api/v1/chats/447700900001%40s.whatsapp.net/messages?around=5-1&limit=9",
            "GET /api/v1/search?q=50%25+%26+more&chat=447700900001&limit=50",
        ]


def test_a_file_comes_with_its_type_and_a_missing_one_is_refused_in_words() -> None:
    with a_host(200, b"\x89PNG\r\n", {"Content-Type": "image/png"}) as (client, _):
        assert client.media("0" * 64) == (b"\x89PNG\r\n", "image/png")
    with a_host(404, b'{"detail": "There is no file with this id."}') as (client, _):
        with pytest.raises(HostRefused, match="no file with this id") as refused:
            client.media("0" * 64)
        assert refused.value.status == 404


def test_a_new_token_that_is_not_understood_is_in_no_sentence() -> None:
    body = b'{"name": "shop", "scopes": ["everything"], "token": "wa_secret"}'
    new = NewToken(name="shop", scopes=(Scope.SEND,))
    with a_host(201, body) as (client, _), pytest.raises(HostError, match="does not understand") as error:
        client.make_token(new)
    assert "wa_secret" not in str(error.value)
