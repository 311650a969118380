"""A typed client of the simulator's control port, for the demo and the tests: it waits for events and never sleeps."""

import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlencode

from pydantic import BaseModel, TypeAdapter

from simulator.models import (
    Account,
    AddressBookEntry,
    AddressBookName,
    ChatItem,
    Contact,
    ContactChange,
    Count,
    Fault,
    FaultRule,
    GroupChange,
    GroupView,
    Happening,
    HappeningList,
    InboxItem,
    LinkCode,
    Linked,
    OwnPhone,
    PhoneText,
    Presence,
    PresenceState,
    Problem,
    ReadyFile,
    Scan,
    Sent,
    State,
    TextToSend,
    WhichAccount,
)
from simulator.people import DELIVERED_AFTER_MS, READ_AFTER_MS

Answer = TypeVar("Answer")

_WAIT = 10.0


class ControlRefused(RuntimeError):
    """The simulator refused a request; `problem` says why."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(f"{problem.title}: {problem.detail}")
        self.problem = problem


class NothingHappened(TimeoutError):
    """What was waited for did not happen in time."""


class Control:
    """A running simulator, seen from outside. Every method may raise ControlRefused, or OSError when it is gone."""

    def __init__(self, ready: ReadyFile) -> None:
        self.ready = ready
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    @classmethod
    def from_ready_file(cls, file: Path) -> "Control":
        """The simulator that wrote this ready file."""
        return cls(ReadyFile.model_validate_json(file.read_bytes()))

    def state(self) -> State:
        """Accounts, linked and connected devices, clients that wait for a scan."""
        return self._call("GET", "/state", State)

    def put_contact(
        self,
        phone: str,
        name: str,
        *,
        registered: bool = True,
        delivered_after_ms: int | None = DELIVERED_AFTER_MS,
        read_after_ms: int | None = READ_AFTER_MS,
        devices: int = 1,
    ) -> Contact:
        """Adds or changes a contact; a delay of None means never."""
        change = ContactChange(
            name=name,
            registered=registered,
            delivered_after_ms=delivered_after_ms,
            read_after_ms=read_after_ms,
            devices=devices,
        )
        return self._call("PUT", f"/contacts/{phone}", Contact, change)

    def contacts(self) -> list[Contact]:
        """Everybody who was put."""
        return self._call("GET", "/contacts", list[Contact])

    def inbox(self, phone: str) -> list[InboxItem]:
        """What a contact's phone has decrypted, oldest first; a message decrypted twice is there twice."""
        return self._call("GET", f"/contacts/{phone}/inbox", list[InboxItem])

    def send(self, phone: str, text: str, *, to: str | None = None, times: int = 1) -> Sent:
        """A contact writes to an account; several `times` in a row, each text is followed by its number."""
        return self._call("POST", f"/contacts/{phone}/send", Sent, TextToSend(text=text, to=to, times=times))

    def say(self, phone: str, saying: TextToSend) -> Sent:
        """A contact sends a message of any kind to an account."""
        return self._call("POST", f"/contacts/{phone}/send", Sent, saying)

    def media(self, sha256: str) -> bytes:
        """The bytes of a file that some phone has decrypted, by their hexadecimal SHA-256."""
        return self._bytes("GET", f"/media/{sha256}")

    def read(self, phone: str) -> int:
        """A contact reads everything unread; how many messages that were."""
        return self._call("POST", f"/contacts/{phone}/read", Count).count

    def put_group(
        self, name: str, subject: str, participants: Iterable[str], *, account: str | None = None
    ) -> GroupView:
        """Adds or changes a group of an account's owner and these contacts."""
        change = GroupChange(subject=subject, participants=tuple(participants), account=account)
        return self._call("PUT", f"/groups/{name}", GroupView, change)

    def groups(self) -> list[GroupView]:
        """All groups."""
        return self._call("GET", "/groups", list[GroupView])

    def show_presence(
        self, phone: str, state: PresenceState, *, to: str | None = None, group: str | None = None
    ) -> int:
        """A contact comes, goes or types; the number of clients that see it now."""
        shown = Presence(state=state, to=to, group=group)
        return self._call("POST", f"/contacts/{phone}/presence", Count, shown).count

    def put_phone(self, phone: str, name: str = "Owner") -> Account:
        """Adds an account's phone, to which no device need be linked yet, or changes its owner's name."""
        return self._call("PUT", "/phone", Account, OwnPhone(phone=phone, name=name))

    def address_book(self, account: str | None = None) -> list[AddressBookEntry]:
        """Whom an account's owner has a name for."""
        query = f"?{urlencode({'phone': account})}" if account else ""
        return self._call("GET", f"/phone/address-book{query}", list[AddressBookEntry])

    def put_name(self, contact: str, name: str | None, *, account: str | None = None) -> bool:
        """The owner names a contact in the phone's address book, or takes it out (None); False: it was so already."""
        body = AddressBookName(name=name, account=account)
        return self._call("PUT", f"/phone/address-book/{contact}", Count, body).count > 0

    def scan(self, qr: str, phone: str, name: str = "Owner") -> Linked:
        """The phone scans a QR code; returns once the client has confirmed the link."""
        return self._call("POST", "/phone/scan", Linked, Scan(qr=qr, phone=phone, name=name))

    def type_link_code(self, code: str, phone: str, name: str = "Owner") -> Linked:
        """The code that a client shows is typed on the phone; returns once the client has confirmed the link."""
        return self._call("POST", "/phone/link-code", Linked, LinkCode(code=code, phone=phone, name=name))

    def phone_chats(self, phone: str | None = None) -> list[ChatItem]:
        """What the owner's own phone holds."""
        query = f"?{urlencode({'phone': phone})}" if phone else ""
        return self._call("GET", f"/phone/chats{query}", list[ChatItem])

    def send_from_phone(self, to: str, text: str, *, phone: str | None = None) -> Sent:
        """The owner types on the phone; linked devices get a copy."""
        return self._call("POST", "/phone/send", Sent, PhoneText(to=to, text=text, phone=phone))

    def say_from_phone(self, saying: PhoneText) -> Sent:
        """The owner sends a message of any kind from the phone; linked devices get a copy."""
        return self._call("POST", "/phone/send", Sent, saying)

    def log_out(self, phone: str | None = None) -> int:
        """The phone unlinks its devices; how many."""
        return self._call("POST", "/phone/logout", Count, WhichAccount(phone=phone)).count

    def break_connections(self) -> int:
        """Breaks every client's connection as a lost network does; how many."""
        return self._call("POST", "/connections/break", Count).count

    def add_fault(self, rule: FaultRule) -> Fault:
        """Puts a fault rule in force."""
        return self._call("POST", "/faults", Fault, rule)

    def faults(self) -> list[Fault]:
        """The fault rules and how often each was played."""
        return self._call("GET", "/faults", list[Fault])

    def clear_faults(self) -> int:
        """Takes all fault rules back."""
        return self._call("DELETE", "/faults", Count).count

    def events(self, after: int = 0, *, wait: float = 0) -> HappeningList:
        """What happened after an event's number; waits up to so many seconds for the first."""
        query = urlencode({"after": after, "wait": wait})
        return self._call("GET", f"/events?{query}", HappeningList, seconds=wait + _WAIT)

    def wait_for(
        self,
        kind: str,
        *,
        after: int = 0,
        seconds: float = _WAIT,
        match: Callable[[Happening], bool] = lambda _event: True,
    ) -> Happening:
        """The first event of this kind after a number that matches; raises NothingHappened."""
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            answer = self.events(after, wait=left)
            for event in answer.events:
                if event.kind == kind and match(event):
                    return event
            after = answer.last
        raise NothingHappened(f"No {kind!r} happened within {seconds:g} s.")

    def wait_for_inbox(self, phone: str, count: int = 1, *, seconds: float = _WAIT) -> list[InboxItem]:
        """The contact's inbox once it holds so many messages; raises NothingHappened."""
        deadline, after = time.monotonic() + seconds, self.state().last_event
        while len(items := self.inbox(phone)) < count:
            if (left := deadline - time.monotonic()) <= 0:
                raise NothingHappened(f"The inbox holds {len(items)} of {count} messages after {seconds:g} s.")
            after = self.events(after, wait=left).last
        return items

    def wait_until_connected(self, phone: str, *, seconds: float = _WAIT) -> None:
        """Returns once a linked device of the account is connected; raises NothingHappened."""
        self._wait_until(lambda account: bool(account.connected), phone, "No linked device was connected", seconds)

    def wait_until_settled(self, phone: str, *, seconds: float = _WAIT) -> None:
        """Returns once a device is connected and all it was sent, with the greeting of a new one, is confirmed.

        Raises NothingHappened.
        """
        self._wait_until(
            lambda account: bool(account.connected) and not any(account.waiting.values()),
            phone,
            "The linked devices had not confirmed all they were sent",
            seconds,
        )

    def _wait_until(self, holds: Callable[[Account], bool], phone: str, otherwise: str, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while True:
            state = self.state()
            if any(account.phone == phone and holds(account) for account in state.accounts):
                return
            if (left := deadline - time.monotonic()) <= 0:
                raise NothingHappened(f"{otherwise} within {seconds:g} s.")
            self.events(state.last_event, wait=left)

    def _call(
        self, method: str, path: str, answer: type[Answer], body: BaseModel | None = None, *, seconds: float = 60
    ) -> Answer:
        data = body.model_dump_json(by_alias=True).encode() if body else None
        return TypeAdapter(answer).validate_json(self._bytes(method, path, data, seconds=seconds))

    def _bytes(self, method: str, path: str, data: bytes | None = None, *, seconds: float = 60) -> bytes:
        headers = {"Authorization": f"Bearer {self.ready.token}", "Content-Type": "application/json"}
        request = urllib.request.Request(self.ready.control + path, data, headers, method=method)  # noqa: S310
        try:
            with self._opener.open(request, timeout=seconds) as response:
                content: bytes = response.read()
                return content
        except urllib.error.HTTPError as error:
            with error:
                raise ControlRefused(_problem(error.code, error.read())) from None


def _problem(status: int, body: bytes) -> Problem:
    try:
        content: dict[str, Any] = json.loads(body)
        return Problem.model_validate(content)
    except ValueError:
        return Problem(title="The simulator failed", status=status, detail=body[:200].decode(errors="replace"))
