"""What each error of the WhatsApp library says about a message: may it have been delivered, does trying again help."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from session_host.link import Reason
from session_host.send_errors import failure, masked, not_connected
from shared.model.link import Link, describe
from tests.builders import NOW

NUMBER = "447700900123@s.whatsapp.net"

CERTAIN_AND_PASSING = {
    "failed to send message node: websocket not connected": Reason.NOT_CONNECTED,
    "failed to get device list: failed to send usync query: websocket not connected": Reason.NOT_CONNECTED,
    "client is nil": Reason.NOT_CONNECTED,
    "the store doesn't contain a device JID": Reason.NOT_LINKED,
    f"failed to get user info for {NUMBER} to fill LID cache: failed to send usync query: "
    "info query returned status 429: rate-overlimit": Reason.SLOW_DOWN,
    "failed to get device list: info query returned status 503: service-unavailable": Reason.TROUBLE_THERE,
    "server returned error 429": Reason.SLOW_DOWN,
    "server returned error 500": Reason.TROUBLE_THERE,
}
CERTAIN_AND_PERMANENT = {
    f"no LID found for {NUMBER} from server": Reason.NO_ACCOUNT,
    "server returned error 463": Reason.STRANGERS_LOCKED,
    "server returned error 479": Reason.REFUSED,
    "failed to get device list: info query returned status 400: bad-request": Reason.REFUSED,
    "failed to get group members: you're not participating in that group": Reason.NOT_IN_GROUP,
    "failed to get group members: that group does not exist": Reason.NOT_IN_GROUP,
}
PERHAPS_DELIVERED = {
    "timed out waiting for message send response": Reason.NO_ANSWER,
    "websocket disconnected before message send returned response": Reason.NO_ANSWER,
    "websocket disconnected before message send (retry) returned response": Reason.NO_ANSWER,
    "failed to get device list: info query timed out": Reason.NO_ANSWER,
    # alone, it is said of the second try of a frame whose first went out
    "websocket not connected": Reason.NO_ANSWER,
    "failed to send message node: failed to write: broken pipe": Reason.UNRECOGNISED,
    "frame socket is closed": Reason.UNRECOGNISED,
    "DecodeError": Reason.UNRECOGNISED,
    "": Reason.UNRECOGNISED,
}


@pytest.mark.parametrize("error", CERTAIN_AND_PASSING)
def test_certainly_not_delivered_and_worth_another_try(error: str) -> None:
    failed = failure(error)
    assert (failed.certain, failed.permanent, failed.reason) == (True, False, CERTAIN_AND_PASSING[error])


@pytest.mark.parametrize("error", CERTAIN_AND_PERMANENT)
def test_certainly_not_delivered_and_never_will_be(error: str) -> None:
    failed = failure(error)
    assert (failed.certain, failed.permanent, failed.reason) == (True, True, CERTAIN_AND_PERMANENT[error])


@pytest.mark.parametrize("error", PERHAPS_DELIVERED)
def test_it_may_have_been_delivered(error: str) -> None:
    failed = failure(error)
    assert (failed.certain, failed.reason) == (False, PERHAPS_DELIVERED[error])
    assert "may have been delivered" in str(failed)
    assert "look at the chat on your phone" in str(failed)


def test_where_two_rows_fit_doubt_wins() -> None:
    both = "websocket disconnected before message send returned response: server returned error 479"
    assert not failure(both).certain


@given(st.text(max_size=200))
def test_what_is_not_recognised_is_never_certain(error: str) -> None:
    failed = failure(error)
    assert failed.certain <= (failed.reason is not Reason.UNRECOGNISED)


@pytest.mark.parametrize("error", [*CERTAIN_AND_PASSING, *CERTAIN_AND_PERMANENT, *PERHAPS_DELIVERED])
def test_every_failure_is_a_sentence_for_people(error: str) -> None:
    sentence = str(failure(error))
    assert re.fullmatch(r"[A-Z].*[.]", sentence)
    assert ": " in sentence, "what happened, and what follows"
    for word in ("websocket", "LID", "usync", "JID", "nil"):
        assert word not in sentence or failure(error).reason is Reason.UNRECOGNISED
    assert not re.search(r"\d{7,}", sentence), "no phone numbers"


@given(st.integers(10**6, 10**15))
def test_a_masked_line_shows_three_digits_of_a_number(number: int) -> None:
    line = masked(f"Failed to encrypt for {number}@lid:\n {number}_1:0")
    assert str(number) not in line
    assert str(number)[-3:] in line


def test_a_masked_line_shows_no_pairing_code_and_no_key() -> None:
    code = (
        "https://wa.me/settings/linked_devices#2@vcsh8Cj2_VpDX3kASw2x1HA,EhvTJPmUveTx222hV9zRqr1qI4KdRT38Sv+yvftuUmc=,1"
    )
    key = "EhvTJPmUveTx222hV9zRqr1qI4KdRT38Sv+yvftuUmc="
    line = masked(f"Emitting QR code {code} with {key}")
    assert line == "Emitting QR code … with …"


def test_while_the_link_is_down_the_failure_speaks_in_the_states_own_words() -> None:
    failed = not_connected(describe(Link.LOGGED_OUT, NOW))
    assert (failed.certain, failed.permanent, failed.reason) == (True, False, Reason.NOT_CONNECTED)
    assert str(failed) == "The phone has unlinked this device. Open Link and scan the QR code again; messages wait."
