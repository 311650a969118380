"""Insights on the page: figures with their tables, an honest empty state, and nothing inline."""

from pathlib import Path

import pytest
from bs4 import BeautifulSoup

from tests.api.web_page import Page, words
from tests.builders import failed, in_, message, read
from tests.cast import ALICE, EVE


@pytest.fixture
def page(tmp_path: Path) -> Page:
    return Page(tmp_path).enter()


def test_nothing_sent_is_said(page: Page) -> None:
    page.store(messages=[message()])
    assert "Nothing was sent in these 30 days." in words(page.client.get("/insights"))


def test_figures_stand_in_tables_beside_their_pictures(page: Page) -> None:
    page.store(
        messages=[
            read(message(ALICE, id="one", send_at=in_(days=-1))),
            read(message(EVE, id="two", send_at=in_(days=-2))),
            failed(message(id="three", send_at=in_(hours=-3)), "<b>No such number.</b>"),
        ]
    )
    answer = page.client.get("/insights")
    told = words(answer)
    assert "Sent 2 in 30 days, 1 not sent" in told
    assert "Delivered 100 % 2 of 2 to people" in told
    assert "<b>No such number.</b> Failed 1" in told
    soup = BeautifulSoup(answer.text, "html.parser")
    assert len(soup.select("svg rect.amount[x]")) == 3
    days = soup.select("#days-table tbody tr")
    assert [each.get_text(" ", strip=True) for each in days[:3]] == [
        "Today 0 1",
        "Yesterday 1 0",
        "Friday 20 November 1 0",
    ]
    assert all(table.caption for table in soup.select("table"))
    assert not soup.select("main script, main [style], main style")
    assert f"/?show=sent&person={ALICE.number}" in {str(each["href"]) for each in soup.select("a")}


@pytest.mark.parametrize(
    ("days", "span"), [("7", 7), ("90", 90), ("31", 30), ("-1", 30), ("x" * 5000, 30), ("\uff17", 30)]
)
def test_only_the_spans_that_are_offered_are_shown(page: Page, days: str, span: int) -> None:
    answer = page.client.get("/insights", query_string={"days": days})
    assert f"Nothing was sent in these {span} days." in words(answer)
