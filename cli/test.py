"""`wa test`: everything that checks the project. Every step runs, whatever became of the one before it."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from pathlib import Path
from tempfile import TemporaryDirectory

import click

from cli import ROOT

CHROMIUM = Path("/usr/bin/chromium")
WORKERS = min(4, (os.cpu_count() or 1) + 2)
"""Two more than there are cores, for many tests wait for a timer of the library."""
PARALLEL = ["-n", str(WORKERS), "--dist", "loadfile", "--no-loadscope-reorder"]
"""What a file starts, it starts once; tests/conftest.py says which files come first."""
SLOWEST = ["--durations=20"]
COVERAGE = ["--cov", "--cov-report=term:skip-covered"]
MEMORY = Path("/dev/shm")  # noqa: S108 - a folder of its own is made in it, with a name nobody can guess
ROOM = 2 * 1024**3
"""Bytes that must be free there: a whole run's files, many times over."""
QUICK = "not browser and not slow and not registry"


@click.command(context_settings={"ignore_unknown_options": True})
@click.option("--quick", is_flag=True, help="Leave out the tests that are slow or need a browser or a registry.")
@click.option(
    "--processes", is_flag=True, help="Measure what the programs that the tests start run, too: a third longer."
)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED, metavar="[PYTEST OPTIONS]...")
def command(quick: bool, processes: bool, arguments: tuple[str, ...]) -> None:
    """Run everything that checks the project.

    Options that are not wa's go to pytest, which then runs in one process and without coverage: wa test -k name
    """
    with _environment(in_memory=not arguments, processes=processes) as environment:
        with _collected_meanwhile(environment) if not arguments else nullcontext():
            failed = [name for name, argv in static_checks().items() if not passes(name, argv)]
        failed += _tests(quick, arguments, environment)
    if failed:
        raise click.ClickException(f"failed: {', '.join(failed)}")


@contextmanager
def _collected_meanwhile(environment: Mapping[str, str]) -> Iterator[None]:
    """What the tests import is compiled beside the checks, by one process, or each worker would compile all of it.

    What is wrong with it, the tests themselves say.
    """
    argv = [sys.executable, "-m", "pytest", "--collect-only", "--quiet", "--no-cov"]
    devnull = subprocess.DEVNULL
    with subprocess.Popen(argv, cwd=ROOT, env=environment, stdin=devnull, stdout=devnull, stderr=devnull) as process:
        try:
            yield
        except BaseException:
            process.kill()
            raise


def _tests(quick: bool, arguments: tuple[str, ...], environment: Mapping[str, str]) -> list[str]:
    """Run pytest; what of it failed."""
    failed = []
    chosen = ["-m", QUICK] if quick else []
    if not quick and not chromium_is_here():
        chosen = ["-m", "not browser"]
        click.echo("The browser tests are left out: there is no Chromium. Install it with 'apt install chromium'.")
        if os.environ.get("CI") == "true":
            failed.append("browser tests (CI=true allows no skip)")
    extra = [] if arguments else [*PARALLEL, *([] if quick else [*SLOWEST, *COVERAGE])]
    tests = [sys.executable, "-m", "pytest", *chosen, *extra, *arguments]
    if subprocess.run(tests, cwd=ROOT, env=environment, check=False).returncode != 0:
        failed.append("pytest")
    return failed


@contextmanager
def _environment(*, in_memory: bool, processes: bool = False) -> Iterator[Mapping[str, str]]:
    """What the tests inherit. In memory, their files cost no wait for the disk, and are gone with the run.

    Where Python is told to keep no compiled code beside its sources, the run keeps it there, or each of the many
    programs it starts would compile everything anew. processes: each of these measures which lines it runs.
    """
    inherited = dict(os.environ)
    if processes:
        inherited |= {"COVERAGE_PROCESS_START": str(ROOT / "pyproject.toml"), "COVERAGE_FILE": str(ROOT / ".coverage")}
    if not in_memory or not os.access(MEMORY, os.W_OK) or shutil.disk_usage(MEMORY).free < ROOM:
        yield inherited
        return
    with TemporaryDirectory(dir=MEMORY, prefix="wa-test-", ignore_cleanup_errors=True) as folder:
        inherited["TMPDIR"] = folder
        if inherited.pop("PYTHONDONTWRITEBYTECODE", None):
            inherited["PYTHONPYCACHEPREFIX"] = str(Path(folder) / "compiled")
        yield inherited


def static_checks() -> dict[str, list[str]]:
    """What reads the code without running it, by name."""
    python = [sys.executable, "-m"]
    return {
        "ruff check": [*python, "ruff", "check", "."],
        "ruff format": [*python, "ruff", "format", "--check", "."],
        "mypy": [*python, "mypy"],
        "import-linter": [str(Path(sys.executable).with_name("lint-imports"))],
    }


def passes(name: str, argv: list[str]) -> bool:
    """Run a check and say how long it took; what it printed is shown where it fails."""
    click.echo(f"{name:15}", nl=False)
    started = time.perf_counter()
    done = subprocess.run(argv, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    passed = done.returncode == 0
    click.echo(f"{'passed' if passed else 'FAILED'} in {time.perf_counter() - started:.1f} s")
    if not passed:
        click.echo(done.stdout)
    return passed


def chromium_is_here() -> bool:
    """Whether the browser of the tests is installed; as root it is installed now, with apt-get."""
    if not CHROMIUM.exists() and os.geteuid() == 0 and Path("/usr/bin/apt-get").exists():
        click.echo("Installing Chromium for the browser tests.")
        quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        for step in ("update -q", "install -q -y --no-install-recommends chromium"):
            done = subprocess.run(
                ["apt-get", *step.split()],
                env=quiet,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                check=False,
            )
            if done.returncode != 0:
                click.echo("\n".join(done.stdout.splitlines()[-5:]))
    return CHROMIUM.exists()
