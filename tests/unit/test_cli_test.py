"""`wa test`: every step runs, each is named with its outcome, and a failure of any is a failure."""

import os
from pathlib import Path

import pytest
from click.testing import CliRunner

import cli.test
from cli.main import wa

SETTINGS = """
[tool.mypy]
files = ["sound"]
[tool.importlinter]
root_packages = ["sound"]
include_external_packages = true
[[tool.importlinter.contracts]]
name = "alone"
type = "forbidden"
source_modules = ["sound"]
forbidden_modules = ["json"]
[tool.pytest]
markers = ["browser: b", "slow: s", "registry: r"]
addopts = ["-p", "no:cacheprovider"]
"""
TESTS = """
import pytest


def test_it_works() -> None:
    assert True


@pytest.mark.browser
def test_in_a_browser() -> None:
    assert True


@pytest.mark.slow
def test_takes_long() -> None:
    assert True
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A tiny sound project that `wa test` checks in this one's place, on a machine with a browser."""
    (tmp_path / "pyproject.toml").write_text(SETTINGS)
    (tmp_path / "sound").mkdir()
    (tmp_path / "sound" / "__init__.py").write_text("WORD = 1\n")
    (tmp_path / "test_sound.py").write_text(TESTS.lstrip())
    monkeypatch.setattr(cli.test, "ROOT", tmp_path)
    monkeypatch.setattr(cli.test, "CHROMIUM", tmp_path / "sound")
    monkeypatch.setattr(cli.test, "COVERAGE", [])
    monkeypatch.setattr(cli.test, "PARALLEL", [])
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.delenv("CI", raising=False)
    return tmp_path


@pytest.fixture
def tests_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing but pytest is of interest."""
    monkeypatch.setattr(cli.test, "static_checks", dict)


def run(capfd: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, list[str]]:
    """Run `wa test`; its exit code and every line it and its tools printed."""
    done = CliRunner().invoke(wa, ["test", *arguments])
    return done.exit_code, [*done.stdout.splitlines(), *capfd.readouterr().out.splitlines(), *done.stderr.splitlines()]


@pytest.mark.slow
@pytest.mark.usefixtures("project")
def test_each_step_is_named_with_its_time_and_pytests_line_is_the_last(capfd: pytest.CaptureFixture[str]) -> None:
    code, lines = run(capfd)
    assert code == 0
    assert [line.split(" passed in ")[0].strip() for line in lines[:4]] == [
        "ruff check",
        "ruff format",
        "mypy",
        "import-linter",
    ]
    assert "3 passed in" in lines[-1]


@pytest.mark.slow
def test_a_failing_step_does_not_keep_the_others_from_running(project: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (project / "sound" / "__init__.py").write_text("import json\n\nWORD: str = 1\n")
    (project / "test_sound.py").write_text("def test_it() -> None:\n    assert False\n")
    code, lines = run(capfd)
    assert code == 1
    assert lines[-1] == "Error: failed: ruff check, mypy, import-linter, pytest"
    assert any("ruff format" in line and "passed" in line for line in lines)
    assert any("`json` imported but unused" in line for line in lines)
    assert any("Incompatible types in assignment" in line for line in lines)
    assert any("1 failed in" in line for line in lines)


@pytest.mark.usefixtures("project", "tests_only")
def test_other_options_go_to_pytest(capfd: pytest.CaptureFixture[str]) -> None:
    code, lines = run(capfd, "-k", "works", "-q")
    assert code == 0
    assert "1 passed, 2 deselected" in lines[-1]


@pytest.mark.usefixtures("tests_only")
@pytest.mark.parametrize(("room", "arguments", "in_memory"), [(0, (), True), (0, ("-q",), False), (1 << 62, (), False)])
def test_a_whole_runs_files_lie_in_memory_where_there_is_room(
    project: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    room: int,
    arguments: tuple[str, ...],
    in_memory: bool,
) -> None:
    memory = project / "memory"
    memory.mkdir()
    monkeypatch.setattr(cli.test, "MEMORY", memory)
    monkeypatch.setattr(cli.test, "ROOM", room)
    (project / "test_sound.py").write_text(
        f"def test_it(tmp_path):\n    assert tmp_path.is_relative_to({str(memory)!r}) is {in_memory}\n"
    )
    code, lines = run(capfd, *arguments)
    assert (code, list(memory.iterdir())) == (0, []), lines


@pytest.mark.usefixtures("tests_only")
def test_where_no_compiled_code_may_lie_beside_its_source_the_run_keeps_its_own(
    project: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    memory = project / "memory"
    memory.mkdir()
    monkeypatch.setattr(cli.test, "MEMORY", memory)
    monkeypatch.setattr(cli.test, "ROOM", 0)
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    (project / "test_sound.py").write_text(
        "import sys\nfrom pathlib import Path\n\ndef test_it():\n"
        f"    assert Path(sys.pycache_prefix).is_relative_to({str(memory)!r})\n"
        "    assert not sys.dont_write_bytecode\n"
    )
    code, lines = run(capfd)
    assert (code, list(memory.iterdir()), list(project.rglob("*.pyc"))) == (0, [], []), lines


@pytest.mark.usefixtures("tests_only")
@pytest.mark.parametrize(("arguments", "imported"), [((), 2), (("-q",), 1)])
def test_what_a_whole_run_imports_is_compiled_before_its_workers_begin(
    project: Path, capfd: pytest.CaptureFixture[str], arguments: tuple[str, ...], imported: int
) -> None:
    (project / "test_sound.py").write_text(
        "from pathlib import Path\n\nPath('times').open('a').write('.')\n\n"
        f"def test_it():\n    assert Path('times').read_text() == '.' * {imported}\n"
    )
    code, lines = run(capfd, *arguments)
    assert code == 0, lines


@pytest.mark.usefixtures("tests_only")
@pytest.mark.parametrize(("arguments", "measured"), [((), False), (("--processes",), True)])
def test_what_the_tests_start_is_measured_when_asked(
    project: Path, capfd: pytest.CaptureFixture[str], arguments: tuple[str, ...], measured: bool
) -> None:
    (project / "test_sound.py").write_text(
        "import subprocess, sys\n\ndef test_it():\n"
        "    code = 'import sys; print(\"coverage\" in sys.modules)'\n"
        f"    assert subprocess.check_output([sys.executable, '-c', code], text=True) == '{measured}\\n'\n"
    )
    code, lines = run(capfd, *arguments)
    assert code == 0, lines


@pytest.mark.usefixtures("project", "tests_only")
def test_quick_leaves_out_what_is_slow_or_needs_a_browser(capfd: pytest.CaptureFixture[str]) -> None:
    code, lines = run(capfd, "--quick")
    assert code == 0
    assert "1 passed, 2 deselected" in lines[-1]


@pytest.mark.usefixtures("tests_only")
def test_without_a_browser_its_tests_are_left_out_in_words(
    project: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(cli.test, "CHROMIUM", project / "none")
    code, lines = run(capfd)
    assert code == 0
    assert any("browser tests are left out" in line and "apt install chromium" in line for line in lines)
    assert "2 passed, 1 deselected" in lines[-1]


@pytest.mark.usefixtures("tests_only")
def test_in_ci_a_missing_browser_is_a_failure(
    project: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(cli.test, "CHROMIUM", project / "none")
    monkeypatch.setenv("CI", "true")
    code, lines = run(capfd)
    assert code == 1
    assert lines[-1] == "Error: failed: browser tests (CI=true allows no skip)"
