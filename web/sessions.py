"""Server-side sessions: the cookie holds a random token, the database only its hash. Each login makes a new one."""

import hashlib
import json
import secrets
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from web.local import LocalState

IDLE = timedelta(days=7)
ABSOLUTE = timedelta(days=30)
_TOUCH = timedelta(minutes=1)


class Session(NamedTuple):
    """Somebody who has shown the owner's password."""

    token_hash: str
    created_at: datetime


class Sessions:
    """All sessions of this page. Times are aware UTC."""

    def __init__(self, state: LocalState) -> None:
        self._state = state

    def begin(self, now: datetime, replaces: Session | None = None) -> str:
        """A new session's token, for the cookie; the session it replaces ends, and so do all that have run out."""
        token = secrets.token_urlsafe(32)
        with self._state.writing() as db:
            ended = (_at(now - IDLE), _at(now - ABSOLUTE))
            db.execute("DELETE FROM sessions WHERE seen_at < ? OR created_at < ?", ended)
            if replaces:
                db.execute("DELETE FROM sessions WHERE token_hash = ?", (replaces.token_hash,))
            values = (_hash(token), _at(now), _at(now))
            db.execute("INSERT INTO sessions (token_hash, created_at, seen_at) VALUES (?, ?, ?)", values)
        return token

    def find(self, token: str | None, now: datetime, *, touch: bool = True) -> Session | None:
        """The session behind a cookie while it is neither idle for too long nor too old; `touch` counts as activity."""
        if not token:
            return None
        hashed = _hash(token)
        with self._state.reading() as db:
            row = db.execute("SELECT created_at, seen_at FROM sessions WHERE token_hash = ?", (hashed,)).fetchone()
            if row is None:
                return None
            created_at, seen_at = (datetime.fromisoformat(value) for value in row)
            if now - seen_at > IDLE or now - created_at > ABSOLUTE:
                db.execute("DELETE FROM sessions WHERE token_hash = ?", (hashed,))
                return None
            if touch and now - seen_at > _TOUCH:
                db.execute("UPDATE sessions SET seen_at = ? WHERE token_hash = ?", (_at(now), hashed))
        return Session(hashed, created_at)

    def end(self, session: Session) -> None:
        """Log this one out."""
        with self._state.reading() as db:
            db.execute("DELETE FROM sessions WHERE token_hash = ?", (session.token_hash,))

    def end_all(self) -> None:
        """Log everybody out, as after a reset of the password."""
        with self._state.reading() as db:
            db.execute("DELETE FROM sessions")

    def end_others(self, session: Session) -> None:
        """Log everybody else out, as after a change of password."""
        with self._state.reading() as db:
            db.execute("DELETE FROM sessions WHERE token_hash <> ?", (session.token_hash,))

    def tell(self, session: Session, notice: dict[str, Any]) -> None:
        """Keep a notice for the next page this session opens."""
        with self._state.writing() as db:
            notices = [*self._notices(db, session), notice][-5:]
            kept = (json.dumps(notices), session.token_hash)
            db.execute("UPDATE sessions SET notices = ? WHERE token_hash = ?", kept)

    def take_notices(self, session: Session) -> list[dict[str, Any]]:
        """The notices kept so far, the oldest first; each is shown once."""
        with self._state.reading() as db:
            if not (notices := self._notices(db, session)):
                return []
            db.execute("UPDATE sessions SET notices = '[]' WHERE token_hash = ?", (session.token_hash,))
        return notices

    @staticmethod
    def _notices(db: Any, session: Session) -> list[dict[str, Any]]:
        row = db.execute("SELECT notices FROM sessions WHERE token_hash = ?", (session.token_hash,)).fetchone()
        return json.loads(row[0]) if row else []


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).hexdigest()


def _at(moment: datetime) -> str:
    return moment.isoformat(timespec="microseconds")
