"""Linking by code through the real client's PairPhone."""

from pathlib import Path

import pytest

from simulator.control import ControlRefused
from tests.flow.simulated import OWNER, running_client, running_simulator

ADA = "447700900123"


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
