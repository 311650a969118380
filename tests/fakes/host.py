"""A session host in parts, stepped by hand: real ledger, sender, look and log; WhatsApp is a list of what was sent."""

import threading
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from session_host.database import Database
from session_host.gates import Skew, link_gate
from session_host.ledger import Ledger
from session_host.link import Ears, NoCode, Pairing, Receipt, ReceiptKind, SendFailed, Sent
from session_host.look import Look
from session_host.media import LeavingMedia
from session_host.outgoing import Outgoing
from session_host.pace import PaceBook
from session_host.pacer import Pacer
from session_host.rules import Row
from session_host.schema import MIGRATIONS
from session_host.sender import Sender
from session_host.wrote_first import THEY_DID_NOT, Answer
from shared.model.address import Address
from shared.model.lifecycle import Delivery
from shared.model.link import Link, LinkStatus, describe
from shared.model.message import Message
from shared.model.pace import OFF, PaceSettings
from shared.model.versioned import merge_all
from shared.model.wire import Group, ItemAnswer
from shared.store.bucket import Entry, Stored
from shared.store.memory import MemoryBucket
from shared.store.oplog import LogReader, Writer
from shared.store.view import View
from tests.builders import NOW
from tests.fakes import events

HOST = "host-0123456789ab"


class HandClock:
    """A clock that a test sets; a wait ends at once and moves it on."""

    def __init__(self, now: datetime = NOW) -> None:
        self._now = now
        self._wrong_by = timedelta(0)
        self._lock = threading.Lock()

    def now(self) -> datetime:
        return self._now

    def monotonic(self) -> float:
        return (self._now - self._wrong_by).timestamp()

    def wait(self, event: threading.Event, seconds: float) -> bool:
        with self._lock:
            self._now += timedelta(seconds=max(0.0, seconds))
        return event.is_set()

    def set(self, now: datetime) -> None:
        """It is that late now."""
        self._now = now

    def jump(self, by: timedelta) -> None:
        """Somebody sets it; no time has passed."""
        self._now, self._wrong_by = self._now + by, self._wrong_by + by


class ScriptedLink:
    """WhatsApp as the sender sees it: takes every text, or raises what the test put into `failures`."""

    def __init__(self) -> None:
        self.state = Link.CONNECTED
        self.sent: list[tuple[str, str]] = []
        self.things: list[Outgoing] = []
        self.failures: list[Exception] = []
        self.upload_failures: list[Exception] = []
        self.uploaded: dict[str, bytes] = {}
        self.joined: tuple[Group, ...] = ()
        self.given: dict[str, str] = {}
        self.while_sending: Callable[[], None] = lambda: None
        self.prepared = self.started = self.resting = self.stopped = False
        self.qr: Pairing | None = None
        self.paired_by_code: list[str] = []
        self.ears = Ears()

    def prepare(self) -> None:
        self.prepared = True

    def start(self) -> None:
        self.started, self.resting = True, False

    def rest(self) -> None:
        self.resting = True

    def stop(self, seconds: float) -> None:
        self.stopped = True

    def status(self) -> LinkStatus:
        return describe(self.state, NOW)

    def phone_seen(self, last: datetime | None) -> None:
        if self.state in (Link.CONNECTED, Link.PHONE_SILENT):
            self.state = Link.CONNECTED if last is None else Link.PHONE_SILENT

    def own_number(self) -> str | None:
        return "447700900000" if self.state.sends else None

    def pairing(self) -> Pairing | None:
        return self.qr

    def pair_by_code(self, phone: Address) -> Pairing:
        if self.failures:
            raise NoCode(str(self.failures.pop(0)))
        self.paired_by_code.append(phone.user)
        self.state = Link.PAIRING
        self.qr = Pairing(qr="a secret", expires_at=NOW + timedelta(seconds=150), code="ABCD-EFGH")
        return self.qr

    def logout(self) -> None:
        if self.failures:
            raise self.failures.pop(0)
        self.state = Link.UNLINKED

    def is_registered(self, to: Address) -> bool | None:
        return True

    def chat_of(self, to: Address) -> str | None:
        return f"{to.user[::-1]}@lid" if self.state.sends else None

    def groups(self) -> tuple[Group, ...]:
        if self.failures:
            raise self.failures.pop(0)
        return self.joined

    def given_names(self) -> dict[str, str]:
        if self.failures:
            raise self.failures.pop(0)
        return dict(self.given)

    def make_ready(self, what: Outgoing) -> None:
        if what.media is not None and what.media.media not in self.uploaded:
            if self.upload_failures:
                raise self.upload_failures.pop(0)
            self.uploaded[what.media.media] = what.load(what.media)

    def send(self, to: Address, what: Outgoing) -> Sent:
        self.make_ready(what)
        self.while_sending()
        if self.failures:
            raise self.failures.pop(0)
        self.sent.append((str(to), what.text))
        self.things.append(what)
        return Sent(f"3EB0{len(self.sent):04d}")

    def number_of(self, hidden: Address) -> str | None:
        return hidden.user[::-1] if self.state.sends else None

    def listen(self, ears: Ears) -> None:
        self.ears = ears

    def parse(self, name: str, data: bytes) -> Any:
        return events.parse(name, data)

    def receipt(self, kind: ReceiptKind, *message_ids: str, at: datetime = NOW, chat: str | None = None) -> None:
        """The recipient's phone answers."""
        self.ears.receipt(Receipt(message_ids=message_ids, kind=kind, at=at, chat=chat))


class Failing(MemoryBucket):
    """A bucket that raises `trouble` from every verb while it is set."""

    def __init__(self) -> None:
        super().__init__()
        self.trouble: Exception | None = None
        self.calls: list[str] = []

    def get(self, key: str) -> Stored:
        self._count("get", key)
        return super().get(key)

    def put(self, key: str, data: bytes) -> str:
        self._count("put", key)
        return super().put(key, data)

    def list(self, prefix: str, after: str = "") -> Iterator[Entry]:
        self._count("list", prefix)
        return super().list(prefix, after)

    def delete(self, key: str) -> None:
        self._count("delete", key)
        super().delete(key)

    def _count(self, verb: str, key: str) -> None:
        self.calls.append(f"{verb} {key}")
        if self.trouble:
            raise self.trouble


def failing(sentence: str, *, permanent: bool = False, certain: bool = True) -> SendFailed:
    """WhatsApp's refusal."""
    return SendFailed(sentence, permanent=permanent, certain=certain)


class Parts:
    """Ledger, look and sender over a bucket in memory. `fold` does what the fold worker does, without projections."""

    def __init__(self, folder: Path, bucket: Failing | None = None, pace: PaceSettings = OFF) -> None:
        self.folder = folder
        self.bucket = bucket or Failing()
        self.link = ScriptedLink()
        self.writer = Writer(self.bucket, "web", clock=HandClock())
        self.database = Database(folder / "ledger.db", MIGRATIONS)
        self.ledger = Ledger(self.database)
        self.book, self.pace = PaceBook(self.database), pace
        self.passed = 0.0
        self.skew = Skew(lambda: None, lambda: self.passed)
        self.standing: str | None = None
        self.projected: dict[str, Delivery] = {}
        self.media = LeavingMedia(self.bucket)
        self.on_sent: Callable[[Row, Sent], None] = lambda _row, _sent: None
        self.wrote_first: Callable[[Message, datetime], Answer] = lambda _content, _now: THEY_DID_NOT
        self.look = Look(LogReader(self.bucket), self.ledger, lambda: HOST, lambda: None)
        self.sender = Sender(
            self.ledger,
            self.link,
            self.look,
            Pacer(self.ledger, self.book, pace),
            standing=lambda now: self.standing or self.skew.gate(now),
            gates=[link_gate(self.link)],
            storage_trouble=lambda: None,
            on_change=lambda: None,
            on_sent=lambda row, sent: self.on_sent(row, sent),
            load=self.media.load,
            wrote_first=lambda content, now: self.wrote_first(content, now),
        )

    def write(self, message: Message, now: datetime = NOW) -> Message:
        """What web does: the message as a new operation."""
        name = self.writer.reserve()
        stored = message.evolve(version=name)
        self.writer.append(name, now, messages=[stored])
        return stored

    def edit(self, message: Message, now: datetime = NOW, **changes: Any) -> Message:
        """What web does when a person changes it."""
        name = self.writer.reserve()
        edited = message.edited(name, **changes)
        self.writer.append(name, now, messages=[edited])
        return edited

    def hand_over(self, *messages: Message, now: datetime = NOW, by: str = "tick") -> list[ItemAnswer]:
        """What the tick does."""
        return self.ledger.accept(messages, by, HOST, now)

    def records(self, now: datetime = NOW) -> dict[str, Message]:
        """The merged records as a reader sees them: log, and the deliveries that were written."""
        messages = dict(View(self.bucket).read(now).messages)
        for id_, delivery in self.projected.items():
            if id_ in messages:
                merged = messages[id_].delivery.merged(delivery)
                messages[id_] = messages[id_].evolve(delivery=merged)
        return merge_all(messages.values())

    def fold(self, now: datetime = NOW, *, host: str = HOST) -> dict[str, Delivery]:
        """What the fold worker does; the deliveries that were written."""
        deliveries = self.ledger.reconcile(self.records(now), host, now)
        self.projected |= deliveries
        self.ledger.stored(deliveries)
        return deliveries

    def scheduled(self, message: Message, now: datetime = NOW) -> Message:
        """Written, handed over, claimed, and the claim stored."""
        stored = self.write(message, now)
        self.hand_over(stored, now=now)
        self.fold(now)
        return stored

    def run(self, start: datetime, until: datetime) -> list[datetime]:
        """Step the sender at exactly the instants it asks for; those instants."""
        now, steps = start, []
        while now <= until:
            steps.append(now)
            wake = self.sender.step(now)
            if wake is None:
                break
            self.passed += max(0.0, (wake - now).total_seconds())
            now = max(wake, now)
        return steps

    def row(self, message: Message | str) -> Row:
        """The ledger's row."""
        row = self.ledger.get(message if isinstance(message, str) else message.id)
        assert row is not None
        return row

    def restarted(self, now: datetime = NOW) -> "Parts":
        """The same folder and bucket after the process was killed."""
        self.database.close()
        again = Parts(self.folder, self.bucket, self.pace)
        again.projected = self.projected
        again.ledger.recover(now)
        return again
