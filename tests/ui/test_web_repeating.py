"""A repeating message in a real browser: written with its echo, one date skipped, the series changed and paused."""

from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Page as Tab
from playwright.sync_api import expect

from shared.store.fold import Fold
from shared.store.view import View
from tests.builders import contact
from tests.cast import ALICE
from tests.ui.served import Served

pytestmark = pytest.mark.browser


def fold(served: Served) -> None:
    """The session host takes over what is stored."""
    host = Fold(served.bucket)
    now = datetime.now(UTC)
    host.read(now)
    host.write(now, {})


def test_from_the_echo_of_its_dates_to_a_pause(tab: Tab, served: Served) -> None:
    served.store(contacts=(contact(ALICE),))
    tab.goto(f"{served.url}/compose")
    tab.get_by_text("More options").click()
    expect(tab.get_by_label("Number of times")).to_be_hidden()
    tab.get_by_label("To", exact=True).fill(f"+{ALICE.number}")
    tab.get_by_label("Message", exact=True).fill("The bins go out")
    tab.get_by_label("In words").fill("tomorrow 18:00")
    tab.get_by_label("How often").select_option("Weekly")
    expect(tab.locator("[data-more]")).to_have_text("Weekly · up to 6 h late · even if they write first")
    expect(tab.locator("#repeat-echo")).to_contain_text("day at 18:00")
    expect(tab.locator("#repeat-echo .dates li")).to_have_count(5)
    tab.get_by_label("Number of times").fill("3")
    expect(tab.locator("#repeat-echo .dates li")).to_have_count(3)
    expect(tab.get_by_role("radio", name="After")).to_be_checked()
    for day in ("Monday", "Thursday"):
        tab.get_by_role("checkbox", name=day).check()
    expect(tab.locator("#repeat-echo")).to_contain_text("Every Monday and Thursday at 18:00, 3 times")
    tab.get_by_label("Last date").fill(f"{datetime.now(UTC) - timedelta(days=30):%Y-%m-%d}")
    expect(tab.locator("#repeat-echo")).to_contain_text("The last date is before the first one.")
    tab.get_by_role("radio", name="Never").check()
    expect(tab.locator("#repeat-echo .dates li")).to_have_count(5)
    tab.get_by_role("button", name="Schedule").click()

    expect(tab.get_by_role("heading", name="To Alice, repeating")).to_be_visible()
    expect(tab.locator(".sheet-sentence")).to_contain_text("has not taken it over yet")
    fold(served)
    expect(tab.locator(".sheet-sentence")).to_have_text("It is sent on each of its dates.")
    tab.get_by_role("button", name="Skip").first.click()
    expect(tab.get_by_text("Skipped", exact=True)).to_be_visible()
    tab.get_by_role("link", name="Edit series").click()
    expect(tab.get_by_role("checkbox", name="Thursday")).to_be_checked()
    tab.get_by_label("Message", exact=True).fill("The bins go in")
    tab.get_by_role("button", name="Save changes").click()
    expect(tab.locator(".bubble").first).to_have_text("The bins go in")
    tab.get_by_role("button", name="Pause").click()
    expect(tab.locator(".sheet-status")).to_have_text("Asked to pause")
    fold(served)
    expect(tab.locator(".sheet-status")).to_have_text("Paused")
    messages = View(served.bucket).read(datetime.now(UTC)).messages.values()
    assert {each.cancelled for each in messages} == {True}
    assert sorted({each.text for each in messages}) == ["The bins go in", "The bins go out"], (
        "a skipped one is left alone"
    )
