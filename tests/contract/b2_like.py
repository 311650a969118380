"""A store on loopback that behaves like Backblaze B2 where it differs from Amazon: a real HTTP server, moto inside.

moto accepts conditional writes and checksum headers, B2 does not: so a test on plain moto would prove nothing.
"""

import http.client
import threading
from collections import deque
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Any, NamedTuple, Self

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import WSGIRequestHandler, make_server

from shared.store.b2 import B2Bucket

KEY_ID = "004aaaabbbbccccdddd0000001"
SECRET = "K004secretsecretsecretsecretsec"
BUCKET = "whatsapp-test"

Environ = dict[str, Any]
StartResponse = Callable[[str, list[tuple[str, str]]], Any]
Answer = Iterable[bytes]


class Seen(NamedTuple):
    """One request as it arrived."""

    method: str
    path: str
    headers: dict[str, str]


class Fault(NamedTuple):
    """What to answer instead: a status line, headers and error code.

    written: only after doing what was asked. cut: the right answer, but its last bytes never come.
    """

    status: str = "500 Internal Server Error"
    code: str = "InternalError"
    headers: tuple[tuple[str, str], ...] = ()
    written: bool = False
    cut: bool = False
    message: str = "as the test wanted it"


class B2Like:
    """The server: a context manager; `endpoint` once entered. `faults` are answered first, one for each request."""

    def __init__(self) -> None:
        self._moto = DomainDispatcherApplication(create_backend_app)
        self.seen: list[Seen] = []
        self.faults: deque[Fault] = deque()
        self.ignores_conditions = self.open_to_strangers = False
        self._server = make_server("127.0.0.1", 0, self._answer, threaded=True, request_handler=_Quiet)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        self._thread.start()
        self.make_bucket(BUCKET)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def make_bucket(self, name: str) -> None:
        self._put(f"/{name}")

    def keep_versions(self) -> None:
        """Keep what is overwritten and deleted for ever, as B2 does; most tests need no such thing."""
        self.bucket().ask("delete_bucket_lifecycle")  # what an earlier server of this process was told, moto keeps
        self._put(
            f"/{BUCKET}?versioning", b"<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>"
        )

    def _put(self, path: str, body: bytes = b"") -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self._server.server_port)
        connection.request("PUT", path, body, headers={"Authorization": _authorization(KEY_ID)})
        answer = connection.getresponse()
        assert answer.status == 200, answer.read()
        connection.close()

    def bucket(self, prefix: str = "", **changes: Any) -> B2Bucket:
        """Our own bucket, pointed here."""
        return self.at(self.endpoint, prefix, **changes)

    @staticmethod
    def settings(endpoint: str) -> dict[str, str]:
        """The environment that leads to such a server."""
        return {
            "STORAGE_MODE": "s3",
            "B2_BUCKET": BUCKET,
            "B2_S3_ENDPOINT": endpoint,
            "B2_PREFIX": "whatsapp/",
            "B2_ACCESS_KEY_ID": KEY_ID,
            "B2_SECRET_ACCESS_KEY": SECRET,
        }

    @staticmethod
    def at(endpoint: str, prefix: str = "", **changes: Any) -> B2Bucket:
        """Our own bucket, pointed at such a server of another process."""
        fields = {"bucket": BUCKET, "endpoint": endpoint, "access_key_id": KEY_ID, "secret_access_key": SECRET}
        return B2Bucket(prefix=prefix, **(fields | changes))

    def _answer(self, environ: Environ, start: StartResponse) -> Answer:
        headers = {
            name[5:].lower().replace("_", "-"): value for name, value in environ.items() if name.startswith("HTTP_")
        }
        self.seen.append(Seen(environ["REQUEST_METHOD"], environ["PATH_INFO"], headers))
        if self.ignores_conditions:
            environ.pop("HTTP_IF_NONE_MATCH", None)
        stranger = self.open_to_strangers and "authorization" not in headers
        refusal = None if stranger else _refusal(environ["REQUEST_METHOD"], headers)
        fault = refusal or (self.faults.popleft() if self.faults else None)
        if fault is None:
            answer: Answer = self._moto(environ, start)
            return answer
        if fault.cut:
            return [b"".join(self._moto(environ, start))[:-1]]
        if fault.written:
            list(self._moto(environ, lambda *_: None))
        else:
            environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        start(fault.status, [("Content-Type", "application/xml"), *fault.headers])
        error = f"<Error><Code>{fault.code}</Code><Message>{fault.message}</Message></Error>"
        return [f'<?xml version="1.0" encoding="UTF-8"?>{error}'.encode()]


def _refusal(method: str, headers: dict[str, str]) -> Fault | None:
    """Where B2 refuses what Amazon takes, and a key it does not know."""
    if KEY_ID not in headers.get("authorization", ""):
        return Fault("403 Forbidden", "InvalidAccessKeyId", message="The key is not valid")
    if method == "PUT" and headers.keys() & {"if-match", "if-none-match"}:
        return Fault("501 Not Implemented", "NotImplemented", message="A header you provided is not implemented")
    crc = [name for name in headers if name.startswith(("x-amz-checksum-", "x-amz-sdk-checksum", "x-amz-trailer"))]
    if crc:
        return Fault("400 Bad Request", "InvalidArgument", message=f"Unsupported header '{crc[0]}' received")
    return None


def _authorization(key_id: str) -> str:
    scope = f"Credential={key_id}/20261122/us-east-1/s3/aws4_request"
    return f"AWS4-HMAC-SHA256 {scope}, SignedHeaders=host, Signature={'0' * 64}"


class _Quiet(WSGIRequestHandler):
    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Requests are in `seen`; the terminal is the tests' own."""
