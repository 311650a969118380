"""Pictures of pages in both themes at two widths, as WebP files, taken with Chromium by Playwright."""

import base64
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import click

CHROMIUM = Path("/usr/bin/chromium")
THEMES = ("dark", "light")
SETTLE_MS = 150
"""What a page that has loaded is left, to put in place what its scripts fetch."""
QUALITY = 76


class Size(NamedTuple):
    """How wide a picture is, and at least and at most how high, in CSS pixels; and so many pixels for each of these."""

    width: int
    least: int
    most: int
    pixels: float


SIZES = (Size(1280, 800, 1250, 1), Size(360, 740, 1500, 1.5))


class Page(NamedTuple):
    """One picture: its file's name, its address, what it shows, and what is done on the page before, given a tab."""

    name: str
    path: str
    shows: str
    prepare: Callable[[Any], None] = lambda _tab: None

    def file(self, theme: str, size: Size) -> str:
        """The name of its file."""
        return f"{self.name}-{theme}-{size.width}.webp"


class Camera:
    """A browser that takes pictures of the page at this address into this folder."""

    def __init__(self, browser: Any, address: str, folder: Path) -> None:
        self._browser, self._address, self._folder = browser, address, folder

    def take(self, pages: tuple[Page, ...], cookies: Mapping[str, str], say: Callable[[str], None]) -> None:
        """Each page in both themes at both widths, for somebody with these cookies."""
        for theme in THEMES:
            for size in SIZES:
                with self._tab(size, {**cookies, "theme": theme}) as tab:
                    for page in pages:
                        tab.set_viewport_size({"width": size.width, "height": size.least})
                        tab.goto(self._address + page.path)
                        page.prepare(tab)
                        self._shoot(tab, size, self._folder / page.file(theme, size))
                say(f"{len(pages)} pictures, {theme}, {size.width} px")

    @contextmanager
    def _tab(self, size: Size, cookies: Mapping[str, str]) -> Iterator[Any]:
        context = self._browser.new_context(
            viewport={"width": size.width, "height": size.least},
            device_scale_factor=size.pixels,
            has_touch=size.width < 600,
            reduced_motion="reduce",
            locale="en-GB",
            timezone_id="Europe/London",
            service_workers="block",
        )
        try:
            context.add_cookies([{"name": name, "value": each, "url": self._address} for name, each in cookies.items()])
            yield context.new_page()
        finally:
            context.close()

    def _shoot(self, tab: Any, size: Size, file: Path) -> None:
        """As high as the page is, within limits, so that what sticks to an edge of the window is where it belongs."""
        tab.wait_for_load_state("networkidle")
        height = tab.evaluate("document.documentElement.scrollHeight")
        tab.set_viewport_size({"width": size.width, "height": min(max(height, size.least), size.most)})
        tab.wait_for_timeout(SETTLE_MS)
        asked = {"format": "webp", "quality": QUALITY}
        taken = tab.context.new_cdp_session(tab).send("Page.captureScreenshot", asked)
        file.write_bytes(base64.b64decode(taken["data"]))


@contextmanager
def browser() -> Iterator[Any]:
    """Chromium, without a window. Raises click.ClickException where Playwright or Chromium is missing."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        raise click.ClickException("Playwright is missing: run this as ./wa, which installs what it needs.") from None
    if not CHROMIUM.exists():
        raise click.ClickException(f"There is no {CHROMIUM}: install it with 'apt install chromium'.")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        try:
            yield chromium
        finally:
            chromium.close()
