"""What keeps the bucket from growing: daily snapshots that expire, and log objects deleted once their effect was seen.

A log object goes only when it is older than 8 days and both the projection and the snapshot before it, as read back
from the bucket, hold all it says: so a rebuild from snapshot and log never misses it.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import TypeVar

from shared.model.contact import Contact
from shared.model.message import Message
from shared.model.versioned import Versioned, merge
from shared.store import keys
from shared.store.bucket import Bucket
from shared.store.errors import NotFound, Unreadable
from shared.store.oplog import Operation, read_listed
from shared.store.projection import Document, Format

R = TypeVar("R", bound=Versioned)

LOG_DAYS = timedelta(days=8)
SNAPSHOT_DAYS = timedelta(days=30)
AT_ONCE = 50
"""Log objects looked at in one go, other ones each hour, so that a fold stays short."""


def tidy(bucket: Bucket, now: datetime, scheduled: Format[Message], contacts: Format[Contact]) -> set[str]:
    """Take the day's snapshots, expire old ones, delete log objects that are no longer needed; the keys of these.

    Raises StoreError.
    """
    _snapshot_day(bucket, now, scheduled)
    _snapshot_day(bucket, now, contacts)
    for entry in list(bucket.list(keys.SNAPSHOTS)):
        day = keys.day_of(entry.key)
        if day and day < (now - SNAPSHOT_DAYS).date():
            bucket.delete(entry.key)
    return _delete_seen(bucket, now, scheduled, contacts)


def _snapshot_day(bucket: Bucket, now: datetime, form: Format[R]) -> None:
    key = keys.daily_snapshot(form.key, now.date())
    if any(entry.key == key for entry in bucket.list(key)):
        return
    try:
        data = bucket.get(form.key).data
        form.read(data)
    except (NotFound, Unreadable):
        return  # never folded yet, or reported where it is read: there is nothing good to keep
    bucket.put(key, data)


def _delete_seen(bucket: Bucket, now: datetime, scheduled: Format[Message], contacts: Format[Contact]) -> set[str]:
    limit = (now - LOG_DAYS).date()
    old = [entry for entry in bucket.list(keys.LOG) if (day := keys.day_of(entry.key)) and day < limit]
    if not old:
        return set()
    start = int(now.timestamp() // 3600) * AT_ONCE % len(old)
    folded, people = _read_back(bucket, scheduled), _read_back(bucket, contacts)
    deleted = set()
    chosen = {entry.key: entry for entry in (old[start:] + old[:start])[:AT_ONCE]}
    for key, stored in bucket.get_all(chosen):
        try:
            operation = read_listed(chosen[key], stored)
        except Unreadable:
            continue  # reported where the log is read
        if _seen(operation, folded, people):
            bucket.delete(key)
            deleted.add(key)
    return deleted


def _read_back(bucket: Bucket, form: Format[R]) -> list[Document[R]]:
    """The projection and the snapshot before it, as the bucket holds them now."""
    found: list[Document[R]] = []
    for key in (form.key, keys.previous_snapshot(form.key)):
        try:
            found.append(form.read(bucket.get(key).data))
        except (NotFound, Unreadable):
            found.append(Document())  # then nothing was seen in it
    return found


def _seen(operation: Operation, scheduled: list[Document[Message]], people: list[Document[Contact]]) -> bool:
    return all(
        _holds(each.records, operation.messages) and _holds(each.series, operation.series) for each in scheduled
    ) and all(_holds(each.records, operation.contacts) for each in people)


def _holds(known: Mapping[str, R], records: Iterable[R]) -> bool:
    return all(record.id in known and merge(known[record.id], record) == known[record.id] for record in records)
