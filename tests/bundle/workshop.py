"""Makes what the bundle is run with: a Python in Lambda's place, and the bundle for the machine this is."""

import os
import platform
import subprocess
import sys
import zipfile
from pathlib import Path

from cli import ROOT
from cli.bundle import Bundle

HERE = {"x86_64": "x86_64", "aarch64": "arm64"}[platform.machine()]
"""Lambda's name for this machine's architecture."""

PIP = ["-m", "pip", "--disable-pip-version-check", "--no-input", "-q"]
PINNED = [
    *("--no-compile", "--require-hashes", "--no-deps", "--only-binary=:all:", "-r"),
    str(ROOT / "requirements/lambda.txt"),
]


def make_runtime(folder: Path) -> Path:
    """A Python environment of its own with what Lambda's runtime has, and nothing of this project; its Python."""
    subprocess.run([sys.executable, "-I", "-m", "venv", "--without-pip", str(folder)], check=True)
    python = folder / "bin" / "python"
    install = [sys.executable, *PIP, "--python", str(python), "install", *PINNED]
    subprocess.run(install, check=True, env={**os.environ, "PIP_USER": "0"})
    return python


def unzip(bundle: Bundle, folder: Path) -> Path:
    """The bundle's files in this folder, as Lambda lays them out."""
    with zipfile.ZipFile(bundle.zip) as archive:
        archive.extractall(folder)
    return folder
