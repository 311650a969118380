"""Every environment name the project reads, checked once at the start. The table in docs/settings.md is held to this
file by a test."""

import os
import re
from base64 import b64decode
from collections.abc import Mapping
from datetime import time
from enum import StrEnum
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Self
from urllib.parse import SplitResult, urlsplit
from zoneinfo import available_timezones

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    PrivateAttr,
    SecretStr,
    ValidationError,
    model_validator,
)
from pydantic_core import ErrorDetails

from shared.model.pace import PaceSettings


class SettingsError(Exception):
    """A setting is missing or wrong; the message names it and says what to write."""


class StorageMode(StrEnum):
    """Where the bucket is: a local directory, or Backblaze B2 (any S3)."""

    LOCAL = "local"
    S3 = "s3"


def _zone(name: str) -> str:
    if name not in available_timezones():
        raise ValueError(f"'{name}' is no time zone; write it like Europe/London")
    return name


Zone = Annotated[str, AfterValidator(_zone)]
Bind = Annotated[str, Field(pattern=r"^(\[[0-9a-fA-F:]+\]|[A-Za-z0-9_.-]+):\d{1,5}$")]


class Settings(BaseModel):
    """Settings of one part, read from the names its fields carry as aliases; unset or empty means the default."""

    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True, hide_input_in_errors=True)

    @classmethod
    def read(cls, environment: Mapping[str, str] | None = None) -> Self:
        """From the environment; NAME_FILE may name a file that holds the value of NAME. Raises SettingsError."""
        try:
            return cls.model_validate(cls.given(os.environ if environment is None else environment))
        except ValidationError as error:
            raise SettingsError("\n".join(_sentence(cls, each) for each in error.errors())) from None

    @classmethod
    def given(cls, environment: Mapping[str, str]) -> dict[str, str]:
        """What each name that is set says, be it in a file; nothing is checked. Raises SettingsError."""
        found = {
            name: environment.get(name) or _from_file(environment.get(f"{name}_FILE"), name) for name in cls.names()
        }
        return {name: value for name, value in found.items() if value}

    @classmethod
    def names(cls) -> dict[str, str]:
        """Each environment name with the sentence that explains it."""
        return {str(field.alias): field.description or "" for field in cls.model_fields.values()}


def _from_file(path: str | None, name: str) -> str | None:
    if not path:
        return None
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise SettingsError(f"{name}_FILE names {path}, which cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise SettingsError(f"{name}_FILE names {path}, which is no text: is it the right file?") from None


def _sentence(kind: type[Settings], error: ErrorDetails) -> str:
    if not error["loc"]:  # several of them do not go together
        return f"{error['msg'].removeprefix('Value error, ')}."
    name = str(error["loc"][0])
    field = next((each for each in kind.model_fields.values() if each.alias == name), None)
    described = f" {field.description}" if field else ""
    if field and error["type"] == "string_pattern_mismatch":
        return f"{name} is wrong: '{str(error['input'])[:80]}' does not look like '{field.default}'.{described}"
    return f"{name} is wrong: {error['msg'].removeprefix('Value error, ')}.{described}"


def _endpoint(address: str) -> str:
    _parsed(address if "://" in address else f"https://{address}", "s3.us-west-004.backblazeb2.com")
    return address


def _host_url(url: str) -> str:
    if not _parsed(url, "http://127.0.0.1:3002").hostname:
        raise ValueError("it must be an address like http://127.0.0.1:3002")
    return url


def _parsed(url: str, example: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        _ = parts.port  # raises where it is no number, or none that a port can have
    except ValueError:
        raise ValueError(f"it must be an address like {example}") from None
    return parts


def _token(token: SecretStr) -> SecretStr:
    if not re.fullmatch(r"[!-~]*", token.get_secret_value()):
        raise ValueError("it must be the token alone: one line of ASCII characters, without a space")
    return token


class StorageSettings(Settings):
    """Where the bucket is."""

    mode: StorageMode = Field(
        default=StorageMode.LOCAL, alias="STORAGE_MODE", description="local: a directory; s3: Backblaze B2 or any S3."
    )
    directory: Path = Field(
        default=Path("data/bucket"), alias="STORAGE_DIR", description="The directory, where the mode is local."
    )
    prefix: str = Field(
        default="whatsapp/",
        alias="B2_PREFIX",
        pattern=r"^([A-Za-z0-9_-][A-Za-z0-9_.-]*/)*$",
        description="What every object's name begins with; one prefix for each WhatsApp account.",
    )
    bucket: str = Field(default="", alias="B2_BUCKET", description="The bucket's name, where the mode is s3.")
    endpoint: Annotated[str, AfterValidator(_endpoint)] = Field(
        default="",
        alias="B2_S3_ENDPOINT",
        description="The S3 address of the bucket's region, as Backblaze shows it; the region is read from it.",
    )
    access_key_id: str = Field(default="", alias="B2_ACCESS_KEY_ID", description="The application key's id.")
    secret_access_key: SecretStr = Field(
        default=SecretStr(""),
        alias="B2_SECRET_ACCESS_KEY",
        description="The application key; or its file in B2_SECRET_ACCESS_KEY_FILE.",
    )


class HostAddress(Settings):
    """How web, tick and command line reach the session host."""

    url: Annotated[str, Field(pattern=r"^https?://[^\s/]+/?$"), AfterValidator(_host_url)] = Field(
        default="http://127.0.0.1:3002",
        alias="HOST_URL",
        description="Where the session host answers; http is refused beyond this machine.",
    )
    token: Annotated[SecretStr, AfterValidator(_token)] = Field(
        default=SecretStr(""),
        alias="HOST_TOKEN",
        description="The bearer token of the send API; or its file in HOST_TOKEN_FILE.",
    )


def _recipient(text: str) -> str:
    if not re.fullmatch(r"age1[0-9a-z]{58}", text):
        raise ValueError("it must be an age recipient: age1 and 58 letters and digits (./wa link key makes one)")
    return text


class HostSettings(Settings):
    """The session host's own."""

    data_dir: Path = Field(
        default=Path("data/host"),
        alias="HOST_DATA_DIR",
        description="The session host's data folder: link, ledger, journal.",
    )
    bind: Bind = Field(default="127.0.0.1:3002", alias="HOST_BIND", description="Where the session host listens.")
    name: str = Field(
        default="host",
        alias="HOST_NAME",
        pattern=r"^[a-z0-9]{1,20}$",
        description="What the host calls itself in the bucket.",
    )
    capture_days: int = Field(
        default=30, ge=1, le=3650, alias="CAPTURE_DAYS", description="How many days captured messages are kept."
    )
    backup_recipient: Annotated[str, AfterValidator(_recipient)] = Field(
        default="",
        alias="LINK_BACKUP_RECIPIENT",
        description="Whom the daily backup of the link is encrypted to, age1…; ./wa link key makes one.",
    )


class HostPace(Settings):
    """How fast the session host lets the account send; docs/pace.md says why."""

    switch: str = Field(
        default="on", alias="PACE", pattern=r"^(on|off)$", description="on, or off: then nothing below counts."
    )
    gap: float = Field(
        default=6, ge=0, le=600, alias="PACE_GAP_SECONDS", description="The least time between two messages."
    )
    jitter: float = Field(
        default=6,
        ge=0,
        le=600,
        alias="PACE_JITTER_SECONDS",
        description="The gap is longer by up to so much, differently each time.",
    )
    hourly: int = Field(
        default=30, ge=1, le=100_000, alias="PACE_HOURLY", description="The most messages within an hour."
    )
    daily: int = Field(
        default=150, ge=1, le=100_000, alias="PACE_DAILY", description="The most messages within 24 hours."
    )
    strangers: int = Field(
        default=5,
        ge=1,
        le=100_000,
        alias="PACE_STRANGERS_DAILY",
        description="The most first messages to new people within 24 hours.",
    )
    strangers_pause: float = Field(
        default=72,
        ge=1,
        le=24 * 60,
        alias="PACE_STRANGERS_PAUSE_HOURS",
        description="How long first messages stop once WhatsApp has refused one (error 463).",
    )
    quiet: str = Field(
        default="22:00-08:00",
        alias="PACE_QUIET",
        pattern=r"^(off|([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-3]):[0-5]\d)$",
        description="When nothing leaves that is late for its time; or off.",
    )
    zone: Zone | None = Field(
        default=None, alias="PACE_ZONE", description="The zone of the quiet hours; unset, it is the owner's."
    )
    _own_zone: bool = PrivateAttr(default=True)

    @classmethod
    def read(cls, environment: Mapping[str, str] | None = None) -> Self:
        """As each of them is read; the zone is the owner's where it has no name of its own."""
        environment = os.environ if environment is None else environment
        found = super().read(environment)
        if found.zone is not None:
            return found
        named = {name: value for name, value in environment.items() if name.startswith("DEFAULT_ZONE")}
        follows = found.model_copy(update={"zone": WebSettings.read(named).zone})
        follows._own_zone = False
        return follows

    @property
    def pace(self) -> PaceSettings:
        """The same as the value that decides."""
        start, _, end = self.quiet.partition("-")
        return PaceSettings(
            on=self.switch == "on",
            gap_seconds=self.gap,
            jitter_seconds=self.jitter,
            hourly=self.hourly,
            daily=self.daily,
            strangers_daily=self.strangers,
            strangers_pause_hours=self.strangers_pause,
            quiet=None if self.quiet == "off" else (time.fromisoformat(start), time.fromisoformat(end)),
            zone=self.zone or PaceSettings().zone,
            own_zone=self._own_zone and self.zone is not None,
        )


class WebSettings(Settings):
    """The web page's own."""

    data_dir: Path = Field(
        default=Path("data/web"),
        alias="WEB_DATA_DIR",
        description="The web page's data folder: password hash, sessions.",
    )
    bind: Bind = Field(default="127.0.0.1:3000", alias="WEB_BIND", description="Where the web page listens.")
    trusted_proxies: int = Field(
        default=0,
        ge=0,
        le=5,
        alias="WEB_TRUSTED_PROXIES",
        description="How many proxies stand before the page (Caddy: 1).",
    )
    handover_seconds: int = Field(
        default=180,
        ge=0,
        le=3600,
        alias="WEB_HANDOVER_SECONDS",
        description="What is due sooner, the page hands over itself.",
    )
    zone: Zone = Field(default="Europe/London", alias="DEFAULT_ZONE", description="The time zone offered first.")
    country: str = Field(
        default="GB",
        alias="DEFAULT_COUNTRY",
        pattern=r"^[A-Z]{2}$",
        description="The country of numbers typed without a code.",
    )


class PageLanguage(Settings):
    """The language that the web page speaks."""

    language: str = Field(
        default="en",
        alias="WEB_LANGUAGE",
        pattern=r"^[a-z]{2,3}(_[A-Z][A-Za-z]{1,3})?$",
        description="The language of the page: en, or one that stands in web/locale.",
    )


class TickSettings(Settings):
    """The tick's own."""

    horizon_seconds: int = Field(
        default=75, ge=60, le=600, alias="TICK_HORIZON_SECONDS", description="How far ahead the tick picks what is due."
    )


def _alert_url(url: SecretStr) -> SecretStr:
    parts = urlsplit(url.get_secret_value())
    if parts.scheme not in ("https", "http") or not parts.hostname or "@" in parts.netloc or parts.fragment:
        raise ValueError("it must be an address like https://alerts.example/hook, without a user name and without #")
    if parts.port == 0:  # .port itself raises ValueError where it is no number
        raise ValueError("its port must not be 0")
    return url


def _alert_secret(secret: SecretStr) -> SecretStr:
    text = secret.get_secret_value()
    try:
        key = b64decode(text.removeprefix("whsec_"), validate=True)
    except ValueError:
        key = b""
    if not text.startswith("whsec_") or not 24 <= len(key) <= 64:
        raise ValueError("it must be whsec_ and then 24 to 64 random bytes in base64 (docs/alarms.md has a command)")
    return secret


def _alert_allow(names: str) -> str:
    for name in (each.strip() for each in names.split(",")):
        if not re.fullmatch(r"[0-9A-Za-z_.:-]+(/\d{1,3})?", name):
            raise ValueError(f"'{name[:80]}' is no host name, address or network like 10.0.0.0/8")
        if "/" in name:
            ip_network(name)  # its ValueError names what is wrong
    return names


class AlertSettings(Settings):
    """Whom the tick tells when something is wrong, and when it is over."""

    url: Annotated[SecretStr, AfterValidator(_alert_url)] = Field(
        default=SecretStr(""),
        alias="ALERT_URL",
        description="Where the tick posts its signed notices (docs/alarms.md), https; or its file in ALERT_URL_FILE.",
    )
    secret: Annotated[SecretStr, AfterValidator(_alert_secret)] = Field(
        default=SecretStr(""),
        alias="ALERT_SECRET",
        description="What the notices are signed with, whsec_…; or its file in ALERT_SECRET_FILE.",
    )
    allow: Annotated[str, AfterValidator(_alert_allow)] = Field(
        default="",
        alias="ALERT_ALLOW",
        description="Private hosts, addresses or networks ALERT_URL may lead to, with commas between them.",
    )

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.url.get_secret_value() and not self.secret.get_secret_value():
            raise ValueError("ALERT_URL is set, but ALERT_SECRET is not: notices must be signed")
        return self


def _secrets_name(name: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9/_+=.@-]{1,512}", name):
        raise ValueError("it must be the secret's name, like whatsapp/tick, and not its ARN")
    return name


def _secrets_parameter(name: str) -> str:
    if len(name) > 1011 or not re.fullmatch(r"(/[A-Za-z0-9_.-]+)+", name):
        raise ValueError("it must be the parameter's full name, like /whatsapp/tick")
    return name


class SecretsSettings(Settings):
    """Where the cloud function finds its secrets; elsewhere they are in the environment."""

    name: Annotated[str, AfterValidator(_secrets_name)] = Field(
        default="",
        alias="SECRETS_NAME",
        description="The secret in AWS Secrets Manager that holds the function's secrets (docs/cloud.md).",
    )
    parameter: Annotated[str, AfterValidator(_secrets_parameter)] = Field(
        default="",
        alias="SECRETS_PARAMETER",
        description="Or the parameter in AWS Systems Manager that holds them.",
    )

    @model_validator(mode="after")
    def _one(self) -> Self:
        if self.name and self.parameter:
            raise ValueError("SECRETS_NAME and SECRETS_PARAMETER are both set: the secrets are in one place only")
        return self


class LogSettings(Settings):
    """How every part logs."""

    level: str = Field(
        default="INFO",
        alias="LOG_LEVEL",
        pattern=r"^(DEBUG|INFO|WARNING|ERROR)$",
        description="The least severe line that is logged.",
    )
    format: str = Field(
        default="json", alias="LOG_FORMAT", pattern=r"^(json|text)$", description="json for machines, text for people."
    )


ALL: tuple[type[Settings], ...] = (
    StorageSettings,
    HostAddress,
    HostSettings,
    HostPace,
    WebSettings,
    PageLanguage,
    TickSettings,
    AlertSettings,
    SecretsSettings,
    LogSettings,
)
