"""Makes what the bundle is run with: a Python in Lambda's place, and the bundle for the machine this is."""

import os
import platform
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from cli import ROOT, bundle
from cli.bundle import Bundle

HERE = {"x86_64": "x86_64", "aarch64": "arm64"}[platform.machine()]
"""Lambda's name for this machine's architecture."""

PIP = ["-m", "pip", "--disable-pip-version-check", "--no-input", "-q"]
PINNED = [
    *("--no-compile", "--require-hashes", "--no-deps", "--only-binary=:all:", "-r"),
    str(ROOT / "requirements/lambda.txt"),
]


def fill(folder: Path) -> None:
    """Make all of it, at the same time; one of the bundles as `wa package` does. What another process began and could
    not finish is made anew, or its remains would hide why."""
    for name in ("arm64", "x86_64", "runtime", "task"):
        shutil.rmtree(folder / name, ignore_errors=True)
    steps: list[Callable[[], object]] = [
        lambda: bundle.make(folder / "arm64" / "out", stage="prod", architecture="arm64", environment={}),
        lambda: bundle.build(bundle.PROJECT, folder / "x86_64", stage="prod", architecture="x86_64"),
        lambda: make_runtime(folder / "runtime"),
    ]
    with ThreadPoolExecutor(len(steps)) as threads:
        for begun in [threads.submit(step) for step in steps]:
            begun.result()
    unzip(Bundle(folder / HERE / "out", HERE), folder / "task")


def make_runtime(folder: Path) -> Path:
    """A Python environment of its own with what Lambda's runtime has, and nothing of this project; its Python."""
    subprocess.run([sys.executable, "-I", "-m", "venv", "--without-pip", str(folder)], check=True)
    python = folder / "bin" / "python"
    install = [sys.executable, *PIP, "--python", str(python), "install", *PINNED]
    subprocess.run(install, check=True, env={**os.environ, "PIP_USER": "0"})
    return python


def unzip(made: Bundle, folder: Path) -> Path:
    """The bundle's files in this folder, as Lambda lays them out."""
    with zipfile.ZipFile(made.zip) as archive:
        archive.extractall(folder)
    return folder
