"""What every bucket promises, whichever it is: in memory, in a directory, at a store that behaves like B2."""

import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from shared.store.bucket import Bucket, StreamingBucket
from shared.store.directory import DirectoryBucket
from shared.store.errors import BadKey, NotFound
from shared.store.memory import MemoryBucket
from tests.contract.b2_like import B2Like
from tests.contract.s3_stores import Store, running_store

OTHERS = ("ministack", "rclone")
"""Real S3 servers; the one that behaves like B2 is moto already."""

Open = Callable[[str], Bucket]
"""Opens the same storage under another prefix."""


@pytest.fixture(scope="module")
def server() -> Iterator[B2Like]:
    with B2Like() as running:
        yield running


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Store]]:
    with ExitStack() as running:
        yield {name: running.enter_context(running_store(name, tmp_path_factory.mktemp(name))) for name in OTHERS}


@pytest.fixture(params=["directory", "b2-like"])
def opening(request: pytest.FixtureRequest, tmp_path: Path) -> Open:
    """Storage that several buckets may share."""
    if request.param == "directory":
        return lambda prefix: DirectoryBucket(tmp_path / "bucket", prefix)
    server: B2Like = request.getfixturevalue("server")
    account = uuid.uuid4().hex
    return lambda prefix: server.bucket(f"{account}/{prefix}", page_size=100)


@pytest.fixture(params=["memory", "directory", "b2-like", *OTHERS])
def bucket(request: pytest.FixtureRequest, tmp_path: Path) -> StreamingBucket:
    if request.param == "memory":
        return MemoryBucket()
    if request.param == "directory":
        return DirectoryBucket(tmp_path / "bucket", "whatsapp/")
    server: B2Like | Store = request.getfixturevalue("server")
    if request.param in OTHERS:
        server = request.getfixturevalue("stores")[request.param]
    return server.bucket(f"{uuid.uuid4().hex}/", page_size=100)


def listed(bucket: Bucket, prefix: str = "", after: str = "") -> list[str]:
    return [entry.key for entry in bucket.list(prefix, after)]


@pytest.mark.parametrize("data", [b"", b"{}", bytes(range(256)) * 4096], ids=["empty", "small", "1 MB"])
def test_what_was_put_comes_back_whole(bucket: Bucket, data: bytes) -> None:
    etag = bucket.put("scheduled.json", data)
    assert bucket.get("scheduled.json") == (data, etag)


@pytest.mark.parametrize("size", [0, 1, 3_000_001])
def test_a_large_object_streams_in_pieces(bucket: StreamingBucket, size: int) -> None:
    data = bytes(range(251)) * (size // 251) + b"x" * (size % 251)
    bucket.put("before-import/chats.json", data)
    pieces = list(bucket.stream("before-import/chats.json"))
    assert b"".join(pieces) == data


@pytest.mark.parametrize("key", ["chats.json", "before-import"])
def test_what_is_not_there_does_not_stream(bucket: StreamingBucket, key: str) -> None:
    bucket.put("before-import/chats.json", b"x")
    with pytest.raises(NotFound):
        list(bucket.stream(key))


def test_a_put_replaces_what_was_there(bucket: Bucket) -> None:
    before = bucket.put("scheduled.json", b"a longer text that was here before")
    after = bucket.put("scheduled.json", b"short")
    assert bucket.get("scheduled.json").data == b"short"
    assert before != after


@pytest.mark.parametrize("key", ["log/20261122/Dóra Ødegård 🙂.json", "media/ß+%20&?#=.bin", "a'b\"c/[d]{e}~.json"])
def test_any_character_can_be_in_a_key(bucket: Bucket, key: str) -> None:
    bucket.put(key, b"here")
    assert bucket.get(key).data == b"here"
    assert [entry for entry in bucket.list("") if entry.key == key] == [(key, 4)]
    bucket.delete(key)
    assert listed(bucket) == []


def test_what_is_not_there_is_not_found(bucket: Bucket) -> None:
    with pytest.raises(NotFound, match=r"No chats\.json found in the bucket\."):
        bucket.get("chats.json")
    with pytest.raises(NotFound, match=r"No chats\.json found in the bucket\."):
        bucket.get_if_changed("chats.json", '"0123"')


def test_many_objects_come_at_once_without_those_that_are_not_there(bucket: Bucket) -> None:
    keys = [f"log/20261122/web-{number:04d}.json" for number in range(60)]
    for key in keys[::2]:
        bucket.put(key, key.encode())
    assert dict(bucket.get_all(keys)) == {key: bucket.get(key) for key in keys[::2]}
    assert list(bucket.get_all([])) == []


def test_a_folder_is_not_an_object(bucket: Bucket, request: pytest.FixtureRequest) -> None:
    bucket.put("log/20261122/one.json", b"1")
    with pytest.raises(NotFound):
        bucket.get("log/20261122")
    with pytest.raises(NotFound):
        bucket.get("log/20261122/one.json/part")
    if request.node.callspec.params["bucket"] == "rclone":
        return  # its objects are files of this machine, and it cannot delete a folder that is not empty
    bucket.delete("log/20261122")
    assert listed(bucket) == ["log/20261122/one.json"]


def test_an_unchanged_object_is_not_sent_again(bucket: Bucket) -> None:
    etag = bucket.put("scheduled.json", b"one")
    assert bucket.get_if_changed("scheduled.json", etag) is None
    newer = bucket.put("scheduled.json", b"two")
    assert bucket.get_if_changed("scheduled.json", etag) == (b"two", newer)
    assert bucket.get_if_changed("scheduled.json", bucket.get("scheduled.json").etag) is None


def test_a_change_of_equal_length_in_the_same_instant_is_seen(bucket: Bucket) -> None:
    etag = bucket.put("scheduled.json", b"0")
    for round_ in range(1, 10):
        bucket.put("scheduled.json", b"%d" % round_)
        found = bucket.get_if_changed("scheduled.json", etag)
        assert found is not None
        assert found.data == b"%d" % round_
        etag = found.etag


def test_deleting_twice_is_no_error(bucket: Bucket) -> None:
    bucket.put("log/20261122/one.json", b"1")
    bucket.delete("log/20261122/one.json")
    bucket.delete("log/20261122/one.json")
    bucket.delete("log/20261122/never.json")
    with pytest.raises(NotFound):
        bucket.get("log/20261122/one.json")
    assert listed(bucket) == []


def test_a_listing_is_sorted_by_the_whole_key_with_sizes(bucket: Bucket) -> None:
    keys = [
        "log/20261121/b.json",
        "log/20261122/a.json",
        "log-old/a.json",
        "log.json",
        "log/20261122-x/a.json",
        "ä",
        "z",
    ]
    for size, key in enumerate(keys):
        bucket.put(key, b"x" * size)
    assert listed(bucket) == sorted(keys)
    assert dict(bucket.list("")) == {key: size for size, key in enumerate(keys)}


def test_a_listing_has_only_what_begins_with_the_prefix_and_comes_after(bucket: Bucket) -> None:
    for key in ("log/20261121/b.json", "log/20261122/a.json", "log/20261122/c.json", "logs/a.json", "scheduled.json"):
        bucket.put(key, b"{}")
    assert listed(bucket, "log/") == ["log/20261121/b.json", "log/20261122/a.json", "log/20261122/c.json"]
    assert listed(bucket, "log/202611") == listed(bucket, "log/")
    assert listed(bucket, "log/20261122/a") == ["log/20261122/a.json"]
    assert listed(bucket, "log/", "log/20261122/") == ["log/20261122/a.json", "log/20261122/c.json"]
    assert listed(bucket, "log/", "log/20261122/a.json") == ["log/20261122/c.json"]
    assert listed(bucket, "log/", "log/3") == []
    assert listed(bucket, "nothing/") == []
    assert listed(bucket, "log/20261122/a.json/") == []


def test_a_listing_goes_on_after_the_first_page(bucket: Bucket) -> None:
    keys = [f"log/20261122/web-{number:04d}.json" for number in range(250)]
    for key in reversed(keys):
        bucket.put(key, b"{}")
    assert listed(bucket, "log/") == keys
    assert listed(bucket, "log/", keys[120]) == keys[121:]


@pytest.mark.parametrize(
    "key",
    [
        "",
        "/etc/passwd",
        "../outside.json",
        "log/../../outside.json",
        "log/./one.json",
        "log//one.json",
        "log/",
        "log/..",
        ".hidden",
        "nul\0.json",
        "line\nbreak.json",
        "back\\slash.json",
        "half-\ud83d-emoji.json",
        "x" * 300,
        "x/" * 500 + "x",
    ],
)
def test_a_hostile_key_is_refused_by_every_verb(bucket: Bucket, key: str) -> None:
    for ask in (
        lambda: bucket.get(key),
        lambda: bucket.get_if_changed(key, "etag"),
        lambda: bucket.put(key, b"{}"),
        lambda: bucket.delete(key),
    ):
        with pytest.raises(BadKey, match="cannot be an object's name"):
            ask()
    assert listed(bucket) == []


@pytest.mark.parametrize("prefix", ["/", "../", "log/../", "//", "log//", "nul\0", "."])
def test_a_hostile_prefix_is_refused(bucket: Bucket, prefix: str) -> None:
    with pytest.raises(BadKey):
        listed(bucket, prefix)


def test_accounts_with_other_prefixes_do_not_see_each_other(opening: Open) -> None:
    mine, theirs, all_ = opening("whatsapp/"), opening("whatsapp2/"), opening("")
    mine.put("scheduled.json", b"mine")
    theirs.put("scheduled.json", b"theirs")
    theirs.delete("chats.json")
    assert mine.get("scheduled.json").data == b"mine"
    assert listed(mine) == ["scheduled.json"]
    assert listed(all_) == ["whatsapp/scheduled.json", "whatsapp2/scheduled.json"]


@pytest.mark.parametrize("prefix", ["../", "whatsapp/../../", "/", "whatsapp"])
def test_a_bucket_cannot_be_opened_outside_its_place(opening: Open, prefix: str) -> None:
    with pytest.raises(BadKey):
        opening(prefix)


def test_a_reader_never_sees_half_an_object_while_it_is_overwritten(bucket: Bucket) -> None:
    bucket.put("scheduled.json", b"0" * 200_000)
    done = threading.Event()

    def overwrite() -> None:
        for round_ in range(30):
            bucket.put("scheduled.json", b"%d" % (round_ % 10) * 200_000)
        done.set()

    writer = threading.Thread(target=overwrite)
    writer.start()
    seen = set()
    finished = False
    while not finished:
        finished = done.is_set()
        data = bucket.get("scheduled.json").data
        seen.add((len(data), len(set(data))))
    writer.join()
    assert seen == {(200_000, 1)}


def test_what_one_opened_bucket_writes_another_reads(opening: Open) -> None:
    writer, reader = opening("whatsapp/"), opening("whatsapp/")
    etag = writer.put("scheduled.json", b"{}")
    assert reader.get("scheduled.json") == (b"{}", etag)
    assert reader.get_if_changed("scheduled.json", etag) is None
