"""The cloud function's bundle: chalice makes it from a copy of chalice_app, and it is looked into before anybody
deploys it, for chalice ends well also where the bundle lacks half of its code.
"""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import yaml
from pydantic import SecretStr

from cli import ROOT
from shared.settings import ALL

PROJECT = ROOT / "chalice_app"
TEMPLATE = ROOT / "template.yaml"
PINS = ROOT / "requirements" / "tick.txt"
RUNTIME_PINS = ROOT / "requirements" / "lambda.txt"
NOT_THERE = ("tzdata",)
"""What `wa tick` needs and the function does not: it reads no zones."""

CHALICE = ("chalice/__init__.py", "chalice/app.py")
"""What chalice packs of itself."""

MACHINES = {"arm64": 0xB7, "x86_64": 0x3E}
"""Lambda's architectures, and the number that an ELF file has in its 19th byte."""

LEFT_BEHIND = ("__pycache__", "*.pyc", "deployments", "deployed", "venv")
STRANGERS = (
    "bench", "boto3", "botocore", "chalice/cli", "cli", "flask", "neonize", "phonenumbers", "session_host",
    "simulator", "structlog", "tests", "urllib3", "web",
)  # fmt: skip
"""Lambda's runtime brings boto3 and urllib3, and others would stand in their way; the rest is not the tick's."""

KEY_FILES = ("*.age", "*.key", "*.pem", "*.sqlite", "*.db", ".env*", "*.env", "id_*", "token")
LEAST_SECRET = 8
"""What is shorter may be in a file by chance."""


class BundleRefused(Exception):
    """There is no bundle to deploy; the message says why, and what to do."""


@dataclass(frozen=True)
class Bundle:
    """What `aws cloudformation` needs: the zip and the merged template, in one folder."""

    folder: Path
    architecture: str

    @property
    def zip(self) -> Path:
        return self.folder / "deployment.zip"

    @property
    def template(self) -> Path:
        return self.folder / "sam.yaml"

    def document(self) -> dict[str, Any]:
        """The merged template."""
        found: dict[str, Any] = yaml.safe_load(self.template.read_text(encoding="utf-8"))
        return found

    def packages(self) -> dict[str, str]:
        """The version of each package in the zip."""
        with zipfile.ZipFile(self.zip) as archive:
            folders = {name.partition("/")[0] for name in archive.namelist()}
        named = (
            folder.removesuffix(".dist-info").rpartition("-") for folder in folders if folder.endswith(".dist-info")
        )
        return {name: version for name, _, version in sorted(named)}


def make(out: Path, *, stage: str, architecture: str, environment: Mapping[str, str]) -> Bundle:
    """A bundle of this checkout in `out`, looked into; where it is refused, `out` stays as it was.

    `environment`: this machine's, whose secrets must not be in the bundle. Raises BundleRefused.
    """
    check_project(PROJECT)
    secrets = dict(secrets_in(environment))
    with tempfile.TemporaryDirectory(prefix="wa-package-") as folder:
        made = build(PROJECT, Path(folder), stage=stage, architecture=architecture)
        if wrong := list(faults(made, secrets)):
            raise BundleRefused("\n".join(wrong))
        try:
            _put(made, out)
        except OSError as error:
            raise BundleRefused(
                f"{out} cannot be written ({error.strerror}): choose another folder with --out."
            ) from None
    return Bundle(out, architecture)


def _put(made: Bundle, out: Path) -> None:
    """Zip and template in `out`, once both have their room there: one without the other's version is no bundle."""
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".wa-package-", dir=out) as folder:
        beside = [Path(shutil.copyfile(file, Path(folder, file.name))) for file in (made.zip, made.template)]
        for file in beside:
            file.replace(out / file.name)


def check_project(project: Path) -> None:
    """Raise BundleRefused where chalice would make a bundle without the shared code, and end well."""
    link = project / "vendor" / "shared"
    if link.is_file():
        quoted = shlex.quote(str(link))
        raise BundleRefused(
            f"{link} is a file where git keeps a symbolic link: this checkout was made without links, as on Windows. "
            f"On Linux, macOS or WSL: git config core.symlinks true && rm {quoted} && git checkout -- {quoted}"
        )
    if not (link / "__init__.py").is_file():
        raise BundleRefused(
            f"{link} does not lead to the shared code, so the bundle would be without it: git checkout -- {link}"
        )


def build(project: Path, folder: Path, *, stage: str, architecture: str) -> Bundle:
    """What chalice makes of this project, not looked into; chalice never works in the checkout itself.

    Its packages are those of requirements/tick.txt, by version and hash. Raises BundleRefused with chalice's own words.
    """
    copy, out = folder / "project", folder / "out"
    dangling = [path.name for path in (project / "vendor").iterdir() if not path.exists()]
    shutil.copytree(project, copy, ignore=shutil.ignore_patterns(*LEFT_BEHIND, *dangling))
    settings = copy / ".chalice" / "config.json"
    settings.write_text(json.dumps(json.loads(settings.read_text()) | {"lambda_architecture": architecture}))
    chalice = str(Path(sys.executable).with_name("chalice"))
    done = subprocess.run(
        [chalice, "package", "--stage", stage, "--merge-template", str(TEMPLATE), str(out)],
        cwd=copy,
        env=_chalices_environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise BundleRefused(f"chalice could not make the bundle.{_own_words(done.stdout + done.stderr)}")
    return Bundle(out, architecture)


def _own_words(printed: str) -> str:
    """What chalice said at its end, without the frames of its traceback; and what it means where that is known."""
    lines = printed.strip().splitlines()
    frames = [number for number, line in enumerate(lines) if line.startswith((" ", "Traceback"))]
    said = "\n".join((lines[frames[-1] + 1 :] if frames else lines)[-20:])
    hint = ""
    if "PackageDownloadError" in said:
        hint = (
            " pip could not fetch the packages as requirements/tick.txt pins them: is the network there, and does "
            "chalice_app/requirements.txt ask for the same versions?"
        )
    return f"{hint} It said:\n{said}"


def _chalices_environment() -> dict[str, str]:
    """This process's, without what would change the bundle: settings, the local stage's route, an account of AWS."""
    ours = {name for kind in ALL for each in kind.names() for name in (each, f"{each}_FILE")} | {"TICK_ROUTE"}
    kept = {name: value for name, value in os.environ.items() if name not in ours and not name.startswith("AWS_")}
    return {
        **kept,
        "AWS_DEFAULT_REGION": "us-east-1",  # chalice wants one; nothing in what it makes depends on it
        "AWS_EC2_METADATA_DISABLED": "true",
        "PIP_CONSTRAINT": str(PINS),
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
    }


def secrets_in(environment: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """The secrets that this machine's settings hold, with their names."""
    for field in (field for kind in ALL for field in kind.model_fields.values()):
        name = str(field.alias)
        path = environment.get(f"{name}_FILE")
        if not isinstance(field.default, SecretStr) or not (environment.get(name) or path):
            continue
        try:
            yield name, environment.get(name) or Path(str(path)).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError):
            raise BundleRefused(
                f"{name}_FILE names {path}, which cannot be read, so nobody can tell whether it is in the bundle."
            ) from None


def faults(bundle: Bundle, secrets: Mapping[str, str]) -> Iterator[str]:
    """Why this bundle must not be deployed, in sentences; none where it is as it should be."""
    with zipfile.ZipFile(bundle.zip) as archive:
        yield from _lacking(archive)
        yield from _without_packages(bundle.packages())
        yield from _strange(archive)
        yield from _for_another_machine(archive, bundle.architecture)
        yield from _telling(archive, secrets)
    yield from _template_faults(bundle, secrets)


def _lacking(archive: zipfile.ZipFile) -> Iterator[str]:
    """Chalice packs shared/ through a link; each module, and the function's own, must be there as in this checkout."""
    packed = set(archive.namelist())
    shared = _modules(ROOT / "shared")
    own = _modules(PROJECT / "chalicelib") | {"app.py": PROJECT / "app.py"}
    missing = [name for name in shared if name not in packed]
    if missing:
        yield (
            f"{len(missing)} of the {len(shared)} modules of shared/ are not in the bundle, {missing[0]} for one: "
            "chalice packs them through the link chalice_app/vendor/shared, see that it leads to shared/."
        )
    for name in sorted({*own, *CHALICE} - packed):
        yield f"{name} is not in the bundle, and the tick does not load without it: run ./wa package again."
    wanted = shared | own
    for name in sorted(wanted.keys() & packed):
        if archive.read(name) != wanted[name].read_bytes():
            yield f"{name} in the bundle is not the one of this checkout: run ./wa package again."


def _modules(folder: Path) -> dict[str, Path]:
    """The modules of a package, by the name they have in the bundle."""
    found = (path for path in folder.rglob("*.py") if path.is_file())
    return {f"{folder.name}/{path.relative_to(folder).as_posix()}": path for path in found}


def _without_packages(packed: Mapping[str, str]) -> Iterator[str]:
    """What the tick runs on and Lambda does not bring; chalice ends well also where it could not pack one of them."""
    there = {re.sub(r"[-_.]+", "-", name).lower(): version for name, version in packed.items()}
    brought = _pins(RUNTIME_PINS)
    for name, version in _pins(PINS).items():
        if name not in brought and name not in NOT_THERE and there.get(name) != version:
            yield (
                f"{name} {version} is not in the bundle, and the tick does not load without it: "
                "chalice_app/requirements.txt must ask for it, or for the package that brings it."
            )


def _pins(path: Path) -> dict[str, str]:
    """The version of each package in a compiled file of requirements."""
    return dict(re.findall(r"^([a-z0-9-]+)==([^\s;]+)", path.read_text(encoding="utf-8"), flags=re.MULTILINE))


def _strange(archive: zipfile.ZipFile) -> Iterator[str]:
    for stranger in STRANGERS:
        if any(name.startswith((f"{stranger}/", f"{stranger}.py")) for name in archive.namelist()):
            yield f"{stranger} is in the bundle and does not belong there: take it out of chalice_app/ or its packages."


def _for_another_machine(archive: zipfile.ZipFile, architecture: str) -> Iterator[str]:
    libraries = [name for name in archive.namelist() if name.endswith(".so")]
    if not any(name.startswith("pydantic_core/") for name in libraries):
        yield f"pydantic_core has no library in the bundle: is there a wheel of it for this Python on {architecture}?"
    for name in libraries:
        if archive.read(name)[18:19] != bytes([MACHINES[architecture]]):
            yield f"{name} was not built for {architecture}: is there a wheel of it for this Python on {architecture}?"


def _telling(archive: zipfile.ZipFile, secrets: Mapping[str, str]) -> Iterator[str]:
    """What is readable for everybody who may read the function's code."""
    values = {name: value.encode() for name, value in secrets.items() if len(value) >= LEAST_SECRET}
    for name in archive.namelist():
        if any(fnmatch(name.rpartition("/")[2], pattern) for pattern in KEY_FILES):
            yield f"{name} is in the bundle and looks like a secret: take it out of chalice_app/ or shared/."
        data = archive.read(name)
        for setting in (setting for setting, value in values.items() if value in data):
            yield f"{name} in the bundle holds the value of {setting}: take it out, and make a new one if it got about."


def _template_faults(bundle: Bundle, secrets: Mapping[str, str]) -> Iterator[str]:
    resources = bundle.document()["Resources"]
    apis = [name for name, each in resources.items() if each["Type"].endswith(("::Api", "::HttpApi", "::RestApi"))]
    if apis:
        yield f"The stack would have an API ({', '.join(apis)}): app.py may have a route in the stage local only."
    hidden = {str(f.alias) for kind in ALL for f in kind.model_fields.values() if isinstance(f.default, SecretStr)}
    for each in (each for each in resources.values() if each["Type"] == "AWS::Serverless::Function"):
        named = each["Properties"].get("Environment", {}).get("Variables", {})
        for name in sorted(hidden & named.keys()):
            yield f"{name} is in the function's environment, for many to read: name its place instead (docs/cloud.md)."
    text = bundle.template.read_text(encoding="utf-8")
    for setting in (name for name, value in secrets.items() if len(value) >= LEAST_SECRET and value in text):
        yield f"The template holds the value of {setting}: take it out of template.yaml or .chalice/config.json."
