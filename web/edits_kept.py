"""What a record was before an edit: so that the edit can be taken back by one that names its version."""

from datetime import timedelta
from typing import TypeVar

from pydantic import ValidationError

from shared.clock import Clock
from shared.model.versioned import Versioned
from web.local import LocalState

UNDONE_WITHIN = timedelta(days=7)
"""How long an edit can be taken back here."""

R = TypeVar("R", bound=Versioned)


class EditsKept:
    """The contents that edits of this page replaced, by the record's id and the version of the edit."""

    def __init__(self, state: LocalState, clock: Clock) -> None:
        self._state, self._clock = state, clock

    def keep(self, before: Versioned, version: str) -> None:
        """Keep what the edit `version` is about to replace."""
        now = self._clock.now()
        with self._state.writing() as db:
            db.execute("DELETE FROM edits WHERE at < ?", ((now - UNDONE_WITHIN).isoformat(),))
            values = (before.id, version, now.isoformat(), before.head().model_dump_json(by_alias=True))
            db.execute("INSERT OR REPLACE INTO edits (id, version, at, before) VALUES (?, ?, ?, ?)", values)

    def find(self, kind: type[R], record_id: str, version: str) -> R | None:
        """What stood there before this edit; None where that is not known here, or no longer."""
        since = (self._clock.now() - UNDONE_WITHIN).isoformat()
        with self._state.reading() as db:
            query = "SELECT before FROM edits WHERE id = ? AND version = ? AND at >= ?"
            row = db.execute(query, (record_id, version, since)).fetchone()
        try:
            return kind.model_validate_json(row[0]) if row else None
        except ValidationError:  # another kind of record has this id, or another version of this page wrote it
            return None
