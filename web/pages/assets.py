"""Static files: our own, and htmx out of its installed wheel."""

import gzip
import mimetypes
from functools import cache

from flask import Blueprint, Response, abort, request

from web.htmx import htmx_source, htmx_version
from web.rendering import STATIC

page = Blueprint("assets", __name__)
_FOREVER = "public, max-age=31536000, immutable"


@page.get("/static/<path:name>")
def own(name: str) -> Response:
    """One of our own files; for ever where its address names its content."""
    if name not in _names():
        abort(404)
    kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
    answer = _answer(_content(name), kind, _FOREVER if request.args.get("v") else "no-cache")
    answer.add_etag()
    answer.make_conditional(request)
    return answer


@page.get("/assets/htmx-<version>.js")
def htmx(version: str) -> Response:
    """htmx, in the version its wheel has."""
    if version != htmx_version():
        abort(404)
    return _answer(htmx_source(), "text/javascript", _FOREVER)


def _answer(content: bytes, kind: str, kept: str) -> Response:
    """A file, made smaller for browsers that can read it so; these are the same for everybody and hold no secret."""
    answer = Response(content, mimetype=kind, headers={"Cache-Control": kept})
    if kind.startswith("text/") or kind == "image/svg+xml":
        answer.vary.add("Accept-Encoding")
        if request.accept_encodings["gzip"]:
            answer.set_data(_smaller(content))
            answer.content_encoding = "gzip"
    return answer


@cache
def _smaller(content: bytes) -> bytes:
    return gzip.compress(content, mtime=0)


@cache
def _names() -> frozenset[str]:
    return frozenset(str(each.relative_to(STATIC)) for each in STATIC.rglob("*") if each.is_file())


@cache
def _content(name: str) -> bytes:
    return (STATIC / name).read_bytes()
