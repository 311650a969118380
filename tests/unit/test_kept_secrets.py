"""Secrets fetched from AWS by name, against a real server in AWS's place: what is had, and what is said when not."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from shared import kept_secrets
from shared.kept_secrets import SecretsUnavailable, fetch
from shared.settings import SecretsSettings, SettingsError
from tests.fakes.amazon import PARAMETER, SECRET, Amazon, amazon_here

KEPT = {"HOST_TOKEN": "wa_hosttoken", "B2_ACCESS_KEY_ID": "004keyid", "B2_SECRET_ACCESS_KEY": "K004secret"}
SECRET_VALUES = ("wa_hosttoken", "004keyid", "K004secret")


@pytest.fixture(scope="module")
def amazon() -> Iterator[Amazon]:
    with amazon_here() as account:
        yield account


@pytest.fixture(autouse=True)
def role(amazon: Amazon, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in amazon.variables.items():
        monkeypatch.setenv(name, value)


IN_MANAGER = SecretsSettings.read({"SECRETS_NAME": SECRET})
IN_PARAMETERS = SecretsSettings.read({"SECRETS_PARAMETER": PARAMETER})
both_places = pytest.mark.parametrize("settings", [IN_MANAGER, IN_PARAMETERS], ids=["manager", "parameters"])


@both_places
def test_what_is_kept_becomes_settings(amazon: Amazon, settings: SecretsSettings) -> None:
    amazon.keep({**KEPT, "ALERT_SECRET": "whsec_x"})
    assert fetch(settings) == {**KEPT, "ALERT_SECRET": "whsec_x"}
    amazon.keep({**KEPT, "ALERT_URL": ""})
    assert fetch(settings) == KEPT


def test_without_a_name_nothing_is_asked_for() -> None:
    assert fetch(SecretsSettings.read({})) == {}


def test_two_places_are_one_too_many() -> None:
    with pytest.raises(SettingsError, match="SECRETS_NAME and SECRETS_PARAMETER are both set"):
        SecretsSettings.read({"SECRETS_NAME": "a", "SECRETS_PARAMETER": "/a"})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SECRETS_NAME", "arn:aws:secretsmanager:eu-central-1:123456789012:secret:whatsapp/tick-a1b2c3"),
        ("SECRETS_NAME", "two words"),
        ("SECRETS_PARAMETER", "whatsapp/tick"),
        ("SECRETS_PARAMETER", "/whatsapp//tick"),
        ("SECRETS_PARAMETER", "/" + "a" * 1100),
    ],
)
def test_a_place_that_cannot_be_one_is_refused_by_its_name(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=f"{name} is wrong"):
        SecretsSettings.read({name: value})


def test_a_secret_that_is_not_there_says_where_to_make_it() -> None:
    with pytest.raises(
        SecretsUnavailable, match=r"'nowhere' in AWS Secrets Manager is not there: make it in the region"
    ):
        fetch(SecretsSettings.read({"SECRETS_NAME": "nowhere"}))
    with pytest.raises(SecretsUnavailable, match=r"'/nowhere' in AWS Systems Manager is not there"):
        fetch(SecretsSettings.read({"SECRETS_PARAMETER": "/nowhere"}))


@both_places
@pytest.mark.parametrize(
    ("kept", "said"),
    [
        ("", "holds no JSON object"),
        ("K004secret", "holds no JSON object"),
        ('["K004secret"]', "holds no JSON object"),
        ("[" * 3000, "holds no JSON object"),
        (json.dumps({**KEPT, "HOST_TOKEN": ""}), "HOST_TOKEN must be a text in quotes, and not empty"),
        (json.dumps({**KEPT, "HOST_TOKEN": None}), "HOST_TOKEN must be a text"),
        (json.dumps({**KEPT, "B2_ACCESS_KEY_ID": 4004}), "B2_ACCESS_KEY_ID must be a text"),
        (json.dumps({**KEPT, "B2_SECRET_ACCESS_KEY": ["K004secret"]}), "B2_SECRET_ACCESS_KEY must be a text"),
        (json.dumps({"HOST_TOKEN": "wa_hosttoken"}), "B2_ACCESS_KEY_ID is missing; B2_SECRET_ACCESS_KEY is missing"),
        (json.dumps({**KEPT, "B2_SECRET_KEY": "K004secret"}), "B2_SECRET_KEY does not belong there"),
        (json.dumps({**KEPT, "K004secret": "HOST_TOKEN"}), "a name of 10 characters that is no setting's does not"),
    ],
)
def test_what_is_wrong_with_it_is_named_and_no_value_is_shown(
    amazon: Amazon, settings: SecretsSettings, kept: str, said: str
) -> None:
    amazon.keep(kept or " ")
    with pytest.raises(SecretsUnavailable) as refused:
        fetch(settings)
    told = "".join(map(str, chain(refused.value)))
    assert said in told
    assert not [value for value in SECRET_VALUES if value in told]


def chain(error: BaseException | None) -> Iterator[BaseException]:
    """What a traceback would print: the error and, where they are not left out, those it came from."""
    while error is not None:
        yield error
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


def test_a_secret_of_bytes_is_no_text(amazon: Amazon) -> None:
    amazon.keep_bytes("whatsapp/bytes", b"\x00K004secret")
    with pytest.raises(SecretsUnavailable, match="holds no JSON object"):
        fetch(SecretsSettings.read({"SECRETS_NAME": "whatsapp/bytes"}))


def test_amazon_out_of_reach_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_SSM", "http://127.0.0.1:9")
    with pytest.raises(SecretsUnavailable, match=r"could not be read: .*The next minute tries again"):
        fetch(IN_PARAMETERS)


@pytest.mark.parametrize("service", ["ssm", "secretsmanager"])
def test_amazon_is_waited_for_eleven_seconds_at_most(service: str) -> None:
    config = kept_secrets._client(service).meta.config
    attempts = config.retries["total_max_attempts"]
    assert attempts * (config.connect_timeout + config.read_timeout) + (attempts - 1) <= 11


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("AccessDeniedException", "may not be read (AccessDeniedException): the stack's role"),
        ("DecryptionFailure", "cannot be decrypted (DecryptionFailure)"),
        ("InternalServiceError", "could not be read (InternalServiceError): the next minute tries again"),
        ("", "could not be read ()"),
    ],
)
def test_each_refusal_of_amazon_says_what_to_do(code: str, said: str) -> None:
    def refuse() -> str:
        raise ClientError({"Error": {"Code": code, "Message": "K004secret"}}, "GetParameter")

    with pytest.raises(SecretsUnavailable) as refused:
        kept_secrets._asked("The parameter '/a'", refuse)
    assert said in str(refused.value)
    assert "K004secret" not in str(refused.value)


def test_it_shows_nothing_of_itself() -> None:
    found: Any = kept_secrets.KeptSecrets.model_validate(KEPT)
    assert not [value for value in SECRET_VALUES if value in repr(found)]
