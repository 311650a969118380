"""A projection read again: what a first reading finds, and the same object for what did not change."""

import gzip
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.model.message import Message
from shared.store import document
from shared.store.errors import NewerVersion, Unreadable
from shared.store.projection import Document, Scheduled, read_scheduled, scheduled_format
from shared.store.reread import Rereading
from tests.builders import NOW, in_, message, read, series

TEXTS = ('Tea "]}\n]', "{\n    },\n    {", "half \ud83d".encode("utf-8", "replace").decode(), "🫖" * 9, "")


def rereading() -> Rereading[Message]:
    return Rereading("messages", Message, read_scheduled)


def stored(messages: list[Message], now: datetime = NOW, **rest: Any) -> bytes:
    """scheduled.json with these and a series, as the host writes it."""
    weekly = series(id="weekly", version="web-x-1")
    records = {each.id: each for each in messages}
    return scheduled_format().print(Scheduled(rest=rest), records, now, "log/a", {weekly.id: weekly})


def many(count: int, text: str = "The kettle is on.") -> list[Message]:
    return [message(id=f"m-{number}", text=text, version=f"web-x-{number}") for number in range(count)]


@pytest.fixture(params=["plain", "packed"])
def _form(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "packed":
        monkeypatch.setattr(document, "PLAIN_BELOW", 10)


@pytest.mark.usefixtures("_form")
def test_what_did_not_change_is_the_same_object_and_what_did_is_new() -> None:
    reader, messages = rereading(), many(5)
    first = reader(stored(messages))
    messages[2] = read(messages[2])
    messages.append(message(id="new"))
    second = reader(stored(messages, in_(60)))
    assert list(second.records.values()) == messages
    same = [id_ for id_ in first.records if second.records[id_] is first.records[id_]]
    assert same == ["m-0", "m-1", "m-3", "m-4"]
    assert second.series["weekly"] is first.series["weekly"]
    assert (first.folded_at, second.folded_at) == (NOW, in_(60))


@pytest.mark.usefixtures("_form")
@given(st.lists(st.tuples(st.integers(0, 6), st.sampled_from(TEXTS) | st.text(max_size=30)), max_size=8))
def test_it_reads_whatever_is_written_as_a_first_reading_does(written: list[tuple[int, str]]) -> None:
    reader = rereading()
    for end in range(len(written) + 1):
        messages = [message(id=f"m-{id_}", text=text, version="web-x-1") for id_, text in written[:end]]
        data = stored(messages, in_(end), note="the old system's", more=[{"a": 1}])
        assert reader(data) == read_scheduled(data)


BY_HAND = (
    b'{"version":1,"messages":[\n{"id":"a"},\n{"id":"b","to":"1","message":"x","scheduledTime":"2026-12-24T10:00:00Z"}\n]}',
    b'{"version":1,"messages":[]}',
    b'[{"id":"a","to":"447700900001","message":"x","scheduledTime":"2026-12-24T10:00:00Z"}]',
    b'{"version":1,"messages":[\n{"id":"a","to":"447700900001",\n"message":"x","scheduledTime":"2026-12-24T10:00:00Z"}\n]}',
    b'{"messages":[\n{"id":"a","to":"447700900001","message":"x","scheduledTime":"2026-12-24T10:00:00Z"}\n]}',
)


@pytest.mark.parametrize("data", BY_HAND)
def test_what_was_written_otherwise_is_read_too(data: bytes) -> None:
    assert rereading()(data) == read_scheduled(data)


def test_a_record_that_is_there_twice_is_merged() -> None:
    once = message(id="a", version="web-x-1")
    edited = once.edited("web-x-2", text="Changed")
    lines = ",\n".join(document.small(each.as_json()) for each in (once, edited))
    data = f'{{"version":1,"messages":[\n{lines}\n]}}'.encode()
    found: Document[Message] = rereading()(data)
    assert found == read_scheduled(data)
    assert found.records["a"].text == "Changed"


@pytest.mark.parametrize(
    "data", [b"", b"{", gzip.compress(b"{}", mtime=0)[:-9], b'{"version":1,"messages":[\n{"id":\n]}']
)
def test_what_cannot_be_read_is_refused_as_at_first(data: bytes) -> None:
    with pytest.raises(Unreadable):
        rereading()(data)


def test_a_newer_version_is_refused_even_where_its_records_look_the_same() -> None:
    reader, data = rereading(), stored(many(2))
    reader(data)
    with pytest.raises(NewerVersion):
        reader(data.replace(b'"version": 1', b'"version": 9', 1))
