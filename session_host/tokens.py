"""Who may use the send API: tokens with scopes, of which only a hash is kept, in the data folder's tokens.json."""

import contextlib
import fcntl
import hashlib
import hmac
import json
import os
import secrets
import threading
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from pydantic import Field, ValidationError

from shared.clock import SYSTEM, Clock
from shared.model.access import ApiToken, MadeToken, NewToken, Scope
from shared.model.values import Instant, Value

FILE = "tokens.json"
_PREFIX = "wa_"
_LOCK = ".tokens.lock"


class TokenError(Exception):
    """The tokens could not be read or written; the message says what to do."""


class NameTaken(TokenError):
    """There is a token of this name, and it is not to be replaced."""


class Token(Value):
    """One token as it is kept."""

    name: str = Field(pattern=r"^[A-Za-z0-9._-]{1,40}$")
    scopes: tuple[Scope, ...] = Field(min_length=1)
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    made_at: Instant | None = None


class _File(Value):
    version: int = Field(default=1, ge=1, le=1)
    tokens: tuple[Token, ...] = ()


class Bearer(NamedTuple):
    """Who asks, and what they may."""

    name: str
    scopes: frozenset[Scope]


def create(data_dir: Path, name: str, scopes: Iterable[str], *, replace: bool = True, clock: Clock = SYSTEM) -> str:
    """A new token of this name; its text is kept nowhere. Raises NameTaken unless it may replace one, TokenError."""
    text = _PREFIX + secrets.token_urlsafe(32)
    try:
        new = NewToken(name=name, scopes=tuple(Scope(scope) for scope in dict.fromkeys(scopes)))
    except ValueError:
        allowed = ", ".join(Scope)
        raise TokenError(f"A token needs a name of letters and digits, and at least one scope of {allowed}.") from None
    token = Token(name=new.name, scopes=new.scopes, sha256=_hash(text), made_at=clock.now())
    with _alone(data_dir):
        known = stored(data_dir)
        others = tuple(each for each in known if each.name != name)
        if len(others) < len(known) and not replace:
            raise NameTaken(f"There is a token '{name}' already: choose another name, or revoke that one first.")
        _write(data_dir, (*others, token))
    return text


def revoke(data_dir: Path, name: str) -> bool:
    """Forget the token of this name; whether there was one. Raises TokenError."""
    if all(each.name != name for each in stored(data_dir)):
        return False
    with _alone(data_dir):
        known = stored(data_dir)
        kept = tuple(each for each in known if each.name != name)
        if len(kept) < len(known):
            _write(data_dir, kept)
    return len(kept) < len(known)


def stored(data_dir: Path) -> tuple[Token, ...]:
    """All tokens of a data folder. Raises TokenError."""
    path = data_dir / FILE
    try:
        return _File.model_validate_json(path.read_bytes()).tokens
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise TokenError(_refused(path, "read", error)) from None
    except ValidationError:
        raise TokenError(f"{path} cannot be read: remove it and make the tokens again with `./wa token`.") from None


def _refused(path: Path, what: str, error: OSError) -> str:
    """What to do where the file system did not let this be read or written: the tokens themselves may be well."""
    if isinstance(error, PermissionError):
        return (
            f"{path} may not be {what} by this user: run it as the user that the session host runs as "
            "(HOST_DATA_DIR names the folder)."
        )
    return f"{path} cannot be {what} ({error.strerror}): is HOST_DATA_DIR right?"


class Tokens:
    """The tokens of a running host: the file is read again when it changed. Safe to use from several threads.

    When a token was last used is kept in memory only: a write for each request would cost more than it tells.
    """

    def __init__(self, data_dir: Path, clock: Clock = SYSTEM) -> None:
        self._data_dir = data_dir
        self._clock = clock
        self._used: dict[str, datetime] = {}
        self.watched_since = clock.now()
        self._lock = threading.Lock()
        self._seen: tuple[int, int] | None = None
        self._tokens: tuple[Token, ...] = ()

    def bearer(self, text: str) -> Bearer | None:
        """Whose token this is, None where nobody's; takes as long for a nearly right one. Raises TokenError."""
        wanted, found = _hash(text), None
        for token in self._current():
            if hmac.compare_digest(token.sha256, wanted):
                found = Bearer(token.name, frozenset(token.scopes))
                self._used[token.sha256] = self._clock.now()
        return found

    def listed(self) -> tuple[ApiToken, ...]:
        """All tokens without their secrets, by name. Raises TokenError."""
        return tuple(self._told(each) for each in sorted(self._current(), key=lambda token: token.name))

    def make(self, new: NewToken) -> MadeToken:
        """A new token with its secret, which is kept nowhere. Raises NameTaken, TokenError."""
        text = create(self._data_dir, new.name, new.scopes, replace=False, clock=self._clock)
        told = next(each for each in self.listed() if each.name == new.name)
        return MadeToken(**dict(told), token=text)

    def revoke(self, name: str) -> ApiToken | None:
        """Forget the token of this name; the one that was there, if any. Raises TokenError."""
        known = next((each for each in self.listed() if each.name == name), None)
        return known if revoke(self._data_dir, name) else None

    def _told(self, token: Token) -> ApiToken:
        used = self._used.get(token.sha256)
        return ApiToken(name=token.name, scopes=token.scopes, made_at=token.made_at, last_used=used)

    def _current(self) -> tuple[Token, ...]:
        with self._lock:
            try:
                status = (self._data_dir / FILE).stat()
            except FileNotFoundError:
                self._seen, self._tokens = None, ()
                return ()
            except OSError as error:
                raise TokenError(_refused(self._data_dir / FILE, "read", error)) from None
            seen = (status.st_ino, status.st_mtime_ns)
            if seen != self._seen:
                self._tokens, self._seen = stored(self._data_dir), seen
            return self._tokens


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


@contextlib.contextmanager
def _alone(data_dir: Path) -> Iterator[None]:
    """Nobody else, thread or process, changes the tokens meanwhile; makes the folder. Raises TokenError."""
    path = data_dir / _LOCK
    try:
        data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise TokenError(_refused(path, "written", error)) from None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _write(data_dir: Path, tokens: tuple[Token, ...]) -> None:
    path = data_dir / FILE
    temporary = path.with_name(f".{FILE}.{secrets.token_hex(4)}")
    try:
        descriptor = os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(_File(tokens=tokens).model_dump(mode="json", by_alias=True, exclude_none=True), file, indent=2)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise TokenError(_refused(path, "written", error)) from None
