"""Logging in and out, and choosing the password."""

from datetime import timedelta

from flask import Blueprint, Response, g, request, url_for

from web import texts
from web.door import let_in, let_out, own_path, session
from web.owner import WeakPassword
from web.parts import parts
from web.rendering import page as rendered
from web.rendering import see_other, tell

page = Blueprint("login", __name__)


@page.get("/login")
def form() -> Response:
    """The login form; at the first run it says where the first-run password is."""
    if g.get("session"):
        return see_other("/")
    undone = texts.SESSION_ENDED_UNDONE if request.args.get("undone") else ""
    return _form(own_path(request.args.get("next", "/")), undone=undone)


@page.post("/login")
def enter() -> Response:
    """Fields: `password`, and `next` (a path of this page). 303 and a cookie; 401 or 429 with a sentence."""
    wanted, address, now = own_path(request.form.get("next", "/")), request.remote_addr or "", parts().clock.now()
    wait = parts().throttle.attempt(address, now)
    if wait is not None:
        answer = _form(wanted, texts.WAIT.format(wait=_minutes(wait)), 429)
        answer.headers["Retry-After"] = str(int(wait.total_seconds()) + 1)
        return answer
    if not parts().owner.knows(request.form.get("password", "")):
        return _form(wanted, texts.WRONG_PASSWORD, 401)
    parts().throttle.succeeded(address, now)
    token = parts().sessions.begin(now, replaces=g.get("session"))
    if parts().owner.first_run and wanted == "/":
        wanted = url_for("login.password")
    return let_in(see_other(wanted), token)


@page.post("/logout")
def leave() -> Response:
    """End this session; what the browser keeps to be read offline goes too."""
    parts().sessions.end(session())
    answer = let_out(see_other(url_for("login.form")))
    answer.headers["Clear-Site-Data"] = '"cache", "storage"'
    return answer


@page.get("/password")
def password() -> Response:
    """The form for the owner's own password."""
    return rendered("password.html", errors={}, first_run=parts().owner.first_run)


@page.post("/password")
def choose() -> Response:
    """Fields: `current` (not at the first run), `new`, `again`. Every other session ends."""
    owner, errors = parts().owner, {}
    new = request.form.get("new", "")
    if not owner.first_run:
        wait = parts().throttle.attempt(request.remote_addr or "", parts().clock.now())
        if wait is not None:
            errors["current"] = texts.WAIT.format(wait=_minutes(wait))
        elif not owner.knows(request.form.get("current", "")):
            errors["current"] = texts.WRONG_CURRENT
    if new != request.form.get("again", ""):
        errors["again"] = texts.NOT_THE_SAME
    if not errors:
        try:
            owner.choose(new)
        except WeakPassword as error:
            errors["new"] = str(error)
    if errors:
        return rendered("password.html", 422, errors=errors, first_run=owner.first_run)
    parts().throttle.succeeded(request.remote_addr or "", parts().clock.now())
    parts().sessions.end_others(session())
    tell(texts.PASSWORD_SAVED)
    return see_other("/")


def _form(wanted: str, error: str = "", status: int = 200, undone: str = "") -> Response:
    first_run = parts().owner.first_run
    return rendered("login.html", status, error=error, wanted=wanted, undone=undone, first_run=first_run)


def _minutes(wait: timedelta) -> str:
    minutes = int(wait.total_seconds() // 60) + 1
    return texts.MINUTES(minutes)
