"""The captured chats of a host, answered as its API does, by its own code over a file of its own: for the page."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from session_host import capture_events, chat_pages, chat_search
from session_host.capture import REASONS
from session_host.capture_events import Seen
from session_host.captured import Store
from session_host.chat_pages import Turn
from shared.host_client import File, HostRefused
from shared.model.captured import Captured
from shared.model.chats import Gap, Kept
from shared.model.values import Value
from tests.builders import NOW
from tests.fakes import events


class KeptChats:
    """What was captured; the file is made when something is."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._store: Store | None = None
        self.files: dict[str, File] = {}
        self.since: datetime | None = None

    @property
    def store(self) -> Store:
        if self._store is None:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._store = Store(self._folder, NOW)
        return self._store

    def hear(self, *heard: Any) -> None:
        """These came in, in this order."""
        seen = [capture_events.of_message(events.parse(*events.raw(each))) for each in heard]
        self.store.take(seen, self.store.position(), NOW)

    def keep(self, *messages: Captured) -> None:
        """These were captured another way."""
        self.store.take([Seen(message=each) for each in messages], self.store.position(), NOW)

    def chats(self, *, before: str = "", limit: int = 50) -> dict[str, Any]:
        found = _answered(lambda: chat_pages.chats(self.store, before or None, limit))
        if before:
            return found
        gaps = self._gaps()
        kept = Kept(count=self.store.count(), since=self.since, days=30, gap_count=len(gaps), gaps=gaps)
        return found | {"captured": kept.as_json()}

    def chat(
        self, chat_id: str, *, before: str = "", after: str = "", around: str = "", limit: int = 50
    ) -> dict[str, Any]:
        turn = Turn(before or None, after or None, around or None)
        return _answered(lambda: chat_pages.messages(self.store, chat_id, turn, limit, self._gaps()))

    def search(self, words: str, *, chat_id: str = "", before: str = "", limit: int = 50) -> dict[str, Any]:
        def found() -> Value:
            query = chat_search.query_of(self.store, words, chat_id or None)
            return chat_search.search(self.store, query, before or None, limit)

        return _answered(found)

    def media(self, media_id: str) -> File:
        if media_id not in self.files:
            raise HostRefused("There is no file with this id.", 404, {})
        return self.files[media_id]

    def stamp(self) -> dict[str, Any]:
        """As /health tells it."""
        return {"count": self.store.count(), "last": None, "gapCount": len(self._gaps()), "gaps": []}

    def answer(self, path: str) -> dict[str, Any] | File:
        """The same by its address. Raises HostRefused."""
        parts = urlsplit(path)
        asked: dict[str, Any] = {name: values[0] for name, values in parse_qs(parts.query).items()}
        asked |= {"limit": int(asked["limit"])} if "limit" in asked else {}
        match parts.path.removeprefix("/api/v1/").split("/"):
            case ["chats"]:
                return self.chats(**asked)
            case ["chats", chat, "messages"]:
                return self.chat(unquote(chat), **asked)
            case ["search"]:
                return self.search(asked.pop("q", ""), chat_id=asked.pop("chat", ""), **asked)
            case ["media", media_id]:
                return self.media(media_id)
            case _:
                return {"groups": []}

    def _gaps(self) -> tuple[Gap, ...]:
        found = self.store.gaps()
        return tuple(
            Gap(since=since, until=until, reason=reason, sentence=REASONS[reason]) for since, until, reason in found
        )


def _answered(read: Callable[[], Value]) -> dict[str, Any]:
    try:
        return read().as_json()
    except chat_pages.BadQuery as error:
        raise HostRefused(str(error), 422, {}) from None
    except chat_pages.NoSuchChat:
        raise HostRefused("Nothing of this chat was captured.", 404, {}) from None
