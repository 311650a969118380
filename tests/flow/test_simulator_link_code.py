"""Linking by code through the real client's PairPhone."""

import urllib.error
import urllib.request
from pathlib import Path
from urllib.parse import urlencode

import pytest

from simulator import phone_page
from simulator.control import Control, ControlRefused
from tests.flow.simulated import OWNER, running_client, running_simulator

ADA = "447700900123"


def typed_on_the_page(control: Control, code: str) -> tuple[int, str]:
    """What the simulated phone's page answers to a code that is typed there."""
    cookies = urllib.request.HTTPCookieProcessor()
    browser = urllib.request.build_opener(urllib.request.ProxyHandler({}), cookies)
    browser.open(phone_page.address(control.ready.control, control.ready.token), timeout=30).close()
    form = urlencode({"code": code, "phone": OWNER, "name": "Alex"}).encode()
    request = urllib.request.Request(f"{control.ready.control}/act/code", form, {"Origin": control.ready.control})
    with pytest.raises(urllib.error.HTTPError) as refused:
        browser.open(request, timeout=30)
    with refused.value as answer:
        return answer.code, answer.read().decode()


def test_a_client_is_linked_by_the_code_that_it_shows(tmp_path: Path) -> None:
    with running_simulator(tmp_path) as control, running_client(tmp_path) as client:
        client.expect("qr")
        with pytest.raises(ControlRefused, match="No client shows a code for this phone"):
            control.type_link_code("ABCD-EFGH", OWNER)
        code = client.ask(do="pair-phone", number=OWNER)["code"]
        control.wait_for("waiting-for-code", match=lambda event: event.account == OWNER)
        with pytest.raises(ControlRefused, match="eight characters"):
            control.type_link_code("ABC", OWNER)
        wrong = code[:-1] + ("A" if code[-1] != "A" else "B")
        with pytest.raises(ControlRefused, match="not the code that the client shows"):
            control.type_link_code(wrong, OWNER)
        status, page = typed_on_the_page(control, wrong)
        assert (status, "not the code that the client shows" in page) == (422, True)

        code = client.ask(do="pair-phone", number=OWNER)["code"]
        linked = control.type_link_code(code.lower(), OWNER, "Alex")
        assert (linked.phone, linked.device) == (OWNER, 1)
        client.expect("connected")
        control.wait_until_settled(OWNER)
        control.put_contact(ADA, "Ada")
        sent = client.ask(do="send", to=ADA, text="linked by code")["id"]
        assert [item.id for item in control.inbox(ADA)] == [sent]
        trouble = {"unknown-stanza", "stanza-failed"}
        assert [event for event in control.events().events if event.kind in trouble] == []
