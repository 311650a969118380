"""A key or an id stands for one message, also when the host that answered it is gone with its ledger."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from session_host import app
from session_host.host import Host
from session_host.requests import id_for
from shared.model.message import Message
from shared.store.view import View
from tests.api.host_app import Api, an_api
from tests.builders import in_
from tests.cast import ALICE

MESSAGES = "/api/v1/messages"
ORDER = {"to": f"+{ALICE.number}", "message": "The kettle is on.", "scheduledTime": "2026-11-22T12:30:00Z"}


@contextmanager
def after_the_loss_of(first: Api, folder: Path) -> Iterator[Api]:
    """Another machine over the same bucket, that leads after its ten minutes; the tokens are set up as before."""
    with an_api(folder) as second:
        second.set(first.clock.now())
        second.host.stop(5)
        second.bucket = first.bucket
        second.host = Host(second.host.settings, first.bucket, second.link, second.clock)
        second.flask = app.build(second.host)
        second.client = second.flask.test_client()
        yield second


def stored(api: Api) -> dict[str, Message]:
    return dict(View(api.bucket).read(api.clock.now()).messages)


@pytest.fixture
def first(tmp_path: Path) -> Iterator[Api]:
    with an_api(tmp_path / "first") as running:
        yield running


@pytest.mark.parametrize("folded", [False, True])
@pytest.mark.parametrize(("body", "headers"), [(ORDER, {"Idempotency_Key": "k1"}), (ORDER | {"id": "mine"}, {})])
def test_a_repetition_after_the_machine_was_lost_is_the_same_message(
    first: Api, tmp_path: Path, body: dict[str, Any], headers: dict[str, str], *, folded: bool
) -> None:
    if folded:
        first.work()
    id_ = first.ask("POST", MESSAGES, body, **headers).get_json()["id"]
    if folded:
        first.work()
    with after_the_loss_of(first, tmp_path / "second") as second:
        again = second.ask("POST", MESSAGES, body, **headers)
        assert (again.status_code, again.get_json()["id"]) == (202, id_)
        assert second.ask("POST", MESSAGES, body | {"message": "Other"}, **headers).status_code == 409
        assert [*stored(second)] == [id_]
        assert stored(second)[id_].conflicts == ()


def test_a_repetition_after_it_was_sent_is_answered_with_what_became_of_it(first: Api, tmp_path: Path) -> None:
    first.work()
    now = {"to": ALICE.number, "message": "Now!"}
    id_ = first.ask("POST", MESSAGES, now, Idempotency_Key="k1").get_json()["id"]
    first.work()
    assert len(first.link.sent) == 1
    with after_the_loss_of(first, tmp_path / "second") as second:
        second.set(in_(minutes=30))
        answer = second.ask("POST", MESSAGES, now, Idempotency_Key="k1")
        assert (answer.status_code, answer.get_json()["id"], answer.get_json()["status"]) == (200, id_, "sent")
        assert second.ask("POST", MESSAGES, now | {"to": "12025550104"}, Idempotency_Key="k1").status_code == 409


def test_a_message_that_was_changed_meanwhile_is_still_the_one_of_its_key(first: Api, tmp_path: Path) -> None:
    one = first.ask("POST", MESSAGES, ORDER, Idempotency_Key="k1").get_json()
    first.ask("PATCH", f"{MESSAGES}/{one['id']}", {"revision": 1, "message": "The tea is ready."})
    with after_the_loss_of(first, tmp_path / "second") as second:
        again = second.ask("POST", MESSAGES, ORDER, Idempotency_Key="k1").get_json()
        assert (again["id"], again["message"]) == (one["id"], "The tea is ready.")


def test_a_repetition_that_comes_late_is_answered_though_its_time_has_passed(first: Api) -> None:
    first.work()
    id_ = first.ask("POST", MESSAGES, ORDER, Idempotency_Key="k1").get_json()["id"]
    first.set(in_(days=2))
    again = first.ask("POST", MESSAGES, ORDER, Idempotency_Key="k1")
    assert (again.status_code, again.get_json()["id"]) == (202, id_)
    assert first.ask("POST", MESSAGES, ORDER, Idempotency_Key="k2").status_code == 422


def test_a_key_is_free_again_after_forty_days(first: Api) -> None:
    first.work()
    id_ = first.ask("POST", MESSAGES, ORDER, Idempotency_Key="k1").get_json()["id"]
    first.work()
    first.set(in_(days=41))
    first.host.ledger.prune(in_(days=41))
    later = ORDER | {"scheduledTime": (in_(days=41) + timedelta(hours=1)).isoformat()}
    fresh = first.ask("POST", MESSAGES, later, Idempotency_Key="k1")
    assert fresh.status_code == 202
    assert fresh.get_json()["id"] != id_


def test_the_keys_of_two_tokens_never_meet() -> None:
    assert id_for("shop", "k1") != id_for("tests", "k1")
    assert id_for("a", 'b", "c') != id_for('a", "b', "c")
