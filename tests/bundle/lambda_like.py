"""AWS Lambda as the bundle meets it: the Runtime API over HTTP, Amazon's own runtime client in a process of its own,
and nothing on its path but the unzipped bundle and what Lambda's runtime brings.
"""

import json
import os
import queue
import subprocess
import threading
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple

FUNCTION = "whatsapp-tick-Tick-0A1B2C3D4E5F"
ARN = f"arn:aws:lambda:us-east-1:123456789012:function:{FUNCTION}"
TIMEOUT_SECONDS = 50
MEMORY_MB = 256
_STOP_SECONDS = 10


class Answered(NamedTuple):
    """How one invocation ended: `error` is what Lambda would count in the Errors metric, else None."""

    value: Any
    error: dict[str, Any] | None
    milliseconds: float


class InitFailed(AssertionError):
    """The function could not be loaded; `problem` is what the runtime reported."""

    def __init__(self, problem: dict[str, Any]) -> None:
        super().__init__(f"{problem.get('errorType')}: {problem.get('errorMessage')}")
        self.problem = problem


class _RuntimeApi(ThreadingHTTPServer):
    """What a runtime asks for its next event, and tells how it went. Invocations of one environment come one by one."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Runtime)
        self.events: queue.Queue[tuple[str, bytes] | None] = queue.Queue()
        self.answers: queue.Queue[tuple[str, str, bytes]] = queue.Queue()
        self.asked = threading.Event()
        self.asked_at = 0.0

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A runtime is ended while it waits for its next event: that its connection breaks is no news."""


class _Runtime(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _RuntimeApi

    def do_GET(self) -> None:
        """/runtime/invocation/next waits for as long as there is no event."""
        if not self.server.asked.is_set():
            self.server.asked_at = time.perf_counter()
            self.server.asked.set()
        event = self.server.events.get()
        if event is None:
            self.close_connection = True
            return
        request, body = event
        self._say(
            200,
            body,
            {
                "Lambda-Runtime-Aws-Request-Id": request,
                "Lambda-Runtime-Deadline-Ms": str(int((time.time() + TIMEOUT_SECONDS) * 1000)),
                "Lambda-Runtime-Invoked-Function-Arn": ARN,
            },
        )

    def do_POST(self) -> None:
        """/runtime/invocation/<request>/response or …/error, or /runtime/init/error."""
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        *_, request, what = self.path.split("/")
        self.server.answers.put((request, what, body))
        self.server.asked.set()
        self._say(202, b"{}", {})

    def _say(self, status: int, body: bytes, headers: Mapping[str, str]) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", "Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        """Nothing to standard error."""


class Environment:
    """One execution environment of the function: a process that stays warm between its invocations."""

    def __init__(self, api: _RuntimeApi, process: "subprocess.Popen[bytes]", log: Path, started: float) -> None:
        self._api, self._process, self._log, self._started = api, process, log, started

    @property
    def init_ms(self) -> float:
        """From the process's start to its asking for the first event."""
        return (self._api.asked_at - self._started) * 1000

    def wait_until_loaded(self, seconds: float = 60) -> None:
        """Return once it asks for its first event. Raises InitFailed where it reports that it cannot."""
        if not self._api.asked.wait(seconds):
            raise AssertionError(f"The runtime did not ask for an event:\n{self.log()}")
        if not self._api.asked_at:
            raise InitFailed(json.loads(self._api.answers.get(timeout=seconds)[2]))

    def invoke(self, event: Mapping[str, Any], seconds: float = TIMEOUT_SECONDS) -> Answered:
        """Deliver one event and wait for how it went."""
        request = str(uuid.uuid4())
        begun = time.perf_counter()
        self._api.events.put((request, json.dumps(event).encode()))
        try:
            answered, what, body = self._api.answers.get(timeout=seconds)
        except queue.Empty:
            raise AssertionError(f"The function did not answer:\n{self.log()}") from None
        taken = (time.perf_counter() - begun) * 1000
        assert answered == request, "the answer is another request's"
        document = json.loads(body)
        return Answered(document, None, taken) if what == "response" else Answered(None, document, taken)

    def peak_mb(self) -> float:
        """The most memory it has had so far, as the kernel counts it."""
        status = Path(f"/proc/{self._process.pid}/status").read_text()
        return int(status.partition("VmHWM:")[2].split()[0]) / 1024

    def log(self) -> str:
        """What it has printed, which in Lambda is its log group."""
        return self._log.read_text(errors="replace")


@contextmanager
def running(
    task: Path, python: Path, folder: Path, settings: Mapping[str, str], *, handler: str = "app.tick"
) -> Iterator[Environment]:
    """The unzipped bundle in `task` under Lambda's runtime client in `python`'s environment; ended with the block.

    It sees `settings` and what Lambda sets, and nothing of this machine: no time zones, no home.
    """
    folder.mkdir(parents=True, exist_ok=True)
    api = _RuntimeApi()
    serving = threading.Thread(target=api.serve_forever, kwargs={"poll_interval": 0.02})
    serving.start()
    variables = {
        "PATH": os.defpath,
        "LANG": "en_US.UTF-8",
        "TZ": ":UTC",
        "TMPDIR": str(folder),
        "PYTHONTZPATH": "",
        "PYTHONDONTWRITEBYTECODE": "1",
        "LAMBDA_TASK_ROOT": str(task),
        "_HANDLER": handler,
        "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{api.server_port}",
        "AWS_LAMBDA_FUNCTION_NAME": FUNCTION,
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(MEMORY_MB),
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "ASIAROLEOFTHETICK000",
        "AWS_SECRET_ACCESS_KEY": "the role's own",
        "AWS_SESSION_TOKEN": "the role's own",
        **settings,
    }
    log = folder / "function.log"
    with log.open("ab") as output:
        started = time.perf_counter()
        process = subprocess.Popen(
            [str(python), "-m", "awslambdaric", handler],
            cwd=task,
            env=variables,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
    try:
        yield Environment(api, process, log, started)
    finally:
        process.kill()
        process.wait(_STOP_SECONDS)
        api.events.put(None)
        api.shutdown()
        serving.join()
        api.server_close()


def scheduled_event(at: str = "2026-11-22T12:00:00Z") -> dict[str, Any]:
    """What EventBridge sends each minute."""
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": "123456789012",
        "time": at,
        "region": "us-east-1",
        "resources": ["arn:aws:events:us-east-1:123456789012:rule/whatsapp-tick-TickTickEvent-0A1B2C3D4E5F"],
        "detail": {},
    }
