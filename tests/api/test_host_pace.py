"""What pace would do with a message, asked before it is scheduled."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.model.owner_settings import OWNER, OwnerSettings
from shared.model.pace import PaceSettings
from shared.store.owner_settings import SettingsStore
from tests.api.host_app import Api, an_api
from tests.builders import in_
from tests.cast import ALICE, BOB

PACE = PaceSettings(gap_seconds=10, jitter_seconds=0, strangers_daily=1, quiet=None)


@pytest.fixture
def api(tmp_path: Path) -> Iterator[Api]:
    with an_api(tmp_path / "host", pace=PACE) as running:
        yield running


def test_alone_it_begins_at_its_second(api: Api) -> None:
    answer = api.ask("GET", f"/api/v1/pace?to=%2B{ALICE.number}&at=2026-11-22T13:00:00Z")
    assert (answer.status_code, answer.get_json()) == (200, {"beginsAt": "2026-11-22T13:00:00Z", "stranger": True})


def test_without_a_time_or_with_one_that_has_passed_it_means_now(api: Api) -> None:
    for at in ("", "&at=2020-01-01T00:00:00Z"):
        assert api.ask("GET", f"/api/v1/pace?to={ALICE.number}{at}").get_json()["beginsAt"] == "2026-11-22T12:00:00Z"


def test_what_is_scheduled_just_before_is_counted_and_what_was_sent(api: Api) -> None:
    api.work()
    api.ask("POST", "/api/v1/messages", {"to": ALICE.number, "message": "Now!"})
    api.ask(
        "POST", "/api/v1/messages", {"to": ALICE.number, "message": "Later.", "scheduledTime": in_(hours=1).isoformat()}
    )
    api.work()
    assert len(api.link.sent) == 1
    soon = api.ask("GET", f"/api/v1/pace?to={ALICE.number}&at={in_(hours=1, seconds=3):%Y-%m-%dT%H:%M:%SZ}").get_json()
    assert (soon["beginsAt"], soon["stranger"]) == ("2026-11-22T13:00:10Z", False)
    assert "10 s apart" in soon["reason"]
    stranger = api.ask("GET", f"/api/v1/pace?to={BOB.number}").get_json()
    assert stranger["beginsAt"].startswith("2026-11-23T12:00:")
    assert "new people" in stranger["reason"]


@pytest.mark.parametrize(
    "query",
    [
        "",
        "to=nobody",
        *(f"to=447700900001&at={at}" for at in ("soon", "2026-11-22T13:00:00", "9999-12-31T23:59:59-14:00")),
    ],
)
def test_what_cannot_be_meant_is_refused_by_its_field(api: Api, query: str) -> None:
    answer = api.ask("GET", f"/api/v1/pace?{query}")
    assert answer.status_code == 422
    assert answer.get_json()["errors"][0]["field"] in ("to", "at")


def test_it_needs_a_token(api: Api) -> None:
    assert api.client.get(f"/api/v1/pace?to={ALICE.number}").status_code == 401


def test_two_at_once_leave_at_the_pace(api: Api) -> None:
    api.work()
    for text in ("one", "two"):
        api.ask("POST", "/api/v1/messages", {"to": ALICE.number, "message": text})
    api.work()
    assert len(api.link.sent) == 1
    api.set(in_(30))
    api.work()
    assert sorted(text for _, text in api.link.sent) == ["one", "two"]


def test_a_message_that_is_scheduled_already_does_not_stand_in_its_own_way(api: Api) -> None:
    at = in_(hours=1).isoformat()
    order = {"to": ALICE.number, "message": "Later.", "scheduledTime": at}
    id_ = api.ask("POST", "/api/v1/messages", order).get_json()["id"]
    api.work()
    asked = f"/api/v1/pace?to={ALICE.number}&at=2026-11-22T13:00:00Z"
    assert "reason" in api.ask("GET", asked).get_json()
    assert "reason" not in api.ask("GET", f"{asked}&id={id_}").get_json()
    assert api.ask("GET", f"{asked}&id=no%20id").status_code == 422


def test_what_the_owner_sets_holds_once_told_and_what_is_unreadable_is_said(api: Api) -> None:
    api.work()
    for text in ("one", "two", "three"):
        api.ask("POST", "/api/v1/messages", {"to": ALICE.number, "message": text})
    api.work()
    assert len(api.link.sent) == 1
    SettingsStore(api.bucket).write(OwnerSettings(id=OWNER, revision=1, version="web-1", gap_seconds=0, quiet="off"))
    api.work()
    assert len(api.link.sent) == 1  # nobody has told it yet, and 10 s are not over
    tell(api)
    api.work()
    assert len(api.link.sent) == 3
    told = api.ask("GET", "/api/v1/pace/settings").get_json()
    assert (told["holds"]["gapSeconds"], told["environment"]["gapSeconds"], told["trouble"]) == (0, 10, None)

    api.bucket.put("settings/owner/byhand.json", b'{"version": 1, "settings": {"id": "owner", "hourly": 0}}')
    tell(api)
    told = api.ask("GET", "/api/v1/pace/settings").get_json()
    assert told["holds"]["gapSeconds"] == 0
    assert "settings/owner/byhand.json is no settings: hourly" in told["trouble"]
    health = api.client.get("/health").get_json()
    assert "byhand.json" in health["trouble"]["settings"]
    assert api.host.health(api.clock.now()).trouble == {}  # nobody is woken for it


def tell(api: Api) -> None:
    """The page says that it has written something, and the host's folding thread takes its step."""
    handover = {"by": "web", "now": in_(0).isoformat(), "items": []}
    assert api.ask("POST", "/api/v1/messages/batch", handover).status_code == 200
    api.host.owner_pace.step(api.clock.now())
