"""Merging copies of a record, as real histories make them: whatever the order and however often, the result is the
same, and no edit is lost without being known to be replaced."""

from typing import Any, TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.model.contact import Contact
from shared.model.message import Message
from shared.model.versioned import Versioned, merge, merge_all
from tests import builders
from tests.strategies import contact_histories, message_histories

pytestmark = pytest.mark.no_cover  # the other tests measure the same code; measured, this takes twice as long

R = TypeVar("R", bound=Versioned)

histories: st.SearchStrategy[list[Any]] = st.one_of(
    message_histories(), message_histories(old=True), contact_histories()
)


def heads(record: Versioned) -> set[str]:
    return {record.version, *(other.version for other in record.conflicts)}


@given(histories, st.data())
def test_the_order_of_two_copies_does_not_matter(history: list[R], data: st.DataObject) -> None:
    a, b = (data.draw(st.sampled_from(history)) for _ in range(2))
    assert merge(a, b) == merge(b, a)


@given(histories, st.data())
def test_the_grouping_of_three_copies_does_not_matter(history: list[R], data: st.DataObject) -> None:
    a, b, c = (data.draw(st.sampled_from(history)) for _ in range(3))
    assert merge(merge(a, b), c) == merge(a, merge(b, c))


@given(histories, st.data())
def test_merging_again_changes_nothing(history: list[R], data: st.DataObject) -> None:
    a, b = (data.draw(st.sampled_from(history)) for _ in range(2))
    both = merge(a, b)
    assert merge(a, a) == a
    assert merge(both, a) == merge(both, b) == merge(both, both) == both


@given(histories, st.data())
def test_all_copies_in_any_order_are_one_record(history: list[R], data: st.DataObject) -> None:
    shuffled = data.draw(st.permutations(history))
    repeated = [*shuffled, *data.draw(st.lists(st.sampled_from(history)))]
    assert merge_all(history) == merge_all(repeated)


@given(histories)
def test_every_edit_is_shown_or_in_conflict_or_known_to_be_replaced(history: list[R]) -> None:
    (merged,) = merge_all(history).values()
    assert {copy.version for copy in history} <= heads(merged) | set(merged.replaces)
    assert not heads(merged) & set(merged.replaces)


@given(histories)
def test_the_content_of_a_conflict_is_what_its_writer_wrote(history: list[R]) -> None:
    (merged,) = merge_all(history).values()
    written = {copy.version: copy.head() for copy in history}
    assert all(other == written[other.version] for other in merged.conflicts)
    assert merged.head() == written[merged.version]


@given(histories)
def test_one_edit_that_saw_everything_settles_it(history: list[R]) -> None:
    (merged,) = merge_all(history).values()
    settled = merged.edited("web-settled", settles=True)
    again = merge_all([settled, *history])[merged.id]
    assert (again.version, again.conflicts) == ("web-settled", ())


@given(histories)
def test_a_copy_survives_being_stored(history: list[R]) -> None:
    for copy in history:
        assert type(copy).model_validate(copy.as_json()) == copy


@given(message_histories())
def test_a_delivery_never_goes_back(history: list[Message]) -> None:
    (merged,) = merge_all(history).values()
    assert merged.delivery.place == max(copy.delivery.place for copy in history)


@given(message_histories(), st.data())
def test_what_a_person_wrote_never_touches_the_delivery(history: list[Message], data: st.DataObject) -> None:
    a, b = (data.draw(st.sampled_from(history)) for _ in range(2))
    assert merge(a.evolve(delivery=b.delivery), b).delivery == b.delivery


@given(message_histories())
def test_whatever_was_merged_a_confirmed_content_is_the_one_the_host_named(history: list[Message]) -> None:
    merged = merge_all(history)[history[0].id]
    delivery = merged.delivery
    assert merged.confirmed == ((delivery.confirmed, delivery.confirmed_version) == (merged.revision, merged.version))


def test_at_equal_revision_the_cancel_wins() -> None:
    message = builders.message()
    cancelled = message.edited("api-1", cancelled=True)
    edited = message.edited("web-1", text="Bring biscuits.")
    merged = merge(edited, cancelled)
    assert merged.cancelled
    assert [other.text for other in merged.conflicts] == ["Bring biscuits."]


def test_the_higher_revision_wins_over_a_cancel_it_has_not_seen() -> None:
    message = builders.message()
    cancelled = message.edited("api-1", cancelled=True)
    edited = message.edited("web-1", text="Bring").edited("web-2", text="Bring biscuits.")
    merged = merge(cancelled, edited)
    assert (merged.text, merged.cancelled) == ("Bring biscuits.", False)
    assert [other.cancelled for other in merged.conflicts] == [True]


def test_a_deleted_contact_stays_deleted_at_equal_revision() -> None:
    contact = builders.contact()
    deleted = contact.edited("web-1", deleted_at=builders.NOW)
    renamed = contact.edited("api-1", name="Alicia")
    assert isinstance(merge(renamed, deleted), Contact)
    assert merge(renamed, deleted).ended


def test_records_of_different_ids_are_not_merged() -> None:
    with pytest.raises(ValueError, match="cannot merge"):
        merge(builders.message(id="one"), builders.message(id="two"))
