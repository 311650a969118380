"""Chats and calendar in a browser: from a word to its place, new words while one reads, a day without scripts."""

from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Page as Tab
from playwright.sync_api import expect

from tests.cast import ALICE
from tests.fakes import events
from tests.ui.chats import furnish_chats
from tests.ui.served import Served

pytestmark = pytest.mark.browser


def test_from_a_word_to_its_place_and_what_comes_meanwhile(tab: Tab, served: Served) -> None:
    furnish_chats(served)
    now = datetime.now(UTC)
    served.host.chats.hear(
        *(events.message(ALICE.jid, f"Line {n}", at=now - timedelta(days=9, minutes=n)) for n in range(120))
    )
    tab.get_by_role("link", name="Chats").click()
    tab.get_by_role("searchbox").fill("line 77")
    tab.keyboard.press("Enter")
    expect(tab.locator("mark")).to_have_text(["Line", "77"])
    tab.locator(".person a").click()
    expect(tab.locator(".said:target")).to_contain_text("Line 77")
    expect(tab.locator(".said:target")).to_be_in_viewport()
    tab.get_by_role("link", name="To the newest").click()
    expect(tab.locator("img.picture, .picture img")).to_have_js_property("complete", True)
    tab.get_by_text("more characters").click()
    served.host.chats.hear(events.message(ALICE.jid, "Are you there?", at=now))
    expect(tab.get_by_text("Are you there?")).to_be_visible()
    expect(tab.locator(".say-rest")).to_have_attribute("open", "")
    with tab.expect_download() as download:
        tab.get_by_text("Export").click()
        tab.get_by_role("link", name="Text (TXT)").click()
    text = download.value.path().read_text(encoding="utf-8")
    assert text.index("Line 119") < text.index("Line 0") < text.index("Are you there?")


@pytest.mark.parametrize("context", [{"java_script_enabled": False}], indirect=True, ids=["no scripts"])
def test_a_day_of_the_calendar_opens_the_form_without_scripts(tab: Tab, served: Served) -> None:
    tab.get_by_role("link", name="Month").click()
    tab.get_by_role("link", name="The month after").click()
    tab.get_by_role("table").get_by_role("link", name="15 ").first.click(position={"x": 60, "y": 60}, force=True)
    expect(tab.get_by_role("heading", name="New message")).to_be_visible()
    assert tab.get_by_label("Date").input_value().endswith("-15")
