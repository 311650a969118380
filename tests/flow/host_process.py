"""A session host as it really runs: gunicorn, real neonize turned to the simulator, a bucket in a directory."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from session_host import safety, tokens
from shared.host_client import HostClient, HostError, HostUnreachable
from shared.model.message import Message
from shared.model.wire import Handover, HandoverAnswer, item_of
from shared.settings import HostAddress
from shared.store.bucket import Bucket
from shared.store.directory import DirectoryBucket
from shared.store.oplog import Writer
from shared.store.view import Projections
from simulator import redirect
from simulator.control import Control
from tests.flow.simulated import OWNER, ROOT

LONG = 30.0


class HostProcess:
    """One gunicorn over `folder`/host, with the bucket in `folder`/bucket and the log in `folder`/host.log.

    `bucket`: another one than that, to which `environment` leads the host.
    """

    def __init__(self, folder: Path, bucket: Bucket | None = None, **environment: str) -> None:
        self.folder = folder
        self.environment = environment
        self.data = folder / "host"
        redirect.mark(self.data)
        self.bucket = bucket or DirectoryBucket(folder / "bucket", "whatsapp/")
        self.writer = Writer(self.bucket, "web")
        self.token = tokens.create(self.data, "tests", ("send", "read", "manage"))
        self.port = _free_port()
        self.client = HostClient(
            HostAddress.read({"HOST_URL": f"http://127.0.0.1:{self.port}", "HOST_TOKEN": self.token})
        )
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, **environment: str) -> None:
        """Start it and return at once."""
        self.process = self.launch(**environment)

    def launch(self, config: str = "simulator.gunicorn_redirect", **environment: str) -> "subprocess.Popen[bytes]":
        """One more gunicorn over the same folders."""
        with (self.folder / "host.log").open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "gunicorn", "-c", f"python:{config}", "session_host.app:create()"],
                cwd=ROOT,
                env={
                    **os.environ,
                    **safety.ENVIRONMENT,
                    **safety.FRUGAL,
                    "HOST_BIND": f"127.0.0.1:{self.port}",
                    "HOST_DATA_DIR": str(self.data),
                    "PACE": "off",
                    "STORAGE_MODE": "local",
                    "STORAGE_DIR": str(self.folder / "bucket"),
                    "SIMULATOR_READY_FILE": str(self.folder / "simulator.json"),
                    **self.environment,
                    **environment,
                },
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def linked(self, control: Control, phone: str = OWNER) -> None:
        """Start it, scan its QR code with the simulated phone, and wait until it sends."""
        self.start()
        scanned = ""

        def connected() -> bool:
            nonlocal scanned
            link = self.client.link()
            qr = (link["pairing"] or {}).get("qr", "")
            if qr and qr != scanned:
                control.scan(qr, phone)
                scanned = qr
            return bool(link["status"]["state"] == "connected")

        self.until(connected, 3 * LONG)

    def schedule(self, message: Message) -> Message:
        """What web does: store it in the log."""
        name = self.writer.reserve()
        stored = message.evolve(version=name)
        self.writer.append(name, datetime.now(UTC), messages=[stored])
        return stored

    def hand_over(self, *messages: Message, by: str = "web") -> HandoverAnswer:
        """What web and tick do: hand it over."""
        items = tuple(item_of(each) for each in messages)
        return self.client.handover(Handover(by=by, now=datetime.now(UTC), items=items))

    def chat(self, chat: str) -> list[dict[str, Any]]:
        """What its API shows of a chat (a number, or an address), the newest first; nothing where there is none yet."""
        known = [each["id"] for each in self.client.chats()["chats"]]
        if (chat if "@" in chat else f"{chat}@s.whatsapp.net") not in known:
            return []
        found: list[dict[str, Any]] = self.client.chat(chat, limit=500)["messages"]
        return found

    def projected(self, message_id: str) -> Message | None:
        """The message in scheduled.json alone, without the log."""
        return Projections(self.bucket).messages().get(message_id)

    def until(self, condition: Callable[[], bool], seconds: float = LONG) -> None:
        """Wait for something the test would otherwise have to sleep for; shows the host's log when it does not come."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            try:
                if condition():
                    return
            except HostUnreachable:
                pass
            except HostError as error:
                problem = str(error)
                assert "503" in problem or "trouble" in problem.lower(), problem
            assert self.process is None or self.process.poll() is None, self.log()
            time.sleep(0.02)
        raise AssertionError(f"It did not come to pass within {seconds} s:\n{self.log()}")

    def log(self) -> str:
        """The end of its log."""
        return (self.folder / "host.log").read_text(errors="replace")[-6000:]

    def worker(self) -> int:
        """The process id of gunicorn's one worker."""
        assert self.process is not None
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        assert len(children) == 1
        return int(children[0])

    def stop(self) -> int:
        """Ask it to leave; its exit code."""
        self.client.close()
        if self.process is None:
            return 0
        self.process.terminate()
        try:
            return self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise


@contextmanager
def running_host(
    folder: Path, control: Control, bucket: Bucket | None = None, **environment: str
) -> Iterator[HostProcess]:
    """A host that is linked and sends; it leaves at the end."""
    host = HostProcess(folder, bucket, **environment)
    try:
        host.linked(control)
        yield host
    finally:
        host.stop()


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])
