"""The files of all messages: encrypted as the media server keeps them, and decrypted as phones show them."""

import hashlib
import os
import re
import secrets
from pathlib import Path

from simulator import media
from simulator.contents import Attachment
from simulator.facts import File
from simulator.media import MediaType, Sealed, Unreadable

_PATH = re.compile(r"/v/sim/([0-9a-f]{64})(?:\?|$)")
_HASH = re.compile(r"[0-9a-f]{64}")


class Files:
    """Two folders of files that are named by their SHA-256; may be used from every thread."""

    def __init__(self, folder: Path) -> None:
        self._sealed, self._plain = folder / "sealed", folder / "plain"
        for one in (self._sealed, self._plain):
            one.mkdir(parents=True, exist_ok=True, mode=0o700)

    def keep_sealed(self, data: bytes) -> str:
        """Keeps an encrypted file; the path to download it from."""
        return f"/v/sim/{_keep(self._sealed, data)}?ccb=11-4"

    def sealed(self, path: str) -> bytes | None:
        """The encrypted file at a path, or None."""
        found = _PATH.match(path)
        return _read(self._sealed / found[1]) if found else None

    def forget_sealed(self, path: str) -> None:
        """Deletes an encrypted file, where it is there."""
        found = _PATH.match(path)
        if found:
            (self._sealed / found[1]).unlink(missing_ok=True)

    def plain(self, sha256: str) -> bytes | None:
        """A decrypted file by the hexadecimal SHA-256 of its bytes, or None."""
        return _read(self._plain / sha256) if _HASH.fullmatch(sha256) else None

    def upload(self, plain: bytes, kind: MediaType) -> tuple[Sealed, str]:
        """Encrypts and keeps a file as a phone does that sends it: what its message says, and the path."""
        sealed = media.seal(plain, kind)
        return sealed, self.keep_sealed(sealed.data)

    def download(self, attachment: Attachment, said: File) -> File:
        """Fetches and decrypts a message's file as a phone does; `problem` says what is wrong with it."""
        data = self.sealed(attachment.path)
        if data is None:
            return said.model_copy(update={"problem": "The media server has no such file."})
        try:
            plain = media.unseal(data, attachment.media, attachment.key, attachment.sha256, attachment.encrypted_sha256)
        except Unreadable as error:
            return said.model_copy(update={"problem": str(error)})
        return said.model_copy(update={"sha256": _keep(self._plain, plain), "size": len(plain)})


def _keep(folder: Path, data: bytes) -> str:
    name = hashlib.sha256(data).hexdigest()
    file = folder / name
    if not file.exists():
        beside = folder / f".{name}.{secrets.token_hex(4)}"
        with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "wb") as out:
            out.write(data)
        beside.replace(file)
    return name


def _read(file: Path) -> bytes | None:
    try:
        return file.read_bytes()
    except FileNotFoundError:
        return None
