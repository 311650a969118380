"""Settings are read once, from names a person can look up, and a wrong one is named with what to write."""

from datetime import time
from pathlib import Path

import pytest
from pydantic import SecretStr

from shared import settings
from shared.model.pace import OFF, PaceSettings
from shared.settings import HostAddress, HostPace, SettingsError, StorageMode, StorageSettings, WebSettings


def test_nothing_set_means_the_defaults() -> None:
    storage = StorageSettings.read({})
    assert (storage.mode, storage.prefix) == (StorageMode.LOCAL, "whatsapp/")


def test_an_empty_value_is_the_same_as_none() -> None:
    assert WebSettings.read({"DEFAULT_ZONE": ""}).zone == "Europe/London"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DEFAULT_ZONE", "Mars/Olympus"),
        ("WEB_BIND", "3000"),
        ("WEB_TRUSTED_PROXIES", "many"),
        ("DEFAULT_COUNTRY", "gb"),
        ("WEB_HANDOVER_SECONDS", "-1"),
    ],
)
def test_a_wrong_value_is_refused_by_its_name(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=f"{name} is wrong"):
        WebSettings.read({name: value})


@pytest.mark.parametrize("prefix", ["../", "/", "a b/", "whatsapp"])
def test_a_prefix_that_could_leave_the_account_is_refused(prefix: str) -> None:
    with pytest.raises(SettingsError, match="B2_PREFIX"):
        StorageSettings.read({"B2_PREFIX": prefix})


def test_a_secret_may_be_in_a_file_and_is_never_printed(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("s3cret\n")
    address = HostAddress.read({"HOST_TOKEN_FILE": str(tmp_path / "token")})
    assert address.token.get_secret_value() == "s3cret"
    assert "s3cret" not in repr(address)


def test_a_missing_secret_file_is_named() -> None:
    with pytest.raises(SettingsError, match="HOST_TOKEN_FILE names /nowhere/token"):
        HostAddress.read({"HOST_TOKEN_FILE": "/nowhere/token"})


def test_a_file_that_is_no_text_is_named(tmp_path: Path) -> None:
    (tmp_path / "token").write_bytes(b"\x7fELF\xff")
    with pytest.raises(SettingsError, match=f"HOST_TOKEN_FILE names {tmp_path}/token, which is no text"):
        HostAddress.read({"HOST_TOKEN_FILE": str(tmp_path / "token")})


@pytest.mark.parametrize("between", ["\n", "\r\n", " ", "\x00", "\x7f", "é"])
def test_a_token_that_no_header_can_carry_is_refused_without_being_shown(between: str) -> None:
    with pytest.raises(SettingsError, match="HOST_TOKEN is wrong: it must be the token alone") as refused:
        HostAddress.read({"HOST_TOKEN": f"wa_s3cret{between}wa_0ther"})
    assert "s3cret" not in str(refused.value)
    assert "0ther" not in str(refused.value)


@pytest.mark.parametrize("url", ["http://[::1", "http://127.0.0.1:port", "http://127.0.0.1:99999", "http://:3002"])
def test_an_address_of_the_host_that_is_none_is_a_wrong_setting(url: str) -> None:
    with pytest.raises(SettingsError, match=r"HOST_URL is wrong: it must be an address like http://127\.0\.0\.1:3002"):
        HostAddress.read({"HOST_URL": url})


@pytest.mark.parametrize("endpoint", ["http://[::", "[::", "https://s3.example:port"])
def test_an_address_of_the_bucket_that_is_none_is_a_wrong_setting(endpoint: str) -> None:
    with pytest.raises(SettingsError, match="B2_S3_ENDPOINT is wrong: it must be an address like s3"):
        StorageSettings.read({"B2_S3_ENDPOINT": endpoint})


def test_pace_is_safe_unless_told_and_can_be_off() -> None:
    assert HostPace.read({}).pace == PaceSettings()
    assert HostPace.read({"PACE": "off"}).pace == OFF


def test_quiet_hours_are_in_the_owners_zone_unless_they_have_their_own() -> None:
    berlin = {"DEFAULT_ZONE": "Europe/Berlin", "PACE_QUIET": "23:30-06:00"}
    found = HostPace.read(berlin).pace
    assert (found.zone, found.quiet) == ("Europe/Berlin", (time(23, 30), time(6)))
    assert HostPace.read({**berlin, "PACE_ZONE": "Asia/Tokyo"}).pace.zone == "Asia/Tokyo"
    assert HostPace.read({"PACE_QUIET": "off"}).pace.quiet is None


@pytest.mark.parametrize(
    ("name", "value"), [("PACE", "no"), ("PACE_QUIET", "22-8"), ("PACE_HOURLY", "0"), ("PACE_ZONE", "Mars/Olympus")]
)
def test_a_wrong_pace_is_refused_by_its_name(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=f"{name} is wrong"):
        HostPace.read({name: value})


def test_every_name_is_explained_and_used_once() -> None:
    names = [name for kind in settings.ALL for name in kind.names()]
    assert len(names) == len(set(names))
    assert all(sentence.endswith(".") for kind in settings.ALL for sentence in kind.names().values())


def test_the_example_file_explains_exactly_these_names() -> None:
    example = (Path(__file__).parents[2] / ".env.example").read_text()
    lines = [line.removeprefix("#").strip() for line in example.splitlines()]
    listed = {line.partition("=")[0] for line in lines if "=" in line and line.partition("=")[0].isupper()}
    assert listed == {name for kind in settings.ALL for name in kind.names()}


def test_the_documentation_lists_exactly_these_names_with_their_sentences_and_defaults() -> None:
    page = (Path(__file__).parents[2] / "docs" / "settings.md").read_text()
    rows = [line.split(" | ") for line in page.splitlines() if line.startswith("| `")]
    listed = {name.strip("|` "): (default.strip("`"), sentence.removesuffix(" |")) for name, default, sentence in rows}
    expected = {}
    for field in (field for kind in settings.ALL for field in kind.model_fields.values()):
        default = field.default.get_secret_value() if isinstance(field.default, SecretStr) else str(field.default)
        expected[field.alias] = ("none" if default in ("", "None") else default, field.description)
    assert listed == expected
