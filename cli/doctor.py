"""`wa doctor`: looks at this machine and the settings, and says line by line what is well and what to do."""

import http.client
import os
import shutil
import socket
import stat
import sys
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import click

from cli import ROOT
from cli.test import CHROMIUM

LOW_DISK = 1_000_000_000
PING = {"WEB_BIND": "ok", "HOST_BIND": "pong"}
"""What is in our own parts' answer to /ping."""


@dataclass(frozen=True)
class Finding:
    """One line of the report: what was looked at, and what to do about it where it is not well."""

    subject: str
    state: str
    to_do: str = ""

    @property
    def well(self) -> bool:
        """Whether there is nothing to do."""
        return not self.to_do


@click.command()
def command() -> None:
    """Check this machine and the settings, and say what to do."""
    findings = list(examine(os.environ))
    for finding in findings:
        mark = click.style("ok  ", fg="green") if finding.well else click.style("do  ", fg="red")
        click.echo(f"{mark}{finding.subject}: {finding.state}{'.' if finding.well else f'. {finding.to_do}'}")
    if not all(finding.well for finding in findings):
        raise SystemExit(1)


def examine(environment: Mapping[str, str]) -> Iterator[Finding]:
    """Every finding, in the order in which a person would mend them."""
    from shared.settings import ALL, HostSettings, SettingsError, StorageMode, StorageSettings, WebSettings

    yield python()
    yield secrets_file(ROOT / ".env")
    problems = []
    for kind in ALL:
        try:
            kind.read(environment)
        except SettingsError as error:
            problems.append(str(error).replace("\n", " "))
    problems = problems or list(refused_at_start(environment))
    if problems:
        yield Finding("settings", "some are wrong", " ".join(problems))
        return
    yield Finding("settings", "the programs can start with them")
    host, web = HostSettings.read(environment), WebSettings.read(environment)
    storage = StorageSettings.read(environment)
    yield port(web.bind, "WEB_BIND", "the web page")
    yield port(host.bind, "HOST_BIND", "the session host")
    folders = {"HOST_DATA_DIR": host.data_dir, "WEB_DATA_DIR": web.data_dir}
    if storage.mode is StorageMode.LOCAL:
        folders["STORAGE_DIR"] = storage.directory
    for name, folder in folders.items():
        yield data_folder(name, ROOT / folder)
    yield disk(ROOT)
    yield browser(CHROMIUM)


def refused_at_start(environment: Mapping[str, str]) -> Iterator[str]:
    """Why the programs would not start with settings that can each be read; nothing is made, nothing asked."""
    from shared.host_client import HostClient, HostError
    from shared.settings import HostAddress, PageLanguage, SettingsError, StorageMode, StorageSettings
    from shared.store.errors import StoreError
    from shared.store.opening import open_bucket

    storage = StorageSettings.read(environment)
    try:
        if storage.mode is StorageMode.S3:  # the other kind would make its folder
            open_bucket(storage)
    except (SettingsError, StoreError) as error:
        yield str(error)
    try:
        HostClient(HostAddress.read(environment)).close()
    except HostError as error:
        yield str(error)
    try:
        from web.language import catalogue  # it reads this process's own language as it is imported

        catalogue(PageLanguage.read(environment).language)
    except SettingsError as error:
        yield f"{str(error).removesuffix('.')}."


def python() -> Finding:
    """Which Python runs this, and in which environment."""
    version = ".".join(map(str, sys.version_info[:3]))
    return Finding("python", f"{version} in {sys.prefix}")


def secrets_file(path: Path) -> Finding:
    """Whether .env, where there is one, is its owner's alone."""
    if not path.exists():
        return Finding(".env", "there is none; settings come from the environment (.env.example lists them)")
    if path.stat().st_mode & 0o077:
        return Finding(".env", "others on this machine can read it", f"Run: chmod 600 {path}")
    return Finding(".env", "only you can read it")


def port(bind: str, name: str, what: str) -> Finding:
    """Whether the address is free; taken by our own part is no trouble, but a second start would be."""
    host, _, number = bind.rpartition(":")
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host.strip("[]"), int(number)))
            listener.listen(1)
        except (OSError, OverflowError) as error:
            if PING[name] in says(f"http://{bind}/ping"):
                return Finding(f"port of {what}", f"{what} runs already and answers at {bind}")
            return Finding(
                f"port of {what}", f"{bind} cannot be used ({error})", f"End what uses it, or set {name} to another."
            )
    return Finding(f"port of {what}", f"{bind} is free")


def says(url: str) -> str:
    """The first words of what this address answers; empty where it does not answer."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=2) as answer:
            return str(answer.read(100).decode(errors="replace")).strip()
    except (OSError, http.client.HTTPException):
        return ""


def data_folder(name: str, folder: Path) -> Finding:
    """Whether a folder that holds keys and messages is its owner's alone and writable, or can be made."""
    try:
        return kept_folder(name, folder) if folder.exists() else missing_folder(name, folder)
    except OSError as error:
        to_do = f"Run this as the user that the programs run as, or set {name} to another folder."
        return Finding(name, f"this user may not look into {folder} ({error.strerror})", to_do)


def missing_folder(name: str, folder: Path) -> Finding:
    """Whether it can be made. Raises OSError."""
    above = next(parent for parent in folder.parents if parent.exists())
    if not above.is_dir():
        return Finding(name, f"{folder} cannot be made", f"{above} is no folder: set {name} to another.")
    if os.access(above, os.W_OK | os.X_OK):
        return Finding(name, f"{folder} is made at the first start")
    return Finding(name, f"{folder} cannot be made", f"Make {above} writable for you, or set {name}.")


def kept_folder(name: str, folder: Path) -> Finding:
    """Whether it can be used, by its owner alone. Raises OSError."""
    if not folder.is_dir():
        return Finding(name, f"{folder} is no folder", f"Set {name} to another.")
    if not os.access(folder, os.W_OK | os.X_OK):
        return Finding(name, f"{folder} cannot be written", f"Make it yours: chown -R $USER {folder}")
    if stat.S_IMODE(folder.stat().st_mode) & 0o077:
        return Finding(name, f"others on this machine can look into {folder}", f"Run: chmod 700 {folder}")
    return Finding(name, f"{folder} is writable, and only you can look into it")


def disk(folder: Path) -> Finding:
    """Whether a gigabyte is free for messages and media."""
    free = shutil.disk_usage(folder).free
    state = f"{free / 1e9:.1f} GB free"
    return Finding("disk", state, "" if free >= LOW_DISK else "Make room: less than 1 GB is left.")


def browser(path: Path) -> Finding:
    """Whether the browser of the tests is there; nothing else needs it."""
    state = f"{path} is there" if path.exists() else "not installed; only './wa test' uses it"
    return Finding("chromium", state)
