"""What `wa package` makes for prod: the tick with the shared code as it is here, for the right machine, and no more."""

import zipfile

import pytest

from cli import ROOT, bundle
from cli.bundle import Bundle
from tests.unit.test_repository import pins

pytestmark = [pytest.mark.registry, pytest.mark.slow]


@pytest.fixture(params=["arm64", "x86_64"])
def made(request: pytest.FixtureRequest) -> Bundle:
    """Each of the two."""
    found: Bundle = request.getfixturevalue(request.param)
    return found


def names(made: Bundle) -> list[str]:
    with zipfile.ZipFile(made.zip) as archive:
        return archive.namelist()


def test_nothing_speaks_against_deploying_it(made: Bundle) -> None:
    assert list(bundle.faults(made, {"HOST_TOKEN": "wa_a-token-of-this-machine"})) == []


def test_all_of_the_shared_code_is_in_it_as_it_is_here(made: Bundle) -> None:
    with zipfile.ZipFile(made.zip) as archive:
        packed = {name: archive.read(name) for name in archive.namelist() if name.startswith("shared/")}
    here = {str(path.relative_to(ROOT)): path.read_bytes() for path in (ROOT / "shared").rglob("*.py")}
    assert {name: data for name, data in packed.items() if name.endswith(".py")} == here


def test_the_compiled_part_of_pydantic_is_for_lambdas_machine(made: Bundle) -> None:
    with zipfile.ZipFile(made.zip) as archive:
        [library] = [name for name in archive.namelist() if name.endswith(".so")]
        head = archive.read(library)[:20]
    machine = {"arm64": "aarch64", "x86_64": "x86_64"}[made.architecture]
    assert library.startswith("pydantic_core/_pydantic_core.cpython-")
    assert library.endswith(f"-{machine}-linux-gnu.so")
    assert (head[:4], head[18]) == (b"\x7fELF", {"arm64": 183, "x86_64": 62}[made.architecture])


def test_its_packages_are_the_ones_that_are_tested(made: Bundle) -> None:
    packed = {name.replace("_", "-"): version for name, version in made.packages().items()}
    assert packed.items() <= pins("tick").items()
    assert packed.keys() >= {"pydantic", "pydantic-core", "standardwebhooks"}


def test_nothing_else_is_in_it(made: Bundle) -> None:
    tops = {name.partition("/")[0] for name in names(made) if ".dist-info/" not in name}
    libraries = {
        "annotated_types", "chalice", "pydantic", "pydantic_core", "standardwebhooks", "typing_extensions.py",
        "typing_inspection",
    }  # fmt: skip
    assert tops == {"app.py", "chalicelib", "shared"} | libraries
    assert not [name for name in names(made) if name.endswith(".pyc") or "/." in f"/{name}"]


def test_it_stays_small(made: Bundle) -> None:
    assert made.zip.stat().st_size < 4_000_000
