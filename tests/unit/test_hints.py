"""A receipt that belongs to nothing known, from the chat of a message whose end is unknown, is shown as a hint."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from session_host.hints import Hints
from session_host.link import Ears, ReceiptKind, SendFailed
from shared.model.lifecycle import State
from shared.model.link import Link
from shared.model.message import Message
from tests.builders import NOW, in_, message
from tests.cast import ALICE, BOB
from tests.fakes.host import Parts

HIDDEN = f"{ALICE.number[::-1]}@lid"


@pytest.fixture
def parts(tmp_path: Path) -> Parts:
    parts = Parts(tmp_path)
    parts.link.listen(Ears(lambda receipt: parts.ledger.receipts([receipt], receipt.at)))
    return parts


def ended_unknown(parts: Parts) -> Message:
    """To Alice, begun at a minute past noon, and no answer came."""
    one = parts.scheduled(message(ALICE, send_at=in_(60)))
    parts.link.failures.append(SendFailed("No answer.", permanent=False, certain=False))
    parts.run(NOW, in_(70))
    assert parts.row(one).delivery.state is State.UNKNOWN
    return one


def looked(parts: Parts, minutes: float = 15) -> int:
    return Hints(parts.ledger, parts.link).step(in_(minutes=minutes))


@pytest.mark.parametrize("chat", [HIDDEN, ALICE.number])
def test_a_receipt_soon_after_is_a_hint_and_it_stays_unknown(parts: Parts, chat: str) -> None:
    one = ended_unknown(parts)
    parts.link.receipt(ReceiptKind.READ, "3EB0LATER", at=in_(minutes=8), chat=chat)
    parts.link.receipt(ReceiptKind.DELIVERED, "3EB0LATER", at=in_(64), chat=chat)
    assert looked(parts) == 1
    delivery = parts.row(one).delivery
    assert (delivery.state, delivery.hinted_at) == (State.UNKNOWN, in_(64))
    parts.fold(in_(minutes=16))
    assert parts.records(in_(minutes=16))[one.id].delivery.hinted_at == in_(64)
    assert looked(parts) == 0, "once"


@pytest.mark.parametrize(
    ("chat", "at"),
    [(f"{BOB.number[::-1]}@lid", in_(64)), (None, in_(64)), (HIDDEN, in_(50)), (HIDDEN, in_(60, minutes=10.1))],
)
def test_another_chat_or_another_time_is_no_hint(parts: Parts, chat: str | None, at: datetime) -> None:
    one = ended_unknown(parts)
    parts.link.receipt(ReceiptKind.DELIVERED, "3EB0LATER", at=at, chat=chat)
    assert looked(parts) == 0
    assert parts.row(one).delivery.hinted_at is None


def test_the_receipt_of_another_message_to_the_same_person_is_no_hint(parts: Parts) -> None:
    one = ended_unknown(parts)
    other = parts.scheduled(message(ALICE, send_at=in_(80)), in_(75))
    parts.link.while_sending = lambda: parts.link.receipt(ReceiptKind.DELIVERED, "3EB00001", at=in_(81), chat=HIDDEN)
    parts.run(in_(75), in_(90))
    assert parts.row(other).delivery.delivered_at == in_(81)
    assert looked(parts) == 0
    assert parts.row(one).delivery.hinted_at is None


def test_a_receipt_is_not_judged_while_its_message_may_be_in_hand(parts: Parts) -> None:
    ended_unknown(parts)
    parts.link.receipt(ReceiptKind.DELIVERED, "3EB0LATER", at=in_(64), chat=HIDDEN)
    assert looked(parts, minutes=1.5) == 0
    assert looked(parts, minutes=3) == 1


def test_without_a_connection_only_what_names_the_number_itself_is_a_hint(parts: Parts) -> None:
    ended_unknown(parts)
    parts.link.receipt(ReceiptKind.DELIVERED, "3EB0LATER", at=in_(64), chat=HIDDEN)
    parts.link.state = Link.RECONNECTING
    assert looked(parts) == 0
    parts.link.state = Link.CONNECTED
    assert looked(parts) == 1
    assert timedelta(0) <= in_(64) - NOW
