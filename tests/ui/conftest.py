"""One Chromium for all browser tests; each test gets a page of its own, and a context that hears every complaint."""

from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Request, expect, sync_playwright
from playwright.sync_api import Page as Tab

from tests.ui.served import Served, serve

CHROMIUM = Path("/usr/bin/chromium")
expect.set_options(timeout=20_000)  # what comes, comes; on two cores with three other files it takes longer than 5 s


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if not CHROMIUM.exists():
        pytest.skip(f"no {CHROMIUM}: `apt-get install chromium`")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    """A page of its own with an empty bucket and a connected host."""
    with serve(tmp_path) as served:
        yield served


LEFT_MEANWHILE = ("htmx:sendAbort", "htmx:afterRequest")
"""What htmx says when the page is left while a fragment is on its way; an answer that is an error says more."""

NOT_THERE = ("/nothing-here", "/link/code.svg")
"""What a test asks for though it is not there; a code is gone when it is scanned between the page and its picture."""

AWAY = ("net::ERR_CONNECTION_REFUSED", "net::ERR_CONNECTION_RESET", "net::ERR_EMPTY_RESPONSE", "htmx:sendError")
"""What Chromium and htmx say where a test has ended the server, before an answer or in the midst of one."""


class Witness:
    """Hears what a page complains about, and where it reaches to."""

    def __init__(self, context: BrowserContext, home: str, may_be_away: Callable[[], bool] = lambda: False) -> None:
        self.may_be_away = may_be_away
        self.complaints: list[str] = []
        self.home = urlsplit(home).netloc
        context.on("console", self._console)
        context.on("weberror", lambda error: self.complaints.append(f"script: {error.error}"))
        context.on("request", self._request)

    def _console(self, message: ConsoleMessage) -> None:
        expected = any(f"status of {status}" in message.text for status in (401, 409, 422, 503))
        expected = expected or message.text.startswith("Response Status Error Code 401 ")  # htmx's, of a session's end
        expected = expected or message.text in LEFT_MEANWHILE
        expected = expected or urlsplit(message.location["url"]).path in NOT_THERE
        expected = expected or (self.may_be_away() and any(each in message.text for each in AWAY))
        if message.type in {"error", "warning"} and not expected:
            self.complaints.append(f"console: {message.text}")

    def _request(self, request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme in {"http", "https", "ws", "wss"} and parts.netloc != self.home:
            self.complaints.append(f"reached for {request.url}")


@pytest.fixture
def context(browser: Browser, served: Served, request: pytest.FixtureRequest) -> Iterator[BrowserContext]:
    """A fresh browser, 1280 × 800 unless the test parametrizes `context` with other options."""
    options = {"viewport": {"width": 1280, "height": 800}, "reduced_motion": "reduce", "locale": "en-GB"}
    context = browser.new_context(**{**options, **getattr(request, "param", {})})
    context.set_default_timeout(10_000)
    witness = Witness(context, served.url, lambda: served.was_away)
    yield context
    context.close()
    assert witness.complaints == []


@pytest.fixture
def tab(context: BrowserContext, served: Served) -> Tab:
    """A tab of the owner's, on the agenda."""
    context.request.post(f"{served.url}/login", form={"password": served.password})
    tab = context.new_page()
    tab.goto(served.url)
    return tab
