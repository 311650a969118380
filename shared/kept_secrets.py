"""Fetches a part's secrets from AWS by the name of where they are kept: a secret of Secrets Manager, or a parameter of
Systems Manager. What is kept there is one JSON object: {"HOST_TOKEN": "…", "B2_ACCESS_KEY_ID": "…", …}.

Beside store/b2.py it is the only module that knows boto3, which Lambda's runtime brings. No sentence of its errors
holds a value.
"""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

import boto3
import botocore.session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.loaders import create_loader
from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError
from pydantic_core import ErrorDetails

from shared.settings import SecretsSettings

CONNECT_SECONDS = 2
READ_SECONDS = 3
ATTEMPTS = 2
"""Eleven seconds at most, so that a bucket that hangs, the heartbeat and a notice still fit into the function's 50."""

_MODELS = create_loader()
"""What the services' operations look like, read from botocore's files once for all clients of this process."""

_GONE = ("ResourceNotFoundException", "ParameterNotFound")
_REFUSED = ("AccessDeniedException", "UnrecognizedClientException", "InvalidSignatureException")
_LOCKED = ("DecryptionFailure", "InvalidKeyId", "KMSAccessDeniedException")
_NAME = re.compile(r"[A-Z][A-Z0-9]{0,11}(_[A-Z0-9]{1,11}){1,5}")
"""What a setting is called. A key that is not like it may be a value in the wrong place, and is not printed."""


class SecretsUnavailable(Exception):
    """The secrets could not be had; the message says what happened and what to do, and holds none of them."""


class KeptSecrets(BaseModel):
    """What is kept there: these names, each with a text, and no others."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, hide_input_in_errors=True)

    host_token: SecretStr = Field(alias="HOST_TOKEN", min_length=1)
    b2_access_key_id: SecretStr = Field(alias="B2_ACCESS_KEY_ID", min_length=1)
    b2_secret_access_key: SecretStr = Field(alias="B2_SECRET_ACCESS_KEY", min_length=1)
    alert_url: SecretStr = Field(default=SecretStr(""), alias="ALERT_URL")
    alert_secret: SecretStr = Field(default=SecretStr(""), alias="ALERT_SECRET")

    @classmethod
    def names(cls) -> list[str]:
        """The names there are."""
        return [str(field.alias) for field in cls.model_fields.values()]

    def as_environment(self) -> dict[str, str]:
        """What the settings read, with the values in clear: never log it. What is left out or empty is not in it."""
        values = {
            str(field.alias): getattr(self, name).get_secret_value() for name, field in type(self).model_fields.items()
        }
        return {name: value for name, value in values.items() if value}


def fetch(settings: SecretsSettings) -> Mapping[str, str]:
    """The secrets as environment names with their values; nothing where the settings name no place.

    Raises SecretsUnavailable.
    """
    if settings.name:
        place = f"The secret '{settings.name}' in AWS Secrets Manager"
        return _parsed(place, _asked(place, lambda: _secret(settings.name))).as_environment()
    if settings.parameter:
        place = f"The parameter '{settings.parameter}' in AWS Systems Manager"
        return _parsed(place, _asked(place, lambda: _parameter(settings.parameter))).as_environment()
    return {}


def _secret(name: str) -> str:
    return str(_client("secretsmanager").get_secret_value(SecretId=name).get("SecretString") or "")


def _parameter(name: str) -> str:
    return str(_client("ssm").get_parameter(Name=name, WithDecryption=True)["Parameter"]["Value"])


def _client(service: str) -> Any:
    """A client with the role's own credentials and region, as the function's environment has them."""
    retries = {"mode": "standard", "total_max_attempts": ATTEMPTS}
    config = Config(connect_timeout=CONNECT_SECONDS, read_timeout=READ_SECONDS, retries=retries)
    core = botocore.session.get_session()
    core.register_component("data_loader", _MODELS)
    return boto3.session.Session(botocore_session=core).client(service, config=config)


def _asked(place: str, ask: Callable[[], str]) -> str:
    try:
        return ask()
    except ClientError as error:
        code = str(error.response.get("Error", {}).get("Code", ""))[:80]
        raise SecretsUnavailable(f"{place} {_refusal(code)} (docs/cloud.md).") from None
    except (BotoCoreError, ValueError) as error:
        raise SecretsUnavailable(f"{place} could not be read: {error} The next minute tries again.") from None


def _refusal(code: str) -> str:
    if code in _GONE:
        return "is not there: make it in the region the tick runs in, and give the stack exactly its name"
    if code in _REFUSED:
        return (
            f"may not be read ({code}): the stack's role allows the one it was given by name, so deploy with this name"
        )
    if code in _LOCKED:
        return f"cannot be decrypted ({code}): keep it under AWS's own key, or allow the role kms:Decrypt on yours"
    return f"could not be read ({code}): the next minute tries again"


def _parsed(place: str, text: str) -> KeptSecrets:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        names = ", ".join(KeptSecrets.names())
        raise SecretsUnavailable(f"{place} holds no JSON object: write one with {names} (docs/cloud.md).")
    try:
        return KeptSecrets.model_validate(found)
    except ValidationError as error:
        wrong = "; ".join(
            dict.fromkeys(_sentence(each) for each in error.errors(include_url=False, include_input=False))
        )
        raise SecretsUnavailable(f"{place} is not as it should be: {wrong} (docs/cloud.md).") from None


def _sentence(error: ErrorDetails) -> str:
    key = str(error["loc"][0])
    name = key if _NAME.fullmatch(key) else f"a name of {len(key)} characters that is no setting's"
    if error["type"] == "missing":
        return f"{name} is missing"
    if error["type"] == "extra_forbidden":
        return f"{name} does not belong there"
    return f"{name} must be a text in quotes, and not empty"
