"""What the tick reads of scheduled.json: everything that may still be sent, whatever else is in the file."""

import gzip
import json
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.model.due import due
from shared.model.message import Message, Status
from shared.store import document, keys
from shared.store.errors import NewerVersion, Unreadable
from shared.store.fold import Fold
from shared.store.memory import MemoryBucket
from shared.store.oplog import Writer
from shared.store.projection import Document, read_scheduled, scheduled_format
from shared.store.sparse import read_open
from shared.store.view import Projections, View
from tests.builders import NOW, begun, claimed, failed, in_, message, missed, sent, unknown
from tests.fakes.clock import FakeClock
from tests.strategies import message_histories

OPEN = (message(id="pending"), claimed(message(id="claimed")), begun(message(id="begun")))
ENDED = tuple(end(message(id=end.__name__)) for end in (failed, missed, unknown, sent))


def large(*messages: Message, read: Document[Message] | None = None) -> bytes:
    """The file as the host writes it when there are many."""
    with patch.object(document, "PLAIN_BELOW", 0):
        return scheduled_format().print(read or Document(), {each.id: each for each in messages}, NOW, "log/x")


def edited(data: bytes, *changes: tuple[bytes, bytes]) -> bytes:
    """The same file after somebody edited what is in it."""
    text = gzip.decompress(data)
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return gzip.compress(text)


def test_what_has_ended_is_left_out_by_its_id_and_all_else_is_there() -> None:
    data = large(*OPEN, *ENDED)
    whole, sparse = read_scheduled(data), read_open(data)
    assert sparse.records == {each.id: each for each in OPEN}
    assert sparse.ended == whole.records.keys() - sparse.records.keys()
    assert (sparse.rest, sparse.folded_at, sparse.log_after) == (whole.rest, whole.folded_at, whole.log_after)


@given(st.lists(message_histories(), max_size=6), st.booleans())
def test_it_holds_all_that_the_whole_file_has_open(histories: list[Any], packed: bool) -> None:
    messages = {each.id: each for history in histories for each in history}
    data = large(*messages.values()) if packed else scheduled_format().print(Document(), messages, NOW)
    whole, sparse = read_scheduled(data), read_open(data)
    left = {id_: each for id_, each in whole.records.items() if id_ not in sparse.ended}
    assert sparse.records == left
    assert all(whole.records[id_].delivery.state.settled for id_ in sparse.ended)


def test_a_small_file_and_the_old_systems_are_read_whole() -> None:
    small = scheduled_format().print(Document(), {each.id: each for each in (*OPEN, *ENDED)}, NOW)
    assert read_open(small).records == read_scheduled(small).records
    old = json.dumps([{"id": "1", "to": "447700900001", "message": "Hi", "scheduledTime": "2025-12-24T10:00:00Z"}])
    assert [*read_open(old.encode()).records] == ["1"]


@pytest.mark.parametrize("status", ["cancelled", "sending", "completed"])
@pytest.mark.parametrize("begin", ["", "\n"])
def test_what_the_old_system_may_have_sent_is_never_due_from_its_own_file(status: str, begin: str) -> None:
    old = {"id": "1", "to": "447700900001", "message": "Hi", "scheduledTime": "2026-11-22T12:00:00Z", "status": status}
    bucket = MemoryBucket()
    bucket.put(keys.SCHEDULED, f'{{"messages":[{begin}{json.dumps(old)}{begin}]}}'.encode())
    for only_open in (False, True):
        shown = View(bucket, Projections(bucket, only_open=only_open)).read(NOW).messages
        assert [each.status in (Status.UNKNOWN, Status.PENDING) for each in shown.values()] == [True]
        assert due(shown.values(), NOW) == []
    fold = Fold(bucket)
    fold.read(NOW)
    fold.write(NOW, {})
    assert due(Fold(bucket).read(NOW).messages.values(), NOW) == []


def test_what_cannot_be_read_is_named_and_keeps_nothing_else_back() -> None:
    broken = Document[Message](broken=({"id": "m9", "message": "no time"}, 7, {"id": 3, "delivery": {"state": "sent"}}))
    sparse = read_open(large(*OPEN, *ENDED, read=broken))
    assert (len(sparse.records), sparse.broken) == (3, broken.broken)


def test_a_message_that_is_there_twice_is_merged_as_in_the_whole_file() -> None:
    again = sent(message(id="pending"))
    for twice in ((*OPEN, again), (again, *OPEN)):
        lines = b",\n".join(json.dumps(each.as_json()).encode() for each in twice)
        data = b'{"version":1,"messages":[\n' + lines + b"\n]}"
        assert read_open(data).records == read_scheduled(data).records
        assert read_open(data).records["pending"].delivery.state.settled


@pytest.mark.parametrize(
    "change",
    [
        (b'{"id":"pending"', b'{"id":"pending'),
        (b'{"id":"pending"', b'NaN,{"id":"pending"'),
        (b'{"id":"pending"', b'["id":"pending"'),
        (b"\n]", b",\n]"),
        (b',\n{"id":"claimed"', b'\n{"id":"claimed"'),
        (b"\n]", b"\n"),
        (b"\n]", b"\n]]"),
        (b'"series":[]}', b'"series":[]'),
        (b'"series":[]}', b'"series":[]}\n{}'),
    ],
)
def test_a_damaged_file_is_unreadable_as_it_is_in_whole(change: tuple[bytes, bytes]) -> None:
    data = edited(large(*OPEN, *ENDED), change)
    with pytest.raises(Unreadable, match=r"^scheduled\.json "):
        read_open(data)


@given(st.integers(min_value=1))
def test_a_truncated_file_never_reads_as_a_shorter_one(cut: int) -> None:
    packed = large(*OPEN, *ENDED)
    for data in (packed, gzip.decompress(packed)):
        with pytest.raises(Unreadable):
            read_open(data[: -1 - cut % (len(data) - 1)])


def test_a_newer_version_is_not_guessed_at() -> None:
    with pytest.raises(NewerVersion):
        read_open(edited(large(*OPEN), (b'"version":1', b'"version":2')))


def test_an_operation_about_what_has_ended_does_not_open_it_again() -> None:
    bucket = MemoryBucket()
    writer = Writer(bucket, "web", clock=FakeClock())
    gone, new = (message(id=id_, version=writer.reserve()) for id_ in ("gone", "new"))
    for each in (gone, new):
        writer.append(each.version, NOW, messages=[each])
    bucket.put(keys.SCHEDULED, large(sent(gone)))
    shown = View(bucket, Projections(bucket, only_open=True)).read(in_(60)).messages
    assert [*shown] == ["new"]
    assert {*View(bucket).read(in_(60)).messages} == {"gone", "new"}


def test_a_file_that_a_person_has_laid_out_anew_is_read_whole() -> None:
    data = edited(large(*OPEN, *ENDED), (b'"messages":[\n', b'"messages":[\n\n'), (b',"to"', b',\n"to"'))
    assert read_open(data).records == read_scheduled(data).records
    assert read_open(data).ended == frozenset()
