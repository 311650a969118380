"""Who may come in: every request passes here before any page, and every answer leaves through here."""

from urllib.parse import urlsplit

from flask import Flask, Response, abort, current_app, g, request, url_for
from werkzeug.exceptions import HTTPException

from web import security, texts
from web.parts import parts
from web.rendering import problem_page, see_other
from web.sessions import ABSOLUTE, Session

_ANONYMOUS = frozenset({"assets.own", "assets.htmx", "live.ping", "shell.manifest", "shell.service_worker"})
"""The ones that do not even ask who it is."""

OPEN = _ANONYMOUS | {"login.form", "login.enter", "shell.offline"}
"""The endpoints that need no login; everything else does, also what nobody has thought of yet."""


def guard(app: Flask) -> None:
    """Put the door before every page of the app."""
    app.before_request(_enter)
    app.after_request(_leave)


def session() -> Session:
    """The session of this request; only for pages behind the door."""
    found: Session | None = g.get("session")
    if found is None:
        abort(401)
    return found


def _enter() -> Response | tuple[str, int] | None:
    if security.from_elsewhere(request):
        return problem_page(texts.ELSEWHERE, 403)
    if request.endpoint in _ANONYMOUS:
        return None
    token = request.cookies.get(security.cookie_name(request))
    polled = request.endpoint == "live.stamps"
    g.session = parts().sessions.find(token, parts().clock.now(), touch=not polled)
    if g.session or request.endpoint in OPEN:
        return None
    if request.headers.get("HX-Request") or polled:
        return Response(status=401)  # the page stays as it is, and says so: somebody may be typing
    if request.method == "GET":
        wanted = "" if request.path == "/" else request.full_path.rstrip("?")
        return see_other(url_for("login.form", **({"next": wanted} if wanted else {})))
    return see_other(url_for("login.form", next=_page_before(), undone="yes"))


def _page_before() -> str:
    """The page of ours that a form stood on, where it can be opened again."""
    before = urlsplit(request.referrer or "")
    try:
        current_app.url_map.bind("").match(before.path, method="GET")
    except HTTPException:
        return "/"
    return own_path(f"{before.path}?{before.query}" if before.query else before.path)


def _leave(response: Response) -> Response:
    return security.protect(security.smaller(response, request), secure=request.is_secure)


def own_path(typed: str) -> str:
    """A path of this page to go on to, and nothing that leads elsewhere; "/" in place of what is not."""
    parts_of = urlsplit(typed)
    inside = typed.startswith("/") and not typed.startswith(("//", "/\\")) and "\\" not in typed
    return typed if inside and not parts_of.netloc and not parts_of.scheme and typed.isprintable() else "/"


def let_in(response: Response, token: str) -> Response:
    """The answer with the session's cookie."""
    response.set_cookie(
        security.cookie_name(request),
        token,
        max_age=ABSOLUTE,
        httponly=True,
        samesite="Lax",
        secure=request.is_secure,
        path="/",
    )
    return response


def let_out(response: Response) -> Response:
    """The answer that takes the session's cookie away."""
    response.delete_cookie(
        security.cookie_name(request), path="/", httponly=True, samesite="Lax", secure=request.is_secure
    )
    return response
