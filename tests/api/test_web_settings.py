"""The owner's settings on the page: set here, or as the server's environment says; nothing is overwritten silently."""

import json
from datetime import timedelta
from pathlib import Path

import pytest
from bs4 import BeautifulSoup

from shared.model.owner_settings import OWNER, OwnerSettings
from shared.model.pace import PaceSettings
from shared.store.owner_settings import SettingsStore
from tests.api.web_page import Page, path_of, words

EMPTY = {"zone": "", "country": "", "quiet": "server", "quiet_from": "", "quiet_until": ""} | dict.fromkeys(
    ("gap_seconds", "hourly", "daily", "strangers_daily"), ""
)


@pytest.fixture
def page(tmp_path: Path) -> Page:
    return Page(tmp_path).enter()


def stored(page: Page) -> OwnerSettings:
    return SettingsStore(page.bucket).look().owner


def save(page: Page, **fields: str) -> str:
    """What the page says to these fields, saved from the newest version."""
    answer = page.client.post("/settings", data=EMPTY | {"version": stored(page).version} | fields)
    assert answer.status_code == 303, words(answer)
    return words(page.client.get("/settings"))


def test_nothing_set_is_as_the_environment_says(page: Page) -> None:
    said = words(page.client.get("/settings"))
    assert "From the server’s environment: Europe/London." in said
    assert "From the server’s environment: 22:00 to 08:00." in said
    assert "Set here" not in said
    page.host.down = True
    assert "it does not answer now" in words(page.client.get("/settings"))


def test_what_is_set_holds_at_once_and_is_told_to_the_host(page: Page) -> None:
    said = save(
        page, zone="asia/tokyo", country="JP", quiet="hours", quiet_from="23:00", quiet_until="07:30", daily="80"
    )
    assert "Your settings are saved." in said
    assert "Set here. The server’s environment says Europe/London." in said
    owner = stored(page)
    assert (owner.zone, owner.country, owner.quiet, owner.daily) == ("Asia/Tokyo", "JP", "23:00-07:30", 80)
    assert (owner.gap_seconds, owner.hourly) == (None, None)
    assert 'value="Asia/Tokyo"' in page.client.get("/compose").text
    assert [each.items for each in page.host.handovers] == [()]
    page.client.post("/contacts", data={"name": "Kei", "number": "090-1234-5678", "label": ""})
    assert [each.phones[0].number for each in page.contacts.values()] == ["819012345678"]


def test_reset_and_undo(page: Page) -> None:
    save(page, zone="Asia/Tokyo", hourly="7")
    assert path_of(page.client.post("/settings/reset", data={"field": "zone", "version": stored(page).version}))
    assert (stored(page).zone, stored(page).hourly) == (None, 7)
    soup = BeautifulSoup(page.client.get("/settings").text, "html.parser")
    undo = next(str(form["action"]) for form in soup.select(".notice form") if "again" in str(form.parent))
    assert page.client.post(undo).status_code == 303
    assert (stored(page).zone, stored(page).hourly) == ("Asia/Tokyo", 7)
    assert page.client.post(undo).status_code == 303  # a second click
    save(page, zone="Europe/Paris")
    answer = page.client.post(undo)
    assert answer.status_code == 409
    assert "Europe/Paris" in words(answer)
    assert stored(page).zone == "Europe/Paris"
    assert page.client.post("/settings/undo?version=unknown").status_code == 404
    assert page.client.post("/settings/reset", data={"field": "version"}).status_code == 404


def test_two_tabs_show_both_and_overwrite_nothing(page: Page) -> None:
    seen = stored(page).version
    save(page, zone="Asia/Tokyo")
    answer = page.client.post("/settings", data=EMPTY | {"version": seen, "zone": "Europe/Paris"})
    assert answer.status_code == 409
    assert "Asia/Tokyo" in words(answer)
    assert 'value="Europe/Paris"' in answer.text
    assert stored(page).zone == "Asia/Tokyo"
    version = BeautifulSoup(answer.text, "html.parser").select_one("form.settings [name=version]")
    assert version is not None
    again = EMPTY | {"version": str(version["value"]), "zone": "Europe/Paris"}
    assert page.client.post("/settings", data=again).status_code == 303
    assert page.client.post("/settings", data=again).status_code == 303  # a double click
    assert stored(page).zone == "Europe/Paris"


def test_two_processes_at_once_leave_two_heads(page: Page) -> None:
    store = SettingsStore(page.bucket)
    for version, zone in (("web-1", "Asia/Tokyo"), ("web-2", "Europe/Paris")):
        store.write(OwnerSettings(id=OWNER, revision=1, version=version, zone=zone))
    page.later(timedelta(seconds=2))
    said = words(page.client.get("/settings"))
    assert "The other version" in said
    assert "Asia/Tokyo" in said
    save(page, zone="Europe/Paris", daily="9")
    assert stored(page).conflicts == ()


@pytest.mark.parametrize(
    ("field", "fields"),
    [
        ("zone", {"zone": "Mars/Olympus"}),
        ("zone", {"zone": "../../etc/passwd"}),
        ("country", {"country": "XX"}),
        ("quiet", {"quiet": "hours", "quiet_from": "22:00", "quiet_until": "22:00"}),
        ("quiet", {"quiet": "hours", "quiet_from": "08:00", "quiet_until": "07:59"}),
        ("quiet", {"quiet": "hours", "quiet_from": "25:00", "quiet_until": ""}),
        ("quiet", {"quiet": "sometimes"}),
        ("gap_seconds", {"gap_seconds": "-1"}),
        ("gap_seconds", {"gap_seconds": "nan"}),
        ("hourly", {"hourly": "0"}),
        ("daily", {"daily": "99999999999999999999"}),
        ("strangers_daily", {"strangers_daily": "2.5"}),
    ],
)
def test_what_is_wrong_is_said_beside_its_field_and_what_was_typed_is_kept(
    page: Page, field: str, fields: dict[str, str]
) -> None:
    answer = page.client.post("/settings", data=EMPTY | fields)
    assert answer.status_code == 422
    soup = BeautifulSoup(answer.text, "html.parser")
    assert [str(each["id"]) for each in soup.select("p.error")] == [f"{field}-error"]
    for name, value in fields.items():
        kept = soup.select_one(f"input[name={name}]:not([type=radio])")
        assert kept is None or kept["value"] == value
    assert stored(page).version == ""


def test_the_storage_away_keeps_what_holds_and_what_was_typed(page: Page) -> None:
    save(page, zone="Asia/Tokyo")
    page.bucket.away = True
    page.later(timedelta(minutes=1))
    answer = page.client.get("/settings")
    assert answer.status_code == 200
    assert "could not be read again" in words(answer)
    assert 'value="Asia/Tokyo"' in answer.text
    answer = page.client.post("/settings", data=EMPTY | {"zone": "Europe/Paris"})
    assert answer.status_code == 503
    assert 'value="Europe/Paris"' in answer.text


def test_what_is_hostile_in_the_bucket_is_left_out_with_a_sentence(page: Page) -> None:
    save(page, zone="Asia/Tokyo")
    hostile = {
        "byhand-1": b"{",
        "byhand-2": json.dumps({"version": 1, "settings": {"id": OWNER, "zone": "<script>"}}).encode(),
        "byhand-3": json.dumps({"version": 99}).encode(),
    }
    for name, data in hostile.items():
        page.bucket.put(f"settings/owner/{name}.json", data)
    page.later(timedelta(seconds=2))
    answer = page.client.get("/settings")
    for name in hostile:
        assert f"settings/owner/{name}.json" in words(answer)
    assert "<script>" not in answer.text.replace("<script src", "")
    assert 'value="Asia/Tokyo"' in answer.text
    save(page, zone="Europe/Paris")
    assert {f"settings/owner/{name}.json" for name in hostile} <= {each.key for each in page.bucket.list("settings/")}


def test_fields_this_version_does_not_know_survive(page: Page) -> None:
    record = {"id": OWNER, "revision": 1, "version": "web-1", "zone": "Asia/Tokyo", "later": {"kept": True}}
    page.bucket.put("settings/owner/web-1.json", json.dumps({"version": 1, "settings": record}).encode())
    save(page, zone="Europe/Paris")
    assert stored(page).model_extra == {"later": {"kept": True}}


def test_the_pace_that_holds_is_the_environments_with_the_owners_over_it() -> None:
    owner = OwnerSettings(id=OWNER, zone="Asia/Tokyo", quiet="off", hourly=3)
    pace = owner.over(PaceSettings())
    assert (pace.zone, pace.quiet, pace.hourly, pace.daily) == ("Asia/Tokyo", None, 3, 150)
    assert owner.over(PaceSettings(own_zone=True)).zone == "Europe/London"
    assert OwnerSettings(id=OWNER).over(PaceSettings()) == PaceSettings()
