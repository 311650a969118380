"""Sender keys: what a member says in a group opens for whoever was handed the key, once, and for nobody else."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator import envelopes, sender_keys, store
from simulator.envelopes import Distribution, MalformedEnvelope
from simulator.group_keys import GroupKeys, dump_keys, load_keys
from simulator.people import People
from simulator.ratchet import AlreadyDecrypted, Undecryptable
from simulator.sender_keys import SenderKey

CHAT = "120363000000000001@g.us"


def spoken(key: SenderKey, *texts: bytes) -> tuple[SenderKey, list[bytes]]:
    messages = []
    for text in texts:
        key, message = sender_keys.encrypt(key, text)
        messages.append(message)
    return key, messages


@given(st.lists(st.binary(max_size=50), min_size=1, max_size=6), st.randoms(use_true_random=False))
def test_messages_open_in_any_order(texts: list[bytes], order: Random) -> None:
    key = sender_keys.fresh()
    heard = sender_keys.accept((), sender_keys.distribution(key))
    _key, messages = spoken(key, *texts)
    pairs = list(zip(texts, messages, strict=True))
    order.shuffle(pairs)
    for text, message in pairs:
        heard, plain = sender_keys.decrypt(heard, message)
        assert plain == text
    for _text, message in pairs:
        with pytest.raises(AlreadyDecrypted):
            sender_keys.decrypt(heard, message)


def test_a_key_handed_over_later_opens_what_comes_later() -> None:
    key, (before,) = spoken(sender_keys.fresh(), b"before")
    heard = sender_keys.accept((), sender_keys.distribution(key))
    _key, (after,) = spoken(key, b"after")
    assert sender_keys.decrypt(heard, after)[1] == b"after"
    with pytest.raises(AlreadyDecrypted):
        sender_keys.decrypt(heard, before)
    assert sender_keys.accept(heard, sender_keys.distribution(_key)) == heard


def test_a_fresh_key_stands_beside_the_older_one() -> None:
    old, new = sender_keys.fresh(), sender_keys.fresh()
    heard = sender_keys.accept((), sender_keys.distribution(old))
    heard = sender_keys.accept(heard, sender_keys.distribution(new))
    for key in (old, new):
        _key, (message,) = spoken(key, b"text")
        heard, plain = sender_keys.decrypt(heard, message)
        assert plain == b"text"


def test_each_thing_that_is_wrong_is_found() -> None:
    key = sender_keys.fresh()
    heard = sender_keys.accept((), sender_keys.distribution(key))
    _key, (message,) = spoken(key, b"text")
    with pytest.raises(Undecryptable, match="never handed over"):
        sender_keys.decrypt((), message)
    for place in (-70, -1):
        damaged = bytearray(message)
        damaged[place] ^= 1
        with pytest.raises(Undecryptable, match="not signed"):
            sender_keys.decrypt(heard, bytes(damaged))
    with pytest.raises(Undecryptable, match="too far ahead"):
        sender_keys.decrypt(heard, spoken(replace(key, iteration=5000), b"text")[1][0])
    with pytest.raises(Undecryptable, match="Only the speaker"):
        sender_keys.encrypt(heard[0], b"text")
    for nonsense in (b"", b"\x33", b"\x22" + message[1:]):
        with pytest.raises(MalformedEnvelope):
            sender_keys.decrypt(heard, nonsense)


def test_a_distribution_is_printed_and_parsed() -> None:
    given_key = Distribution(7, 3, bytes(range(32)), bytes(range(32, 64)))
    printed = envelopes.print_distribution(given_key)
    assert printed[0] == 0x33
    assert envelopes.parse_distribution(printed) == given_key
    with pytest.raises(MalformedEnvelope):
        envelopes.parse_distribution(printed[:20])


def test_keys_are_kept_as_they_are() -> None:
    key, _messages = spoken(sender_keys.fresh(), b"a")
    keys = (replace(key, skipped=((0, bytes(32)),)), replace(key, private=None))
    assert load_keys(dump_keys(keys)) == keys


@pytest.fixture
def database(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    with closing(store.open_database(tmp_path)) as opened:
        yield opened


def test_a_key_is_given_once_until_it_is_taken_back_or_renewed(database: sqlite3.Connection) -> None:
    people, keys = People(database), GroupKeys(database)
    ada, ben = people.put("447700900123", "Ada").end, people.put("447700900124", "Ben").end
    assert [keys.must_give(ada, CHAT, ben.remote) for _ in range(2)] == [True, False]
    keys.take_back(ada, CHAT, ben.remote)
    assert keys.must_give(ada, CHAT, ben.remote)
    handed, message = keys.seal(ada, CHAT, b"one")
    keys.accept(ben, CHAT, ada.remote, handed)
    assert keys.open(ben, CHAT, ada.remote, message) == b"one"
    keys.renew(CHAT)
    assert keys.must_give(ada, CHAT, ben.remote)
    handed, message = keys.seal(ada, CHAT, b"two")
    with pytest.raises(Undecryptable, match="never handed over"):
        keys.open(ben, CHAT, ada.remote, message)
    keys.accept(ben, CHAT, ada.remote, handed)
    assert keys.open(ben, CHAT, ada.remote, message) == b"two"


def test_more_devices_keep_their_keys(database: sqlite3.Connection) -> None:
    people = People(database)
    first = people.put("447700900123", "Ada", devices=3)
    assert [end.name for end in first.ends] == ["447700900123", "447700900123:1", "447700900123:2"]
    assert len({end.identity.public for end in first.ends}) == 3
    people.put("447700900123", "Ada", devices=1)
    assert people.put("447700900123", "Ada", devices=3) == first
    assert People(database).by_phone("447700900123") == first


def test_a_folder_of_an_earlier_version_gets_what_it_lacks(tmp_path: Path) -> None:
    with closing(store.open_database(tmp_path)) as database:
        for table, column in (("messages", "facts"), ("messages", "devices"), ("people", "devices")):
            database.execute(f"ALTER TABLE {table} DROP COLUMN {column}")
        database.execute(
            "INSERT INTO messages (owner, chat, id, from_phone, sender_device, kind, text, at, robot, status)"
            " VALUES ('1', '2', 'ID', '2', 1, 'text', 'kept', '2026-11-26T12:00:00+00:00', 0, 'read')"
        )
    with closing(store.open_database(tmp_path)) as database:
        (row,) = database.execute("SELECT * FROM messages").fetchall()
        assert (row["text"], row["facts"], row["devices"]) == ("kept", "", "[0]")
        assert People(database).put("447700900123", "Ada").ends
