"""The backups of the link in the bucket: which there are, how one is stored, which have had their time."""

from collections.abc import Collection, Iterator
from datetime import datetime
from typing import NamedTuple

from shared.store import keys
from shared.store.bucket import Bucket
from shared.store.errors import Unreachable

DAYS = 7
WEEKS = 4


class Backup(NamedTuple):
    """One in the bucket: its name, when it was taken (aware UTC), its size in bytes."""

    key: str
    at: datetime
    size: int


def stored(bucket: Bucket) -> list[Backup]:
    """All there are, the newest first; what has no backup's name is none. Raises StoreError."""
    found = ((entry, keys.link_backup_at(entry.key)) for entry in bucket.list(keys.LINK_BACKUPS))
    return sorted((Backup(entry.key, at, entry.size) for entry, at in found if at), key=_age, reverse=True)


def store(bucket: Bucket, key: str, sealed: bytes) -> None:
    """Put a backup there and read it back. Raises StoreError."""
    bucket.put(key, sealed)
    if bucket.get(key).data != sealed:
        raise Unreachable(f"{key} did not come back from the bucket as it was stored: it is tried again.")


def prune(bucket: Bucket) -> list[str]:
    """Delete what has had its time; the names. Raises StoreError."""
    gone = obsolete(stored(bucket))
    for backup in gone:
        bucket.delete(backup.key)
    return [backup.key for backup in gone]


def obsolete(backups: Collection[Backup]) -> list[Backup]:
    """All but the last of each of the last 7 days, and of the last 4 weeks, that have any.

    Counted by what there is and not by a clock: a host that was off for a year still has its last ones.
    """
    newest_first = sorted(backups, key=_age, reverse=True)
    kept = {*_first_of_each(newest_first, "%Y%m%d", DAYS), *_first_of_each(newest_first, "%G-%V", WEEKS)}
    return [backup for backup in newest_first if backup not in kept]


def _first_of_each(newest_first: list[Backup], period: str, most: int) -> Iterator[Backup]:
    seen: set[str] = set()
    for backup in newest_first:
        name = backup.at.strftime(period)
        if name not in seen and len(seen) < most:
            seen.add(name)
            yield backup


def _age(backup: Backup) -> tuple[datetime, str]:
    return (backup.at, backup.key)
