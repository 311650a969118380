"""What a person should see to: what the bucket holds and nobody can read, and what was handed over and refused."""

import threading
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

import structlog

from shared.model.message import Status
from shared.model.wire import ItemAnswer, Outcome
from shared.store.problem import Problem, Weight

log = structlog.get_logger(__name__)

GRAVE = timedelta(hours=1)
"""How long something that was put right is an alarm all the same."""

REMEMBERED = timedelta(days=1)
"""How long /health tells what happened, unless the host is started anew; the log has it, too."""

REFUSED_FOR = timedelta(minutes=3)
"""How long a refusal is told after it was last repeated: the tick asks each minute while the message is due."""

MOST = 20
"""Sentences told at once: one is enough to know that somebody must look."""


class Problems:
    """Each is logged once and told until it is gone. Any thread may call."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._lasting: tuple[str, ...] = ()
        self._happened: tuple[tuple[datetime, Problem], ...] = ()
        self._refused: dict[str, tuple[datetime, str]] = {}

    def folded(self, found: Iterable[Problem], aside: Iterable[str], now: datetime) -> None:
        """What this fold has found, and what lies set aside."""
        found = list(found)
        lasting = (*(each.sentence for each in found if each.weight is Weight.LASTS), *aside)
        happened = [each for each in found if each.weight is not Weight.LASTS]
        with self._lock:
            fresh = [sentence for sentence in lasting if sentence not in self._lasting]
            self._lasting = lasting
            recent = [each for each in self._happened if now - each[0] < REMEMBERED]
            self._happened = (*recent, *((now, each) for each in happened))
        for sentence in (*(each.sentence for each in happened), *fresh):
            log.warning("problem in the bucket", reason=sentence)

    def handed_over(self, answers: Iterable[ItemAnswer], now: datetime) -> None:
        """What was answered to each item; what has ended as failed is no refusal that anybody waits for."""
        with self._lock:
            known = {id_: told for id_, told in self._refused.items() if now - told[0] < REFUSED_FOR}
            for answer in answers:
                if answer.outcome is Outcome.REFUSED and answer.status is not Status.FAILED:
                    if answer.id not in known:
                        log.warning("refused", id=answer.id, reason=answer.reason)
                    known[answer.id] = (now, f"The message {answer.id!r} was refused. {answer.reason or ''}".strip())
                else:
                    known.pop(answer.id, None)
            self._refused = known

    def unreadable(self, now: datetime) -> tuple[str, ...]:
        """What lasts until somebody deals with it, and what was rebuilt in the last hour."""
        with self._lock:
            grave = [each.sentence for at, each in self._happened if each.weight is Weight.GRAVE and now - at < GRAVE]
            return _some((*grave, *self._lasting))

    def refused(self, now: datetime) -> tuple[str, ...]:
        """What was handed over lately, is refused, and so may wait for ever."""
        with self._lock:
            return _some([sentence for at, sentence in self._refused.values() if now - at < REFUSED_FOR])

    def happened(self) -> Mapping[datetime, Sequence[str]]:
        """What was put right within the last day, by the time it was found."""
        with self._lock:
            told: dict[datetime, list[str]] = {}
            for at, each in self._happened:
                told.setdefault(at, []).append(each.sentence)
            return told


def _some(sentences: Sequence[str]) -> tuple[str, ...]:
    more = len(sentences) - MOST
    return (*sentences[:MOST], *([f"And {more} more."] if more > 0 else []))
