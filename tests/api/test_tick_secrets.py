"""The tick with secrets kept in AWS: fetched once while it is warm, again where a key is refused; it fails aloud."""

import json
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from chalice_app.chalicelib.tick import TickFailed
from chalice_app.chalicelib.warm import Warm
from shared.kept_secrets import SecretsUnavailable
from shared.model.link import Link, describe
from shared.model.wire import HandoverAnswer
from shared.settings import SettingsError
from tests.contract.b2_like import BUCKET, KEY_ID, SECRET, B2Like
from tests.fakes.amazon import PARAMETER, Amazon, amazon_here
from tests.fakes.http_host import Answering, answering
from tests.fakes.receiver import SECRET as ALERT_SECRET
from tests.fakes.receiver import Receiver, receiving

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
OLD, NEW = "wa_old-token", "wa_new-token"


@pytest.fixture(scope="module")
def account() -> Iterator[Amazon]:
    with amazon_here() as here:
        yield here


@pytest.fixture
def amazon(account: Amazon, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Amazon:
    """The old token is kept there; what the tick remembers on its machine stays in this test's folder."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    for name, value in account.variables.items():
        monkeypatch.setenv(name, value)
    keep(account, OLD)
    return account


def keep(amazon: Amazon, token: str, **others: str) -> None:
    amazon.keep({"HOST_TOKEN": token, "B2_ACCESS_KEY_ID": "004id", "B2_SECRET_ACCESS_KEY": "K004key", **others})


@pytest.fixture
def tokens() -> set[str]:
    """Those the host knows, at any moment."""
    return {OLD}


@pytest.fixture
def host(tokens: set[str]) -> Iterator[Answering]:
    answer = HandoverAnswer(now=NOW, host="host", link=describe(Link.CONNECTED, NOW))
    with answering(200, json.dumps(answer.as_json()).encode(), tokens=tokens) as server:
        yield server


@pytest.fixture
def warm(tmp_path: Path, host: Answering) -> Warm:
    return Warm({"STORAGE_DIR": str(tmp_path / "bucket"), "HOST_URL": host.url, "SECRETS_PARAMETER": PARAMETER})


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as found:
        yield found


@pytest.fixture
def alarming(tmp_path: Path, host: Answering, receiver: Receiver) -> Warm:
    """One whose owner is told of incidents, by settings that stand in the environment."""
    alerts = {"ALERT_URL": receiver.url, "ALERT_SECRET": ALERT_SECRET, "ALERT_ALLOW": "127.0.0.1"}
    where = {"STORAGE_DIR": str(tmp_path / "bucket"), "HOST_URL": host.url, "SECRETS_PARAMETER": PARAMETER}
    return Warm({**where, **alerts})


def kinds(receiver: Receiver) -> list[str]:
    """The notices that came."""
    return [f"{each.notice['data']['kind']} {each.notice['type']}" for each in receiver.taken]


def shown(host: Answering) -> list[str]:
    """The tokens the host was shown, in order."""
    return [str(each.authorization).removeprefix("Bearer ") for each in host.asked]


def test_the_secrets_are_fetched_once_while_it_is_warm(amazon: Amazon, warm: Warm, host: Answering) -> None:
    warm.run(NOW)
    amazon.forget()
    warm.run(NOW)
    assert shown(host) == [OLD, OLD]


def test_a_changed_token_costs_no_minute(amazon: Amazon, warm: Warm, host: Answering, tokens: set[str]) -> None:
    warm.run(NOW)
    tokens.remove(OLD)
    tokens.add(NEW)
    keep(amazon, NEW)
    warm.run(NOW)
    warm.run(NOW)
    assert shown(host) == [OLD, OLD, NEW, NEW]


def test_a_refused_token_that_is_still_the_one_that_is_kept_fails_and_is_asked_for_once_a_tick(
    amazon: Amazon, warm: Warm, host: Answering, tokens: set[str]
) -> None:
    tokens.clear()
    for _ in range(2):
        with pytest.raises(TickFailed, match="does not know the token in HOST_TOKEN"):
            warm.run(NOW)
    assert shown(host) == [OLD, OLD]
    tokens.add(OLD)
    warm.run(NOW)


def test_a_new_token_that_is_refused_too_fails(amazon: Amazon, warm: Warm, host: Answering, tokens: set[str]) -> None:
    tokens.clear()
    with pytest.raises(TickFailed):
        warm.run(NOW)
    keep(amazon, NEW)
    with pytest.raises(TickFailed, match="does not know the token"):
        warm.run(NOW)
    assert shown(host) == [OLD, OLD, NEW]


def test_secrets_that_cannot_be_renewed_leave_the_tick_its_own_sentence(
    amazon: Amazon, warm: Warm, tokens: set[str], caplog: pytest.LogCaptureFixture
) -> None:
    warm.run(NOW)
    tokens.clear()
    amazon.forget()
    with pytest.raises(TickFailed, match="does not know the token"):
        warm.run(NOW)
    assert "secrets-not-renewed" in caplog.text
    assert OLD not in caplog.text


def test_secrets_that_cannot_be_had_fail_the_tick_and_the_next_minute_asks_again(
    amazon: Amazon, warm: Warm, host: Answering
) -> None:
    amazon.forget()
    for _ in range(2):
        with pytest.raises(SecretsUnavailable, match="is not there"):
            warm.run(NOW)
    assert host.asked == []
    keep(amazon, OLD)
    warm.run(NOW)
    assert shown(host) == [OLD]


def test_a_wrong_secret_is_named_and_put_right_without_a_new_start(amazon: Amazon, warm: Warm) -> None:
    keep(amazon, OLD, ALERT_SECRET="whsec_short")
    with pytest.raises(SettingsError, match="ALERT_SECRET is wrong"):
        warm.run(NOW)
    keep(amazon, OLD)
    warm.run(NOW)


def test_a_refused_key_of_the_bucket_is_renewed_as_well(amazon: Amazon, tmp_path: Path, host: Answering) -> None:
    with B2Like() as store:
        where = {"STORAGE_MODE": "s3", "B2_BUCKET": BUCKET, "B2_S3_ENDPOINT": store.endpoint, "B2_PREFIX": "secrets/"}
        warm = Warm({**where, "HOST_URL": host.url, "SECRETS_PARAMETER": PARAMETER})
        with pytest.raises(TickFailed, match="Invalid S3 credentials"):
            warm.run(NOW)
        keep(amazon, OLD, B2_ACCESS_KEY_ID=KEY_ID, B2_SECRET_ACCESS_KEY=SECRET)
        warm.run(NOW)


def test_without_a_name_the_environment_is_all_there_is(tmp_path: Path, host: Answering) -> None:
    Warm({"STORAGE_DIR": str(tmp_path), "HOST_URL": host.url, "HOST_TOKEN": OLD}).run(NOW)
    assert shown(host) == [OLD]


def refused_a_minute_ago(warm: Warm, tokens: set[str]) -> datetime:
    """Now, the time of the tick whose trouble would be told: the host has known only the new token for a while."""
    now = datetime.now(UTC)
    tokens.symmetric_difference_update({OLD, NEW})
    with pytest.raises(TickFailed, match="does not know the token"):
        warm.run(now - timedelta(minutes=1))
    return now


def test_a_changed_token_alarms_nobody(
    amazon: Amazon, alarming: Warm, tokens: set[str], receiver: Receiver, host: Answering
) -> None:
    now = refused_a_minute_ago(alarming, tokens)
    keep(amazon, NEW)
    alarming.run(now)
    assert shown(host) == [OLD, OLD, NEW]
    assert receiver.taken == []


def test_what_is_left_out_of_the_secrets_is_taken_from_the_environment(
    amazon: Amazon, alarming: Warm, tokens: set[str], receiver: Receiver
) -> None:
    now = refused_a_minute_ago(alarming, tokens)
    with pytest.raises(TickFailed):
        alarming.run(now)
    assert kinds(receiver) == ["host alarm.opened"]


def test_a_new_secret_that_is_wrong_leaves_the_tick_its_alarm(
    amazon: Amazon, alarming: Warm, tokens: set[str], receiver: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    now = refused_a_minute_ago(alarming, tokens)
    keep(amazon, NEW, ALERT_SECRET="whsec_short")
    with pytest.raises(TickFailed, match="does not know the token"):
        alarming.run(now)
    assert "ALERT_SECRET is wrong" in caplog.text
    assert kinds(receiver) == ["host alarm.opened"]
    keep(amazon, NEW)
    alarming.run(now)
