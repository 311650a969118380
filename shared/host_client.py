"""The session host's API as a client sees it: used by web, the tick and the command line.

Only what urllib3 1.26 and 2.x have in common is used: inside Lambda it is the runtime's own urllib3. Redirects are
never followed and nothing is retried here: the next tick, or the person, is the retry.
"""

import json
from collections.abc import Mapping
from datetime import datetime
from ipaddress import ip_address
from typing import Any, NamedTuple, TypeVar
from urllib.parse import quote, urlencode, urlsplit

import urllib3
from pydantic import ValidationError

from shared.model.access import ApiTokens, MadeToken, NewToken
from shared.model.message import Verdict
from shared.model.owner_settings import PaceStanding
from shared.model.pace import Forecast
from shared.model.sentence import said
from shared.model.values import Value, print_instant
from shared.model.wire import (
    Group,
    Groups,
    Handover,
    HandoverAnswer,
    Judgement,
    MessageChange,
    NewMessage,
    Pair,
    StoredMedia,
    Takeover,
)
from shared.settings import HostAddress

CONNECT_SECONDS = 3.0
READ_SECONDS = 10.0
HEALTH_SECONDS = 5.0
"""Health is asked for all the time and answered at once: what takes longer hangs."""
CODE_SECONDS = 110.0
"""A code to type waits for a connection (30 s) and for WhatsApp's answer (75 s)."""
MEDIA_SECONDS = 60.0
"""A file waits its turn (30 s) and for the bucket."""
SEARCH_SECONDS = 30.0


V = TypeVar("V", bound=Value)


def on_this_machine(host: str) -> bool:
    """Whether what is sent to this name or address never leaves the machine.

    >>> on_this_machine("127.0.0.2"), on_this_machine("::1"), on_this_machine("127.0.0.1.example")
    (True, True, False)
    """
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


class File(NamedTuple):
    """A file's bytes and its type, as a request's body."""

    data: bytes
    mime: str


class HostError(Exception):
    """The session host did not do what was asked; the message says what happened and what to do."""


class HostUnreachable(HostError):
    """No answer came; whether the request was carried out is not known."""


class HostRefused(HostError):
    """The host answered no; `status` is the HTTP status, `problem` its problem document."""

    def __init__(self, sentence: str, status: int, problem: Mapping[str, Any]) -> None:
        super().__init__(sentence)
        self.status = status
        self.problem = problem


class HostClient:
    """One session host. Safe to use from several threads. Raises HostError from each call, and nothing else."""

    def __init__(self, address: HostAddress) -> None:
        """Refuses http beyond this machine, for the token would travel in clear text (HostError)."""
        parts = urlsplit(address.url)
        if parts.scheme == "http" and not on_this_machine(parts.hostname or ""):
            raise HostError(
                f"HOST_URL is http to {parts.hostname}: use https, or the token would be readable on the way."
            )
        self._base = address.url.rstrip("/")
        self._token = address.token
        self._pool = urllib3.PoolManager(num_pools=2, maxsize=8, retries=False)

    def handover(self, handover: Handover) -> HandoverAnswer:
        """Hand over what is due; an empty handover is a heartbeat. A missing answer may still have been carried out."""
        return _told(HandoverAnswer, self._ask("POST", "/api/v1/messages/batch", handover))

    def send(self, message: NewMessage, *, wait_seconds: int | None = None, key: str | None = None) -> dict[str, Any]:
        """Send or schedule one message; with `wait_seconds` the answer tells its result. `key` makes it repeatable."""
        headers = {"Prefer": f"wait={wait_seconds}"} if wait_seconds else {}
        if key:
            headers["Idempotency-Key"] = key
        seconds = READ_SECONDS + (wait_seconds or 0)
        return self._ask("POST", "/api/v1/messages", message, headers=headers, read_seconds=seconds)

    def store_media(self, data: bytes, mime: str, name: str | None = None) -> StoredMedia:
        """Store a file that an attachment can name; the same bytes again are the same file."""
        query = f"?{urlencode({'name': name})}" if name else ""
        return _told(
            StoredMedia, self._ask("POST", f"/api/v1/media{query}", File(data, mime), read_seconds=MEDIA_SECONDS)
        )

    def groups(self) -> tuple[Group, ...]:
        """The groups this account is in."""
        return _told(Groups, self._ask("GET", "/api/v1/groups")).groups

    def message(self, message_id: str) -> dict[str, Any]:
        """One message as the host knows it."""
        return self._ask("GET", f"/api/v1/messages/{quote(message_id, safe='')}")

    def change(self, message_id: str, change: MessageChange) -> dict[str, Any]:
        """Edit or cancel one message that has not begun."""
        return self._ask("PATCH", f"/api/v1/messages/{quote(message_id, safe='')}", change)

    def cancel(self, message_id: str) -> dict[str, Any]:
        """Cancel one message; HostRefused with status 409 when it is already leaving."""
        return self._ask("DELETE", f"/api/v1/messages/{quote(message_id, safe='')}")

    def judge(self, message_id: str, verdict: Verdict | None) -> dict[str, Any]:
        """Say what became of a message whose end is unknown; None takes it back. HostRefused (409) for any other."""
        return self._ask("POST", f"/api/v1/messages/{quote(message_id, safe='')}/verdict", Judgement(verdict=verdict))

    def pace(self, to: str, at: datetime | None = None, message_id: str = "") -> Forecast:
        """When a message to this address at this time (None: now) would be begun, and why not at it.

        `message_id`: the message asked about, where it is scheduled already.
        """
        asked = {"to": to} | ({"at": print_instant(at)} if at else {}) | ({"id": message_id} if message_id else {})
        return _told(Forecast, self._ask("GET", f"/api/v1/pace?{urlencode(asked)}"))

    def pace_settings(self) -> PaceStanding:
        """The pace that holds, and what the host's environment says."""
        return _told(PaceStanding, self._ask("GET", "/api/v1/pace/settings"))

    def media(self, media_id: str) -> File:
        """A file's bytes, and what its first bytes show it to be. HostRefused (404) where it is not kept."""
        answer = self._request("GET", f"/api/v1/media/{quote(media_id, safe='')}", read_seconds=MEDIA_SECONDS)
        if answer.status != 200:
            raise self._refused(answer, _document(answer.data))
        return File(answer.data, answer.mime)

    def chats(self, *, before: str = "", limit: int = 50) -> dict[str, Any]:
        """Chats that were captured, the newest first; `before` is the `next` of an earlier answer."""
        return self._ask("GET", f"/api/v1/chats?{_query(before=before, limit=limit)}")

    def chat(
        self, chat_id: str, *, before: str = "", after: str = "", around: str = "", limit: int = 50
    ) -> dict[str, Any]:
        """What was captured of one chat, the newest first. HostRefused (404) where that is nothing.

        One of these at most: `before` is an answer's `next`, `after` its `previous`, `around` a hit's `place`.
        """
        query = _query(before=before, after=after, around=around, limit=limit)
        return self._ask("GET", f"/api/v1/chats/{quote(chat_id, safe='')}/messages?{query}")

    def search(self, words: str, *, chat_id: str = "", before: str = "", limit: int = 50) -> dict[str, Any]:
        """Captured messages that hold every word, the newest first; `before` is the `next` of an earlier answer."""
        query = _query(q=words, chat=chat_id, before=before, limit=limit)
        return self._ask("GET", f"/api/v1/search?{query}", read_seconds=SEARCH_SECONDS)

    def link(self) -> dict[str, Any]:
        """The WhatsApp connection: status, own number, and the QR code while pairing (a secret: never log it)."""
        return self._ask("GET", "/api/v1/link")

    def pair(self, phone: str | None = None) -> dict[str, Any]:
        """Begin pairing again, with a new QR code; with `phone` WhatsApp makes a code that is typed into that phone."""
        if phone is None:
            return self._ask("POST", "/api/v1/link")
        return self._ask("POST", "/api/v1/link", Pair(phone=phone), read_seconds=CODE_SECONDS)

    def logout(self) -> dict[str, Any]:
        """Unlink the WhatsApp account from this host; messages wait."""
        return self._ask("DELETE", "/api/v1/link")

    def health(self) -> dict[str, Any]:
        """The open health document, healthy or not."""
        return self._ask("GET", "/health", accept=(200, 503), read_seconds=HEALTH_SECONDS)

    def takeover(self, other: str) -> dict[str, Any]:
        """Let this host lead in place of that other one. HostRefused (409) where there is another to take over from."""
        return self._ask("POST", "/api/v1/host/takeover", Takeover(other=other))

    def tokens(self) -> ApiTokens:
        """The tokens of its API, without their secrets. HostRefused (403) where this client may not manage."""
        return _told(ApiTokens, self._ask("GET", "/api/v1/tokens"))

    def make_token(self, new: NewToken) -> MadeToken:
        """A new token with its secret, which no other answer has: never log it. HostRefused (409): the name is taken.

        A missing answer may still have been carried out; then the secret is lost, and the token to be revoked.
        """
        return _told(MadeToken, self._ask("POST", "/api/v1/tokens", new))

    def revoke_token(self, name: str) -> None:
        """End a token. HostRefused with status 404 where there is none, 409 where it is this client's own."""
        self._ask("DELETE", f"/api/v1/tokens/{quote(name, safe='')}")

    def close(self) -> None:
        """Close the connections that are kept open between calls."""
        self._pool.clear()

    def _ask(
        self,
        method: str,
        path: str,
        body: Value | File | None = None,
        *,
        headers: Mapping[str, str] | None = None,
        read_seconds: float = READ_SECONDS,
        accept: tuple[int, ...] = (200, 201, 202),
    ) -> dict[str, Any]:
        answer = self._request(method, path, body, headers=headers, read_seconds=read_seconds)
        document = _document(answer.data)
        if answer.status in accept:
            if answer.is_page:
                raise HostError(f"{self._base} answered with a web page, not as a session host: is HOST_URL right?")
            return document
        raise self._refused(answer, document)

    def _refused(self, answer: "_Received", document: Mapping[str, Any]) -> HostRefused:
        token = bool(self._token.get_secret_value())
        return HostRefused(_refusal(answer, document, token=token), answer.status, document)

    def _request(
        self,
        method: str,
        path: str,
        body: Value | File | None = None,
        *,
        headers: Mapping[str, str] | None = None,
        read_seconds: float = READ_SECONDS,
    ) -> "_Received":
        sent = {"Accept": "application/json", **(headers or {})}
        if token := self._token.get_secret_value():
            sent["Authorization"] = f"Bearer {token}"
        data = None
        if isinstance(body, File):
            data, sent["Content-Type"] = body
        elif body is not None:
            data = json.dumps(body.as_json()).encode()
            sent["Content-Type"] = "application/json"
        timeout = urllib3.Timeout(connect=CONNECT_SECONDS, read=read_seconds)
        try:
            answer = self._pool.request(
                method, self._base + path, body=data, headers=sent, timeout=timeout, redirect=False
            )
        except urllib3.exceptions.HTTPError as error:
            reason = type(error).__name__
            raise HostUnreachable(
                said(
                    "The session host at {address} does not answer ({reason}): is it running, and is HOST_URL right?",
                    address=self._base,
                    reason=reason,
                )
            ) from None
        return _Received(answer.status, answer.data, answer.headers.get("Content-Type", ""))


class _Received(NamedTuple):
    """An answer as it came."""

    status: int
    data: bytes
    mime: str

    @property
    def is_page(self) -> bool:
        """A person's web page, or the way to one, which no session host answers."""
        return 300 <= self.status < 400 or (self.status < 500 and self.mime.startswith("text/html"))


def _query(**asked: str | int) -> str:
    """A query without what is empty."""
    return urlencode({name: value for name, value in asked.items() if value != ""})


def _told(model: type[V], answer: dict[str, Any]) -> V:
    """The answer as what it should be. Raises HostError where it is not."""
    try:
        return model.model_validate(answer)
    except ValidationError as error:
        raise HostError(f"The session host answered what this version does not understand: {error}") from None


def _document(data: bytes) -> dict[str, Any]:
    try:
        document = json.loads(data or b"{}")
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}


def _refusal(answer: _Received, problem: Mapping[str, Any], *, token: bool) -> str:
    if answer.status == 401:
        what = "does not know the token in HOST_TOKEN" if token else "needs a token, and HOST_TOKEN is not set"
        return f"The session host {what}: make one with `./wa token create NAME --scope send`, and set it there."
    otherwise = f"The session host answered {answer.status}{': is HOST_URL right?' if answer.is_page else '.'}"
    return str(problem.get("detail") or problem.get("title") or otherwise)
