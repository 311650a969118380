"""A message whose end is unknown, settled by a person through the send API."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from shared.model.message import Message, Status, Verdict
from shared.model.wire import Judgement
from shared.store.view import View
from tests.api.host_app import Api, an_api
from tests.builders import NOW
from tests.cast import ALICE
from tests.fakes.host import failing

MESSAGES = "/api/v1/messages"


@pytest.fixture
def api(tmp_path: Path) -> Iterator[Api]:
    with an_api(tmp_path / "host") as running:
        running.work()
        yield running


def sent(api: Api, *failures: Exception) -> str:
    """The id of a message that was sent, or became what these failures made of it."""
    api.link.failures.extend(failures)
    answer = api.ask("POST", MESSAGES, {"to": ALICE.number, "message": "Did it?"})
    api.work()
    return str(answer.get_json()["id"])


def unknown(api: Api) -> str:
    return sent(api, failing("WhatsApp did not answer; it may have arrived.", certain=False))


def stored(api: Api, message_id: str) -> Message:
    """What the page would show."""
    return View(api.bucket).read(api.clock.now()).messages[message_id]


def judge(api: Api, message_id: str, verdict: Any) -> Any:
    return api.ask("POST", f"{MESSAGES}/{message_id}/verdict", {"verdict": verdict})


@pytest.mark.parametrize("verdict", Verdict)
def test_a_person_says_what_became_of_it_and_its_state_stays_unknown(api: Api, verdict: Verdict) -> None:
    id_ = unknown(api)
    answer = judge(api, id_, verdict)
    assert answer.status_code == 200
    assert (answer.get_json()["verdict"], answer.get_json()["status"]) == (verdict, "unknown")
    assert (stored(api, id_).verdict, stored(api, id_).status) == (verdict, Status.UNKNOWN)
    api.work()
    assert api.ask("GET", f"{MESSAGES}/{id_}").get_json()["verdict"] == verdict
    assert api.link.sent == [], "a verdict sends nothing"


def test_the_last_word_counts_also_within_one_fold_and_can_be_taken_back(api: Api) -> None:
    id_ = unknown(api)
    for verdict in ("arrived", "not-arrived", None):
        assert judge(api, id_, verdict).get_json().get("verdict") == verdict
        assert stored(api, id_).verdict == verdict
        assert stored(api, id_).conflicts == ()
    api.work()
    assert "verdict" not in api.ask("GET", f"{MESSAGES}/{id_}").get_json()


def test_the_same_word_twice_is_one_edit(api: Api) -> None:
    id_ = unknown(api)
    first, again = judge(api, id_, "arrived"), judge(api, id_, "arrived")
    assert first.get_json()["revision"] == again.get_json()["revision"]


def test_a_message_that_only_the_bucket_knows_can_be_settled(api: Api) -> None:
    id_ = unknown(api)
    with api.host.database.transaction() as connection:
        connection.execute("DELETE FROM messages")
    judge(api, id_, "arrived")
    assert judge(api, id_, "not-arrived").get_json()["verdict"] == "not-arrived"
    api.work()
    assert stored(api, id_).verdict is Verdict.NOT_ARRIVED


def test_only_what_is_unknown_can_be_settled(api: Api) -> None:
    for id_ in (sent(api), sent(api, failing("Not on WhatsApp.", permanent=True))):
        answer = judge(api, id_, "arrived")
        assert answer.status_code == 409
        assert "only settle one whose end is unknown" in answer.get_json()["detail"]
    assert judge(api, "nobody", "arrived").status_code == 404


@pytest.mark.parametrize(
    "body", [{}, {"verdict": "perhaps"}, {"verdict": True}, {"verdict": "arrived", "at": str(NOW)}]
)
def test_what_is_no_verdict_is_refused(api: Api, body: dict[str, Any]) -> None:
    assert api.ask("POST", f"{MESSAGES}/{unknown(api)}/verdict", body).status_code == 422


def test_taking_it_back_is_said_in_the_body() -> None:
    assert Judgement(verdict=None).as_json() == {"verdict": None}
