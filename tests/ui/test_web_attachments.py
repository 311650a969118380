"""A file in the form, in a real browser: taken in while one writes, refused in words, removed, and sent along."""

from pathlib import Path

import pytest
from playwright.sync_api import Page as Tab
from playwright.sync_api import expect

from shared.model.content import MAX_MEDIA
from tests.cast_media import PDF, png
from tests.ui.served import Served

pytestmark = pytest.mark.browser

REMOVED_AND_ANOTHER_CHOSEN = """async () => {
    const swapped = new Promise((resolve) => document.body.addEventListener("htmx:afterSwap", resolve, { once: true }));
    document.getElementById("detach").click();
    await swapped;
    const chosen = new DataTransfer(), field = document.getElementById("file");
    chosen.items.add(new File(["Monday: soup."], "menu.txt", { type: "text/plain" }));
    field.files = chosen.files;
    field.dispatchEvent(new Event("change", { bubbles: true }));
}"""
"""Another file is chosen the moment the field for it is there."""


def test_a_picture_is_attached_while_writing_and_goes_with_its_caption(
    tab: Tab, served: Served, tmp_path: Path
) -> None:
    tab.goto(f"{served.url}/compose")
    tab.fill("#to", "07700 900001")
    tab.fill("#text", "Still being typed")
    tab.set_input_files("#file", {"name": "empty.png", "mimeType": "image/png", "buffer": b""})
    expect(tab.locator("#file-error")).to_contain_text("is empty")
    film = tmp_path / "film.mp4"
    with film.open("wb") as file:
        file.truncate(MAX_MEDIA + 1)
    tab.set_input_files("#file", film)
    expect(tab.locator("#file-says")).to_contain_text("“film.mp4” has more than 16 MB")
    tab.set_input_files("#file", {"name": "tea.png", "mimeType": "image/png", "buffer": png(300, 200)})
    expect(tab.locator(".attached")).to_contain_text("tea.png")
    expect(tab.locator("#file-told")).to_contain_text("tea.png")
    expect(tab.locator("#file-says")).to_be_empty()
    picture = tab.locator(".attached img")
    expect(picture).to_have_js_property("complete", value=True)
    assert picture.evaluate("each => each.naturalWidth") == 300
    expect(tab.locator("#text")).to_have_value("Still being typed")
    tab.get_by_role("button", name="Remove").click()
    expect(tab.locator(".attached")).to_have_count(0)
    expect(tab.locator("#file")).to_be_focused()
    tab.set_input_files("#file", {"name": "menu.pdf", "mimeType": "application/pdf", "buffer": PDF})
    expect(tab.locator(".attached")).to_contain_text("menu.pdf")
    tab.evaluate(REMOVED_AND_ANOTHER_CHOSEN)
    expect(tab.locator(".attached")).to_contain_text("menu.txt")
    tab.set_input_files("#file", {"name": "menu.pdf", "mimeType": "application/pdf", "buffer": PDF})
    expect(tab.locator(".attached")).to_contain_text("Document")
    tab.fill("#when", "in 2 hours")
    expect(tab.locator("#echo")).to_contain_text("in 2 h")
    tab.get_by_role("button", name="Schedule").click()
    expect(tab.locator(".attached")).to_contain_text("menu.pdf")
    with tab.expect_download() as download:
        tab.get_by_role("link", name="menu.pdf").click()
    assert Path(download.value.path()).read_bytes() == PDF
