"""The Noise_XX_25519_AESGCM_SHA256 handshake and the ciphers it yields: pure state machines over bytes, both roles."""

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256, Hash
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from simulator import curve
from simulator.curve import KeyPair

PROLOGUE = b"WA\x06\x03"
_PATTERN = b"Noise_XX_25519_AESGCM_SHA256\x00\x00\x00\x00"


def _digest(data: bytes) -> bytes:
    sha = Hash(SHA256())
    sha.update(data)
    return sha.finalize()


def _derive(salt: bytes, secret: bytes) -> tuple[bytes, bytes]:
    both = HKDF(SHA256(), 64, salt, b"").derive(secret)
    return both[:32], both[32:]


class Cipher:
    """AES-256-GCM with a counter for a nonce; one direction of one connection."""

    def __init__(self, key: bytes) -> None:
        self._aead, self._counter = AESGCM(key), 0

    def _nonce(self) -> bytes:
        self._counter += 1
        return (self._counter - 1).to_bytes(12, "big")

    def encrypt(self, plain: bytes, bound: bytes | None = None) -> bytes:
        """The next frame, sealed together with `bound`."""
        return self._aead.encrypt(self._nonce(), plain, bound)

    def decrypt(self, sealed: bytes, bound: bytes | None = None) -> bytes:
        """The next frame, opened; raises cryptography's InvalidTag."""
        return self._aead.decrypt(self._nonce(), sealed, bound)


class SymmetricState:
    """What both ends of a handshake keep in step: the transcript's hash, the chaining key and the current cipher."""

    def __init__(self, prologue: bytes = PROLOGUE) -> None:
        self._hash = self._chaining = _PATTERN
        self._cipher = Cipher(_PATTERN)
        self.mix_hash(prologue)

    def mix_hash(self, data: bytes) -> None:
        """Binds public data into the transcript."""
        self._hash = _digest(self._hash + data)

    def mix_key(self, secret: bytes) -> None:
        """Binds a shared secret into the keys."""
        self._chaining, key = _derive(self._chaining, secret)
        self._cipher = Cipher(key)

    def encrypt(self, plain: bytes) -> bytes:
        """Seals and binds a part of a handshake message."""
        sealed = self._cipher.encrypt(plain, self._hash)
        self.mix_hash(sealed)
        return sealed

    def decrypt(self, sealed: bytes) -> bytes:
        """Opens and binds a part of a handshake message; raises cryptography's InvalidTag."""
        plain = self._cipher.decrypt(sealed, self._hash)
        self.mix_hash(sealed)
        return plain

    def split(self) -> tuple[Cipher, Cipher]:
        """The two transport ciphers: client to server, server to client."""
        first, second = _derive(self._chaining, b"")
        return Cipher(first), Cipher(second)


class Responder:
    """The server's side of one handshake: `hello`, then `finish`."""

    def __init__(self, static: KeyPair) -> None:
        self._static, self._ephemeral = static, curve.key_pair()
        self._state = SymmetricState()

    def hello(self, client_ephemeral: bytes, certificate: bytes) -> tuple[bytes, bytes, bytes]:
        """Answers the client's ephemeral key: (ephemeral, sealed static, sealed certificate chain)."""
        state = self._state
        state.mix_hash(client_ephemeral)
        state.mix_hash(self._ephemeral.public)
        state.mix_key(curve.agree(self._ephemeral.private, client_ephemeral))
        static = state.encrypt(self._static.public)
        state.mix_key(curve.agree(self._static.private, client_ephemeral))
        return self._ephemeral.public, static, state.encrypt(certificate)

    def finish(self, sealed_static: bytes, sealed_payload: bytes) -> tuple[bytes, bytes, Cipher, Cipher]:
        """The client's static key, its payload, and the ciphers to read and to write with; raises InvalidTag."""
        static = self._state.decrypt(sealed_static)
        self._state.mix_key(curve.agree(self._ephemeral.private, static))
        payload = self._state.decrypt(sealed_payload)
        reading, writing = self._state.split()
        return static, payload, reading, writing
