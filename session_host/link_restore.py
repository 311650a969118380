"""Puts a backup of the link into a data folder, once it is certain that the host it was taken of does not use it."""

import os
import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

from session_host import link_backups, link_copy, link_seal
from session_host.link_backup import workplace
from session_host.link_backups import Backup
from session_host.link_seal import Manifest
from session_host.place import EACH
from session_host.safety import MARKER
from shared.clock import Clock
from shared.model.values import print_instant
from shared.store import keys
from shared.store import pulse as pulses
from shared.store.bucket import Bucket
from shared.store.errors import NotFound, Unreadable
from shared.store.pulse import HostPulse

WATCHED = 2 * EACH + timedelta(seconds=10)
"""How long the pulse of a host that is gone stands still: longer than two of its beats."""

LOOK_SECONDS = 5.0
LONG_AGO = timedelta(hours=1)
"""A pulse this old is no living host's, by its own clock."""


class RestoreRefused(Exception):
    """Nothing was changed; the message says why, and what to do."""


class Restored(NamedTuple):
    """What was put where. fresh: conversations begin anew. aside: where an earlier session was moved."""

    manifest: Manifest
    database: Path
    fresh: bool
    aside: Path | None


def chosen(bucket: Bucket, name: str | None) -> Backup:
    """The newest backup, or the one of this name. Raises RestoreRefused, StoreError."""
    known = link_backups.stored(bucket)
    if not known:
        raise RestoreRefused("There is no backup of the link in the bucket: link WhatsApp anew with its QR code.")
    if name is None:
        return known[0]
    for backup in known:
        if name in (backup.key, backup.key.removeprefix(keys.LINK_BACKUPS)):
            return backup
    raise RestoreRefused(f"There is no backup named {name!r}: ./wa link backups lists those there are.")


def sealed(bucket: Bucket, backup: Backup) -> bytes:
    """A backup's bytes, to be read before a person is asked anything. Raises RestoreRefused, StoreError."""
    if backup.size > link_seal.MOST_BYTES:
        raise RestoreRefused(f"{backup.key} is larger than any backup: choose another with --name.")
    try:
        return bucket.get(backup.key).data
    except NotFound:
        raise RestoreRefused(f"{backup.key} has just been replaced by a newer one: try again.") from None


def last_pulse(bucket: Bucket) -> HostPulse | None:
    """The last pulse of this account's host, None where there never was one; one nobody can read has a name for that.

    Raises StoreError.
    """
    try:
        return pulses.read_host(bucket)
    except Unreadable:
        return pulses.NOBODY


def has_left(pulse: HostPulse | None) -> bool:
    """Whether nobody can be using the link: there was no host, or the last one has left in good order."""
    return pulse is None or (pulse.model_extra or {}).get("left") is True


def watch(bucket: Bucket, clock: Clock, say: Callable[[int], None]) -> HostPulse | None:
    """Return when the pulse has stood still for longer than two beats, or its host has left; the pulse.

    `say` is told the seconds that are left, now and then. Raises RestoreRefused as soon as it moves, StoreError.
    """
    found, never = last_pulse(bucket), threading.Event()
    end = clock.monotonic() + WATCHED.total_seconds()
    while not has_left(found) and (left := end - clock.monotonic()) > 0:
        say(round(left))
        clock.wait(never, min(LOOK_SECONDS, left))
        before, found = found, last_pulse(bucket)
        if found != before and not has_left(found):
            raise RestoreRefused(_alive(found))
    return found


def place(
    data_dir: Path, manifest: Manifest, database: bytes, pulse: HostPulse | None, clock: Clock, *, replace: bool
) -> Restored:
    """Put a session that was unsealed into the data folder, whose lock the caller holds.

    Raises RestoreRefused, LinkDamaged, NotLinked, BackupFailed, OSError; then the folder is as it was.
    """
    simulated = (data_dir / MARKER).exists()
    if manifest.simulated is not simulated:
        kind, other = ("a simulated", "real") if manifest.simulated else ("a real", "simulated")
        raise RestoreRefused(f"This is the link of {kind} account, and {data_dir} is a folder for {other} ones.")
    target = data_dir / "link" / "link.db"
    with workplace(data_dir, clock) as folder:
        if not replace and (number := _linked_already(target, folder / "present.db")):
            raise RestoreRefused(
                f"{target.parent} holds a linked session already ({number}): with --replace it is put aside."
            )
        made = folder / "link.db"
        made.touch(mode=0o600)
        made.write_bytes(database)
        if link_copy.linked_number(made) != manifest.number:
            raise link_copy.LinkDamaged("The session is not linked to the number its manifest names: choose another.")
        fresh = not _used_last(manifest, pulse)
        if fresh:
            link_copy.forget_ratchets(made)
        _sync(made)
        target.parent.mkdir(mode=0o700, exist_ok=True)
        target.parent.chmod(0o700)
        aside = _put_aside(target, f"{clock.now():%Y%m%dT%H%M%SZ}")
        made.replace(target)
        _sync(target.parent)
    return Restored(manifest, target, fresh, aside)


def masked(number: str) -> str:
    """The end of a number, as it may be shown."""
    return f"…{number[-4:]}"


def _used_last(manifest: Manifest, pulse: HostPulse | None) -> bool:
    """Whether the backup was taken when its host had left in good order, and nobody has used the link since."""
    return pulse is not None and has_left(pulse) and pulse.host == manifest.host and pulse.at <= manifest.taken_at


def _alive(pulse: HostPulse | None) -> str:
    name = f"{pulse.host}, gave a pulse at {print_instant(pulse.at)}" if pulse else "unnamed, has removed its pulse"
    return (
        f"The old session host lives: {name}. Two must not use one link: stop it there, and see that it stays stopped, "
        "then restore again."
    )


def _linked_already(target: Path, to: Path) -> str | None:
    """Whom the session in the folder is linked to, masked; None where it is linked to nobody."""
    try:
        link_copy.copy(target, to)
        return masked(link_copy.linked_number(to))
    except link_copy.NotLinked:
        return None
    except link_copy.LinkDamaged:
        return "damaged"


def _put_aside(target: Path, stamp: str) -> Path | None:
    """Move a session with its journal out of the way; a journal alone would be taken for the new one's."""
    if target.exists() and not target.stat().st_size:  # a host that was never linked leaves it so
        target.unlink()
    aside = target.with_name(f"{target.name}.replaced-{stamp}")
    moved = False
    for end in ("", "-wal", "-shm"):
        old = target.with_name(target.name + end)
        if old.exists():
            old.replace(aside.with_name(aside.name + end))
            moved = moved or not end
    return aside if moved else None


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
