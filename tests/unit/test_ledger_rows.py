"""What is remembered of contents never shows: a row is what the database has, and what is written is what it holds."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

from session_host.ledger_rows import LONGEST, MOST, Rows
from session_host.rules import Row
from shared.model.lifecycle import Delivery
from shared.model.message import Message
from tests.builders import message


@pytest.fixture
def connection() -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(":memory:")) as made:
        made.row_factory = sqlite3.Row
        yield made


def stored(connection: sqlite3.Connection, fields: dict[str, Any]) -> sqlite3.Row:
    names = ", ".join(f"? AS {name}" for name in fields)
    found: sqlite3.Row = connection.execute(f"SELECT {names}", tuple(fields.values())).fetchone()
    return found


def row(content: Message) -> Row:
    return Row(content, Delivery())


def test_a_row_comes_back_as_it_was_written(connection: sqlite3.Connection) -> None:
    rows, one = Rows(), row(message(text="Tea?"))
    found = rows.read(stored(connection, rows.fields(one)))
    assert found == one
    assert found.content is one.content
    assert Rows().read(stored(connection, rows.fields(one))) == one


def test_another_content_of_the_same_id_is_never_taken_for_the_one_before(connection: sqlite3.Connection) -> None:
    rows, one = Rows(), message(id="one", text="Tea?")
    edited = one.edited("v2", text="Coffee?")
    before = stored(connection, rows.fields(row(one)))
    after = stored(connection, rows.fields(row(edited)))
    assert [rows.read(each).content.text for each in (before, after, before)] == ["Tea?", "Coffee?", "Tea?"]
    assert rows.fields(row(edited))["content"] == after["content"]


def test_what_is_remembered_is_bounded(connection: sqlite3.Connection) -> None:
    rows = Rows()
    for number in range(MOST + 5):
        rows.fields(row(message(id=f"message-{number}")))
    rows.fields(row(message(id="long", text="x" * LONGEST)))
    assert len(rows._known) <= MOST
    assert "long" not in rows._known
