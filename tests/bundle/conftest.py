"""The bundles and the runtime they are run in, made once for all the tests however many processes share them."""

import fcntl
import os
import shutil
from pathlib import Path

import pytest

from cli.bundle import Bundle
from tests.bundle.workshop import fill


@pytest.fixture(scope="session")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with everything in it: what was packed for prod, each by its architecture, and a runtime."""
    own = tmp_path_factory.getbasetemp()
    folder = (own.parent if "PYTEST_XDIST_WORKER" in os.environ else own) / "bundle-workshop"
    folder.mkdir(exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "complete").exists():
            fill(folder)
            (folder / "complete").touch()
    return folder


@pytest.fixture(scope="session")
def arm64(workshop: Path) -> Bundle:
    """The bundle that is deployed where nobody says otherwise."""
    return Bundle(workshop / "arm64" / "out", "arm64")


@pytest.fixture(scope="session")
def x86_64(workshop: Path) -> Bundle:
    """The bundle for Lambda's other machines."""
    return Bundle(workshop / "x86_64" / "out", "x86_64")


@pytest.fixture(scope="session")
def runtime(workshop: Path) -> Path:
    """The Python in Lambda's place."""
    return workshop / "runtime" / "bin" / "python"


@pytest.fixture
def task(workshop: Path, tmp_path: Path) -> Path:
    """The bundle for this machine, unzipped, to be run and broken."""
    return Path(shutil.copytree(workshop / "task", tmp_path / "task"))
