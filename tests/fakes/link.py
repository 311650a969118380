"""A Link without WhatsApp: the real table of states, a phone that the test plays, and sends that go as the test says.

Held to the same contract as the real one (tests/contract/test_link_contract.py).
"""

import threading
from collections import deque
from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from session_host import send_errors
from session_host.link import Arrival, Ears, NoCode, Pairing, Reason, Receipt, ReceiptKind, SendFailed, Sent
from session_host.link_machine import Happening, Kind, after
from session_host.outgoing import Outgoing
from shared.clock import SYSTEM, Clock
from shared.model.address import Address
from shared.model.address import Kind as AddressKind
from shared.model.link import Link, LinkStatus, describe
from shared.model.wire import Group
from tests.fakes import events


class FakeLink:
    """Scripted from outside: `phone_scans`, `tell`, `fail_next`, `hold_answers`; asked: `sent`."""

    def __init__(self, clock: Clock = SYSTEM, number: str | None = None) -> None:
        self._clock = clock
        self._linked_as = number
        self._number: str | None = number
        self._status = describe(Link.STARTING, clock.now())
        self._ears = Ears()
        self._pairing: Pairing | None = None
        self._codes = count(1)
        self._ids = count(1)
        self._failures: deque[str] = deque()
        self._moving = threading.RLock()
        self._sending = threading.Lock()
        self._answers = threading.Event()
        self._answers.set()
        self.sent: list[tuple[Address, str]] = []
        self.things: list[Outgoing] = []
        self.unregistered: set[str] = set()
        self.joined: list[Group] = []
        self.given: dict[str, str] = {}
        self.uploaded: dict[str, bytes] = {}
        self.upload_failures: deque[str] = deque()

    # What a test does.

    def phone_scans(self, number: str) -> None:
        """The phone of this account scans the code that is shown."""
        assert self._pairing is not None, "no code is shown"
        self._linked_as = number
        self.tell(Kind.PAIRED)
        self.tell(Kind.CONNECTED)

    def tell(self, kind: Kind, detail: str | None = None) -> None:
        """This happens, as the real link's table has it."""
        with self._moving:
            status = after(self._status, Happening(kind=kind, detail=detail), self._clock.now()).status
            changed, self._status = status != self._status, status
            if kind in (Kind.LOGGED_OUT, Kind.UNLINKED_HERE):
                self._linked_as = None
            if status.state is not Link.PAIRING:
                self._pairing = None
            self._number = self._linked_as if status.state is not Link.PAIRING else None
            if changed:
                self._ears.status(status)

    def fail_next(self, *errors: str) -> None:
        """The next sends fail with these errors of the library, for example "server returned error 479"."""
        self._failures.extend(errors)

    def hold_answers(self) -> Callable[[], None]:
        """The server takes messages but acknowledges none, until the function that is returned is called."""
        self._answers.clear()
        return self._answers.set

    def receipt(self, message_id: str, kind: ReceiptKind) -> None:
        """The recipient's phone says so."""
        to = next((to for to, _ in reversed(self.sent)), None)
        chat = self.chat_of(to) if to else None
        self._ears.receipt(Receipt(message_ids=(message_id,), kind=kind, at=self._clock.now(), chat=chat))

    def arrival(self, message_id: str, chat: str, *, readable: bool) -> None:
        """A message comes in."""
        self._ears.arrival(Arrival(message_id=message_id, chat=chat, at=self._clock.now(), readable=readable))

    # What the host does.

    def prepare(self) -> None:
        """Nothing has to be made ready."""

    def rest(self) -> None:
        self.tell(Kind.STAND_BY)

    def start(self) -> None:
        if self._pairing is not None:
            self._pairing = self._pairing.evolve(code=None)
        self.tell(Kind.START)
        self._dial()

    def pair_by_code(self, phone: Address) -> Pairing:
        if self._status.sends:
            raise NoCode("An account is linked already.")
        self.start()
        if self._pairing is None:
            raise NoCode("There is no code now.")
        if phone.user in self.unregistered:
            raise send_errors.no_code("info query returned status 400: bad-request")
        until = self._clock.now() + timedelta(seconds=160)
        self._pairing = self._pairing.evolve(code=f"ABCD-{next(self._codes):04d}", expires_at=until)
        return self._pairing

    def stop(self, seconds: float) -> None:
        self.tell(Kind.STOP)
        if self._sending.acquire(timeout=seconds):
            self._sending.release()

    def status(self) -> LinkStatus:
        return self._status

    def phone_seen(self, last: datetime | None) -> None:
        self.tell(Kind.PHONE_SEEN if last is None else Kind.PHONE_SILENT)

    def own_number(self) -> str | None:
        return self._number

    def pairing(self) -> Pairing | None:
        if self._status.state in (Link.UNLINKED, Link.LOGGED_OUT) and self._status.detail is None:
            self.tell(Kind.WANTED)
            self._dial()
        return self._pairing

    def logout(self) -> None:
        if not self._status.sends:
            raise send_errors.not_connected(self._status)
        self.tell(Kind.UNLINKED_HERE)

    def is_registered(self, to: Address) -> bool | None:
        if to.kind is not AddressKind.PHONE or not self._status.sends:
            return None
        return to.user not in self.unregistered

    def chat_of(self, to: Address) -> str | None:
        """The hidden number of everybody who was written to is its phone number, backwards."""
        met = any(to == each for each, _ in self.sent)
        return f"{to.user[::-1]}@lid" if met and to.kind is AddressKind.PHONE and self._status.sends else None

    def groups(self) -> tuple[Group, ...]:
        if not self._status.sends:
            raise send_errors.not_connected(self._status)
        return tuple(self.joined)

    def given_names(self) -> dict[str, str]:
        if not self._status.sends:
            raise send_errors.not_connected(self._status)
        return dict(self.given)

    def make_ready(self, what: Outgoing) -> None:
        if (media := what.media) is None:
            return
        if not self._status.sends:
            raise send_errors.not_connected(self._status)
        if media.media not in self.uploaded:
            data = what.load(media)
            if self.upload_failures:
                raise send_errors.not_uploaded(self.upload_failures.popleft())
            self.uploaded[media.media] = data

    def send(self, to: Address, what: Outgoing) -> Sent:
        if not self._status.sends:
            raise send_errors.not_connected(self._status)
        self.make_ready(what)
        try:
            what.text.encode()
        except UnicodeEncodeError:
            raise SendFailed("The text cannot be sent.", permanent=True, certain=True, reason=Reason.BAD_TEXT) from None
        with self._sending:
            if not self._status.sends:
                raise send_errors.not_connected(self._status)
            if self._failures:
                raise send_errors.failure(self._failures.popleft())
            if to.user in self.unregistered:
                raise send_errors.failure(f"no LID found for {to.jid} from server")
            if to.kind is AddressKind.GROUP and to.jid not in {each.id for each in self.joined}:
                raise send_errors.failure("failed to get group members: that group does not exist")
            self.sent.append((to, what.text))
            self.things.append(what)
            self._answers.wait(60)
            return Sent(f"3EB0{next(self._ids):018X}")

    def number_of(self, hidden: Address) -> str | None:
        """As `chat_of` has it, the other way."""
        met = next((to for to, _ in self.sent if f"{to.user[::-1]}@lid" == hidden.jid), None)
        return str(met) if met is not None and self._status.sends else None

    def listen(self, ears: Ears) -> None:
        self._ears = ears

    def parse(self, name: str, data: bytes) -> Any:
        return events.parse(name, data)

    def _dial(self) -> None:
        with self._moving:
            if self._status.state is not Link.CONNECTING:
                return
            if self._linked_as:
                self.tell(Kind.CONNECTED)
                return
            until = self._clock.now() + timedelta(seconds=60)
            self._pairing = Pairing(qr=f"a secret code, number {next(self._codes)}", expires_at=until)
            self.tell(Kind.CODE)
