"""`wa screens`: every page in both themes, on a phone and on a desk, from the real system on the simulator."""

import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from cli import ROOT, invented, pictures
from cli.demo import OWNER
from cli.page_client import PageClient
from cli.pictures import SIZES, THEMES, Camera, Page
from cli.processes import ProcessProblem, Supervisor
from cli.simulated import SimulatedStack, link
from cli.stack import Folder
from session_host.captured import Store
from shared.clock import SYSTEM
from shared.host_client import HostError
from shared.model.wire import Handover
from shared.store.view import View

FOLDER = ROOT / "docs" / "screens"
SETTINGS = {"DEFAULT_ZONE": invented.ZONE, "DEFAULT_COUNTRY": "GB"}
LIMIT_SECONDS = 90
PASSWORD = "a kettle for the choir"  # noqa: S105  of an installation that is gone a minute later


@click.command()
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=FOLDER,
    show_default=True,
    help="The folder for the pictures and their index.",
)
@click.option("--only", multiple=True, metavar="NAME", help="This picture only, like agenda; may be given again.")
def command(out: Path, only: tuple[str, ...]) -> None:
    """Take pictures of every page into docs/screens.

    Host, page and tick run on a simulated WhatsApp with invented people. Each page is taken in both themes, 1280 and
    360 pixels wide. It takes about two minutes and needs Chromium.
    """
    known = {page.name for page in EVERY_PAGE}
    if unknown := sorted(set(only) - known):
        raise click.ClickException(f"There is no picture '{unknown[0]}': there are {', '.join(sorted(known))}.")
    out.mkdir(parents=True, exist_ok=True)
    try:
        with (
            pictures.browser() as browser,
            tempfile.TemporaryDirectory(prefix="wa-screens-") as folder,
            Supervisor() as supervisor,
        ):
            stack = SimulatedStack(supervisor, Folder(Path(folder)), SETTINGS)
            _take(stack, Camera(browser, stack.web_address, out), frozenset(only) or known)
    except (ProcessProblem, HostError) as problem:
        raise click.ClickException(str(problem)) from None
    if not only:
        _remove_old(out)
        (out / "README.md").write_text(index(), encoding="utf-8")
    size = sum(file.stat().st_size for file in out.glob("*.webp"))
    click.echo(f"{len(list(out.glob('*.webp')))} pictures in {out}, {size / 1e6:.1f} MB")


class System:
    """The whole system on a simulated WhatsApp: not linked and empty at first; `fill` puts in all that is invented."""

    def __init__(self, stack: SimulatedStack, say: Callable[[str], None]) -> None:
        """Starts every program. Raises ProcessProblem."""
        say("starting the simulator, the session host, the page and the tick")
        self._stack, self._now = stack, SYSTEM.now()
        self._control = stack.start_simulator()
        stack.host_folder.mkdir(parents=True, exist_ok=True)
        archive = Store(stack.host_folder, self._now)
        archive.take(list(invented.heard(self._now)), archive.position(), self._now)
        for person in invented.EVERYBODY:
            self._control.put_contact(person.number, name=person.name)
        self._host = stack.start_host()
        stack.start_web()
        stack.start_tick()
        _wait(lambda: bool(self._host.health().get("lastTick")), "The tick did not reach the host")

    def fill(self) -> None:
        """Link it, and write what is invented. Raises HostError."""
        link(self._host, self._control, OWNER, "Olive")
        invented.fill(self._stack.bucket(), self._now)
        _wait(self._is_folded, "The host did not take the messages over")

    def _is_folded(self) -> bool:
        self._host.handover(Handover(by="web", now=SYSTEM.now(), items=()))
        messages = View(self._stack.bucket()).read(SYSTEM.now()).messages.values()
        return bool(messages) and all(each.confirmed for each in messages if each.delivery.state.open)


def _take(stack: SimulatedStack, camera: Camera, wanted: frozenset[str] | set[str]) -> None:
    def take(pages: tuple[Page, ...], cookies: dict[str, str]) -> None:
        if chosen := tuple(each for each in pages if each.name in wanted):
            camera.take(chosen, cookies, click.echo)

    system, page = System(stack, click.echo), PageClient(stack.web_address)
    take(OUTSIDE, {})
    cookies = page.log_in(stack.first_run_password() or "")
    take(UNLINKED, cookies)
    system.fill()
    take(PAGES, cookies)
    page.choose_password(PASSWORD)
    take(LATER, {})


def _wait(holds: Callable[[], bool], sentence: str) -> None:
    waiting, deadline = threading.Event(), SYSTEM.monotonic() + LIMIT_SECONDS
    while not holds():
        if SYSTEM.monotonic() > deadline:
            raise click.ClickException(f"{sentence} within {LIMIT_SECONDS} s.")
        SYSTEM.wait(waiting, 0.2)


def _write(tab: Any, to: str, text: str, when: str) -> None:
    """Fill in a message."""
    tab.locator("#to").fill(to)
    tab.locator("#text").fill(text)
    tab.locator("#when").fill(when)
    tab.locator(".echo.good").wait_for()
    tab.locator("h1").click()


def _compose(tab: Any) -> None:
    _write(tab, "Ada Okafor", "Choir is at *half past seven* tonight, in the small hall.", "friday 6pm")


def _compose_repeating(tab: Any) -> None:
    _write(tab, "Priya Raman", "The bins go out tonight.", "tomorrow 8pm")
    tab.locator("#more-options summary").click()
    tab.locator("#repeat").select_option("weekly")
    tab.locator("#repeat-echo li").first.wait_for()


def _compose_wrong(tab: Any) -> None:
    tab.locator("#to").fill("Grace")
    tab.locator("#when").fill("mon 8")
    tab.get_by_role("button", name="Schedule").click()
    tab.get_by_role("alert").wait_for()


def _find_person(tab: Any) -> None:
    tab.locator("#to").press_sequentially("a")
    tab.locator("#to-options [role=option]").first.wait_for()
    tab.keyboard.press("ArrowDown")


def _several(tab: Any) -> None:
    _write(
        tab, "#choir; Tomás Ferreira", "Dear {{first_name}}, rehearsal is at seven in the small hall.", "tomorrow 9am"
    )
    tab.get_by_role("button", name="Schedule").click()
    tab.locator(".several").wait_for()


def _import(tab: Any) -> None:
    file = {"name": "choir.csv", "mimeType": "text/csv", "buffer": invented.CSV.encode()}
    tab.locator("#file").set_input_files(file)
    tab.get_by_role("button", name="Read the file").click()
    tab.locator(".figures").wait_for()


def _make_token(tab: Any) -> None:
    """Anew for each picture; what is shown is no token of anybody."""
    if tab.get_by_role("heading", name="box-office").count():
        tab.locator(".token", has_text="box-office").locator("summary").click()
        tab.get_by_role("button", name="Yes, revoke box-office").click()
    tab.get_by_label("Name of the program").fill("box-office")
    tab.get_by_role("button", name="Make the token").click()
    tab.locator("#secret").wait_for()
    tab.evaluate("document.getElementById('secret').textContent = 'wa_' + 'x'.repeat(43)")


def _begin_linking(tab: Any) -> None:
    begin = tab.get_by_role("button", name="Show a QR code")
    if begin.count():
        begin.first.click()
    tab.get_by_role("img", name="QR code").wait_for()


def _keys(tab: Any) -> None:
    tab.locator("h1").click()
    tab.keyboard.press("?")
    tab.locator("dialog[open]").wait_for()


OUTSIDE = (Page("first-run", "/login", "The first time: with the password that the page made"),)
UNLINKED = (
    Page("password", "/password", "Then a password of one's own"),
    Page("agenda-empty", "/", "Nothing scheduled yet"),
    Page("link-code", "/link", "Linking: a code that renews itself, and the phone's own words", _begin_linking),
)
PAGES = (
    Page("agenda", "/", "Home: what leaves next, and what follows"),
    Page("week", "/agenda/week", "The same as a week"),
    Page("month", "/agenda/month", "And as a month"),
    Page("agenda-attention", "/?show=attention", "What needs its owner"),
    Page("agenda-sent", "/?show=sent", "What was sent"),
    Page("compose", "/compose", "A message, and what its time in words means", _compose),
    Page("compose-person", "/compose", "People found by name, other name or digits", _find_person),
    Page("compose-repeating", "/compose", "A message that repeats, with its next five dates", _compose_repeating),
    Page("compose-refused", "/compose", "What is not right, said beside each field", _compose_wrong),
    Page("several", "/compose", "Several people and a tag: each one's text first", _several),
    Page("message-scheduled", "/messages/next", "A message that waits"),
    Page("message-read", "/messages/read", "One that was read, with its times"),
    Page("message-failed", "/messages/failed", "One that was not delivered, and what may be done"),
    Page("message-unknown", "/messages/unknown", "One that may have arrived"),
    Page("message-versions", "/messages/forked", "Two edits at once: nothing is lost"),
    Page("series-list", "/series", "What repeats"),
    Page("series", "/series/choir", "One of them: its rule and its next dates"),
    Page("templates", "/templates", "Templates"),
    Page("template", "/templates/template-1", "One of them, with its fields"),
    Page("contacts", "/contacts", "Contacts"),
    Page("contact", "/contacts/contact-001", "One of them"),
    Page("contacts-many", "/contacts?select=yes&tag=choir", "Many changed at once"),
    Page("contacts-import", "/contacts/import", "A file before it is taken in", _import),
    Page("contacts-whatsapp", "/contacts/whatsapp", "People of the chats who are in no contact yet"),
    Page("contacts-merge", "/contacts/duplicates", "Two that may be one"),
    Page("chats", "/chats", "What was captured"),
    Page("chat", f"/chats/{invented.ADA.jid}", "One chat"),
    Page("chat-search", "/chats/search?q=scarf", "Words found in all chats"),
    Page("insights", "/insights", "How punctual, how many, to whom, and why not"),
    Page("link", "/link", "The connection as it stands"),
    Page("settings", "/settings", "Settings"),
    Page("programs", "/settings/tokens", "A program's token, shown once", _make_token),
    Page("keys", "/", "One-key shortcuts", _keys),
    Page("offline", "/offline", "What an installed page shows without a network"),
)
LATER = (Page("login", "/login", "Any other time"),)
EVERY_PAGE = (*OUTSIDE, *UNLINKED, *PAGES, *LATER)


def _remove_old(out: Path) -> None:
    files = {page.file(theme, size) for page in EVERY_PAGE for theme in THEMES for size in SIZES}
    for file in out.glob("*.webp"):
        if file.name not in files:
            file.unlink()


def index() -> str:
    parts = ["# The pages in pictures\n\nMade by `./wa screens`: invented people, a simulated WhatsApp.\n"]
    for page in EVERY_PAGE:
        shown = [
            f'<img src="{page.file(theme, size)}" width="{"36%" if size.width > 600 else "12%"}" '
            f'alt="{page.shows}: {theme}, {size.width} pixels wide">'
            for size in SIZES
            for theme in THEMES
        ]
        parts.append(f"## {page.shows}\n\n" + "\n".join(shown) + "\n")
    return "\n".join(parts)
