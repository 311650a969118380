"""Which forms were stored: one saved twice is one record, and a try without an answer is replaced by name."""

import sqlite3
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from web.local import LocalState

_KEPT = timedelta(days=40)


class Claim(NamedTuple):
    """What to write a form under. earlier: the version an earlier try may have written. stored: it succeeded."""

    id: str
    earlier: str
    stored: bool

    def head(self, version: str, now: datetime) -> dict[str, Any]:
        """What a record of it begins with, whatever it is: its place among its versions, and who made it."""
        return {
            "id": self.id,
            "revision": 2 if self.earlier else 1,
            "version": version,
            "replaces": (self.earlier,) if self.earlier else (),
            "created_at": now,
            "created_from": "web",
        }


class FormsKept:
    """The forms of this page's own state, by the id that each carries."""

    def __init__(self, state: LocalState) -> None:
        self._state = state

    def claim(self, form_id: str, content: str, version: str, now: datetime, other_id: str, *, once: bool) -> Claim:
        """The id to write under; `other_id` where this form was stored already with other content.

        `once`: whatever its content, this form is one record. A try without an answer may have been stored, so the
        next one replaces it by name instead of standing beside it.
        """
        with self._state.writing() as db:
            db.execute("DELETE FROM forms WHERE at < ?", ((now - _KEPT).isoformat(),))
            row = _row(db, form_id)
            if row and row[2] and (row[0] == content or once):
                return Claim(form_id, "", stored=True)
            earlier = row[1] if row and not row[2] else ""
            claim = Claim(other_id if row and row[2] else form_id, earlier, stored=False)
            _put(db, claim, content, version, now)
        return claim

    def claim_each(
        self, contents: Mapping[str, str], version: str, now: datetime, other_id: Callable[[str, str], str]
    ) -> list[Claim]:
        """The same for the records of one form, each with its own content: all or none.

        `other_id`: under what one goes, by its id and content, that was stored already with other content; the same
        each time, for there is one form, however often it is saved.
        """
        claimed: list[Claim] = []
        with self._state.writing() as db:
            for form_id, content in contents.items():
                for record_id in (form_id, other_id(form_id, content)):
                    row = _row(db, record_id)
                    if row is None or not row[2] or row[0] == content:
                        break  # else it was saved with other words, so this is another record
                else:
                    raise ValueError(f"{form_id} was claimed twice with different content")
                stored = bool(row and row[2])
                claimed.append(Claim(record_id, row[1] if row and not stored else "", stored))
                if not stored:
                    _put(db, claimed[-1], content, version, now)
        return claimed

    def stored(self, *form_ids: str) -> None:
        """What was claimed under these ids is in the storage."""
        with self._state.writing() as db:
            db.executemany("UPDATE forms SET stored = 1 WHERE id = ?", [(each,) for each in form_ids])


def _row(db: sqlite3.Connection, form_id: str) -> tuple[str, str, int] | None:
    """Content, version, and whether it is stored."""
    found: tuple[str, str, int] | None = db.execute(
        "SELECT content, version, stored FROM forms WHERE id = ?", (form_id,)
    ).fetchone()
    return found


def _put(db: sqlite3.Connection, claim: Claim, content: str, version: str, now: datetime) -> None:
    values = (claim.id, now.isoformat(), content, version)
    db.execute("INSERT OR REPLACE INTO forms (id, at, content, version, stored) VALUES (?, ?, ?, ?, 0)", values)
