"""Which forms were stored: one saved twice is one record, and a try without an answer is replaced by name."""

from datetime import datetime, timedelta
from typing import NamedTuple

from web.local import LocalState

_KEPT = timedelta(days=40)


class Claim(NamedTuple):
    """What to write a form under. earlier: the version an earlier try may have written. stored: it succeeded."""

    id: str
    earlier: str
    stored: bool


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
            row = db.execute("SELECT content, version, stored FROM forms WHERE id = ?", (form_id,)).fetchone()
            if row and row[2] and (row[0] == content or once):
                return Claim(form_id, "", stored=True)
            earlier = ""
            if row and row[2]:
                form_id = other_id
            elif row:
                earlier = row[1]
            values = (form_id, now.isoformat(), content, version)
            db.execute("INSERT OR REPLACE INTO forms (id, at, content, version, stored) VALUES (?, ?, ?, ?, 0)", values)
        return Claim(form_id, earlier, stored=False)

    def stored(self, form_id: str) -> None:
        """What was claimed under this id is in the storage."""
        with self._state.reading() as db:
            db.execute("UPDATE forms SET stored = 1 WHERE id = ?", (form_id,))
