"""The send API's tokens: told without secrets, made once, revoked at once, and never one's own."""

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from session_host import tokens
from shared.model.access import ApiTokens, MadeToken
from tests.api.host_app import Api, an_api

PATH = "/api/v1/tokens"


@pytest.fixture
def api(tmp_path: Path) -> Iterator[Api]:
    with an_api(tmp_path / "host") as running:
        yield running


def told(api: Api) -> ApiTokens:
    return ApiTokens.model_validate(api.ask("GET", PATH).get_json())


def test_a_new_token_is_in_its_answer_alone_and_opens_what_its_scopes_say(api: Api) -> None:
    with capture_logs() as logs:
        answer = api.ask("POST", PATH, {"name": "shop", "scopes": ["read", "send", "read"]})
    made = MadeToken.model_validate(answer.get_json())
    assert (answer.status_code, answer.headers["Cache-Control"], made.scopes) == (201, "no-store", ("read", "send"))
    assert made.token not in repr(made) + str(logs) + api.ask("GET", PATH).text
    assert made.token not in (api.folder / tokens.FILE).read_text()
    as_shop = {"Authorization": f"Bearer {made.token}"}
    assert api.client.get("/api/v1/messages/x", headers=as_shop).status_code == 404
    assert api.client.get(PATH, headers=as_shop).status_code == 403


def test_the_list_says_who_made_what_when_and_what_is_used(api: Api) -> None:
    api.ask("POST", PATH, {"name": "shop", "scopes": ["send"]})
    shop, own = told(api).tokens
    assert (shop.name, shop.made_at, shop.last_used, shop.own) == ("shop", api.clock.now(), None, False)
    assert (own.name, own.last_used, own.own) == ("tests", api.clock.now(), True)
    document = api.ask("GET", PATH).get_json()
    assert {name for each in document["tokens"] for name in each} == {"name", "scopes", "madeAt", "lastUsed", "own"}


def test_a_token_that_an_older_version_made_is_told_too(api: Api) -> None:
    file = api.folder / tokens.FILE
    document = json.loads(file.read_text())
    del document["tokens"][0]["madeAt"]
    file.write_text(json.dumps(document))
    assert [(each.name, each.made_at) for each in told(api).tokens] == [("tests", None)]


def test_a_revoked_token_is_refused_at_once(api: Api) -> None:
    made = api.ask("POST", PATH, {"name": "shop", "scopes": ["manage"]}).get_json()
    as_shop = {"Authorization": f"Bearer {made['token']}"}
    assert api.client.get(PATH, headers=as_shop).status_code == 200
    assert api.ask("DELETE", f"{PATH}/shop").get_json()["name"] == "shop"
    assert api.client.get(PATH, headers=as_shop).status_code == 401
    again = api.ask("DELETE", f"{PATH}/shop")
    assert (again.status_code, again.mimetype) == (404, "application/problem+json")


def test_nobody_revokes_the_token_with_which_they_ask(api: Api) -> None:
    answer = api.ask("DELETE", f"{PATH}/tests")
    assert (answer.status_code, "with which you ask" in answer.get_json()["detail"]) == (409, True)
    assert api.ask("GET", PATH).status_code == 200


def test_a_name_is_not_given_twice(api: Api) -> None:
    answer = api.ask("POST", PATH, {"name": "tests", "scopes": ["send"]})
    assert (answer.status_code, "already" in answer.get_json()["detail"]) == (409, True)
    assert api.ask("GET", PATH).status_code == 200


@pytest.mark.parametrize(
    "body",
    [
        *({"name": name, "scopes": ["send"]} for name in ("", "..", "a/b", "a b", "x\n", "é", "x" * 41, 7, None)),
        *({"name": "x", "scopes": scopes} for scopes in ([], ["all"], "send", ["send"] * 4, None)),
        {"name": "x", "scopes": ["send"], "sha256": "0" * 64},
    ],
)
def test_what_is_no_token_is_refused_by_field(api: Api, body: dict[str, Any]) -> None:
    answer = api.ask("POST", PATH, body)
    assert (answer.status_code, bool(answer.get_json()["errors"])) == (422, True)
    assert len(told(api).tokens) == 1


def test_two_who_make_tokens_at_once_lose_none(tmp_path: Path) -> None:
    names = [f"program-{number}" for number in range(8)]
    makers = [threading.Thread(target=tokens.create, args=(tmp_path, name, ["send"])) for name in names]
    for maker in makers:
        maker.start()
    for maker in makers:
        maker.join()
    assert {each.name for each in tokens.stored(tmp_path)} == set(names)
