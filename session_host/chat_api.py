"""The send API's chats: what was captured, a page at a time, and searched."""

from collections.abc import Callable
from typing import TypeVar

from flask import request

from session_host import chat_pages, chat_search
from session_host.capture import REASONS, CaptureFacts
from session_host.chat_pages import Turn
from session_host.contract import Answer, Call, Contract, Refusal
from session_host.host import Host
from shared.model.access import Scope
from shared.model.chats import ChatMessages, Chats, Gap, Hits, Kept
from shared.model.values import Value

GAPS_TOLD = 20

A = TypeVar("A", bound=Value)


class ChatApi:
    """The views; they are added to the contract's blueprint."""

    def __init__(self, host: Host, contract: Contract) -> None:
        self._host = host
        page = {"before": False, "limit": False}
        contract.add(
            "GET", "/api/v1/chats", self.chats, scope=Scope.READ, query=page, answers={200: Chats},
            summary="The chats that were captured so far, the newest first; 'before' takes an answer's 'next'.",
        )  # fmt: skip
        contract.add(
            "GET", "/api/v1/chats/<chat_id>/messages", self.messages, scope=Scope.READ,
            query={**page, "after": False, "around": False}, answers={200: ChatMessages},
            summary="What was captured of a chat, the newest first; 'before' takes an answer's 'next', or a time.",
        )  # fmt: skip
        contract.add(
            "GET", "/api/v1/search", self.search, scope=Scope.READ,
            query={"q": True, "chat": False, **page}, answers={200: Hits},
            summary="The captured messages that hold every word of 'q', the newest first.",
        )  # fmt: skip

    def chats(self, _: Call) -> Answer:
        before = request.args.get("before")
        if before is None:
            self._host.names_looked_at()
        found = _answered(lambda limit: chat_pages.chats(self._host.capture.store, before, limit))
        return Answer(found if before is not None else found.evolve(captured=self._kept()))

    def messages(self, _: Call, chat_id: str) -> Answer:
        turn = Turn(*(request.args.get(name) for name in Turn._fields))
        if sum(each is not None for each in turn) > 1:
            raise Refusal(422, "Not understood", "before, after, around: one of them at most.")
        gaps, store = _gaps(self._facts()), self._host.capture.store
        return Answer(_answered(lambda limit: chat_pages.messages(store, chat_id, turn, limit, gaps)))

    def search(self, _: Call) -> Answer:
        asked, store = request.args, self._host.capture.store

        def found(limit: int) -> Hits:
            query = chat_search.query_of(store, asked.get("q"), asked.get("chat"))
            return chat_search.search(store, query, asked.get("before"), limit)

        return Answer(_answered(found))

    def _facts(self) -> CaptureFacts:
        now = self._host.clock.now()
        return self._host.capture.facts(now, self._host.undecryptable.facts(now).since)

    def _kept(self) -> Kept:
        facts, capture = self._facts(), self._host.capture
        gaps = _gaps(facts)
        return Kept(
            count=facts.messages, since=capture.since(self._host.clock.now()), days=capture.kept.days,
            trouble=facts.trouble, gap_count=len(gaps), gaps=gaps[:GAPS_TOLD],
        )  # fmt: skip


def _gaps(facts: CaptureFacts) -> tuple[Gap, ...]:
    return tuple(
        Gap(since=each.since, until=each.until, reason=each.reason, sentence=REASONS.get(each.reason, ""))
        for each in facts.gaps
    )


def _answered(read: Callable[[int], A]) -> A:
    """What `read` finds for the request's limit. Raises Refusal."""
    try:
        return read(chat_pages.limit_of(request.args.get("limit")))
    except chat_pages.BadQuery as error:
        raise Refusal(422, "Not understood", str(error)) from None
    except chat_pages.NoSuchChat:
        sentence = "Nothing of this chat was captured: /api/v1/chats lists what was."
        raise Refusal(404, "No such chat", sentence) from None
