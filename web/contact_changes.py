"""Changing many contacts at once: few operations for thousands of records, and one undo for all of them."""

import gzip
import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import islice
from typing import Any, NamedTuple

from pydantic import TypeAdapter

from shared.clock import Clock
from shared.model.contact import Contact
from shared.model.values import Value
from shared.store.oplog import Writer
from shared.store.view import View
from web.contact_book import CONTENT
from web.local import LocalState
from web.scheduling import new_id
from web.telling import Telling

AT_ONCE = 2000
"""Contacts in one operation: a put of some 50 kB packed."""

UNDONE_WITHIN = timedelta(days=7)
"""How long a change can be taken back here; what it was before is kept for so long in this page's own database."""


_UNDO = "~undo"


class Edit(NamedTuple):
    """What becomes of one contact: `content` replaces these fields of `contact`, or makes a new one under `new_id`."""

    content: Mapping[str, Any]
    contact: Contact | None = None
    new_id: str = ""


class Undone(NamedTuple):
    """How many contacts are as they were before, and how many were left because somebody has changed them since; or
    that it had been taken back `already`."""

    restored: int
    left: int
    already: bool = False


class _Before(Value):
    """One contact before a change: a digest of what the change wrote, and what stood there (None: it is new)."""

    id: str
    wrote: str
    content: dict[str, Any] | None = None


_LIST: TypeAdapter[list[_Before]] = TypeAdapter(list[_Before])


class ContactChanges:
    """Writes edits of many contacts, and takes them back. Raises StoreError when the storage did not take them; what
    was written until then stays, and can be taken back."""

    def __init__(self, writer: Writer, view: View, telling: Telling, state: LocalState, clock: Clock) -> None:
        self._writer, self._view, self._telling, self._state, self._clock = writer, view, telling, state, clock

    def apply(
        self, edits: Iterable[Edit], change_id: str = "", progress: Callable[[int], None] = lambda _: None
    ) -> str:
        """Write these; the id under which `undo` takes them back. `progress` hears how many are written."""
        now = self._clock.now()
        change_id = change_id or new_id(now)
        waiting, written = iter(edits), 0
        while chunk := list(islice(waiting, AT_ONCE)):
            name = self._writer.reserve()
            records = [_record(edit, name, now) for edit in chunk]
            before = [
                _Before(id=record.id, wrote=_digest(record), content=_content(edit.contact) if edit.contact else None)
                for edit, record in zip(chunk, records, strict=True)
            ]
            self._note(change_id, name, now, before)  # first: without it what is written now could not be taken back
            self._view.remember(self._writer.append(name, now, contacts=records))
            written += len(records)
            progress(written)
        if written:
            self._telling.tell([])
        return change_id

    def undo(self, change_id: str) -> Undone | None:
        """Put back what this change replaced, except where somebody changed it since; None where nothing is known."""
        notes = self._noted(change_id)
        if notes is None or self._noted(f"{change_id}{_UNDO}"):
            return None if notes is None else Undone(0, 0, already=True)
        now, left = self._clock.now(), 0
        contacts = self._view.read(now).contacts
        edits = []
        for before in notes:
            contact = contacts.get(before.id)
            if contact is None or _digest(contact) != before.wrote:
                left += contact is not None
                continue
            content = Contact(id=contact.id, **before.content) if before.content is not None else None
            kept = {name: getattr(content, name) for name in CONTENT} if content else {"deleted_at": now}
            edits.append(Edit(kept, contact))
        self.apply(edits, f"{change_id}{_UNDO}")
        return Undone(len(edits), left)

    def _note(self, change_id: str, name: str, now: datetime, before: Sequence[_Before]) -> None:
        packed = gzip.compress(_LIST.dump_json(list(before), exclude_defaults=True), compresslevel=3)
        with self._state.writing() as db:
            db.execute("DELETE FROM changes WHERE at < ?", ((now - UNDONE_WITHIN).isoformat(),))
            values = (change_id, name, now.isoformat(), packed)
            db.execute("INSERT INTO changes (id, version, at, before) VALUES (?, ?, ?, ?)", values)

    def _noted(self, change_id: str) -> list[_Before] | None:
        since = (self._clock.now() - UNDONE_WITHIN).isoformat()
        with self._state.reading() as db:
            query = "SELECT before FROM changes WHERE id = ? AND at >= ? ORDER BY version"
            rows = db.execute(query, (change_id, since)).fetchall()
        return [each for (packed,) in rows for each in _LIST.validate_json(gzip.decompress(packed))] if rows else None


def _record(edit: Edit, version: str, now: datetime) -> Contact:
    if edit.contact is not None:
        return edit.contact.edited(version, **edit.content)
    return Contact(id=edit.new_id, revision=1, version=version, created_at=now, **edit.content)


def _content(contact: Contact) -> dict[str, Any]:
    return contact.model_dump(mode="json", include=set(CONTENT), exclude_defaults=True)


def _digest(contact: Contact) -> str:
    """The same for the same content, whoever wrote it: what was changed and changed back counts as untouched."""
    content = json.dumps(_content(contact), sort_keys=True).encode()
    return hashlib.blake2s(content, digest_size=12).hexdigest()
