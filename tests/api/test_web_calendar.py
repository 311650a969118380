"""The agenda as week and month on the page, its filters and its search: all of it links, for no script is needed."""

from pathlib import Path
from typing import Any

import pytest
from bs4 import BeautifulSoup

from tests.api.web_page import Page, one, typed, words
from tests.builders import failed, in_, message, sent
from tests.cast import ALICE, BOB, EVE


@pytest.fixture
def page(tmp_path: Path) -> Page:
    page = Page(tmp_path).enter()
    page.store(
        messages=[
            message(ALICE, id="tea", text="Tea at four", send_at=in_(days=3)),
            message(BOB, id="cake", text="Cake", send_at=in_(days=3, hours=1)),
            sent(message(ALICE, id="sent", send_at=in_(days=-2))),
            failed(message(BOB, id="failed", send_at=in_(days=-3))),
            message(ALICE, id="cancelled", send_at=in_(days=4), cancelled=True),
        ]
    )
    return page


def soup(page: Page, path: str) -> BeautifulSoup:
    answer = page.client.get(path)
    assert answer.status_code == 200
    return BeautifulSoup(answer.text, "html.parser")


def shown(page: Page, path: str) -> set[str]:
    links = soup(page, path).select("#calendar .entry a, #agenda a[id^=open-]")
    return {str(each["href"]).removeprefix("/messages/") for each in links}


def test_a_day_of_the_month_opens_the_form_for_it(page: Page) -> None:
    month = soup(page, "/agenda/month")
    assert one(month, "#calendar-title").get_text() == "November 2026"
    day = month.find("a", href="/compose?date=2026-11-25")
    assert day is not None
    assert "Write for Wednesday 25 November 2026" in day.get_text()
    assert typed(page.client.get("/compose?date=2026-11-25"))["date"] == "2026-11-25"
    assert one(month, '[aria-current="date"]')["href"] == "/compose?date=2026-11-22"
    assert month.find("a", href="/compose?date=2026-11-21") is None


@pytest.mark.parametrize("date", ["2026-02-30", "<b>", "", "9" * 5000, "2026-11-2\uff15"])
def test_a_day_that_is_none_leaves_the_form_as_it_is(page: Page, date: str) -> None:
    assert typed(page.client.get("/compose", query_string={"date": date}))["date"] == "2026-11-22"


def test_the_month_is_a_table_with_named_columns(page: Page) -> None:
    table = soup(page, "/agenda/month").table
    assert table is not None
    assert [each["abbr"] for each in table.select('th[scope="col"]')][::6] == ["Monday", "Sunday"]
    assert table.caption is not None
    assert {len(row.select("td")) for row in table.select("tbody tr")} == {7}


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", {"tea", "cake", "sent", "failed", "cancelled"}),
        ("show=upcoming", {"tea", "cake", "cancelled"}),
        ("show=sent", {"sent"}),
        ("show=not-sent", {"failed"}),
        ("show=cancelled", {"cancelled"}),
        (f"person={ALICE.number}", {"tea", "sent", "cancelled"}),
        (f"person={BOB.number}&show=upcoming", {"cake"}),
        ("q=four", {"tea"}),
        ("q=cake&person=" + ALICE.number, set()),
        ("on=2027-02-01", set()),
        ("on=nonsense&show=nonsense&person=nonsense", set()),
    ],
)
def test_filters_and_search_hold_in_each_view(page: Page, query: str, found: set[str]) -> None:
    assert shown(page, f"/agenda/month?{query}") == found
    listed = shown(page, f"/?{query}" if "show" in query else f"/?show=all&{query}")
    assert "on=" in query or listed == found


def test_every_link_keeps_what_was_chosen(page: Page) -> None:
    month = soup(page, f"/agenda/month?on=2026-12-01&q=tea&show=sent&person={ALICE.number}")
    kept = [str(each["href"]) for each in month.select("#earlier, #later")]
    assert kept[0] == f"/agenda/month?on=2026-11-01&show=sent&q=tea&person={ALICE.number}"
    week = next(str(each["href"]) for each in month.select(".views a") if each.get_text() == "Week")
    assert week == f"/agenda/week?show=sent&q=tea&person={ALICE.number}&on=2026-12-01"
    everybody = next(str(each["href"]) for each in month.select(".filters a.chosen"))
    assert everybody == "/agenda/month?show=sent&q=tea&on=2026-12-01"


def test_people_are_offered_as_links(page: Page) -> None:
    offered = soup(page, "/agenda/month").select(".filters .menu a")
    assert [" ".join(each.get_text(" ").split()) for each in offered] == ["Alice 3", "Bob 2"]


def test_a_week_has_a_heading_for_each_day_and_says_each_standing(page: Page) -> None:
    week = soup(page, "/agenda/week")
    assert [" ".join(each.get_text(" ").split())[:9] for each in week.select(".week h3")][::6] == [
        "Monday 16",
        "Sunday 22",
    ]
    assert "Alice , Not confirmed" in " ".join(one(week, "#day-2026-11-20").get_text(" ").split())


def test_a_day_of_very_many_shows_some_and_leads_to_all(page: Page) -> None:
    page.store(messages=[message(id=f"bulk-{number}", send_at=in_(minutes=5)) for number in range(55)])
    week = soup(page, "/agenda/week")
    assert len(week.select("#day-2026-11-22 .entry")) == 40
    more = week.select_one("#day-2026-11-22 .cell-more")
    assert more is not None
    assert more.get_text() == "+15 more on Sunday 22 November 2026"
    assert len(soup(page, str(more["href"])).select("#day-2026-11-22 .entry")) == 55


def test_a_hostile_name_is_a_name(page: Page) -> None:
    page.store(messages=[message(EVE, id="eve", send_at=in_(days=1))])
    for view in ("month", "week"):
        assert not soup(page, f"/agenda/{view}").select("#calendar script")


def test_unreadable_things_are_said_in_a_calendar_too(page: Page) -> None:
    page.bucket.put("log/20261122/web-0.json", b"not json")
    assert "1 thing in the storage cannot be read and is left out here" in words(page.client.get("/agenda/month"))


def fields(soup: BeautifulSoup) -> dict[str, Any]:
    return {str(each["name"]): each["value"] for each in soup.select("#agenda-search input[type=hidden]")}


def test_the_search_keeps_the_view_the_day_and_the_filters(page: Page) -> None:
    month = soup(page, f"/agenda/month?on=2026-12-01&show=sent&person={ALICE.number}")
    assert fields(month) == {"on": "2026-12-01", "show": "sent", "person": ALICE.number}
