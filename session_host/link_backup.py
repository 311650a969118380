"""Takes one backup of the link, as a short process of its own: `python -m session_host.link_backup`.

The session is copied while its host runs, checked, encrypted to LINK_BACKUP_RECIPIENT and stored in the bucket. What
lies on the disk meanwhile lies in HOST_DATA_DIR/backup, for its owner only, and is gone when the process ends.
"""

import json
import shutil
import signal
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from importlib.metadata import version
from pathlib import Path
from types import FrameType
from typing import NamedTuple, NoReturn
from urllib.parse import quote

from session_host import link_backups, link_copy, link_seal
from session_host.folder_lock import FolderInUse, FolderLock
from session_host.link_backups import Backup
from session_host.link_seal import Manifest
from session_host.safety import MARKER
from shared.clock import SYSTEM, Clock
from shared.settings import HostSettings, SettingsError, StorageSettings
from shared.store import keys
from shared.store.bucket import Bucket
from shared.store.errors import StoreError
from shared.store.opening import open_bucket

FAILED, NOT_SET, NOT_LINKED = 1, 2, 3
"""Exit codes beside 0: it is worth another try; the settings must be changed; there is no session to back up."""

WAIT_SECONDS = 60.0
"""How long one waits for another backup of the same link."""


class BackupFailed(Exception):
    """There is no backup from this run; the message says why in one sentence."""


class _Origin(NamedTuple):
    host: str
    epoch: int | None


def take(settings: HostSettings, bucket: Bucket, clock: Clock = SYSTEM) -> Backup:
    """One backup, stored and read back; what has had its time goes.

    Raises SealError, NotLinked, LinkDamaged, BackupFailed, StoreError, OSError.
    """
    link_seal.check_recipient(settings.backup_recipient)
    with workplace(settings.data_dir, clock) as folder:
        at, copied = clock.now().replace(microsecond=0), folder / "link.db"
        link_copy.copy(settings.data_dir / "link" / "link.db", copied)
        number = link_copy.linked_number(copied)
        if (size := copied.stat().st_size) > link_seal.MOST_BYTES:
            raise BackupFailed(f"The session has grown to {size:,} bytes, more than a backup may have.")
        database = copied.read_bytes()
    origin = _origin(settings)
    manifest = Manifest(
        taken_at=at,
        host=origin.host,
        epoch=origin.epoch,
        library=version("neonize"),
        number=number,
        simulated=(settings.data_dir / MARKER).exists(),
        size=len(database),
        sha256=link_seal.digest(database),
    )
    sealed = link_seal.seal(database, manifest, settings.backup_recipient)
    key = keys.link_backup(at, origin.host)
    link_backups.store(bucket, key, sealed)
    link_backups.prune(bucket)
    return Backup(key, at, len(sealed))


@contextmanager
def workplace(data_dir: Path, clock: Clock) -> Iterator[Path]:
    """A private folder inside the data folder, for one backup or restore at a time; emptied before and after.

    Raises BackupFailed while another is at work, OSError.
    """
    folder = data_dir / "backup"
    try:
        lock = FolderLock(folder, clock, WAIT_SECONDS)
    except FolderInUse:
        raise BackupFailed("Another backup of this link is at work: try again when it is done.") from None
    inside = folder / "work"
    with lock:
        shutil.rmtree(inside, ignore_errors=True)  # what a killed one left
        inside.mkdir(mode=0o700)
        try:
            yield inside
        finally:
            shutil.rmtree(inside)


def _origin(settings: HostSettings) -> _Origin:
    """The host whose link it is, as its ledger says; its configured name where there is no ledger."""
    ledger = settings.data_dir / "ledger.db"
    try:
        with closing(sqlite3.connect(f"file:{quote(str(ledger))}?mode=ro", uri=True)) as connection:
            row = connection.execute("SELECT id, epoch FROM host").fetchone()
    except sqlite3.Error:
        row = None  # the host that owns the ledger says what is wrong with it
    return _Origin(*row) if row else _Origin(settings.name, None)


def main() -> int:
    """Take one; its name, size and time go to standard output as JSON, a failure as a sentence to standard error."""
    signal.signal(signal.SIGTERM, _leave)
    try:
        taken = take(HostSettings.read(), open_bucket(StorageSettings.read()))
    except (SettingsError, link_seal.SealError) as error:
        return _say(error, NOT_SET)
    except link_copy.NotLinked as error:
        return _say(error, NOT_LINKED)
    except (link_copy.LinkDamaged, BackupFailed, StoreError, OSError) as error:
        return _say(error, FAILED)
    sys.stdout.write(json.dumps({"key": taken.key, "at": taken.at.isoformat(), "size": taken.size}) + "\n")
    return 0


def _say(error: Exception, code: int) -> int:
    sys.stderr.write(f"{error}\n")
    return code


def _leave(number: int, _frame: FrameType | None) -> NoReturn:
    """By an exception, so that the private folder is emptied."""
    raise SystemExit(128 + number)


if __name__ == "__main__":
    sys.exit(main())
