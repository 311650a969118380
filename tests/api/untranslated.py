"""What a person reads on the page that no language can change: every page in a made-up language, and what is not in it.

`python -m tests.api.untranslated` prints it page by page. The made-up language wraps every text in ⟦ ⟧ but for what is
filled in, so what stands outside is either data or a text that went past web.language.
"""

import gettext
import io
import logging
import re
import sys
import tempfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast
from zoneinfo import available_timezones

import structlog
from bs4 import BeautifulSoup, Tag
from bs4.element import Comment, Doctype, NavigableString

if TYPE_CHECKING:
    from tests.api.web_page import Page

FILLED_IN = re.compile(r"(\{\{|\}\}|\{[^{}]*\}|%%|%\(\w+\)[a-z]|<[^<>]+>)")
"""What a text keeps in every language: fields of either kind, and markup."""


def pretended(text: str) -> str:
    """That text in the made-up language.

    >>> pretended("{count} messages to <b>%(name)s</b>")
    '{count}⟦ messages to ⟧<b>%(name)s</b>'
    """
    parts = FILLED_IN.split(text)
    return "".join(f"⟦{each}⟧" if not at % 2 and each.strip() else each for at, each in enumerate(parts))


def pretend() -> None:
    """From now on English is the made-up language; before web is imported, for it takes its texts once."""

    class Pretended:
        def gettext(self, message: str) -> str:
            return pretended(message)

        def ngettext(self, one: str, many: str, number: int) -> str:
            return pretended(one if number == 1 else many)

        def pgettext(self, context: str, message: str) -> str:
            return pretended(message)

        def npgettext(self, context: str, one: str, many: str, number: int) -> str:
            return pretended(one if number == 1 else many)

    assert "web" not in sys.modules, "web is imported already, and has its texts"
    for name in ("gettext", "ngettext", "pgettext", "npgettext"):
        setattr(gettext.NullTranslations, name, getattr(Pretended, name))


READ_ALOUD = frozenset(
    ("title", "aria-label", "aria-description", "aria-valuetext", "aria-roledescription", "placeholder", "alt", "label")
)
SPOKEN_BY_SCRIPTS = re.compile(r"[A-Za-z]{2,}[.…,:]? [A-Za-z(]|…$")
"""What a data attribute holds that is a sentence for a script to say."""
TECHNICAL = ("script", "style", "code", "kbd", "samp", "pre", "svg > style", "template", "[data-bubble]")
DATA = ("WhatsApp-VPSLink", "VPSLink", "WhatsApp", "iPhone", "Android", "Google", "Outlook")
"""Names of things that are called so in every language."""
FURNISHED = (
    *("The kettle is on.", "The bins go out tonight.", "choir", "Bobby", "Ada", "Eva", "The same number.", "Or that?"),
    *("This?", "<b>", "garden in november.png", "bill <b>for</b> the kettle.pdf", "The bill", "The pier", "The cat"),
    *("Shall we have tea? https://tea.example/menu", "Yes, at", "four", "The scarf is ready", "is ready", "scarf"),
    *("<script>alert(1)</script>", "Tonight", "See you, {{first_name}}", "See you, {{first}}", "Ali"),
    *("The connection broke while it was sent.", "The link was down for longer than allowed.", "shop", "Nobody"),
    *("This number is not on WhatsApp.", "No network.", "Hello {{first}}", "Mine", "ABCD1234", "people.csv"),
    *("{{first_name}} {{company}}", "Who brings cake?", "Never mind", "people.vcf", "nothing", "nobody", "company"),
    *("Mars/Olympus", "Mars", "first", "notes", "Zuhause", "{name}", "The session host does not answer."),
)
"""What people wrote in the furnished bucket."""
WHOLE = frozenset(("name", "number", "page", "The", "then", "Now", "Hello", "Shall we have tea?"))
"""The same, where nothing else stands beside it."""
WORD = re.compile(r"[^\W\d_]{2}")
NO_TEXT = re.compile(
    r"\{\{\w+(?:\|\w+)?\}\}|\b(?:GMT|BST|UTC|CET|CEST|MB|kB|KB|am|pm|MP3|MP4|PDF|CSV|JSON|HTML|TXT|VCF|http\S+|[\w.-]+\.(?:csv|vcf|pdf|png)"
    r"|\d+(?:st|nd|rd|th)?)\b"
)


class Furnished:
    """What tests/ui/test_web_pages.py's `furnish` fills, over a page with a test client."""

    def __init__(self, page: "Page") -> None:
        self.store, self.bucket, self.writer = page.store, page.bucket, page.other
        self.host = SimpleNamespace(chats=page.host.kept)


def texts_of(html: str, known: re.Pattern[str]) -> Iterator[str]:
    """Each text of a document that stands outside of the made-up language and is no data."""
    soup = BeautifulSoup(html, "html.parser")
    for technical in soup.select(", ".join(TECHNICAL)):
        technical.extract()
    read: list[str] = []
    for part in soup.descendants:
        if isinstance(part, Tag):
            read += _attributes(part)
        elif isinstance(part, NavigableString) and not isinstance(part, Comment | Doctype):
            read.append(str(part))
    for each in set(read):
        left = re.sub(r"⟦[^⟦⟧]*⟧", " ", each)
        if WORD.search(left) and WORD.search(NO_TEXT.sub(" ", known.sub(" ", left))):
            text = " ".join(each.split())[:200]
            if text not in WHOLE:
                yield text


def _attributes(tag: Tag) -> Iterator[str]:
    for name, value in tag.attrs.items():
        text = str(value)
        if (
            name in READ_ALOUD
            or (name.startswith("data-") and SPOKEN_BY_SCRIPTS.search(text))
            or (name == "value" and tag.name == "input" and tag.get("type") in {"submit", "button"})
            or (name == "content" and tag.get("name") in {"description", "apple-mobile-web-app-title"})
        ):
            yield text


def documents(folder: Path) -> Iterator[tuple[str, str]]:
    """Every page in every state worth a look: where it is, and its HTML."""
    from shared.model.link import Link
    from tests.api import test_web_routes as routes
    from tests.api.web_page import Page
    from tests.builders import NOW, contact, link_status, series
    from tests.builders import message as message_for
    from tests.cast import EVE
    from tests.ui import test_web_pages as pages

    page = Page(folder)
    yield from _way_in(page)
    page.enter()
    yield from _read(page, "when empty", *EMPTY)
    pages.furnish(cast(Any, Furnished(page)), NOW)
    page.store(
        messages=[message_for(EVE, id="message-known", send_at=NOW - timedelta(minutes=40))],
        contacts=[contact(EVE, id="contact-known")],
        series=[series(EVE, id="series-known")],
    )
    page.fold()
    fragments = (routes.address(route) for route in routes.ROUTES)
    yield from _read(page, "", *pages.PATHS, *(path for method, path in fragments if method == "GET"), *ASKED)
    yield from _forms(page)
    for link in Link:
        page.host.status = link_status(link)
        yield from _read(page, f"when {link}", "/link", "/status")
    page.host.status = link_status(Link.PAIRING)
    page.host.svg, page.host.code = "<svg></svg>", "ABCD1234"
    yield from _read(page, "with a code", "/link", "/link/panel")
    page.host.svg = None
    page.host.backup = {"on": True, "last": "2026-11-22T11:00:00Z", "trouble": "⟦said by the host⟧"}
    page.host.undecryptable = {"count": 3, "since": "2026-11-22T11:00:00Z", "newest": []}
    page.host.silence, page.host.problems = "⟦said by the host⟧", ["⟦said by the host⟧"]
    yield from _read(page, "when the host has troubles", "/", "/link", "/status")
    page.host.down = True
    page.later(timedelta(minutes=5))
    yield from _read(page, "when the host is down", *HOST_AWAY)
    page.bucket.away = True
    page.later(timedelta(minutes=5))
    yield from _read(page, "when the storage is away", "/", "/contacts", "/settings", "/templates")


EMPTY = (
    "/",
    "/?show=attention",
    "/?q=nothing",
    "/compose",
    "/contacts",
    "/series",
    "/chats",
    "/insights",
    "/templates",
)
HOST_AWAY = (
    "/",
    "/compose",
    "/link",
    "/settings",
    "/settings/tokens",
    "/chats",
    "/contacts/whatsapp",
    "/messages/open",
)
ASKED = (
    "/nothing-here",
    "/compose/echo?when=friday+6",
    "/compose/echo?when=tomorrow+9am&zone=Europe/London",
    "/compose/repeat?date=2026-11-27&time=18:00&zone=Europe/London&repeat=monthly&ends=count&count=3",
    "/compose?to=Alice",
    "/agenda/list?q=nobody",
    "/contacts?q=nobody",
    "/contacts/options?q=a",
    "/chats/search?q=nothing",
    "/insights?days=7",
    "/settings/tokens",
)
FORMS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("/messages", {"to": "", "text": "", "date": "x", "time": "y", "zone": "Mars/Olympus", "if_late": "z"}),
    ("/messages", {"to": "nobody; 12", "text": "Hello {{first}}", "when": "friday 6", "zone": "Europe/London"}),
    ("/messages", {"to": "Alice; Bob", "text": "{{first_name}} {{company}}", "when": "tomorrow 9am", "zone": "UTC"}),
    ("/messages", {"to": "Alice", "text": "Hello", "when": "tomorrow 9am", "zone": "UTC"}),
    ("/messages", {"to": "Bob", "text": "Hello", "when": "tomorrow 9am", "zone": "UTC", "repeat": "weekly"}),
    ("/messages", {"to": "Bob", "text": "x", "when": "tomorrow 9am", "zone": "UTC", "repeat": "daily", "every": "x"}),
    ("/messages", {"to": "Bob", "text": "Now", "now": "now", "zone": "UTC"}),
    ("/compose/checks", {"to": "", "text": "", "when": ""}),
    ("/compose/checks", {"to": "Alice", "text": "The kettle is on.", "when": "today 12:30", "zone": "UTC"}),
    ("/compose/checks", {"to": "Alice; #choir", "text": "{{notes}}", "when": "tomorrow 9am", "zone": "UTC"}),
    ("/messages/open", {"to": "Alice", "text": "Mine", "when": "tomorrow 9am", "zone": "UTC", "version": "elsewhere"}),
    ("/messages/open", {"to": "Alice", "text": "Mine", "when": "tomorrow 9am", "zone": "UTC"}),
    ("/messages/cancelled/restore", {}),
    ("/messages/open/cancel", {}),
    ("/messages/unknown/settle", {"as": "arrived"}),
    ("/messages/failed/again", {}),
    ("/messages/asks/now", {}),
    ("/series/weekly/state", {"to": "paused"}),
    ("/series/weekly/state", {"to": "active"}),
    ("/series/weekly", {"to": "Bob", "text": "", "when": "x", "repeat": "weekly", "version": "elsewhere"}),
    ("/contacts", {"name": "", "number": ""}),
    ("/contacts", {"name": "Ada", "number": "12", "label": "work", "label-2": "Zuhause"}),
    ("/contacts", {"name": "Ada", "number": "+447700900009"}),
    ("/contacts/contact-known", {"name": "Eva", "number": "+61491570006", "version": "elsewhere"}),
    ("/contacts/contact-known/favourite", {"favourite": "yes"}),
    ("/contacts/many", {"do": "tag", "tag": "", "id": "contact-known"}),
    ("/contacts/many", {"do": "tag", "tag": "choir", "id": ["contact-known", "again"]}),
    ("/contacts/merge", {"id": ["contact-447700900002", "again"]}),
    ("/contacts/contact-known/delete", {}),
    ("/contacts/import", {}),
    ("/contacts/import", {"file": (io.BytesIO(b"name,number\nAda,+447700900001\nNobody,12\n"), "people.csv")}),
    ("/contacts/import", {"file": (io.BytesIO(b"a,b\n1,2\n"), "people.csv")}),
    ("/contacts/import", {"file": (io.BytesIO(b"BEGIN:VCARD\nFN:Ada\nEND:VCARD\n"), "people.vcf")}),
    ("/contacts/whatsapp", {"number": ["447700900001", "12025550103"]}),
    ("/templates", {"name": "", "text": ""}),
    ("/templates", {"name": "Tonight", "text": "See you, {{first}}"}),
    ("/templates", {"name": "Tonight", "text": "See you, {{first_name}}"}),
    ("/settings", {"zone": "Mars", "country": "x", "quiet": "hours", "gap_seconds": "x", "hourly": "x", "daily": "x"}),
    ("/settings", {"zone": "Europe/Berlin", "country": "DE", "quiet": "off"}),
    ("/settings/tokens", {"name": "", "scope": ""}),
    ("/settings/tokens", {"name": "shop", "scope": "send"}),
    ("/settings/tokens", {"name": "shop", "scope": "send"}),
    ("/settings/tokens/revoke", {"name": "shop"}),
    ("/password", {"current": "x", "new": "short", "again": "other"}),
    ("/link", {"phone": "12"}),
)
"""What is sent to which address: fields that are wrong, and what is answered with a notice."""


def _way_in(page: "Page") -> Iterator[tuple[str, str]]:
    yield from _read(page, "", "/login", "/offline")
    yield "POST /login", page.client.post("/login", data={"password": "wrong"}).text
    yield "POST /settings/theme", page.client.post("/settings/theme", headers={"Origin": "https://x.example"}).text


def _read(page: "Page", when: str, *paths: str) -> Iterator[tuple[str, str]]:
    for path in paths:
        answer = page.client.get(path)
        if answer.mimetype == "text/html":
            yield f"{path} {when}".strip(), answer.text


def _forms(page: "Page") -> Iterator[tuple[str, str]]:
    for path, fields in FORMS:
        answer = page.client.post(path, data=fields, follow_redirects=True)
        assert answer.status_code < 500, path
        assert answer.status_code != 404, path
        shown = {name: value for name, value in fields.items() if name != "file"}
        yield f"POST {path} {shown}", answer.text


def known_data() -> re.Pattern[str]:
    """What is data on these pages: names, texts and numbers of the furnished bucket, zones, countries."""
    from tests.cast import EVERYBODY, OWNER
    from web import countries

    names = {name for person in (*EVERYBODY, OWNER) for name in (person.name, person.name.split()[0])}
    listed = {*DATA, *FURNISHED, *names, *available_timezones(), *countries.names().values()}
    escaped = "|".join(re.escape(each) for each in sorted(listed, key=lambda each: (-len(each), each)))
    return re.compile(rf"(?<!\w)(?:{escaped})(?!\w)|x{{9,}}|(?:long )+")


def untranslated() -> dict[str, list[str]]:
    """Text that stands outside of the made-up language → where it was met."""
    found: dict[str, list[str]] = {}
    known = known_data()
    with tempfile.TemporaryDirectory() as folder:
        for where, html in documents(Path(folder)):
            for text in texts_of(html, known):
                found.setdefault(text, []).append(where)
    return found


def main() -> None:
    """Print them, each under the first page that it was met on; where there are some, the process ends with 1."""
    pretend()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    by_page: dict[str, list[str]] = {}
    for text, places in untranslated().items():
        by_page.setdefault(places[0], []).append(text)
    for place, texts in by_page.items():
        print(f"\n{place}")
        for text in texts:
            print(f"    {text}")
    sys.exit(bool(by_page))


if __name__ == "__main__":
    main()
