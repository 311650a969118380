"""`wa package` looks into what chalice made before anybody deploys it, and says what is wrong and what to do."""

import errno
import os
import shutil
import subprocess
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from cli import ROOT, bundle, package
from cli.bundle import Bundle, BundleRefused
from cli.main import wa
from tests.unit.test_repository import pins

AARCH64 = b"\x7fELF" + bytes(14) + b"\xb7\x00"
X86_64 = b"\x7fELF" + bytes(14) + b"\x3e\x00"
LIBRARY = "pydantic_core/_pydantic_core.cpython-311-aarch64-linux-gnu.so"
PACKAGES = (
    "annotated-types", "pydantic", "pydantic-core", "standardwebhooks", "typing-extensions", "typing-inspection"
)  # fmt: skip
TOKEN = "wa_3f9a-the-token-of-this-machine"

Files = dict[str, bytes]


def template(**variables: str) -> dict[str, Any]:
    function = {"Runtime": "python3.11", "Environment": {"Variables": {"STORAGE_MODE": "s3", **variables}}}
    return {"Resources": {"Tick": {"Type": "AWS::Serverless::Function", "Properties": function}}}


@pytest.fixture
def sound() -> Files:
    """What a sound bundle holds, as far as it is looked at."""
    shared = {
        f"shared/{path.relative_to(ROOT / 'shared')}": path.read_bytes() for path in (ROOT / "shared").rglob("*.py")
    }
    own = {
        str(path.relative_to(bundle.PROJECT)): path.read_bytes()
        for path in (bundle.PROJECT / "app.py", *(bundle.PROJECT / "chalicelib").rglob("*.py"))
    }
    chalices = dict.fromkeys(("chalice/__init__.py", "chalice/app.py"), b"")
    packages = {metadata(name): f"Name: {name}\n".encode() for name in PACKAGES}
    return {**shared, **own, **chalices, **packages, LIBRARY: AARCH64}


def metadata(package: str) -> str:
    """Where a wheel says which package of which version it is."""
    return f"{package.replace('-', '_')}-{pins('tick')[package]}.dist-info/METADATA"


@pytest.fixture
def made(tmp_path: Path) -> Callable[..., Bundle]:
    def make(files: Files, document: dict[str, Any] | None = None) -> Bundle:
        with zipfile.ZipFile(tmp_path / "deployment.zip", "w") as archive:
            for name, data in files.items():
                archive.writestr(name, data)
        (tmp_path / "sam.yaml").write_text(yaml.safe_dump(document or template()))
        return Bundle(tmp_path, "arm64")

    return make


def faults(found: Bundle, **secrets: str) -> str:
    return "\n".join(bundle.faults(found, secrets))


def test_a_sound_bundle_has_no_faults(made: Callable[..., Bundle], sound: Files) -> None:
    assert faults(made(sound), HOST_TOKEN=TOKEN) == ""


def test_a_bundle_without_the_shared_code_is_refused(made: Callable[..., Bundle], sound: Files) -> None:
    bare = {name: data for name, data in sound.items() if not name.startswith("shared/")}
    assert "modules of shared/ are not in the bundle" in faults(made(bare))
    del sound["shared/store/view.py"]
    assert faults(made(sound)).startswith("1 of the ")
    assert "shared/store/view.py for one" in faults(made(sound))


def test_a_module_that_is_another_version_is_refused(made: Callable[..., Bundle], sound: Files) -> None:
    sound["shared/clock.py"] += b"# as it was last week\n"
    assert "shared/clock.py in the bundle is not the one of this checkout" in faults(made(sound))


@pytest.mark.parametrize("name", ["app.py", "chalicelib/warm.py"])
def test_the_functions_own_code_must_be_there_as_it_is_here(
    made: Callable[..., Bundle], sound: Files, name: str
) -> None:
    changed = {**sound, name: sound[name] + b"# as it was last week\n"}
    assert f"{name} in the bundle is not the one of this checkout" in faults(made(changed))
    del sound[name]
    assert f"{name} is not in the bundle" in faults(made(sound))


def test_a_bundle_without_chalices_own_code_is_refused(made: Callable[..., Bundle], sound: Files) -> None:
    del sound["chalice/app.py"]
    assert "chalice/app.py is not in the bundle" in faults(made(sound))


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_that_the_tick_needs_must_be_there_in_its_version(
    made: Callable[..., Bundle], sound: Files, package: str
) -> None:
    version = pins("tick")[package]
    said = f"{package} {version} is not in the bundle, and the tick does not load without it"
    del sound[metadata(package)]
    assert faults(made(sound)).startswith(said)
    older = metadata(package).replace(version, "0.0.1")
    assert faults(made({**sound, older: b""})).startswith(said)


@pytest.mark.parametrize(
    "stranger", ["boto3/__init__.py", "urllib3/util.py", "simulator/server.py", "cli/main.py", "tests.py"]
)
def test_what_is_not_the_ticks_is_refused(made: Callable[..., Bundle], sound: Files, stranger: str) -> None:
    assert "does not belong there" in faults(made({**sound, stranger: b""}))


def test_libraries_for_another_machine_are_refused(made: Callable[..., Bundle], sound: Files) -> None:
    assert f"{LIBRARY} was not built for arm64" in faults(made({**sound, LIBRARY: X86_64}))
    assert "was not built for arm64" in faults(made({**sound, "other/_x.so": b""}))
    del sound[LIBRARY]
    assert "pydantic_core has no library" in faults(made(sound))


@pytest.mark.parametrize(
    "name", [".env", "shared/.env.local", "chalicelib/host.pem", "shared/link-backup.key", "token", "ledger.sqlite"]
)
def test_a_file_that_looks_like_a_secret_is_refused(made: Callable[..., Bundle], sound: Files, name: str) -> None:
    assert f"{name} is in the bundle and looks like a secret" in faults(made({**sound, name: b""}))


def test_a_secret_of_this_machine_is_refused_and_not_shown(made: Callable[..., Bundle], sound: Files) -> None:
    found = made({**sound, "chalicelib/notes.txt": f"the token is {TOKEN}!".encode()}, template(NOTE=f"x{TOKEN}"))
    said = faults(found, HOST_TOKEN=TOKEN, ALERT_SECRET="short")
    assert "chalicelib/notes.txt in the bundle holds the value of HOST_TOKEN" in said
    assert "The template holds the value of HOST_TOKEN" in said
    assert TOKEN not in said


@pytest.mark.parametrize("name", ["HOST_TOKEN", "B2_SECRET_ACCESS_KEY", "ALERT_URL", "ALERT_SECRET"])
def test_a_secret_in_the_functions_environment_is_refused_whatever_it_is(
    made: Callable[..., Bundle], sound: Files, name: str
) -> None:
    assert f"{name} is in the function's environment" in faults(made(sound, template(**{name: "x"})))


@pytest.mark.parametrize("kind", ["AWS::Serverless::Api", "AWS::Serverless::HttpApi", "AWS::ApiGateway::RestApi"])
def test_an_api_is_refused(made: Callable[..., Bundle], sound: Files, kind: str) -> None:
    document = template()
    document["Resources"]["RestAPI"] = {"Type": kind}
    assert "The stack would have an API (RestAPI)" in faults(made(sound, document))


def test_the_secrets_of_this_machine_are_all_that_its_settings_hold(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("K004key\n")
    environment = {
        "HOST_TOKEN": TOKEN,
        "B2_SECRET_ACCESS_KEY_FILE": str(tmp_path / "key"),
        "HOST_NAME": "host",
        "HOME": "/",
    }
    assert dict(bundle.secrets_in(environment)) == {"HOST_TOKEN": TOKEN, "B2_SECRET_ACCESS_KEY": "K004key"}
    with pytest.raises(BundleRefused, match="HOST_TOKEN_FILE names /nowhere, which cannot be read"):
        dict(bundle.secrets_in({"HOST_TOKEN_FILE": "/nowhere"}))


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A checkout's chalice_app, to be broken."""
    shutil.copytree(ROOT / "shared", tmp_path / "shared", ignore=shutil.ignore_patterns("__pycache__"))
    return Path(shutil.copytree(ROOT / "chalice_app", tmp_path / "chalice_app", symlinks=True))


def test_a_checkout_as_git_makes_it_is_fine(project: Path) -> None:
    bundle.check_project(project)


def test_a_checkout_without_symbolic_links_is_told_how_to_get_them(project: Path) -> None:
    link = project / "vendor" / "shared"
    link.unlink()
    link.write_text("../../shared")
    with pytest.raises(BundleRefused, match=r"is a file where git keeps a symbolic link.*core\.symlinks true"):
        bundle.check_project(project)


def test_a_link_that_leads_nowhere_is_refused(project: Path) -> None:
    (project.parent / "shared").rename(project.parent / "elsewhere")
    with pytest.raises(BundleRefused, match="does not lead to the shared code"):
        bundle.check_project(project)
    (project / "vendor" / "shared").unlink()
    with pytest.raises(BundleRefused, match="does not lead to the shared code"):
        bundle.check_project(project)


def test_what_would_change_the_bundle_does_not_reach_chalice(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HOST_TOKEN", "HOST_TOKEN_FILE", "TICK_ROUTE", "AWS_PROFILE", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "local")
    monkeypatch.setenv("PIP_CONSTRAINT", "mine.txt")
    environment = bundle._chalices_environment()
    assert "local" not in environment.values()
    assert environment["PIP_CONSTRAINT"] == str(ROOT / "requirements" / "tick.txt")


def test_chalices_own_words_are_shown_where_it_fails(project: Path, tmp_path: Path) -> None:
    (project / ".chalice" / "config.json").write_text('{"version": "2.0", "app_name": "x", "stages": {"prod": {}}}')
    (project / "app.py").write_text("raise RuntimeError('no app today')\n")
    with pytest.raises(BundleRefused, match="no app today") as refused:
        bundle.build(project, tmp_path / "work", stage="prod", architecture="arm64")
    assert str(refused.value) == "chalice could not make the bundle. It said:\nRuntimeError: no app today"


def test_packages_that_cannot_be_fetched_are_an_error_that_says_what_to_look_at(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"CONFIG_FILE": os.devnull, "INDEX_URL": "http://127.0.0.1:9/", "RETRIES": "0"}.items():
        monkeypatch.setenv(f"PIP_{name}", value)
    monkeypatch.delenv("PIP_EXTRA_INDEX_URL", raising=False)
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)
    with pytest.raises(BundleRefused, match="pip could not fetch the packages") as refused:
        bundle.build(project, tmp_path / "work", stage="prod", architecture="arm64")
    assert "Traceback" not in str(refused.value)


def test_a_refused_bundle_leaves_the_folder_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "deployment.zip").write_text("the one before")
    monkeypatch.setenv("HOST_TOKEN_FILE", "/nowhere/token")
    done = CliRunner().invoke(wa, ["package", "--out", str(tmp_path)])
    assert done.exit_code == 1
    assert "HOST_TOKEN_FILE names /nowhere/token" in done.output
    assert [each.name for each in tmp_path.iterdir()] == ["deployment.zip"]


def test_a_disk_that_is_full_halfway_leaves_the_folder_as_it_was(
    made: Callable[..., Bundle], sound: Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    for name in ("deployment.zip", "sam.yaml"):
        (out / name).write_text("the one before")
    monkeypatch.setattr(bundle, "build", lambda *_, **__: made(sound))
    copy = shutil.copyfile

    def nearly_full(source: Path, target: Path) -> Path:
        if source.name == "sam.yaml":
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return Path(copy(source, target))

    with monkeypatch.context() as full:
        full.setattr(shutil, "copyfile", nearly_full)
        with pytest.raises(BundleRefused, match="No space left on device"):
            bundle.make(out, stage="prod", architecture="arm64", environment={})
    assert {each.name: each.read_text() for each in out.iterdir()} == dict.fromkeys(
        ("deployment.zip", "sam.yaml"), "the one before"
    )
    found = bundle.make(out, stage="prod", architecture="arm64", environment={})
    assert found.packages()["pydantic"] == pins("tick")["pydantic"]
    assert found.document() == template()
    assert sorted(each.name for each in out.iterdir()) == ["deployment.zip", "sam.yaml"]


def test_only_lambdas_stages_and_machines_are_taken() -> None:
    assert CliRunner().invoke(wa, ["package", "--stage", "local"]).exit_code == 2
    assert CliRunner().invoke(wa, ["package", "--architecture", "riscv"]).exit_code == 2
    assert set(bundle.MACHINES) == set(package.ARCHITECTURES)


def test_what_was_made_is_told_with_the_next_commands(made: Callable[..., Bundle], sound: Files) -> None:
    found = made(sound)
    said = package.contents(found)
    assert "for python3.11 on arm64" in said
    assert "pydantic 2.14.3" in said
    assert "Schedule=DISABLED" not in package.next_steps(found, "prod")
    assert "--stack-name whatsapp-tick-dev" in package.next_steps(found, "dev")
    assert "SecretsParameter=/whatsapp/tick-dev" in package.next_steps(found, "dev")
    assert "Schedule=DISABLED" in package.next_steps(found, "dev")


def test_the_commands_fit_a_shell_whatever_the_folder_is_called(tmp_path: Path) -> None:
    folder = tmp_path / "my bundle; rm"
    said = package.next_steps(Bundle(folder, "arm64"), "prod")
    script = f'aws() {{ printf "%s\\n" "$@"; }}\n{said.partition(":")[2]}'
    done = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True)
    assert f"{folder}/sam.yaml" in done.stdout.splitlines()
