"""The command line: what it lists, what it loads, what it lets through."""

import ast
import errno
import importlib
import os
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

import cli.bench
import cli.main
from cli import ROOT
from cli.completion import SHELLS
from cli.main import COMMANDS, ISOLATED, module_of, wa


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_says_in_the_list_what_its_own_help_says(name: str) -> None:
    command = importlib.import_module(f"cli.{module_of(name)}").command
    assert isinstance(command, click.Command)
    assert (command.help or "").split("\n\n")[0].strip() == COMMANDS[name]


def test_no_command_is_missing_from_the_list() -> None:
    modules = {path.stem for path in (ROOT / "cli").glob("*.py") if has_command(path)}
    assert modules == set(map(module_of, COMMANDS))


def has_command(path: Path) -> bool:
    """Whether the module defines a function `command`."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return any(isinstance(node, ast.FunctionDef) and node.name == "command" for node in tree.body)


def test_help_lists_the_commands_without_loading_them() -> None:
    program = "import sys, cli.main; sys.argv = ['wa', '--help']\ntry: cli.main.main()\nfinally: print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    for name, sentence in COMMANDS.items():
        assert f"{name} " in done.stdout
        assert sentence in done.stdout
    loaded = done.stdout.splitlines()[-1].split()
    assert "click" in loaded
    assert not {"pydantic", "flask", "neonize", "boto3", *(f"cli.{module_of(name)}" for name in COMMANDS)} & set(loaded)


def test_an_unknown_command_is_refused() -> None:
    done = CliRunner().invoke(wa, ["sned"])
    assert done.exit_code == 2
    assert "sned" in done.output


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout's .env; what is loaded from it is forgotten afterwards."""
    for name in ("HOST_NAME", "DEFAULT_COUNTRY"):
        monkeypatch.setenv(name, "forgotten")
        monkeypatch.delenv(name)
    monkeypatch.setattr(cli.main, "ROOT", tmp_path)
    file = tmp_path / ".env"
    file.write_text("HOST_NAME=fromfile\nDEFAULT_COUNTRY=NL\n")
    return file


@pytest.mark.usefixtures("settings")
def test_settings_come_from_env_file_and_the_real_environment_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEFAULT_COUNTRY", "DE")
    CliRunner().invoke(wa, ["tick", "--help"])
    assert os.environ["HOST_NAME"] == "fromfile"
    assert os.environ["DEFAULT_COUNTRY"] == "DE"


@pytest.mark.usefixtures("settings")
@pytest.mark.parametrize("name", sorted(ISOLATED))
def test_what_checks_or_shows_the_project_never_sees_the_owners_settings(name: str) -> None:
    CliRunner().invoke(wa, [name, "--help"])
    assert "HOST_NAME" not in os.environ


@pytest.mark.parametrize("content", ["HOST_NAME=caf\u00e9".encode("latin-1"), "HOST_NAME=a".encode("utf-16-le")])
def test_settings_that_are_no_text_are_said_with_the_file(settings: Path, content: bytes) -> None:
    settings.write_bytes(content)
    done = CliRunner().invoke(wa, ["status"])
    assert done.exit_code == 1
    assert done.stderr.startswith(f"Error: {settings} is no UTF-8 text: save it as that")


def test_settings_of_another_user_are_said_with_the_file(settings: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_arguments: object, **_named: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr("dotenv.load_dotenv", refuse)
    done = CliRunner().invoke(wa, ["doctor"])
    assert done.exit_code == 1
    assert done.stderr.startswith(f"Error: {settings} cannot be read (Permission denied): run this as the user")


def completion(shell: str) -> str:
    done = CliRunner().invoke(wa, ["completion", shell])
    assert done.exit_code == 0
    return done.output


@pytest.mark.parametrize("shell", SHELLS)
def test_completion_asks_this_checkout_so_that_wa_need_not_be_on_the_path(shell: str) -> None:
    script = completion(shell)
    assert "_WA_COMPLETE=" in script
    if shell != "bash":  # bash hands over the word that was typed
        assert str(ROOT / "wa") in script
        assert "$+commands[wa]" not in script
    if shell == "fish":
        assert 'string split --max 1 ","' in script, "a help with a comma would be cut"


def test_bash_completes_the_path_of_wa(tmp_path: Path) -> None:
    script = tmp_path / "completion.bash"
    script.write_text(completion("bash"))
    program = f'exec {sys.executable} -c "import cli.main; cli.main.main()"'
    (tmp_path / "wa").write_text(f"#!/bin/sh\ncd {ROOT}\n{program}\n")
    (tmp_path / "wa").chmod(0o755)
    typed = (
        f"source {script}; COMP_WORDS=(./wa do); COMP_CWORD=1; _wa_completion ./wa; echo ${{COMPREPLY[@]}}; complete -p"
    )
    done = subprocess.run(["bash", "-c", typed], cwd=tmp_path, capture_output=True, text=True, check=True)
    completed, registered = done.stdout.splitlines()
    assert completed == "doctor"
    assert registered.endswith("-F _wa_completion wa")


@pytest.fixture
def measurement(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A measurement `tiny` in bench/."""
    (tmp_path / "bench").mkdir()
    (tmp_path / "bench" / "__init__.py").touch()
    (tmp_path / "bench" / "tiny.py").write_text(
        "import click\n"
        "OPTIONS = (click.Option(['--rounds'], type=int, default=0, help='How often.'),)\n"
        "def run(say, rounds):\n    say('measuring')\n    return {'p50_ms': 1.5, 'early': rounds}\n"
    )
    monkeypatch.setattr(cli.bench, "ROOT", tmp_path)
    monkeypatch.delitem(sys.modules, "bench", raising=False)
    monkeypatch.delitem(sys.modules, "bench.tiny", raising=False)
    monkeypatch.syspath_prepend(tmp_path)


@pytest.mark.usefixtures("measurement")
def test_a_measurement_ends_with_its_figures_as_one_json_object() -> None:
    done = CliRunner().invoke(wa, ["bench", "tiny", "--json"])
    assert done.stdout == '{"p50_ms": 1.5, "early": 0}\n'
    assert done.stderr == "measuring\n"


@pytest.mark.usefixtures("measurement")
def test_a_measurement_is_readable_without_json() -> None:
    lines = CliRunner().invoke(wa, ["bench", "tiny"]).stdout.splitlines()
    assert [line.split() for line in lines] == [["measuring"], ["p50_ms", "1.5"], ["early", "0"]]


@pytest.mark.usefixtures("measurement")
def test_a_measurement_has_the_options_it_declares() -> None:
    done = CliRunner().invoke(wa, ["bench", "tiny", "--rounds", "7", "--json"])
    assert done.stdout.endswith('"early": 7}\n')
    assert "How often." in CliRunner().invoke(wa, ["bench", "tiny", "--help"]).stdout


@pytest.mark.usefixtures("measurement")
def test_an_unknown_measurement_is_refused_with_those_there_are() -> None:
    done = CliRunner().invoke(wa, ["bench", "speed"])
    assert done.exit_code == 2
    assert "There is no measurement 'speed': there are tiny." in done.stderr
