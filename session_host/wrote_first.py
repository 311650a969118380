"""Whether they wrote first: what was captured of a chat since an instant, and whether it can be known (decision 44)."""

from datetime import datetime
from typing import NamedTuple

import structlog

from session_host import rules
from session_host.capture import REASONS, Capture
from session_host.database import LedgerError
from session_host.link import Link, chat_names
from session_host.undecryptable import Undecryptable
from shared.model.message import Message

log = structlog.get_logger(__name__)


class Answer(NamedTuple):
    """wrote_at: when they did. unknown: why nobody can say. wait: why it has to be asked again in a moment. None of
    these: they did not."""

    wrote_at: datetime | None = None
    unknown: str | None = None
    wait: str | None = None


THEY_DID_NOT = Answer()


class WroteFirst:
    """Asks capture. Any thread may call; raises nothing: what cannot be read now is a reason to wait."""

    def __init__(self, capture: Capture, undecryptable: Undecryptable, link: Link) -> None:
        self._capture, self._undecryptable = capture, undecryptable
        self._link = link

    def ask(self, content: Message, now: datetime) -> Answer:
        """Whether somebody else has written in the chat of this message after the instant that it names.

        A reaction, an edit or a deletion is no message; one that cannot be decrypted is.
        """
        after = content.cancel_if_they_write_after
        if after is None:
            return THEY_DID_NOT
        try:
            wait = self._capture.behind()  # before the look, or what is read in between would be seen by neither
            chats = self._chats(content.to)
            found = [self._capture.store.first_from_others(chats, after), self._undecryptable.first_in(chats, after)]
            if wrote_at := min((each for each in found if each is not None), default=None):
                return Answer(wrote_at=wrote_at)
            if wait is not None:
                return Answer(wait=wait)
            return Answer(unknown=self._not_known(content, after, now))
        except (LedgerError, OSError) as error:
            log.warning("not known whether they wrote first", reason=str(error))
            return Answer(wait=f"What came in cannot be read now, so nobody knows whether they wrote first: {error}")

    def _chats(self, to: str) -> set[str]:
        """Every name under which the chat may be stored: a phone number and a hidden number are one person."""
        if (names := chat_names(self._link, to)) is None:
            return set()
        address, hidden = names
        same = self._capture.store.same
        return {address.jid, same(address.jid), *([hidden, same(hidden)] if hidden else [])}

    def _not_known(self, content: Message, after: datetime, now: datetime) -> str | None:
        """Why what was captured does not tell, None where it does."""
        began = self._capture.began()
        if began is None or began > after:
            since = rules.in_words(began, content.zone) if began else "now"
            return f"Whether they wrote first is not known: what came in was captured only since {since}."
        for since_, until, reason in self._capture.store.gaps():
            if since_ <= now and (until is None or until >= after):
                times = f"from {rules.in_words(since_, content.zone)} "
                times += f"to {rules.in_words(until, content.zone)}" if until else "on"
                why = REASONS.get(reason, reason)
                return f"Whether they wrote first is not known, for something may have been missed {times}. {why}"
        return None
