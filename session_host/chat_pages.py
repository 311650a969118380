"""Captured chats, read a page at a time: each message with what was done to it since."""

import json
import re
import sqlite3
from collections.abc import Sequence
from datetime import datetime

from pydantic import TypeAdapter, ValidationError

from session_host.capture_events import What
from session_host.captured import Store
from session_host.database import instant, micros
from shared.model.address import Address, BadAddress
from shared.model.chats import Chat, ChatMessage, ChatMessages, Chats, Reaction
from shared.model.values import Instant

MOST = 500
USUAL = 50
SNIPPET = 200
_END = (1 << 62, 1 << 62)
_CURSOR = re.compile(r"^(\d{1,17})-(\d{1,17})$", flags=re.ASCII)
_CHAT_CURSOR = re.compile(r"^(\d{1,17})-(\d{5,20}(?:-\d{5,20})?@[a-z.]{3,20})$", flags=re.ASCII)
_INSTANT: TypeAdapter[datetime] = TypeAdapter(Instant)


class BadQuery(ValueError):
    """What was asked for cannot be; the message says what to ask."""


class NoSuchChat(LookupError):
    """Nothing of this chat was captured."""


def limit_of(text: str | None) -> int:
    """How many are asked for. Raises BadQuery."""
    if text is None:
        return USUAL
    if not re.fullmatch(r"\d{1,4}", text, flags=re.ASCII) or not 1 <= int(text) <= MOST:
        raise BadQuery(f"limit: a whole number from 1 to {MOST}.")
    return int(text)


def chats(store: Store, before: str | None, limit: int) -> Chats:
    """The chats with the newest messages first. Raises BadQuery, database.LedgerError."""
    last, than = _END[0], "~"
    if before is not None and (found := _CHAT_CURSOR.match(before)):
        last, than = int(found[1]), found[2]
    elif before is not None:
        last, than = _before(before)[0], ""
    rows = store.database.query(
        "SELECT m.chat, count(*) AS messages, max(m.at) AS last, n.name FROM messages m"
        " LEFT JOIN names n ON n.address = m.chat GROUP BY m.chat"
        " HAVING (max(m.at), m.chat) < (?, ?) ORDER BY last DESC, m.chat DESC LIMIT ?",
        (last, than, limit + 1),
    )
    shown = [_chat(store, row) for row in rows[:limit]]
    more = rows[limit - 1] if len(rows) > limit else None
    return Chats(chats=tuple(shown), next=None if more is None else f"{more['last']}-{more['chat']}")


def messages(store: Store, chat_id: str, before: str | None, limit: int) -> ChatMessages:
    """Messages of one chat, the newest first. Raises BadQuery, NoSuchChat, database.LedgerError."""
    chat = _address(store, chat_id)
    rows = store.database.query(
        "SELECT * FROM messages WHERE chat = ? AND (at, n) < (?, ?) ORDER BY at DESC, n DESC LIMIT ?",
        (chat, *(_END if before is None else _before(before)), limit + 1),
    )
    if not rows and not store.database.query("SELECT 1 FROM messages WHERE chat = ? LIMIT 1", (chat,)):
        raise NoSuchChat(chat)
    shown = rows[:limit]
    more = f"{shown[-1]['at']}-{shown[-1]['n']}" if len(rows) > limit else None
    return ChatMessages(chat=chat, messages=_with_changes(store, chat, shown), next=more)


def _address(store: Store, chat_id: str) -> str:
    try:
        return store.same(Address.from_stored(chat_id).jid)
    except BadAddress:
        raise BadQuery("id: a chat's id as /api/v1/chats lists it, or a phone number in digits.") from None


def _before(text: str) -> tuple[int, int]:
    if found := _CURSOR.match(text):
        return int(found[1]), int(found[2])
    try:
        return micros(_INSTANT.validate_strings(text)), 0
    except ValidationError:
        raise BadQuery("before: the 'next' of an earlier page, or a time like 2026-12-24T10:00:00Z.") from None


def _chat(store: Store, row: sqlite3.Row) -> Chat:
    newest = messages(store, row["chat"], None, 1).messages[0]
    return Chat(
        id=row["chat"], name=row["name"], last_at=newest.at, last_text=newest.text[:SNIPPET], last_kind=newest.kind,
        last_from_me=newest.from_me, messages=row["messages"],
    )  # fmt: skip


def _with_changes(store: Store, chat: str, rows: Sequence[sqlite3.Row]) -> tuple[ChatMessage, ...]:
    ids = json.dumps([row["id"] for row in rows])
    changes: dict[str, list[sqlite3.Row]] = {}
    for each in store.database.query(
        "SELECT * FROM changes WHERE chat = ? AND id IN (SELECT value FROM json_each(?)) ORDER BY at, by", (chat, ids)
    ):
        changes.setdefault(each["id"], []).append(each)
    return tuple(_shown(row, changes.get(row["id"], ())) for row in rows)


def _shown(row: sqlite3.Row, changes: Sequence[sqlite3.Row]) -> ChatMessage:
    """Only its author edits a message; it is deleted by its author, in a group also by who runs it."""
    group = row["chat"].endswith("@g.us")
    edits = [each for each in changes if each["what"] == What.EDIT and each["by"] == row["sender"]]
    gone = [each for each in changes if each["what"] == What.DELETE and (group or each["by"] == row["sender"])]
    text = edits[-1]["text"] if edits else row["text"]
    return ChatMessage(
        id=row["id"],
        sender=row["sender"] or None,
        from_me=bool(row["from_me"]),
        at=instant(row["at"]),
        kind=row["kind"],
        text="" if gone else text,
        quoted=row["quoted"],
        edited_at=instant(edits[-1]["at"]) if edits else None,
        deleted_at=instant(gone[0]["at"]) if gone else None,
        reactions=tuple(
            Reaction(by=each["by"] or None, emoji=each["text"], at=instant(each["at"]))
            for each in changes
            if each["what"] == What.REACTION and each["text"]
        ),
    )
