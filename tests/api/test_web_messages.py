"""Scheduling, changing and cancelling on the page: nothing typed is lost, nothing is said before it is true."""

import html
import json
import re
import threading
from datetime import timedelta
from pathlib import Path

import pytest
from bs4 import BeautifulSoup

from shared.host_client import HostUnreachable
from shared.model.link import Link
from shared.model.message import LatePolicy, Message, Status
from tests import builders
from tests.api.web_page import Page, errors, one, path_of, typed, words
from tests.builders import NOW, contact, in_, link_status, message
from tests.cast import ALICE, BOB, EVERYBODY
from web import host_watch
from web.host_watch import HostWatch, read_health


@pytest.fixture
def page(tmp_path: Path) -> Page:
    return Page(tmp_path).enter()


def only(page: Page) -> Message:
    (found,) = page.messages.values()
    return found


def test_a_scheduled_message_is_stored_as_it_was_meant(page: Page) -> None:
    page.store(contacts=[contact(ALICE)])
    answer = page.compose(to="alice", text="Hello\r\nthere")
    saved = only(page)
    assert path_of(answer) == f"/messages/{saved.id}"
    assert (saved.to, saved.contact_name, saved.text) == (ALICE.number, "Alice", "Hello\nthere")
    assert (saved.wall_time, saved.zone) == ("2026-11-27T18:00:00", "Europe/London")
    assert (saved.revision, saved.created_from, saved.status) == (1, "web", Status.PENDING)
    shown = words(page.client.get(answer.headers["Location"]))
    assert "Scheduled for Fri 27 Nov 2026, 18:00, Europe/London (GMT), in 5 days." in shown
    assert "Hello there" in shown


def test_its_text_is_shown_as_whatsapp_shows_it(page: Page) -> None:
    page.compose(text="*Bold* <b>not</b>")
    page.compose(text="_Later_ on", time="19:00")
    bold = next(each for each in page.messages.values() if "Bold" in each.text)
    assert "<bdi><strong>Bold</strong> &lt;b&gt;not&lt;/b&gt;</bdi>" in page.client.get(f"/messages/{bold.id}").text
    shown = words(page.client.get("/"))
    assert "Bold <b>not</b>" in shown
    assert "Later on" in shown
    assert "*" not in shown, "a line has no room for marks"


def test_what_is_due_soon_is_handed_over_at_once(page: Page) -> None:
    page.compose(date="2026-11-22", time="12:02:30")
    page.compose(date="2026-11-22", time="12:30")
    soon, later = page.host.handovers
    assert [item["message"] for item in soon.items] == ["Hello"]
    assert soon.by == "web"
    assert later.items == (), "the tick hands this one over; the host is only told to fold"


def test_a_host_that_is_down_loses_nothing(page: Page) -> None:
    page.host.down = True
    answer = page.compose(date="2026-11-22", time="12:02:30")
    assert only(page).status is Status.PENDING
    assert "the tick will hand it over" in words(page.client.get(answer.headers["Location"]))


def test_what_the_host_refuses_is_said_in_its_words(page: Page) -> None:
    page.host.refusal = "This number is not on WhatsApp."
    answer = page.compose(date="2026-11-22", time="12:02:30")
    assert "This number is not on WhatsApp." in words(page.client.get(answer.headers["Location"]))


def test_the_time_may_be_written_in_words(page: Page) -> None:
    page.compose(when="friday 6pm", date="", time="")
    assert only(page).wall_time == "2026-11-27T18:00:00"


def test_what_the_clocks_change_is_said_after_saving_too(page: Page) -> None:
    answer = page.compose(when="28 mar 2027 1:30", date="", time="")
    assert "The clocks go forward over 01:30 that day" in words(page.client.get(answer.headers["Location"]))


def test_words_win_over_the_date_unless_the_date_was_filled_from_them(page: Page) -> None:
    page.compose(when="tomorrow 9am", text="words")
    page.compose(when="in 20 minutes", when_echoed="in 20 minutes", date="2026-11-22", time="12:19", text="echoed")
    walls = {each.text: each.wall_time for each in page.messages.values()}
    assert walls == {"words": "2026-11-23T09:00:00", "echoed": "2026-11-22T12:19:00"}


@pytest.mark.parametrize(
    ("fields", "policy"),
    [
        ({"if_late": "on-time"}, "on-time"),
        ({"if_late": "ask"}, "ask"),
        ({"if_late": "within", "late_hours": "2.5"}, "within"),
    ],
)
def test_the_choice_for_being_late_is_kept(page: Page, fields: dict[str, str], policy: str) -> None:
    page.compose(**fields)
    assert only(page).if_late.policy is LatePolicy(policy)
    assert only(page).if_late.hours == float(fields.get("late_hours", 6))


BAD = {
    "unknown number": ({"to": "0770"}, "to", "phone number"),
    "nobody": ({"to": ""}, "to", "Who is it for?"),
    "a stranger's name": ({"to": "Nobody Known"}, "to", "Nobody in your contacts"),
    "empty text": ({"text": ""}, "text", "empty message"),
    "only spaces": ({"text": " \r\n "}, "text", "empty message"),
    "100,000 characters": (
        {"text": "x" * 100_000},
        "text",
        "100,000 characters; WhatsApp takes 65,536. Shorten it by 34,464",
    ),
    "in the past": ({"date": "2026-11-22", "time": "11:57"}, "time", "That is 3 min ago"),
    "this very second": ({"date": "2026-11-22", "time": "12:00"}, "time", "choose a time that is still to come"),
    "a far year": ({"date": "2060-01-01"}, "date", "check the year"),
    "a slip of a year": ({"date": "9999-12-31"}, "date", "year 9999"),
    "no date": ({"date": ""}, "date", "Choose a date"),
    "no time": ({"time": ""}, "time", "Choose a time"),
    "no such date": ({"date": "2027-02-30"}, "date", "is no date"),
    "no such time": ({"time": "25:61"}, "time", "is no time of day"),
    "a far year in words": ({"when": "1 jan 2500 10:00"}, "when", "year 2500"),
    "unclear words": ({"when": "friday 6"}, "when", "in the morning or in the evening"),
    "nonsense zone": ({"zone": "Mars/Olympus"}, "zone", "no time zone I know"),
    "nonsense lateness": ({"if_late": "sometimes"}, "if_late", "one of the three"),
    "endless lateness": ({"late_hours": "inf"}, "if_late", "number of hours"),
    "no lateness": ({"late_hours": "nan"}, "if_late", "number of hours"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_named_beside_its_field_and_everything_typed_is_kept(page: Page, case: str) -> None:
    fields, field, sentence = BAD[case]
    answer = page.compose(**fields)
    assert answer.status_code == 422
    assert list(errors(answer)) == [field]
    assert sentence in errors(answer)[field]
    kept = typed(answer)
    for name, value in {"to": "07700 900001", "text": "Hello", "date": "2026-11-27", "time": "18:00", **fields}.items():
        if name != "if_late":
            assert kept[name] == value.replace("\r\n", "\n")
    assert page.objects == 0


def test_several_things_are_said_at_once(page: Page) -> None:
    answer = page.compose(to="", text="", date="", zone="")
    assert set(errors(answer)) == {"to", "text", "date"}


def test_a_name_that_is_not_exact_is_asked_back_and_can_be_chosen(page: Page) -> None:
    page.store(contacts=[contact(each) for each in EVERYBODY])
    answer = page.compose(to="Ali")
    assert "Did you mean" in errors(answer)["to"]
    assert page.objects == 1
    page.client.post(
        "/messages",
        data={"to": "Ali", "picked": ["", f"{ALICE.number}|Ali"], "text": "Hi", "date": "2026-11-27", "time": "18:00"},
    )
    assert only(page).to == ALICE.number


def test_storage_that_is_away_keeps_the_form_and_says_so(page: Page) -> None:
    page.bucket.away = True
    answer = page.compose(text="Do not lose me")
    assert answer.status_code == 503
    assert "The storage does not answer, so nothing was saved" in words(answer)
    assert typed(answer)["text"] == "Do not lose me"
    page.bucket.away = False
    assert page.client.post("/messages", data=typed(answer)).status_code == 303
    assert only(page).text == "Do not lose me"


def test_an_answer_that_was_lost_makes_no_second_message(page: Page) -> None:
    page.bucket.lost = 4
    answer = page.compose(id="form-1")
    assert answer.status_code == 503
    assert page.client.post("/messages", data=typed(answer)).status_code == 303
    assert only(page).conflicts == ()


def test_pages_say_in_words_that_the_storage_is_away(page: Page) -> None:
    page.bucket.away = True
    for path in ("/", "/contacts", "/messages/some-message"):
        answer = page.client.get(path)
        assert answer.status_code == 503
        assert "The storage does not answer" in words(answer)
    assert page.client.get("/compose").status_code == 200
    assert page.client.get("/link").status_code == 200


def test_the_same_form_sent_twice_is_one_message(page: Page) -> None:
    first, second = page.compose(id="form-1"), page.compose(id="form-1")
    assert path_of(first) == path_of(second)
    assert len(page.messages) == 1
    assert "nothing was scheduled twice" in words(page.client.get("/"))


def test_the_same_form_with_other_words_is_another_message(page: Page) -> None:
    page.compose(id="form-1", text="one")
    page.compose(id="form-1", text="two")
    assert {each.text for each in page.messages.values()} == {"one", "two"}


def test_an_edit_is_one_until_the_host_confirms_it(page: Page) -> None:
    page.compose()
    saved = only(page)
    form = typed(page.client.get(f"/messages/{saved.id}/edit"))
    assert (form["to"], form["date"], form["time"]) == ("+44 7700 900001", "2026-11-27", "18:00") or form[
        "to"
    ] == ALICE.number
    answer = page.client.post(f"/messages/{saved.id}", data=form | {"text": "Other words", "time": "19:00:30"})
    assert path_of(answer) == f"/messages/{saved.id}"
    changed = only(page)
    assert (changed.revision, changed.text, changed.wall_time) == (2, "Other words", "2026-11-27T19:00:30")
    assert "Asked to change" in words(page.client.get("/"))
    page.store(messages=[changed.evolve(delivery=changed.delivery.evolve(confirmed=2))])


def test_an_edit_from_an_old_version_shows_both_and_saves_nothing(page: Page) -> None:
    page.compose(text="first")
    saved = only(page)
    form = typed(page.client.get(f"/messages/{saved.id}/edit"))
    page.client.post(f"/messages/{saved.id}", data=form | {"text": "from the other tab"})
    answer = page.client.post(f"/messages/{saved.id}", data=form | {"text": "from this tab"})
    assert answer.status_code == 409
    assert "from the other tab" in words(answer)
    assert typed(answer)["text"] == "from this tab"
    assert only(page).text == "from the other tab"
    assert page.client.post(f"/messages/{saved.id}", data=typed(answer)).status_code == 303
    assert only(page).text == "from this tab"


def test_two_versions_wait_until_a_person_picks_one(page: Page) -> None:
    first = message(send_at=in_(days=1))
    page.store(messages=[first])
    (known,) = page.messages.values()
    one, other = page.other.reserve(), page.other.reserve()
    page.other.append(one, NOW, messages=[known.edited(one, text="This one?")])
    page.other.append(other, NOW, messages=[known.edited(other, text="Or this one?")])
    shown = words(page.client.get(f"/messages/{first.id}"))
    assert "This one?" in shown
    assert "Or this one?" in shown
    assert "Two versions" in words(page.client.get("/?show=attention"))
    page.client.post(f"/messages/{first.id}/pick", data={"version": one})
    assert (only(page).text, only(page).conflicts) == ("This one?", ())


def test_a_cancel_is_asked_for_then_undone(page: Page) -> None:
    page.compose()
    saved = only(page)
    page.client.post(f"/messages/{saved.id}/cancel", data={"back": "/"})
    assert only(page).cancelled
    answer = page.client.get("/")
    assert "Asked to cancel the message to" in words(answer)
    assert "Cancelled" not in words(page.client.get("/agenda/list"))
    page.client.post(f"/messages/{saved.id}/restore", data={"back": "/"})
    assert not only(page).cancelled
    assert only(page).revision == 3


def test_cancelled_is_said_once_the_host_has_confirmed(page: Page) -> None:
    asked = message(cancelled=True, revision=2)
    page.store(messages=[asked.evolve(delivery=asked.delivery.evolve(confirmed=2))])
    assert "Cancelled" in words(page.client.get(f"/messages/{asked.id}"))


def test_cancelling_twice_is_once(page: Page) -> None:
    page.compose()
    saved = only(page)
    for _ in range(2):
        assert page.client.post(f"/messages/{saved.id}/cancel").status_code == 303
    assert only(page).revision == 2


def test_what_is_leaving_can_no_longer_be_cancelled_or_changed(page: Page) -> None:
    leaving = builders.begun(message(send_at=in_(minutes=1)))
    page.store(messages=[leaving])
    page.client.post(f"/messages/{leaving.id}/cancel")
    assert "already leaving" in words(page.client.get("/"))
    assert not only(page).cancelled
    form = {
        "to": ALICE.number,
        "text": "Too late",
        "date": "2026-11-27",
        "time": "18:00",
        "version": only(page).version,
    }
    answer = page.client.post(f"/messages/{leaving.id}", data=form)
    assert answer.status_code == 409
    assert typed(answer)["text"] == "Too late"


def test_a_cancel_is_not_undone_after_its_time(page: Page) -> None:
    late = message(send_at=in_(minutes=-1), cancelled=True, revision=2)
    page.store(messages=[late])
    page.client.post(f"/messages/{late.id}/restore")
    assert "Its time has passed" in words(page.client.get("/"))
    assert only(page).cancelled


def test_sending_again_twice_is_one_message(page: Page) -> None:
    failed = builders.failed(message(BOB, send_at=in_(minutes=-5), text="Once more"))
    page.store(messages=[failed])
    form = typed(page.client.get(f"/compose?from={failed.id}"))
    assert (form["text"], form["id"], form["time"]) == ("Once more", f"{failed.id}~1", "")
    for _ in range(2):
        assert page.client.post("/messages", data=form | {"time": "18:00"}).status_code == 303
    assert set(page.messages) == {failed.id, f"{failed.id}~1"}


def test_the_echo_says_what_is_meant_before_anything_is_saved(page: Page) -> None:
    told = page.client.get("/compose/echo?when=friday 6pm&zone=Europe/London").get_json()
    assert told == {
        "echo": "Fri 27 Nov 2026, 18:00, Europe/London (GMT), in 5 days",
        "note": "",
        "date": "2026-11-27",
        "time": "18:00",
        "zone": "Europe/London",
    }
    assert "Choose a date" in page.client.get("/compose/echo").get_json()["problem"]
    gap = page.client.get("/compose/echo?date=2027-03-28&time=01:30&zone=Europe/London").get_json()
    assert gap["echo"].startswith("Sun 28 Mar 2027, 02:30")
    assert "clocks go forward" in gap["note"]


def test_what_leaves_within_two_minutes_is_counted_down_and_stands_still_on_no_page(page: Page) -> None:
    page.store(messages=[message(id="soon", send_at=in_(seconds=40))])
    for path, places in (("/", [".next-count"]), ("/messages/soon", [".lead", ".step-note"])):
        soup = BeautifulSoup(page.client.get(path).text, "html.parser")
        for place in places:
            timer = one(soup, f"{place} [role=timer][data-left='40.0']")
            assert (timer.get_text(), timer["data-seconds"], timer["data-over"]) == (
                "within a minute",
                "in {seconds} s",
                "now",
            )
    assert "leaves within a minute" in words(page.client.get("/messages/soon"))
    page.store(messages=[message(id="later", send_at=in_(seconds=120))])
    assert "leaves in 2 min" in words(page.client.get("/messages/later"))


def test_the_agenda_finds_filters_and_counts(page: Page) -> None:
    page.store(
        messages=[
            message(ALICE, text="Bread"),
            builders.failed(message(BOB, send_at=in_(-60), text="Milk")),
            builders.sent(message(BOB, send_at=in_(days=-1), text="Eggs")),
        ]
    )
    assert "Bread" in words(page.client.get("/"))
    assert "Eggs" not in words(page.client.get("/"))
    assert "Eggs" in words(page.client.get("/?show=sent"))
    assert "Milk" in words(page.client.get("/?show=attention"))
    assert "Nothing matches" in words(page.client.get("/?q=cheese"))
    fragment = page.client.get("/agenda/list?q=brea", headers={"HX-Request": "true", "HX-Trigger": "agenda-search"})
    assert "Bread" in words(fragment)
    assert "<html" not in fragment.text
    assert fragment.headers["HX-Replace-Url"] == "/?q=brea"


@pytest.mark.parametrize(
    ("query", "told", "looked_at", "all_of_it"),
    [
        ("q=cheese", "Nothing matches “cheese”.", "Upcoming", "/?show=all&q=cheese"),
        (f"person={BOB.number}", "No message to +44 7700 900002 .", "Upcoming", f"/?show=all&person={BOB.number}"),
        (f"person={BOB.number}&q=tea&show=sent", "matches “tea”.", "Sent", f"/?show=all&q=tea&person={BOB.number}"),
        ("person=%3Cb%3E&show=all", "No message to <b> .", "", ""),
    ],
)
def test_an_empty_agenda_says_by_what_it_is_filtered_and_offers_to_clear_it(
    page: Page, query: str, told: str, looked_at: str, all_of_it: str
) -> None:
    page.store(messages=[message(ALICE, send_at=in_(hours=1))])
    shown = page.client.get(f"/?{query}")
    empty = one(BeautifulSoup(shown.text, "html.parser"), "#agenda .empty")
    assert told in words(shown)
    assert "quiet agenda" not in words(shown)
    assert (f"under “{looked_at}”" in words(shown)) is bool(looked_at)
    assert one(empty, "#clear-filters")["href"] == "/"
    assert [each["href"] for each in empty.select("a:not(#clear-filters)")] == ([all_of_it] if all_of_it else [])


@pytest.mark.parametrize("state", [Link.UNLINKED, Link.PAIRING, Link.LOGGED_OUT])
def test_an_empty_agenda_of_a_host_without_a_phone_offers_to_link_it(page: Page, state: Link) -> None:
    page.host.status = link_status(state)
    page.later(timedelta(minutes=1))
    empty = one(BeautifulSoup(page.client.get("/").text, "html.parser"), ".empty")
    assert [(each["href"], each.get_text(strip=True)) for each in empty.select("a")] == [("/link", "Link your phone")]
    page.host.status = link_status(Link.RECONNECTING)
    page.later(timedelta(minutes=1))
    assert "Write a message" in words(page.client.get("/agenda/list"))


def test_an_empty_agenda_offers_one_thing_to_do(page: Page) -> None:
    shown = words(page.client.get("/"))
    assert "Nothing scheduled yet" in shown
    assert "Write a message" in shown
    for show, said in (
        ("cancelled", "Nothing was cancelled."),
        ("not-sent", "Nothing failed, was missed"),
        ("sent", "Nothing sent yet"),
    ):
        shown = words(page.client.get(f"/?show={show}"))
        assert said in shown
        assert "quiet agenda" not in shown


def test_what_cannot_be_read_is_said_and_the_rest_is_shown(page: Page) -> None:
    page.compose(text="Still here")
    page.bucket.put("log/20261122/web-0.json", b"not json")
    shown = words(page.client.get("/"))
    assert "1 thing in the storage cannot be read" in shown
    assert "Still here" in shown


def test_a_page_carries_the_stamps_of_what_it_shows_so_that_a_change_right_after_it_is_news(page: Page) -> None:
    page.store(messages=[message(id="m1")])
    (carried,) = re.findall(r'data-stamps="([^"]+)"', page.client.get("/").text)
    shown = json.loads(html.unescape(carried))
    assert page.client.get("/live").get_json() == shown
    page.store(messages=[message(id="m2")])
    assert page.client.get("/live").get_json()["records"] != shown["records"]


def test_an_open_page_learns_that_something_changed(page: Page) -> None:
    before = page.client.get("/live").get_json()
    assert page.client.get("/live").get_json() == before
    page.store(messages=[message()])
    after = page.client.get("/live").get_json()
    assert after["records"] != before["records"]
    assert after["status"] == before["status"]


def test_the_header_says_that_no_tick_comes_and_an_open_page_learns_of_it(page: Page) -> None:
    before = page.client.get("/live").get_json()["status"]
    page.host.silence = "No tick has come for 3 min: look at the cloud function."
    page.later(timedelta(seconds=2))
    assert "No tick has come for 3 min: look at the cloud function. Last tick" in words(page.client.get("/status"))
    assert page.client.get("/live").get_json()["status"] != before


def test_the_header_says_how_the_host_is(page: Page) -> None:
    assert "Connected to WhatsApp. Last tick 20 s ago" in words(page.client.get("/"))
    page.host.down = True
    page.later(timedelta(seconds=30))
    assert "The session host does not answer." in words(page.client.get("/"))


def test_what_is_known_of_a_host_is_as_old_as_its_answer_however_long_it_hung(
    page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    def hangs() -> dict[str, object]:
        page.later(timedelta(seconds=15))
        raise HostUnreachable("The session host does not answer.")

    monkeypatch.setattr(page.host, "health", hangs)
    watch = HostWatch(page.host, page.clock)
    while (reading := watch.reading()) is None:
        threading.Event().wait(0.01)
    assert reading.problem == "The session host does not answer."
    assert reading.at == page.clock.now()


def test_while_a_host_hangs_only_the_first_look_waits_for_it(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    released = threading.Event()

    def hangs() -> dict[str, object]:
        released.wait(30)
        raise HostUnreachable("The session host does not answer.")

    monkeypatch.setattr(page.host, "health", hangs)
    monkeypatch.setattr(host_watch, "PATIENCE_SECONDS", 0.01)
    watch = HostWatch(page.host, page.clock)
    assert watch.reading() is None
    monkeypatch.setattr(host_watch, "PATIENCE_SECONDS", 60)
    page.later(timedelta(seconds=61))
    assert watch.reading() is None, "it waited again"
    released.set()


def test_the_header_says_that_the_host_sends_nothing_and_which_other_one_is_in_the_way(page: Page) -> None:
    before = page.client.get("/live").get_json()["status"]
    page.host.standing = "The session host is starting."
    page.later(timedelta(seconds=30))
    shown = words(page.client.get("/"))
    assert "This session host sends nothing at present. The session host is starting." in shown
    assert "Connected to WhatsApp" not in shown
    assert page.client.get("/live").get_json()["status"] != before
    page.host.other = {"host": "london-1", "lastPulse": "2026-11-22T11:59:00Z"}
    page.later(timedelta(seconds=30))
    shown = words(page.client.get("/"))
    assert "Another one, london-1 , gave its last pulse 2 min ago. Stop it there" in shown
    assert "./wa takeover" in shown


def test_the_header_says_what_needs_a_person(page: Page) -> None:
    before = page.client.get("/live").get_json()["status"]
    page.host.problems = ["scheduled.json: the record 'm1' could not be read.", "The message 'm9' was refused."]
    page.later(timedelta(seconds=30))
    shown = words(page.client.get("/"))
    assert "2 things need you" in shown
    assert all(sentence.replace("'", "&#39;") in shown or sentence in shown for sentence in page.host.problems)
    assert page.client.get("/live").get_json()["status"] != before


@pytest.mark.parametrize("time", ["soon", "9999-12-31T23:59:59-14:00", "9999-12-31T23:50:00Z"])
def test_the_agenda_says_which_record_it_leaves_out(page: Page, time: str) -> None:
    broken = {"id": "m1", "to": "447700900001", "message": "hi", "scheduledTime": time, "zone": "Asia/Tokyo"}
    whole = message(id="m2", text="Still here", send_at=in_(days=1)).as_json()
    page.bucket.put("scheduled.json", json.dumps({"version": 1, "messages": [broken, whole]}).encode())
    page.later(timedelta(seconds=30))
    assert "/messages/m2" in page.client.get("/agenda/month").text
    for path in ("/", "/?show=all"):
        shown = words(page.client.get(path))
        assert "Still here" in shown
        assert "1 thing in the storage cannot be read and is left out here" in shown
        assert "could not be read: scheduledTime" in shown


@pytest.mark.parametrize(
    "by_hand",
    [
        {"zone": "Mars/Olympus"},
        {"zone": "Mars/Olympus", "wallTime": "2026-11-27T18:00"},
        *({"zone": "Asia/Tokyo", "wallTime": each} for each in ("9999-12-31T23:59", "0000-00-00T99:99")),
    ],
)
def test_a_zone_or_wall_time_that_is_none_hides_no_message(page: Page, by_hand: dict[str, str]) -> None:
    record = message(id="m1", text="Still here", send_at=in_(days=1)).as_json() | by_hand
    page.bucket.put("scheduled.json", json.dumps({"version": 1, "messages": [record]}).encode())
    page.later(timedelta(seconds=30))
    for path in ("/", "/agenda/month", "/messages/m1"):
        assert "/messages/m1" in page.client.get(path).text
    form = typed(page.client.get("/messages/m1/edit"))
    assert (form["zone"], form["time"]) == (by_hand["zone"], "12:00" if "Mars" in by_hand["zone"] else "21:00")
    assert errors(page.client.post("/messages/m1", data=form)).keys() <= {"zone"}


@pytest.mark.parametrize(
    "told",
    [
        {"problems": 7},
        {"problems": [7]},
        {"other": 7},
        {"other": {}},
        {"other": {"host": "x", "lastPulse": "soon"}},
        {"standing": 7},
    ],
)
def test_what_a_host_of_another_version_says_breaks_no_page(page: Page, told: dict[str, object]) -> None:
    assert read_health(told, NOW).standing is None
    assert read_health(told, NOW).problems == ()
