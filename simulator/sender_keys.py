"""Signal's sender keys for groups, as functions from values to values: one chain for each speaker in each group.

Written after the public descriptions, in the variant that WhatsApp clients speak: version 3, a 64-byte XEdDSA signature
behind each message. The unit tests and the real client are the judges.
"""

import hmac
import secrets
from dataclasses import dataclass, field, replace

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.padding import PKCS7

from simulator import curve, envelopes
from simulator.envelopes import Distribution
from simulator.ratchet import AlreadyDecrypted, Undecryptable

_MAX_SKIP = 2000
_MAX_KEPT = 5


@dataclass(frozen=True, slots=True)
class SenderKey:
    """One speaker's chain in one group; whoever only listens has no private part. Keys are 32 bytes."""

    id: int
    chain: bytes = field(repr=False)
    iteration: int
    signing: bytes
    private: bytes | None = field(default=None, repr=False)
    skipped: tuple[tuple[int, bytes], ...] = field(default=(), repr=False)


def fresh() -> SenderKey:
    """A speaker's new key."""
    pair = curve.key_pair()
    return SenderKey(secrets.randbelow(2**31), secrets.token_bytes(32), 0, pair.public, pair.private)


def distribution(key: SenderKey) -> bytes:
    """What the speaker hands to each listener, from the next message on."""
    return envelopes.print_distribution(Distribution(key.id, key.iteration, key.chain, key.signing))


def accept(known: tuple[SenderKey, ...], handed: bytes) -> tuple[SenderKey, ...]:
    """The listener's keys of a speaker with one that was handed over; raises MalformedEnvelope."""
    given = envelopes.parse_distribution(handed)
    if any(one.id == given.id and one.signing == given.signing for one in known):
        return known  # handed over before: the older state opens more
    new = SenderKey(given.id, given.chain, given.iteration, given.signing)
    return (new, *known)[:_MAX_KEPT]


def encrypt(key: SenderKey, plain: bytes) -> tuple[SenderKey, bytes]:
    """The speaker's next message, and the key after it; raises Undecryptable for a listener's key."""
    if key.private is None:
        raise Undecryptable("Only the speaker can encrypt with a sender key.")
    cipher_key, vector = _message_keys(key.chain)
    padder = PKCS7(128).padder()
    encryptor = Cipher(algorithms.AES(cipher_key), modes.CBC(vector)).encryptor()
    sealed = encryptor.update(padder.update(plain) + padder.finalize()) + encryptor.finalize()
    signed = envelopes.unsigned_sender_key_message(key.id, key.iteration, sealed)
    after = replace(key, chain=_next(key.chain), iteration=key.iteration + 1)
    return after, signed + curve.sign(key.private, signed)


def decrypt(known: tuple[SenderKey, ...], data: bytes) -> tuple[tuple[SenderKey, ...], bytes]:
    """A message's text, and the listener's keys after it.

    Raises Undecryptable, AlreadyDecrypted or MalformedEnvelope.
    """
    message = envelopes.parse_sender_key_message(data)
    key = next((one for one in known if one.id == message.id), None)
    if key is None:
        raise Undecryptable("The speaker's sender key was never handed over.")
    if not curve.verify(key.signing, message.signed, message.signature):
        raise Undecryptable("The group message is not signed by its speaker.")
    key, chain = _take(key, message.iteration)
    cipher_key, vector = _message_keys(chain)
    try:
        decryptor = Cipher(algorithms.AES(cipher_key), modes.CBC(vector)).decryptor()
        unpadder = PKCS7(128).unpadder()
        plain = unpadder.update(decryptor.update(message.ciphertext) + decryptor.finalize()) + unpadder.finalize()
    except ValueError as error:
        raise Undecryptable(f"The ciphertext is damaged ({error}).") from error
    return tuple(key if one.id == key.id else one for one in known), plain


def _take(key: SenderKey, iteration: int) -> tuple[SenderKey, bytes]:
    if iteration < key.iteration:
        chain = dict(key.skipped).get(iteration)
        if chain is None:
            raise AlreadyDecrypted(f"Group message {iteration} was decrypted before.")
        return replace(key, skipped=tuple(one for one in key.skipped if one[0] != iteration)), chain
    if iteration - key.iteration > _MAX_SKIP:
        raise Undecryptable(f"Group message {iteration} is too far ahead of {key.iteration}.")
    chain, missed = key.chain, []
    for number in range(key.iteration, iteration):
        missed.append((number, chain))
        chain = _next(chain)
    skipped = (*key.skipped, *missed)[-_MAX_SKIP:]
    return replace(key, chain=_next(chain), iteration=iteration + 1, skipped=skipped), chain


def _next(chain: bytes) -> bytes:
    return hmac.digest(chain, b"\x02", "sha256")


def _message_keys(chain: bytes) -> tuple[bytes, bytes]:
    keys = HKDF(SHA256(), 48, bytes(32), b"WhisperGroup").derive(hmac.digest(chain, b"\x01", "sha256"))
    return keys[16:], keys[:16]
