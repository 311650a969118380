"""What the page reads: the bucket's records, and the messages that the series in it are about to yield.

The session host materialises a series when it folds next; until then the page shows the same messages, made by the same
function, so that a date can be seen, changed or skipped as soon as its series is stored, also while the host is down.
"""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import NamedTuple

from shared.model.message import Message
from shared.model.occurrences import horizon, materialise
from shared.model.series import Series
from shared.model.versioned import merge
from shared.store.bucket import Bucket
from shared.store.view import Snapshot, View


class ForeseeingView(View):
    """A View whose messages hold what the next fold will make of the series; worked out again only when it changed."""

    def __init__(self, bucket: Bucket) -> None:
        super().__init__(bucket)
        self._last: _Foreseen | None = None

    def read(self, now: datetime) -> Snapshot:
        snapshot = super().read(now)
        if not snapshot.series:
            return snapshot
        last = self._last
        if last is None or not last.is_of(snapshot, now):
            last = self._last = _foresee(snapshot, now)
        return snapshot._replace(messages=last.messages, unreadable={**snapshot.unreadable, **last.problems})


class _Foreseen(NamedTuple):
    """From which records, up to when, and what was made of them."""

    of: tuple[Mapping[str, Message], Mapping[str, Series]]
    until: datetime
    messages: Mapping[str, Message]
    problems: Mapping[str, str]

    def is_of(self, snapshot: Snapshot, now: datetime) -> bool:
        return self.of[0] is snapshot.messages and self.of[1] is snapshot.series and self.until == horizon(now)


def _foresee(snapshot: Snapshot, now: datetime) -> _Foreseen:
    due = materialise(snapshot.series, snapshot.messages, now)
    messages = dict(snapshot.messages)
    for id_, each in due.messages.items():
        messages[id_] = merge(messages[id_], each) if id_ in messages else each
    problems = {f"series {number}": sentence for number, sentence in enumerate(due.problems, start=1)}
    return _Foreseen((snapshot.messages, snapshot.series), horizon(now), MappingProxyType(messages), problems)
