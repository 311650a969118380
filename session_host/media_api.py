"""The send API's files and groups: what an attachment can name, and where a message can go besides to people."""

from urllib.parse import unquote

from flask import Response, request
from pydantic import TypeAdapter, ValidationError

from session_host import orders
from session_host.contract import Answer, Call, Contract, Refusal
from session_host.host import Host
from session_host.link import SendFailed
from shared.model import media_headers
from shared.model.access import Scope
from shared.model.content import MAX_MEDIA, FileName, MediaId, Mime
from shared.model.wire import Groups, StoredMedia
from shared.store.errors import NotFound

TURN_SECONDS = 30.0
"""How long a request waits while another file is being stored."""

_MIME: TypeAdapter[str] = TypeAdapter(Mime)
_NAME: TypeAdapter[str] = TypeAdapter(FileName)
_ID: TypeAdapter[str] = TypeAdapter(MediaId)


class MediaApi:
    """The views; they are added to the contract's blueprint."""

    def __init__(self, host: Host, contract: Contract) -> None:
        self._host = host
        contract.add(
            "POST", "/api/v1/media", self.store, scope=Scope.SEND, file=True, query={"name": False},
            answers={201: StoredMedia},
            summary="Store a file that messages can name: its bytes, with Content-Type, and X-Filename or 'name'.",
        )  # fmt: skip
        contract.add("GET", "/api/v1/media/<media_id>", self.show, scope=Scope.READ, summary="The bytes of a file.")
        contract.add(
            "GET", "/api/v1/groups", self.groups, scope=Scope.READ, answers={200: Groups},
            summary="The groups this account is in; their ids can be in 'to'.",
        )  # fmt: skip

    def store(self, _: Call) -> Answer:
        mime, name = _declared_type(), _declared_name()
        request.max_content_length = MAX_MEDIA
        if not self._host.media.turn.acquire(timeout=TURN_SECONDS):
            raise Refusal(503, "Busy", "Other files are being stored: repeat this.", headers={"Retry-After": "10"})
        try:
            data = request.get_data(cache=False)
            if not data:
                raise Refusal(422, "Not understood", "The file is empty: send its bytes as the body.")
            if not media_headers.fits(data, mime):
                found = media_headers.mime(data) or "something else"
                raise Refusal(415, "Not what it says", f"Content-Type says {mime}, and the file looks like {found}.")
            return Answer(self._host.media.put(data, mime, name), 201)
        finally:
            self._host.media.turn.release()

    def show(self, _: Call, media_id: str) -> Response:
        try:
            data = self._host.media.get(_ID.validate_python(media_id))
        except (NotFound, ValidationError):
            raise Refusal(404, "No such file", "There is no file with this id.") from None
        headers = {
            "Cache-Control": "no-store",
            "Content-Disposition": f'attachment; filename="{media_id}"',
            "Content-Security-Policy": "default-src 'none'; sandbox",
            "X-Content-Type-Options": "nosniff",
        }
        return Response(data, mimetype=media_headers.mime(data) or "application/octet-stream", headers=headers)

    def groups(self, _: Call) -> Answer:
        try:
            return Answer(Groups(groups=self._host.link.groups()))
        except SendFailed as error:
            raise Refusal(503, "Not connected", str(error), headers={"Retry-After": "10"}) from None


def _declared_type() -> str:
    codecs = request.mimetype_params.get("codecs")
    declared = f"{request.mimetype}; codecs={codecs.lower()}" if codecs else request.mimetype
    try:
        return _MIME.validate_python(declared)
    except ValidationError:
        sentence = "Say what the file is in Content-Type, for example image/jpeg or application/pdf."
        raise Refusal(415, "What kind of file?", sentence) from None


def _declared_name() -> str | None:
    typed = request.args.get("name") or unquote(request.headers.get("X-Filename", ""))
    try:
        return _NAME.validate_python(typed) if typed else None
    except ValidationError:
        sentence = "A file's name has at most 200 characters and no path: no slash, colon or control character."
        raise orders.wrong("name", sentence) from None
