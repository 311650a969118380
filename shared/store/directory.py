"""A bucket in a directory: the embedded default. Whole files appear at once (temp file, fsync, rename), so several
processes may share it, and what a put returned from survives a power cut."""

import errno
import os
import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path

from shared.clock import SYSTEM, Clock
from shared.store import keys
from shared.store.bucket import Entry, Stored, content_tag, one_by_one
from shared.store.errors import AccessDenied, NoSpace, NotFound, StoreError, Unreachable

UNFINISHED = ".unfinished-"
"""What the names of temp files begin with; no key can (see keys.check)."""

_PIECE = 1 << 20
_LEFT_BEHIND = timedelta(hours=1)
_FULL = (errno.ENOSPC, errno.EDQUOT)
_REFUSED = (errno.EACCES, errno.EPERM, errno.EROFS)


class DirectoryBucket:
    """Objects as files below root/prefix: files 0600, folders 0700. The tag of an object is a hash of its bytes."""

    server_time_offset: float | None = None

    def __init__(self, root: Path, prefix: str = "", clock: Clock = SYSTEM) -> None:
        """Makes the folder where it is missing, and removes what a crash left unfinished over an hour ago.

        Raises StoreError when the folder cannot be used.
        """
        self._root = Path(root).absolute() / keys.check_base(prefix)
        with _as_store_error(str(self._root)):
            _make_folder(self._root)
            self._remove_unfinished((clock.now() - _LEFT_BEHIND).timestamp())

    def get(self, key: str) -> Stored:
        path = self._path(key)
        with _as_store_error(key):
            try:
                data = path.read_bytes()
            except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
                raise NotFound(key) from None
        return Stored(data, content_tag(data))

    def stream(self, key: str) -> Iterator[bytes]:
        path = self._path(key)
        with _as_store_error(key):
            try:
                file = path.open("rb")
            except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
                raise NotFound(key) from None
        with file:
            while True:
                with _as_store_error(key):
                    piece = file.read(_PIECE)
                if not piece:
                    return
                yield piece

    def get_if_changed(self, key: str, etag: str) -> Stored | None:
        stored = self.get(key)
        return None if stored.etag == etag else stored

    def get_all(self, keys: Iterable[str]) -> Iterator[tuple[str, Stored]]:
        return one_by_one(self.get, keys)

    def put(self, key: str, data: bytes) -> str:
        path = self._path(key)
        with _as_store_error(key):
            unfinished = _write_beside(path, data)
            try:
                unfinished.replace(path)
            except OSError:
                unfinished.unlink(missing_ok=True)
                raise
        with _as_store_error(key, written=True):
            _sync_folder(path.parent)
        return content_tag(data)

    def list(self, prefix: str, after: str = "") -> Iterator[Entry]:
        keys.check_prefix(prefix)
        folder = prefix.rpartition("/")[0]
        with _as_store_error(prefix):
            found = list(_walk(self._root / folder, f"{folder}/" if folder else "", prefix, after))
        return iter(found)

    def delete(self, key: str) -> None:
        path = self._path(key)
        with _as_store_error(key):
            try:
                path.unlink()
            except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
                return
            _sync_folder(path.parent)

    def _path(self, key: str) -> Path:
        return self._root / keys.check(key)

    def _remove_unfinished(self, before: float) -> None:
        for folder, _, names in os.walk(self._root):
            for name in names:
                path = Path(folder, name)
                with suppress(FileNotFoundError):  # another process is opening the same bucket
                    if name.startswith(UNFINISHED) and path.stat().st_mtime < before:
                        path.unlink()


def _write_beside(path: Path, data: bytes) -> Path:
    """A durable temp file in the folder of `path`; nothing is left behind when it fails."""
    _make_folder(path.parent)
    unfinished = path.parent / f"{UNFINISHED}{os.getpid()}-{secrets.token_hex(8)}"
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
    except OSError:
        unfinished.unlink(missing_ok=True)
        raise
    return unfinished


def _make_folder(folder: Path) -> None:
    """The folder and those above it, 0700 and durable."""
    if folder.is_dir():
        return
    _make_folder(folder.parent)
    with suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    _sync_folder(folder.parent)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _walk(folder: Path, base: str, prefix: str, after: str) -> Iterator[Entry]:
    """The files below `folder`, whose keys begin with `base`, in the order of their keys."""
    try:
        found = [(entry.name + "/" * entry.is_dir(follow_symlinks=False), entry) for entry in os.scandir(folder)]
    except (FileNotFoundError, NotADirectoryError):
        return
    for name, entry in sorted(found, key=lambda each: each[0]):
        key = base + name
        if name.startswith(".") or not (key.startswith(prefix) or prefix.startswith(key)):
            continue
        if name.endswith("/"):
            if key > after or after.startswith(key):
                yield from _walk(Path(entry.path), key, prefix, after)
        elif key > after:
            with suppress(FileNotFoundError):
                yield Entry(key, entry.stat().st_size)


@contextmanager
def _as_store_error(key: str, *, written: bool = False) -> Iterator[None]:
    """Turns an OSError into a StoreError with a sentence; once `written`, whether it will last is uncertain."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        if written:
            raise Unreachable(
                f"{key} was written, but the disk did not confirm it ({reason}): check the disk."
            ) from error
        if error.errno in _FULL:
            raise NoSpace(f"No space left to store {key}: free some space on the disk, then try again.") from error
        if error.errno in _REFUSED:
            raise AccessDenied(
                f"The storage folder refused {key} ({reason}): check the owner and rights of STORAGE_DIR."
            ) from error
        if error.errno in (errno.ENOTDIR, errno.EISDIR):
            raise StoreError(f"{key} cannot be stored: one of its parts is both a file and a folder.") from error
        raise Unreachable(f"The disk failed at {key} ({reason}): check the disk.") from error
