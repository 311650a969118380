"""The page as an app: it can be installed, is read offline but sends nothing from there, and has keys that can rest."""

import gzip
import re
from pathlib import Path

import pytest
from bs4 import BeautifulSoup

from tests.api.web_page import Page, one, path_of, words
from tests.builders import in_, message
from tests.cast import ALICE, EVE
from web.keys import KEYS


@pytest.fixture
def page(tmp_path: Path) -> Page:
    return Page(tmp_path)


def test_the_manifest_names_what_an_installed_page_needs_and_each_icon_is_there(page: Page) -> None:
    document = page.client.get("/manifest.webmanifest").get_json()
    assert (document["start_url"], document["scope"], document["display"]) == ("/", "/", "standalone")
    for icon in document["icons"]:
        answer = page.client.get(icon["src"])
        assert (answer.status_code, answer.mimetype) == (200, icon["type"])
        if icon["type"] == "image/png":
            width = int.from_bytes(answer.data[16:20], "big")
            assert f"{width}x{width}" == icon["sizes"]
    assert {"192x192", "512x512", "any"} <= {each["sizes"] for each in document["icons"]}


def test_the_service_worker_stands_at_the_root_and_touches_no_request_that_changes_something(page: Page) -> None:
    answer = page.client.get("/service-worker.js")
    assert answer.mimetype == "text/javascript"
    assert 'request.method !== "GET"' in answer.text
    assert "sync" not in answer.text.replace("async", "")


def test_offline_the_owner_reads_the_agenda_and_has_nothing_to_press(page: Page) -> None:
    page.enter()
    page.store(messages=[message(ALICE, send_at=in_(hours=2)), message(EVE, text="<b>", send_at=in_(days=1))])
    answer = page.client.get("/offline")
    told = words(answer)
    assert "As it was on Sun 22 Nov 2026, 12:00, Europe/London. To be read only." in told
    assert "Alice" in told
    soup = BeautifulSoup(answer.text, "html.parser")
    assert not soup.select("form, button, script, input")
    assert {str(each["href"]) for each in soup.select("main a")} == {"/"}


def test_offline_nobody_else_reads_anything(page: Page) -> None:
    page.store(messages=[message(ALICE)])
    told = words(page.client.get("/offline"))
    assert "This page cannot be reached." in told
    assert "Alice" not in told


def test_what_is_read_offline_takes_no_notice_away_and_survives_a_storage_that_is_away(page: Page) -> None:
    page.enter()
    page.compose()
    page.client.get("/offline")
    assert "Scheduled for" in words(page.client.get("/"))
    page.bucket.away = True
    answer = page.client.get("/offline")
    assert (answer.status_code, "Agenda" in words(answer)) == (200, False)


def test_logging_out_takes_along_what_the_browser_kept(page: Page) -> None:
    page.enter()
    answer = page.client.post("/logout")
    assert path_of(answer) == "/login"
    assert answer.headers["Clear-Site-Data"] == '"cache", "storage"'


def test_keys_are_listed_and_can_be_switched_off_and_on(page: Page) -> None:
    page.enter()
    dialog = BeautifulSoup(page.client.get("/").text, "html.parser").find(id="keys-help")
    assert dialog is not None
    assert len(dialog.select("dt")) == len(KEYS)
    assert path_of(page.client.post("/settings/keys", data={"keys": "off"})) == "/settings"
    for path in ("/", "/settings"):
        assert 'id="keys-help"' not in page.client.get(path).text
    assert "Switch the keys on" in words(page.client.get("/settings"))
    page.client.post("/settings/keys", data={"keys": "nonsense"})
    assert 'id="keys-help"' not in page.client.get("/").text
    page.client.post("/settings/keys", data={"keys": "on"})
    assert 'id="keys-help"' in page.client.get("/").text


def test_settings_say_where_everything_is_chosen(page: Page) -> None:
    page.enter()
    answer = page.client.get("/settings")
    found = BeautifulSoup(answer.text, "html.parser")
    titles = ["Place", "Pace", "Keys", "Templates", "Programs that may send", "Password"]
    assert [each.get_text() for each in found.select("main h2")] == titles
    assert found.select("main a[href='/templates']")
    assert one(found, "#zone")["placeholder"] == "Europe/London"
    assert all(each in words(answer) for each in ("United Kingdom", "{{first_name}}", "Quiet hours"))
    assert found.select("main a[href='/settings/tokens']")


def test_each_key_leads_to_a_page_and_none_is_there_twice(page: Page) -> None:
    page.enter()
    places = one(BeautifulSoup(page.client.get("/").text, "html.parser"), "#keys-help")["data-places"]
    addresses = re.findall(r'"(/[^"]*)"', str(places))
    assert len(addresses) == sum(bool(key.endpoint) for key in KEYS)
    assert all(page.client.get(address).status_code == 200 for address in addresses)
    assert len({key.pressed for key in KEYS}) == len(KEYS)


def test_own_files_come_smaller_to_browsers_that_can_read_them_so(page: Page) -> None:
    plain = page.client.get("/static/css/parts.css?v=1")
    small = page.client.get("/static/css/parts.css?v=1", headers={"Accept-Encoding": "br, gzip"})
    assert (plain.headers.get("Content-Encoding"), small.headers.get("Content-Encoding")) == (None, "gzip")
    assert gzip.decompress(small.data) == plain.data
    assert len(small.data) < len(plain.data) / 2
    assert "Accept-Encoding" in small.headers["Vary"]
    again = page.client.get(
        "/static/css/parts.css", headers={"Accept-Encoding": "gzip", "If-None-Match": small.headers["ETag"]}
    )
    assert again.status_code == 304
    picture = page.client.get("/static/icons/icon-192.png", headers={"Accept-Encoding": "gzip"})
    assert "Content-Encoding" not in picture.headers


def test_pages_come_smaller_too_but_not_where_a_strangers_words_stand_beside_private_ones(page: Page) -> None:
    page.enter()
    page.store(messages=[message(ALICE, send_at=in_(hours=2)) for _ in range(9)])
    packed = page.client.get("/", headers={"Accept-Encoding": "gzip"})
    assert (packed.content_encoding, packed.headers["Vary"]) == ("gzip", "Accept-Encoding")
    assert gzip.decompress(packed.data).decode().count("The kettle is on.") == 9
    assert page.client.get("/").content_encoding is None
    assert page.client.get("/chats", headers={"Accept-Encoding": "gzip"}).content_encoding is None
