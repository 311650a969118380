"""What is being written stays: when the session ends, when the page cannot be reached, and after a look elsewhere."""

import pytest
from playwright.sync_api import Page as Tab
from playwright.sync_api import expect

from tests.ui.served import Served

pytestmark = pytest.mark.browser

WRITTEN = {"#to": "07700 900001", "#text": "Still being typed", "#when": "tomorrow 9am"}


def _write(tab: Tab) -> None:
    for field, value in WRITTEN.items():
        tab.fill(field, value)
    tab.locator("#more-options summary").click()
    tab.get_by_label("On time or not at all").check()


def _is_there_again(tab: Tab) -> None:
    expect(tab.locator("#typed-again")).to_be_visible()
    for field, value in WRITTEN.items():
        expect(tab.locator(field)).to_have_value(value)
    expect(tab.locator("#if_late")).not_to_be_checked()
    expect(tab.locator("#echo")).to_contain_text("09:00, ")


def test_who_is_logged_out_while_writing_goes_on_after_the_login(tab: Tab, served: Served) -> None:
    tab.goto(f"{served.url}/compose")
    _write(tab)
    tab.set_input_files("#file", {"name": "menu.txt", "mimeType": "text/plain", "buffer": b"Monday: soup."})
    expect(tab.locator(".attached")).to_contain_text("menu.txt")
    tab.context.request.post(f"{served.url}/logout")
    tab.locator("#text").press_sequentially("!")
    expect(tab.locator("#logged-out")).to_be_visible()
    expect(tab.locator("#text")).to_have_value("Still being typed!")
    tab.fill("#text", WRITTEN["#text"])
    tab.get_by_role("button", name="Schedule").click()
    expect(tab.get_by_text("that was not done")).to_be_visible()
    tab.get_by_label("Password").fill(served.password)
    tab.get_by_role("button", name="Log in").click()
    _is_there_again(tab)
    expect(tab.locator(".attached")).to_contain_text("menu.txt")
    tab.get_by_role("button", name="Schedule").click()
    expect(tab.locator(".notice", has_text="Scheduled for")).to_be_visible()
    tab.goto(f"{served.url}/compose")
    expect(tab.locator("#text")).to_have_value("")
    expect(tab.locator("#typed-again")).to_be_hidden()


def test_a_page_that_cannot_be_reached_says_so_and_what_was_sent_then_is_there_again(tab: Tab, served: Served) -> None:
    tab.goto(f"{served.url}/compose")
    _write(tab)
    with served.away():
        expect(tab.locator("#page-away")).to_be_visible()
        tab.get_by_role("button", name="Schedule").click()
        tab.wait_for_url("chrome-error://**")
    tab.goto(f"{served.url}/contacts")
    tab.goto(f"{served.url}/compose")
    _is_there_again(tab)
    tab.get_by_role("link", name="Start anew").click()
    expect(tab.locator("#typed-again")).to_be_hidden()
    expect(tab.locator("#text")).to_have_value("")
    with served.away():
        expect(tab.locator("#page-away")).to_be_visible()
    expect(tab.locator("#page-away")).to_be_hidden()
