"""A form's attachment, taken in or removed while the rest is being written; and the files of messages, to look at."""

from collections.abc import Mapping
from itertools import chain
from typing import IO, NamedTuple, cast

from flask import Blueprint, Request, Response, abort, request

from shared.host_client import File
from shared.model import media_headers
from shared.model.content import MAX_MEDIA, MIMES, Attachment, Media
from shared.store.errors import NotFound
from web import attaching, draft, texts
from web.attaching import PLAIN, BadFile
from web.draft import KEPT, Filled
from web.media import MEDIA_ID, as_file
from web.parts import parts
from web.rendering import page as rendered
from web.rendering import problem_page

page = Blueprint("attachments", __name__)

MOST_BYTES = 64_000_000
"""Of a form with a file: one that is too large is still read and refused beside what was typed, up to this."""

_WITH_FILE = frozenset(
    {"messages.schedule", "messages.change", "messages.compose_again", "series.change", "attachments.attach"}
)
_PICTURES = MIMES["image"] or frozenset()


class Attached(NamedTuple):
    """What a form has attached, and a sentence where that cannot be."""

    attachment: Attachment | None
    error: str = ""


class PageRequest(Request):
    """A request; of a file in a form with an attachment, no more is kept than shows that it is too large."""

    def _get_file_stream(
        self,
        total_content_length: int | None,
        content_type: str | None,
        filename: str | None = None,
        content_length: int | None = None,
    ) -> IO[bytes]:
        stream = super()._get_file_stream(total_content_length, content_type, filename, content_length)
        return cast(IO[bytes], _Bounded(stream)) if self.endpoint in _WITH_FILE else stream


class _Bounded:
    """A stream that forgets what comes after the most a file may have."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream, self._left = stream, MAX_MEDIA + 1

    def write(self, data: bytes) -> int:
        self._stream.write(data[: self._left])
        self._left -= min(self._left, len(data))
        return len(data)

    def __getattr__(self, name: str) -> object:
        return getattr(self._stream, name)


@page.before_app_request
def expect_a_file() -> Response | None:
    """Forms with an attachment may be larger than others."""
    if request.endpoint not in _WITH_FILE or request.mimetype != "multipart/form-data":
        return None
    request.max_content_length = MOST_BYTES
    if (request.content_length or 0) > MOST_BYTES:
        return problem_page(texts.FORM_FAR_TOO_LARGE.format(most=MAX_MEDIA // 1_000_000), 413)
    return None


@page.post("/compose/attachment")
def attach() -> Response:
    """For htmx: take in `file`, or with `do`=detach remove what is attached; the form's part about it.

    Also answered with 200 where the file is refused: the part says why.
    """
    attached = of_form(None)
    typed = named(attached)
    if attached.error and not typed["attached"] and request.form.get("attached") == KEPT:
        typed["attached"] = KEPT
    errors = {"file": attached.error} if attached.error else {}
    return rendered("parts/attachment_field.html", typed=typed, errors=errors, attachment=attached.attachment)


@page.get("/attachments/<media_id>")
def file(media_id: str) -> Response:
    """A file that a message or a form names; shown by the browser only where it is a picture, else a download."""
    media = known(media_id) if MEDIA_ID.fullmatch(media_id) else None
    if media is None:
        abort(404, description=texts.NO_FILE)
    if request.if_none_match.contains(media_id):
        return as_file(media_id, None)
    try:
        data = parts().attaching.data(media_id)
    except NotFound:
        abort(404, description=texts.NO_FILE)
    found = File(data, media_headers.mime(data) or PLAIN)
    return as_file(media_id, found, inline=_PICTURES, name=media.name or "")


def only_asked() -> bool:
    """Whether the form is sent for its attachment only, as browsers without scripts do; nothing is saved then."""
    return request.form.get("do") in ("attach", "detach")


def of_form(kept: Attachment | None) -> Attached:
    """What the form has attached: its `file`, stored now, else what it names. kept: what the message had so far.

    Raises StoreError.
    """
    if request.form.get("do") == "detach":
        return Attached(None)
    given = request.files.get("file")
    if given is None or not given.filename:
        return _as_named(kept)
    try:
        wanted = request.form.get("send_as", "")
        return Attached(parts().attaching.take(given.stream, given.mimetype, given.filename, wanted))
    except BadFile as error:
        return Attached(_as_named(kept).attachment, str(error))


def only_of_file(errors: Mapping[str, str]) -> dict[str, str]:
    """Of a form's errors the one of its file: that is no longer in the form, so it has to be said at once."""
    return {name: sentence for name, sentence in errors.items() if name == "file"}


def whole(attached: Attached) -> Attached:
    """The same once it is certain that the file is still kept; else it says so. Raises StoreError."""
    media = attached.attachment
    if attached.error or not isinstance(media, Media) or parts().attaching.there(media):
        return attached
    return Attached(None, texts.FILE_GONE)


def with_file(filled: Filled, attached: Attached) -> Filled:
    """The form as filled in, with what was made of its file."""
    errors = {**filled.errors, **({"file": attached.error} if attached.error else {})}
    made = None if errors else filled.draft
    typed = filled.typed | named(attached)
    return filled._replace(typed=typed, errors=errors, draft=made, attachment=attached.attachment)


def named(attached: Attached) -> dict[str, str]:
    """The form's fields for it; as what it is to be sent is as it was chosen."""
    typed = draft.of_attachment(attached.attachment)
    return typed | {"send_as": request.form.get("send_as", typed["send_as"])}


def _as_named(kept: Attachment | None) -> Attached:
    """What the form names; a form that says nothing of it leaves it as it is."""
    typed = request.form.get("attached")
    if typed is None or typed == KEPT:
        return Attached(kept)
    if not typed:
        return Attached(None)
    media = kept if isinstance(kept, Media) and kept.media == typed else known(typed)
    if media is None:
        return Attached(None, texts.FILE_GONE)
    try:
        return Attached(attaching.sent_as(media, request.form.get("send_as", "")))
    except BadFile as error:
        return Attached(media, str(error))


def known(media_id: str) -> Media | None:
    """A file that was attached here lately, or that a message or a series names. Raises StoreError."""
    if not MEDIA_ID.fullmatch(media_id):
        return None
    if (found := parts().attaching.find(media_id)) is not None:
        return found
    snapshot = parts().records.now()
    attached = chain(
        (each.attachment for each in snapshot.messages.values()), (each.attachment for each in snapshot.series.values())
    )
    return next((each for each in attached if isinstance(each, Media) and each.media == media_id), None)
