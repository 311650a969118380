"""What is done about something unreadable: it is copied aside, byte for byte; the newest snapshot takes its place."""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import TypeVar

from shared.model.versioned import Versioned
from shared.store import keys
from shared.store.bucket import Bucket
from shared.store.errors import CutShort, NotFound, Unreachable, Unreadable
from shared.store.projection import Document, Format

R = TypeVar("R", bound=Versioned)


def copy_aside(bucket: Bucket, key: str, read: Callable[[bytes], object], now: datetime) -> tuple[str, bytes]:
    """Keep what `read` calls Unreadable under set-aside/, for a person to look at; where it is now, and its bytes.

    Raises CutShort, and copies nothing, when it is not whole, or is readable at a second look; and other StoreErrors.
    """
    data = _get_surely_whole(bucket, key)
    if _is_readable(data, read):
        raise CutShort(key)
    aside = keys.set_aside(key, now)
    if keep_first(bucket, data, aside) != data:
        raise Unreachable(f"{aside} holds something else already: {key} is set aside a second later.")
    return aside, data


def keep_first(bucket: Bucket, data: bytes, key: str) -> bytes:
    """Write these bytes unless something is kept there already; what is there now, read back. Raises StoreError."""
    try:
        return bucket.get(key).data
    except NotFound:
        bucket.put(key, data)
    if (there := bucket.get(key).data) != data:
        raise Unreachable(f"{key} does not hold what was just written to it: nothing is overwritten until it does.")
    return there


def lying_aside(bucket: Bucket) -> list[str]:
    """What lies under set-aside/, in a sentence each: what that means, and what a person is to do. Raises StoreError.

    Whoever has dealt with an object deletes it; so nothing that was asked for is forgotten before somebody has seen it.
    """
    return [_about(entry.key) for entry in bucket.list(keys.SET_ASIDE)]


def _about(aside: str) -> str:
    original = aside.removeprefix(keys.SET_ASIDE).partition("/")[2]
    if original.startswith(keys.LOG):
        return (
            f"What somebody asked for (a message, an edit or a cancel) could not be read and is not carried out: it "
            f"lies in {aside}. Look whether the page lacks something and enter it again; then delete that object."
        )
    return (
        f"{original} could not be read and was rebuilt from snapshot and log; what was there lies in {aside}. Look "
        "whether the page lacks something; then delete that object."
    )


def newest_snapshot(bucket: Bucket, form: Format[R]) -> tuple[str, Document[R]] | None:
    """The projection as it was before the last fold, else the newest daily one that can be read; None if there is none.

    Raises StoreError when the bucket does not answer, and CutShort: then an older one would lack something.
    """
    for key in _snapshots(bucket, form.key):
        try:
            return key, form.read(_get_surely_whole(bucket, key))
        except CutShort:
            raise
        except (NotFound, Unreadable):
            continue  # an older one may do; which one did is in the sentence the caller reports
    return None


def _is_readable(data: bytes, read: Callable[[bytes], object]) -> bool:
    try:
        read(data)
    except Unreadable:
        return False
    return True


def _get_surely_whole(bucket: Bucket, key: str) -> bytes:
    """The object, at the length it is listed with. Raises NotFound, CutShort and other StoreErrors."""
    data = bucket.get(key).data
    listed = next((entry.size for entry in bucket.list(key) if entry.key == key), None)
    if listed != len(data):
        raise CutShort(key)
    return data


def _snapshots(bucket: Bucket, projection: str) -> Iterator[str]:
    yield keys.previous_snapshot(projection)
    dated = [entry.key for entry in bucket.list(keys.SNAPSHOTS) if keys.day_of(entry.key)]
    yield from (key for key in reversed(dated) if key.endswith(f"/{projection}"))
