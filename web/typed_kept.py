"""What was typed into a form that has sent its message at once: to stand there again where that is undone."""

from collections.abc import Mapping
from datetime import timedelta

from pydantic import TypeAdapter, ValidationError

from shared.clock import Clock
from web.local import LocalState

_KEPT = timedelta(days=1)
_FORM: TypeAdapter[dict[str, str]] = TypeAdapter(dict[str, str])


class TypedKept:
    """The fields of such forms, by the message's id, for a day."""

    def __init__(self, state: LocalState, clock: Clock) -> None:
        self._state, self._clock = state, clock

    def keep(self, message_id: str, typed: Mapping[str, str]) -> None:
        """Keep the fields as they were typed."""
        now = self._clock.now()
        with self._state.writing() as db:
            db.execute("DELETE FROM typed WHERE at < ?", ((now - _KEPT).isoformat(),))
            values = (message_id, now.isoformat(), _FORM.dump_json(dict(typed)))
            db.execute("INSERT OR REPLACE INTO typed (id, at, form) VALUES (?, ?, ?)", values)

    def find(self, message_id: str) -> dict[str, str] | None:
        """What was typed; None where that is not known here."""
        with self._state.reading() as db:
            row = db.execute("SELECT form FROM typed WHERE id = ?", (message_id,)).fetchone()
        try:
            return _FORM.validate_json(row[0]) if row else None
        except ValidationError:  # written by another version
            return None
