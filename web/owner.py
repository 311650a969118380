"""The owner's password: only its argon2 hash is kept. Until one is set, a random first-run password opens the page.

There is never a default. `first-run-password` in the data folder (0600) is removed when the owner sets a password;
whoever has lost theirs runs `./wa password` on the server.
"""

import hmac
import os
import secrets
import threading
from pathlib import Path

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError

from web import texts

FIRST_RUN = "first-run-password"
PASSWORD = "password"  # noqa: S105  the file's name
SHORTEST, LONGEST = 12, 1000


class WeakPassword(ValueError):
    """A password nobody should use here; the message says what to choose instead."""


class Owner:
    """The one account of this page, in its data folder."""

    def __init__(self, data_dir: Path) -> None:
        """Writes a first-run password when there is no password yet. Raises OSError."""
        self._hash_file = data_dir / PASSWORD
        self._first_run_file = data_dir / FIRST_RUN
        self._hasher = PasswordHasher()
        self._one_at_a_time = threading.Lock()  # each check takes 64 MB for a moment
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not self._hash_file.exists() and not self._first_run_file.exists():
            _write_once(self._first_run_file, secrets.token_urlsafe(18) + "\n")

    @property
    def first_run(self) -> bool:
        """Whether the owner still has to choose a password."""
        return not self._hash_file.exists()

    def knows(self, password: str) -> bool:
        """Whether this is the owner's password, or the first-run password while there is no other."""
        if len(password) > LONGEST:
            return False
        if self.first_run:
            try:
                expected = self._first_run_file.read_text(encoding="ascii").strip()
            except FileNotFoundError:
                return False
            return bool(expected) and hmac.compare_digest(expected.encode(), password.strip().encode())
        with self._one_at_a_time:
            try:
                return self._hasher.verify(self._hash_file.read_text(encoding="ascii").strip(), password)
            except (VerifyMismatchError, InvalidHashError):
                return False

    def reset(self) -> str:
        """Forget the owner's password: a new first-run password opens the page, and is returned. Raises OSError."""
        password = secrets.token_urlsafe(18)
        _replace(self._first_run_file, password + "\n")  # first, so that there is always one that opens the page
        self._hash_file.unlink(missing_ok=True)
        return password

    def choose(self, password: str) -> None:
        """Set the owner's password and remove the first-run one. Raises WeakPassword, OSError."""
        if len(password) < SHORTEST:
            raise WeakPassword(texts.SHORT_PASSWORD.format(least=SHORTEST))
        if len(password) > LONGEST:
            raise WeakPassword(texts.LONG_PASSWORD.format(most=LONGEST))
        if len(set(password)) < 5:
            raise WeakPassword(texts.FLAT_PASSWORD)
        with self._one_at_a_time:
            hashed = self._hasher.hash(password)
        _replace(self._hash_file, hashed + "\n")
        self._first_run_file.unlink(missing_ok=True)


def _write_once(path: Path, text: str) -> None:
    """Whole or not at all, and only if nobody else was quicker."""
    temporary = _temporary(path, text)
    try:
        os.link(temporary, path)
    except FileExistsError:
        return  # another worker wrote its own first: that one counts
    finally:
        temporary.unlink()


def _replace(path: Path, text: str) -> None:
    _temporary(path, text).replace(path)


def _temporary(path: Path, text: str) -> Path:
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(6)}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    return temporary
