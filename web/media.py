"""Files that came or went with a message, as the browser gets them: never as a page of ours, whatever is in them."""

import re
from collections.abc import Container

from flask import Response, request

from shared.host_client import File

MEDIA_ID = re.compile(r"[0-9a-f]{64}", flags=re.ASCII)
POLICY = "default-src 'none'; sandbox"
SHOWN = frozenset(
    {
        "image/jpeg", "image/png", "image/gif", "image/webp", "video/mp4", "video/3gpp",
        "audio/mpeg", "audio/mp4", "audio/aac", "audio/amr", "audio/ogg",
    }
)  # fmt: skip
"""Types that a browser shows beside a message; whatever else it is comes as a download."""


def as_file(media_id: str, file: File | None, *, inline: Container[str] = SHOWN, name: str = "") -> Response:
    """The file as an answer, whole or the part that was asked for; None: the browser has it already.

    inline: the types that may be shown in place. name: under which it is kept when it is not.
    """
    answer = Response(status=304) if file is None else _body(media_id, file, inline, name)
    answer.headers["Cache-Control"] = "private, no-cache"
    answer.headers["Content-Security-Policy"] = POLICY
    answer.set_etag(media_id)
    return answer


def _body(media_id: str, file: File, inline: Container[str], name: str) -> Response:
    kind = file.mime.partition(";")[0].strip().lower()
    shown = kind in inline
    answer = Response(file.data, mimetype=kind if shown else "application/octet-stream")
    answer.headers.set("Content-Disposition", "inline" if shown else "attachment", filename=name or media_id[:16])
    answer.set_etag(media_id)
    answer.make_conditional(request, accept_ranges=True, complete_length=len(file.data))
    return answer
