"""A message's two halves, its derived status, and the old system's records."""

from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

import pytest
from pydantic import ValidationError

from shared.model import lifecycle
from shared.model.due import due
from shared.model.lifecycle import Claim, Delivery, State
from shared.model.message import IfLate, LatePolicy, Message, Status
from shared.model.versioned import merge

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
OLD = {
    "id": "1735034400000_k3j2",
    "to": "447957189696",
    "contactName": "Zoë",
    "message": "Merry Christmas",
    "scheduledTime": "2025-12-24T10:00:00Z",
    "status": "pending",
    "createdAt": "2025-12-20T10:00:00.123Z",
    "createdFrom": "web",
}


def a_message(**fields: object) -> Message:
    return Message.model_validate({"id": "m1", "to": "447700900001", "message": "hi", "scheduledTime": NOON, **fields})


def test_an_old_record_reads_and_writes_as_it_was() -> None:
    message = Message.model_validate(OLD)
    assert message.status is Status.PENDING
    assert message.as_json() == OLD | {"createdAt": "2025-12-20T10:00:00.123000Z"}


def test_an_old_record_that_was_sent_stays_sent_at_its_time() -> None:
    message = Message.model_validate(OLD | {"status": "sent", "sentAt": "2025-12-24T10:00:31Z"})
    assert message.status is Status.SENT
    assert message.as_json()["sentAt"] == "2025-12-24T10:00:31Z"
    assert Message.model_validate(message.as_json()) == message


def test_an_old_failure_keeps_its_reason() -> None:
    message = Message.model_validate(OLD | {"status": "failed", "error": "not on WhatsApp"})
    assert (message.status, message.delivery.error) == (Status.FAILED, "not on WhatsApp")
    assert message.as_json()["error"] == "not on WhatsApp"


@pytest.mark.parametrize("status", ["cancelled", "canceled"])
def test_an_old_record_that_was_cancelled_is_never_sent(status: str) -> None:
    message = Message.model_validate(OLD | {"status": status})
    assert (message.cancelled, message.asked_to_cancel, due([message], NOON)) == (True, True, [])
    assert Message.model_validate(message.as_json()) == message


@pytest.mark.parametrize(
    ("status", "left"),
    [
        ("sending", "as 'sending'"),
        ("processing", "as 'processing'"),
        ("in_progress", "as 'in_progress'"),
        ("completed", "as 'completed'"),
        ("x\n" * 100, f"as '{'x' * 40}'"),
        ("☃", "in a state that is none"),
        (["sent"], "in a state that is none"),
        ({}, "in a state that is none"),
        (0, "in a state that is none"),
    ],
)
def test_an_old_record_that_may_have_been_sent_is_for_a_person_to_settle(status: Any, left: str) -> None:
    message = Message.model_validate(OLD | {"status": status})
    assert (message.status, message.open, due([message], NOON)) == (Status.UNKNOWN, False, [])
    assert message.delivery.error == f"The old system left it {left}: it may have been sent."
    assert Message.model_validate(message.as_json()) == message


@pytest.mark.parametrize("status", ["pending", "", None])
def test_an_old_record_that_waits_is_sent(status: Any) -> None:
    assert due([Message.model_validate(OLD | {"status": status})], datetime(2025, 12, 24, 10, tzinfo=UTC))


@pytest.mark.parametrize("ours", [{"version": "web-1"}, {"revision": 1}, {"delivery": {}}])
def test_the_status_of_a_record_of_ours_decides_nothing(ours: dict[str, Any]) -> None:
    assert Message.model_validate(OLD | ours | {"status": "sending"}).status is Status.PENDING


def test_unknown_fields_survive_a_round_trip_and_an_edit() -> None:
    message = Message.model_validate(OLD | {"colour": {"of": ["the", "sky"]}})
    assert message.as_json()["colour"] == {"of": ["the", "sky"]}
    assert message.edited("web-1-1", text="x").as_json()["colour"] == {"of": ["the", "sky"]}


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ValidationError, match="needs its zone"):
        a_message(scheduledTime="2026-11-22T12:00:00")


@pytest.mark.parametrize("bad", ["", "a b", "a/b", "a\nb", "x" * 201])
def test_an_id_that_could_not_be_an_object_name_is_refused(bad: str) -> None:
    with pytest.raises(ValidationError):
        a_message(id=bad)


def test_cancelled_is_said_only_once_the_host_has_confirmed() -> None:
    cancelled = a_message(revision=1, version="web-1-1").edited("web-1-2", cancelled=True)
    assert (cancelled.status, cancelled.asked_to_cancel) == (Status.PENDING, True)
    confirmed = cancelled.evolve(delivery=lifecycle.confirm(cancelled.delivery, cancelled.revision, cancelled.version))
    assert (confirmed.status, confirmed.asked_to_cancel) == (Status.CANCELLED, False)


@pytest.mark.parametrize("changes", [{"cancelled": True}, {"text": "Other words"}])
def test_of_two_edits_of_one_revision_only_the_one_the_host_read_is_confirmed(changes: dict[str, Any]) -> None:
    first = a_message(revision=1, version="web-1-1")
    one_tab, other_tab = first.edited("web-1-2", text="Edited here"), first.edited("web-1-3", **changes)
    read = one_tab.evolve(delivery=lifecycle.confirm(one_tab.delivery, one_tab.revision, one_tab.version))
    merged = merge(read, other_tab)
    assert (merged.version, merged.confirmed, merged.status) == ("web-1-3", False, Status.PENDING)
    assert merged.asked_to_cancel or merged.asked_to_change


def test_a_record_from_before_versions_were_named_is_confirmed_by_its_revision() -> None:
    old = a_message(revision=2, version="web-1-2", cancelled=True, delivery={"confirmed": 2})
    assert (old.confirmed, old.status) == (True, Status.CANCELLED)
    assert not old.evolve(revision=3, version="web-1-3").confirmed


def test_an_older_content_is_not_confirmed_by_what_the_host_says_of_a_newer_one() -> None:
    older = a_message(revision=1, version="web-1-1")
    newer = lifecycle.confirm(older.delivery, 2, "web-1-2")
    assert not older.evolve(delivery=newer).confirmed


def test_an_undone_cancel_is_open_again() -> None:
    cancelled = a_message(revision=1, version="web-1-1").edited("web-1-2", cancelled=True)
    confirmed = cancelled.evolve(delivery=lifecycle.confirm(cancelled.delivery, cancelled.revision, cancelled.version))
    undone = confirmed.edited("web-1-3", cancelled=False)
    assert (undone.status, undone.open, undone.asked_to_change) == (Status.PENDING, True, True)


def test_a_cancel_that_came_too_late_does_not_hide_what_was_sent() -> None:
    sent = Delivery(state=State.SENT, confirmed=2, sent_at=NOON)
    assert a_message(revision=2, version="web-1-2", cancelled=True, delivery=sent).status is Status.SENT


def test_two_edits_that_did_not_know_of_each_other_are_both_kept() -> None:
    base = a_message(revision=1, version="web-1-1")
    mine, theirs = base.edited("web-1-2", text="mine"), base.edited("phone-1-1", text="theirs")
    merged = merge(mine, theirs)
    assert (merged.text, [other.text for other in merged.conflicts]) == ("mine", ["theirs"])
    picked = merged.edited("web-1-3", settles=True, text="theirs")
    assert (merge(picked, merged).text, merge(picked, merged).conflicts) == ("theirs", ())


def test_a_cancel_wins_over_an_edit_of_the_same_revision_and_keeps_the_edit() -> None:
    base = a_message(revision=1, version="web-1-1")
    merged = merge(base.edited("web-1-9", text="edited"), base.edited("web-1-2", cancelled=True))
    assert merged.cancelled
    assert [other.text for other in merged.conflicts] == ["edited"]


def test_an_edit_of_what_one_has_read_leaves_no_conflict() -> None:
    base = a_message(revision=1, version="web-1-1")
    second = base.edited("web-1-2", text="second")
    third = second.edited("web-1-3", text="third")
    assert merge(merge(base, third), second).conflicts == ()


def test_copies_of_different_messages_are_never_merged() -> None:
    with pytest.raises(ValueError, match="cannot merge"):
        merge(a_message(id="m1"), a_message(id="m2"))


def test_a_late_copy_of_the_delivery_takes_nothing_back() -> None:
    claimed = lifecycle.claim(Delivery(), Claim(host="host", revision=1, send_at=NOON), NOON, "tick")
    begun = lifecycle.begin(claimed, NOON)
    sent = lifecycle.sent(begun, NOON, "3EB0")
    assert merge(a_message(delivery=sent), a_message(delivery=claimed)).delivery == sent
    assert merge(a_message(delivery=claimed), a_message(delivery=sent)).delivery == sent


def test_if_late_has_a_default_and_limits() -> None:
    assert a_message().if_late == IfLate(policy=LatePolicy.WITHIN, hours=6)
    with pytest.raises(ValidationError):
        a_message(ifLate={"policy": "within", "hours": 0})


class TestUnconfirmedDelivery:
    SENT: ClassVar = {"state": "sent", "sentAt": "2026-11-22T12:00:00Z", "messageId": "3EB0A"}
    LATER = NOON + timedelta(hours=1, seconds=1)

    def test_an_hour_after_it_was_sent_a_receipt_is_missing(self) -> None:
        sent = a_message(delivery=self.SENT)
        assert not sent.unconfirmed_delivery(NOON + timedelta(hours=1))
        assert sent.unconfirmed_delivery(self.LATER)

    @pytest.mark.parametrize(
        "fields",
        [
            {"delivery": {}},
            {"delivery": SENT | {"deliveredAt": "2026-11-22T12:00:09Z"}},
            {"delivery": {"state": "unknown", "error": "Nobody knows."}},
            {"delivery": SENT, "to": "120363000000000001@g.us"},
            {"delivery": SENT, "about": {"act": "react", "messageId": "3EB0B"}, "message": "❤"},
            {"status": "sent", "sentAt": "2026-11-22T12:00:00Z"},
        ],
        ids=["not sent", "delivered", "unknown", "a group", "a reaction", "of the old system"],
    )
    def test_elsewhere_none_is(self, fields: dict[str, Any]) -> None:
        assert not a_message(**fields).unconfirmed_delivery(self.LATER)

    def test_what_is_derived_of_it_is_never_stored(self) -> None:
        told = a_message(delivery=self.SENT).as_json() | {"unconfirmedDelivery": "It may be off."}
        assert "unconfirmedDelivery" not in Message.model_validate(told).as_json()
