"""Every page in a real browser: accessible in both themes, nothing wider than a phone, nothing from elsewhere."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import BrowserContext, ViewportSize, expect
from playwright.sync_api import Page as Tab

from shared.model.content import Media
from shared.model.link import Link, describe
from shared.model.message import IfLate, LatePolicy, Message, Verdict
from shared.model.owner_settings import OWNER, OwnerSettings
from shared.model.series import Series
from shared.store.media import MediaStore
from shared.store.owner_settings import SettingsStore
from tests import builders
from tests.builders import contact, message, series
from tests.cast import ALICE, BOB, DORA, EVE, EVERYBODY
from tests.cast_media import png
from tests.ui.chats import furnish_chats
from tests.ui.served import Served

pytestmark = pytest.mark.browser

PATHS = (
    *("/", "/?show=attention", "/?show=all", "/?q=nothing", "/compose", "/messages/open", "/messages/read"),
    *(
        "/messages/unknown",
        "/messages/settled",
        "/messages/asks",
        "/messages/pictured/edit",
        "/messages/called-off",
        "/messages/open/edit",
        "/messages/forked",
        "/contacts",
        "/contacts/new",
    ),
    *("/contacts/contact-447700900001", "/link", "/settings", "/settings/tokens", "/password"),
    *("/series", "/series/weekly", "/series/weekly/edit"),
    *(
        "/agenda/month",
        "/agenda/week",
        "/chats",
        f"/chats/{ALICE.jid}",
        "/chats/search?q=scarf",
        "/insights",
        "/offline",
    ),
    *(
        "/contacts?select=yes&tag=choir",
        "/contacts/duplicates",
        "/contacts/import",
        "/contacts/export",
        "/contacts/whatsapp",
    ),
    *("/templates", "/templates/new"),
)
WAY_IN = ("/login",)
"""What is looked at by whoever is not logged in. A page that is in neither fails in tests/api/test_web_routes.py."""
AFTER_A_STEP = ("/templates/made", "/contacts/imports/made")
"""What is there only once a test has made it, and is looked at then."""
COLOURS: dict[str, Any] = {"runOnly": {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}}
"""The rules of axe that look at colours."""
TOO_SMALL = """() => [...document.querySelectorAll('.button, .nav a, .filters a, input, select, textarea, summary')]
    .filter(each => each.checkVisibility() && !each.matches('.unseen-until-focus, [type=hidden], [type=radio]'))
    .filter(each => !each.matches('[type=checkbox]'))  // the label around it is the target
    .map(each => [each.outerHTML.slice(0, 90), each.getBoundingClientRect()])
    .filter(([, box]) => box.height < 44 || box.width < 44)
    .map(([html, box]) => `${html} ${box.width}x${box.height}`)"""
WIDE: ViewportSize = {"width": 2560, "height": 1200}
LONGEST_LINE = 100
"""Letters in a line of running text, on average over its lines."""
TOO_WIDE = """most => {
    const wide = [...document.querySelectorAll('main')].map(each => each.getBoundingClientRect().width)
        .filter(width => width > 1000).map(width => `main is ${width} wide`);
    if (document.documentElement.scrollWidth > innerWidth) wide.push('it scrolls sideways');
    for (const each of document.querySelectorAll('main :is(p, li, dd, td, small, .hint, .bubble)')) {
        const own = [...each.childNodes].some(node => node.nodeType === 3 && node.data.trim().length > 20);
        if (!own || !each.checkVisibility() || each.closest('.unseen, pre')) continue;
        const text = document.createRange();
        text.selectNodeContents(each);
        const lines = new Set([...text.getClientRects()].map(box => Math.round(box.bottom / 8))).size;
        const letters = each.innerText.trim().length / lines;
        if (letters > most) wide.push(`${Math.round(letters)} letters in a line: ${each.innerText.slice(0, 60)}`);
    }
    return wide;
}"""
UNSEEN_IN_FORCED_COLOURS = """() => {
    const found = [], clear = 'rgba(0, 0, 0, 0)', named = each => each.outerHTML.slice(0, 110);
    const shown = each => each.checkVisibility() && !each.closest('.unseen, .unseen-until-focus, .skip')
        && each.getBoundingClientRect().width > 1;
    const ground = each => {
        const colour = getComputedStyle(each).backgroundColor;
        return colour !== clear || !each.parentElement ? colour : ground(each.parentElement);
    };
    const looks = each => {
        const { color, outlineStyle, borderTopColor, borderTopWidth, textDecorationLine } = getComputedStyle(each);
        return [ground(each), color, outlineStyle, borderTopColor, borderTopWidth, textDecorationLine].join();
    };
    for (const each of document.querySelectorAll('body *')) {
        if (!shown(each)) continue;
        const style = getComputedStyle(each);
        const words = [...each.childNodes].some(node => node.nodeType === 3 && node.data.trim());
        if (words && style.color === ground(each)) found.push(`its words are as its ground: ${named(each)}`);
        if (each.matches('svg.icon') && style.color === ground(each)) found.push(`an icon nobody sees: ${named(each)}`);
        if (each.matches('.status') && !each.innerText.trim()) found.push(`a status without words: ${named(each)}`);
        if (each.matches('input, textarea, select, .button:not(.bare)') && style.borderTopWidth === '0px'
            && style.appearance === 'none' && !each.innerText.trim()) found.push(`no edge: ${named(each)}`);
        const name = each.innerText || each.ariaLabel || each.querySelector('img')?.alt || '';
        if (each.matches('a, button, summary') && !name.trim()) found.push(`no name: ${named(each)}`);
        if (each.matches('[aria-current]:not([aria-current=false]), [aria-selected=true]')) {
            const among = each.closest('nav, table, ol, ul') || each.parentElement;
            const other = [...among.querySelectorAll(each.localName)].find(
                sibling => shown(sibling) && !sibling.ariaCurrent && sibling.ariaSelected !== 'true'
                    && !sibling.matches('.button') && sibling.className === each.className);
            if (other && looks(other) === looks(each)) found.push(`not marked as chosen: ${named(each)}`);
        }
        if (each.matches('a[href], button, input, select, textarea, summary') && !each.disabled) {
            each.focus({ preventScroll: true });
            const rings = [each, each.closest('label, .choice, .search') || each].flatMap(
                one => [null, '::after', '::before'].map(part => getComputedStyle(one, part)));
            if (document.activeElement === each && !rings.some(ring => ring.outlineStyle !== 'none'
                && parseFloat(ring.outlineWidth) > 0)) found.push(`its focus is not seen: ${named(each)}`);
        }
    }
    return found;
}"""
PHONE_SIZE: ViewportSize = {"width": 360, "height": 740}
PHONE = {"viewport": PHONE_SIZE, "has_touch": True}


def furnish(served: Served, now: datetime | None = None) -> None:
    """A bucket with a message in every state worth a look, and hostile names among the people."""
    now = now or datetime.now(UTC).replace(microsecond=0)
    forked = message(DORA, id="forked", send_at=now + timedelta(days=3))
    served.store(
        messages=(
            builders.claimed(message(ALICE, id="open", send_at=now + timedelta(minutes=30), zone="Europe/London")),
            message(EVE, id="hostile", send_at=now + timedelta(days=1), text="<b>" + "x" * 3000),
            builders.read(message(BOB, id="read", send_at=now - timedelta(minutes=4))),
            builders.unknown(message(BOB, id="unknown", send_at=now - timedelta(days=1))),
            builders.unknown(message(BOB, id="settled", send_at=now - timedelta(days=1), verdict=Verdict.ARRIVED)),
            builders.missed(message(id="asks", send_at=now - timedelta(days=1), if_late=IfLate(policy=LatePolicy.ASK))),
            builders.failed(message(id="failed", send_at=now - timedelta(days=2))),
            message(DORA, id="cancelled", send_at=now + timedelta(days=2), cancelled=True),
            forked,
            pictured(served, now),
            builders.called_off(message(id="called-off", send_at=now - timedelta(hours=2))),
        ),
        contacts=(
            *(contact(each, favourite=each is ALICE, tags=("choir",)) for each in EVERYBODY),
            contact(BOB, id="again", name="Bobby", notes="The same number."),
        ),
        series=(weekly(now), weekly(now).evolve(id="hostile-series", text="<b>" + "x" * 3000)),
    )
    furnish_chats(served, now)
    SettingsStore(served.bucket).write(OwnerSettings(id=OWNER, revision=1, version="web-1", quiet="off", daily=80))
    for text in ("This?", "Or that?"):
        name = served.writer.reserve()
        served.writer.append(name, now, messages=[forked.evolve(version="").edited(name, text=text)])


def pictured(served: Served, now: datetime) -> Message:
    """A message with a picture, which is not sent if they write first."""
    stored = MediaStore(served.bucket).put(png(640, 420), "image/png", "garden in november.png")
    media = Media.model_validate({"kind": "image", **stored.model_dump(exclude_none=True)})
    return message(
        BOB,
        id="pictured",
        attachment=media,
        send_at=now + timedelta(days=4),
        cancel_if_they_write_after=now,
        zone="UTC",
    )


def weekly(now: datetime) -> Series:
    """A series with dates before and after now."""
    first = f"{now - timedelta(days=9):%Y-%m-%dT18:00}"
    return series(EVE, id="weekly", first=first, changed_at=now - timedelta(days=10))


def violations(tab: Tab) -> list[str]:
    """What axe finds in both themes, a line for each: all of it in the page's own, what colours decide in the other.

    The theme is nothing but this attribute, which is set with the first byte (tests/api/test_web_login.py).
    """
    found = _found(tab, {})
    for theme in ("light", "dark"):
        tab.evaluate("theme => { document.documentElement.dataset.theme = theme; }", theme)
        found += _found(tab, COLOURS) if theme == "light" else []
    return found


def _found(tab: Tab, options: dict[str, Any]) -> list[str]:
    found = Axe().run(tab, options={**options, "resultTypes": ["violations"]}).response["violations"]
    return [f"{tab.url}: {each['id']}: {node['html'][:200]}" for each in found for node in each["nodes"]]


def test_every_page_is_accessible(tab: Tab, served: Served) -> None:
    furnish(served)
    found = []
    for path in PATHS:
        tab.goto(served.url + path)
        found += violations(tab)
    assert found == []


def test_what_opens_is_accessible_too(tab: Tab, served: Served) -> None:
    furnish(served)
    tab.goto(f"{served.url}/compose")
    tab.get_by_label("To", exact=True).press_sequentially("a")
    expect(tab.locator("#to-options").get_by_role("option").first).to_be_visible()
    tab.keyboard.press("ArrowDown")
    found = violations(tab)
    tab.keyboard.press("Escape")
    tab.get_by_label("In words").fill("friday 6")
    expect(tab.locator(".echo.bad")).to_be_visible()
    found += violations(tab)
    tab.get_by_label("In words").fill("tomorrow 9am")
    expect(tab.locator(".echo.good")).to_be_visible()
    found += violations(tab)
    tab.get_by_role("button", name="Schedule").click()
    expect(tab.get_by_role("alert")).to_be_visible()
    found += violations(tab)
    tab.get_by_label("To", exact=True).fill("#choir; +1 202 555 0199")
    tab.get_by_label("Message", exact=True).fill("Hi {{first_name}}")
    tab.get_by_role("button", name="Schedule").click()
    expect(tab.get_by_role("heading", name="6 messages")).to_be_visible()
    tab.get_by_role("checkbox", name="Bob").uncheck()
    found += violations(tab)
    served.host.pairing, served.host.link = True, describe(Link.PAIRING, datetime.now(UTC))
    tab.goto(f"{served.url}/link")
    expect(tab.get_by_role("img", name="QR code")).to_be_visible()
    found += violations(tab)
    served.host.link = describe(Link.CONNECTED, datetime.now(UTC))
    tab.reload()
    tab.get_by_text("Log out of WhatsApp").click()
    expect(tab.get_by_role("button", name="Yes, log out")).to_be_visible()
    found += violations(tab)
    tab.goto(f"{served.url}/settings/tokens")
    tab.get_by_label("Name of the program").fill("shop")
    tab.get_by_role("button", name="Make the token").click()
    expect(tab.get_by_role("region", name="The token of shop")).to_be_focused()
    tab.locator("summary", has_text="Revoke").click()
    expect(tab.get_by_role("button", name="Yes, revoke shop")).to_be_visible()
    found += violations(tab)
    tab.goto(served.url)
    tab.get_by_role("button", name="Cancel the message to Alice").click()
    expect(tab.get_by_role("status").get_by_role("button", name="Undo")).to_be_visible()
    found += violations(tab)
    assert found == []


def test_what_went_wrong_is_said_accessibly(tab: Tab, context: BrowserContext, served: Served) -> None:
    """Forms with their errors, an edit that lost, an import before and after, what is not there, a host away."""
    served.store(messages=(message(BOB, id="shared", send_at=datetime.now(UTC) + timedelta(days=1)),))
    found = []

    def press(path: str, name: str, **fields: str) -> None:
        tab.goto(served.url + path)
        for label, value in fields.items():
            tab.get_by_label(label.replace("_", " "), exact=True).fill(value)
        tab.get_by_role("button", name=name, exact=True).click()

    for path, name in (
        ("/contacts/new", "Save"),
        ("/templates/new", "Save"),
        ("/contacts/import", "Read the file"),
        ("/settings/tokens", "Make the token"),
    ):
        press(path, name)
        expect(tab.get_by_role("alert").first).to_be_visible()
        found += violations(tab)
    tab.goto(f"{served.url}/settings")
    tab.get_by_label("In these hours:").check()
    tab.get_by_label("Time zone").fill("Mars/Olympus")
    tab.get_by_role("button", name="Save settings").click()
    expect(tab.get_by_text("Give both times").first).to_be_visible()
    found += violations(tab)
    press("/password", "Set password", New_password="a" * 12, The_same_again="b" * 12)
    expect(tab.get_by_text("The two new passwords differ")).to_be_visible()
    found += violations(tab)
    press("/templates/new", "Save", Name="Tonight", Text="See you, {{first_name}}")
    tab.get_by_role("link", name="Tonight").click()
    expect(tab.get_by_role("button", name="Delete template")).to_be_visible()
    found += violations(tab)
    tab.goto(f"{served.url}/contacts/import")
    people = b"name,number\nAda,+447700900001\nNobody,12\n"
    tab.get_by_label("A vCard").set_input_files({"name": "people.csv", "mimeType": "text/csv", "buffer": people})
    tab.get_by_role("button", name="Read the file").click()
    expect(tab.get_by_role("button", name="Import 1 contact")).to_be_visible()
    found += violations(tab)
    tab.get_by_role("button", name="Import 1 contact").click()
    expect(tab.get_by_role("heading", name="Imported")).to_be_visible()
    found += violations(tab)
    tab.goto(f"{served.url}/messages/shared/edit")
    elsewhere = {"to": BOB.number, "text": "Meanwhile", "when": "tomorrow 9am", "if_late": "ask"}
    version = tab.locator("[name=version]").get_attribute("value") or ""
    context.request.post(f"{served.url}/messages/shared", form={**elsewhere, "version": version})
    tab.get_by_label("Message", exact=True).fill("Mine")
    tab.get_by_role("button", name="Save changes").click()
    expect(tab.get_by_text("Meanwhile", exact=True)).to_be_visible()
    found += violations(tab)
    tab.goto(f"{served.url}/nothing-here")
    found += violations(tab)
    served.host.server.shutdown()
    served.host.server.server_close()
    for path in ("/link", "/chats"):
        tab.goto(served.url + path)
        expect(tab.get_by_role("main").locator(".problem")).to_be_visible()
        found += violations(tab)
    assert found == []


def test_the_way_in_is_accessible(context: BrowserContext, served: Served) -> None:
    tab = context.new_page()
    tab.goto(f"{served.url}/login")
    found = violations(tab)
    tab.get_by_label("First-run password").fill("wrong")
    tab.get_by_role("button", name="Log in").click()
    expect(tab.get_by_role("alert")).to_have_text("That is not the password.")
    assert found + violations(tab) == []


@pytest.mark.parametrize("context", [PHONE], indirect=True, ids=["360 px"])
def test_nothing_is_wider_than_a_phone_or_lost_on_a_wide_screen_or_in_forced_colours(tab: Tab, served: Served) -> None:
    furnish(served)
    found = {}
    for path in PATHS:
        tab.set_viewport_size(PHONE_SIZE)
        tab.goto(served.url + path)
        assert tab.evaluate("document.documentElement.scrollWidth") == 360, path
        small = tab.evaluate(TOO_SMALL)
        tab.set_viewport_size(WIDE)
        wide = tab.evaluate(TOO_WIDE, LONGEST_LINE)
        tab.emulate_media(forced_colors="active", reduced_motion="reduce")  # no colour half way
        found[path] = [*small, *wide, *tab.evaluate(UNSEEN_IN_FORCED_COLOURS)]
        tab.emulate_media(forced_colors="none", reduced_motion="no-preference")
    assert {path: each for path, each in found.items() if each} == {}
