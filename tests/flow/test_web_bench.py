"""What `./wa bench web` measures is every page, as it stands with something in it."""

import os
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from bench import web
from tests.ui.served import serve


def test_every_page_is_measured_with_something_in_it(tmp_path: Path) -> None:
    now, told = datetime.now(UTC).replace(microsecond=0), list[str]()
    with serve(tmp_path) as served, closing(web.Browser(served.url, served.password)) as browser:
        empty = web.first_visit(browser)
        web.fill_archive(served.host.chats.store, 60, now)
        web.fill_bucket(served.bucket, 30, 60, 3, now)
        full = web.first_visit(browser)
        figures = {
            name: web.measure(browser, os.getpid(), name, path, 2, told.append) for name, path in web.PAGES.items()
        }
        shown = {name: browser.get(web.PAGES[name]).text for name in ("agenda", "chat_search", "series")}
    assert 10 < empty < full
    assert [line.split()[0] for line in told] == list(web.PAGES)
    assert all(0 < each["p50_ms"] <= each["p95_ms"] for each in figures.values())
    assert "Amara Okafor" in shown["agenda"]
    assert "<mark>scarf" in shown["chat_search"]
    assert "series-0" in shown["series"]
