"""WhatsApp's encryption of media files, as functions from bytes to bytes: HKDF of the media key, AES-CBC, HMAC."""

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from enum import Enum

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.padding import PKCS7

_MAC_SIZE = 10
_KEY_SIZE = 32


class MediaType(Enum):
    """What a file is; the value goes into its keys."""

    IMAGE = b"WhatsApp Image Keys"
    VIDEO = b"WhatsApp Video Keys"
    AUDIO = b"WhatsApp Audio Keys"
    DOCUMENT = b"WhatsApp Document Keys"
    HISTORY = b"WhatsApp History Keys"
    APP_STATE = b"WhatsApp App State Keys"


class Unreadable(ValueError):
    """The file is not what the message says of it."""


@dataclass(frozen=True)
class Sealed:
    """An encrypted file, and what its message must say of it; the hashes are 32 bytes."""

    data: bytes
    key: bytes
    sha256: bytes
    encrypted_sha256: bytes
    size: int


def seal(plain: bytes, kind: MediaType) -> Sealed:
    """Encrypts a file under a fresh key."""
    key = secrets.token_bytes(_KEY_SIZE)
    vector, cipher_key, mac_key = _keys(key, kind)
    padder = PKCS7(128).padder()
    encryptor = Cipher(algorithms.AES(cipher_key), modes.CBC(vector)).encryptor()
    body = encryptor.update(padder.update(plain) + padder.finalize()) + encryptor.finalize()
    data = body + _mac(mac_key, vector, body)
    return Sealed(data, key, hashlib.sha256(plain).digest(), hashlib.sha256(data).digest(), len(plain))


def unseal(data: bytes, kind: MediaType, key: bytes, sha256: bytes, encrypted_sha256: bytes) -> bytes:
    """The file, after every check that a phone makes; raises Unreadable."""
    if len(key) != _KEY_SIZE:
        raise Unreadable(f"The media key has {len(key)} bytes instead of {_KEY_SIZE}.")
    if hashlib.sha256(data).digest() != encrypted_sha256:
        raise Unreadable("The encrypted file has another SHA-256 than its message says.")
    vector, cipher_key, mac_key = _keys(key, kind)
    body, mac = data[:-_MAC_SIZE], data[-_MAC_SIZE:]
    if not hmac.compare_digest(_mac(mac_key, vector, body), mac):
        raise Unreadable("The file's MAC does not fit its key and kind.")
    try:
        decryptor = Cipher(algorithms.AES(cipher_key), modes.CBC(vector)).decryptor()
        unpadder = PKCS7(128).unpadder()
        plain = unpadder.update(decryptor.update(body) + decryptor.finalize()) + unpadder.finalize()
    except ValueError as error:
        raise Unreadable(f"The file's ciphertext is damaged ({error}).") from error
    if hashlib.sha256(plain).digest() != sha256:
        raise Unreadable("The decrypted file has another SHA-256 than its message says.")
    return plain


def _keys(key: bytes, kind: MediaType) -> tuple[bytes, bytes, bytes]:
    keys = HKDF(SHA256(), 112, bytes(32), kind.value).derive(key)
    return keys[:16], keys[16:48], keys[48:80]


def _mac(key: bytes, vector: bytes, body: bytes) -> bytes:
    return hmac.digest(key, vector + body, "sha256")[:_MAC_SIZE]
