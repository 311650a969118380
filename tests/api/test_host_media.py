"""The send API's files, kinds and groups: stored once, checked at the door, sent as they were asked for."""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from werkzeug.test import TestResponse

from session_host.link import Reason, SendFailed
from shared.model.content import MAX_MEDIA
from shared.model.wire import Group
from shared.store import keys
from shared.store.errors import Unreachable
from tests.api.host_app import Api, an_api
from tests.cast import ALICE
from tests.cast_media import PDF, opus, png

MEDIA = "/api/v1/media"
MESSAGES = "/api/v1/messages"
GROUP = "120363000000000000@g.us"


@pytest.fixture
def api(tmp_path: Path) -> Iterator[Api]:
    with an_api(tmp_path / "host") as running:
        yield running


def store(api: Api, data: bytes, mime: str = "image/png", query: str = "", **headers: str) -> TestResponse:
    sent = {"Authorization": f"Bearer {api.token}"} | {name.replace("_", "-"): value for name, value in headers.items()}
    return api.client.post(f"{MEDIA}{query}", data=data, content_type=mime, headers=sent)


def send(api: Api, **body: Any) -> TestResponse:
    return api.ask("POST", MESSAGES, {"to": ALICE.number} | body)


class TestFiles:
    def test_a_file_is_stored_under_its_hash_with_what_it_says_of_itself(self, api: Api) -> None:
        data = png(30, 20)
        answer = store(api, data, X_Filename="tea%20time.png")
        digest = hashlib.sha256(data).hexdigest()
        assert answer.status_code == 201
        assert answer.get_json() == {
            "media": digest, "mime": "image/png", "size": len(data), "name": "tea time.png", "width": 30, "height": 20,
        }  # fmt: skip
        assert api.bucket.get(keys.media(digest)).data == data

    def test_the_same_bytes_are_written_once(self, api: Api) -> None:
        answers = [store(api, PDF, "application/pdf", query).get_json() for query in ("?name=a.pdf", "?name=b.pdf")]
        assert answers[0]["media"] == answers[1]["media"]
        assert [answer["name"] for answer in answers] == ["a.pdf", "b.pdf"]
        written = [call for call in api.bucket.calls if call.startswith("put media/")]
        assert written == [f"put media/{answers[0]['media']}"]

    def test_a_voice_message_says_how_long_it_is(self, api: Api) -> None:
        answer = store(api, opus(2.5), "audio/ogg; codecs=OPUS").get_json()
        assert (answer["mime"], answer["seconds"]) == ("audio/ogg; codecs=opus", 3)

    @pytest.mark.parametrize(
        ("data", "mime", "query", "status"),
        [
            (b"", "image/png", "", 422),
            (b"<html>", "image/png", "", 415),
            (png(), "image/jpeg", "", 415),
            (PDF, "", "", 415),
            (PDF, "nonsense", "", 415),
            (PDF, "application/pdf", "?name=../x.pdf", 422),
            (PDF, "application/pdf", f"?name={'x' * 201}", 422),
            (b"x" * (MAX_MEDIA + 1), "application/pdf", "", 413),
        ],
    )
    def test_what_is_no_file_to_send_is_refused(
        self, api: Api, data: bytes, mime: str, query: str, status: int
    ) -> None:
        answer = store(api, data, mime, query)
        assert (answer.status_code, answer.mimetype) == (status, "application/problem+json")
        assert list(api.bucket.list(keys.MEDIA)) == []

    def test_too_large_is_said_with_how_much_may_be(self, api: Api) -> None:
        assert "16,000,000" in store(api, b"x" * (MAX_MEDIA + 1)).get_json()["detail"]
        assert store(api, png()).status_code == 201

    def test_a_file_comes_back_as_bytes_that_no_browser_runs(self, api: Api) -> None:
        data = b"<script>alert(1)</script>"
        media = store(api, data, "application/octet-stream").get_json()["media"]
        answer = api.ask("GET", f"{MEDIA}/{media}")
        assert (answer.data, answer.mimetype) == (data, "application/octet-stream")
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Content-Disposition"].startswith("attachment")

    @pytest.mark.parametrize("media", ["a" * 64, "x", "A" * 64, "..%2Fscheduled.json"])
    def test_what_is_not_there_is_not_found(self, api: Api, media: str) -> None:
        assert api.ask("GET", f"{MEDIA}/{media}").status_code == 404

    def test_a_storage_that_is_away_is_said(self, api: Api) -> None:
        api.bucket.trouble = Unreachable("The storage cannot be reached.")
        assert store(api, png()).status_code == 503
        api.bucket.trouble = None
        assert store(api, png()).status_code == 201


class TestKinds:
    def picture(self, api: Api) -> dict[str, Any]:
        stored: dict[str, Any] = store(api, png(), X_Filename="tea.png").get_json()
        return {"kind": "image", **stored}

    def test_a_picture_leaves_with_its_caption(self, api: Api) -> None:
        answer = send(api, message="Look", attachment=self.picture(api))
        assert answer.status_code == 202
        assert answer.get_json()["attachment"]["name"] == "tea.png"
        api.work()
        (sent,) = api.link.things
        assert (sent.text, sent.media and sent.media.width) == ("Look", 3)
        assert list(api.link.uploaded.values()) == [png()]

    @pytest.mark.parametrize(
        "body",
        [
            {"attachment": {"kind": "location", "latitude": 51, "longitude": -0.12}},
            {"attachment": {"kind": "contact", "name": "Ada", "phones": ["447700900123"]}},
            {"message": "Yes", "about": {"act": "reply", "messageId": "3EB0AA", "quoted": "Tea?"}},
            {"message": "👍", "about": {"act": "react", "messageId": "3EB0AA"}},
            {"message": "Coffee?", "about": {"act": "edit", "messageId": "3EB0AA", "fromMe": True}},
            {"about": {"act": "delete", "messageId": "3EB0AA", "fromMe": True}},
        ],
    )
    def test_each_other_kind_leaves_as_it_was_asked_for(self, api: Api, body: dict[str, Any]) -> None:
        assert send(api, **body).status_code == 202
        api.work()
        (sent,) = api.link.things
        assert sent.text == body.get("message", "")
        assert (sent.attachment is None) is ("attachment" not in body)
        assert (sent.about is None) is ("about" not in body)

    @pytest.mark.parametrize(
        ("body", "field"),
        [
            ({}, "message"),
            ({"attachment": {"kind": "image", "media": "b" * 64, "mime": "image/png", "size": 9}}, "attachment"),
            ({"attachment": {"kind": "poll"}}, "attachment"),
            ({"attachment": {"kind": "location", "latitude": 51, "longitude": 0, "extra": 1}}, "attachment"),
            ({"attachment": {"kind": "location", "latitude": 91, "longitude": 0}}, "attachment.location.latitude"),
            ({"message": "x", "about": {"act": "edit", "messageId": "3EB0AA"}}, "about"),
            ({"message": "x", "about": {"act": "reply", "messageId": "a b"}}, "about.messageId"),
            ({"message": "x", "about": {"act": "reply", "messageId": "3EB0AA", "sender": "me"}}, "about"),
            ({"message": "x", "about": {"act": "shout", "messageId": "3EB0AA"}}, "about.act"),
            ({"message": "text", "about": {"act": "react", "messageId": "3EB0AA"}}, "message"),
        ],
    )
    def test_what_does_not_go_together_is_refused_by_its_field(
        self, api: Api, body: dict[str, Any], field: str
    ) -> None:
        answer = send(api, **body)
        assert (answer.status_code, answer.get_json()["errors"][0]["field"]) == (422, field)

    def test_the_same_key_with_another_file_is_another_body(self, api: Api) -> None:
        def ask(**body: Any) -> int:
            order = {"to": ALICE.number, **body}
            return api.ask("POST", MESSAGES, order, Idempotency_Key="k").status_code

        picture = self.picture(api)
        assert ask(attachment=picture) == 202
        assert ask(attachment=picture) in (200, 202)
        assert ask(attachment={**picture, "name": "other.png"}) == 409

    def test_a_caption_can_be_changed_and_taken_away_and_a_text_not(self, api: Api) -> None:
        one = send(api, message="Look", attachment=self.picture(api), scheduledTime="2026-11-23T12:00:00Z").get_json()
        changed = api.ask("PATCH", f"{MESSAGES}/{one['id']}", {"revision": 1, "message": ""})
        assert (changed.status_code, changed.get_json()["attachment"]) == (200, one["attachment"])
        text = send(api, message="Hello", scheduledTime="2026-11-23T12:00:00Z").get_json()
        assert api.ask("PATCH", f"{MESSAGES}/{text['id']}", {"revision": 1, "message": ""}).status_code == 422


class TestGroups:
    def test_they_are_listed_and_written_to(self, api: Api) -> None:
        api.link.joined = (Group(id=GROUP, name="Book club", participants=4),)
        assert api.ask("GET", "/api/v1/groups").get_json() == {
            "groups": [{"id": GROUP, "name": "Book club", "participants": 4}]
        }
        assert send(api, to=GROUP, message="Tuesday?").status_code == 202
        api.work()
        assert api.link.sent == [(GROUP, "Tuesday?")]

    def test_while_the_link_is_down_it_is_said_why_they_are_not_known(self, api: Api) -> None:
        api.link.failures.append(
            SendFailed("There is no connection.", permanent=False, certain=True, reason=Reason.NOT_CONNECTED)
        )
        answer = api.ask("GET", "/api/v1/groups")
        assert (answer.status_code, answer.get_json()["detail"]) == (503, "There is no connection.")
