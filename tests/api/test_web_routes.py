"""Every route of the page × (not logged in, from another site, hostile input). A route without a row here fails."""

import io
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

import pytest

from tests.api.web_page import Page
from tests.builders import contact, message, series
from tests.cast import EVE
from tests.fakes import events
from tests.ui.test_web_pages import AFTER_A_STEP, PATHS, WAY_IN

HOSTILE = (
    '<script>alert("x")</script>',
    "'\"><img src=x onerror=alert(1)>",
    "{{7*7}}${7*7}",
    "\u202e\u2066\x00\x07\ufeff",
    "../../../etc/passwd",
    "x" * 100_000,
    "🙂" * 20_000,
    "=cmd|' /C calc'!A0",
    "-1",
    "99999999999999999999",
)


class Row(NamedTuple):
    """One route: is it open to everybody, which fields or query names does it take, is its answer a file to keep."""

    fields: tuple[str, ...] = ()
    open: bool = False
    sandboxed: bool = False


COMPOSE = (
    "to",
    "picked",
    "text",
    "when",
    "when_echoed",
    "date",
    "time",
    "zone",
    "if_late",
    "late_hours",
    "attached",
    "send_as",
    "do",
    "unless_they_write",
    "id",
    "version",
    *("repeat", "every", "weekday", "monthly_on", "ends", "until", "count", "check", "now"),
)
REPEAT = (
    "when",
    "when_echoed",
    "date",
    "time",
    "zone",
    "repeat",
    "every",
    "weekday",
    "ends",
    "until",
    "count",
    "series",
)
CONTACT = ("name", "number", "label", "number-2", "label-2", "aliases", "tags", "notes", "favourite", "more", "version")
MANY = ("do", "id", "everyone", "q", "in_tag", "starred", "tag", "back")
ROUTES = {
    "GET /ping": Row(open=True),
    "GET /login": Row(("next",), open=True),
    "POST /login": Row(("password", "next"), open=True),
    "GET /static/<path:name>": Row(("v",), open=True),
    "GET /assets/htmx-<version>.js": Row(open=True),
    "GET /manifest.webmanifest": Row(open=True),
    "GET /service-worker.js": Row(open=True),
    "GET /offline": Row(open=True),
    "POST /logout": Row(),
    "GET /password": Row(),
    "POST /password": Row(("current", "new", "again")),
    "GET /": Row(("show", "q", "person", "limit")),
    "GET /agenda/list": Row(("show", "q", "person", "limit")),
    "GET /agenda/week": Row(("on", "show", "q", "person")),
    "GET /agenda/month": Row(("on", "show", "q", "person")),
    "GET /live": Row(),
    "GET /status": Row(),
    "GET /compose": Row(("to", "text", "when", "date", "from", "undone")),
    "GET /messages": Row(),
    "GET /compose/echo": Row(("when", "when_echoed", "date", "time", "zone")),
    "GET /compose/echo/begun": Row(("when", "when_echoed", "date", "time", "zone")),
    "POST /compose/attachment": Row(("file", "attached", "send_as", "do")),
    "GET /attachments/<media_id>": Row(),
    "POST /compose/checks": Row((*COMPOSE, "seen", "asked")),
    "POST /messages": Row(COMPOSE),
    "GET /messages/<message_id>": Row(),
    "GET /messages/<message_id>/timeline": Row(),
    "GET /messages/<message_id>/edit": Row(),
    "POST /messages/<message_id>": Row(COMPOSE),
    "POST /messages/<message_id>/cancel": Row(("back",)),
    "POST /messages/<message_id>/restore": Row(("back",)),
    "POST /messages/<message_id>/settle": Row(("as", "back")),
    "POST /messages/<message_id>/again": Row(("id",)),
    "POST /messages/<message_id>/pick": Row(("version", "back")),
    "POST /messages/<message_id>/now": Row(("version",)),
    "POST /messages/<message_id>/undo": Row(),
    "GET /messages/<message_id>/undone": Row(),
    "POST /messages/<message_id>/edit/undo": Row(),
    "GET /series": Row(),
    "GET /series/<series_id>": Row(),
    "GET /series/<series_id>/live": Row(),
    "GET /series/<series_id>/edit": Row(),
    "POST /series/<series_id>": Row(COMPOSE),
    "POST /series/<series_id>/undo": Row(),
    "POST /series/<series_id>/state": Row(("to", "back")),
    "POST /series/<series_id>/pick": Row(("version",)),
    "GET /compose/repeat": Row(REPEAT),
    "GET /contacts": Row(("q", "tag", "starred", "select", "page")),
    "GET /contacts/list": Row(("q", "tag", "starred", "select", "page")),
    "GET /contacts/options": Row(("q",)),
    "GET /contacts/new": Row(("number",)),
    "POST /contacts": Row(CONTACT),
    "GET /contacts/<contact_id>": Row(),
    "POST /contacts/<contact_id>": Row(CONTACT),
    "POST /contacts/<contact_id>/favourite": Row(("favourite", "back")),
    "POST /contacts/<contact_id>/delete": Row(("back",)),
    "POST /contacts/<contact_id>/restore": Row(("back",)),
    "GET /chats": Row(("before",)),
    "GET /chats/search": Row(("q", "chat", "before")),
    "GET /chats/<chat_id>": Row(("before", "after", "around", "q")),
    "GET /chats/<chat_id>/export/<form>": Row(("key",), sandboxed=True),
    "GET /chats/exports/<key>": Row(("tries",)),
    "GET /media/<media_id>": Row(),
    "GET /insights": Row(("days",)),
    "POST /contacts/<contact_id>/pick": Row(("version",)),
    "POST /contacts/many": Row(MANY),
    "POST /contacts/changes/<change_id>/undo": Row(("back",)),
    "GET /contacts/duplicates": Row(("page",)),
    "POST /contacts/merge": Row(("id", "version", "back")),
    "POST /contacts/apart": Row(("id", "back")),
    "POST /contacts/apart/<key>/undo": Row(("back",)),
    "GET /contacts/export": Row(("tag", "starred")),
    "GET /contacts/file": Row(("as", "who")),
    "GET /contacts/whatsapp": Row(),
    "POST /contacts/whatsapp": Row(("number", "everyone", "name-447700900001")),
    "GET /contacts/import": Row(),
    "POST /contacts/import": Row(("file",)),
    "GET /contacts/imports/<import_id>": Row(),
    "GET /contacts/imports/<import_id>/progress": Row(),
    "POST /contacts/imports/<import_id>": Row(("tag",)),
    "POST /contacts/imports/<import_id>/undo": Row(),
    "POST /contacts/imports/<import_id>/columns": Row(("column-0", "column-1")),
    "POST /compose": Row((*COMPOSE, "template")),
    "POST /messages/several": Row((*COMPOSE, "include", "seal")),
    "POST /messages/several/<form_id>/cancel": Row(),
    "GET /templates": Row(),
    "GET /templates/new": Row(("text",)),
    "POST /templates": Row(("name", "text")),
    "GET /templates/<template_id>": Row(),
    "POST /templates/<template_id>": Row(("name", "text", "version")),
    "POST /templates/<template_id>/delete": Row(),
    "POST /templates/<template_id>/restore": Row(),
    "GET /link": Row(),
    "GET /link/panel": Row(("seen",)),
    "GET /link/code.svg": Row(("of",)),
    "POST /link": Row(),
    "POST /link/logout": Row(),
    "GET /settings": Row(),
    "POST /settings": Row(
        ("version", "zone", "country", "quiet", "quiet_from", "quiet_until", "gap_seconds", "hourly", "daily")
    ),
    "POST /settings/reset": Row(("field", "version")),
    "POST /settings/undo": Row(("version",)),
    "POST /settings/theme": Row(("theme",)),
    "GET /settings/tokens": Row(),
    "POST /settings/tokens": Row(("name", "scope")),
    "POST /settings/tokens/revoke": Row(("name",)),
    "POST /settings/keys": Row(("keys",)),
}
REAL = {
    "message_id": "message-known",
    "series_id": "series-known",
    "contact_id": "contact-known",
    "change_id": "change-unknown",
    "import_id": "import-unknown",
    "template_id": "template-unknown",
    "form_id": "form-unknown",
    "key": "key-unknown",
    "name": "css/base.css",
    "version": "0",
    "chat_id": EVE.jid,
    "form": "html",
    "media_id": "a" * 64,
}
CLOSED = [name for name, row in ROUTES.items() if not row.open]
UNSAFE = [name for name in ROUTES if name.startswith("POST")]


def address(route: str, value: str | None = None) -> tuple[str, str]:
    """Method and path, with something real (or `value`) in place of what the path names."""
    method, path = route.split(" ")
    for name, real in REAL.items():
        for placed in (f"<path:{name}>", f"<{name}>"):
            path = path.replace(placed, value or real)
    return method, path


def furnished(folder: Path) -> Page:
    page = Page(folder)
    page.store(
        messages=[message(EVE, id="message-known", text=HOSTILE[0])],
        contacts=[contact(EVE, id="contact-known")],
        series=[series(EVE, id="series-known", text=HOSTILE[0])],
    )
    page.host.kept.hear(events.message(EVE.jid, HOSTILE[0], push_name=EVE.name))
    return page


@pytest.fixture
def page(tmp_path: Path) -> Page:
    return furnished(tmp_path)


@pytest.fixture(scope="module")
def shut(tmp_path_factory: pytest.TempPathFactory) -> Page:
    """A page for those who may change nothing in it: made once."""
    return furnished(tmp_path_factory.mktemp("shut"))


@pytest.fixture(scope="module")
def inside(tmp_path_factory: pytest.TempPathFactory) -> Page:
    """The same, and its client is logged in."""
    return furnished(tmp_path_factory.mktemp("inside")).enter()


def test_every_route_has_its_row(page: Page) -> None:
    found = {
        f"{method} {rule.rule}"
        for rule in page.app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    assert found == set(ROUTES)


@pytest.mark.parametrize("route", CLOSED)
def test_without_a_login_there_is_only_the_way_to_it(shut: Page, route: str) -> None:
    before = shut.objects
    method, path = address(route)
    answer = shut.client.open(path, method=method, data={"text": "Hello", "name": "Hello", "theme": "light"})
    assert answer.status_code in (303, 401)
    if answer.status_code == 303:
        assert answer.headers["Location"].startswith("/login")
    assert "Eve" not in answer.text
    assert shut.objects == before
    assert shut.host.handovers == []


@pytest.mark.parametrize("route", CLOSED)
def test_a_made_up_cookie_opens_nothing(shut: Page, route: str) -> None:
    method, path = address(route)
    client = shut.app.test_client()
    for name in ("vpslink-80", "__Host-vpslink", "session"):
        client.set_cookie(name, "made-up")
    assert client.open(path, method=method).status_code in (303, 401)


ELSEWHERE = (
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Origin": "https://localhost"},
    {"Origin": "http://localhost:81"},
)


@pytest.mark.parametrize("route", UNSAFE)
def test_another_site_can_do_nothing_in_the_owners_name(inside: Page, route: str) -> None:
    before = inside.objects
    method, path = address(route)
    for headers in ELSEWHERE:
        answer = inside.client.open(path, method=method, headers=headers, data={"password": inside.password})
        assert answer.status_code == 403, headers
        assert "Set-Cookie" not in answer.headers
    assert inside.objects == before


@pytest.mark.parametrize("headers", [{"Sec-Fetch-Site": "same-origin"}, {"Origin": "http://localhost"}, {}], ids=str)
def test_this_page_itself_can(page: Page, headers: dict[str, str]) -> None:
    page.enter()
    assert page.client.post("/settings/theme", headers=headers, data={"theme": "light"}).status_code == 303


@pytest.mark.no_cover  # measured, it takes twice as long, and those of each page measure the same code
@pytest.mark.parametrize("route", ROUTES)
def test_hostile_input_is_answered_and_never_believed(page: Page, route: str) -> None:
    page.enter()
    for value in HOSTILE:
        method, path = address(route)
        fields = dict.fromkeys(ROUTES[route].fields, value)
        query, form = (fields, None) if method == "GET" else (None, fields)
        answer = page.client.open(path, method=method, query_string=query, data=form)
        assert answer.status_code < 500, value[:40]
        if answer.mimetype == "text/html":
            assert "<script>alert" not in answer.text
            assert "<img src=x" not in answer.text
        assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
        if route == "POST /logout":
            page.enter()


@pytest.mark.parametrize("route", [route for route in ROUTES if "<" in route])
def test_what_does_not_exist_is_not_found(inside: Page, route: str) -> None:
    for value in ("nobody", "%00", "..%2f..%2fetc%2fpasswd", "%F0%9F%99%82", "a" * 5000):
        method, path = address(route, value)
        assert inside.client.open(path, method=method).status_code in (404, 422), value


@pytest.fixture(scope="module")
def used(tmp_path_factory: pytest.TempPathFactory) -> Page:
    """The same, for those who do not mind what the others changed in it."""
    return furnished(tmp_path_factory.mktemp("used")).enter()


@pytest.mark.parametrize("route", ROUTES)
def test_every_answer_carries_the_headers(used: Page, route: str) -> None:
    method, path = address(route)
    answer = used.client.open(path, method=method)
    if route == "POST /logout":
        used.enter()
    policy = (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; media-src 'self'; "
        "connect-src 'self'; manifest-src 'self'; worker-src 'self'; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'"
    )
    sandbox = "default-src 'none'; sandbox"
    assert answer.headers["Content-Security-Policy"] == (sandbox if ROUTES[route].sandboxed else policy)
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["X-Frame-Options"] == "DENY"
    assert answer.headers["Referrer-Policy"] == "same-origin"
    kept = ROUTES[route].open and ("static" in path or "assets" in path)
    assert ("no-store" in answer.headers["Cache-Control"]) != (kept and answer.status_code == 200)


def test_every_page_has_its_own_title_and_no_inline_style_or_script(page: Page) -> None:
    page.enter()
    for route in ROUTES:
        method, path = address(route)
        answer = page.client.open(path, method=method)
        if method == "GET" and answer.mimetype == "text/html":
            assert "style=" not in answer.text, route
            assert "onclick" not in answer.text, route
            assert answer.text.count("<script") == answer.text.count("<script src=") + answer.text.count(
                '<script type="module" src='
            )


def test_a_method_that_is_none_says_which_are(page: Page) -> None:
    page.enter()
    answer = page.client.put("/messages/message-known")
    assert answer.status_code == 405
    assert "GET" in answer.headers["Allow"]


def test_far_too_much_is_refused_in_words(page: Page) -> None:
    page.enter()
    answer = page.compose(text="x" * 5_000_000)
    assert answer.status_code == 413
    assert "too much text" in answer.text


NO_PAGES = {
    "GET /messages",
    "GET /assets/htmx-<version>.js",
    "GET /attachments/<media_id>",
    "GET /link/code.svg",
    "GET /media/<media_id>",
}
"""Files that are not there without a version, a code to show, a picture, an attachment."""


def test_every_page_is_looked_at_by_axe(page: Page) -> None:
    """A page is what answers with a whole document; tests/ui/test_web_pages.py has an address for each, or a step."""
    page.enter()
    template = page.client.post("/templates", data={"name": "Hello", "text": "Hello"}).headers["Location"]
    file = (io.BytesIO(b"name,number\nAda,+447700900001\n"), "people.csv")
    dry_run = page.client.post("/contacts/import", data={"file": file}).headers["Location"]
    rules = page.app.url_map.bind("localhost")
    made = {rules.match(path)[0]: path for path in (template, dry_run, f"{dry_run}/progress")}
    looked_at = {rules.match(urlsplit(path).path)[0] for path in (*PATHS, *WAY_IN, *AFTER_A_STEP)}
    missing = set()
    for route in set(ROUTES) - NO_PAGES:
        method, path = address(route)
        if method == "GET" and (endpoint := rules.match(path)[0]) not in looked_at:
            answer = page.client.get(made.get(endpoint, path))
            document = answer.mimetype == "text/html" and "<!doctype html>" in answer.text[:200]
            if answer.status_code != 200 or (document and not ROUTES[route].sandboxed):
                missing.add(route)
    assert missing == set()
