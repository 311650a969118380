"""The simulated phone: a page for people beside the control port's JSON. Chats, ticks, typing, scanning, faults.

It opens with the token in its address once (`/?token=…`) and keeps a cookie; what changes something must come from
the page itself. It works without JavaScript; with it, the page follows what happens.
"""

import asyncio
import hashlib
import hmac
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, Response, jsonify, redirect, render_template, request
from pydantic import BaseModel, ValidationError
from werkzeug.wrappers import Response as AnyResponse

from simulator import phone_view
from simulator.models import AddressBookName, ContactChange, LinkCode, PhoneText, Scan, TextToSend, WhichAccount
from simulator.network import Network
from simulator.presets import PRESETS
from simulator.values import Value

NAME = "phone"
_COOKIE = "simulated-phone"
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
_LONGEST_WAIT = 20.0

CarryOut = Callable[..., BaseModel | list[Any]]
"""Does what a route of the control port does: its name, the body, the number in its path. Raises CannotDo."""


class CannotDo(Exception):
    """The control port refuses; the text says why."""


class _Nothing(Value):
    """A request without a body."""


def address(control: str, token: str) -> str:
    """The page's address with the token in it; the page takes it out of the address bar."""
    return f"{control}/?{urlencode({'token': token})}"


def blueprint(network: Network, loop: asyncio.AbstractEventLoop, token: str, carry_out: CarryOut) -> Blueprint:
    """The page, for the control port's application."""
    page = Blueprint(
        NAME, __name__, template_folder="templates", static_folder="static", static_url_path="/phone/static"
    )
    cookie = hmac.new(token.encode(), b"the simulated phone", hashlib.sha256).hexdigest()

    @page.before_request
    def check() -> AnyResponse | tuple[str, int] | None:
        return _keep_out(token, cookie)

    @page.after_request
    def protect(response: Response) -> Response:
        response.headers.update(_HEADERS)
        return response

    @page.get("/")
    def show() -> str:
        return _render(network, loop)

    @page.get("/live")
    def live() -> Response:
        after = request.args.get("after", default=0, type=int)
        waiting = asyncio.run_coroutine_threadsafe(network.happenings.wait(after, _LONGEST_WAIT), loop)
        waiting.result()
        return jsonify(last=network.happenings.last)

    @page.post("/act/<action>")
    def act(action: str) -> AnyResponse | tuple[str, int]:
        form = {name: value.strip() for name, value in request.form.items()}
        if action not in _ACTIONS:
            return "There is no such button.", 404
        try:
            _ACTIONS[action](carry_out, form)
        except ValidationError as error:
            return _render(network, loop, _sentence(error)), 422
        except CannotDo as error:
            return _render(network, loop, str(error)), 422
        return redirect(f"/?{urlencode({name: form[name] for name in ('account', 'chat') if form.get(name)})}", 303)

    return page


def _keep_out(token: str, cookie: str) -> AnyResponse | tuple[str, int] | None:
    """What is answered to who may not come in, or comes in just now; None lets the request pass."""
    if request.endpoint == f"{NAME}.static":
        return None  # the same for everybody
    if request.method == "GET" and (given := request.args.get("token")) and request.path == "/":
        return _enter(given, token, cookie)
    if not hmac.compare_digest(request.cookies.get(_cookie_name(), "").encode(), cookie.encode()):
        return render_template("locked.html"), 401
    if request.method != "GET" and not _from_this_page():
        return "This request did not come from the simulated phone's page.", 403
    return None


def _enter(given: str, token: str, cookie: str) -> AnyResponse | tuple[str, int]:
    if not hmac.compare_digest(given.encode(), token.encode()):
        return render_template("locked.html"), 401
    response = redirect("/", 303)
    response.set_cookie(_cookie_name(), cookie, httponly=True, samesite="Strict")
    return response


def _cookie_name() -> str:
    """One for each port: cookies do not tell ports apart, and several simulators may run."""
    port = request.host.rpartition(":")[2]
    return f"{_COOKIE}-{port if port.isascii() and port.isdigit() else 80}"


def _from_this_page() -> bool:
    """Whether a browser says so; one that says nothing is not believed."""
    if site := request.headers.get("Sec-Fetch-Site"):
        return site == "same-origin"
    return request.headers.get("Origin", "").rstrip("/") == request.host_url.rstrip("/")


def _render(network: Network, loop: asyncio.AbstractEventLoop, problem: str = "") -> str:
    chosen = request.form if request.method == "POST" else request.args

    async def look() -> phone_view.Screen:
        return phone_view.screen(network, chosen.get("account", ""), chosen.get("chat", ""))

    screen = asyncio.run_coroutine_threadsafe(look(), loop).result()
    return render_template("phone.html", screen=screen, presets=PRESETS, problem=problem)


def _sentence(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False)[0]
    return f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}"


def _say(carry_out: CarryOut, form: dict[str, str]) -> None:
    speaker, chat = form.get("speaker", ""), form.get("chat", "")
    group = chat if chat != speaker else None
    body = TextToSend(text=form.get("text", ""), to=form.get("account") or None, group=group)
    carry_out("POST /contacts/<phone>/send", body, speaker)


def _type(carry_out: CarryOut, form: dict[str, str]) -> None:
    chat = form.get("chat", "")
    where = {"group" if "@" in chat else "to": chat}
    body = {**where, "text": form.get("text", ""), "phone": form.get("account") or None}
    carry_out("POST /phone/send", PhoneText.model_validate(body))


def _read(carry_out: CarryOut, form: dict[str, str]) -> None:
    carry_out("POST /contacts/<phone>/read", _Nothing(), form.get("chat", ""))


def _scan(carry_out: CarryOut, form: dict[str, str]) -> None:
    carry_out("POST /phone/scan", Scan(qr=form.get("qr", ""), phone=form.get("phone", ""), name=form.get("name", "")))


def _code(carry_out: CarryOut, form: dict[str, str]) -> None:
    body = LinkCode(code=form.get("code", ""), phone=form.get("phone", ""), name=form.get("name", ""))
    carry_out("POST /phone/link-code", body)


def _add(carry_out: CarryOut, form: dict[str, str]) -> None:
    carry_out("PUT /contacts/<phone>", ContactChange(name=form.get("name", "")), form.get("phone", ""))


def _name(carry_out: CarryOut, form: dict[str, str]) -> None:
    body = AddressBookName(name=form.get("name") or None, account=form.get("account") or None)
    carry_out("PUT /phone/address-book/<phone>", body, form.get("chat", ""))


def _log_out(carry_out: CarryOut, form: dict[str, str]) -> None:
    carry_out("POST /phone/logout", WhichAccount(phone=form.get("account") or None))


def _fault(carry_out: CarryOut, form: dict[str, str]) -> None:
    if preset := PRESETS.get(form.get("preset", "")):
        carry_out("POST /faults", preset.rule)


_ACTIONS: dict[str, Callable[[CarryOut, dict[str, str]], object]] = {
    "say": _say,
    "type": _type,
    "read": _read,
    "scan": _scan,
    "code": _code,
    "contact": _add,
    "name": _name,
    "logout": _log_out,
    "fault": _fault,
    "clear": lambda carry_out, _form: carry_out("DELETE /faults", _Nothing()),
    "break": lambda carry_out, _form: carry_out("POST /connections/break", _Nothing()),
}
