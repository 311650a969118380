"""Reading captured chats from the session host: understood, or refused in a sentence."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any, TypeVar

from pydantic import ValidationError

from shared.clock import Clock
from shared.host_client import HostError, HostRefused
from shared.model.address import Address, BadAddress
from shared.model.chats import Chat, ChatMessages, Chats, Hits
from shared.model.values import Value
from web import texts, told
from web.kept_answer import KeptAnswer
from web.telling import Host

MOST = 500
BEGINNING = "0-0"
V = TypeVar("V", bound=Value)


class NoSuchChat(LookupError):
    """Nothing of this chat was captured, or its id is none."""


class CapturedChats:
    """The host's chats. Raises HostError with a sentence, NoSuchChat, and nothing else."""

    def __init__(self, host: Host) -> None:
        self._host = host

    def chats(self, before: str = "", limit: int = 50) -> Chats:
        """The chats with the newest messages first."""
        found = _understood(Chats, self._host.chats(before=before, limit=limit))
        if found.captured is None or not found.captured.gaps:
            return found
        return found.evolve(captured=found.captured.evolve(gaps=told.gaps(found.captured.gaps)))

    def all_chats(self, most: int) -> tuple[tuple[Chat, ...], bool]:
        """At most so many chats, the newest first, and whether there are more."""
        found: list[Chat] = []
        before = ""
        while len(found) < most:
            page = self.chats(before, min(MOST, most - len(found)))
            found += page.chats
            if page.next is None:
                return tuple(found), False
            before = page.next
        return tuple(found), True

    def page(self, chat: str, *, before: str = "", after: str = "", around: str = "", limit: int = 50) -> ChatMessages:
        """A page of one chat; at most one of the places."""
        try:
            known = Address.from_stored(chat[:100]).jid
            found = self._host.chat(known, before=before, after=after, around=around, limit=limit)
        except BadAddress:
            raise NoSuchChat(chat) from None
        except HostRefused as refused:
            if refused.status == 404:
                raise NoSuchChat(chat) from None
            raise
        understood = _understood(ChatMessages, found)
        return understood.evolve(gaps=told.gaps(understood.gaps)) if understood.gaps else understood

    def search(self, words: str, chat: str = "", before: str = "", limit: int = 50) -> Hits:
        """The messages that hold every word."""
        return _understood(Hits, self._host.search(words, chat_id=chat, before=before, limit=limit))

    def pages(self, first: ChatMessages) -> Iterator[ChatMessages]:
        """A whole chat, the oldest messages first; `first` is its first page, asked for with `after=BEGINNING`."""
        page = first
        yield page
        while page.previous is not None:
            page = self.page(page.chat, after=page.previous, limit=MOST)
            yield page


class WrittenBy:
    """Who has written to this account lately: the addresses of the newest chats, as messages store them."""

    def __init__(self, captured: CapturedChats, clock: Clock) -> None:
        self._kept: KeptAnswer[frozenset[str]] = KeptAnswer(
            "written-by", lambda: written_by(captured.chats(limit=MOST)), frozenset(), clock, kept=timedelta(minutes=2)
        )

    def known(self) -> frozenset[str]:
        """At most a few minutes old where the host answers; nobody where it does not."""
        return self._kept.known()


def written_by(found: Chats) -> frozenset[str]:
    """What somebody calls itself is known of those only who wrote."""
    return frozenset(
        str(Address.from_stored(each.id))
        for each in found.chats
        if each.push_name or (each.name and not each.name_given) or not each.last_from_me
    )


def _understood(model: type[V], answer: dict[str, Any]) -> V:
    try:
        return model.model_validate(answer)
    except ValidationError:
        raise HostError(texts.HOST_NOT_UNDERSTOOD) from None
