"""What the people and groups of the captured chats are called: as in the contacts, else as they call themselves."""

import threading
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as TooSlow
from datetime import datetime, timedelta

import structlog

from shared.clock import Clock
from shared.host_client import HostError
from shared.model import address
from shared.model.address import Address, BadAddress, Kind
from shared.model.contact import Contact
from web import texts
from web.search import ContactIndex
from web.telling import Host

PATIENCE_SECONDS = 1.0
"""How long a page waits for the names of the groups; without them, a group is called a group."""

log = structlog.get_logger(__name__)


class Names:
    """The names of one page. `groups`: a group's address → what it is called."""

    def __init__(self, index: ContactIndex, groups: Mapping[str, str]) -> None:
        self._index, self._groups = index, groups

    def of(self, chat: str, told: str | None = None) -> str:
        """What to call it; `told` is what a person calls itself, which is shown with a ~ before it."""
        if contact := self.contact(chat):
            return contact.shown_name
        if chat.endswith(f"@{Kind.GROUP.value}"):
            return self._groups.get(chat) or texts.GROUP
        if told and told.strip():
            return f"~{told.strip()}"
        if chat.endswith(f"@{Kind.LID.value}"):
            return texts.HIDDEN_NUMBER.format(end=address.masked(chat))
        return address.pretty(chat)

    def contact(self, chat: str) -> Contact | None:
        """The contact with this number, where there is one."""
        try:
            found = Address.from_stored(chat)
        except BadAddress:
            return None
        return self._index.by_number(found.user) if found.kind is Kind.PHONE else None


class GroupNames:
    """What the groups of the account are called, asked in the background and kept for a while. Any thread may call."""

    KEPT, AGAIN = timedelta(minutes=10), timedelta(minutes=1)

    def __init__(self, host: Host, clock: Clock) -> None:
        self._host, self._clock = host, clock
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="group-names")
        self._lock = threading.Lock()
        self._known: Mapping[str, str] = {}
        self._until: datetime | None = None
        self._asking: Future[None] | None = None

    def known(self) -> Mapping[str, str]:
        """Address → name, at most a few minutes old where the host answers; waits a moment for the first answer."""
        with self._lock:
            if self._until is not None and self._clock.now() < self._until:
                return self._known
            if self._asking is None:
                self._asking = self._thread.submit(self._ask)
            asking, known = self._asking, self._known
        try:
            asking.result(timeout=0 if known else PATIENCE_SECONDS)
        except TooSlow:
            return known
        with self._lock:
            return self._known

    def _ask(self) -> None:
        known, kept = self._known, self.AGAIN
        try:
            known, kept = {each.id: each.name for each in self._host.groups()}, self.KEPT
        except HostError as error:
            log.info("group names not known", reason=str(error))
        finally:
            with self._lock:
                self._known, self._until, self._asking = known, self._clock.now() + kept, None
