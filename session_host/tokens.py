"""Who may use the send API: tokens with scopes, of which only a hash is kept, in the data folder's tokens.json."""

import hashlib
import hmac
import json
import os
import secrets
import threading
from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

from pydantic import Field, ValidationError

from shared.model.values import Value

FILE = "tokens.json"
_PREFIX = "wa_"


class Scope(StrEnum):
    """What a token allows."""

    SEND = "send"
    READ = "read"
    MANAGE = "manage"


class TokenError(Exception):
    """The tokens could not be read or written; the message says what to do."""


class Token(Value):
    """One token as it is kept."""

    name: str = Field(pattern=r"^[A-Za-z0-9._-]{1,40}$")
    scopes: tuple[Scope, ...] = Field(min_length=1)
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")


class _File(Value):
    version: int = Field(default=1, ge=1, le=1)
    tokens: tuple[Token, ...] = ()


class Bearer(NamedTuple):
    """Who asks, and what they may."""

    name: str
    scopes: frozenset[Scope]


def create(data_dir: Path, name: str, scopes: Iterable[str]) -> str:
    """A new token of this name, in place of an older one; its text is kept nowhere. Raises TokenError."""
    text = _PREFIX + secrets.token_urlsafe(32)
    try:
        token = Token(name=name, scopes=tuple(Scope(scope) for scope in scopes), sha256=_hash(text))
    except ValueError:
        allowed = ", ".join(Scope)
        raise TokenError(f"A token needs a name of letters and digits, and at least one scope of {allowed}.") from None
    others = [each for each in stored(data_dir) if each.name != name]
    _write(data_dir, (*others, token))
    return text


def revoke(data_dir: Path, name: str) -> bool:
    """Forget the token of this name; whether there was one. Raises TokenError."""
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
    except (OSError, ValidationError):
        raise TokenError(f"{path} cannot be read: remove it and make the tokens again with `./wa token`.") from None


class Tokens:
    """The tokens of a running host: the file is read again when it changed. Safe to use from several threads."""

    def __init__(self, data_dir: Path) -> None:
        self._data_dir = data_dir
        self._lock = threading.Lock()
        self._seen: tuple[int, int] | None = None
        self._tokens: tuple[Token, ...] = ()

    def bearer(self, text: str) -> Bearer | None:
        """Whose token this is, None where nobody's; takes as long for a nearly right one. Raises TokenError."""
        wanted, found = _hash(text), None
        for token in self._current():
            if hmac.compare_digest(token.sha256, wanted):
                found = Bearer(token.name, frozenset(token.scopes))
        return found

    def _current(self) -> tuple[Token, ...]:
        with self._lock:
            try:
                status = (self._data_dir / FILE).stat()
            except FileNotFoundError:
                self._seen, self._tokens = None, ()
                return ()
            seen = (status.st_ino, status.st_mtime_ns)
            if seen != self._seen:
                self._tokens, self._seen = stored(self._data_dir), seen
            return self._tokens


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _write(data_dir: Path, tokens: tuple[Token, ...]) -> None:
    path = data_dir / FILE
    temporary = path.with_name(f".{FILE}.{secrets.token_hex(4)}")
    try:
        data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(_File(tokens=tokens).model_dump(mode="json", by_alias=True), file, indent=2)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise TokenError(f"{path} cannot be written: {error.strerror}.") from None
