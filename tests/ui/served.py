"""A real page for a browser: gunicorn on a free port over a directory store, with a host that only says things."""

import json
import os
import secrets
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.error import URLError

import segno

from shared.clock import SYSTEM
from shared.host_client import File, HostRefused
from shared.model.contact import Contact
from shared.model.link import Link, LinkStatus, describe
from shared.model.message import Message
from shared.model.owner_settings import PaceStanding
from shared.model.pace import PaceSettings
from shared.model.series import Series
from shared.store.directory import DirectoryBucket
from shared.store.oplog import Writer
from tests.cast import OWNER
from tests.fakes.chats import KeptChats
from tests.fakes.tokens import KeptTokens

ROOT = Path(__file__).parents[2]

SVG = str(segno.make("2@fiction", error="m").svg_inline(scale=6, border=4, dark="#000", light="#fff"))
"""As the session host draws its codes."""

PACE = PaceStanding(holds=PaceSettings(), environment=PaceSettings()).as_json()
"""Which pace it says to go by."""


class SayingHost:
    """An HTTP session host that takes every handover and says what a test told it to say."""

    def __init__(self, folder: Path) -> None:
        self.chats = KeptChats(folder / "captured")
        self.access = KeptTokens(folder / "access", SYSTEM)
        self.link: LinkStatus = describe(Link.CONNECTED, datetime.now(UTC) - timedelta(hours=2))
        self.pairing = False
        self.handovers: list[dict[str, Any]] = []
        host = self

        class Answers(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                data, mime, status = host.answer(self.command, self.path, self._body())
                self.send_response(status)
                self.send_header("Content-Type", mime)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            do_POST = do_DELETE = do_GET  # noqa: N815  (the names the library calls)

            def _body(self) -> bytes:
                return self.rfile.read(int(self.headers.get("Content-Length") or 0))

            def log_message(self, format: str, *args: object) -> None:
                """Nothing: the tests' output stays readable."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"

    def answer(self, method: str, path: str, body: bytes) -> tuple[bytes, str, int]:
        """Body, type and status."""
        if path.startswith("/api/v1/tokens"):
            status, data = self.access.answer(method, path, json.loads(body) if body else None)
            return data, "application/json", status
        if path.startswith(("/api/v1/chats", "/api/v1/search", "/api/v1/media", "/api/v1/groups")):
            return self._about_chats(path)
        return _json(self._document(method, path, body))

    def _about_chats(self, path: str) -> tuple[bytes, str, int]:
        try:
            found = self.chats.answer(path)
        except HostRefused as refused:
            return _json({"detail": str(refused)}, refused.status)
        return (found.data, found.mime, 200) if isinstance(found, File) else _json(found)

    def _document(self, method: str, path: str, body: bytes) -> dict[str, Any]:
        if path.startswith("/api/v1/messages") and method == "POST":
            self.handovers.append(json.loads(body))
            return self.handover_answer()
        if path.startswith("/api/v1/pace"):
            return PACE if path.endswith("/settings") else {"beginsAt": datetime.now(UTC).isoformat()}
        if method == "POST":
            self.pairing, self.link = True, describe(Link.PAIRING, datetime.now(UTC))
        elif method == "DELETE":
            self.link = describe(Link.UNLINKED, datetime.now(UTC))
        return self.health() if path == "/health" else self.link_document()

    def health(self) -> dict[str, Any]:
        now = datetime.now(UTC)
        fold = {"lastTick": (now - timedelta(seconds=20)).isoformat(), "lastFold": now.isoformat()}
        return {"healthy": True, "link": self.link.as_json(), "capture": self.chats.stamp(), **fold}

    def link_document(self) -> dict[str, Any]:
        until = (datetime.now(UTC) + timedelta(seconds=18)).replace(microsecond=0)
        pairing = {"svg": SVG, "qr": "2@fiction", "expiresAt": until.isoformat()} if self.pairing else None
        number = OWNER.number if self.link.sends else None
        return {"status": self.link.as_json(), "number": number, "pairing": pairing}

    def handover_answer(self) -> dict[str, Any]:
        return {"now": datetime.now(UTC).isoformat(), "host": "host-1", "link": self.link.as_json()}


def _json(document: dict[str, Any], status: int = 200) -> tuple[bytes, str, int]:
    return json.dumps(document).encode(), "application/json", status


class Served:
    """A running page: its address, the first-run password, its bucket, and the host it talks to."""

    def __init__(self, folder: Path, host: SayingHost) -> None:
        self.folder, self.host = folder, host
        self.bucket = DirectoryBucket(folder / "bucket", "whatsapp/")
        self.writer = Writer(self.bucket, "test")
        self.url = ""
        self.password = ""
        self.was_away = False
        self.start: Callable[[], None] = lambda: None
        self.end: Callable[[], None] = lambda: None

    @contextmanager
    def away(self) -> Iterator[None]:
        """The page does not answer; after the block it does again, at the same address."""
        self.was_away = True
        self.end()
        yield
        self.start()

    def store(
        self,
        *,
        messages: tuple[Message, ...] = (),
        contacts: tuple[Contact, ...] = (),
        series: tuple[Series, ...] = (),
    ) -> None:
        """Write these records as the host or another page would."""
        name = self.writer.reserve()
        self.writer.append(
            name,
            datetime.now(UTC),
            messages=[message.evolve(version=name) for message in messages],
            contacts=[contact.evolve(version=name) for contact in contacts],
            series=[each.evolve(version=name) for each in series],
        )


@contextmanager
def serve(folder: Path) -> Iterator[Served]:
    """The page while the block runs; the process and the host end with it."""
    host = SayingHost(folder)
    listening = threading.Thread(target=host.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    listening.start()
    served = Served(folder, host)
    port = free_port()
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "STORAGE_DIR": str(folder / "bucket"),
        "WEB_DATA_DIR": str(folder / "web"),
        "WEB_BIND": f"127.0.0.1:{port}",
        "HOST_URL": host.url,
        "HOST_TOKEN": secrets.token_urlsafe(),
    }
    log = (folder / "web.log").open("wb")
    command = [sys.executable, "-m", "gunicorn", "-c", "python:web.gunicorn_conf", "web.app:start()"]
    served.url = f"http://127.0.0.1:{port}"
    running: list[subprocess.Popen[bytes]] = []

    def start() -> None:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=subprocess.STDOUT)
        running.append(process)
        wait_for(lambda: process.poll() is not None or _answers(f"{served.url}/ping"))
        assert process.poll() is None, (folder / "web.log").read_text()

    def end() -> None:
        process = running.pop()
        process.terminate()
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    served.start, served.end = start, end
    try:
        start()
        served.password = (folder / "web" / "first-run-password").read_text().strip()
        yield served
    finally:
        if running:
            end()
        log.close()
        host.server.shutdown()
        host.server.server_close()
        listening.join()


def free_port() -> int:
    """A port nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_for(condition: Callable[[], bool], seconds: float = 20) -> None:
    """Wait until it is true; AssertionError when it does not become true in time."""
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "it did not become true in time"
        time.sleep(0.05)


def _answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(address, timeout=1) as answer:
            return bool(answer.status == 200)
    except (URLError, OSError):
        return False
