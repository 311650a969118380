"""`wa requirements`: compiles requirements/*.in into pinned and hashed files without an address in them.

dev.in holds everything, so dev.txt is compiled first and its pins bind all other files: one version of a package in the
whole project. Afterwards each pin is checked to have a wheel for the Pythons and machines that are promised.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import click

from cli import ROOT

PARTS = ["dev", "tick", "host", "web", "simulator", "production", "demo", "lambda"]
COMPILE = "--generate-hashes --allow-unsafe --strip-extras --no-annotate --quiet"
NO_ADDRESSES = "--no-emit-index-url --no-emit-trusted-host --no-emit-find-links"
PYTHONS = ["3.11", "3.12", "3.13"]
MACHINES = ["x86_64", "aarch64"]
WHEELS = ["manylinux2014", "manylinux_2_17", "manylinux_2_24", "manylinux_2_26", "manylinux_2_27", "manylinux_2_28"]


@click.command()
@click.option("--upgrade", is_flag=True, help="Take the newest versions the .in files allow, not the ones pinned now.")
@click.option("--upgrade-package", "packages", metavar="NAME", multiple=True, help="Upgrade this package only.")
def command(upgrade: bool, packages: tuple[str, ...]) -> None:
    """Recompile the hashed requirements."""
    for part in PARTS:
        click.echo(f"Compiling requirements/{part}.txt")
        changes = ["--upgrade"] if upgrade and part == "dev" else []
        changes += [f"--upgrade-package={package}" for package in packages if part == "dev"]
        compile_part(part, changes)
    for python in PYTHONS:
        for machine in MACHINES:
            click.echo(f"Checking that each package has a wheel for Python {python} on {machine}")
            check_wheels(python, machine)


def compile_part(part: str, changes: list[str]) -> None:
    """Replace requirements/<part>.txt; where that fails, it stays, and a ClickException has pip-compile's own words."""
    source, target = f"requirements/{part}.in", f"requirements/{part}.txt"
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / f"{part}.txt"
        if part == "dev":
            shutil.copy(ROOT / target, output)  # pip-compile keeps the pins it finds in its output
        else:
            changes = ["--constraint=requirements/dev.txt"]
        options = [*COMPILE.split(), *NO_ADDRESSES.split(), *changes, f"--output-file={output}"]
        run([sys.executable, "-m", "piptools", "compile", *options, source], f"{source} could not be compiled")
        shutil.copyfile(output, ROOT / target)


def check_wheels(python: str, machine: str) -> None:
    """Raise ClickException unless every pin has a hashed wheel there; "3.11" is its first release, 3.11.0."""
    with tempfile.TemporaryDirectory() as folder:
        where = ["--python-version", python, *(f"--platform={wheel}_{machine}" for wheel in WHEELS), "--dest", folder]
        how = ["--require-hashes", "--only-binary=:all:", "--no-deps", "--quiet", "--disable-pip-version-check"]
        run(
            [sys.executable, "-m", "pip", "download", *how, *where, "-r", "requirements/dev.txt"],
            f"Some package has no wheel for Python {python} on {machine}: pin an older one in its .in file",
        )


def run(arguments: list[str], failure: str) -> None:
    """Run a tool in the checkout's root; raises ClickException with its output where it fails."""
    environment = {**os.environ, "CUSTOM_COMPILE_COMMAND": "./wa requirements"}
    done = subprocess.run(arguments, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise click.ClickException(f"{failure}:\n{done.stderr.strip()}")
