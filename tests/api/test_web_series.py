"""Repeating messages on the page: what was meant is stored, each date can be decided about, nothing typed is lost."""

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from bs4 import BeautifulSoup
from werkzeug.test import TestResponse

from shared.model.series import Series, SeriesState
from tests.api.web_page import Page, errors, one, path_of, typed, words
from tests.builders import contact, in_, message, series
from tests.cast import ALICE, BOB

FRIDAY = "weekly@2026-11-27T18:00"


@pytest.fixture
def page(tmp_path: Path) -> Page:
    return Page(tmp_path).enter()


@pytest.fixture(scope="module")
def untouched(tmp_path_factory: pytest.TempPathFactory) -> Page:
    """One page for all tests that store nothing."""
    return Page(tmp_path_factory.mktemp("page")).enter()


def only(page: Page) -> Series:
    (found,) = page.series.values()
    return found


def seen(page: Page, path: str) -> str:
    return words(page.client.get(path))


def post(page: Page, path: str, **fields: Any) -> TestResponse:
    return page.client.post(path, data=fields)


def form(**fields: Any) -> dict[str, Any]:
    good = {"to": "07700 900001", "text": "Bins", "date": "2026-11-27", "time": "18:00", "zone": "Europe/London"}
    return good | {"repeat": "weekly"} | fields


def test_a_repeating_message_is_a_series_with_its_dates_to_see_at_once(page: Page) -> None:
    answer = post(page, "/messages", **form())
    saved = only(page)
    assert path_of(answer) == f"/series/{saved.id}"
    assert (saved.first, saved.zone, saved.rule.rrule) == ("2026-11-27T18:00", "Europe/London", "FREQ=WEEKLY;BYDAY=FR")
    assert (saved.to, saved.text, saved.created_from, saved.state) == (ALICE.number, "Bins", "web", SeriesState.ACTIVE)
    assert page.messages == {}, "only the session host makes messages of it"
    shown = seen(page, answer.headers["Location"])
    assert "Every Friday at 18:00. The first date is Fri 27 Nov 2026, 18:00, Europe/London (GMT), in 5 days" in shown
    assert "Stored; the session host has not taken it over yet." in shown
    for day in ("27 Nov", "4 Dec", "11 Dec", "18 Dec", "25 Dec"):
        assert f"Fri {day} 2026, 18:00 GMT" in shown
    agenda = seen(page, "/")
    assert agenda.count("Every Friday at 18:00") == 5, "the one that is next up and four more"
    page.fold()
    assert len(page.messages) == 5
    assert "It is sent on each of its dates." in seen(page, answer.headers["Location"])


@pytest.mark.parametrize(
    ("fields", "rrule", "in_words"),
    [
        ({"repeat": "daily"}, "FREQ=DAILY", "Every day at 18:00"),
        ({"repeat": "daily", "every": "3"}, "FREQ=DAILY;INTERVAL=3", "Every 3 days at 18:00"),
        (
            {"weekday": ["fr", "mo"], "every": "2"},
            "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,FR",
            "Every 2 weeks on Monday and Friday at 18:00",
        ),
        (
            {"weekday": ["mo", "tu", "we", "th", "fr"]},
            "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR",
            "Every weekday, Monday to Friday, at 18:00",
        ),
        (
            {"repeat": "monthly", "date": "2026-12-31"},
            "FREQ=MONTHLY;BYMONTHDAY=28,29,30,31;BYSETPOS=-1",
            "Every month on the 31st (in shorter months on their last day) at 18:00",
        ),
        ({"repeat": "monthly", "monthly_on": "last"}, "FREQ=MONTHLY;BYMONTHDAY=-1",
         "Every month on its last day at 18:00"),
        (
            {"repeat": "yearly", "date": "2028-02-29"},
            "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=28,29;BYSETPOS=-1",
            "Every year on 29 February (28 February in other years) at 18:00",
        ),
        (
            {"ends": "until", "until": "2027-03-05"},
            "FREQ=WEEKLY;BYDAY=FR;UNTIL=20270305T235959",
            "Every Friday at 18:00, until 5 March 2027",
        ),
        ({"ends": "count", "count": "3"}, "FREQ=WEEKLY;BYDAY=FR;COUNT=3", "Every Friday at 18:00, 3 times"),
    ],
)  # fmt: skip
def test_each_kind_of_rule_is_stored_as_an_rrule_and_said_in_words(
    page: Page, fields: dict[str, Any], rrule: str, in_words: str
) -> None:
    answer = post(page, "/messages", **form(**fields))
    assert only(page).rule.rrule == rrule
    assert in_words in seen(page, path_of(answer))
    again = typed(page.client.get(f"{path_of(answer)}/edit"))
    assert (again["time"], again["every"]) == ("18:00", fields.get("every", "1"))


@pytest.mark.parametrize(
    ("fields", "field", "sentence"),
    [
        ({"repeat": "hourly"}, "repeat", "Choose one of the list."),
        ({"repeat": "WEEKLY;COUNT=1"}, "repeat", "Choose one of the list."),
        ({"every": "0"}, "every", "from 1 to 99"),
        ({"every": "100"}, "every", "from 1 to 99"),
        ({"every": "99999999999999999999"}, "every", "from 1 to 99"),
        ({"every": "1e3"}, "every", "from 1 to 99"),
        ({"every": "٣"}, "every", "from 1 to 99"),
        ({"ends": "count", "count": "1000"}, "count", "from 1 to 999"),
        ({"ends": "count", "count": "-1"}, "count", "from 1 to 999"),
        ({"ends": "until", "until": ""}, "until", "Choose the last date"),
        ({"ends": "until", "until": "31/03/2027"}, "until", "Choose the last date"),
        ({"ends": "until", "until": "9999-12-31"}, "until", "Choose the last date"),
        ({"ends": "until", "until": "2027-02-30"}, "until", "Choose the last date"),
        ({"ends": "never", "until": "2027-03-31"}, "until", "choose On, or empty the date"),
        ({"ends": "until", "until": "2026-11-26"}, "until", "The last date is before the first one."),
        ({"ends": "until", "until": "2026-11-28", "weekday": "mo"}, "until", "There is no such date"),
        ({"ends": "sometime"}, "ends", "Choose one of the three."),
        ({"repeat": "monthly", "monthly_on": "full moon"}, "monthly_on", "Choose one of the two."),
        ({"zone": "Mars/Olympus"}, "zone", "no time zone I know"),
        ({"zone": "../../etc/passwd"}, "zone", "no time zone I know"),
        ({"date": "2026-11-20"}, "time", "choose a time that is still to come"),
        ({"date": "2026-02-30"}, "date", "is no date"),
        ({"date": "2101-01-03", "repeat": "daily"}, "date", "choose a date before 2101"),
        ({"date": "9999-12-30", "repeat": "daily"}, "date", "choose a date before 2101"),
        ({"date": "1999-12-31", "ends": "count", "count": "0"}, "date", "The year 1999 looks like a slip"),
        ({"text": ""}, "text", "Write something"),
    ],
)
def test_what_makes_no_sense_is_said_beside_its_field_and_nothing_is_stored(
    untouched: Page, fields: dict[str, str], field: str, sentence: str
) -> None:
    answer = post(untouched, "/messages", **form(**fields))
    assert answer.status_code == 422
    assert sentence in errors(answer)[field]
    kept = typed(answer) | {
        each: fields[each] for each in ("repeat", "ends", "monthly_on", "weekday") if each in fields
    }
    assert kept.items() >= fields.items(), "what was typed is still there"
    assert untouched.series == {}
    assert untouched.messages == {}


def test_ticked_weekdays_and_choices_stay_beside_an_error(page: Page) -> None:
    answer = post(page, "/messages", **form(weekday=["mo", "th"], ends="count", count="none"))
    soup = BeautifulSoup(answer.text, "html.parser")
    assert [each["value"] for each in soup.select("input[name=weekday][checked]")] == ["mo", "th"]
    assert [each["value"] for each in soup.select("input[name=ends][checked]")] == ["count"]
    assert [each["value"] for each in soup.select("select[name=repeat] [selected]")] == ["weekly"]


def test_a_form_saved_twice_is_one_series_also_when_the_first_answer_was_lost(page: Page) -> None:
    post(page, "/messages", **form(id="the-form"))
    post(page, "/messages", **form(id="the-form"))
    assert page.series.keys() == {"the-form"}
    post(page, "/messages", **form(id="the-form", text="Other words"))
    assert len(page.series) == 2
    page.bucket.lost = 3
    assert post(page, "/messages", **form(id="lost-form")).status_code == 503
    assert post(page, "/messages", **form(id="lost-form")).status_code == 303
    assert page.series["lost-form"].conflicts == ()


def test_a_storage_that_is_away_keeps_what_was_typed(page: Page) -> None:
    page.bucket.away = True
    answer = post(page, "/messages", **form(weekday="tu"))
    assert answer.status_code == 503
    assert typed(answer)["text"] == "Bins"
    page.bucket.away = False
    page.store(series=[series(id="weekly")])
    page.client.get("/series/weekly/edit")
    page.bucket.away = True
    assert post(page, "/series/weekly", **form(text="Kept")).status_code == 503


def test_the_first_date_is_handed_over_at_once_when_it_is_soon(page: Page) -> None:
    post(page, "/messages", **form(date="2026-11-22", time="12:02", repeat="daily"))
    (item,) = page.host.handovers[-1].items
    assert item["id"] == f"{only(page).id}@2026-11-22T12:02"
    page.fold()
    assert page.messages[item["id"]].head().as_json() == item, "the host will make the very same message"


def test_one_date_is_skipped_and_sent_all_the_same(page: Page) -> None:
    page.store(series=[series(id="weekly")])
    post(page, f"/messages/{FRIDAY}/cancel", back="/series/weekly")
    assert "Skipped" in seen(page, "/series/weekly")
    page.fold()
    assert [each.cancelled for each in page.messages.values()] == [True, False, False, False, False]
    post(page, f"/messages/{FRIDAY}/restore", back="/series/weekly")
    page.fold()
    assert not page.messages[FRIDAY].cancelled
    assert "Changed by itself" in seen(page, "/series/weekly")


def test_one_date_is_moved_and_stays_so_when_the_series_changes(page: Page) -> None:
    page.store(series=[series(id="weekly")])
    shown = seen(page, f"/messages/{FRIDAY}")
    assert "Part of a series: Every Friday at 18:00" in shown
    assert "Skip this one" in shown
    edit = page.client.get(f"/messages/{FRIDAY}/edit")
    assert "Only this date changes" in words(edit)
    assert "Repeat" not in words(edit)
    post(page, f"/messages/{FRIDAY}", **{**typed(edit), "date": "2026-11-28", "if_late": "within"})
    page.fold()
    change(page, text="New words")
    page.fold()
    assert [each.text for each in page.messages.values()].count("New words") == 4
    assert page.messages[FRIDAY].send_at == in_(days=6, hours=6)
    shown = seen(page, "/series/weekly")
    assert "Moved to Sat 28 Nov 2026, 18:00" in shown
    assert "One date that you changed by itself, or that is about to leave, stays as it is." in shown


def change(page: Page, **fields: Any) -> TestResponse:
    """Save the edit form with these changes."""
    found = typed(page.client.get("/series/weekly/edit"))
    return post(
        page,
        "/series/weekly",
        **{**found, "repeat": "weekly", "weekday": "fr", "ends": "never", "if_late": "within"} | fields,
    )


def test_an_edit_of_the_series_changes_its_dates(page: Page) -> None:
    page.store(series=[series(id="weekly")])
    page.fold()
    answer = change(page, time="19:30", weekday=["fr", "su"])
    assert path_of(answer) == "/series/weekly"
    shown = seen(page, "/series/weekly")
    assert "Changed: Every Friday and Sunday at 19:30. The next date is Sun 29 Nov 2026" not in shown
    assert "The next date is Fri 27 Nov 2026, 19:30" in shown
    assert "Every Friday at 18:00" not in seen(page, "/")
    page.fold()
    assert {each.wall_time for each in page.messages.values() if each.wall_time and not each.cancelled} >= {
        "2026-11-27T19:30:00", "2026-11-29T19:30:00",
    }  # fmt: skip
    for show in ("all", "cancelled"):
        assert FRIDAY not in page.client.get(f"/?show={show}").text, "what was withdrawn is as if it had never been"
    withdrawn = seen(page, f"/messages/{FRIDAY}")
    assert "It will not be sent: its series was paused, ended or changed." in withdrawn


def test_a_series_that_has_begun_is_edited_though_its_first_date_has_passed(page: Page) -> None:
    page.store(series=[series(id="weekly")])
    page.fold()
    page.later(timedelta(days=20))
    page.enter()
    page.fold()
    assert path_of(change(page, text="New words")) == "/series/weekly"
    page.fold()
    texts = [each.text for each in page.messages.values()]
    assert texts[:3] == [series().text] * 3, "what has passed stays as it was"
    assert set(texts[3:]) == {"New words"}
    answer = change(page, ends="until", until="2026-12-10")
    assert answer.status_code == 422
    assert "no date is left" in errors(answer)["repeat"]


def test_two_tabs_show_both_versions_and_neither_is_lost(page: Page) -> None:
    page.store(series=[series(id="weekly")])
    mine = typed(page.client.get("/series/weekly/edit"))
    change(page, text="From the other tab")
    common = {"repeat": "weekly", "ends": "never", "if_late": "within"}
    answer = post(page, "/series/weekly", **{**mine, **common, "text": "Mine"})
    assert answer.status_code == 409
    assert "From the other tab" in words(answer)
    assert typed(answer)["text"] == "Mine"
    assert only(page).text == "From the other tab"
    post(page, "/series/weekly", **{**typed(answer), **common})
    assert only(page).text == "Mine"


def test_two_writers_at_once_leave_the_choice_to_a_person(page: Page) -> None:
    known = series(id="weekly")
    page.store(series=[known])
    (stored,) = page.series.values()
    for text in ("One", "Other"):
        page.store(series=[stored.edited("x", text=text)])
    shown = page.client.get("/series/weekly")
    assert "Two versions" in words(shown)
    soup = BeautifulSoup(shown.text, "html.parser")
    versions = {
        one(each, ".bubble").get_text(strip=True): str(one(each, "[name=version]")["value"])
        for each in soup.select(".heads li")
    }
    post(page, "/series/weekly/pick", version=versions["One"])
    assert (only(page).text, only(page).conflicts) == ("One", ())
    assert post(page, "/series/weekly/pick", version="none").status_code == 404


def test_pause_resume_end_and_their_undo(page: Page) -> None:
    page.store(series=[series(id="weekly", contact_name="Alice")])
    page.fold()
    post(page, "/series/weekly/state", to="paused")
    shown = page.client.get("/series/weekly")
    assert "Asked to pause" in words(shown)
    assert "Asked to pause: nothing more is to be sent to Alice until you resume it." in words(shown)
    page.fold()
    assert {each.cancelled for each in page.messages.values()} == {True}
    assert "Nothing is sent until you resume it." in seen(page, "/series/weekly")
    assert "Every Friday" not in seen(page, "/")
    undo = BeautifulSoup(shown.text, "html.parser").select_one(".notice form")
    assert undo is not None
    page.client.post(str(undo["action"]))
    page.fold()
    assert {each.cancelled for each in page.messages.values()} == {False}
    post(page, "/series/weekly/state", to="ended")
    page.fold()
    assert "It is over; what was sent stays on record." in seen(page, "/series/weekly")
    assert only(page).state is SeriesState.ENDED


def test_a_paused_series_can_be_changed_and_stays_paused(page: Page) -> None:
    page.store(series=[series(id="weekly", state=SeriesState.PAUSED)])
    change(page, text="New words")
    shown = seen(page, "/series/weekly")
    assert "Changed: Every Friday at 18:00. Nothing is sent until it runs again." in shown
    assert (only(page).text, only(page).state) == ("New words", SeriesState.PAUSED)


def undo_of(page: Page, path: str = "/series/weekly") -> str:
    """Where the notice's Undo leads."""
    return str(one(BeautifulSoup(page.client.get(path).text, "html.parser"), ".notice form")["action"])


def test_an_edit_is_undone_with_its_rule_time_and_text_and_that_again(page: Page) -> None:
    page.store(series=[series(id="weekly", contact_name="Alice")])
    page.fold()
    before = only(page)
    change(page, text="New words", time="19:30", weekday=["su"])
    page.fold()
    edit_undo = undo_of(page)
    assert path_of(page.client.post(edit_undo)) == "/series/weekly"
    undone = only(page)
    for name in ("to", "contact_name", "text", "first", "zone", "rule", "if_late", "state"):
        assert getattr(undone, name) == getattr(before, name), name
    page.fold()
    left = [each for each in page.messages.values() if not each.cancelled]
    assert {each.text for each in left} == {before.text}
    assert {each.wall_time[-8:] for each in left if each.wall_time} == {"18:00:00"}
    assert not any(each.conflicts for each in page.messages.values())
    shown = page.client.get("/series/weekly")
    assert "As it was before: Every Friday at 18:00. The next date is Fri 27 Nov 2026, 18:00" in words(shown)
    page.client.post(edit_undo)
    assert "taken back already" in seen(page, "/series/weekly")
    assert only(page).version == undone.version
    page.client.post(str(one(BeautifulSoup(shown.text, "html.parser"), ".notice form")["action"]))
    assert (only(page).text, only(page).first) == ("New words", "2026-11-27T19:30")


def test_an_undo_goes_over_nobodys_head(page: Page) -> None:
    page.store(series=[series(id="weekly")])
    change(page, text="From this tab")
    stale = undo_of(page)
    change(page, text="From the other tab")
    answer = page.client.post(stale)
    assert answer.status_code == 409
    assert "changed again since that edit" in words(answer)
    assert "From the other tab" in words(answer)
    assert typed(answer)["text"] == series().text
    assert only(page).text == "From the other tab"
    again = {**typed(answer), "repeat": "weekly", "weekday": "fr", "ends": "never", "if_late": "within"}
    assert path_of(page.client.post("/series/weekly", data=again)) == "/series/weekly"
    assert only(page).text == series().text


def test_an_edit_of_long_ago_or_of_elsewhere_is_not_undone_here(page: Page) -> None:
    page.store(series=[series(id="weekly")])
    change(page, text="New words")
    undo = undo_of(page)
    for address in ("/series/weekly/undo?version=none", "/series/weekly/undo", "/series/nobody/undo?version=x"):
        assert page.client.post(address).status_code == 404
    page.bucket.away = True
    assert page.client.post(undo).status_code == 503
    page.bucket.away = False
    page.later(timedelta(days=8))
    page.enter()
    answer = page.client.post(undo)
    assert (answer.status_code, "more than a week ago" in words(answer)) == (404, True)
    assert only(page).text == "New words"


def test_a_paused_series_stays_paused_through_an_undo(page: Page) -> None:
    page.store(series=[series(id="weekly", state=SeriesState.PAUSED)])
    change(page, text="New words")
    page.client.post(undo_of(page))
    assert (only(page).text, only(page).state) == (series().text, SeriesState.PAUSED)
    assert "Nothing is sent until it runs again." in seen(page, "/series/weekly")


@pytest.mark.parametrize("to", ["", "asleep", "ACTIVE"])
def test_a_state_that_is_none_is_refused(page: Page, to: str) -> None:
    page.store(series=[series(id="weekly")])
    assert post(page, "/series/weekly/state", to=to).status_code == 422
    assert only(page).state is SeriesState.ACTIVE


CALLS: list[Callable[[Page], TestResponse]] = [
    lambda page: page.client.get("/series/none"),
    lambda page: page.client.get("/series/none/edit"),
    lambda page: post(page, "/series/none", **form()),
    lambda page: post(page, "/series/none/state", to="paused"),
    lambda page: post(page, "/series/none/pick", version="x"),
]


@pytest.mark.parametrize("call", CALLS)
def test_a_series_that_is_none_is_not_found(untouched: Page, call: Callable[[Page], TestResponse]) -> None:
    answer = call(untouched)
    assert answer.status_code == 404
    assert "There is no such series" in words(answer)


def echo(page: Page, **fields: str) -> str:
    good = {"date": "2026-10-23", "time": "18:00", "zone": "Europe/London", "repeat": "weekly"}
    return words(page.client.get("/compose/repeat", query_string=good | fields))


def test_the_echo_says_the_rule_its_dates_and_what_the_clocks_do(untouched: Page) -> None:
    said = echo(untouched, date="2027-03-19")
    assert "Every Friday at 18:00" in said
    assert "Fri 26 Mar 2027, 18:00 GMT" in said
    assert "Fri 2 Apr 2027, 18:00 BST The clocks go forward before: 18:00 BST." in said
    skipped = echo(untouched, date="2027-03-14", time="01:30")
    assert "Sun 28 Mar 2027, 02:30 BST The clocks go forward over 01:30 that day: it leaves at 02:30." in skipped
    back = echo(untouched, date="2027-10-22")
    assert "Fri 5 Nov 2027, 18:00 GMT The clocks go back before: 18:00 GMT." in back


def test_the_echo_says_what_is_wrong_or_nothing_yet(untouched: Page) -> None:
    assert "The last date is before the first one." in echo(untouched, ends="until", until="2026-10-01")
    assert "You see the next dates after saving" in echo(untouched, repeat="")
    assert "You see the next dates after saving" in echo(untouched, time="")
    assert "no date is left" in echo(untouched, date="2026-01-02", ends="count", count="2")


def test_the_echo_of_an_edit_knows_the_dates_that_were_decided_about(page: Page) -> None:
    page.store(series=[series(id="weekly")])
    post(page, f"/messages/{FRIDAY}/cancel")
    said = echo(page, date="2026-11-27", time="19:00", series="weekly")
    assert "27 Nov" not in said
    assert "Fri 4 Dec 2026, 19:00 GMT" in said


def test_all_series_are_listed_the_next_first(page: Page) -> None:
    assert "Nothing repeats yet." in seen(page, "/series")
    page.store(series=[series(id="weekly"), series(BOB, id="sooner", first="2026-11-23T09:00", text="Soon")])
    page.store(series=[series(id="over", text="Over", state=SeriesState.ENDED)])
    page.store(series=[series(id="undone", text="Never was", state=SeriesState.ENDED)])
    page.store(messages=[message(id="over@2026-11-20T18:00", send_at=in_(days=-2))])
    shown = seen(page, "/series")
    assert shown.index("Bob") < shown.index("The bins go out tonight.") < shown.index("Over")
    assert "next Fri 27 Nov 2026, 18:00" in shown
    assert "Never was" not in shown


def test_a_series_of_a_zone_that_this_machine_does_not_know_says_so(page: Page) -> None:
    page.store(series=[series(id="weekly", zone="Mars/Olympus")])
    assert "'Mars/Olympus' is no time zone that this machine knows." in seen(page, "/series/weekly")
    assert "yields no messages" in seen(page, "/")
    page.client.get("/series")


def test_what_has_ended_is_listed_and_a_message_with_such_an_id_is_none_of_a_series(page: Page) -> None:
    page.store(series=[series(id="weekly")], messages=[message(BOB, id="other@2026-11-27T18:00")])
    page.fold()
    page.later(timedelta(days=6))
    page.enter()
    page.fold()
    assert "Last dates" in seen(page, "/series/weekly")
    assert "Part of a series" not in seen(page, "/messages/other@2026-11-27T18:00")


def test_first_dates_are_prefilled_from_a_link(page: Page) -> None:
    shown = page.client.get("/compose?repeat=weekly")
    soup = BeautifulSoup(shown.text, "html.parser")
    assert [each["value"] for each in soup.select("select[name=repeat] [selected]")] == ["weekly"]
    assert f"{date(2026, 11, 22)}" in shown.text


def test_a_form_that_is_shown_again_keeps_its_repeat_fields(page: Page) -> None:
    for path, to in (("/compose", "Alice"), ("/messages", "07700 900001; 07700 900002")):
        answer = post(page, path, **form(to=to, every="0", weekday=["mo", "th"]))
        soup = BeautifulSoup(answer.text, "html.parser")
        assert [each["value"] for each in soup.select("input[name=weekday][checked]")] == ["mo", "th"], path
        assert typed(answer)["every"] == "0"
        told = errors(answer).get("to", "")
        assert ("A message that repeats goes to one person" in told) is (";" in to), path
    assert page.series == {}


def test_the_fields_of_a_text_are_filled_once_and_braces_stay_braces(page: Page) -> None:
    page.store(contacts=[contact(ALICE)])
    answer = post(page, "/messages", **form(text=r"Hello {{name}}, \{{name}} stays"))
    assert only(page).text == "Hello Alice, {{name}} stays"
    page.client.get(path_of(answer))
    again = typed(page.client.get(f"{path_of(answer)}/edit"))
    post(page, path_of(answer), **again | {"repeat": "weekly", "ends": "never", "if_late": "within", "every": "2"})
    assert only(page).text == "Hello Alice, {{name}} stays"
    assert only(page).rule.interval == 2
