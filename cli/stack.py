"""The programs of one installation and how they are started: the same for the demo, real use, tests and benches."""

import contextlib
import fcntl
import os
import secrets
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from cli import ROOT
from cli.processes import Child, ProcessProblem, Supervisor, answers
from session_host import safety, tokens
from shared.host_client import HostClient, on_this_machine
from shared.settings import HostAddress, SettingsError, StorageSettings
from shared.store.bucket import Bucket
from shared.store.opening import open_bucket

START_SECONDS = 60
"""How long one program may take until it answers, on a slow machine."""


OWN_NAMES = frozenset({"STORAGE_MODE", "STORAGE_DIR", "HOST_BIND", "HOST_DATA_DIR", "WEB_BIND", "WEB_DATA_DIR"})
"""What an installation sets by itself where nothing else is said; such a plain name wins over a NAME_FILE."""

_EVERYWHERE = {"0.0.0.0": "127.0.0.1", "[::]": "[::1]"}  # noqa: S104 - what people may write, bound by nobody here


class FolderInUse(ProcessProblem):
    """Another installation runs over the same folder."""


class FolderUnusable(ProcessProblem):
    """The folder cannot be made or written."""


@dataclass(frozen=True)
class Folder:
    """Where one installation keeps its files; everything below `root`, which only the owner can read.

    Raises FolderUnusable where it cannot be made.
    """

    root: Path

    def __post_init__(self) -> None:
        try:
            for folder in (self.root, self.logs):
                folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            raise FolderUnusable(
                f"{self.root} cannot be made ({error.strerror}): choose another folder with --data, or make room."
            ) from None

    @property
    def logs(self) -> Path:
        return self.root / "logs"

    @property
    def host(self) -> Path:
        return self.root / "host"

    @property
    def web(self) -> Path:
        return self.root / "web"

    @property
    def token_file(self) -> Path:
        return self.root / "token"

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Nobody else starts programs over this folder meanwhile. Raises FolderInUse, FolderUnusable."""
        try:
            lock = os.open(self.root / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise FolderUnusable(
                f"{self.root} cannot be written ({error.strerror}): choose another --data, or make it yours."
            ) from None
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            raise FolderInUse(
                f"{self.root} is in use by another `wa`: stop that one, or choose another --data."
            ) from None
        try:
            yield
        finally:
            os.close(lock)

    def log(self, name: str) -> Path:
        """The log file of one program."""
        return self.logs / f"{name}.log"


class Stack:
    """One installation. Its programs are started in order and belong to the supervisor."""

    host_config = "session_host.gunicorn_conf"

    def __init__(
        self, supervisor: Supervisor, folder: Folder, *, host_port: int, web_port: int, settings: Mapping[str, str]
    ) -> None:
        """`settings` are environment names on top of the defaults for this folder; of OWN_NAMES none as NAME_FILE.

        Raises SettingsError where HOST_BIND is an address that page and tick cannot reach.
        """
        self.supervisor = supervisor
        self.folder = folder
        bind = settings.get("HOST_BIND") or f"127.0.0.1:{host_port}"
        self.environment = {
            **_inherited(),
            "STORAGE_MODE": "local",
            "STORAGE_DIR": str(folder.root / "bucket"),
            "HOST_URL": host_url(bind),
            "HOST_BIND": bind,
            "HOST_TOKEN_FILE": str(folder.token_file),
            "HOST_DATA_DIR": str(folder.host),
            "WEB_BIND": f"127.0.0.1:{web_port}",
            "WEB_DATA_DIR": str(folder.web),
            **settings,
        }

    @property
    def host_folder(self) -> Path:
        """The session host's own data folder."""
        return Path(self.environment["HOST_DATA_DIR"])

    @property
    def web_folder(self) -> Path:
        """The page's own data folder."""
        return Path(self.environment["WEB_DATA_DIR"])

    @property
    def web_address(self) -> str:
        """Where the page answers."""
        return f"http://{self.environment['WEB_BIND']}"

    def start_host(self) -> HostClient:
        """The session host; makes the token that web and tick use."""
        self._make_token()
        argv = [sys.executable, "-m", "gunicorn", "-c", f"python:{self.host_config}", "session_host.app:create()"]
        host = self.start("host", argv)
        self.supervisor.wait_ready(host, answers(self.environment["HOST_URL"] + "/ping"), START_SECONDS)
        return HostClient(HostAddress.read(self.environment))

    def crash_host(self) -> None:
        """Kill the session host as a crash would; `start_host` starts it again."""
        for child in self.supervisor.children:
            if child.name == "host":
                self.supervisor.crash(child)

    def host_runs(self) -> bool:
        """Whether the session host is there."""
        return any(child.name == "host" and child.running for child in self.supervisor.children)

    def start_web(self) -> None:
        """The web page."""
        web = self.start("web", [sys.executable, "-m", "gunicorn", "-c", "python:web.gunicorn_conf", "web.app:start()"])
        self.supervisor.wait_ready(web, answers(self.web_address + "/login"), START_SECONDS)

    def start_chalice(self) -> str:
        """The Chalice app as `chalice local` serves it; the address of its /tick."""
        port = self.supervisor.free_port(8000)
        program = str(Path(sys.executable).with_name("chalice"))
        argv = [program, "local", "--no-autoreload", "--stage", "local", "--port", str(port)]
        chalice = self.start("tick", argv, cwd=ROOT / "chalice_app")
        address = f"http://127.0.0.1:{port}"
        self.supervisor.wait_ready(chalice, answers(address + "/"), START_SECONDS)
        return address + "/tick"

    def start_tick(self) -> None:
        """The tick in a loop of its own, for people without AWS."""
        self.start("tick", [sys.executable, "-m", "cli", "tick", "--every", "60"])

    def bucket(self) -> Bucket:
        """This installation's bucket, as its programs see it."""
        return open_bucket(StorageSettings.read(self.environment))

    def first_run_password(self) -> str | None:
        """The password the page made at its first run; None once the owner has chosen one."""
        path = self.web_folder / "first-run-password"
        return path.read_text(encoding="utf-8").strip() if path.exists() else None

    def start(self, name: str, argv: list[str], cwd: Path = ROOT) -> Child:
        """One program with this installation's environment and a log of its own."""
        return self.supervisor.start(name, argv, env=self.environment, log=self.folder.log(name), cwd=cwd)

    def _make_token(self) -> None:
        file = self.folder.token_file
        if file.exists() and tokens.Tokens(self.host_folder).bearer(file.read_text(encoding="utf-8")) is not None:
            return
        token = tokens.create(self.host_folder, f"programs-{secrets.token_hex(3)}", scopes=("read", "send", "manage"))
        file.touch(mode=0o600)
        file.write_text(token, encoding="utf-8")


def host_url(bind: str) -> str:
    """Where page and tick on this machine reach a host that listens there. Raises SettingsError where they cannot.

    >>> host_url("127.0.0.2:3912"), host_url("0.0.0.0:3002"), host_url("[::1]:3961")
    ('http://127.0.0.2:3912', 'http://127.0.0.1:3002', 'http://[::1]:3961')
    """
    host, _, port = bind.rpartition(":")
    host = _EVERYWHERE.get(host, host)
    if not on_this_machine(host.strip("[]")):
        raise SettingsError(
            f"HOST_BIND is {bind}, where page and tick would have to send the token in clear text over the network: "
            f"write 127.0.0.1:{port}, and let a proxy with https stand before it for others."
        )
    return f"http://{host}:{port}"


def _inherited() -> dict[str, str]:
    """What children need of this process's environment: nothing that would redirect storage, host or page."""
    kept = (
        "PATH",
        "HOME",
        "LANG",
        "LC_ALL",
        "TZ",
        "TMPDIR",
        "PYTHONDONTWRITEBYTECODE",
        "PYTHONPYCACHEPREFIX",
        "LOG_LEVEL",
        "LOG_FORMAT",
        "DEFAULT_ZONE",
        "DEFAULT_COUNTRY",
        "WEB_LANGUAGE",
    )
    return {
        **{name: os.environ[name] for name in kept if name in os.environ},
        **safety.ENVIRONMENT,
        **{name: os.environ.get(name, value) for name, value in safety.FRUGAL.items()},
        "PYTHONPATH": str(ROOT),
        "PYTHONUNBUFFERED": "1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
    }
