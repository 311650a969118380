"""Who may ask the host what, what it says to a wrong request, and what anybody may know."""

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from openapi_spec_validator import validate

from session_host import VERSION, tokens
from session_host.contract import MOST_BYTES
from session_host.link import Arrival, Pairing, Reason, SendFailed
from shared.clock import SYSTEM
from shared.model.link import Link
from shared.store import pulse as pulses
from shared.store.pulse import HostPulse
from tests.api.host_app import Api, an_api
from tests.builders import in_
from tests.cast import ALICE

QR = "https://wa.me/settings/linked_devices#2@secret,noise,identity,adv,1"


@pytest.fixture
def api(tmp_path: Path) -> Iterator[Api]:
    with an_api(tmp_path / "host") as running:
        yield running


class TestTokens:
    @pytest.mark.parametrize("header", [{}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic eDp5"}])
    def test_without_a_token_nothing_is_told(self, api: Api, header: dict[str, str]) -> None:
        answer = api.client.get("/api/v1/messages/x", headers=header)
        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")
        assert "./wa token" in answer.get_json()["detail"]

    @pytest.mark.parametrize(
        ("scope", "method", "path"),
        [
            ("read", "GET", "/api/v1/messages/x"),
            ("send", "POST", "/api/v1/messages"),
            ("send", "POST", "/api/v1/messages/batch"),
            ("send", "PATCH", "/api/v1/messages/x"),
            ("send", "DELETE", "/api/v1/messages/x"),
            ("send", "POST", "/api/v1/messages/x/verdict"),
            ("manage", "GET", "/api/v1/link"),
            ("manage", "POST", "/api/v1/link"),
            ("manage", "DELETE", "/api/v1/link"),
            ("manage", "POST", "/api/v1/host/takeover"),
            ("manage", "GET", "/api/v1/tokens"),
            ("manage", "POST", "/api/v1/tokens"),
            ("manage", "DELETE", "/api/v1/tokens/x"),
            ("read", "GET", "/api/v1/events"),
        ],
    )
    def test_a_token_without_the_scope_is_told_which_one(self, api: Api, scope: str, method: str, path: str) -> None:
        others = [each for each in ("send", "read", "manage") if each != scope]
        token = tokens.create(api.folder, "weak", others)
        answer = api.client.open(path, method=method, headers={"Authorization": f"Bearer {token}"}, json={})
        assert answer.status_code == 403
        assert f"'{scope}'" in answer.get_json()["detail"]

    def test_only_a_hash_is_kept(self, api: Api) -> None:
        kept = (api.folder / tokens.FILE).read_text()
        assert api.token not in kept
        assert (api.folder / tokens.FILE).stat().st_mode & 0o777 == 0o600

    def test_a_revoked_token_is_worth_nothing_at_once(self, api: Api) -> None:
        assert api.ask("GET", "/api/v1/link").status_code == 200
        assert tokens.revoke(api.folder, "tests")
        assert api.ask("GET", "/api/v1/link").status_code == 401

    def test_a_damaged_token_file_lets_nobody_in_and_says_so(self, api: Api) -> None:
        (api.folder / tokens.FILE).write_text("{")
        answer = api.ask("GET", "/api/v1/link")
        assert answer.status_code == 503
        assert "cannot be read" in answer.get_json()["detail"]

    @pytest.mark.parametrize(("name", "scopes"), [("a name", ["send"]), ("x", []), ("x", ["everything"])])
    def test_a_token_needs_a_name_and_scopes_that_exist(self, api: Api, name: str, scopes: list[str]) -> None:
        with pytest.raises(tokens.TokenError, match="scope of send, read, manage"):
            tokens.create(api.folder, name, scopes)


class TestWrongRequests:
    def test_a_wrong_content_type(self, api: Api) -> None:
        headers = {"Authorization": f"Bearer {api.token}"}
        answer = api.client.post("/api/v1/messages", data="to=x", headers=headers)
        assert (answer.status_code, answer.mimetype) == (415, "application/problem+json")

    def test_a_body_that_is_too_large(self, api: Api) -> None:
        answer = api.ask("POST", "/api/v1/messages", {"message": "x" * MOST_BYTES})
        assert answer.status_code == 413
        assert "2,000,000" in answer.get_json()["detail"]

    def test_a_wrong_method_says_which_are_right(self, api: Api) -> None:
        answer = api.ask("PUT", "/api/v1/messages/x", {})
        assert answer.status_code == 405
        assert {"GET", "PATCH", "DELETE"} <= set(answer.headers["Allow"].split(", "))

    def test_an_unknown_address(self, api: Api) -> None:
        answer = api.ask("GET", "/api/v1/nothing")
        assert (answer.status_code, answer.mimetype) == (404, "application/problem+json")

    def test_an_error_of_this_program_tells_nothing_of_itself(self, api: Api, monkeypatch: Any) -> None:
        monkeypatch.setattr(api.host, "find", lambda _: 1 / 0)
        answer = api.ask("GET", "/api/v1/messages/x")
        assert answer.status_code == 500
        assert "division" not in answer.get_data(as_text=True)

    def test_a_full_disk_is_said_and_can_be_repeated(self, api: Api) -> None:
        api.host.database.limit_pages(1)
        body = {"to": ALICE.number, "message": "x" * 60_000}
        answer = api.ask("POST", "/api/v1/messages", body, Idempotency_Key="k")
        assert answer.status_code == 503
        assert "free some space" in answer.get_json()["detail"]
        api.host.database.limit_pages(10_000)
        assert api.ask("POST", "/api/v1/messages", body, Idempotency_Key="k").status_code == 202


class TestLink:
    def test_with_a_phone_number_there_is_a_code_to_type(self, api: Api) -> None:
        api.link.state = Link.UNLINKED
        answer = api.ask("POST", "/api/v1/link", {"phone": "+44 7700 900001"})
        document = answer.get_json()
        assert (answer.status_code, document["pairing"]["code"]) == (200, "ABCD-EFGH")
        assert (document["pairing"]["secondsLeft"], document["status"]["state"]) == (150, "pairing")
        assert answer.headers["Cache-Control"] == "no-store"
        assert api.link.paired_by_code == ["447700900001"]

    @pytest.mark.parametrize("phone", ["", "Alice", "12", "120363000000000000@g.us", "1" * 81])
    def test_what_is_no_phone_number_gets_no_code(self, api: Api, phone: str) -> None:
        answer = api.ask("POST", "/api/v1/link", {"phone": phone})
        assert (answer.status_code, answer.get_json()["errors"][0]["field"]) == (422, "phone")
        assert api.link.paired_by_code == []

    def test_why_there_is_no_code_is_said(self, api: Api) -> None:
        api.link.failures.append(RuntimeError("WhatsApp has made too many codes."))
        answer = api.ask("POST", "/api/v1/link", {"phone": "+44 7700 900001"})
        assert (answer.status_code, answer.get_json()["detail"]) == (409, "WhatsApp has made too many codes.")

    def test_a_host_that_does_not_lead_asks_for_no_code(self, tmp_path: Path) -> None:
        with an_api(tmp_path / "other", leads=False) as api:
            answer = api.ask("POST", "/api/v1/link", {"phone": "+44 7700 900001"})
            assert answer.status_code == 409
            assert api.link.paired_by_code == []

    def test_the_qr_code_is_an_svg_and_never_cached(self, api: Api) -> None:
        api.link.state = Link.PAIRING
        api.link.qr = Pairing(qr=QR, expires_at=in_(60))
        answer = api.ask("GET", "/api/v1/link")
        document = answer.get_json()
        assert document["pairing"]["svg"].startswith("<svg")
        assert document["pairing"]["qr"] == QR
        assert document["pairing"]["expiresAt"] == "2026-11-22T12:01:00Z"
        assert (document["status"]["state"], document["number"]) == ("pairing", None)
        assert answer.headers["Cache-Control"] == "no-store"

    def test_connected_there_is_a_number_and_no_code(self, api: Api) -> None:
        document = api.ask("GET", "/api/v1/link").get_json()
        assert (document["pairing"], document["number"]) == (None, "447700900000")

    def test_pairing_can_be_begun_again(self, api: Api) -> None:
        api.host.pulse.step(api.clock.now())
        assert api.ask("POST", "/api/v1/link").status_code == 200
        assert api.link.started

    def test_nobody_can_connect_a_host_that_does_not_lead(self, api: Api) -> None:
        pulses.write_host(api.bucket, HostPulse(host="london-1", epoch=3, counter=7, at=in_(-10)))
        api.host.pulse.step(api.clock.now())
        answer = api.ask("POST", "/api/v1/link")
        assert answer.status_code == 409
        assert "london-1" in answer.get_json()["detail"]
        assert not api.link.started

    def test_a_host_that_does_not_lead_confirms_no_change(self, api: Api) -> None:
        known = api.ask("POST", "/api/v1/messages", {"to": ALICE.number, "message": "Tea?"}).get_json()
        pulses.write_host(api.bucket, HostPulse(host="london-1", epoch=3, counter=7, at=in_(-10)))
        api.host.pulse.step(api.clock.now())
        one = f"/api/v1/messages/{known['id']}"
        for answer in (api.ask("DELETE", one), api.ask("PATCH", one, {"revision": 1, "message": "Coffee?"})):
            assert answer.status_code == 503
            assert "london-1" in answer.get_json()["detail"]
        assert api.ask("GET", one).get_json()["message"] == "Tea?"

    def test_what_cannot_be_read_is_named_there_and_only_counted_in_public(self, api: Api) -> None:
        api.link.ears.arrival(Arrival(message_id="3EB0A", chat="123456789012345@lid", at=in_(-60), readable=False))
        told = api.ask("GET", "/api/v1/link").get_json()["undecryptable"]
        assert told == {
            "count": 1,
            "since": "2026-11-22T11:59:00Z",
            "newest": [{"chat": "…2345", "at": "2026-11-22T11:59:00Z"}],
        }
        public = api.client.get("/health").get_json()["undecryptable"]
        assert public == {"count": 1, "since": "2026-11-22T11:59:00Z"}
        api.link.ears.arrival(Arrival(message_id="3EB0A", chat="123456789012345@lid", at=in_(-50), readable=True))
        assert api.client.get("/health").get_json()["undecryptable"] == {"count": 0, "since": None}

    def test_who_logs_out_asks_for_no_new_code(self, api: Api) -> None:
        api.link.qr = Pairing(qr=QR, expires_at=in_(60))
        document = api.ask("DELETE", "/api/v1/link").get_json()
        assert (document["status"]["state"], document["pairing"]) == ("unlinked", None)

    def test_a_log_out_that_failed_says_why(self, api: Api) -> None:
        api.link.failures.append(
            SendFailed("WhatsApp did not answer.", permanent=False, certain=True, reason=Reason.NO_ANSWER)
        )
        answer = api.ask("DELETE", "/api/v1/link")
        assert (answer.status_code, answer.get_json()["detail"]) == (409, "WhatsApp did not answer.")


class TestOpen:
    def test_what_this_is(self, api: Api) -> None:
        assert api.client.get("/").get_json()["version"] == VERSION

    def test_ping(self, api: Api) -> None:
        assert api.client.get("/ping").status_code == 200

    def test_the_version_is_the_projects(self) -> None:
        project = Path(__file__).parents[2] / "pyproject.toml"
        assert f'version = "{VERSION}"' in project.read_text()

    def test_health_tells_no_number_no_text_no_secret(self, api: Api) -> None:
        api.link.qr = Pairing(qr=QR, expires_at=in_(60))
        api.ask("POST", "/api/v1/messages", {"to": ALICE.number, "message": "Between us."})
        api.work()
        told = api.client.get("/health").get_data(as_text=True)
        assert ALICE.number not in told
        assert "447700900000" not in told
        assert "Between us" not in told
        assert "secret" not in told

    def test_the_description_is_valid_openapi_and_has_every_route(self, api: Api) -> None:
        document = api.client.get("/openapi.json").get_json()
        validate(document)
        routes = {
            (method.lower(), rule.rule.replace("<", "{").replace(">", "}"))
            for rule in api.flask.url_map.iter_rules()
            for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        }
        assert {(method, path) for path, methods in document["paths"].items() for method in methods} == routes


class TestEvents:
    def lines(self, api: Api) -> Iterator[str]:
        answer = api.client.get("/api/v1/events", headers={"Authorization": f"Bearer {api.token}"}, buffered=False)
        assert answer.mimetype == "text/event-stream"
        return (chunk.decode() for chunk in answer.iter_encoded())

    def test_what_changes_is_told_with_ids_and_states_only(self, api: Api) -> None:
        lines = self.lines(api)
        assert next(lines) == ": listening\n\n"
        id_ = api.ask("POST", "/api/v1/messages", {"to": ALICE.number, "message": "Between us."}).get_json()["id"]
        name, data = next(lines).splitlines()[:2]
        assert name == "event: message"
        assert json.loads(data.removeprefix("data: ")) == {"id": id_, "status": "pending", "revision": 1}

    def test_a_change_of_the_link_is_told(self, api: Api) -> None:
        lines = self.lines(api)
        next(lines)
        api.link.state = Link.RECONNECTING
        api.link.ears.status(api.link.status())
        assert next(lines).startswith('event: link\ndata: {"state": "reconnecting"')

    def test_who_is_slow_is_told_to_read_everything_again(self, api: Api) -> None:
        lines = self.lines(api)
        next(lines)
        for number in range(300):
            api.host.events.publish("message", id=str(number))
        told = [next(lines) for _ in range(257)]
        assert told[-1] == "event: resync\ndata: {}\n\n"

    def test_listeners_take_half_of_the_threads_at_most(self, api: Api) -> None:
        listeners = [self.lines(api) for _ in range(8)]
        for listener in listeners:
            next(listener)
        answer = api.ask("GET", "/api/v1/events")
        assert answer.status_code == 503
        assert answer.headers["Retry-After"]
        assert api.client.get("/ping").status_code == 200

    def test_a_host_that_stops_sends_them_home(self, api: Api) -> None:
        lines = self.lines(api)
        next(lines)
        api.host.begin_stop()
        assert list(lines) == []


def test_health_is_healthy_when_everything_is(tmp_path: Path) -> None:
    with an_api(tmp_path / "host", SYSTEM) as live:
        live.host.start()
        live.ask("POST", "/api/v1/messages/batch", {"by": "tick", "now": SYSTEM.now().isoformat()})
        deadline = SYSTEM.monotonic() + 20
        while live.host.folder.last_fold is None and SYSTEM.monotonic() < deadline:
            SYSTEM.wait(threading.Event(), 0.01)
        answer = live.client.get("/health")
        assert answer.status_code == 200, answer.get_json()
        assert answer.get_json()["checks"] == {
            "scheduler": True,
            "whatsapp_session": True,
            "scheduler_activity": True,
            "records": True,
        }
