"""Captured chats, read a page at a time: each message with what was done to it since."""

import json
import re
import sqlite3
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from pydantic import TypeAdapter, ValidationError

from session_host.capture_events import What
from session_host.captured import Store
from session_host.database import instant, micros
from shared.model.address import Address, BadAddress
from shared.model.chats import Chat, ChatMessage, ChatMessages, Chats, Gap, MediaFacts, Quoted, Reaction
from shared.model.values import Instant

MOST = 500
USUAL = 50
SNIPPET = 200
_NO_FILE = ("location", "contact")
END = (1 << 62, 1 << 62)
_CURSOR = re.compile(r"^(\d{1,17})-(\d{1,17})$", flags=re.ASCII)
_CHAT_CURSOR = re.compile(r"^(\d{1,17})-(\d{5,20}(?:-\d{5,20})?@[a-z.]{3,20})$", flags=re.ASCII)
_INSTANT: TypeAdapter[datetime] = TypeAdapter(Instant)
_EARLIEST, _LATEST = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)


class BadQuery(ValueError):
    """What was asked for cannot be; the message says what to ask."""


class NoSuchChat(LookupError):
    """Nothing of this chat was captured."""


class Turn(NamedTuple):
    """Which page is asked for: what came before or after a place, or what is around it; at most one of them."""

    before: str | None = None
    after: str | None = None
    around: str | None = None


class Called(NamedTuple):
    """What somebody is called: by the owner's phone, and by itself."""

    given: str | None = None
    push: str | None = None

    @property
    def name(self) -> str | None:
        """The owner's word first."""
        return self.given or self.push


_NAMELESS = Called()


class _Rows(NamedTuple):
    """A page's rows, the newest first, and whether there are older and newer ones."""

    rows: list[sqlite3.Row]
    older: bool
    newer: bool


def limit_of(text: str | None) -> int:
    """How many are asked for. Raises BadQuery."""
    if text is None:
        return USUAL
    if not re.fullmatch(r"\d{1,4}", text, flags=re.ASCII) or not 1 <= int(text) <= MOST:
        raise BadQuery(f"limit: a whole number from 1 to {MOST}.")
    return int(text)


def chats(store: Store, before: str | None, limit: int) -> Chats:
    """The chats with the newest messages first. Raises BadQuery, database.LedgerError."""
    last, than = END[0], "~"
    if before is not None and (found := _CHAT_CURSOR.match(before)):
        last, than = int(found[1]), found[2]
    elif before is not None:
        last, than = place_of("before", before)[0], ""
    rows = store.database.query(
        "SELECT m.chat, count(*) AS messages, max(m.at) AS last FROM messages m GROUP BY m.chat"
        " HAVING (max(m.at), m.chat) < (?, ?) ORDER BY last DESC, m.chat DESC LIMIT ?",
        (last, than, limit + 1),
    )
    known = names(store, [row["chat"] for row in rows[:limit]])
    shown = [_chat(store, row, known.get(row["chat"], _NAMELESS)) for row in rows[:limit]]
    more = rows[limit - 1] if len(rows) > limit else None
    return Chats(chats=tuple(shown), next=None if more is None else f"{more['last']}-{more['chat']}")


def messages(store: Store, chat_id: str, turn: Turn, limit: int, gaps: Sequence[Gap] = ()) -> ChatMessages:
    """Messages of one chat, the newest first, with those of the gaps that lie in their time.

    Raises BadQuery, NoSuchChat, database.LedgerError.
    """
    chat = address_of(store, chat_id)
    page = _page(store, chat, turn, limit)
    ((total,),) = store.database.query("SELECT count(*) FROM messages WHERE chat = ?", (chat,))
    if not page.rows and not total:
        raise NoSuchChat(chat)
    since, until = _time_of(page, turn)
    called = names(store, [chat]).get(chat, _NAMELESS)
    return ChatMessages(
        chat=chat,
        name=called.name,
        name_given=called.given is not None,
        messages=with_changes(store, chat, page.rows),
        total=total,
        next=place(page.rows[-1]) if page.older else None,
        previous=place(page.rows[0]) if page.newer else None,
        gaps=tuple(gap for gap in gaps if gap.since <= until and (gap.until is None or gap.until >= since)),
    )


def _time_of(page: _Rows, turn: Turn) -> tuple[datetime, datetime]:
    """From when to when it reaches: up to the place it was asked for by, so that nothing is between two pages."""
    edges = [instant(row["at"]) for row in (page.rows[-1:] + page.rows[:1])]
    since = edges[0] if page.older and edges else _EARLIEST
    until = edges[-1] if page.newer and edges else _LATEST
    if turn.after is not None and page.older:
        since = min(since, instant(place_of("after", turn.after)[0]))
    if turn.before is not None and page.newer:
        until = max(until, instant(place_of("before", turn.before)[0]))
    return since, until


def _page(store: Store, chat: str, turn: Turn, limit: int) -> _Rows:
    if turn.after is not None:
        newer = _newer(store, chat, place_of("after", turn.after), limit + 1)
        rows = newer[-limit:]
        return _Rows(rows, _any_older(store, chat, rows), len(newer) > limit)
    if turn.around is not None:
        middle = place_of("around", turn.around)
        half = limit // 2
        newer = _newer(store, chat, middle, half + 1)
        older = _older(store, chat, (middle[0], middle[1] + 1), limit - half + 1)
        rows = newer[-half:] if half else []
        rows += older[: limit - half]
        return _Rows(rows, len(older) > limit - half, len(newer) > half)
    older = _older(store, chat, END if turn.before is None else place_of("before", turn.before), limit + 1)
    rows = older[:limit]
    newest = (rows[0]["at"], rows[0]["n"]) if rows else END
    is_newer = turn.before is not None and bool(_newer(store, chat, newest, 1))
    return _Rows(rows, len(older) > limit, is_newer)


def _older(store: Store, chat: str, than: tuple[int, int], most: int) -> list[sqlite3.Row]:
    return store.database.query(
        "SELECT * FROM messages WHERE chat = ? AND (at, n) < (?, ?) ORDER BY at DESC, n DESC LIMIT ?",
        (chat, *than, most),
    )


def _newer(store: Store, chat: str, than: tuple[int, int], most: int) -> list[sqlite3.Row]:
    """The ones that follow, the newest of them first."""
    rows = store.database.query(
        "SELECT * FROM messages WHERE chat = ? AND (at, n) > (?, ?) ORDER BY at, n LIMIT ?", (chat, *than, most)
    )
    return rows[::-1]


def _any_older(store: Store, chat: str, rows: Sequence[sqlite3.Row]) -> bool:
    return bool(rows and _older(store, chat, (rows[-1]["at"], rows[-1]["n"]), 1))


def address_of(store: Store, chat_id: str) -> str:
    """What a chat is stored under. Raises BadQuery."""
    try:
        return store.same(Address.from_stored(chat_id).jid)
    except BadAddress:
        raise BadQuery("id: a chat's id as /api/v1/chats lists it, or a phone number in digits.") from None


def place(row: sqlite3.Row) -> str:
    """Where a message stands in its chat, for `before`, `after` and `around`."""
    return f"{row['at']}-{row['n']}"


def place_of(name: str, text: str) -> tuple[int, int]:
    """The place, or the moment, that a query names. Raises BadQuery."""
    if found := _CURSOR.match(text):
        return int(found[1]), int(found[2])
    try:
        return micros(_INSTANT.validate_strings(text)), 0
    except ValidationError:
        raise BadQuery(f"{name}: the place that an earlier page told, or a time like 2026-12-24T10:00:00Z.") from None


def names(store: Store, addresses: Sequence[str]) -> dict[str, Called]:
    """What these are called, where that was seen."""
    found = store.database.query(
        "SELECT a.value AS address, g.name AS given, n.name AS push FROM json_each(?) a"
        " LEFT JOIN given g ON g.address = a.value LEFT JOIN names n ON n.address = a.value",
        (json.dumps(addresses),),
    )
    return {row["address"]: Called(row["given"], row["push"]) for row in found if row["given"] or row["push"]}


def _chat(store: Store, row: sqlite3.Row, called: Called) -> Chat:
    newest = with_changes(store, row["chat"], _older(store, row["chat"], END, 1))[0]
    return Chat(
        id=row["chat"], name=called.name, name_given=called.given is not None, push_name=called.push,
        last_at=newest.at, last_text=newest.text[:SNIPPET], last_kind=newest.kind,
        last_from_me=newest.from_me, messages=row["messages"],
    )  # fmt: skip


def with_changes(store: Store, chat: str, rows: Sequence[sqlite3.Row]) -> tuple[ChatMessage, ...]:
    """These messages of one chat as they are shown: edited, deleted, reacted to, and with what they answer."""
    quoted = sorted({row["quoted"] for row in rows if row["quoted"]})
    answered = store.database.query(
        "SELECT * FROM messages WHERE chat = ? AND id IN (SELECT value FROM json_each(?)) ORDER BY at DESC, n DESC",
        (chat, json.dumps(quoted)),
    ) if quoted else []  # fmt: skip
    changes = _changes(store, chat, [*(row["id"] for row in rows), *quoted])
    senders = sorted({row["sender"] for row in (*rows, *answered)}) if chat.endswith("@g.us") else []
    known = names(store, senders) if senders else {}
    quotes = {row["id"]: _quoted(_shown(row, changes.get(row["id"], ()), known, {})) for row in answered}
    return tuple(_shown(row, changes.get(row["id"], ()), known, quotes) for row in rows)


def _changes(store: Store, chat: str, ids: Sequence[str]) -> dict[str, list[sqlite3.Row]]:
    changes: dict[str, list[sqlite3.Row]] = {}
    for each in store.database.query(
        "SELECT * FROM changes WHERE chat = ? AND id IN (SELECT value FROM json_each(?)) ORDER BY at, by",
        (chat, json.dumps(ids)),
    ):
        changes.setdefault(each["id"], []).append(each)
    return changes


def _quoted(message: ChatMessage) -> Quoted:
    return Quoted(
        id=message.id, sender=message.sender, sender_name=message.sender_name,
        sender_name_given=message.sender_name_given, from_me=message.from_me, kind=message.kind,
        text=message.text[:SNIPPET],
    )  # fmt: skip


def _shown(
    row: sqlite3.Row, changes: Sequence[sqlite3.Row], known: Mapping[str, Called], quotes: Mapping[str, Quoted]
) -> ChatMessage:
    """Only its author edits a message; it is deleted by its author, in a group also by who runs it."""
    group = row["chat"].endswith("@g.us")
    edits = [each for each in changes if each["what"] == What.EDIT and each["by"] == row["sender"]]
    gone = [each for each in changes if each["what"] == What.DELETE and (group or each["by"] == row["sender"])]
    text = edits[-1]["text"] if edits else row["text"]
    called = known.get(row["sender"], _NAMELESS)
    return ChatMessage(
        id=row["id"],
        sender=row["sender"] or None,
        sender_name=called.name,
        sender_name_given=called.given is not None,
        from_me=bool(row["from_me"]),
        at=instant(row["at"]),
        kind=row["kind"],
        text="" if gone else text,
        quoted=row["quoted"],
        answers=quotes.get(row["quoted"]),
        media=None if gone else _media(row["raw"]),
        edited_at=instant(edits[-1]["at"]) if edits else None,
        deleted_at=instant(gone[0]["at"]) if gone else None,
        reactions=tuple(
            Reaction(by=each["by"] or None, emoji=each["text"], at=instant(each["at"]))
            for each in changes
            if each["what"] == What.REACTION and each["text"]
        ),
    )


def _media(raw: str | None) -> MediaFacts | None:
    """What is kept beside a message of its file: as its sender described it, or as this host sent it.

    What makes no sense says nothing.
    """
    kept = json.loads(raw) if raw else {}
    described = kept.get("media") or kept.get("attachment")
    if not isinstance(described, dict) or described.get("kind") in _NO_FILE:
        return None
    try:
        return MediaFacts.model_validate(
            {name: described[name] for name in MediaFacts.model_fields if name in described}
        )
    except ValidationError:
        return None
