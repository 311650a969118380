"""Searching what was captured: every word in the text as it is shown now, without case and accents, newest first.

A search looks at `SCANNED` messages at most and says how far back it came, so that one answer never takes long: there
is no index yet, and each step leaves the file to whoever captures.
"""

import json
import sqlite3
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from session_host import chat_pages
from session_host.capture_events import What
from session_host.captured import Store
from session_host.chat_pages import BadQuery, Called, place, place_of
from session_host.database import instant
from shared.model.chats import ChatMessage, Hit, Hits
from shared.model.folding import fold, holds

LONGEST = 200
SCANNED = 50_000
STEP = 2_000
FIRST_STEP = 125
"""Messages read at first, and twice as many each time: of a common word a page is full after few."""


class Query(NamedTuple):
    """What is searched for: folded words, and the chat they must be in (None: any)."""

    words: tuple[str, ...]
    chat: str | None


def query_of(store: Store, typed: str | None, chat_id: str | None) -> Query:
    """The words and the chat of a request. Raises BadQuery."""
    if typed is None or len(typed) > LONGEST or not (words := tuple(fold(typed).split())):
        raise BadQuery(f"q: one or more words, {LONGEST} characters at most.")
    return Query(words, None if chat_id is None else chat_pages.address_of(store, chat_id))


def search(store: Store, query: Query, before: str | None, limit: int) -> Hits:
    """The newest messages older than `before` that hold every word. Raises BadQuery, database.LedgerError."""
    start = chat_pages.END if before is None else place_of("before", before)
    hits: list[Hit] = []
    likely: list[sqlite3.Row] = []
    last: sqlite3.Row | None = None
    more = False
    for scanned, row in enumerate(_rows(store, query.chat, start)):
        if len(hits) + len(likely) >= limit:  # as many are read at once as are still wanted
            hits, likely = hits + _hits(store, likely, query), []
        if len(hits) >= limit or scanned >= SCANNED:
            more = True
            break
        last = row
        if holds(f"{row['text']} {row['edits'] or ''}", query.words):
            likely.append(row)
    return Hits(
        hits=tuple(hits + _hits(store, likely, query)),
        next=place(last) if more and last else None,
        searched_to=instant(last["at"]) if last else None,
    )


def _rows(store: Store, chat: str | None, start: tuple[int, int]) -> Iterator[sqlite3.Row]:
    """Messages with all the texts they were given since, the newest first, a step at a time."""
    edits = (
        "(SELECT group_concat(c.text, char(10)) FROM changes c"
        " WHERE c.chat = m.chat AND c.id = m.id AND c.what = ?) AS edits"
    )
    where = "m.chat = ? AND" if chat else ""
    order = "ORDER BY m.at DESC, m.n DESC LIMIT ?"
    sql = f"SELECT m.n, m.at, m.text, {edits} FROM messages m WHERE {where} (m.at, m.n) < (?, ?) {order}"  # noqa: S608
    step = FIRST_STEP
    while True:
        rows = store.database.query(sql, (What.EDIT, *([chat] if chat else []), *start, step))
        yield from rows
        if len(rows) < step:
            return
        start, step = (rows[-1]["at"], rows[-1]["n"]), min(2 * step, STEP)


def _hits(store: Store, rows: Sequence[sqlite3.Row], query: Query) -> list[Hit]:
    """These messages as they are shown, those that hold the words still."""
    if not rows:
        return []
    chats: dict[str, list[sqlite3.Row]] = {}
    numbers = json.dumps([row["n"] for row in rows])
    for row in store.database.query("SELECT * FROM messages WHERE n IN (SELECT value FROM json_each(?))", (numbers,)):
        chats.setdefault(row["chat"], []).append(row)
    known = chat_pages.names(store, list(chats))
    found = {
        row["n"]: _hit(chat, known.get(chat), message, row)
        for chat, whole in chats.items()
        for row, message in zip(whole, chat_pages.with_changes(store, chat, whole), strict=True)
        if holds(message.text, query.words)
    }
    return [found[row["n"]] for row in rows if row["n"] in found]


def _hit(chat: str, called: Called | None, message: ChatMessage, row: sqlite3.Row) -> Hit:
    name, given = (called.name, called.given is not None) if called else (None, False)
    return Hit(chat=chat, name=name, name_given=given, message=message, place=place(row))
