"""What reached this device and cannot be read: counted and named until it comes again, across restarts."""

from datetime import datetime
from pathlib import Path

import pytest

from session_host.database import Database
from session_host.link import Arrival
from session_host.schema import MIGRATIONS
from session_host.undecryptable import KEPT, MOST, NAMED, Undecryptable, Unreadable
from tests.builders import NOW, in_

CHAT = "123456789012345@lid"


def arrival(id_: str, at: datetime = NOW, *, readable: bool = False) -> Arrival:
    return Arrival(message_id=id_, chat=CHAT, at=at, readable=readable)


@pytest.fixture
def database(tmp_path: Path) -> Database:
    return Database(tmp_path / "ledger.db", MIGRATIONS)


@pytest.fixture
def book(database: Database) -> Undecryptable:
    return Undecryptable(database)


def test_what_can_be_read_leaves_no_trace(book: Undecryptable) -> None:
    assert not book.arrived(arrival("A", readable=True), NOW)
    assert book.facts(NOW) == Unreadable()


def test_it_is_counted_with_the_time_of_the_oldest_and_the_end_of_its_chat(book: Undecryptable) -> None:
    assert book.arrived(arrival("A", in_(-60)), NOW)
    assert book.arrived(arrival("B", in_(-30)), NOW)
    facts = book.facts(NOW)
    assert (facts.total, facts.since) == (2, in_(-60))
    assert [(each.chat, each.at) for each in facts.newest] == [("…2345", in_(-30)), ("…2345", in_(-60))]


def test_the_same_one_again_counts_once(book: Undecryptable) -> None:
    assert book.arrived(arrival("A"), NOW)
    assert not book.arrived(arrival("A", in_(5)), NOW)
    assert book.facts(NOW).total == 1


def test_one_that_comes_again_in_a_readable_form_is_forgotten(book: Undecryptable) -> None:
    for id_ in ("A", "B"):
        book.arrived(arrival(id_), NOW)
    assert book.arrived(arrival("A", readable=True), NOW)
    assert book.facts(NOW).total == 1


def test_a_restart_forgets_nothing(book: Undecryptable, database: Database) -> None:
    book.arrived(arrival("A"), NOW)
    again = Undecryptable(database)
    assert again.facts(NOW).total == 1
    assert again.arrived(arrival("A", readable=True), NOW)
    assert again.facts(NOW).total == 0


def test_nothing_is_kept_for_ever_nor_without_a_bound(book: Undecryptable) -> None:
    book.arrived(arrival("old", NOW - KEPT - (NOW - in_(-1))), in_(days=-20))
    assert book.facts(NOW).total == 0
    for number in range(MOST + 10):
        book.arrived(arrival(f"{number}", in_(number)), in_(number))
    facts = book.facts(in_(MOST))
    assert (facts.total, facts.since, len(facts.newest)) == (MOST, in_(10), NAMED)
