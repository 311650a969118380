"""What this host sent itself is captured as the owner's own, once, whatever it was, and changes what it is about."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from session_host import chat_pages, own_sends
from session_host.capture import Capture
from session_host.chat_pages import Turn
from shared.model.chats import ChatMessage
from shared.model.content import About, Act, ContactCard, Location, Media
from shared.model.message import Message
from tests.builders import NOW, in_
from tests.cast import ALICE
from tests.fakes import events
from tests.fakes.host import HandClock, ScriptedLink

ALICES = f"{ALICE.number}@s.whatsapp.net"
LID = "100000000000001@lid"
PICTURE = Media(kind="image", media="a" * 64, mime="image/png", size=5)


@pytest.fixture
def capture(tmp_path: Path) -> Iterator[Capture]:
    made = Capture(
        tmp_path, ScriptedLink(), HandClock(), kept=timedelta(days=30),
        on_receipts=lambda _: None, on_arrival=lambda _: None, on_journal=lambda: None,
    )  # fmt: skip
    yield made
    made.close()


def sent(capture: Capture, id_: str, text: str = "Tea?", to: str = ALICE.number, **fields: Any) -> None:
    message = Message(id="m1", to=to, text=text, send_at=NOW, **fields)
    assert capture.heard(own_sends.NAME, own_sends.record(message, id_, NOW))
    capture.step(NOW)


def chat(capture: Capture) -> tuple[ChatMessage, ...]:
    return chat_pages.messages(capture.store, ALICES, Turn(), 10).messages


def test_a_text_is_ones_own_at_the_time_it_was_begun(capture: Capture) -> None:
    sent(capture, "3EB01")
    sent(capture, "3EB01")
    assert chat(capture) == (ChatMessage(id="3EB01", from_me=True, at=NOW, kind="text", text="Tea?"),)
    assert not capture.facts(NOW).gaps


def test_one_that_was_written_to_a_hidden_number_stands_in_the_persons_chat(capture: Capture) -> None:
    sent(capture, "3EB01", to=LID)
    assert capture.heard(*events.raw(events.message(LID, "Yes", alt=ALICES, id_="3EB02", at=in_(60))))
    capture.step(NOW)
    assert [each.text for each in chat(capture)] == ["Yes", "Tea?"]


def test_an_answer_within_the_same_second_stands_after_it(capture: Capture) -> None:
    message = Message(id="m1", to=ALICE.number, text="Tea?", send_at=NOW)
    assert capture.heard(own_sends.NAME, own_sends.record(message, "3EB01", NOW + timedelta(milliseconds=700)))
    assert capture.heard(*events.raw(events.message(ALICES, "Yes", id_="3EB02", at=NOW)))
    capture.step(NOW)
    assert [each.text for each in chat(capture)] == ["Yes", "Tea?"]


@pytest.mark.parametrize(
    ("attachment", "text", "kind", "shown"),
    [
        (PICTURE, "The cat", "image", "The cat"),
        (Media(kind="voice", media="b" * 64, mime="audio/ogg", size=5), "", "voice", ""),
        (Media(kind="document", media="c" * 64, mime="text/csv", size=5, name="b.csv"), "", "document", "b.csv"),
        (Location(kind="location", latitude=1, longitude=2, name="The pier"), "", "location", "The pier"),
        (ContactCard(kind="contact", name="Bob", phones=("447700900002",)), "", "contact", "Bob"),
    ],
)
def test_each_kind_has_its_name_and_words(capture: Capture, attachment: Any, text: str, kind: str, shown: str) -> None:
    sent(capture, "3EB01", text, attachment=attachment)
    (message,) = chat(capture)
    assert (message.kind, message.text) == (kind, shown)


def test_a_file_is_told_with_where_its_bytes_are(capture: Capture) -> None:
    sent(capture, "3EB01", attachment=PICTURE)
    (message,) = chat(capture)
    assert message.media is not None
    assert (message.media.media, message.media.mime, message.media.size) == ("a" * 64, "image/png", 5)
    sent(
        capture,
        "3EB01",
        attachment=Location(kind="location", latitude=1, longitude=2, name="The pier"),
        to="447700900002",
    )
    assert chat_pages.messages(capture.store, "447700900002", Turn(), 10).messages[0].media is None


def test_a_reply_names_what_it_answers_and_changes_change_it(capture: Capture) -> None:
    sent(capture, "3EB01", about=About(act=Act.REPLY, message_id="3EB00"))
    sent(capture, "3EB02", "Coffee?", about=About(act=Act.EDIT, message_id="3EB01", from_me=True))
    sent(capture, "3EB03", "👍", about=About(act=Act.REACT, message_id="3EB01", from_me=True))
    (message,) = chat(capture)
    assert (message.quoted, message.text, message.edited_at) == ("3EB00", "Coffee?", NOW)
    assert [(each.by, each.emoji) for each in message.reactions] == [(None, "👍")]
    sent(capture, "3EB04", "", about=About(act=Act.DELETE, message_id="3EB01", from_me=True))
    assert chat(capture)[0].deleted_at == NOW


@pytest.mark.parametrize("data", [b"", b"{", b'{"message_id": 1}', b"\xff" * 40])
def test_an_entry_of_ours_that_cannot_be_read_is_a_gap(capture: Capture, data: bytes) -> None:
    assert capture.heard(own_sends.NAME, data)
    sent(capture, "3EB01")
    assert [each.id for each in chat(capture)] == ["3EB01"]
    assert [gap.reason for gap in capture.facts(NOW).gaps] == ["not-understood"]
