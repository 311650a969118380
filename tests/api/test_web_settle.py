"""A message that ended badly, settled by its owner on the page: what became of it, sent again, or let go."""

from pathlib import Path

import pytest
from bs4 import BeautifulSoup

from shared.model import lifecycle
from shared.model.message import IfLate, LatePolicy, Message, Status, Verdict
from tests import builders
from tests.api.web_page import Page, path_of, typed, words
from tests.builders import in_, message
from tests.cast import BOB


@pytest.fixture
def page(tmp_path: Path) -> Page:
    return Page(tmp_path).enter()


def unknown(page: Page) -> Message:
    one = builders.unknown(message(BOB, id="doubt", send_at=in_(minutes=-5), text="Did it?"))
    page.store(messages=[one])
    return one


def missed(page: Page, policy: LatePolicy) -> Message:
    one = builders.missed(message(BOB, id="late", send_at=in_(hours=-7), if_late=IfLate(policy=policy)))
    page.store(messages=[one])
    return one


def buttons(page: Page, one: Message) -> dict[str, dict[str, str]]:
    """Id of each button on the message's page → where its form goes and what it carries."""
    soup = BeautifulSoup(page.client.get(f"/messages/{one.id}").text, "html.parser")
    return {
        str(each["id"]): {str(field["name"]): str(field["value"]) for field in form.select("input")}
        | {"": str(form["action"])}
        for form in soup.select("main form.act")
        for each in form.select("button[id]")
    } | {str(each["id"]): {"": str(each["href"])} for each in soup.select("main a.button[id]")}


def press(page: Page, button: dict[str, str]) -> None:
    fields = {name: value for name, value in button.items() if name}
    assert page.client.post(button[""], data=fields).status_code == 303


def attention(page: Page) -> str:
    return words(page.client.get("/?show=attention"))


@pytest.mark.parametrize("verdict", Verdict)
def test_a_person_says_what_became_of_it_and_can_take_it_back(page: Page, verdict: Verdict) -> None:
    one = unknown(page)
    assert "Did it?" in attention(page)
    offered = buttons(page, one)
    assert set(offered) == {"arrived", "not-arrived", "again"}
    press(page, offered[verdict])
    said = page.messages[one.id]
    assert (said.verdict, said.status) == (verdict, Status.UNKNOWN)
    shown = words(page.client.get(f"/messages/{one.id}"))
    assert "You said that it" in shown
    assert "The connection broke while it was sent." in shown
    assert "Did it?" not in attention(page)
    press(page, buttons(page, one)["unsettle"])
    assert page.messages[one.id].verdict is None
    assert "Did it?" in attention(page)


def test_the_notice_takes_it_back_too(page: Page) -> None:
    one = unknown(page)
    press(page, buttons(page, one)["arrived"])
    soup = BeautifulSoup(page.client.get("/").text, "html.parser")
    (undo,) = soup.select(".notice form")
    assert page.client.post(str(undo["action"]), data={"back": "/"}).status_code == 303
    assert page.messages[one.id].verdict is None


def test_two_clicks_on_a_verdict_are_one_edit(page: Page) -> None:
    one = unknown(page)
    for _ in range(2):
        press(page, {"": f"/messages/{one.id}/settle", "as": "arrived"})
    assert page.messages[one.id].revision == 2


@pytest.mark.parametrize("said", ["arrived", "not-arrived", "let-go", ""])
def test_what_ended_well_or_is_open_has_nothing_to_settle(page: Page, said: str) -> None:
    page.store(messages=[message(id="open"), builders.sent(message(id="sent"))])
    for id_ in ("open", "sent"):
        page.client.post(f"/messages/{id_}/settle", data={"as": said})
        assert "nothing to settle" in words(page.client.get("/"))
        assert page.messages[id_].revision == 1


def test_what_is_no_verdict_is_refused(page: Page) -> None:
    one = unknown(page)
    assert page.client.post(f"/messages/{one.id}/settle", data={"as": "perhaps"}).status_code == 422
    press(page, {"": f"/messages/{one.id}/settle", "as": "let-go"})
    assert page.messages[one.id].revision == 1


def test_what_was_sent_again_is_settled_by_that(page: Page) -> None:
    one = unknown(page)
    form = typed(page.client.get(buttons(page, one)["again"][""]))
    page.client.post("/messages", data=form | {"time": "18:00"})
    assert "Did it?" not in attention(page)
    shown = page.client.get(f"/messages/{one.id}")
    assert "It was sent again." in words(shown)
    assert f'href="/messages/{one.id}~1"' in shown.text
    assert "again" not in buttons(page, one)


def test_two_tabs_that_send_it_again_at_other_times_are_one_message(page: Page) -> None:
    one = unknown(page)
    forms = [typed(page.client.get(f"/compose?from={one.id}")) for _ in range(2)]
    first, second = (
        page.client.post("/messages", data=form | {"time": time})
        for form, time in zip(forms, ("18:00", "19:00"), strict=True)
    )
    assert path_of(first) == path_of(second) == f"/messages/{one.id}~1"
    assert page.messages[f"{one.id}~1"].wall_time == "2026-11-22T18:00:00"
    assert set(page.messages) == {one.id, f"{one.id}~1"}
    assert "already sent again" in words(page.client.get("/"))


class TestMissed:
    def test_only_on_time_says_what_happened_and_offers_to_send_it_again_or_not(self, page: Page) -> None:
        one = missed(page, LatePolicy.ON_TIME)
        assert "The link was down for longer than allowed." in words(page.client.get(f"/messages/{one.id}"))
        assert set(buttons(page, one)) == {"again", "let-go"}

    def test_ask_me_asks_whether_it_is_sent_now(self, page: Page) -> None:
        one = missed(page, LatePolicy.ASK)
        offered = buttons(page, one)
        assert set(offered) == {"send-now", "let-go"}
        for _ in range(2):
            press(page, offered["send-now"])
        assert set(page.messages) == {one.id, f"{one.id}~1"}
        again = page.messages[f"{one.id}~1"]
        assert (again.to, again.text, again.send_at, again.if_late) == (one.to, one.text, in_(5), one.if_late)
        (handed,) = [item for handover in page.host.handovers for item in handover.items]
        assert handed["id"] == again.id
        assert "The kettle is on." not in attention(page)

    def test_let_go_it_needs_nobody_until_that_is_taken_back(self, page: Page) -> None:
        one = missed(page, LatePolicy.ASK)
        press(page, buttons(page, one)["let-go"])
        assert page.messages[one.id].status is Status.MISSED
        assert "The kettle is on." not in attention(page)
        press(page, buttons(page, one)["unsettle"])
        assert "The kettle is on." in attention(page)

    @pytest.mark.parametrize("again_id", ["", "other~1", "late", "late~0", "late~x", "late~1~1"])
    def test_it_is_sent_again_under_its_own_number_only(self, page: Page, again_id: str) -> None:
        one = missed(page, LatePolicy.ASK)
        page.client.post(f"/messages/{one.id}/again", data={"id": again_id})
        assert set(page.messages) == {one.id}

    def test_what_was_sent_is_not_sent_again(self, page: Page) -> None:
        page.store(messages=[builders.sent(message(id="sent")), message(id="open")])
        for id_ in ("sent", "open"):
            page.client.post(f"/messages/{id_}/again", data={"id": f"{id_}~1"})
        assert set(page.messages) == {"sent", "open"}


def test_a_receipt_that_may_be_its_own_is_shown_beside_what_is_unknown(page: Page) -> None:
    one = builders.unknown(message(BOB, id="doubt", send_at=in_(minutes=-5), text="Did it?"))
    page.store(messages=[one.evolve(delivery=lifecycle.hint(one.delivery, in_(minutes=-3)))])
    shown = words(page.client.get("/messages/doubt"))
    assert "A receipt came" in shown
    assert "11:57" in shown
    assert "belongs to no message known here: it may have arrived" in shown
    assert "It did not arrive" in shown, "a person still settles it"
