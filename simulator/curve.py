"""Curve25519 as WhatsApp uses it: key pairs, Diffie-Hellman, and XEdDSA signatures made with the same keys."""

from dataclasses import dataclass
from secrets import token_bytes

import xeddsa

DJB_TYPE = b"\x05"
_SIGN_BIT = 0x80


@dataclass(frozen=True, slots=True)
class KeyPair:
    """A Curve25519 key pair, 32 bytes each."""

    private: bytes
    public: bytes

    @property
    def serialized(self) -> bytes:
        """The public key as Signal writes it: a type byte and 32 bytes."""
        return DJB_TYPE + self.public


def key_pair(private: bytes | None = None) -> KeyPair:
    """A fresh pair, or the pair of a given 32-byte private key."""
    seed = bytearray(token_bytes(32) if private is None else private)
    seed[0] &= 248
    seed[31] = (seed[31] & 127) | 64
    return KeyPair(bytes(seed), xeddsa.priv_to_curve25519_pub(bytes(seed)))


def agree(private: bytes, public: bytes) -> bytes:
    """The 32-byte shared secret of one side's private and the other side's public key."""
    return xeddsa.x25519(private, public)


def sign(private: bytes, message: bytes) -> bytes:
    """A 64-byte XEdDSA signature that any Signal client accepts."""
    return xeddsa.ed25519_priv_sign(xeddsa.priv_force_sign(private, False), message)


def verify(public: bytes, message: bytes, signature: bytes) -> bool:
    """Whether the signature is the owner's; Signal's older form has the key's sign bit in the last byte."""
    if len(signature) != 64 or len(public) != 32:
        return False
    key = xeddsa.curve25519_pub_to_ed25519_pub(public, bool(signature[63] & _SIGN_BIT))
    plain = signature[:63] + bytes([signature[63] & ~_SIGN_BIT & 0xFF])
    return xeddsa.ed25519_verify(plain, key, message)
