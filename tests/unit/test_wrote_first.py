"""A message that is not to be sent if they write first: what counts as that, what cannot be known, and what is done."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from session_host.capture import Capture
from session_host.database import Database, LedgerError
from session_host.link import Arrival
from session_host.schema import MIGRATIONS
from session_host.undecryptable import Undecryptable
from session_host.wrote_first import THEY_DID_NOT, Answer, WroteFirst
from shared.model import lifecycle
from shared.model.lifecycle import State
from shared.model.link import Link
from shared.model.message import IfLate, LatePolicy, Message, Status
from tests.builders import NOW, in_, link_status, message
from tests.cast import ALICE, BOB
from tests.fakes import events
from tests.fakes.host import HandClock, Parts, ScriptedLink

ALICE_ID, ALICE_LID = f"{ALICE.number}@s.whatsapp.net", f"{ALICE.number[::-1]}@lid"
"""The scripted link knows everybody's hidden number: the phone number, backwards."""
GROUP = "120363000000000001@g.us"
SINCE = in_(minutes=10)
LATER = in_(hours=1)


class Ear:
    """A capture whose link came up long before, and the question put to it."""

    def __init__(self, folder: Path) -> None:
        self.clock, self.link, self.database = HandClock(), ScriptedLink(), Database(folder / "ledger.db", MIGRATIONS)
        self.undecryptable = Undecryptable(self.database)
        self.capture = Capture(
            folder, self.link, self.clock, kept=timedelta(days=30),
            on_receipts=lambda _: None, on_arrival=lambda _: None, on_journal=lambda: None,
        )  # fmt: skip
        self.capture.link_changed(link_status(Link.CONNECTED))
        self.question = WroteFirst(self.capture, self.undecryptable, self.link)

    def hear(self, *heard: Any) -> None:
        for event in heard:
            assert self.capture.heard(*events.raw(event))
        self.capture.step(self.clock.now())

    def ask(self, to: str = ALICE.number, now: datetime = LATER, since: datetime = SINCE) -> Answer:
        self.clock.set(max(now, self.clock.now()))
        return self.question.ask(message(to, cancel_if_they_write_after=since, send_at=now), now)


@pytest.fixture
def ear(tmp_path: Path) -> Iterator[Ear]:
    made = Ear(tmp_path)
    yield made
    made.capture.close()
    made.database.close()


def test_a_message_of_theirs_after_the_instant_counts_the_first_of_them(ear: Ear) -> None:
    ear.hear(
        events.message(ALICE_ID, "before", at=SINCE),
        events.message(ALICE_ID, "first", at=in_(minutes=20)),
        events.message(ALICE_ID, "second", at=in_(minutes=30)),
    )
    assert ear.ask() == Answer(wrote_at=in_(minutes=20))
    assert ear.ask(since=in_(minutes=30)) == THEY_DID_NOT
    assert ear.ask(to=BOB.number) == THEY_DID_NOT


@pytest.mark.parametrize(
    "heard",
    [
        events.message(ALICE_ID, "from my own phone", from_me=True, at=in_(minutes=20)),
        events.message(f"{BOB.number}@s.whatsapp.net", "somebody else", at=in_(minutes=20)),
        events.message(GROUP, "she writes elsewhere", sender=ALICE_ID, at=in_(minutes=20)),
        events.reaction(ALICE_ID, "3EB0", "👍", at=in_(minutes=20)),
        events.edit(ALICE_ID, "3EB0", "older, now edited", at=in_(minutes=20)),
        events.deletion(ALICE_ID, "3EB0", at=in_(minutes=20)),
    ],
)
def test_what_is_no_message_of_theirs_in_this_chat_does_not_count(ear: Ear, heard: Any) -> None:
    ear.hear(heard)
    assert ear.ask() == THEY_DID_NOT


@pytest.mark.parametrize("alt", [ALICE_ID, None])
def test_a_phone_number_and_a_hidden_number_are_one_person(ear: Ear, alt: str | None) -> None:
    ear.hear(events.message(ALICE_LID, "Hello", alt=alt, at=in_(minutes=20)))
    assert ear.ask().wrote_at == in_(minutes=20)


def test_in_a_group_anybody_elses_message_counts(ear: Ear) -> None:
    ear.hear(events.message(GROUP, "mine", sender=ALICE_ID, from_me=True, at=in_(minutes=20)))
    assert ear.ask(to=GROUP) == THEY_DID_NOT
    ear.hear(events.message(GROUP, "theirs", sender=ALICE_ID, at=in_(minutes=25)))
    assert ear.ask(to=GROUP).wrote_at == in_(minutes=25)


def test_one_that_cannot_be_read_is_a_message_too(ear: Ear) -> None:
    arrival = Arrival(message_id="3EB0", chat=ALICE_LID, at=in_(minutes=20), readable=False)
    ear.undecryptable.arrived(arrival, in_(minutes=20))
    assert ear.ask().wrote_at == in_(minutes=20)


def test_what_is_read_while_it_is_asked_is_not_overlooked(ear: Ear, monkeypatch: pytest.MonkeyPatch) -> None:
    whether = ear.capture.behind

    def read_just_then() -> str | None:
        ear.hear(events.message(ALICE_ID, "Hello", at=in_(minutes=20)))
        return whether()

    monkeypatch.setattr(ear.capture, "behind", read_just_then)
    assert ear.ask().wrote_at == in_(minutes=20)


def test_it_is_known_longer_than_the_message_is_kept(ear: Ear) -> None:
    ear.hear(events.message(ALICE_LID, "Hello", alt=ALICE_ID, at=in_(minutes=20)))
    ear.capture.store.forget_before(in_(days=40))
    assert ear.capture.store.count() == 0
    assert ear.ask(now=in_(days=60)).wrote_at == in_(minutes=20)


def test_a_gap_in_between_is_not_known_and_one_before_does_not_matter(ear: Ear) -> None:
    ear.capture.store.gap("killed", in_(minutes=1), in_(minutes=2))
    assert ear.ask() == THEY_DID_NOT
    ear.capture.store.gap("unlinked", in_(minutes=20), in_(minutes=40))
    unknown = ear.ask().unknown
    assert "missed from 22 Nov 2026, 12:20 (UTC) to 22 Nov 2026, 12:40 (UTC). This device was not linked" in str(
        unknown
    )
    ear.hear(events.message(ALICE_ID, "Hello", at=in_(minutes=50)))
    assert ear.ask().wrote_at == in_(minutes=50)


def test_what_was_before_the_first_link_is_not_known(ear: Ear) -> None:
    assert "captured only since 22 Nov 2026, 12:00 (UTC)" in str(ear.ask(since=in_(minutes=-1)).unknown)


def test_after_the_link_has_come_back_what_came_meanwhile_is_waited_for(ear: Ear) -> None:
    ear.capture.link_changed(link_status(Link.RECONNECTING))
    ear.clock.set(in_(minutes=59))
    assert ear.ask(now=in_(minutes=59)).wait is not None
    ear.capture.link_changed(link_status(Link.CONNECTED))
    assert ear.ask(now=in_(minutes=59, seconds=9)).wait is not None
    ear.clock.set(in_(minutes=59, seconds=9.5))
    ear.hear(events.message(f"{BOB.number}@s.whatsapp.net", "late", at=in_(minutes=30)))
    assert ear.ask(now=in_(minutes=59, seconds=11)).wait is not None
    assert ear.ask(now=in_(minutes=59, seconds=12)) == THEY_DID_NOT


def test_what_is_not_read_yet_and_what_cannot_be_read_is_waited_for(ear: Ear, monkeypatch: pytest.MonkeyPatch) -> None:
    ear.clock.set(in_(minutes=50))
    assert ear.capture.heard(*events.raw(events.message(ALICE_ID, "Hello", at=in_(minutes=20))))
    assert ear.ask().wait is not None
    ear.capture.step(LATER)
    assert ear.ask().wrote_at == in_(minutes=20)

    def broken(*_: object) -> None:
        raise LedgerError("The disk is broken.")

    monkeypatch.setattr(ear.capture.store, "first_from_others", broken)
    assert "The disk is broken." in str(ear.ask().wait)


# What is done about it


@pytest.fixture
def parts(tmp_path: Path) -> Parts:
    return Parts(tmp_path)


def follow_up(**changes: Any) -> Message:
    return message(**{"send_at": in_(60), "cancel_if_they_write_after": NOW, **changes})


def test_they_wrote_so_it_is_cancelled_and_says_so_and_the_next_one_leaves_at_its_second(parts: Parts) -> None:
    one, other = parts.scheduled(follow_up(id="a")), parts.scheduled(message(id="b", send_at=in_(60), text="other"))
    parts.wrote_first = lambda _content, _now: Answer(wrote_at=in_(30))
    parts.run(NOW, in_(61))
    assert parts.link.sent == [(other.to, "other")]
    record = parts.row(one).message
    assert (record.status, record.delivery.state, record.delivery.they_wrote_at) == (
        Status.CANCELLED, State.MISSED, in_(30),
    )  # fmt: skip
    assert record.delivery.error == "They wrote first, on 22 Nov 2026, 12:00 (UTC), so this was not sent."
    assert (record.delivery.settled_at, record.confirmed) == (in_(60), True)
    assert parts.row(other).delivery.begun_at == in_(60)


def test_nobody_knows_so_it_is_missed_and_asks(parts: Parts) -> None:
    one = parts.scheduled(follow_up())
    parts.wrote_first = lambda _content, _now: Answer(unknown="It is not known.")
    parts.run(NOW, in_(61))
    record = parts.row(one).message
    assert (record.status, record.delivery.they_wrote_at) == (Status.MISSED, None)
    assert record.delivery.error == "It is not known. Look into the chat, then send it now or let it go."
    assert parts.link.sent == []


def test_they_did_not_so_it_leaves_at_its_second_and_others_are_not_asked_about(parts: Parts) -> None:
    asked: list[str] = []
    one = parts.scheduled(follow_up(id="a"))
    parts.scheduled(message(id="b", send_at=in_(60)))

    def not_yet(content: Message, _now: datetime) -> Answer:
        asked.append(content.id)
        return THEY_DID_NOT

    parts.wrote_first = not_yet
    parts.run(NOW, in_(61))
    assert (parts.row(one).delivery.begun_at, len(parts.link.sent), set(asked)) == (in_(60), 2, {"a"})


@pytest.mark.parametrize(
    ("until", "state"), [(in_(65), State.SENT), (in_(hours=1), State.MISSED)], ids=["passes", "lasts"]
)
def test_while_it_waits_it_says_why_and_holds_up_nobody(parts: Parts, until: datetime, state: State) -> None:
    one = parts.scheduled(follow_up(id="a", if_late=IfLate(policy=LatePolicy.ON_TIME)))
    other = parts.scheduled(message(id="b", send_at=in_(61), text="other"))
    parts.wrote_first = lambda _content, now: Answer(wait="It is being read.") if now < until else THEY_DID_NOT
    parts.run(NOW, in_(62))
    assert (parts.row(one).delivery.state, parts.row(one).delivery.held_reason) == (State.CLAIMED, "It is being read.")
    assert parts.row(other).delivery.begun_at == in_(61)
    parts.run(in_(62), in_(121))
    assert parts.row(one).delivery.state is state
    assert parts.row(one).delivery.held_reason is None


def test_a_tick_that_is_taken_out_before_its_second_is_obeyed(parts: Parts) -> None:
    one = parts.scheduled(follow_up())
    parts.edit(one, in_(50), cancel_if_they_write_after=None)
    parts.wrote_first = lambda _content, _now: Answer(wrote_at=in_(30))
    parts.run(in_(56), in_(58))
    parts.fold(in_(58))
    parts.run(in_(58), in_(61))
    assert len(parts.link.sent) == 1


@pytest.mark.parametrize("begin", [lifecycle.begin, lambda half, now: lifecycle.missed(half, now, "late")])
def test_nothing_is_called_off_that_has_begun_or_ended(begin: Callable[..., lifecycle.Delivery]) -> None:
    claim = lifecycle.Claim(host="h", revision=1, send_at=NOW)
    half = begin(lifecycle.claim(lifecycle.Delivery(), claim, NOW, "tick"), NOW)
    with pytest.raises(lifecycle.UnlawfulMove):
        lifecycle.called_off(half, NOW, NOW, "They wrote.")


def test_an_old_record_has_no_condition_and_a_new_one_keeps_what_it_does_not_know() -> None:
    old = Message.model_validate(
        {"id": "1", "to": ALICE.number, "message": "Hi", "scheduledTime": "2026-11-22T12:00:00Z"}
    )
    assert old.cancel_if_they_write_after is None
    assert "cancelIfTheyWriteAfter" not in old.as_json()
    new = follow_up().as_json() | {"madeUp": {"by": "a newer version"}}
    assert new["cancelIfTheyWriteAfter"] == "2026-11-22T12:00:00Z"
    assert Message.model_validate(new).as_json() == new
