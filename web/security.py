"""What every answer carries, what every unsafe request must show, and which proxies are believed."""

import gzip
from urllib.parse import urlsplit

from flask import Flask, Request, Response
from werkzeug.middleware.proxy_fix import ProxyFix

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; media-src 'self'; "
    "connect-src 'self'; manifest-src 'self'; worker-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
_HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
WORTH_PACKING = 1000
"""Bytes."""

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


def believe_proxies(app: Flask, count: int) -> None:
    """Take address, scheme and host from exactly this many proxies; from none, unless told."""
    if count:
        wrapped = ProxyFix(app.wsgi_app, x_for=count, x_proto=count, x_host=count)
        app.wsgi_app = wrapped  # type: ignore[method-assign]  # as Flask's documentation wraps it


def from_elsewhere(request: Request) -> bool:
    """Whether an unsafe request was made by a page that is not ours.

    Browsers say where a request comes from in Sec-Fetch-Site, or at least in Origin; a program that sends neither
    carries no cookie of the owner's by itself, so it is let through to the login.
    """
    if request.method in _SAFE:
        return False
    if site := request.headers.get("Sec-Fetch-Site"):
        return site not in ("same-origin", "none")
    if (origin := request.headers.get("Origin")) is None:
        return False
    return urlsplit(origin)[:2] != (request.scheme, request.host)


def protect(response: Response, *, secure: bool) -> Response:
    """The answer with the headers that keep a browser from doing what this page never asks for."""
    for name, value in _HEADERS.items():
        response.headers.setdefault(name, value)
    if secure:
        response.headers.setdefault("Strict-Transport-Security", "max-age=31536000")
    response.headers.setdefault("Cache-Control", "no-store")
    return response


def smaller(response: Response, request: Request) -> Response:
    """A page as gzip, for browsers that read it so: a full agenda is a tenth of its size then.

    Not the pages of chats: what a stranger wrote stands there beside what is private, and how well the one compresses
    would tell of the other to somebody who sees only sizes.
    """
    mixed = (request.blueprint or "").split(".")[0] == "chats"
    if response.mimetype == "text/html" and not (mixed or response.is_streamed or response.content_encoding):
        response.vary.add("Accept-Encoding")
        body = response.get_data()
        if len(body) >= WORTH_PACKING and request.accept_encodings["gzip"]:
            response.set_data(gzip.compress(body, compresslevel=4, mtime=0))
            response.content_encoding = "gzip"
    return response


def cookie_name(request: Request) -> str:
    """`__Host-` binds the cookie to this host on HTTPS; on loopback the port keeps two pages' cookies apart."""
    if request.is_secure:
        return "__Host-vpslink"
    port = request.host.rpartition(":")[2]
    return f"vpslink-{port if port.isascii() and port.isdigit() else 80}"
