"""The send API's messages: scheduled once however often asked for, changed and cancelled while they can be."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from session_host.link import ReceiptKind
from shared.clock import SYSTEM
from shared.model.link import Link
from shared.model.message import Message
from shared.model.wire import HandoverAnswer, item_of
from shared.store.errors import Unreachable
from shared.store.view import View
from tests.api.host_app import Api, an_api
from tests.builders import NOW, in_, message
from tests.cast import ALICE, EVE
from tests.fakes.host import failing

TOMORROW = "2026-11-23T12:00:00Z"
MESSAGES = "/api/v1/messages"
SLIPS = (
    "9999-12-31T23:59:59-14:00", "9999-12-31T23:59:59Z", "9999-12-31T23:50:00Z", "0001-01-01T00:00:00+14:00",
    "8999-12-31T23:59:59Z",
)  # fmt: skip
BEYOND = {"ifLate": {"policy": "ask"}, "zone": "Asia/Tokyo"}
"""What would be computed from a time."""


@pytest.fixture
def api(tmp_path: Path) -> Iterator[Api]:
    with an_api(tmp_path / "host") as running:
        yield running


@pytest.fixture
def live(tmp_path: Path) -> Iterator[Api]:
    """With the threads running, in real time."""
    with an_api(tmp_path / "host", SYSTEM) as running:
        running.host.start()
        while running.host.decides(SYSTEM.now()):
            SYSTEM.wait(threading.Event(), 0.05)
        yield running


def order(**changes: Any) -> dict[str, Any]:
    return {"to": f"+{ALICE.number}", "message": "The kettle is on.", "scheduledTime": TOMORROW} | changes


def stored(api: Api) -> dict[str, Message]:
    """What the page would show."""
    return dict(View(api.bucket).read(api.clock.now()).messages)


class TestSchedule:
    def test_it_is_in_the_log_when_the_answer_comes(self, api: Api) -> None:
        answer = api.ask("POST", MESSAGES, order())
        assert answer.status_code == 202
        id_ = answer.get_json()["id"]
        assert answer.headers["Location"] == f"{MESSAGES}/{id_}"
        assert stored(api)[id_].text == "The kettle is on."
        assert stored(api)[id_].to == ALICE.number
        assert stored(api)[id_].created_from == "api:tests"

    def test_it_can_be_asked_for_at_once(self, api: Api) -> None:
        id_ = api.ask("POST", MESSAGES, order()).get_json()["id"]
        answer = api.ask("GET", f"{MESSAGES}/{id_}")
        assert (answer.status_code, answer.get_json()["status"]) == (200, "pending")

    def test_without_a_time_it_is_sent_now(self, api: Api) -> None:
        api.work()
        id_ = api.ask("POST", MESSAGES, {"to": ALICE.number, "message": "Now!"}).get_json()["id"]
        api.work()
        assert api.link.sent == [(ALICE.number, "Now!")]
        assert api.ask("GET", f"{MESSAGES}/{id_}").get_json()["status"] == "sent"
        assert stored(api)[id_].delivery.handed_over_by == "api"

    def test_what_is_far_away_waits_for_its_handover(self, api: Api) -> None:
        api.work()
        api.ask("POST", MESSAGES, order(scheduledTime="2026-11-22T18:00:00Z"))
        api.set(in_(hours=6, seconds=5))
        api.work()
        assert api.link.sent == []

    def test_prefer_wait_answers_with_the_result(self, live: Api) -> None:
        answer = live.ask("POST", MESSAGES, {"to": ALICE.number, "message": "Now!"}, Prefer="respond-async, wait=30")
        assert (answer.status_code, answer.get_json()["status"]) == (200, "sent")

    def test_prefer_wait_ends_without_a_result_when_its_time_is_over(self, live: Api) -> None:
        live.link.state = Link.RECONNECTING
        answer = live.ask("POST", MESSAGES, {"to": ALICE.number, "message": "Now!"}, Prefer="wait=1")
        assert answer.status_code == 202
        assert answer.get_json()["status"] in ("pending", "claimed")

    def test_the_same_key_and_body_is_one_message(self, api: Api) -> None:
        first = api.ask("POST", MESSAGES, order(), Idempotency_Key="k1").get_json()
        again = api.ask("POST", MESSAGES, order(), Idempotency_Key="k1")
        assert again.status_code == 202
        assert again.get_json()["id"] == first["id"]
        assert len(stored(api)) == 1

    def test_the_same_key_with_another_body_is_refused(self, api: Api) -> None:
        api.ask("POST", MESSAGES, order(), Idempotency_Key="k1")
        answer = api.ask("POST", MESSAGES, order(message="Other"), Idempotency_Key="k1")
        assert answer.status_code == 409
        assert "choose a new one" in answer.get_json()["detail"]

    def test_the_same_id_and_body_is_one_message_and_another_body_is_refused(self, api: Api) -> None:
        assert api.ask("POST", MESSAGES, order(id="mine")).status_code == 202
        assert api.ask("POST", MESSAGES, order(id="mine")).status_code == 202
        assert api.ask("POST", MESSAGES, order(id="mine", message="Other")).status_code == 409
        assert len(stored(api)) == 1

    def test_an_id_the_page_has_used_is_taken(self, api: Api) -> None:
        theirs = message(id="theirs", version="web-" + "0" * 32 + "-00000001")
        api.host.writer.append(theirs.version, NOW, messages=[theirs])
        api.work()
        assert api.ask("POST", MESSAGES, order(id="theirs")).status_code == 409

    def test_a_write_without_an_answer_can_be_repeated(self, api: Api) -> None:
        api.bucket.trouble = Unreachable("The storage did not answer.")
        lost = api.ask("POST", MESSAGES, order(), Idempotency_Key="k1")
        assert lost.status_code == 503
        assert "It may have been stored" in lost.get_json()["detail"]
        api.bucket.trouble = None
        assert api.ask("POST", MESSAGES, order(), Idempotency_Key="k1").status_code == 202
        assert len(stored(api)) == 1

    @pytest.mark.parametrize(
        ("changes", "field", "said"),
        [
            ({"to": "12345"}, "to", "phone number"),
            ({"to": "nobody"}, "to", "country code"),
            ({"message": ""}, "message", "empty"),
            ({"message": " \n "}, "message", "empty"),
            ({"message": "x" * 100_000}, "message", "at most 65536"),
            ({"scheduledTime": "2026-11-22T05:00:00Z"}, "scheduledTime", "choose a later one"),
            ({"scheduledTime": "2026-12-24T10:00:00"}, "scheduledTime", "needs its zone"),
            ({"scheduledTime": "tomorrow"}, "scheduledTime", "valid datetime"),
            *((BEYOND | {"scheduledTime": each}, "scheduledTime", "looks like a slip") for each in SLIPS),
            ({"scheduledTime": "9999-12-02T12:00:00Z", "ifLate": {"hours": 720}}, "scheduledTime", "like a slip"),
            ({"scheduledTime": "2101-01-01T00:00:00Z"}, "scheduledTime", "choose a date before 2101"),
            ({"cancelIfTheyWriteAfter": SLIPS[0]}, "cancelIfTheyWriteAfter", "looks like a slip"),
            ({"zone": "Middle/Earth"}, "zone", "no time zone"),
            ({"contactName": "x" * 501}, "contactName", "at most 500"),
            ({"ifLate": {"policy": "never"}}, "ifLate.policy", "'within', 'on-time' or 'ask'"),
            ({"id": "a/b"}, "id", "match pattern"),
            ({"surprise": 1}, "surprise", "not permitted"),
        ],
    )
    def test_what_is_wrong_is_said_with_its_field(self, api: Api, changes: Any, field: str, said: str) -> None:
        answer = api.ask("POST", MESSAGES, order(**changes))
        assert answer.status_code == 422
        assert answer.mimetype == "application/problem+json"
        problem = answer.get_json()
        assert [each["field"] for each in problem["errors"]] == [field]
        assert said in problem["errors"][0]["message"]
        assert stored(api) == {}

    def test_a_hostile_name_is_kept_as_it_is(self, api: Api) -> None:
        id_ = api.ask("POST", MESSAGES, order(contactName=EVE.name)).get_json()["id"]
        assert stored(api)[id_].contact_name == EVE.name

    @pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"to": "\xff"}', b'{"to": "\\ud800"}', b"[" * 100_000])
    def test_what_is_no_json_is_refused(self, api: Api, body: bytes) -> None:
        headers = {"Authorization": f"Bearer {api.token}", "Content-Type": "application/json"}
        assert api.client.post(MESSAGES, data=body, headers=headers).status_code == 422


class TestChange:
    def test_an_edit_is_obeyed_when_the_answer_comes(self, api: Api) -> None:
        id_ = api.ask("POST", MESSAGES, order()).get_json()["id"]
        answer = api.ask("PATCH", f"{MESSAGES}/{id_}", {"revision": 1, "message": "Better."})
        assert answer.status_code == 200
        changed = Message.model_validate(answer.get_json())
        assert (changed.text, changed.revision, changed.delivery.confirmed) == ("Better.", 2, 2)
        assert stored(api)[id_].text == "Better."
        assert stored(api)[id_].conflicts == ()

    def test_an_edit_of_an_older_revision_is_refused(self, api: Api) -> None:
        id_ = api.ask("POST", MESSAGES, order()).get_json()["id"]
        api.ask("PATCH", f"{MESSAGES}/{id_}", {"revision": 1, "message": "Better."})
        answer = api.ask("PATCH", f"{MESSAGES}/{id_}", {"revision": 1, "message": "Worse."})
        assert answer.status_code == 409
        assert "revision 2, not 1" in answer.get_json()["detail"]

    @pytest.mark.parametrize(
        ("change", "field"),
        [
            ({"message": "  "}, "message"),
            ({"to": "x"}, "to"),
            ({"scheduledTime": "2026-11-20T00:00:00Z"}, "scheduledTime"),
            ({"message": None}, "message"),
            ({"scheduledTime": None}, "scheduledTime"),
            *(({"scheduledTime": each}, "scheduledTime") for each in SLIPS),
            ({"scheduledTime": "2101-01-01T00:00:00Z"}, "scheduledTime"),
            ({"cancelIfTheyWriteAfter": SLIPS[0]}, "cancelIfTheyWriteAfter"),
        ],
    )
    def test_a_bad_edit_changes_nothing(self, api: Api, change: Any, field: str) -> None:
        id_ = api.ask("POST", MESSAGES, order()).get_json()["id"]
        answer = api.ask("PATCH", f"{MESSAGES}/{id_}", {"revision": 1} | change)
        assert (answer.status_code, answer.get_json()["errors"][0]["field"]) == (422, field)
        assert stored(api)[id_].revision == 1

    def test_cancelled_is_confirmed_and_again_is_the_same(self, api: Api) -> None:
        id_ = api.ask("POST", MESSAGES, order()).get_json()["id"]
        for _ in range(2):
            answer = api.ask("DELETE", f"{MESSAGES}/{id_}")
            assert (answer.status_code, answer.get_json()["status"]) == (200, "cancelled")
        api.work()
        assert str(stored(api)[id_].status) == "cancelled"

    def test_what_the_page_made_can_be_cancelled_here(self, api: Api) -> None:
        theirs = message(id="theirs", version="web-" + "0" * 32 + "-00000001", send_at=in_(days=3))
        api.host.writer.append(theirs.version, NOW, messages=[theirs])
        api.work()
        assert api.ask("DELETE", f"{MESSAGES}/theirs").get_json()["status"] == "cancelled"

    def test_what_is_leaving_cannot_be_cancelled(self, api: Api) -> None:
        answers = []
        api.work()
        id_ = api.ask("POST", MESSAGES, {"to": ALICE.number, "message": "Now!"}).get_json()["id"]
        api.link.while_sending = lambda: answers.append(api.ask("DELETE", f"{MESSAGES}/{id_}"))
        api.work()
        assert (answers[0].status_code, answers[0].get_json()["title"]) == (409, "Already leaving")
        after = api.ask("DELETE", f"{MESSAGES}/{id_}")
        assert (after.status_code, "already sent" in after.get_json()["detail"]) == (409, True)

    @pytest.mark.parametrize("method", ["GET", "DELETE", "PATCH"])
    def test_an_unknown_message_is_not_found(self, api: Api, method: str) -> None:
        body = {"revision": 1} if method == "PATCH" else None
        assert api.ask(method, f"{MESSAGES}/nobody", body).status_code == 404


class TestHandover:
    def hand_over(self, api: Api, *items: Any, by: str = "tick", now: datetime | None = None) -> dict[str, Any]:
        at = (now or api.clock.now()).astimezone(UTC).isoformat()
        answer = api.ask("POST", f"{MESSAGES}/batch", {"by": by, "now": at, "items": list(items)})
        assert answer.status_code == 200, answer.get_json()
        document: dict[str, Any] = answer.get_json()
        return document

    def test_a_heartbeat_is_answered_with_how_the_host_is(self, api: Api) -> None:
        api.work()
        answer = self.hand_over(api)
        assert answer["link"]["state"] == "connected"
        assert answer["lastTick"] == answer["now"]
        assert answer["lastFold"]

    def test_what_is_due_is_sent(self, api: Api) -> None:
        one = message(send_at=in_(5))
        api.host.writer.append(one.version, NOW, messages=[one])
        api.work()
        assert [each["outcome"] for each in self.hand_over(api, item_of(one))["items"]] == ["accepted"]
        api.work()
        assert api.link.sent == [(one.to, one.text)]

    def test_one_bad_item_does_not_stop_the_others(self, api: Api) -> None:
        good = message(send_at=in_(5))
        answer = self.hand_over(api, {"id": "bad", "to": 7}, item_of(good), {})
        outcomes = {each["id"]: each["outcome"] for each in answer["items"]}
        assert outcomes == {good.id: "accepted", "bad": "refused", "": "refused"}
        reasons = [each.get("reason") for each in answer["items"] if each["outcome"] == "refused"]
        assert all("no message" in str(reason) for reason in reasons)

    @pytest.mark.parametrize("time", [*SLIPS, "2101-01-01T00:00:00Z"])
    def test_an_item_with_a_slip_of_a_year_is_refused_by_itself(self, api: Api, time: str) -> None:
        good = message(send_at=in_(5))
        slip = item_of(good) | BEYOND | {"id": "slip", "scheduledTime": time}
        answers = {each["id"]: each for each in self.hand_over(api, slip, item_of(good))["items"]}
        assert (answers[good.id]["outcome"], answers["slip"]["outcome"]) == ("accepted", "refused")
        assert "looks like a slip" in answers["slip"]["reason"]

    def test_a_sender_whose_own_clock_is_no_time_is_refused(self, api: Api) -> None:
        answer = api.ask("POST", f"{MESSAGES}/batch", {"by": "tick", "now": SLIPS[0], "items": []})
        assert (answer.status_code, answer.get_json()["errors"][0]["field"]) == (422, "now")

    def test_a_record_of_the_old_system_is_taken(self, api: Api) -> None:
        old = {
            "id": "1766570000_k3j9",
            "to": ALICE.number,
            "contactName": "Alice",
            "message": "Happy Christmas!",
            "scheduledTime": "2026-11-22T12:00:30Z",
            "status": "pending",
            "createdAt": "2026-11-01T00:00:00Z",
            "createdFrom": "web",
        }
        assert self.hand_over(api, old)["items"][0]["outcome"] == "accepted"

    def test_what_was_never_begun_is_counted_as_overdue(self, api: Api) -> None:
        api.work()
        one = message(send_at=in_(5))
        api.host.writer.append(one.version, NOW, messages=[one])
        api.link.failures.extend(failing("WhatsApp asked to slow down.") for _ in range(99))
        self.hand_over(api, item_of(one))
        api.set(in_(minutes=2))
        assert self.hand_over(api)["overdue"] == 0
        api.set(in_(minutes=2, seconds=10))
        assert self.hand_over(api)["overdue"] == 1

    @pytest.mark.parametrize(("ahead", "told"), [(45, 45), (-45, -45), (31, 31), (29, None), (0, None)])
    def test_a_host_whose_clock_holds_every_message_tells_the_tick_by_how_much(
        self, api: Api, ahead: int, told: int | None
    ) -> None:
        answer = HandoverAnswer.model_validate(self.hand_over(api, now=api.clock.now() + timedelta(seconds=ahead)))
        assert answer.clock_wrong_by == told

    def test_the_storages_clock_decides_what_the_tick_is_told(self, api: Api) -> None:
        api.bucket.server_time_offset = -3600.0
        assert self.hand_over(api)["clockWrongBy"] == -3600
        api.bucket.server_time_offset = 0.0
        assert self.hand_over(api, now=api.clock.now() + timedelta(hours=1)).get("clockWrongBy") is None

    def test_a_tick_with_a_wrong_clock_is_shown(self, api: Api) -> None:
        self.hand_over(api, now=in_(45))
        health = api.ask("GET", "/health").get_json()
        assert round(health["clockSkewSeconds"]) == 45
        assert "clock" in health["trouble"]


def test_what_no_phone_has_confirmed_is_flagged_after_an_hour_and_counted(api: Api) -> None:
    id_ = api.ask("POST", "/api/v1/messages", {"to": ALICE.number, "message": "Tea?"}).get_json()["id"]
    api.work()
    assert "unconfirmedDelivery" not in api.ask("GET", f"/api/v1/messages/{id_}").get_json()
    api.set(api.clock.now() + timedelta(minutes=61))
    told = api.ask("GET", f"/api/v1/messages/{id_}").get_json()
    assert (told["status"], told["unconfirmedDelivery"][:22]) == ("sent", "WhatsApp's server took")
    assert api.client.get("/health").get_json()["unconfirmed"] == 1
    sent = api.host.find(id_)
    assert sent is not None
    api.link.receipt(ReceiptKind.DELIVERED, str(sent.delivery.message_id))
    assert "unconfirmedDelivery" not in api.ask("GET", f"/api/v1/messages/{id_}").get_json()
