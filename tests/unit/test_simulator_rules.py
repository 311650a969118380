"""Small rules of the simulator: faults, paddings, words for messages, the dictionary, the marked folder."""

import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator import redirect, texts, tokens
from simulator.contents import Content
from simulator.facts import Card, Facts, File
from simulator.faults import Faults
from simulator.models import FaultRule
from simulator.protobufs import e2e
from simulator.redirect import CannotRedirect, NotSimulated
from simulator.texts import MalformedMessage
from tests.fakes.clock import FakeClock


def test_a_fault_is_played_as_often_as_it_says() -> None:
    faults = Faults()
    faults.add(FaultRule(action="nack", times=2))
    assert [bool(faults.play("message")) for _ in range(3)] == [True, True, False]
    assert [rule.played for rule in faults.all()] == [2]


def test_a_fault_without_end_and_its_end() -> None:
    faults = Faults()
    faults.add(FaultRule(action="drop", times=None))
    assert all(faults.play("message") for _ in range(50))
    assert faults.clear() == 1
    assert faults.play("message") is None


def test_a_fault_meets_only_what_it_names() -> None:
    faults = Faults()
    faults.add(FaultRule(stanza="iq", action="nack", xmlns="usync", code=429))
    faults.add(FaultRule(stanza="message", action="nack", to="447700900123"))
    assert faults.play("iq", xmlns="privacy") is None
    assert faults.play("message", to="447700900124") is None
    assert faults.play("receipt") is None
    usync, message = faults.play("iq", xmlns="usync"), faults.play("message", to="447700900123")
    assert usync is not None
    assert message is not None
    assert (usync.code, message.code) == (429, 479)


def test_a_fault_is_in_force_from_its_time_on(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = FakeClock()
    monkeypatch.setattr("simulator.faults.time.monotonic", clock.monotonic)
    faults = Faults()
    faults.add(FaultRule(action="nack", starts_after_ms=500))
    faults.add(FaultRule(stanza="connect", action="refuse", times=None, starts_after_ms=500))
    assert faults.play("message") is None
    refusing = [faults.refusing]
    clock.wait(threading.Event(), 0.5)
    assert faults.play("message") is not None
    assert [*refusing, faults.refusing] == [False, True]
    assert faults.play("connect") is None, "who is refused is never seen"


def test_a_question_can_be_named_by_what_is_in_it() -> None:
    faults = Faults()
    faults.add(FaultRule(stanza="iq", action="nack", xmlns="encrypt", inner="key"))
    assert faults.play("iq", xmlns="encrypt", inner="count") is None
    assert faults.play("iq", xmlns="encrypt", inner="key") is not None


@pytest.mark.parametrize(
    ("rule", "code"),
    [
        ({"action": "nack"}, 479),
        ({"action": "nack", "stanza": "connect"}, 503),
        ({"action": "nack", "stanza": "iq"}, 500),
        ({"action": "nack", "stanza": "upload"}, 500),
        ({"action": "stream-error", "stanza": "line"}, 500),
    ],
)
def test_a_fault_without_a_code_has_the_usual_one(rule: dict[str, Any], code: int) -> None:
    assert FaultRule(**rule).code == code


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ({"stanza": "connect", "action": "garble"}, "only be played with"),
        ({"stanza": "receipt", "action": "garble"}, "only be played with"),
        ({"stanza": "iq", "xmlns": "usync", "action": "garble"}, "only be played with"),
        ({"stanza": "line", "action": "nack"}, "only be played with"),
        ({"stanza": "login", "action": "logout"}, "only be played with"),
        ({"stanza": "delivery", "action": "no-ack"}, "only be played with"),
        ({"stanza": "connect", "action": "refuse"}, "until it is taken back"),
        ({"stanza": "connect", "action": "nack", "code": 479}, "a status that HTTP has"),
        ({"action": "nack", "after_ms": 5}, "after_ms does not go with"),
        ({"action": "nack", "deliver": True}, "deliver does not go with"),
        ({"stanza": "line", "action": "close", "deliver": True}, "deliver does not go with"),
        ({"action": "nack", "xmlns": "usync"}, "xmlns does not go with"),
        ({"stanza": "iq", "action": "nack", "to": "447700900123"}, "to does not go with"),
        ({"action": "nack", "conflict": "replaced"}, "conflict does not go with"),
        ({"stanza": "login", "action": "nack", "code": 403, "ban_code": 101}, "ban_code does not go with"),
        ({"stanza": "login", "action": "hang", "code": 402, "ban_seconds": 60}, "ban_seconds does not go with"),
    ],
)
def test_a_fault_that_cannot_be_played_is_refused(rule: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        FaultRule(**rule)


@settings(deadline=None)
@given(st.binary(max_size=100))
def test_padding_comes_off_again(plain: bytes) -> None:
    assert texts.unpad(texts.pad(plain)) == plain


@pytest.mark.parametrize("padded", [b"", b"\x00", b"abc\x05", b"ab\x03\x02\x03"])
def test_wrong_padding_is_refused(padded: bytes) -> None:
    with pytest.raises(MalformedMessage):
        texts.unpad(padded)


def test_what_is_no_message_is_refused() -> None:
    with pytest.raises(MalformedMessage):
        texts.read(texts.pad(b"\xff\xff\xff"))


@pytest.mark.parametrize(
    ("message", "content"),
    [
        (texts.text("plain"), Content("text", "plain")),
        (e2e.Message(extendedTextMessage={"text": "extended"}), Content("text", "extended")),
        (e2e.Message(imageMessage={"caption": "a cat"}), Content("image", "a cat", Facts(file=File()))),
        (e2e.Message(audioMessage={"PTT": True, "seconds": 2}), Content("voice", "", Facts(file=File(seconds=2)))),
        (e2e.Message(reactionMessage={"text": "👍"}), Content("reaction", "👍")),
        (
            e2e.Message(contactMessage={"displayName": "Ben"}),
            Content("contact", "Ben", Facts(contacts=(Card(name="Ben", vcard=""),))),
        ),
        (
            e2e.Message(contactsArrayMessage={"displayName": "both", "contacts": [{"vcard": "A"}, {"vcard": "B"}]}),
            Content("contact", "both", Facts(contacts=(Card(name="", vcard="A"), Card(name="", vcard="B")))),
        ),
        (e2e.Message(ephemeralMessage={"message": texts.text("fading")}), Content("text", "fading")),
        (e2e.Message(protocolMessage={"type": "REVOKE"}), Content("delete", "")),
        (
            e2e.Message(protocolMessage={"type": "MESSAGE_EDIT", "editedMessage": texts.text("better")}),
            Content("edit", "better"),
        ),
        (e2e.Message(), Content("empty", "")),
        (texts.to_own_device(texts.text("copy"), "1@lid"), Content("text", "copy")),
    ],
)
def test_messages_in_words(message: Any, content: Content) -> None:
    said = texts.read(texts.pad(message.SerializeToString())).content
    assert replace(said, attachment=None) == content


def test_the_dictionary_is_that_of_the_installed_client() -> None:
    found = tokens.read(tokens.library())
    assert found.single[1:4] == ("xmlstreamstart", "xmlstreamend", "s.whatsapp.net")
    assert [len(table) for table in found.double] == [256] * 4
    words = [word for table in (found.single[1:], *found.double) for word in table]
    assert all(words)
    assert len(words) == len(set(words))


def test_a_file_that_is_no_library_has_no_dictionary(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.so"
    wrong.write_bytes(b"not a library")
    with pytest.raises(tokens.TokensNotFound):
        tokens.read(wrong)


def test_only_an_empty_or_marked_folder_can_be_simulated(tmp_path: Path) -> None:
    fresh = tmp_path / "fresh"
    redirect.mark(fresh)
    (fresh / "session.sqlite").touch()
    redirect.mark(fresh)
    redirect.check(fresh)
    real = tmp_path / "real"
    real.mkdir()
    (real / "session.sqlite").touch()
    with pytest.raises(NotSimulated, match="not the simulator's"):
        redirect.mark(real)
    with pytest.raises(NotSimulated, match="not marked"):
        redirect.install("ws://127.0.0.1:1/ws/chat", bytes(32), real)


@pytest.mark.parametrize(
    "address", ["wss://web.whatsapp.com/ws/chat", "ws://192.0.2.1:80/ws/chat", "ws://127.0.0.1:65535/ws/chat/and/more"]
)
def test_an_address_that_is_not_on_loopback_or_too_long_is_refused(tmp_path: Path, address: str) -> None:
    redirect.mark(tmp_path)
    with pytest.raises(CannotRedirect, match=r"127\.0\.0\.1"):
        redirect.install(address, bytes(32), tmp_path)
