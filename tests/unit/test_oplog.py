"""The oplog: one immutable object for each change, written at most once, and a reader that no bad object can stop."""

import json
import threading
from collections.abc import Iterator
from datetime import date, timedelta

import pytest

from shared.store import keys
from shared.store.bucket import Entry
from shared.store.errors import AccessDenied, NewerVersion, Unreachable, Unreadable
from shared.store.memory import MemoryBucket
from shared.store.oplog import LogReader, Operation, Writer, print_operation, read_operation
from tests.builders import NOW, contact, in_, message
from tests.fakes.chaos import ChaosBucket, Fault
from tests.fakes.clock import FakeClock

BOOT = "0123456789abcdef0123456789abcdef"


def appended(bucket: MemoryBucket | ChaosBucket, text: str = "Tea?") -> Operation:
    """One message scheduled by web."""
    writer = Writer(bucket, "web", clock=FakeClock())
    name = writer.reserve()
    return writer.append(name, NOW, messages=[message(version=name, text=text)])


def texts(operations: list[Operation]) -> list[str]:
    return [each.text for operation in operations for each in operation.messages]


class Refusing(MemoryBucket):
    """Takes nothing."""

    def put(self, key: str, data: bytes) -> str:
        raise AccessDenied("Storage refused the key.")


def test_an_operation_is_one_object_in_the_folder_of_its_day() -> None:
    bucket = MemoryBucket()
    writer = Writer(bucket, "web", BOOT)
    name = writer.reserve()
    note = message(version=name, text="Tea?")
    operation = writer.append(name, NOW, messages=[note], contacts=[contact(version=name)])
    assert [entry.key for entry in bucket.list("")] == [f"log/20261122/web-{BOOT}-00000001.json"]
    stored = bucket.get(operation.key).data
    assert read_operation(stored, operation.key) == operation
    assert json.loads(stored)["version"] == 1
    assert json.loads(stored)["messages"][0]["message"] == "Tea?"


def test_the_day_is_utc() -> None:
    assert keys.log_object(in_(hours=11.9), "x") == "log/20261122/x.json"
    assert keys.log_object(in_(hours=12), "x") == "log/20261123/x.json"


@pytest.mark.parametrize(
    ("key", "day"),
    [
        ("log/20261122/web-1.json", NOW.date()),
        ("snapshots/20261122/scheduled.json", NOW.date()),
        ("snapshots/previous/scheduled.json", None),
        ("log/20261399/web-1.json", None),
        ("log/2026112/web-1.json", None),
        ("log/\uff12\uff10261122/web-1.json", None),
        ("media/20261122/a", None),
    ],
)
def test_the_day_is_in_the_key(key: str, day: date | None) -> None:
    assert keys.day_of(key) == day


def test_names_are_never_given_out_twice() -> None:
    writers = [Writer(MemoryBucket(), "web"), Writer(MemoryBucket(), "web")]
    names: list[str] = []
    threads = [
        threading.Thread(target=lambda writer=writer: names.extend(writer.reserve() for _ in range(200)))
        for writer in writers * 4
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(names)) == 1600


def test_a_record_of_another_version_is_refused_before_anything_is_written() -> None:
    bucket = MemoryBucket()
    writer = Writer(bucket, "web")
    with pytest.raises(ValueError, match="carries version"):
        writer.append(writer.reserve(), NOW, messages=[message(version="web-old")])
    assert list(bucket.list("")) == []


@pytest.mark.parametrize("fault", [Fault.ERROR_BEFORE, Fault.ERROR_AFTER])
def test_without_an_answer_it_is_written_again_under_the_same_name(fault: Fault) -> None:
    bucket = ChaosBucket(MemoryBucket())
    bucket.arm(fault)
    operation = appended(bucket)
    assert [entry.key for entry in bucket.list("log/")] == [operation.key]
    assert len([call for call in bucket.calls if call[0] == "put"]) == 2


def test_it_gives_up_after_a_few_tries_and_says_so() -> None:
    bucket, clock = ChaosBucket(MemoryBucket()), FakeClock()
    writer = Writer(bucket, "web", clock=clock)
    for call in range(3):
        bucket.arm(Fault.ERROR_BEFORE, call)
    with pytest.raises(Unreachable):
        writer.append(writer.reserve(), NOW)
    assert clock.naps == [0.5, 2.0]


def test_what_would_fail_again_is_not_tried_again() -> None:
    clock = FakeClock()
    writer = Writer(Refusing(), "web", clock=clock)
    with pytest.raises(AccessDenied):
        writer.append(writer.reserve(), NOW)
    assert clock.naps == []


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "no valid JSON"),
        (b"<html>hello</html>", "no valid JSON"),
        (b"\xff\xfe\x00", "no valid JSON"),
        (b"\x1f\x8b\x08 not gzip at all", "does not unpack"),
        (b"[]", "has no version"),
        (b"{}", "has no version"),
        (b'{"version": 1}', "Field required"),
        (b'{"version": "one"}', "no valid version"),
        (b'{"version": 1, "name": "../../x", "at": "2026-11-22T12:00:00Z"}', "name"),
        (b'{"version": 1, "name": "web-%s-00000001", "at": "2026-11-22T12:00:00"}' % BOOT.encode(), "needs its zone"),
    ],
)
def test_an_object_that_is_no_operation_is_reported_and_the_others_go_on(data: bytes, reason: str) -> None:
    bucket = MemoryBucket()
    bucket.put("log/20261122/bad.json", data)
    appended(bucket)
    reader = LogReader(bucket)
    assert texts(reader.read()) == ["Tea?"]
    assert [*reader.unreadable] == ["log/20261122/bad.json"]
    assert "log/20261122/bad.json" in str(reader.unreadable["log/20261122/bad.json"])
    assert reason in str(reader.unreadable["log/20261122/bad.json"])


@pytest.mark.parametrize(
    "extra", [{"text": "a second text"}, {"note": "\ud83d"}, {"delivery": {"sentAt": None, "sent_at": None}}]
)
def test_a_record_that_could_not_be_merged_or_written_again_is_unreadable(extra: dict[str, object]) -> None:
    operation = appended(MemoryBucket())
    raw = json.loads(print_operation(operation))
    raw["messages"][0] |= extra
    with pytest.raises(Unreadable):
        read_operation(json.dumps(raw).encode(), operation.key)


def test_a_newer_version_is_told_from_damage() -> None:
    with pytest.raises(NewerVersion, match="update this one"):
        read_operation(b'{"version": 3, "steps": []}', "log/20261122/x.json")


def test_what_came_cut_short_is_read_again() -> None:
    bucket = ChaosBucket(MemoryBucket())
    operation = appended(bucket)
    reader = LogReader(bucket)
    bucket.arm(Fault.TRUNCATED, call=1)
    assert reader.read() == []
    assert "is read again" in str(reader.unreadable[operation.key])
    assert reader.read() == [operation]
    assert reader.unreadable == {}


def test_each_object_is_read_once() -> None:
    bucket = ChaosBucket(MemoryBucket())
    operations = [appended(bucket, text) for text in ("one", "two", "three")]
    reader = LogReader(bucket)
    for _ in range(5):
        assert sorted(texts(reader.read())) == ["one", "three", "two"]
    assert sorted(key for verb, key in bucket.calls if verb == "get") == sorted(each.key for each in operations)


def test_what_was_seen_stays_when_a_later_listing_is_behind() -> None:
    bucket = MemoryBucket()
    operation = appended(bucket)
    reader = LogReader(bucket)
    reader.read()
    bucket.delete(operation.key)
    assert reader.read() == [operation]


def test_what_is_not_asked_for_any_more_is_forgotten() -> None:
    bucket = ChaosBucket(MemoryBucket())
    operation = appended(bucket)
    reader = LogReader(bucket)
    reader.read()
    assert reader.read(after=keys.log_day(NOW.date() + timedelta(days=1))) == []
    assert reader.read(skip={operation.key}) == []
    assert reader.read() == [operation]
    assert len([call for call in bucket.calls if call[0] == "get"]) == 2


def test_only_the_asked_for_folders_are_read() -> None:
    bucket = MemoryBucket()
    operation = appended(bucket)
    reader = LogReader(bucket)
    assert reader.read([keys.log_day(NOW.date())]) == [operation]
    assert reader.read([keys.log_day(NOW.date() - timedelta(days=1))]) == []


def test_what_vanishes_between_listing_and_reading_was_folded_and_is_no_problem() -> None:
    class Vanishing(MemoryBucket):
        def list(self, prefix: str, after: str = "") -> Iterator[Entry]:
            entries = list(super().list(prefix, after))
            for entry in entries:
                self.delete(entry.key)
            return iter(entries)

    bucket = Vanishing()
    appended(bucket)
    reader = LogReader(bucket)
    assert reader.read() == []
    assert reader.unreadable == {}
