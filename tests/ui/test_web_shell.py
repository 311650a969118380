"""Keys and offline reading in a real browser."""

from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Page as Tab
from playwright.sync_api import expect

from tests.builders import message
from tests.cast import ALICE, BOB
from tests.ui.served import Served, wait_for
from tests.ui.test_web_pages import violations

pytestmark = pytest.mark.browser


def test_keys_open_pages_and_rest_while_one_types(tab: Tab, served: Served) -> None:
    now = datetime.now(UTC)
    served.store(
        messages=tuple(
            message(who, id=who.name, send_at=now + timedelta(hours=hours)) for who, hours in ((ALICE, 2), (BOB, 3))
        )
    )
    tab.reload()
    tab.keyboard.press("j")
    tab.keyboard.press("j")
    expect(tab.get_by_role("link", name="Bob", exact=True)).to_be_focused()
    tab.keyboard.press("k")
    expect(tab.get_by_role("link", name="Alice", exact=True)).to_be_focused()
    tab.get_by_text("Person", exact=True).click()
    expect(tab.get_by_role("link", name="Bob 1")).to_be_visible()
    tab.keyboard.press("Escape")
    expect(tab.get_by_role("link", name="Bob 1")).to_be_hidden()
    tab.keyboard.press("?")
    expect(tab.get_by_role("dialog", name="Keys")).to_be_visible()
    assert violations(tab) == []
    tab.keyboard.press("n")
    expect(tab.get_by_role("dialog", name="Keys")).to_be_visible()
    tab.keyboard.press("Escape")
    tab.keyboard.press("/")
    expect(tab.get_by_role("searchbox")).to_be_focused()
    tab.keyboard.type("n?gc")
    expect(tab.get_by_role("searchbox")).to_have_value("n?gc")
    tab.get_by_role("searchbox").blur()
    tab.keyboard.press("g")
    tab.keyboard.press("c")
    expect(tab.get_by_role("heading", name="Chats")).to_be_visible()
    tab.wait_for_load_state()
    tab.keyboard.press("n")
    expect(tab.get_by_role("heading", name="New message")).to_be_visible()


def test_while_the_server_is_away_the_last_agenda_is_read_and_logging_out_forgets_it(tab: Tab, served: Served) -> None:
    served.store(messages=(message(ALICE, send_at=datetime.now(UTC) + timedelta(hours=2)),))
    kept = "async () => (await (await caches.open('offline-1')).keys()).length"
    tab.reload()
    wait_for(lambda: bool(tab.evaluate(kept)))
    with served.away():
        tab.goto(f"{served.url}/chats")
        expect(tab.get_by_text("This page cannot be reached.")).to_be_visible()
        expect(tab.get_by_role("heading", name="Alice")).to_be_visible()
        expect(tab.get_by_role("button")).to_have_count(0)
        styled = "getComputedStyle(document.querySelector('.panel')).borderRadius"
        assert tab.evaluate(styled) == "14px"
    tab.goto(f"{served.url}/settings")
    tab.get_by_role("button", name="Log out of this page").click()
    expect(tab.get_by_role("button", name="Log in")).to_be_visible()
    wait_for(lambda: not tab.evaluate(kept))
