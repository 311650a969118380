"""One account stepped by hand: a bucket that may fail, one writer, one folding host; times are minutes after NOW."""

from typing import Any

from shared.model.lifecycle import Delivery
from shared.model.message import Message
from shared.store import keys
from shared.store.fold import Fold, Folded, Written
from shared.store.memory import MemoryBucket
from shared.store.oplog import Writer
from shared.store.projection import read_scheduled
from tests.builders import contact, in_, message
from tests.fakes.chaos import ChaosBucket
from tests.fakes.clock import FakeClock


class Account:
    """A bucket with one writer and one host, and the time."""

    def __init__(self, inner: MemoryBucket | None = None) -> None:
        self.bucket = ChaosBucket(inner or MemoryBucket())
        self.writer = Writer(self.bucket, "web", "0" * 32, clock=FakeClock())
        self.fold = Fold(self.bucket)

    def schedule(self, id_: str = "one", minutes: float = 0) -> Message:
        name = self.writer.reserve()
        new = message(id=id_, version=name)
        self.writer.append(name, in_(minutes=minutes), messages=[new])
        return new

    def edit(self, old: Message, minutes: float = 0, **changes: Any) -> Message:
        name = self.writer.reserve()
        new = old.edited(name, **changes)
        self.writer.append(name, in_(minutes=minutes), messages=[new])
        return new

    def add_contact(self, minutes: float = 0) -> str:
        name = self.writer.reserve()
        new = contact(version=name)
        self.writer.append(name, in_(minutes=minutes), contacts=[new])
        return new.id

    def read(self, minutes: float = 0) -> Folded:
        return self.fold.read(in_(minutes=minutes))

    def write(self, minutes: float = 0, **deliveries: Delivery) -> Written:
        return self.fold.write(in_(minutes=minutes), deliveries)

    def fold_at(self, minutes: float = 0, **deliveries: Delivery) -> Folded:
        folded = self.read(minutes)
        self.write(minutes, **deliveries)
        return folded

    def restart(self) -> None:
        self.fold = Fold(self.bucket)

    def stored(self) -> dict[str, Message]:
        return read_scheduled(self.bucket.get(keys.SCHEDULED).data).messages

    def log(self) -> list[str]:
        return [entry.key for entry in self.bucket.inner.list(keys.LOG)]

    def calls(self, verb: str) -> list[str]:
        return [key for called, key in self.bucket.calls if called == verb]
