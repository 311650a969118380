"""The WhatsApp connection: the code to scan or to type, the state in words, and logging out."""

from datetime import datetime
from typing import Any, NamedTuple

from flask import Blueprint, Response, abort, request, url_for
from pydantic import TypeAdapter

from shared.host_client import HostError, HostRefused
from shared.model import address
from shared.model.address import BadAddress
from shared.model.link import Link, LinkStatus
from shared.model.values import Instant
from web import texts, told
from web.parts import parts
from web.recipients import typed_address
from web.rendering import page as rendered
from web.rendering import see_other, tell

page = Blueprint("link", __name__)
_INSTANT: TypeAdapter[datetime] = TypeAdapter(Instant)
_MAY_PAIR = (Link.UNLINKED, Link.LOGGED_OUT, Link.NEEDS_PASSKEY, Link.STUCK, Link.REPLACED)
GAPS_SHOWN = 20
_LINKED = (Link.CONNECTING, Link.CONNECTED, Link.CATCHING_UP, Link.PHONE_SILENT, Link.RECONNECTING, Link.STUCK)


class Backup(NamedTuple):
    """How the link is backed up: whether at all, when last, why the last try failed."""

    on: bool
    last: datetime | None
    trouble: str | None


class Unreadable(NamedTuple):
    """How many messages this host could not decrypt, and since when."""

    total: int
    since: datetime

    @property
    def sentence(self) -> str:
        """How many, in words."""
        return texts.UNREADABLE(self.total)


class Gap(NamedTuple):
    """A time in which something may have been missed, and why, in a sentence; `until` None: it may still be."""

    since: datetime
    until: datetime | None
    sentence: str


class Captured(NamedTuple):
    """How many messages the host has kept, why it keeps none now, and the newest of its `gap_count` gaps."""

    messages: int
    trouble: str | None
    gap_count: int
    gaps: tuple[Gap, ...]

    @property
    def sentence(self) -> str:
        """How many, in words."""
        return texts.CAPTURED(self.messages) if self.messages else texts.CAPTURED_NONE

    @property
    def gaps_sentence(self) -> str:
        """How often something may be missing, in words."""
        return texts.GAPS(self.gap_count)

    @property
    def stamp(self) -> str:
        """Changes whenever this has to look different."""
        return f"{self.messages}.{self.gap_count}.{bool(self.trouble)}"


class Connection(NamedTuple):
    """What the link page shows; `problem` is a sentence where the host did not answer."""

    status: LinkStatus | None = None
    number: str | None = None
    svg: str | None = None
    expires_at: datetime | None = None
    problem: str | None = None
    backup: Backup | None = None
    unreadable: Unreadable | None = None
    code: str | None = None
    captured: Captured | None = None

    @property
    def may_pair(self) -> bool:
        """Whether asking for a new code makes sense."""
        return self.status is not None and self.status.state in _MAY_PAIR

    @property
    def may_type(self) -> bool:
        """Whether a code to type into the phone can be asked for."""
        return self.may_pair or (self.status is not None and self.status.state is Link.PAIRING)

    @property
    def linked(self) -> bool:
        """Whether there is an account to log out."""
        return self.number is not None or (self.status is not None and self.status.state in _LINKED)

    @property
    def stamp(self) -> str:
        """Changes whenever the panel has to look different; says nothing of the code itself."""
        code = f"{self.expires_at:%H%M%S}{'t' * bool(self.code)}" if self.expires_at and self.svg else "none"
        since = f"{self.status.state}{self.status.since:%H%M%S}" if self.status else "unknown"
        unread = self.unreadable.total if self.unreadable else 0
        backup = f"{self.backup.last:%d%H%M%S}" if self.backup and self.backup.last else "none"
        again = f"{self.status.next_try:%H%M%S}" if self.status and self.status.next_try else "none"
        failed = bool(self.backup and self.backup.trouble)
        kept = self.captured.stamp if self.captured else ""
        told = f"{self.number is not None}-{bool(self.problem)}-{unread}-{backup}-{failed}-{again}-{kept}"
        return f"{since}-{code}-{told}"


@page.get("/link")
def show() -> Response:
    """The state of the connection, and the code while there is one."""
    return _shown()


@page.get("/link/panel")
def panel() -> Response:
    """The same, for htmx: it renews itself. 204 while it is what the open page shows already (`seen`)."""
    connection = _connection()
    if request.args.get("seen") == connection.stamp:
        return Response(status=204)
    return rendered("parts/link_panel.html", connection=connection, typed="", errors={})


@page.get("/link/code.svg")
def code() -> Response:
    """The QR code as a picture, never kept by the browser."""
    svg = _connection().svg
    if svg is None:
        abort(404)
    if "xmlns=" not in svg:  # meant to stand inside a page; a picture of its own needs its namespace
        svg = svg.replace("<svg", '<svg xmlns="http://www.w3.org/2000/svg"', 1)
    return Response(svg, mimetype="image/svg+xml", headers={"Cache-Control": "no-store"})


@page.post("/link")
def pair() -> Response:
    """Ask for a new code: to scan, or with a phone number to type into that phone."""
    typed = request.form.get("phone")
    try:
        phone = None if typed is None else _phone(typed)
    except BadAddress as error:
        return _shown(typed or "", told.of(error), status=422)
    try:
        parts().host.pair(phone)
        tell(texts.PAIRING_AGAIN if phone is None else texts.PAIRING_BY_CODE)
    except HostRefused as error:
        if phone is not None:
            parts().watch.forget()
            return _shown(typed or "", told.of(error), status=422)
        tell(told.of(error), tone="bad")
    except HostError as error:
        tell(told.of(error), tone="bad")
    parts().watch.forget()
    return see_other(url_for("link.show"))


@page.post("/link/logout")
def logout() -> Response:
    """Unlink the account from this host; the form that asks is a step of its own."""
    try:
        parts().host.logout()
        tell(texts.LOGGED_OUT)
    except HostError as error:
        tell(told.of(error), tone="bad")
    parts().watch.forget()
    return see_other(url_for("link.show"))


def _shown(typed: str = "", problem: str | None = None, *, status: int = 200) -> Response:
    errors = {"phone": problem} if problem else {}
    return rendered("link.html", status, connection=_connection(), typed=typed, errors=errors)


def _phone(typed: str) -> str:
    """The number of the phone, as it was typed. Raises BadAddress."""
    found = typed_address(typed[:80], parts().settings.country)
    if found.kind is not address.Kind.PHONE:
        raise BadAddress(texts.ONLY_A_NUMBER)
    return f"+{found.user}"


def _connection() -> Connection:
    try:
        return read(parts().host.link())
    except HostError as error:
        return Connection(problem=told.of(error))


def read(answer: dict[str, Any]) -> Connection:
    """The host's answer; a field that makes no sense becomes a sentence."""
    pairing = answer.get("pairing") or {}
    try:
        status = told.link(LinkStatus.model_validate(answer["status"]))
        expires_at = _INSTANT.validate_python(pairing["expiresAt"]) if pairing.get("expiresAt") else None
        backup, unreadable = _backup(answer.get("backup")), _unreadable(answer.get("undecryptable"))
        captured = _captured(answer.get("capture"))
    except (KeyError, TypeError, ValueError, AttributeError):  # pydantic's is a ValueError
        return Connection(problem=texts.HOST_NOT_UNDERSTOOD_HERE)
    number, svg = answer.get("number"), pairing.get("svg")
    return Connection(
        status, str(number) if number else None, str(svg) if svg else None, expires_at,
        backup=backup, unreadable=unreadable, code=str(pairing["code"]) if pairing.get("code") else None,
        captured=captured,
    )  # fmt: skip


def _backup(answer: Any) -> Backup | None:
    if not answer:
        return None
    last = _INSTANT.validate_python(answer["last"]) if answer.get("last") else None
    return Backup(bool(answer.get("on")), last, str(answer["trouble"]) if answer.get("trouble") else None)


def _unreadable(answer: Any) -> Unreadable | None:
    if not answer or not answer.get("count"):
        return None
    return Unreadable(int(answer["count"]), _INSTANT.validate_python(answer["since"]))


def _captured(answer: Any) -> Captured | None:
    if not answer:
        return None
    gaps = tuple(
        Gap(
            _INSTANT.validate_python(each["from"]),
            _INSTANT.validate_python(each["to"]) if each.get("to") else None,
            told.translated(str(each["sentence"])),
        )
        for each in answer["gaps"][:GAPS_SHOWN]
    )
    trouble = str(answer["trouble"]) if answer.get("trouble") else None
    return Captured(int(answer["count"]), trouble, int(answer["gapCount"]), gaps)
