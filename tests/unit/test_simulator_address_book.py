"""The simulated address book as it is kept: what its patches say adds up to what its snapshot holds."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator import app_state, app_state_sync
from simulator.address_book import AddressBook, Entry
from simulator.nodes import node
from simulator.people import People, Person
from simulator.protobufs import sync
from simulator.store import open_database
from tests.builders import NOW

OWNER, ADA = "447700900000", "447700900123"


@pytest.fixture
def database(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    with closing(open_database(tmp_path)) as opened:
        yield opened


def people(database: sqlite3.Connection) -> tuple[Person, Person]:
    everybody = People(database)
    return everybody.put(OWNER, "Alex", is_account=True), everybody.put(ADA, "ada")


def test_a_name_is_given_changed_and_taken_out_once_each(database: sqlite3.Connection) -> None:
    owner, ada = people(database)
    book = AddressBook(database)
    assert book.snapshot(owner) is None
    assert [book.put(owner, ada, name, NOW) for name in (None, "Ada", "Ada", "Ada L", None, None)] == [
        False,
        True,
        False,
        True,
        True,
        False,
    ]
    assert (book.version(owner), book.entries(owner)) == (3, [])
    assert len(book.patches(owner, 1)) == 2
    book.put(owner, ada, "Ada once more", NOW)
    again = AddressBook(database)
    assert again.entries(owner) == [Entry(ADA, "Ada once more")]
    assert again.key(owner) == book.key(owner)


def test_another_account_has_a_book_and_a_key_of_its_own(database: sqlite3.Connection) -> None:
    owner, ada = people(database)
    other = People(database).put("447700900001", "Sam", is_account=True)
    book = AddressBook(database)
    book.put(owner, ada, "Ada", NOW)
    assert (book.entries(other), book.version(other)) == ([], 0)
    assert book.key(other) != book.key(owner)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3), st.booleans()), max_size=12))
def test_the_hash_is_the_sum_of_what_is_there(changes: list[tuple[int, bool]]) -> None:
    key, state, there = app_state.fresh_key(), app_state.State(), dict[bytes, Any]()
    for which, remove in changes:
        change = app_state.mutation(key, ["contact", str(which)], {"timestamp": 1}, remove=remove)
        mac = app_state.index_mac(change.record)
        before = there.pop(mac, None)
        replaced = [app_state.value_mac(before)] if before is not None else []
        patch = app_state.patch(key, "name", state, [change], replaced)
        state = app_state.advanced(state, [change], replaced)
        assert patch.version.version == state.version
        if not remove:
            there[mac] = change.record
        whole = app_state.snapshot(key, "name", state, there.values())
        assert (whole.mac, whole.version.version) == (patch.snapshotMAC, state.version)
    assert state.hash == app_state.summed(bytes(128), map(app_state.value_mac, there.values()), [])


def test_a_damaged_answer_has_another_mac_or_hash_and_the_rest_as_it_was() -> None:
    patch = sync.SyncdPatch(version={"version": 3}, patchMAC=b"mac", snapshotMAC=b"other")
    whole = sync.ExternalBlobReference(directPath="/v", fileEncSHA256=b"hash")
    parts = [node("patches", node("patch", patch.SerializeToString())), node("snapshot", whole.SerializeToString())]
    answer = node("iq", node("sync", node("collection", parts, name="name")), id="1")
    garbled = app_state_sync.garbled(answer)
    collection = garbled.child("sync", "collection")
    assert collection is not None
    patches, snapshot = collection.children
    damaged = sync.SyncdPatch.FromString(patches.children[0].data)
    assert (damaged.patchMAC, damaged.snapshotMAC, damaged.version.version) == (b"mab", b"other", 3)
    assert sync.ExternalBlobReference.FromString(snapshot.data).fileEncSHA256 == b"hasi"
    assert (garbled.attrs, collection.attrs) == ({"id": "1"}, {"name": "name"})
