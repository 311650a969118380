"""From the first day to a delivered message and its answer, in a real browser. Real are the page, the session host and
its client; simulated is WhatsApp's server, with a phone that scans and a contact that decrypts."""

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, expect
from playwright.sync_api import Page as Tab

from cli.processes import Supervisor
from cli.simulated import SimulatedStack
from cli.stack import Folder
from shared.host_client import HostClient
from shared.store.oplog import Writer
from simulator.control import Control
from tests.builders import contact
from tests.cast import ALICE, BOB, OWNER
from tests.ui.conftest import Witness
from tests.ui.served import wait_for
from tests.ui.test_web_journeys import tab_to
from web.local import LocalState
from web.owner import Owner
from web.sessions import Sessions

pytestmark = [pytest.mark.browser, pytest.mark.slow]

PASSWORD = "four words of my own"
PICTURE = """async () => {
    const picture = document.querySelector('.scan img');
    return picture ? (await fetch(picture.src)).text() : '';
}"""
MINUTE = 60_000


class Installation:
    """Everything runs; `first_day` makes it as it is before anybody has opened the page."""

    def __init__(self, stack: SimulatedStack) -> None:
        self.stack = stack
        self.control: Control = stack.start_simulator()
        for who in (ALICE, BOB):
            self.control.put_contact(who.number, who.name, delivered_after_ms=0, read_after_ms=None)
        self.host: HostClient = stack.start_host()
        stack.start_web()
        self.url = stack.web_address
        writer = Writer(stack.bucket(), "test")
        name = writer.reserve()
        writer.append(name, datetime.now(UTC), contacts=[contact(ALICE, version=name), contact(BOB, version=name)])

    @property
    def state(self) -> str:
        """The link's state, by its code."""
        return str(self.host.link()["status"]["state"])

    def first_day(self) -> str:
        """Nobody is linked and codes are shown; the first-run password, which alone opens the page."""
        if self.state == "connected":
            self.host.logout()
        wait_for(lambda: self.state == "pairing", 60)  # who looks at an unlinked host asks for codes
        password = self.stack.first_run_password()
        if password is None:
            password = Owner(self.stack.web_folder).reset()
            Sessions(LocalState(self.stack.web_folder)).end_all()
        return password

    def scan(self, shown: Callable[[], str]) -> None:
        """The phone scans the picture that the page shows, which is the host's present code."""

        def code() -> str:
            pairing = self.host.link()["pairing"] or {}
            return pairing["qr"] if _same_picture(pairing.get("svg") or "none", shown()) else ""

        self.control.scan(eventually(code), phone=OWNER.number, name=OWNER.name)

    def texts(self, who: str) -> list[str]:
        """What this contact's phone has decrypted, as often as it has."""
        return [each.text for each in self.control.inbox(who)]


def eventually(look: Callable[[], str]) -> str:
    """The first answer that is not empty."""
    seen = [""]

    def anything() -> bool:
        seen[0] = look()
        return bool(seen[0])

    wait_for(anything, 60)
    return seen[0]


def _same_picture(svg: str, shown: str) -> bool:
    return svg.removeprefix("<svg") == shown.removeprefix('<svg xmlns="http://www.w3.org/2000/svg"')


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    with Supervisor() as supervisor:
        folder = Folder(tmp_path_factory.mktemp("installation"))
        yield Installation(SimulatedStack(supervisor, folder, {"DEFAULT_ZONE": "Europe/London"}))


@pytest.fixture
def context(browser: Browser, installation: Installation, request: pytest.FixtureRequest) -> Iterator[BrowserContext]:
    """A fresh browser that complains of nothing; 1280 × 800 unless the test says otherwise."""
    options = {"viewport": {"width": 1280, "height": 800}, "reduced_motion": "reduce", "locale": "en-GB"}
    context = browser.new_context(**{**options, **getattr(request, "param", {})})
    context.set_default_timeout(20_000)
    witness = Witness(context, installation.url)
    yield context
    context.close()
    assert witness.complaints == []


@pytest.fixture
def tab(context: BrowserContext, installation: Installation) -> Tab:
    """A tab that stands before the login of a new installation."""
    password = installation.first_day()
    tab = context.new_page()
    tab.goto(installation.url)
    tab.get_by_label("First-run password").fill(password)
    return tab


PHONE = {"viewport": {"width": 360, "height": 740}, "has_touch": True}


@pytest.mark.parametrize("context", [{}, PHONE], indirect=True, ids=["1280 px", "360 px"])
def test_from_the_first_login_to_an_answer(tab: Tab, installation: Installation) -> None:
    tab.get_by_role("button", name="Log in").click()
    for label in ("New password", "The same again"):
        tab.get_by_label(label).fill(PASSWORD)
    tab.get_by_role("button", name="Set password").click()
    expect(tab.locator("#health")).to_contain_text("code")
    tab.locator("#health a").click()
    expect(tab.get_by_role("img", name="QR code")).to_be_visible()
    installation.scan(lambda: str(tab.evaluate(PICTURE)))
    expect(tab.get_by_text("Linked as")).to_be_visible(timeout=MINUTE)
    expect(tab.locator("#health")).to_contain_text("Connected to WhatsApp.", timeout=MINUTE)

    width = tab.evaluate("innerWidth")
    text = f"On a screen of {width} px"
    tab.locator(".nav-compose").click()
    tab.get_by_label("To", exact=True).press_sequentially("ali")
    tab.get_by_role("option", name="Alice").click()
    tab.get_by_label("Message", exact=True).fill(text)
    tab.get_by_label("In words").fill("in 12 seconds")
    expect(tab.locator(".echo.good")).to_be_visible()
    tab.get_by_role("button", name="Schedule", exact=True).click()
    expect(tab.locator(".notice")).to_contain_text("Scheduled for")
    tab.locator(".nav-agenda").click()
    tab.locator(".row", has_text=text).get_by_role("link", name="Alice", exact=True).click()
    expect(tab.locator(".sheet-status")).to_have_text("Delivered", timeout=MINUTE)
    assert installation.texts(ALICE.number).count(text) == 1

    tab.locator(".nav-chats").click()
    answer = f"Seen. {text}"
    installation.control.send(ALICE.number, answer)
    tab.get_by_role("listitem").filter(has_text=answer).get_by_role("link").click(timeout=MINUTE)
    expect(tab.locator(".said").filter(has_text=text)).to_have_count(2)
    assert tab.evaluate("document.documentElement.scrollWidth") == width


@pytest.mark.parametrize("context", [{"java_script_enabled": False}], indirect=True, ids=["no scripts"])
def test_without_scripts_the_main_path_is_whole(tab: Tab, context: BrowserContext, installation: Installation) -> None:
    def until(shown: Locator) -> None:
        def seen() -> bool:
            tab.reload()
            return shown.is_visible()

        wait_for(seen, 60)

    tab.get_by_role("button", name="Log in").click()
    tab.get_by_role("link", name="Later").click()
    tab.get_by_role("link", name="Link", exact=True).click()
    expect(tab.get_by_role("heading", name="Link", exact=True)).to_be_visible()
    code = tab.get_by_role("img", name="QR code")
    until(code)
    installation.scan(lambda: context.request.get(f"{installation.url}/link/code.svg").text())
    until(tab.get_by_text("Linked as"))

    tab.locator(".nav-compose").click()
    tab.get_by_label("To", exact=True).fill("Ali")
    tab.get_by_label("Message", exact=True).fill("No scripts")
    tab.get_by_label("In words").fill("tomorrow 9am")
    tab.get_by_role("button", name="Check").click()
    expect(tab.locator(".check", has_text="Fields")).to_contain_text("Did you mean one of these?")
    tab.get_by_role("button", name="Schedule", exact=True).click()
    tab.get_by_role("radio", name="Alice").check()
    tab.get_by_role("button", name="Schedule", exact=True).click()
    expect(tab.get_by_role("heading", name="To Alice")).to_be_visible()
    tab.get_by_role("link", name="Edit").click()
    tab.get_by_label("Message", exact=True).fill("Now and without scripts")
    tab.get_by_label("In words").fill("in 3 seconds")
    tab.get_by_role("button", name="Save changes").click()
    expect(tab.get_by_text("Changed: ")).to_be_visible()
    until(tab.locator(".sheet-status", has_text="Delivered"))
    assert installation.texts(ALICE.number).count("Now and without scripts") == 1
    assert "No scripts" not in installation.texts(ALICE.number)

    tab.locator(".nav-compose").click()
    tab.get_by_label("To", exact=True).fill(BOB.number)
    tab.get_by_label("Message", exact=True).fill("Of no use")
    tab.get_by_label("In words").fill("tomorrow 9am")
    tab.get_by_role("button", name="Schedule", exact=True).click()
    tab.locator(".nav-agenda").click()
    tab.get_by_role("button", name="Cancel the message to Bob").click()
    expect(tab.locator(".notice")).to_contain_text("Asked to cancel")
    tab.get_by_role("link", name="Cancelled", exact=True).click()
    expect(tab).to_have_url(re.compile("cancelled"))
    until(tab.locator(".row", has_text="Of no use").locator(".status", has_text=re.compile("^Cancelled")))
    tab.locator(".nav-compose").click()
    tab.get_by_label("To", exact=True).fill("Alice")
    tab.get_by_label("Message", exact=True).fill("Too quick")
    tab.get_by_role("button", name="Send now").click()
    tab.get_by_role("button", name="Undo").click()
    expect(tab.get_by_label("Message", exact=True)).to_have_value("Too quick")
    expect(tab.locator("#undone")).to_contain_text("What you typed is here again")
    tab.locator(".nav-contacts").click()
    tab.get_by_role("searchbox").fill("9000")
    tab.keyboard.press("Enter")
    expect(tab.get_by_text("2 of 2")).to_be_visible()


def test_by_keyboard_alone_from_the_first_login_to_cancel(tab: Tab, installation: Installation) -> None:
    press = tab.keyboard.press
    expect(tab.locator("#password")).to_be_focused()
    press("Enter")
    expect(tab.get_by_role("heading", name="Choose your password")).to_be_visible()
    for field in ("#new", "#again"):
        tab_to(tab, field)
        tab.keyboard.type(PASSWORD)
    press("Enter")
    expect(tab.get_by_role("heading", name="Agenda")).to_be_attached()
    tab_to(tab, "#health a")
    press("Enter")
    expect(tab.get_by_role("img", name="QR code")).to_be_visible()
    installation.scan(lambda: str(tab.evaluate(PICTURE)))
    expect(tab.get_by_text("Linked as")).to_be_visible(timeout=MINUTE)

    tab_to(tab, ".nav-compose")
    press("Enter")
    expect(tab.get_by_role("heading", name="New message")).to_be_visible()
    tab_to(tab, "#to")
    tab.keyboard.type("ali")
    expect(tab.get_by_role("option", name="Alice")).to_be_visible()
    press("ArrowDown")
    assert tab.locator("#to").get_attribute("aria-activedescendant") == "option-1"
    press("Enter")
    expect(tab.locator("#to")).to_have_value("Alice")
    expect(tab.locator("#to")).to_have_attribute("aria-expanded", "false")
    tab_to(tab, "#text")
    tab.keyboard.type("By keyboard")
    tab_to(tab, "#when")
    tab.keyboard.type("in 2 hours")
    expect(tab.locator("#echo")).to_contain_text("in 2 h")
    expect(tab.locator(".check", has_text="Pace")).to_contain_text("It leaves at its second.")
    expect(tab.locator(".preflight-sum")).to_contain_text("Nothing stands in its way")
    expect(tab.locator("#text")).to_have_value("By keyboard")
    tab_to(tab, "form.compose button.main")
    press("Enter")
    expect(tab.get_by_role("heading", name="To Alice")).to_be_visible()
    expect(tab.locator(".notice")).to_contain_text("Scheduled for")
    tab_to(tab, ".nav-agenda")
    press("Enter")
    expect(tab.get_by_role("heading", name="Next up")).to_be_visible()
    tab_to(tab, "[id^=cancel-]")
    press("Enter")
    expect(tab.get_by_role("button", name="Undo", exact=True)).to_be_visible()
    tab_to(tab, ".notice button")
    press("Enter")
    expect(tab.locator(".notice")).to_contain_text("scheduled again")
    next_up = tab.get_by_role("region", name="Next up")
    expect(next_up).to_contain_text("By keyboard", timeout=MINUTE)
    expect(next_up.locator(".status")).to_have_text("Scheduled", timeout=MINUTE)
