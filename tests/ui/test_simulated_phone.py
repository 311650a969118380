"""The simulated phone in a real browser, with the real client linked to it through the page."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, expect
from playwright.sync_api import Page as Tab

from simulator import phone_page
from simulator.control import Control
from tests.flow.simulated import OWNER, running_client, running_simulator
from tests.ui.conftest import Witness

pytestmark = [pytest.mark.browser, pytest.mark.slow]

ADA, GRACE = "447700900123", "447700900124"


@pytest.fixture(scope="module")
def control(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Control]]:
    folder = tmp_path_factory.mktemp("phone")
    with running_simulator(folder) as control:
        control.put_contact(ADA, "Ada", delivered_after_ms=0, read_after_ms=None)
        control.put_contact(GRACE, "Grace <b>Hopper</b>")
        yield folder, control


@pytest.fixture
def phone(browser: Browser, control: tuple[Path, Control]) -> Iterator[Tab]:
    ready = control[1].ready
    context = browser.new_context(viewport={"width": 1280, "height": 800}, reduced_motion="reduce")
    context.set_default_timeout(20_000)
    witness = Witness(context, ready.control)
    tab = context.new_page()
    answer = tab.goto(ready.control)
    assert answer is not None
    assert answer.status == 401
    expect(tab.locator("main")).to_contain_text("opens with the address")
    tab.goto(phone_page.address(ready.control, ready.token))
    assert tab.url == f"{ready.control}/"
    yield tab
    context.close()
    assert witness.complaints == []


def write(tab: Tab, label: str, text: str) -> None:
    form = tab.locator("form").filter(has=tab.get_by_label(label))
    form.get_by_label(label).fill(text)
    form.get_by_role("button").click()


def test_a_person_plays_with_it(phone: Tab, control: tuple[Path, Control]) -> None:
    expect.set_options(timeout=30_000)
    state, faults = phone.locator("#state"), phone.locator("#faults")
    with running_client(control[0]) as client:
        code = client.expect("qr", 60)["code"]
        expect(state).to_contain_text("shows a QR code")
        phone.get_by_label("The code’s text").fill(code)
        phone.get_by_label("This phone’s number").fill(OWNER)
        phone.get_by_role("button", name="Scan", exact=True).click()
        client.expect("connected")
        expect(state).to_contain_text("A linked device is connected.")
        phone.get_by_role("link", name="Ada").click()

        client.ask(do="send", to=ADA, text="Hello *Ada*")
        bubble = phone.locator(".bubble.owner")
        expect(bubble).to_contain_text("Hello *Ada*")
        expect(bubble).to_contain_text("delivered")
        phone.get_by_role("button", name="Reads everything").click()
        expect(bubble).to_contain_text("✓✓ read")

        write(phone, "Ada writes", "Hello <script>alert(1)</script>")
        client.expect("message", text="Hello <script>alert(1)</script>", from_me=False)
        expect(phone.locator(".bubble.contact")).to_contain_text("<script>alert(1)</script>")
        write(phone, "The owner types on the phone", "Typed on the phone")
        client.expect("message", text="Typed on the phone", from_me=True)
        expect(bubble.last).to_contain_text("Typed on the phone")
        assert bubble.count() == 2

        write(phone, "In the owner’s address book", "Ada <i>Lovelace</i>")
        expect(phone.get_by_label("In the owner’s address book")).to_have_value("Ada <i>Lovelace</i>")
        assert [each.name for each in control[1].address_book()] == ["Ada <i>Lovelace</i>"]
        write(phone, "In the owner’s address book", "")
        expect(phone.get_by_label("In the owner’s address book")).to_have_value("")
        assert control[1].address_book() == []

        phone.get_by_role("button", name="Refuse a message").click()
        expect(faults).to_contain_text("message: nack 479")
        assert "error 479" in client.ask(do="send", to=ADA, text="refused")["error"]
        expect(faults).to_contain_text("played 1 of 1")
        phone.get_by_role("button", name="Clear all faults").click()
        expect(faults).to_contain_text("No rule is in force.")
        assert control[1].faults() == []

        control[1].put_group("tea", "Tea at five", [ADA, GRACE])
        phone.get_by_role("link", name="Tea at five").click()
        phone.get_by_label("Writes as").select_option(GRACE)
        write(phone, "What they write", "With milk?")
        client.expect("message", text="With milk?")
        expect(phone.locator(".bubble.contact")).to_contain_text("With milk?")
        write(phone, "The owner types on the phone", "Without")
        client.expect("message", text="Without", from_me=True)

        phone.get_by_role("button", name="Break the connections").click()
        client.expect("disconnected")
        expect(phone.locator("#log")).to_contain_text("disconnected")
        phone.get_by_role("button", name="Unlink the devices").click()
        client.expect("logged-out")
        expect(state).to_contain_text("No device is linked")


def test_what_it_does_not_do(phone: Tab, control: tuple[Path, Control]) -> None:
    ready, ask = control[1].ready, phone.context.request
    for headers in ({}, {"Origin": "http://127.0.0.1:1"}, {"Sec-Fetch-Site": "same-site"}):
        assert ask.post(f"{ready.control}/act/break", headers=headers).status == 403
    wrong = ask.post(
        f"{ready.control}/act/contact", headers={"Origin": ready.control}, form={"name": "Ben", "phone": "x"}
    )
    assert (wrong.status, "should match" in wrong.text()) == (422, True)
    unknown: dict[str, str | float | bool] = {"chat": "447700900199", "text": "hello"}
    refused = ask.post(f"{ready.control}/act/say", headers={"Origin": ready.control}, form=unknown)
    assert (refused.status, "no contact with this number" in refused.text()) == (422, True)
    assert ask.get(f"{ready.control}/state").status == 401, "the cookie opens the page alone"
    assert ask.get(f"{ready.control}/?token=wrong").status == 401


@pytest.mark.parametrize("scheme", ["dark", "light"])
def test_it_is_accessible_and_fits_a_phone(phone: Tab, control: tuple[Path, Control], scheme: str) -> None:
    phone.emulate_media(color_scheme="light" if scheme == "light" else "dark")
    phone.set_viewport_size({"width": 360, "height": 740})
    for path in ("/", f"/?chat={GRACE}"):
        phone.goto(control[1].ready.control + path)
        assert phone.evaluate("document.documentElement.scrollWidth") == 360
        found = Axe().run(phone).response["violations"]
        assert [(each["id"], node["html"][:120]) for each in found for node in each["nodes"]] == []
