"""What the owner does all day, in a real browser, and what an open page does while things change."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import BrowserContext, Route, expect
from playwright.sync_api import Page as Tab

from shared.model import lifecycle
from shared.model.link import Link, describe
from shared.store.view import View
from tests import builders
from tests.builders import contact, message
from tests.cast import ALICE, BOB, DORA, EVERYBODY
from tests.ui.served import Served, wait_for

pytestmark = pytest.mark.browser


def tab_to(tab: Tab, selector: str) -> None:
    """Press Tab until the focus is there."""
    for _ in range(60):
        tab.keyboard.press("Tab")
        if tab.evaluate("selector => document.activeElement.matches(selector)", selector):
            return
    raise AssertionError(f"{selector} cannot be reached with Tab")


def test_the_echo_fills_date_and_time_and_a_changed_date_forgets_the_words(tab: Tab, served: Served) -> None:
    tab.goto(f"{served.url}/compose")
    tab.get_by_role("button", name="tomorrow 9am").click()
    expect(tab.locator("#echo")).to_contain_text("09:00, Europe/London")
    expect(tab.locator("#time")).to_have_value("09:00")
    tab.get_by_label("Time", exact=True).fill("10:30")
    expect(tab.locator("#echo")).to_contain_text("10:30, Europe/London")
    expect(tab.get_by_label("In words")).to_have_value("")
    tab.get_by_label("Time zone").fill("Asia/Tokyo")
    expect(tab.locator("#echo")).to_contain_text("10:30, Asia/Tokyo (JST)")


def test_what_the_time_meant_is_not_said_of_other_words_while_the_answer_takes_its_time(
    tab: Tab, served: Served
) -> None:
    tab.goto(f"{served.url}/compose")
    tab.get_by_label("To", exact=True).fill("07700 900001")
    tab.get_by_label("Message", exact=True).fill("Hello")
    tab.get_by_role("button", name="tomorrow 9am").click()
    echo, checks = tab.locator("#echo"), tab.locator(".preflight")
    expect(tab.locator(".preflight-sum")).to_contain_text("Nothing stands in its way")
    expect(checks).not_to_have_class(re.compile("stale"))
    for address in ("**/compose/echo?*", "**/compose/checks*"):
        tab.route(address, lambda _: None)
    tab.get_by_label("In words").fill("tomorrow 10am")
    assert "good" not in (echo.get_attribute("class") or "").split()
    expect(echo).to_have_text("…")
    expect(echo).to_have_attribute("aria-busy", "true")
    expect(tab.locator(".preflight-sum")).to_be_hidden()
    expect(tab.get_by_text("Not checked again yet")).to_be_visible()
    tab.unroute_all()
    tab.get_by_label("In words").fill("tomorrow 11am")
    expect(echo).to_contain_text("11:00, Europe/London")
    expect(echo).to_have_class("echo good")
    expect(echo).not_to_have_attribute("aria-busy", "true")
    expect(tab.locator(".preflight-sum")).to_be_visible()


def test_the_form_fits_a_screen_and_opens_by_itself_what_needs_a_look(tab: Tab, served: Served) -> None:
    tab.goto(f"{served.url}/compose")
    schedule, more, checks = (
        tab.get_by_role("button", name="Schedule"),
        *map(tab.locator, ("#more-options", ".checks")),
    )
    expect(schedule).to_be_in_viewport(ratio=1)
    expect(tab.get_by_label("How often")).to_be_hidden()
    tab.get_by_label("To", exact=True).fill("07700 900001")
    tab.get_by_label("Message", exact=True).fill("Hello")
    tab.get_by_role("button", name="tomorrow 9am").click()
    expect(tab.locator(".preflight-sum")).to_contain_text("Nothing stands in its way")
    expect(checks).to_be_hidden()
    tab.locator("#more-options summary").press("Enter")
    tab.get_by_label("How often").select_option("Daily")
    tab.get_by_label("Last date").fill(f"{datetime.now(UTC) - timedelta(days=30):%Y-%m-%d}")
    tab.locator("#more-options summary").press("Enter")
    expect(tab.locator("[data-more]")).to_contain_text("Daily")
    expect(checks).to_be_visible()
    expect(tab.locator("#preflight-told")).to_have_text("One thing stops it.")
    tab.get_by_role("link", name="Mend it").click()
    expect(more.get_by_label("Last date")).to_be_visible()
    tab.locator("#checks-sum").press("Enter")
    tab.get_by_label("Message", exact=True).fill("")
    expect(tab.locator(".check", has_text="Write something")).to_have_count(1)
    expect(checks).to_be_hidden()
    tab.set_viewport_size({"width": 360, "height": 740})
    expect(schedule).to_be_in_viewport(ratio=1)
    covered = """each => {
        each.focus();
        return each.getBoundingClientRect().bottom > document.querySelector(".compose-go").getBoundingClientRect().top;
    }"""
    fields = tab.locator("#compose :is(input:not([type=hidden]), textarea, select, summary)").all()
    assert [each for each in fields if each.is_visible() and each.evaluate(covered)] == []


def test_the_preview_shows_bold_as_whatsapp_does(tab: Tab, served: Served) -> None:
    tab.goto(f"{served.url}/compose")
    tab.get_by_label("Message", exact=True).fill("2*3*4 is *twenty* <b>four</b>")
    expect(tab.locator(".preview strong")).to_have_text("twenty")
    expect(tab.locator(".preview b")).to_have_count(0)
    served.store(contacts=(contact(BOB, name="Bob *B* Brown"),))
    tab.get_by_label("Message", exact=True).fill("Hi {{first_name}}, \\{{name}} *or {{alias|Bobby}}*")
    bubble, framed = tab.locator(".preview .bubble"), tab.locator(".preview .unfilled")
    expect(framed).to_have_text(["{{first_name}}", "{{alias|Bobby}}"])
    expect(tab.get_by_text("What is framed is filled in")).to_be_visible()
    tab.get_by_label("To", exact=True).fill("Bob *B* Brown")
    expect(bubble).to_have_text("Hi Bob, {{name}} or Bobby")
    expect(framed).to_have_count(0)
    tab.get_by_label("To", exact=True).fill("Bob *B* Brown; 07700 900001")
    expect(framed).to_have_count(2)


def test_an_open_agenda_follows_what_happens_and_keeps_what_is_typed(tab: Tab, served: Served) -> None:
    known = message(BOB, id="watched", send_at=datetime.now(UTC) + timedelta(seconds=115))
    served.store(messages=(known,))
    tab.reload()
    count = tab.locator(".next-count [role=timer]")
    expect(count).to_have_text(re.compile(r"in \d+ s"))
    expect(count).not_to_have_text(count.inner_text())
    expect(tab.locator(".status", has_text="Scheduled")).to_be_visible()
    tab.get_by_role("searchbox").press_sequentially("Bo")
    expect(tab).to_have_url(f"{served.url}/?q=Bo")
    (now_stored,) = View(served.bucket).read(datetime.now(UTC)).messages.values()
    name = served.writer.reserve()
    edited = now_stored.evolve(version=name, replaces=(now_stored.version,))
    served.writer.append(name, datetime.now(UTC), messages=[builders.claimed(edited)])
    expect(tab.locator(".status", has_text="Ready")).to_be_visible()
    expect(tab.get_by_role("searchbox")).to_have_value("Bo")
    expect(tab.get_by_role("searchbox")).to_be_focused()


def test_an_open_message_follows_its_way(tab: Tab, served: Served) -> None:
    known = message(BOB, id="followed", send_at=datetime.now(UTC) - timedelta(seconds=5))
    served.store(messages=(known,))
    tab.goto(f"{served.url}/messages/followed")
    expect(tab.locator(".sheet-status")).to_have_text("Scheduled")
    expect(tab.get_by_role("link", name="See the chat")).to_have_count(0)
    (stored,) = View(served.bucket).read(datetime.now(UTC)).messages.values()
    for half, word in ((builders.sent(stored).delivery, "Sent"), (builders.read(stored).delivery, "Read")):
        served.store(messages=(stored.evolve(delivery=half),))
        expect(tab.locator(".sheet-status")).to_have_text(word)
    expect(tab.get_by_text("200 ms after its second")).to_be_visible()
    expect(tab.get_by_role("link", name="See the chat")).to_be_visible()


def test_the_header_follows_the_link(tab: Tab, served: Served) -> None:
    expect(tab.locator("#health")).to_contain_text("Connected to WhatsApp.")
    served.host.link = describe(Link.LOGGED_OUT, datetime.now(UTC))
    expect(tab.locator("#health")).to_contain_text("The phone has unlinked this device.")


def test_the_link_page_shows_the_code_as_soon_as_there_is_one(tab: Tab, served: Served) -> None:
    served.host.link = describe(Link.UNLINKED, datetime.now(UTC))
    tab.goto(f"{served.url}/link")
    tab.get_by_role("button", name="Show a code").click()
    code = tab.get_by_role("img", name="QR code")
    expect(code).to_be_visible()
    expect(code).not_to_have_js_property("naturalWidth", 0)
    expect(tab.get_by_text("this one is good for")).to_be_visible()
    served.host.pairing, served.host.link = False, describe(Link.CONNECTED, datetime.now(UTC))
    expect(code).to_have_count(0)
    expect(tab.get_by_text("Linked as")).to_be_visible()


def test_a_number_that_is_being_typed_stays_while_the_codes_renew_themselves(tab: Tab, served: Served) -> None:
    served.host.pairing, served.host.link = True, describe(Link.PAIRING, datetime.now(UTC))
    tab.goto(f"{served.url}/link")
    tab.get_by_text("Link with a code instead").click()
    number = tab.get_by_label("Your phone number")
    number.press_sequentially("07700")
    with tab.expect_response(lambda answer: "/link/panel" in answer.url and answer.status == 200):
        pass
    expect(tab.locator(".link-panel.htmx-swapping, .link-panel.htmx-settling")).to_have_count(0)
    number.press_sequentially(" 900001")
    expect(number).to_have_value("07700 900001")
    expect(number).to_be_visible()


def test_contacts_are_found_while_typing_among_thousands(tab: Tab, served: Served) -> None:
    people = tuple(
        contact(ALICE, id=f"person-{number}", name=f"Person {number}", phones=({"number": f"4477009{number:05}"},))
        for number in range(3000)
    )
    served.store(contacts=people)
    tab.goto(f"{served.url}/contacts")
    expect(tab.get_by_text("3,000 people")).to_be_visible()
    tab.get_by_role("searchbox").press_sequentially("person 2718")
    expect(tab.get_by_role("heading", level=2)).to_have_count(1)
    served.store(contacts=(contact(BOB, name="Person 2718 too"),))
    expect(tab.get_by_role("heading", level=2)).to_have_count(2)
    expect(tab.get_by_role("searchbox")).to_be_focused()
    expect(tab.get_by_role("searchbox")).to_have_value("person 2718")


def test_a_phones_contacts_are_imported_tagged_and_taken_back(tab: Tab, served: Served) -> None:
    served.store(contacts=(contact(ALICE),))
    card = "BEGIN:VCARD\r\nVERSION:3.0\r\nFN:{}\r\nTEL;TYPE=CELL:+{}\r\nEND:VCARD\r\n"
    cards = "".join(card.format(each.name, each.number) for each in EVERYBODY) + card.format("Nobody", "12")
    tab.goto(f"{served.url}/contacts")
    tab.get_by_role("link", name="Import").click()
    tab.get_by_label("A vCard").set_input_files(
        {"name": "phone.vcf", "mimeType": "text/vcard", "buffer": cards.encode()}
    )
    tab.get_by_role("button", name="Read the file").click()
    expect(tab.get_by_text("'+12' is")).to_be_visible()
    tab.get_by_label("Tag all of them").fill("phone")
    tab.get_by_role("button", name="Import 5 contacts").click()
    expect(tab.get_by_role("heading", name="Imported")).to_be_visible()
    tab.get_by_role("link", name="phone", exact=True).click()
    tab.get_by_role("searchbox").fill("odegard")
    expect(tab.get_by_role("heading", level=2)).to_have_text(["Dóra Ødegård"])
    tab.get_by_role("searchbox").fill("")
    expect(tab.get_by_text("5 of 5")).to_be_visible()
    tab.get_by_role("link", name="Select").click()
    tab.get_by_role("checkbox", name="Bob").check()
    tab.get_by_role("checkbox", name="Charlie").check()
    tab.get_by_label("Tag", exact=True).fill("choir")
    tab.get_by_role("button", name="Tag", exact=True).click()
    expect(tab.get_by_role("status").get_by_text("2 contacts are tagged “choir”.")).to_be_visible()
    tab.get_by_role("button", name="Undo").click()
    expect(tab.get_by_text("2 contacts are as they were before.")).to_be_visible()
    tab.get_by_role("link", name="Done").click()
    tab.get_by_role("link", name="Import").click()
    tab.get_by_role("link", name="phone.vcf").click()
    tab.get_by_role("button", name="Take the import back").click()
    expect(tab.get_by_text("5 contacts are as they were before.")).to_be_visible()
    left = [each for each in View(served.bucket).read(datetime.now(UTC)).contacts.values() if not each.ended]
    assert [(each.name, each.tags) for each in left] == [("Alice", ())]


def test_what_is_typed_into_a_search_before_scripts_have_come_is_looked_for(tab: Tab, served: Served) -> None:
    served.store(contacts=tuple(contact(each) for each in EVERYBODY))
    scripts: list[Route] = []
    tab.route("**/assets/htmx-*", lambda route: scripts.append(route))
    tab.goto(f"{served.url}/contacts", wait_until="commit")
    tab.get_by_role("searchbox").fill("odegard")
    tab.wait_for_timeout(200)
    assert len(scripts) == 1
    scripts[0].continue_()
    expect(tab.get_by_role("heading", level=2)).to_have_text(["Dóra Ødegård"])


def test_a_hostile_name_in_the_picker_is_only_a_name(tab: Tab, served: Served) -> None:
    served.store(contacts=tuple(contact(each) for each in EVERYBODY))
    tab.goto(f"{served.url}/compose")
    tab.get_by_label("To", exact=True).press_sequentially("eve")
    tab.locator("#to-options").get_by_role("option").first.click()
    tab.get_by_label("Message", exact=True).fill("Hello")
    tab.get_by_label("In words").fill("tomorrow 9am")
    tab.get_by_role("button", name="Schedule").click()
    expect(tab.get_by_role("heading", name="To Eve")).to_be_visible()


def test_several_are_picked_and_each_text_is_seen_before_it_is_scheduled(tab: Tab, served: Served) -> None:
    served.store(contacts=tuple(contact(each, tags=("choir",) if each is DORA else ()) for each in EVERYBODY))
    tab.goto(f"{served.url}/compose")
    to = tab.get_by_label("To", exact=True)
    for typed, option in (("bo", "Bob"), ("; ali", "Alice"), ("#ch", "#choir")):
        to.press_sequentially(typed)
        tab.get_by_role("option", name=option).click()
    expect(to).to_have_value(re.compile(r"^Bob <\+447700900002>; +Alice <\+447700900001>; +#choir; $"))
    tab.get_by_label("Message", exact=True).fill("Hi {{first_name}}!")
    tab.get_by_label("In words").fill("tomorrow 9am")
    tab.get_by_role("button", name="Schedule").click()
    expect(tab.locator(".several .bubble")).to_have_text(["Hi Bob!", "Hi Alice!", "Hi Dóra!"])
    tab.get_by_role("checkbox", name="Alice").uncheck()
    tab.get_by_role("button", name="Schedule those ticked").click()
    expect(tab.locator(".notice")).to_contain_text("2 messages are scheduled for")
    saved = View(served.bucket).read(datetime.now(UTC)).messages.values()
    assert {(each.to, each.text) for each in saved} == {(BOB.number, "Hi Bob!"), (DORA.number, "Hi Dóra!")}


def test_a_second_tab_does_not_overwrite_the_first(tab: Tab, context: BrowserContext, served: Served) -> None:
    known = message(BOB, id="shared", send_at=datetime.now(UTC) + timedelta(days=1))
    served.store(messages=(known,))
    second = context.new_page()
    for each in (tab, second):
        each.goto(f"{served.url}/messages/shared/edit")
    tab.get_by_label("Message", exact=True).fill("From the first tab")
    tab.get_by_role("button", name="Save changes").click()
    expect(tab.locator(".sheet-status")).to_have_text("Asked to change")
    second.get_by_label("Message", exact=True).fill("From the second tab")
    second.get_by_role("button", name="Save changes").click()
    expect(second.get_by_text("From the first tab")).to_be_visible()
    expect(second.get_by_label("Message", exact=True)).to_have_value("From the second tab")
    stored = View(served.bucket).read(datetime.now(UTC)).messages["shared"]
    assert stored.text == "From the first tab"


def test_what_is_due_soon_reaches_the_host_at_once(tab: Tab, served: Served) -> None:
    tab.goto(f"{served.url}/compose")
    tab.get_by_label("To", exact=True).fill("07700 900001")
    tab.get_by_label("Message", exact=True).fill("Soon")
    tab.get_by_label("In words").fill("in 2 minutes")
    expect(tab.locator(".echo.good")).to_be_visible()
    tab.get_by_role("button", name="Schedule").click()
    expect(tab.locator(".notice")).to_contain_text("Scheduled for")
    wait_for(lambda: bool(served.host.handovers))
    (item,) = served.host.handovers[0]["items"]
    assert (item["to"], item["message"]) == (ALICE.number, "Soon")


def test_what_is_sent_now_counts_down_and_is_undone_with_what_was_typed(tab: Tab, served: Served) -> None:
    tab.goto(f"{served.url}/compose")
    tab.get_by_label("To", exact=True).fill("07700 900001")
    tab.get_by_label("Message", exact=True).fill("Oh no")
    tab.get_by_role("button", name="Send now").click()
    expect(tab.locator(".undo-sending [data-left]")).to_have_text(re.compile(r"^(\d s|a moment)$"))
    tab.get_by_role("button", name="Undo").click()
    expect(tab.get_by_label("Message", exact=True)).to_have_value("Oh no")
    expect(tab.locator("#undone")).to_contain_text("Asked to cancel")
    asked = next(iter(View(served.bucket).read(datetime.now(UTC)).messages.values()))
    name = served.writer.reserve()
    confirmed = asked.evolve(delivery=lifecycle.confirm(asked.delivery, asked.revision, name), version=name)
    served.writer.append(
        name, datetime.now(UTC), messages=[confirmed.evolve(replaces=(*asked.replaces, asked.version))]
    )
    expect(tab.locator("#undone")).to_contain_text("Cancelled. It will not be sent.")
    expect(tab.get_by_label("Message", exact=True)).to_have_value("Oh no")


def test_a_notice_stays_ten_seconds_and_longer_while_somebody_is_on_it(tab: Tab, served: Served) -> None:
    served.store(messages=(message(BOB, send_at=datetime.now(UTC) + timedelta(hours=2)),))
    tab.clock.install()
    tab.goto(served.url)
    tab.clock.pause_at(datetime.now(UTC) + timedelta(minutes=1))
    tab.get_by_role("button", name="Cancel the message to Bob").press("Enter")
    undo = tab.locator(".notice").get_by_role("button", name="Undo")
    undo.focus()
    tab.clock.fast_forward(10_100)
    expect(undo).to_be_focused()
    tab.get_by_role("searchbox").focus()
    tab.clock.fast_forward(9_800)
    expect(tab.locator(".notice.leaving")).to_have_count(0)
    tab.clock.fast_forward(300)
    tab.clock.fast_forward(500)
    expect(undo).to_have_count(0)


def test_a_confirmed_cancel_says_so_without_a_reload(tab: Tab, served: Served) -> None:
    known = message(BOB, id="gone", send_at=datetime.now(UTC) + timedelta(days=1))
    served.store(messages=(known,))
    tab.goto(f"{served.url}/messages/gone")
    tab.get_by_role("button", name="Cancel message").click()
    expect(tab.locator(".sheet-status")).to_have_text("Asked to cancel")
    asked = View(served.bucket).read(datetime.now(UTC)).messages["gone"]
    name = served.writer.reserve()
    confirmed = asked.evolve(delivery=lifecycle.confirm(asked.delivery, asked.revision, name), version=name)
    served.writer.append(
        name, datetime.now(UTC), messages=[confirmed.evolve(replaces=(*asked.replaces, asked.version))]
    )
    expect(tab.locator(".sheet-status")).to_have_text("Cancelled")
