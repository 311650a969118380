"""A second host on one account: refused with the other's name, until a person lets it take over."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from session_host.place import TAKEN_OVER
from shared.model.values import print_instant
from shared.model.wire import item_of
from shared.store import pulse as pulses
from shared.store.pulse import HostPulse
from tests.api.host_app import Api, an_api
from tests.builders import NOW, in_, message
from tests.cast import ALICE

TAKEOVER = "/api/v1/host/takeover"
MESSAGES = "/api/v1/messages"


@pytest.fixture
def api(tmp_path: Path) -> Iterator[Api]:
    """A host that finds the pulse of another one."""
    with an_api(tmp_path / "host", leads=False) as running:
        pulses.write_host(running.bucket, HostPulse(host="london-1", epoch=3, counter=7, at=in_(-20)))
        running.work()
        yield running


def test_health_names_the_host_in_the_way(api: Api) -> None:
    answer = api.client.get("/health")
    told = answer.get_json()
    assert (answer.status_code, told["leads"]) == (503, False)
    assert told["other"] == {"host": "london-1", "lastPulse": "2026-11-22T11:59:40Z"}
    assert "london-1, gave its last pulse at 2026-11-22T11:59:40Z" in told["standing"]


def test_it_sends_once_it_took_over_and_the_other_has_certainly_stopped(api: Api) -> None:
    due = message(to=ALICE.number, text="Now!", version=api.host.writer.reserve(), send_at=NOW)
    api.host.writer.append(due.version, NOW, messages=[due])
    handed = api.ask("POST", f"{MESSAGES}/batch", {"by": "tick", "now": print_instant(NOW), "items": [item_of(due)]})
    assert handed.get_json()["items"][0]["outcome"] == "accepted"
    api.work()
    assert api.link.sent == []
    answer = api.ask("POST", TAKEOVER, {"from": "london-1"})
    assert answer.status_code == 200
    assert answer.get_json()["other"] is None
    assert "has taken over" in answer.get_json()["standing"]
    api.work()
    assert api.link.sent == []
    for seconds in range(0, round(TAKEN_OVER.total_seconds()) + 60, 30):
        api.set(in_(seconds))
        api.work()
    assert api.link.sent == [(ALICE.number, "Now!")]
    found = pulses.read_host(api.bucket)
    assert found is not None
    assert (found.host, found.epoch) == (api.host.pulse.host, 4)


def test_it_is_refused_where_the_pulse_is_another_ones(api: Api) -> None:
    answer = api.ask("POST", TAKEOVER, {"from": "paris-1"})
    assert answer.status_code == 409
    assert "by london-1, not by paris-1" in answer.get_json()["detail"]
    assert not api.host.pulse.standing.leads


@pytest.mark.parametrize("body", [{}, {"from": ""}, {"host": "london-1"}])
def test_it_must_be_said_from_whom(api: Api, body: dict[str, str]) -> None:
    assert api.ask("POST", TAKEOVER, body).status_code == 422


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PATCH", f"{MESSAGES}/due", {"revision": 1, "message": "Other words."}),
        ("DELETE", f"{MESSAGES}/due", None),
    ],
)
def test_a_host_that_does_not_lead_promises_nothing(api: Api, method: str, path: str, body: dict[str, str]) -> None:
    due = message(id="due", version=api.host.writer.reserve(), send_at=in_(60))
    api.host.writer.append(due.version, NOW, messages=[due])
    api.ask("POST", f"{MESSAGES}/batch", {"by": "tick", "now": print_instant(NOW), "items": [item_of(due)]})
    answer = api.ask(method, path, body)
    assert answer.status_code == 503
    assert answer.content_type == "application/problem+json"
    assert "Another session host, london-1" in answer.get_json()["detail"]
    assert "delivery" not in api.ask("GET", f"{MESSAGES}/due").get_json(), "nothing is confirmed"
    assert len(list(api.bucket.list("log/"))) == 1


def test_what_a_host_that_does_not_lead_is_asked_to_send_waits_for_who_leads(api: Api) -> None:
    answer = api.ask("POST", MESSAGES, {"to": ALICE.number, "message": "Now!"})
    assert answer.status_code == 202
    assert "delivery" not in answer.get_json(), "nothing is claimed"
    assert len(list(api.bucket.list("log/"))) == 1
