"""Not sent if they write first, through the send API of a host that hears what comes in."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.model.link import Link
from tests.api.host_app import Api, an_api
from tests.builders import in_, link_status, message
from tests.cast import ALICE, BOB
from tests.fakes import events

SINCE = "2026-11-22T12:00:00Z"


@pytest.fixture
def api(tmp_path: Path) -> Iterator[Api]:
    with an_api(tmp_path) as made:
        made.link.ears.status(link_status(Link.CONNECTED))
        made.set(in_(minutes=5))
        made.lead()
        yield made


def test_who_wrote_is_not_written_to_and_who_did_not_is(api: Api) -> None:
    body = {"message": "Any news?", "scheduledTime": "2026-11-22T12:06:00Z", "cancelIfTheyWriteAfter": SINCE}
    ids = []
    for person in (ALICE, BOB):
        made = api.ask("POST", "/api/v1/messages", body | {"to": person.number})
        assert (made.status_code, made.get_json()["cancelIfTheyWriteAfter"]) == (202, SINCE)
        ids.append(made.get_json()["id"])
    heard = events.message(f"{ALICE.number[::-1]}@lid", "Here is the news", at=in_(minutes=5, seconds=30))
    assert api.link.ears.event(*events.raw(heard))
    api.host.capture.step(api.clock.now())
    api.work()
    api.set(in_(minutes=6))
    api.work()
    wrote, silent = (api.ask("GET", f"/api/v1/messages/{each}").get_json() for each in ids)
    assert (wrote["status"], wrote["delivery"]["theyWroteAt"]) == ("cancelled", "2026-11-22T12:05:30Z")
    assert wrote["error"] == "They wrote first, on 22 Nov 2026, 12:05 (UTC), so this was not sent."
    assert silent["status"] == "sent"
    assert [to for to, _ in api.link.sent] == [BOB.number]
    stored = {each.id: each for each in api.host.folder.messages.values()}[ids[0]]
    assert (stored.status, stored.delivery.they_wrote_at) == ("cancelled", in_(minutes=5, seconds=30))
    assert api.ask("DELETE", f"/api/v1/messages/{ids[0]}").status_code == 200
    late = api.ask("PATCH", f"/api/v1/messages/{ids[0]}", {"revision": 1, "message": "So?"})
    assert (late.status_code, "already cancelled" in late.get_json()["detail"]) == (409, True)


def test_the_condition_can_be_set_and_taken_away_and_is_handed_over_in_a_batch(api: Api) -> None:
    made = api.ask(
        "POST", "/api/v1/messages", {"to": ALICE.number, "message": "x", "scheduledTime": "2026-11-23T12:00:00Z"}
    )
    path = f"/api/v1/messages/{made.get_json()['id']}"
    changed = api.ask("PATCH", path, {"revision": 1, "cancelIfTheyWriteAfter": SINCE})
    assert (changed.status_code, changed.get_json()["cancelIfTheyWriteAfter"]) == (200, SINCE)
    taken = api.ask("PATCH", path, {"revision": 2, "cancelIfTheyWriteAfter": None})
    assert (taken.status_code, taken.get_json().get("cancelIfTheyWriteAfter")) == (200, None)
    for bad in ("soon", "2026-11-22T12:00:00", True, 5):
        body = {"to": ALICE.number, "message": "x", "cancelIfTheyWriteAfter": bad}
        assert api.ask("POST", "/api/v1/messages", body).status_code == 422
    item = message(ALICE, id="batched", cancel_if_they_write_after=in_(0)).head().as_json()
    handed = api.ask("POST", "/api/v1/messages/batch", {"by": "tick", "now": SINCE, "items": [item]})
    assert handed.get_json()["items"][0]["outcome"] == "accepted"
    row = api.host.ledger.get("batched")
    assert row is not None
    assert row.content.cancel_if_they_write_after == in_(0)
    schemas = api.client.get("/openapi.json").get_json()["components"]["schemas"]
    assert all("cancelIfTheyWriteAfter" in schemas[name]["properties"] for name in ("NewMessage", "MessageChange"))
