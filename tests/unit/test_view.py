"""What readers see: their own writes at once, everything while the host is down, and damage in words."""

import threading
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.model.lifecycle import Delivery
from shared.model.message import Message
from shared.store import keys
from shared.store.errors import NewerVersion, NotFound, Unreachable, Unreadable
from shared.store.fold import Fold
from shared.store.memory import MemoryBucket
from shared.store.oplog import Operation, Writer
from shared.store.view import Projections, Snapshot, View
from tests.builders import NOW, claimed, contact, in_, message
from tests.fakes.chaos import ChaosBucket, Fault
from tests.fakes.clock import FakeClock


def bucket_and_view() -> tuple[ChaosBucket, View]:
    bucket = ChaosBucket(MemoryBucket())
    return bucket, View(bucket)


def schedule(bucket: ChaosBucket, id_: str = "one", now: timedelta = timedelta(0)) -> Operation:
    writer = Writer(bucket, "web", clock=FakeClock())
    name = writer.reserve()
    return writer.append(name, NOW + now, messages=[message(id=id_, version=name)])


def fold(bucket: ChaosBucket, minutes: float = 0, **deliveries: Delivery) -> None:
    host = Fold(bucket)
    host.read(in_(minutes=minutes))
    host.write(in_(minutes=minutes), deliveries)


def test_an_empty_bucket_has_nothing() -> None:
    _, view = bucket_and_view()
    assert view.read(NOW) == Snapshot({}, {}, {}, None, {})


def test_a_page_sees_its_own_write_before_any_fold() -> None:
    bucket, view = bucket_and_view()
    (written,) = schedule(bucket).messages
    assert view.read(NOW).messages == {"one": written}


def test_a_page_sees_its_own_write_though_listings_are_behind() -> None:
    bucket, view = bucket_and_view()
    bucket.hold_listings()
    view.remember(schedule(bucket))
    assert [*view.read(NOW).messages] == ["one"]
    assert [*view.read(in_(minutes=5)).messages] == ["one"]
    fold(bucket)
    bucket.catch_up()
    assert [*view.read(in_(minutes=6)).messages] == ["one"]


def test_a_fold_changes_nothing_but_what_the_host_did() -> None:
    bucket, view = bucket_and_view()
    (written,) = schedule(bucket).messages
    before = view.read(NOW)
    fold(bucket, one=claimed(written).delivery)
    after = view.read(NOW)
    assert before.messages == {"one": written}
    assert after.messages == {"one": claimed(written)}
    assert (before.folded_at, after.folded_at) == (None, NOW)


def test_the_host_may_be_down_for_days_and_nothing_is_missing() -> None:
    bucket, view = bucket_and_view()
    schedule(bucket, "folded")
    fold(bucket)
    for day in range(7):
        schedule(bucket, f"day-{day}", timedelta(days=day))
    for reader in (view, View(bucket)):
        assert len(reader.read(in_(days=7)).messages) == 8


def test_a_writer_whose_clock_is_behind_by_hours_is_seen() -> None:
    bucket, view = bucket_and_view()
    schedule(bucket, "first")
    fold(bucket)
    schedule(bucket, "behind", timedelta(hours=-20))
    schedule(bucket, "ahead", timedelta(hours=20))
    assert [*view.read(NOW).messages] == ["first", "behind", "ahead"]


def test_a_read_where_nothing_changed_costs_two_gets_and_a_listing_and_parses_nothing() -> None:
    bucket, view = bucket_and_view()
    schedule(bucket)
    fold(bucket)
    schedule(bucket, "two")
    first = view.read(NOW)
    bucket.calls.clear()
    second = view.read(in_(seconds=1))
    assert [verb for verb, _ in bucket.calls] == ["get", "get", "list"]
    assert second.messages is first.messages
    assert second.contacts is first.contacts


def test_only_what_changed_is_merged_again() -> None:
    bucket, view = bucket_and_view()
    for id_ in ("one", "two", "three"):
        schedule(bucket, id_)
    first = view.read(NOW)
    schedule(bucket, "four")
    second = view.read(NOW)
    assert second.messages is not first.messages
    assert all(second.messages[id_] is first.messages[id_] for id_ in ("one", "two", "three"))
    assert {*first.messages} == {"one", "two", "three"}


def test_a_message_one_writes_leaves_the_thousands_of_contacts_as_they_are() -> None:
    bucket, view = bucket_and_view()
    schedule(bucket)
    before = view.read(NOW)
    schedule(bucket, "two")
    after = view.read(NOW)
    assert after.messages is not before.messages
    assert after.contacts is before.contacts
    assert after.series is before.series


@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("write"), st.integers(0, 3)),
            st.tuples(st.just("edit"), st.integers(0, 3)),
            st.tuples(st.just("fold"), st.integers(0, 1)),
            st.tuples(st.just("hold listings"), st.just(0)),
            st.tuples(st.just("catch up"), st.just(0)),
        ),
        max_size=12,
    )
)
def test_who_has_read_all_along_sees_what_who_reads_now_sees(steps: list[tuple[str, int]]) -> None:
    bucket, view = bucket_and_view()
    writer = Writer(bucket, "web", clock=FakeClock())
    for minute, (step, number) in enumerate(steps):
        now = in_(minutes=minute)
        known = view.read(now).messages
        if step == "fold":
            fold(bucket, minute, **{each.id: claimed(each).delivery for each in [*known.values()][:number]})
        elif step == "hold listings":
            bucket.hold_listings()
        elif step == "catch up":
            bucket.catch_up()
        elif step == "write" or f"m{number}" in known:
            name = writer.reserve()
            old = known.get(f"m{number}")
            new = old.edited(name, text=f"at {minute}") if old else message(id=f"m{number}", version=name)
            writer.append(name, now, messages=[new])
        seen, fresh = view.read(now), View(bucket).read(now)
        assert {**seen.messages} == {**fresh.messages}


def test_what_was_folded_days_ago_is_not_listed_any_more() -> None:
    bucket, _ = bucket_and_view()
    schedule(bucket)
    fold(bucket)
    schedule(bucket, "two", timedelta(days=3))
    fold(bucket, minutes=3 * 24 * 60)
    bucket.calls.clear()
    assert [*View(bucket).read(in_(days=3)).messages] == ["one", "two"]
    assert [key for verb, key in bucket.calls if verb == "get" and key.startswith("log/20261122")] == []


def test_contacts_are_seen_like_messages() -> None:
    bucket, view = bucket_and_view()
    writer = Writer(bucket, "web")
    name = writer.reserve()
    alice = contact(version=name)
    writer.append(name, NOW, contacts=[alice])
    assert view.read(NOW).contacts == {alice.id: alice}
    fold(bucket)
    assert view.read(NOW).contacts == View(bucket).read(NOW).contacts == {alice.id: alice}


def test_an_unreadable_log_object_is_said_and_the_others_are_seen() -> None:
    bucket, view = bucket_and_view()
    schedule(bucket)
    bucket.put("log/20261122/bad.json", b"<html>")
    seen = view.read(NOW)
    assert [*seen.messages] == ["one"]
    assert [*seen.unreadable] == ["log/20261122/bad.json"]


def test_a_damaged_projection_is_said_and_what_was_seen_before_stays() -> None:
    bucket, view = bucket_and_view()
    (written,) = schedule(bucket).messages
    fold(bucket, one=claimed(written).delivery)
    view.read(NOW)
    bucket.put(keys.SCHEDULED, bucket.get(keys.SCHEDULED).data[:-40])
    seen = view.read(NOW)
    assert seen.messages == {"one": claimed(written)}
    assert seen.unreadable[keys.SCHEDULED].startswith("scheduled.json is no valid JSON")


def test_a_damaged_projection_met_first_is_replaced_by_snapshot_and_log() -> None:
    bucket, _ = bucket_and_view()
    (written,) = schedule(bucket).messages
    fold(bucket, one=claimed(written).delivery)
    schedule(bucket, "two", timedelta(days=3))
    fold(bucket, minutes=3 * 24 * 60)
    bucket.put(keys.SCHEDULED, b"")
    seen = View(bucket).read(in_(days=3))
    assert [*seen.messages] == ["one", "two"]
    assert seen.messages["one"] == claimed(written)
    assert [*seen.unreadable] == [keys.SCHEDULED]


def test_what_came_cut_short_is_read_again() -> None:
    bucket, view = bucket_and_view()
    schedule(bucket)
    fold(bucket)
    bucket.arm(Fault.TRUNCATED)
    assert view.read(NOW).unreadable
    assert not view.read(NOW).unreadable


def test_while_a_projection_is_damaged_all_of_the_log_is_read() -> None:
    bucket, view = bucket_and_view()
    writer = Writer(bucket, "web")
    name = writer.reserve()
    alice = contact(version=name)
    writer.append(name, NOW, contacts=[alice])
    fold(bucket)
    schedule(bucket, "two", timedelta(days=3))
    fold(bucket, minutes=3 * 24 * 60)
    bucket.put(keys.CONTACTS, b"")
    assert view.read(in_(days=3)).contacts == {alice.id: alice}


def test_without_a_snapshot_the_log_is_all() -> None:
    bucket, view = bucket_and_view()
    schedule(bucket)
    bucket.put(keys.SCHEDULED, b"")
    assert [*view.read(NOW).messages] == ["one"]


def test_a_projection_of_a_newer_version_is_not_replaced_by_something_older() -> None:
    bucket, view = bucket_and_view()
    schedule(bucket)
    view.read(NOW)
    bucket.put(keys.SCHEDULED, b'{"version": 2, "messages": []}')
    with pytest.raises(NewerVersion, match="update this one"):
        view.read(NOW)


def test_a_repaired_projection_is_read_again() -> None:
    bucket, view = bucket_and_view()
    schedule(bucket)
    fold(bucket)
    good = bucket.get(keys.SCHEDULED).data
    bucket.put(keys.SCHEDULED, good[:-40])
    assert view.read(NOW).unreadable
    bucket.put(keys.SCHEDULED, good)
    assert not view.read(NOW).unreadable


def test_without_an_answer_it_raises_and_the_next_read_is_right() -> None:
    bucket, view = bucket_and_view()
    schedule(bucket)
    for call in range(3):
        bucket.arm(Fault.ERROR_BEFORE, call)
        with pytest.raises(Unreachable):
            view.read(NOW)
        bucket.disarm()
    assert [*view.read(NOW).messages] == ["one"]


def test_threads_may_read_while_others_write() -> None:
    bucket = MemoryBucket()
    view, writer = View(bucket), Writer(bucket, "web")
    problems: list[Exception] = []

    def write_and_see(number: int) -> None:
        try:
            for round_ in range(10):
                name, id_ = writer.reserve(), f"m{number}-{round_}"
                view.remember(writer.append(name, NOW, messages=[message(id=id_, version=name)]))
                assert id_ in view.read(NOW).messages
        except (AssertionError, RuntimeError) as error:
            problems.append(error)

    threads = [threading.Thread(target=write_and_see, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []
    assert len(view.read(NOW).messages) == 40


def test_the_projections_alone_cost_one_get_and_know_nothing_of_the_log() -> None:
    bucket, _ = bucket_and_view()
    projections = Projections(bucket)
    assert (projections.messages(), projections.contacts()) == ({}, {})
    (written,) = schedule(bucket).messages
    assert projections.messages() == {}
    fold(bucket)
    bucket.calls.clear()
    assert projections.messages() == {"one": written}
    assert bucket.calls == [("get", keys.SCHEDULED)]


def test_the_projections_alone_raise_where_one_is_unreadable_until_it_is_repaired() -> None:
    bucket, _ = bucket_and_view()
    schedule(bucket)
    fold(bucket)
    good = bucket.get(keys.SCHEDULED).data
    projections = Projections(bucket)
    bucket.put(keys.SCHEDULED, b"")
    for _ in range(2):
        with pytest.raises(Unreadable):
            projections.messages()
    bucket.put(keys.SCHEDULED, good)
    assert isinstance(projections.messages()["one"], Message)


def test_a_deleted_projection_is_empty_not_remembered() -> None:
    bucket, _ = bucket_and_view()
    schedule(bucket)
    fold(bucket)
    projections = Projections(bucket)
    projections.messages()
    bucket.delete(keys.SCHEDULED)
    assert projections.messages() == {}
    with pytest.raises(NotFound):
        bucket.get(keys.SCHEDULED)
