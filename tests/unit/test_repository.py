"""What stands in the checkout: pinned packages, no addresses of registries, nothing of the simulator in production."""

import os
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from cli import ROOT
from cli.requirements import PARTS

REQUIREMENTS = ROOT / "requirements"
PRODUCTION = ["production", "host", "web", "tick"]
BROUGHT_BY_NEONIZE = {"beautifulsoup4"}
"""What the tests import themselves, and production has all the same."""

PIN = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)==(\S+)((?: \\\n    --hash=sha256:[0-9a-f]{64})+)$", flags=re.MULTILINE)


def canonical(name: str) -> str:
    """The name as registries compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


@cache
def pins(part: str) -> dict[str, str]:
    """The version of each package in a compiled file."""
    text = (REQUIREMENTS / f"{part}.txt").read_text(encoding="utf-8")
    return {canonical(name): version for name, version, _ in PIN.findall(text)}


def wishes(part: str) -> dict[str, str]:
    """What a part's .in asks for, with what it includes: name and condition."""
    found: dict[str, str] = {}
    for line in (REQUIREMENTS / f"{part}.in").read_text(encoding="utf-8").splitlines():
        wish = line.partition("#")[0].strip()
        if wish.startswith("-r "):
            found |= wishes(wish.removeprefix("-r ").removesuffix(".in"))
        elif match := re.match(r"([A-Za-z0-9._-]+)(?:\[[^]]*])?(.*)", wish):
            found[canonical(match[1])] = match[2].strip()
    return found


@cache
def tracked() -> list[Path]:
    """Every file that git keeps, or would keep."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    paths = [ROOT / name for name in listed.stdout.split("\0") if name]
    return [path for path in paths if path.is_file() and not path.is_symlink()]


@pytest.mark.parametrize("part", PARTS)
def test_every_line_is_a_pin_with_its_hashes_and_nothing_else(part: str) -> None:
    text = (REQUIREMENTS / f"{part}.txt").read_text(encoding="utf-8")
    rest = PIN.sub("", text)
    assert [line for line in rest.splitlines() if line and not line.lstrip().startswith("#")] == []
    assert pins(part)


@pytest.mark.parametrize("part", PARTS)
def test_what_is_asked_for_is_compiled(part: str) -> None:
    for name, condition in wishes(part).items():
        assert name in pins(part), f"{name} is in {part}.in but not in {part}.txt: run ./wa requirements"
        if condition.startswith("=="):
            assert pins(part)[name] == condition.removeprefix("==")


@pytest.mark.parametrize("part", PARTS)
def test_a_package_has_one_version_in_the_whole_project(part: str) -> None:
    assert pins(part).items() <= pins("dev").items()


@pytest.mark.parametrize("part", PRODUCTION)
def test_production_carries_nothing_of_the_simulator_or_the_tests(part: str) -> None:
    for other in ("simulator", "demo", "dev"):
        own = wishes(other).keys() - wishes("production").keys() - BROUGHT_BY_NEONIZE
        assert own
        assert not own & pins(part).keys()


def test_the_pins_are_all_that_the_packages_ask_for() -> None:
    done = subprocess.run([sys.executable, "-I", "-m", "pip", "check"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "No broken requirements found.\n"), done.stderr


def test_the_tick_stays_small() -> None:
    assert not {"chalice", "flask", "gunicorn", "neonize", "phonenumbers"} & pins("tick").keys()


def test_no_file_names_a_package_registry() -> None:
    registries = [
        "pypi" + ".org",
        "python" + "hosted",
        "registry." + "npmjs",
        "--index" + "-url",
        "--trusted" + "-host",
    ]
    naming = {
        str(path.relative_to(ROOT)): registry
        for path in tracked()
        for registry in registries
        if registry in path.read_text(encoding="utf-8", errors="replace")
    }
    allowed = {"cli/requirements.py"}  # it names the options that keep addresses out
    assert naming.keys() <= allowed, naming


def test_no_requirements_file_holds_an_address() -> None:
    for path in (*REQUIREMENTS.iterdir(), ROOT / "chalice_app" / "requirements.txt"):
        text = path.read_text(encoding="utf-8")
        assert "://" not in text, path
        assert not re.search(r"^--|^-[if] ", text, flags=re.MULTILINE), path


def test_nothing_of_this_machine_is_kept() -> None:
    names = {str(path.relative_to(ROOT)) for path in tracked()}
    assert not [name for name in names if name == ".env" or name.startswith((".venv/", "data/")) or ".pyc" in name]


def test_the_cloud_function_bundles_the_shared_code_itself() -> None:
    """chalice packs what is in vendor/: through a link that git keeps, never a copy that grows old."""
    link = ROOT / "chalice_app" / "vendor" / "shared"
    assert link.is_symlink()
    assert link.resolve() == ROOT / "shared"
    listed = subprocess.run(["git", "ls-files", "-s", str(link)], cwd=ROOT, capture_output=True, text=True, check=True)
    assert listed.stdout.startswith("120000 ")


def test_the_cloud_functions_packages_are_the_pinned_ones() -> None:
    lines = (ROOT / "chalice_app" / "requirements.txt").read_text(encoding="utf-8").split()
    assert dict(line.split("==") for line in lines).items() <= pins("tick").items()


@pytest.mark.parametrize("name", ["wa", ".ci/run"])
def test_what_people_start_is_executable(name: str) -> None:
    assert os.access(ROOT / name, os.X_OK)


def test_ci_runs_the_command_of_the_readme() -> None:
    assert "exec ./wa test\n" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")
