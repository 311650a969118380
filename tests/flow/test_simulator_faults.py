"""Fault rules, played to the real client: what it reports, and that nothing is delivered twice or lost."""

from pathlib import Path

import pytest

from simulator.models import FaultRule
from tests.flow.simulated import linked_client, running_client, running_simulator

ADA = "447700900123"


@pytest.mark.parametrize("code", [479, 463])
def test_a_refused_message_was_not_delivered(tmp_path: Path, code: int) -> None:
    with running_simulator(tmp_path) as control:
        control.put_contact(ADA, "Ada")
        with linked_client(tmp_path, control) as client:
            control.add_fault(FaultRule(action="nack", code=code, to=ADA))
            assert f"server returned error {code}" in client.ask(do="send", to=ADA, text="refused")["error"]
            client.ask(do="send", to=ADA, text="accepted")
        assert [item.text for item in control.inbox(ADA)] == ["accepted"]
        assert [rule.played for rule in control.faults()] == [1]


def test_a_connection_that_breaks_before_the_ack_delivers_the_message_once(tmp_path: Path) -> None:
    with running_simulator(tmp_path) as control:
        control.put_contact(ADA, "Ada")
        with linked_client(tmp_path, control) as client:
            control.add_fault(FaultRule(action="close", deliver=True))
            sent = client.ask(do="send", to=ADA, text="once only")["id"]
            client.expect("disconnected")
            assert control.wait_for("message-repeated").detail["id"] == sent
        assert [item.id for item in control.inbox(ADA)] == [sent]


def test_a_message_lost_with_its_connection_is_sent_again_by_the_client(tmp_path: Path) -> None:
    with running_simulator(tmp_path) as control:
        control.put_contact(ADA, "Ada")
        with linked_client(tmp_path, control) as client:
            control.add_fault(FaultRule(action="close"))
            sent = client.ask(do="send", to=ADA, text="second try")["id"]
        assert [item.id for item in control.inbox(ADA)] == [sent]


def test_a_late_ack_still_counts(tmp_path: Path) -> None:
    with running_simulator(tmp_path) as control:
        control.put_contact(ADA, "Ada")
        with linked_client(tmp_path, control) as client:
            control.add_fault(FaultRule(action="late-ack", after_ms=300))
            assert client.ask(do="send", to=ADA, text="slowly")["id"] == control.inbox(ADA)[0].id


def test_an_unanswered_message_was_delivered_and_blocks_the_sends_behind_it(tmp_path: Path) -> None:
    with running_simulator(tmp_path) as control:
        control.put_contact(ADA, "Ada")
        with linked_client(tmp_path, control) as client:
            control.add_fault(FaultRule(action="no-ack"))
            client.begin(do="send", to=ADA, text="unanswered")
            assert control.wait_for_inbox(ADA)[0].text == "unanswered"
            assert client.seen("answer") == []
            control.break_connections()
            assert client.expect("answer")["id"] == control.inbox(ADA)[0].id
        assert len(control.inbox(ADA)) == 1


def test_too_many_questions(tmp_path: Path) -> None:
    with running_simulator(tmp_path) as control:
        control.put_contact(ADA, "Ada")
        with linked_client(tmp_path, control) as client:
            control.add_fault(FaultRule(stanza="iq", xmlns="usync", action="nack", code=429))
            assert "status 429" in client.ask(do="send", to=ADA, text="too fast")["error"]
            client.ask(do="send", to=ADA, text="slower")
        assert [item.text for item in control.inbox(ADA)] == ["slower"]


def test_refused_logins(tmp_path: Path) -> None:
    with running_simulator(tmp_path) as control:
        with linked_client(tmp_path, control):
            pass
        control.add_fault(FaultRule(stanza="login", action="nack", code=405))
        with running_client(tmp_path) as client:
            client.expect("outdated")
        control.add_fault(FaultRule(stanza="login", action="nack", code=503))
        with running_client(tmp_path) as client:
            client.expect("disconnected")
            client.expect("connected")
        control.log_out()
        with running_client(tmp_path) as client:
            client.expect("logged-out", on_connect=True)


def test_a_server_that_takes_no_connections(tmp_path: Path) -> None:
    with running_simulator(tmp_path) as control:
        control.add_fault(FaultRule(stanza="connect", action="drop"))
        with running_client(tmp_path) as client:
            assert "failed to dial" in client.expect("returned")["error"]


def test_a_second_process_with_the_same_session_replaces_the_first(tmp_path: Path) -> None:
    with (
        running_simulator(tmp_path) as control,
        linked_client(tmp_path, control) as first,
        running_client(tmp_path) as second,
    ):
        second.expect("connected")
        first.expect("replaced")


def test_a_contact_that_cannot_read_a_message_asks_for_it_again(tmp_path: Path) -> None:
    with running_simulator(tmp_path) as control:
        control.put_contact(ADA, "Ada")
        with linked_client(tmp_path, control) as client:
            client.ask(do="send", to=ADA, text="readable")
            control.add_fault(FaultRule(action="garble"))
            sent = client.ask(do="send", to=ADA, text="damaged on the way")["id"]
            client.expect("receipt", ids=[sent], type="RETRY")
            assert control.wait_for_inbox(ADA, 2)[1].text == "damaged on the way"
            client.ask(do="send", to=ADA, text="readable again")
        assert [item.text for item in control.inbox(ADA)] == ["readable", "damaged on the way", "readable again"]


def test_a_client_that_cannot_read_a_message_gets_it_again(tmp_path: Path) -> None:
    with running_simulator(tmp_path) as control:
        control.put_contact(ADA, "Ada")
        with linked_client(tmp_path, control) as client:
            control.add_fault(FaultRule(stanza="delivery", action="garble"))
            sent = control.send(ADA, "damaged on the way").id
            client.expect("undecryptable", id=sent)
            client.expect("message", id=sent, text="damaged on the way")
            control.send(ADA, "and on it goes")
            client.expect("message", text="and on it goes")
