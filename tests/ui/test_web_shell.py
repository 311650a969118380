"""The shell in a real browser: by keys from the agenda to a word in a chat, and the agenda while the server is away."""

from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Page as Tab
from playwright.sync_api import expect

from tests.builders import message
from tests.cast import ALICE, BOB
from tests.fakes import events
from tests.ui.chats import furnish_chats
from tests.ui.served import Served, wait_for
from tests.ui.test_web_pages import violations

pytestmark = pytest.mark.browser


FETCHED_BESIDE_OTHERS = """async ([id, opened]) => {
    let lost = 0;
    for (let round = 0; round < 15; round++) {
        const settled = new Promise((resolve) => {
            const ours = (event) => event.target.id === id && setTimeout(resolve, 30);
            document.body.addEventListener("htmx:afterSettle", ours);
        });
        for (const name of ["status", "chats", "status"]) document.body.dispatchEvent(new CustomEvent(`stale-${name}`));
        await settled;
        const found = document.querySelector(opened);
        if (!found.open) lost += 1;
        found.open = true;
    }
    return lost;
}"""
"""How often something is folded though somebody has opened it, when its fragment and others come at the same time."""


def test_by_keys_to_a_word_in_a_chat_where_new_ones_appear(tab: Tab, served: Served) -> None:
    now = datetime.now(UTC)
    served.store(
        messages=tuple(
            message(who, id=who.name, send_at=now + timedelta(hours=hours)) for who, hours in ((ALICE, 2), (BOB, 3))
        )
    )
    furnish_chats(served)
    old = (events.message(ALICE.jid, f"Line {n}", at=now - timedelta(days=9, minutes=n)) for n in range(120))
    served.host.chats.hear(*old)
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
    tab.keyboard.press("n")
    expect(tab.get_by_role("dialog", name="Keys")).to_be_visible()
    assert violations(tab) == []
    tab.keyboard.press("Escape")
    tab.keyboard.press("g")
    tab.keyboard.press("c")
    expect(tab.get_by_role("heading", name="Chats")).to_be_visible()
    tab.wait_for_load_state()
    tab.keyboard.press("/")
    expect(tab.get_by_role("searchbox")).to_be_focused()
    tab.keyboard.type("line n?gc")
    expect(tab.get_by_role("searchbox")).to_have_value("line n?gc")
    tab.get_by_role("searchbox").fill("line 77")
    tab.keyboard.press("Enter")
    expect(tab.locator("mark")).to_have_text(["Line", "77"])
    tab.locator(".person a").click()
    expect(tab.locator(".said:target")).to_contain_text("Line 77")
    expect(tab.locator(".said:target")).to_be_in_viewport()
    tab.get_by_role("link", name="To the newest").click()
    expect(tab.locator(".picture img")).to_have_js_property("complete", True)
    tab.get_by_text("more characters").click()
    served.host.chats.hear(events.message(ALICE.jid, "Are you there?", at=now))
    expect(tab.get_by_text("Are you there?")).to_be_visible()
    expect(tab.locator(".say-rest")).to_have_attribute("open", "")
    assert tab.evaluate(FETCHED_BESIDE_OTHERS, ["thread", ".say-rest"]) == 0
    with tab.expect_download() as download:
        tab.get_by_text("Export").click()
        tab.get_by_role("link", name="Text (TXT)").click()
    text = download.value.path().read_text(encoding="utf-8")
    assert text.index("Line 119") < text.index("Line 0") < text.index("Are you there?")


def test_while_the_server_is_away_the_last_agenda_is_read_and_logging_out_forgets_it(tab: Tab, served: Served) -> None:
    served.store(messages=(message(ALICE, send_at=datetime.now(UTC) + timedelta(hours=2)),))
    kept = """async () => {
        const cache = await caches.open('offline-1');
        const pages = await Promise.all((await cache.keys()).map(async (key) => (await cache.match(key)).text()));
        return pages.some((page) => page.includes('Alice'));
    }"""
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
