"""What `wa up` makes of the settings for the programs it starts."""

from pathlib import Path

import pytest
from click.testing import CliRunner

import cli.up
from cli.main import wa
from cli.processes import Supervisor
from cli.stack import OWN_NAMES, Folder, Stack, host_url
from shared.settings import ALL, HostSettings, SettingsError, StorageMode, StorageSettings


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in (name for kind in ALL for each in kind.names() for name in (each, f"{each}_FILE")):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("cli.main.ROOT", tmp_path)


def in_files(folder: Path, **values: str) -> dict[str, str]:
    """Each name as NAME_FILE."""
    for name, value in values.items():
        (folder / name).write_text(f"{value}\n")
    return {f"{name}_FILE": str(folder / name) for name in values}


def stack(folder: Path, **settings: str) -> Stack:
    return Stack(Supervisor(), Folder(folder), host_port=3002, web_port=3000, settings=settings)


def test_what_is_said_in_files_wins_over_what_an_installation_sets_by_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = {name: f"{tmp_path}/{name}" for name in ("STORAGE_DIR", "HOST_DATA_DIR", "WEB_DATA_DIR")}
    said |= {"STORAGE_MODE": "s3", "HOST_BIND": "127.0.0.2:3912", "WEB_BIND": "127.0.0.2:3913"}
    assert said.keys() == OWN_NAMES
    for name, value in in_files(tmp_path, **said, B2_SECRET_ACCESS_KEY="s3cret", HOST_URL="http://[::1]:1").items():
        monkeypatch.setenv(name, value)
    made = stack(tmp_path, **cli.up._settings(refuse_folders=False))
    assert StorageSettings.read(made.environment).mode is StorageMode.S3
    assert HostSettings.read(made.environment).bind == "127.0.0.2:3912"
    assert {name: made.environment[name] for name in OWN_NAMES} == said
    assert made.environment["HOST_URL"] == "http://127.0.0.2:3912"
    assert made.environment["B2_SECRET_ACCESS_KEY_FILE"] == str(tmp_path / "B2_SECRET_ACCESS_KEY")
    assert "s3cret" not in made.environment.values()


def test_what_an_installation_sets_by_itself_is_named(tmp_path: Path) -> None:
    set_here = stack(tmp_path).environment.keys() - {"HOST_URL"}  # follows HOST_BIND
    assert set_here & {name for kind in ALL for name in kind.names()} == OWN_NAMES


def test_a_folder_said_in_a_file_beside_data_is_refused(tmp_path: Path) -> None:
    done = CliRunner().invoke(wa, ["up", "--data", str(tmp_path)], env=in_files(tmp_path, STORAGE_DIR="elsewhere"))
    assert done.exit_code == 1
    assert "Both --data and STORAGE_DIR_FILE say where things are kept" in done.stderr


def test_a_host_that_page_and_tick_could_not_reach_is_refused_at_once(tmp_path: Path) -> None:
    done = CliRunner().invoke(wa, ["up", "--data", str(tmp_path)], env={"HOST_BIND": "192.0.2.7:3002"})
    assert done.exit_code == 1
    assert "HOST_BIND is 192.0.2.7:3002" in done.stderr
    assert "write 127.0.0.1:3002" in done.stderr


@pytest.mark.parametrize("bind", ["127.0.0.2:3912", "[::1]:3961", "localhost:3002"])
def test_a_host_on_loopback_is_reached_where_it_listens(bind: str) -> None:
    assert host_url(bind) == f"http://{bind}"


@pytest.mark.parametrize("bind", ["vps.example:3002", "[2001:db8::1]:3002"])
def test_no_token_goes_in_clear_text_over_a_network(bind: str) -> None:
    with pytest.raises(SettingsError, match="in clear text"):
        host_url(bind)
