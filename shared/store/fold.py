"""The fold: the session host, and nobody else, turns the log into the projections. A crash anywhere loses nothing."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import partial
from types import MappingProxyType
from typing import NamedTuple

from shared.model.contact import Contact
from shared.model.lifecycle import Delivery
from shared.model.message import Message
from shared.model.occurrences import materialise
from shared.model.series import Series
from shared.store import keys, rescue
from shared.store.bucket import Bucket
from shared.store.errors import CutShort, FoldTooSlow, NewerVersion, StoreError, Unreadable
from shared.store.kept import Kept
from shared.store.oplog import LogReader, read_operation
from shared.store.problem import Problem, Weight
from shared.store.projection import contact_format, scheduled_format
from shared.store.tidy import tidy

LONGEST_FOLD = timedelta(seconds=60)
"""A fold that took longer is thrown away: what it read may be stale."""

EVERYTHING_EACH = timedelta(hours=1)
"""How often all of the log is listed, for operations of writers whose clock was wrong, and to tidy up."""

ASIDE_EACH = timedelta(minutes=10)
"""How often what was set aside is listed again while anything is, to see whether somebody has dealt with it."""

CONTACTS_EACH = timedelta(minutes=10)
"""How often contacts.json is looked at where nothing of it changes; each look is a paid call."""


class Folded(NamedTuple):
    """Everything the host knows. found: what is wrong; what lasts is found each time, what happened once."""

    messages: Mapping[str, Message]
    contacts: Mapping[str, Contact]
    found: list[Problem]
    series: Mapping[str, Series] = MappingProxyType({})

    @property
    def problems(self) -> list[str]:
        """What is wrong, in sentences for people."""
        return [problem.sentence for problem in self.found]


class Written(NamedTuple):
    """What a write did. at: the fold's time; unapplied: deliveries whose message is not known yet; pass them again."""

    wrote: bool
    at: datetime
    unapplied: frozenset[str] = frozenset()


class Fold:
    """The host's only writer of projections and deleter of log objects. For one thread at a time."""

    def __init__(self, bucket: Bucket) -> None:
        self._bucket = bucket
        self._log = LogReader(bucket)
        self._scheduled = Kept(bucket, scheduled_format())
        self._contacts = Kept(bucket, contact_format())
        self._merged: set[str] = set()
        self._log_after = ""  # every operation up to this name was merged
        self._read_at: datetime | None = None
        self._everything_at: datetime | None = None
        self._tidied_at: datetime | None = None
        self._contacts_at: datetime | None = None
        self._happened: list[Problem] = []  # not told yet, because the read that found it did not come to its end
        self._aside: list[str] = []
        self._aside_at: datetime | None = None

    def read(self, now: datetime, *, trusts_clock: Callable[[], bool] = lambda: True) -> Folded:
        """Merge new operations, and what the bucket holds, into memory; materialise the series.

        Only where `trusts_clock` says that `now` is right are series carried on and things tidied up.

        One LIST, one conditional GET (two each 10 minutes) and a GET for each new operation. All of the log at the
        first read and hourly, else from the day before the last read, or from the oldest operation that could not be
        read yet. Raises NewerVersion, when a projection is not ours to write; and other StoreErrors: the next read
        goes on where this one stopped, and nothing is written until one has succeeded.
        """
        self._read_at = None
        everything = _due(self._everything_at, now, EVERYTHING_EACH)
        lasting = self._read_log("" if everything else self._log_after, now)
        self._happened += self._scheduled.refresh(now)
        if self._contacts.changed or _due(self._contacts_at, now, CONTACTS_EACH):
            self._happened += self._contacts.refresh(now)
            self._contacts_at = now
        if self._scheduled.series and trusts_clock():
            lasting += self._materialise(now)
        lasting += self._scheduled.about_broken() + self._contacts.about_broken()
        if everything:
            self._everything_at = now
        if _due(self._tidied_at, now, EVERYTHING_EACH) and trusts_clock():
            self._happened += self._tidy(now)
            self._tidied_at = now
        self._read_at = now
        happened, self._happened = self._happened, []
        if happened:
            self._aside_at = None
        series = MappingProxyType(dict(self._scheduled.series))
        return Folded(self._scheduled.as_read(), self._contacts.as_read(), happened + lasting, series)

    def lying_aside(self, now: datetime) -> list[str]:
        """What was set aside and nobody has dealt with yet, in sentences. Raises StoreError.

        A LIST at the first call, when something has happened, each ten minutes while something lies there, and hourly.
        """
        if _due(self._aside_at, now, ASIDE_EACH if self._aside else EVERYTHING_EACH):
            self._aside = rescue.lying_aside(self._bucket)
            self._aside_at = now
        return list(self._aside)

    def write(self, now: datetime, deliveries: Mapping[str, Delivery]) -> Written:
        """Merge these deliveries in, and write the projections that changed; when it returns, all of it is stored.

        Raises FoldTooSlow when the last read is older than 60 s, and other StoreErrors: then read and write again.
        """
        if self._read_at is None or not timedelta(0) <= now - self._read_at <= LONGEST_FOLD:
            raise FoldTooSlow("The fold took longer than a minute and was thrown away: the next one starts afresh.")
        unapplied = frozenset(id_ for id_, delivery in deliveries.items() if not self._apply(id_, delivery))
        wrote_contacts = self._contacts.save(now, self._log_after)  # first: where readers begin is in scheduled.json
        wrote_scheduled = self._scheduled.save(now, self._log_after)
        return Written(wrote_contacts or wrote_scheduled, now, unapplied)

    def _apply(self, id_: str, delivery: Delivery) -> bool:
        message = self._scheduled.records.get(id_)
        if message is None:
            return False
        if message.delivery != delivery:
            merged = message.delivery.merged(delivery)
            self._scheduled.records[id_] = message.evolve(delivery=merged)
        return True

    def _read_log(self, after: str, now: datetime) -> list[Problem]:
        """Merge new operations; what lasts of what cannot be read."""
        for operation in self._log.read(after=after, skip=self._merged):
            self._scheduled.absorb(operation.messages, operation.series)
            self._contacts.absorb(operation.contacts)
            self._merged.add(operation.key)
        found = [self._set_aside(key, error, now) for key, error in self._log.unreadable.items()]
        waiting = [keys.day_of(key) for key in self._log.unreadable if key not in self._merged]
        self._log_after = min([keys.recent_log(now), *(keys.log_day(day) for day in waiting if day)])
        self._happened += [problem for problem in found if problem.weight is not Weight.LASTS]
        return [problem for problem in found if problem.weight is Weight.LASTS]

    def _materialise(self, now: datetime) -> list[Problem]:
        """What the series yield, in memory beside how far they have come: one write stores both, or neither."""
        due = materialise(self._scheduled.series, self._scheduled.records, now)
        self._scheduled.absorb(due.messages.values(), due.series.values())
        return [Problem(sentence, Weight.LASTS) for sentence in due.problems]

    def _set_aside(self, key: str, error: Unreadable, now: datetime) -> Problem:
        """Move an unreadable log object out of the way; what became of it."""
        if isinstance(error, NewerVersion | CutShort):
            return Problem(str(error), Weight.LASTS)
        try:
            aside, _ = rescue.copy_aside(self._bucket, key, partial(read_operation, key=key), now)
            self._merged.add(key)
            self._bucket.delete(key)
        except StoreError as failure:
            return Problem(f"{error} It could not be set aside: {failure}", Weight.LASTS)
        return Problem(f"{error} It was set aside as {aside}; the others go on.")

    def _tidy(self, now: datetime) -> list[Problem]:
        try:
            self._merged -= tidy(self._bucket, now, self._scheduled.form, self._contacts.form)
        except StoreError as error:
            return [Problem(f"Snapshots and the log could not be tidied up; it is tried again in an hour. {error}")]
        return []


def _due(last: datetime | None, now: datetime, each: timedelta) -> bool:
    """Whether it is time again; also after the clock was set back."""
    return last is None or not timedelta(0) <= now - last < each
