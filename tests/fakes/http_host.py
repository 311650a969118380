"""A real HTTP server in place of the session host that always gives one answer, and keeps what it was asked."""

import threading
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import NamedTuple


class Asked(NamedTuple):
    """One request as it came."""

    line: str
    authorization: str | None
    body: bytes


class Answering(NamedTuple):
    """Where the server answers, and everything it was asked so far."""

    url: str
    asked: list[Asked]


@contextmanager
def answering(
    status: int, body: bytes, headers: dict[str, str] | None = None, *, tokens: Collection[str] | None = None
) -> Iterator[Answering]:
    """Serve on a free loopback port until the block ends. `tokens`: all others than these are answered 401."""
    asked: list[Asked] = []

    class Answer(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers.get("Content-Length", 0))
            line = f"{self.command} {self.path}"
            asked.append(Asked(line, self.headers.get("Authorization"), self.rfile.read(length)))
            known = tokens is None or asked[-1].authorization in {f"Bearer {token}" for token in tokens}
            self.send_response(status if known else 401)
            for name, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_DELETE = do_POST  # noqa: N815  (the names the library calls)

        def log_message(self, *args: object) -> None:
            """Nothing to standard error."""

    server = HTTPServer(("127.0.0.1", 0), Answer)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield Answering(f"http://127.0.0.1:{server.server_port}", asked)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
