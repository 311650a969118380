"""Who may be there twice, without those of whom a person has said that they are not the same."""

import hashlib
from collections.abc import Iterable

from shared.clock import Clock
from shared.model.contact import Contact
from web.local import LocalState
from web.search import ContactIndex


class Alike:
    """Remembers who is not the same, in this page's own database: losing it only suggests them again."""

    def __init__(self, state: LocalState, clock: Clock) -> None:
        self._state, self._clock = state, clock

    def groups(self, index: ContactIndex) -> list[tuple[Contact, ...]]:
        """The groups to suggest. One that has a new member is suggested again."""
        if not index.alike:
            return []
        with self._state.reading() as db:
            apart = {row[0] for row in db.execute("SELECT people FROM apart")}
        return [group for group in index.alike if not apart or key_of(each.id for each in group) not in apart]

    def set_apart(self, ids: Iterable[str]) -> str:
        """These are not the same person; the key under which `forget` takes that back."""
        key = key_of(ids)
        with self._state.writing() as db:
            db.execute("INSERT OR REPLACE INTO apart (people, at) VALUES (?, ?)", (key, self._clock.now().isoformat()))
        return key

    def forget(self, key: str) -> bool:
        """Suggest them again; False where nothing was said of them."""
        with self._state.reading() as db:
            return db.execute("DELETE FROM apart WHERE people = ?", (key,)).rowcount > 0


def key_of(ids: Iterable[str]) -> str:
    """The same for the same people, in whatever order."""
    return hashlib.blake2s("\n".join(sorted(ids)).encode(), digest_size=12).hexdigest()
