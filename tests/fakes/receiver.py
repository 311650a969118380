"""A real HTTP server that takes notices as an owner's would: each is verified by the reference library."""

import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from standardwebhooks import Webhook, WebhookVerificationError

SECRET = "whsec_" + "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVo="


class Taken(NamedTuple):
    """One notice whose signature was right."""

    id: str
    notice: dict[str, Any]


class Receiver:
    """Where notices go: `taken` in order; `forged` counts what was not signed right, `broken` what was not said to
    its end. The answer is `status`, once `wait` is set where there is one."""

    def __init__(self) -> None:
        self.url = ""
        self.status = 204
        self.location: str | None = None
        self.wait: threading.Event | None = None
        self.taken: list[Taken] = []
        self.hosts: list[str | None] = []
        self.forged = 0
        self.broken = 0

    def take(self, body: bytes, headers: dict[str, str]) -> None:
        """Verify and keep."""
        try:
            notice = Webhook(SECRET).verify(body, headers)
        except WebhookVerificationError:
            self.forged += 1
        else:
            self.taken.append(Taken(headers["webhook-id"], notice))


def certificate(name: str, folder: Path) -> Path:
    """A file with a key and a certificate for that host name, good for whoever trusts this very file."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, SHA256())
    )
    file = folder / f"{name}.pem"
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    file.write_bytes(private + made.public_bytes(Encoding.PEM))
    return file


@contextmanager
def receiving(certificate: Path | None = None) -> Iterator[Receiver]:
    """Listen on a free loopback port until the block ends; https with a file of `certificate`'s."""
    receiver = Receiver()

    class Answer(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            receiver.hosts.append(self.headers.get("Host"))
            receiver.take(body, {name.lower(): value for name, value in self.headers.items()})
            if receiver.wait:
                receiver.wait.wait(60)
            self.send_response(receiver.status)
            if receiver.location:
                self.send_header("Location", receiver.location)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def handle(self) -> None:
            try:
                super().handle()
            except (ssl.SSLError, ConnectionError):
                receiver.broken += 1

        def log_message(self, *args: object) -> None:
            """Nothing to standard error."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    receiver.url = f"{'https' if certificate else 'http'}://127.0.0.1:{server.server_port}/hook?to=owner"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield receiver
    finally:
        if receiver.wait:
            receiver.wait.set()
        server.shutdown()
        server.server_close()
        thread.join()
