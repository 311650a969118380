"""The media server: takes encrypted files from clients and gives them out again, over HTTPS on loopback."""

import asyncio
import base64
import hashlib
import hmac
import secrets
import socket
import ssl
import threading

from flask import Flask, Response, request
from werkzeug.serving import BaseWSGIServer, make_server

from simulator.models import Fault
from simulator.network import Network

LARGEST_FILE = 100 << 20
_LONGEST_HANG = 600.0


class MediaServer:
    """Serves on threads of its own until it is closed; `host` is where clients reach it."""

    def __init__(self, network: Network, loop: asyncio.AbstractEventLoop, context: ssl.SSLContext, port: int) -> None:
        """Listens at once (port 0 takes a free one); raises OSError when the port is taken."""
        self._network, self._loop = network, loop
        self._closing = threading.Event()
        self.auth = secrets.token_urlsafe(32)
        self._server: BaseWSGIServer = make_server(
            "127.0.0.1", port, self._application(), threaded=True, ssl_context=context
        )
        self.host = f"127.0.0.1:{self._server.server_port}"
        threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.1}, name="media", daemon=True
        ).start()

    def close(self) -> None:
        """Stops listening."""
        self._closing.set()
        self._server.shutdown()
        self._server.server_close()

    def _application(self) -> Flask:
        app = Flask(__name__)
        app.config["MAX_CONTENT_LENGTH"] = LARGEST_FILE
        app.add_url_rule("/mms/<kind>/<token>", "upload", self._upload, methods=["POST"])
        app.add_url_rule("/mms/<kind>/<token>", "delete", self._delete, methods=["DELETE"])
        app.add_url_rule("/v/sim/<path:name>", "download", self._download, methods=["GET"])
        return app

    def _upload(self, kind: str, token: str) -> Response:
        if refusal := self._refusal("upload"):
            return refusal
        data = request.get_data()
        if not self._allowed():
            return Response(status=401)
        if not hmac.compare_digest(token.rstrip("=").encode(), _token(data).encode()):
            return Response(status=400)
        path = self._network.files.keep_sealed(data)
        self._note("media-uploaded", kind=kind, size=len(data))
        answer = Response(status=200, content_type="application/json")
        answer.set_data(f'{{"url": "https://{self.host}{path}", "direct_path": "{path}"}}')
        return answer

    def _download(self, name: str) -> Response:
        if refusal := self._refusal("download"):
            return refusal
        data = self._network.files.sealed(f"/v/sim/{name}")
        if data is None:
            return Response(status=404)
        self._note("media-downloaded", size=len(data))
        return Response(data, content_type="application/octet-stream")

    def _delete(self, kind: str, token: str) -> Response:
        if not self._allowed():
            return Response(status=401)
        padded = request.args.get("d_md", "")
        path = base64.urlsafe_b64decode(padded + "=" * (-len(padded) % 4)).decode(errors="replace")
        self._network.files.forget_sealed(path)
        self._note("media-deleted", kind=kind)
        return Response(status=200)

    def _allowed(self) -> bool:
        return hmac.compare_digest(request.args.get("auth", "").encode(), self.auth.encode())

    def _refusal(self, stanza: str) -> Response | None:
        """What a fault rule for `upload` or `download` makes of this request; None lets it be served."""
        fault = asyncio.run_coroutine_threadsafe(self._play(stanza), self._loop).result()
        if fault is None:
            return None
        if fault.action == "late-ack":
            self._closing.wait(fault.after_ms / 1000)
            return None
        if fault.action == "hang":
            self._closing.wait(_LONGEST_HANG)
        if fault.action in ("hang", "close"):
            request.environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
        return Response(status=fault.code)

    async def _play(self, stanza: str) -> Fault | None:
        return self._network.fault(stanza)

    def _note(self, happening: str, /, **detail: str | int) -> None:
        def add() -> None:
            self._network.happenings.add(happening, **detail)

        self._loop.call_soon_threadsafe(add)


def _token(data: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(data).digest()).decode().rstrip("=")
