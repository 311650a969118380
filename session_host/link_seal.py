"""What a backup of the link is: the session's file with a manifest, compressed, as an age file for one recipient.

age says who can read it, not who wrote it: whoever can write to the bucket and knows the recipient could put one there.
"""

import hashlib
import threading
import zlib

import pyrage
from pydantic import Field, ValidationError

from shared.clock import SYSTEM
from shared.model.values import Instant, Record
from shared.store import document
from shared.store.errors import Unreadable
from shared.store.projection import first_error

MOST_BYTES = 256 * 1024 * 1024
"""The largest session that is backed up, and the most that is unpacked from a backup."""

SHORTEST_PASSPHRASE = 12
AGE = b"age-encryption.org/v1"
BUSY_PAUSES = (0.5, 1.0, 2.0, 4.0)
"""Seconds between the tries to open an identity file on a machine that is kept from its work."""
_LONGEST_HEAD = 10_000
_SECRET = "AGE-SECRET-KEY-1"  # noqa: S105  (what such a line begins with)


class SealError(Exception):
    """A key or a backup is not usable; the message says why and what to do, in one sentence."""


class Manifest(Record):
    """What a backup is of. The number stands here only, inside the encrypted part.

    library: the version of the WhatsApp library. simulated: it was linked to the simulator. size, sha256: of the file.
    """

    taken_at: Instant
    host: str
    epoch: int | None = None
    library: str
    number: str
    simulated: bool = False
    size: int = Field(gt=0, le=MOST_BYTES)
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")


def digest(database: bytes) -> str:
    """The SHA-256 of the session's file, in hex digits."""
    return hashlib.sha256(database).hexdigest()


def check_recipient(recipient: str) -> None:
    """Raises SealError where nothing can be encrypted to this recipient."""
    _recipient(recipient)


def seal(database: bytes, manifest: Manifest, recipient: str) -> bytes:
    """The backup's bytes. Raises SealError."""
    head = document.small({"version": document.VERSION, **manifest.as_json()}).encode()
    return bytes(pyrage.encrypt(head + b"\n" + zlib.compress(database, 6), [_recipient(recipient)]))


def unseal(sealed: bytes, identity: str, name: str) -> tuple[Manifest, bytes]:
    """The manifest and the session's file, checked against one another. Raises SealError, whose sentence has `name`."""
    try:
        plain = bytes(pyrage.decrypt(sealed, [pyrage.x25519.Identity.from_str(identity)]))
    except pyrage.DecryptError as error:
        if "No matching keys" in str(error):
            raise SealError(
                f"{name} was encrypted to another key than this one, or its beginning is damaged: "
                "give the identity file it belongs to, or choose another backup with --name."
            ) from None
        raise SealError(f"{name} is damaged or no backup ({error}): choose another with --name.") from None
    head, _, packed = plain.partition(b"\n")
    manifest = _manifest(head, name)
    unpacking = zlib.decompressobj()
    try:
        database = unpacking.decompress(packed, manifest.size)
        whole = not unpacking.decompress(unpacking.unconsumed_tail, 1) and unpacking.eof
    except zlib.error:
        whole, database = False, b""
    if not whole or len(database) != manifest.size or digest(database) != manifest.sha256:
        raise SealError(f"{name} is damaged: its content is not what its manifest says. Choose another with --name.")
    return manifest, database


def new_identity(passphrase: str) -> tuple[bytes, str]:
    """A new identity as the bytes of its file, encrypted with the passphrase, and its recipient. Takes a second."""
    identity = pyrage.x25519.Identity.generate()
    recipient = str(identity.to_public())
    text = f"# recipient of the link's backups: {recipient}\n{identity}\n"
    return bytes(pyrage.passphrase.encrypt(text.encode(), passphrase, armored=True)), recipient


def needs_passphrase(file: bytes) -> bool:
    """Whether this identity file is encrypted; age's own may be plain text."""
    return file.startswith((AGE, b"-----BEGIN AGE ENCRYPTED FILE-----"))


def identity(file: bytes, passphrase: str | None) -> str:
    """The identity in such a file. Raises SealError, for a wrong passphrase too."""
    if needs_passphrase(file):
        file = _opened(file, passphrase or "")
    for line in file.decode(errors="replace").splitlines():
        if line.startswith(_SECRET):
            try:
                return str(pyrage.x25519.Identity.from_str(line.strip()))
            except pyrage.IdentityError:
                break
    raise SealError("The identity file holds no age identity: give the file that ./wa link key made.")


def _opened(file: bytes, passphrase: str) -> bytes:
    """What the file says. age measures first how quick this machine is; kept from its work just then, it refuses."""
    for pause in (*BUSY_PAUSES, None):
        try:
            return bytes(pyrage.passphrase.decrypt(file, passphrase))
        except pyrage.DecryptError as error:
            if "Decryption failed" in str(error):
                raise SealError("This is not the passphrase of the identity file.") from None
            if "Excessive work" not in str(error):
                raise SealError(f"The identity file cannot be opened ({error}): take another copy of it.") from None
        if pause is not None:
            SYSTEM.wait(threading.Event(), pause)
    raise SealError(
        "This machine is too busy just now to open the identity file, or far slower than the one that made it: "
        "try again when it has less to do."
    )


def _recipient(text: str) -> pyrage.x25519.Recipient:
    if not text:
        raise SealError("LINK_BACKUP_RECIPIENT is not set: ./wa link key makes a key and says what to write.")
    try:
        return pyrage.x25519.Recipient.from_str(text)
    except pyrage.RecipientError:
        raise SealError("LINK_BACKUP_RECIPIENT is mistyped: it is no age recipient. ./wa link key prints it.") from None


def _manifest(head: bytes, name: str) -> Manifest:
    if len(head) > _LONGEST_HEAD or not head.startswith(b"{"):
        raise SealError(f"{name} is no backup of a link: it does not begin with a manifest.")
    try:
        found = document.parse(head, name)
        if not isinstance(found, dict) or not document.check_version(found, name):
            raise SealError(f"{name} is no backup of a link: it has no version.")
        found.pop("version")
        return Manifest.model_validate(found)
    except Unreadable as error:
        raise SealError(str(error)) from None
    except ValidationError as error:
        raise SealError(f"{name} is no backup of a link: {first_error(error)}.") from None
