"""`./wa` before anything is installed: what it makes, what it keeps, and what it says when it cannot."""

import ast
import base64
import hashlib
import os
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import NamedTuple

import pytest

from cli import ROOT, bootstrap
from cli.main import COMMANDS

SAYS_WHAT_IT_GOT = """
import os, sys
print(*sys.argv[1:], sep="|")
print(os.getcwd())
print(os.path.dirname(sys.prefix), os.path.basename(sys.prefix))
import tiny
print(tiny.WORD)
sys.stdout.flush()
if "wait" in sys.argv:
    sys.stdin.readline()
"""


class Checkout(NamedTuple):
    """A checkout with `wa`, a command line that says how it was called, and one tiny package to install."""

    root: Path
    environ: dict[str, str]

    def pin(self, digest: str, name: str = "production") -> None:
        """Require the tiny package by this hash."""
        text = f"tiny==1.0 \\\n    --hash=sha256:{digest}\n"
        (self.root / "requirements" / f"{name}.txt").write_text(text)

    def wa(self, *arguments: str, wa: Path | None = None, **environ: str) -> "subprocess.CompletedProcess[str]":
        """Run it from another folder."""
        command = [str(wa or self.root / "wa"), *arguments]
        environment = self.environ | environ
        return subprocess.run(command, cwd="/", env=environment, capture_output=True, text=True, check=False)

    def environments(self) -> list[str]:
        """The names of the complete environments."""
        return sorted(path.parent.name for path in (self.root / ".venv").glob("*/complete"))


def wheel(folder: Path) -> str:
    """Make the package tiny-1.0 without any tool; its hash."""
    files = {
        "tiny.py": "WORD = 'installed'\n",
        # What it asks for is not there: the requirements name all there is, and pip is not to look for more.
        "tiny-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: tiny\nVersion: 1.0\nRequires-Dist: absent\n",
        "tiny-1.0.dist-info/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = ""
    for name, text in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
        record += f"{name},sha256={digest},{len(text)}\n"
    path = folder / "tiny-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in {**files, "tiny-1.0.dist-info/RECORD": record}.items():
            archive.writestr(name, text)
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    root, wheels, lacking = tmp_path / "check out", tmp_path / "wheels", tmp_path / "lacking"
    for folder in (root / "cli", root / "requirements", wheels, lacking):
        folder.mkdir(parents=True)
    (lacking / "ensurepip.py").write_text("raise ImportError('left out, as Debian does without python3-venv')")
    (root / "wa").write_bytes((ROOT / "wa").read_bytes())
    (root / "wa").chmod(0o755)
    (root / "cli" / "bootstrap.py").write_bytes((ROOT / "cli" / "bootstrap.py").read_bytes())
    for module in ("__init__", "demo", "send", "up", "wait"):
        (root / "cli" / f"{module}.py").touch()
    (root / "cli" / "__main__.py").write_text(SAYS_WHAT_IT_GOT)
    environ = {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "HOME": str(tmp_path),
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_NO_INDEX": "1",
        "PIP_FIND_LINKS": str(wheels),
        "PYTHONPATH": str(lacking),  # the quicker way in: this Python's own pip
    }
    made = Checkout(root, environ)
    digest = wheel(wheels)  # once: made again a second later, it has other times in it and so another hash
    for name in ("production", "demo", "dev"):
        made.pin(digest, name)
    return made


@pytest.mark.slow
def test_the_first_start_installs_and_the_next_ones_go_straight_to_the_command(checkout: Checkout) -> None:
    link = checkout.root.parent / "wa-link"
    link.symlink_to(checkout.root / "wa")

    first = checkout.wa("send", "--to", "two words", wa=link, PYTHONPATH="")
    second = checkout.wa("send", "--to", "two words", wa=link)

    assert first.stdout == second.stdout
    arguments, folder, environment, word = second.stdout.splitlines()
    assert arguments == "send|--to|two words"
    assert folder == "/"
    assert environment.startswith(f"{checkout.root / '.venv'} production-")
    assert word == "installed"
    assert "Installing what 'production' needs: 1 of 1 packages installed" in first.stderr
    assert second.stderr == ""
    assert len(checkout.environments()) == 1


@pytest.mark.slow
def test_other_requirements_make_another_environment_and_remove_the_older_one_once_it_is_unused(
    checkout: Checkout,
) -> None:
    checkout.wa()
    first = checkout.environments()
    command = [str(checkout.root / "wa"), "wait"]
    with subprocess.Popen(
        command, env=checkout.environ, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as running:
        assert running.stdout is not None
        assert running.stdin is not None
        running.stdout.readline()
        requirements = checkout.root / "requirements" / "production.txt"
        requirements.write_text(requirements.read_text() + "# another version\n")
        checkout.wa()
        assert set(first) < set(checkout.environments()), "the older one was taken from under a running command"
        running.stdin.write("\n")
    requirements.write_text(requirements.read_text() + "# a third one\n")
    checkout.wa()
    assert len(checkout.environments()) == 1
    assert checkout.environments() != first


@pytest.mark.slow
def test_two_starts_at_once_install_once(checkout: Checkout) -> None:
    command = [str(checkout.root / "wa"), "up"]
    both = [
        subprocess.Popen(command, env=checkout.environ, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for _ in range(2)
    ]
    said = [process.communicate() for process in both]
    assert [process.returncode for process in both] == [0, 0]
    assert all("installed" in out for out, _ in said)
    assert sum("packages installed" in err for _, err in said) == 1
    assert sum("Another start is installing; waiting for it." in err for _, err in said) == 1


@pytest.mark.slow
def test_a_package_that_is_not_the_hashed_one_is_refused_and_the_next_start_begins_again(checkout: Checkout) -> None:
    right = (checkout.root / "requirements" / "production.txt").read_text()
    checkout.pin("0" * 64)

    refused = checkout.wa()

    assert refused.returncode == 1
    assert "DO NOT MATCH THE HASHES" in refused.stderr
    *_, last = refused.stderr.splitlines()
    assert last.startswith("wa: what 'production' needs could not be installed (see above); the whole log is /")
    assert Path(last.rpartition("log is ")[2]).is_file()
    assert len(refused.stderr.splitlines()) < 30
    assert checkout.environments() == []

    (checkout.root / "requirements" / "production.txt").write_text(right)
    assert checkout.wa().returncode == 0


@pytest.mark.slow
def test_help_runs_in_whichever_environment_is_there(checkout: Checkout) -> None:
    assert checkout.wa("demo").returncode == 0
    helped = checkout.wa("--help")
    assert helped.stderr == ""
    assert [name.split("-")[0] for name in checkout.environments()] == ["demo"]


@pytest.mark.slow
def test_help_is_not_asked_of_an_environment_that_lacks_what_the_command_imports(checkout: Checkout) -> None:
    assert checkout.wa("up").returncode == 0
    assert checkout.wa("demo", "--help").returncode == 0
    assert [name.split("-")[0] for name in checkout.environments()] == ["demo", "production"]


def test_the_tab_key_installs_nothing(checkout: Checkout) -> None:
    done = checkout.wa(_WA_COMPLETE="bash_complete", COMP_WORDS="wa de", COMP_CWORD="1")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert not (checkout.root / ".venv").exists()


@pytest.mark.parametrize("slip", ["dmeo", "../wa", "two words", "-x dmeo"])
def test_a_command_that_there_is_none_installs_nothing(checkout: Checkout, slip: str) -> None:
    done = checkout.wa(*(slip.split() if slip.startswith("-") else [slip]))
    assert done.returncode == 1
    assert done.stderr.startswith("wa: there is no command '")
    assert "'./wa --help' lists them." in done.stderr
    assert not (checkout.root / ".venv").exists()


def test_a_folder_that_cannot_be_written_is_said(checkout: Checkout) -> None:
    (checkout.root / ".venv").write_text("a file is in the way")
    done = checkout.wa()
    assert done.returncode == 1
    assert f"wa: {checkout.root / '.venv'} could not be written" in done.stderr
    assert "Traceback" not in done.stderr


def test_no_python_at_all_is_said_in_a_sentence(checkout: Checkout, tmp_path: Path) -> None:
    tools = tmp_path / "tools"
    tools.mkdir()
    for tool in ("dirname", "readlink"):
        found = next(Path(folder, tool) for folder in ("/usr/bin", "/bin") if Path(folder, tool).exists())
        (tools / tool).symlink_to(found)
    done = checkout.wa(PATH=str(tools))
    assert done.returncode == 1
    assert done.stderr.startswith("wa: Python 3.11 or newer is needed and there is none here: install it")


def as_old_python(path: str) -> "subprocess.CompletedProcess[str]":
    """Run the bootstrap as Python 3.9 would, where PATH is this."""
    program = (
        "import sys; sys.version_info = (3, 9, 2, 'final', 0); file = sys.argv[1]; sys.argv[:2] = [file];"
        "exec(compile(open(file).read(), file, 'exec'), {'__name__': '__main__', '__file__': file})"
    )
    command = [sys.executable, "-I", "-c", program, str(ROOT / "cli" / "bootstrap.py"), "up"]
    return subprocess.run(command, env={"PATH": path}, capture_output=True, text=True, check=False)


def test_an_old_python_is_said_with_its_version(tmp_path: Path) -> None:
    done = as_old_python(str(tmp_path))
    assert done.returncode == 1
    assert "Python 3.11 or newer is needed and this machine has only 3.9" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_an_old_python_gives_way_to_a_newer_one_beside_it(tmp_path: Path) -> None:
    newer = tmp_path / "python3.12"
    newer.write_text('#!/bin/sh\necho "I am newer: $@"\n')
    newer.chmod(0o755)
    done = as_old_python(str(tmp_path))
    assert done.stdout == f"I am newer: -I -S {ROOT / 'cli' / 'bootstrap.py'} up\n"


def test_an_old_python_can_read_the_bootstrap() -> None:
    ast.parse((ROOT / "cli" / "bootstrap.py").read_text(), feature_version=(3, 6))


def test_without_venv_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(bootstrap, "runs", lambda *_: False)
    with pytest.raises(
        SystemExit, match=r"lacks venv and pip: install them, for example with 'apt install python3.*-venv'"
    ):
        bootstrap.ways_in(tmp_path)


@pytest.mark.parametrize(("there", "creates"), [("virtualenv", "virtualenv"), ("pip", "--without-pip")])
def test_without_ensurepip_it_takes_what_is_there(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, there: str, creates: str
) -> None:
    monkeypatch.setattr(bootstrap, "runs", lambda *arguments: there in arguments)
    create, pip = bootstrap.ways_in(tmp_path)
    assert creates in create
    assert pip[-1] == str(tmp_path / "bin" / "python") or pip == [str(tmp_path / "bin" / "python"), "-I", "-m", "pip"]


def test_musl_is_refused_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_such_name(_name: str) -> str:
        raise ValueError("unrecognized configuration name")

    monkeypatch.setattr(os, "confstr", no_such_name)
    assert "use Debian, Ubuntu, Fedora or another Linux with glibc" in bootstrap.unsupported("up")


def test_a_32_bit_machine_is_refused_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    machine = os.uname_result(("Linux", "pi", "6.1", "#1", "armv7l"))
    monkeypatch.setattr(os, "uname", lambda: machine)
    assert "no build for armv7l" in bootstrap.unsupported("up")


def test_the_demo_is_refused_on_macos_where_the_rest_works(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    assert "the demo needs Linux" in bootstrap.unsupported("demo")
    assert bootstrap.unsupported("up") == ""


def test_each_command_is_known_without_an_environment() -> None:
    assert all(map(bootstrap.is_known, ("", *COMMANDS)))


def test_each_command_runs_on_the_requirements_it_needs() -> None:
    assert bootstrap.SETS.get("up", "production") == "production"
    assert {bootstrap.SETS[command] for command in ("test", "bench", "requirements")} == {"dev"}
    assert bootstrap.SETS["demo"] == "demo"
    for name in ("production", *bootstrap.SETS.values()):
        assert (ROOT / "requirements" / f"{name}.txt").is_file()
