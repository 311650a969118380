"""Signal's X3DH and double ratchet as functions from values to values: a session in, a session and a message out.

Written after the public specifications (signal.org/docs) in the variant that WhatsApp clients speak: version 3,
HKDF-SHA256, AES-256-CBC with an 8-byte HMAC. The unit tests and the real client are the judges.
"""

import hmac
from dataclasses import dataclass, replace

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.padding import PKCS7

from simulator import curve, envelopes
from simulator.curve import DJB_TYPE, KeyPair
from simulator.envelopes import PreKeySignalMessage, SignalMessage

_MAX_SKIP = 2000
_MAX_RECEIVERS = 5
_MAX_PREVIOUS = 40


class Undecryptable(Exception):
    """The message fits none of the sessions with its sender."""


class AlreadyDecrypted(Undecryptable):
    """The message's key was used before: this is a repetition."""


@dataclass(frozen=True, slots=True)
class Chain:
    """A symmetric chain: its key and the number of the next message."""

    key: bytes
    index: int = 0


@dataclass(frozen=True, slots=True)
class Receiver:
    """What arrives under one ratchet key of the other side: the chain, and the seeds of messages not yet seen."""

    ratchet_key: bytes
    chain: Chain
    skipped: tuple[tuple[int, bytes], ...] = ()


@dataclass(frozen=True, slots=True)
class Pending:
    """What each message still has to carry until the other side has answered once."""

    prekey_id: int | None
    signed_prekey_id: int
    base_key: bytes
    registration_id: int


@dataclass(frozen=True, slots=True)
class Session:
    """One double-ratchet session, seen from one side; keys are 32 bytes."""

    local_identity: bytes
    remote_identity: bytes
    base_key: bytes
    root: bytes
    ratchet: KeyPair
    sending: Chain
    previous_counter: int = 0
    receivers: tuple[Receiver, ...] = ()
    pending: Pending | None = None


@dataclass(frozen=True, slots=True)
class Record:
    """All sessions with one device: the current one and older ones that late messages may need."""

    current: Session
    previous: tuple[Session, ...] = ()


@dataclass(frozen=True, slots=True)
class Bundle:
    """What a device publishes so that others can write to it first."""

    registration_id: int
    identity: bytes
    signed_prekey_id: int
    signed_prekey: bytes
    signature: bytes
    prekey_id: int | None = None
    prekey: bytes | None = None


def start(identity: KeyPair, registration_id: int, bundle: Bundle) -> Session:
    """Opens a session towards a published bundle; raises Undecryptable when the bundle's signature is wrong."""
    if not curve.verify(bundle.identity, DJB_TYPE + bundle.signed_prekey, bundle.signature):
        raise Undecryptable("The signed prekey is not signed by its identity.")
    base, ratchet = curve.key_pair(), curve.key_pair()
    secrets = [
        curve.agree(identity.private, bundle.signed_prekey),
        curve.agree(base.private, bundle.identity),
        curve.agree(base.private, bundle.signed_prekey),
    ]
    if bundle.prekey is not None:
        secrets.append(curve.agree(base.private, bundle.prekey))
    root, chain = _first_keys(secrets)
    root, sending = _step(root, ratchet.private, bundle.signed_prekey)
    return Session(
        local_identity=identity.public,
        remote_identity=bundle.identity,
        base_key=base.public,
        root=root,
        ratchet=ratchet,
        sending=sending,
        receivers=(Receiver(bundle.signed_prekey, chain),),
        pending=Pending(bundle.prekey_id, bundle.signed_prekey_id, base.public, registration_id),
    )


def answer(identity: KeyPair, signed_prekey: KeyPair, prekey: KeyPair | None, first: PreKeySignalMessage) -> Session:
    """The session that a first message asks for, seen from its receiver."""
    secrets = [
        curve.agree(signed_prekey.private, first.identity_key),
        curve.agree(identity.private, first.base_key),
        curve.agree(signed_prekey.private, first.base_key),
    ]
    if prekey is not None:
        secrets.append(curve.agree(prekey.private, first.base_key))
    root, chain = _first_keys(secrets)
    return Session(
        local_identity=identity.public,
        remote_identity=first.identity_key,
        base_key=first.base_key,
        root=root,
        ratchet=signed_prekey,
        sending=chain,
    )


def encrypt(session: Session, plain: bytes) -> tuple[Session, SignalMessage | PreKeySignalMessage]:
    """The next message, and the session after it."""
    chain = session.sending
    key, mac_key, vector = _message_keys(_seed(chain))
    padder = PKCS7(128).padder()
    encryptor = Cipher(algorithms.AES(key), modes.CBC(vector)).encryptor()
    sealed = encryptor.update(padder.update(plain) + padder.finalize()) + encryptor.finalize()
    signed = envelopes.unsigned(session.ratchet.public, chain.index, session.previous_counter, sealed)
    mac = _mac(mac_key, session.local_identity, session.remote_identity, signed)
    message = SignalMessage(session.ratchet.public, chain.index, session.previous_counter, sealed, signed, mac)
    after = replace(session, sending=_next(chain))
    if session.pending is None:
        return after, message
    wait = session.pending
    return after, PreKeySignalMessage(
        wait.registration_id, wait.prekey_id, wait.signed_prekey_id, wait.base_key, session.local_identity, message
    )


def decrypt(session: Session, message: SignalMessage) -> tuple[Session, bytes]:
    """The message's text, and the session after it; raises Undecryptable or AlreadyDecrypted."""
    receiver = next((one for one in session.receivers if one.ratchet_key == message.ratchet_key), None)
    if receiver is None:
        session, receiver = _turn(session, message.ratchet_key)
    receiver, seed = _take_seed(receiver, message.counter)
    key, mac_key, vector = _message_keys(seed)
    if not hmac.compare_digest(
        _mac(mac_key, session.remote_identity, session.local_identity, message.signed), message.mac
    ):
        raise Undecryptable("The message's MAC does not fit the session.")
    plain = _open(key, vector, message.ciphertext)
    receivers = tuple(receiver if one.ratchet_key == receiver.ratchet_key else one for one in session.receivers)
    return replace(session, receivers=receivers, pending=None), plain


def decrypt_any(record: Record, message: SignalMessage) -> tuple[Record, bytes]:
    """As decrypt, over the current session and then the older ones; the one that fits becomes current."""
    reasons: list[Undecryptable] = []
    sessions = (record.current, *record.previous)
    for at, session in enumerate(sessions):
        try:
            after, plain = decrypt(session, message)
        except AlreadyDecrypted:
            raise
        except Undecryptable as reason:
            reasons.append(reason)
        else:
            return Record(after, sessions[:at] + sessions[at + 1 :]), plain
    raise reasons[0]


def with_session(record: Record | None, session: Session) -> Record:
    """The record with a new current session, the older ones kept behind it."""
    if record is None:
        return Record(session)
    return Record(session, (record.current, *record.previous)[:_MAX_PREVIOUS])


def find(record: Record | None, base_key: bytes) -> Session | None:
    """The session that a first message with this base key opened before, if any."""
    if record is None:
        return None
    return next((one for one in (record.current, *record.previous) if one.base_key == base_key), None)


def _turn(session: Session, ratchet_key: bytes) -> tuple[Session, Receiver]:
    root, chain = _step(session.root, session.ratchet.private, ratchet_key)
    ratchet = curve.key_pair()
    root, sending = _step(root, ratchet.private, ratchet_key)
    receiver = Receiver(ratchet_key, chain)
    after = replace(
        session,
        root=root,
        ratchet=ratchet,
        sending=sending,
        previous_counter=max(session.sending.index - 1, 0),
        receivers=(*session.receivers, receiver)[-_MAX_RECEIVERS:],
    )
    return after, receiver


def _take_seed(receiver: Receiver, counter: int) -> tuple[Receiver, bytes]:
    chain, skipped = receiver.chain, receiver.skipped
    if counter < chain.index:
        seed = dict(skipped).get(counter)
        if seed is None:
            raise AlreadyDecrypted(f"Message {counter} of this chain was decrypted before.")
        return replace(receiver, skipped=tuple(one for one in skipped if one[0] != counter)), seed
    if counter - chain.index > _MAX_SKIP:
        raise Undecryptable(f"Message {counter} is too far ahead of {chain.index}.")
    missed = []
    while chain.index < counter:
        missed.append((chain.index, _seed(chain)))
        chain = _next(chain)
    return Receiver(receiver.ratchet_key, _next(chain), (*skipped, *missed)[-_MAX_SKIP:]), _seed(chain)


def _seed(chain: Chain) -> bytes:
    return hmac.digest(chain.key, b"\x01", "sha256")


def _next(chain: Chain) -> Chain:
    return Chain(hmac.digest(chain.key, b"\x02", "sha256"), chain.index + 1)


def _derive(secret: bytes, size: int, info: bytes, salt: bytes = bytes(32)) -> bytes:
    return HKDF(SHA256(), size, salt, info).derive(secret)


def _first_keys(secrets: list[bytes]) -> tuple[bytes, Chain]:
    both = _derive(b"\xff" * 32 + b"".join(secrets), 64, b"WhisperText")
    return both[:32], Chain(both[32:])


def _step(root: bytes, private: bytes, public: bytes) -> tuple[bytes, Chain]:
    both = _derive(curve.agree(private, public), 64, b"WhisperRatchet", root)
    return both[:32], Chain(both[32:])


def _message_keys(seed: bytes) -> tuple[bytes, bytes, bytes]:
    keys = _derive(seed, 80, b"WhisperMessageKeys")
    return keys[:32], keys[32:64], keys[64:]


def _mac(key: bytes, sender: bytes, receiver: bytes, signed: bytes) -> bytes:
    return hmac.digest(key, DJB_TYPE + sender + DJB_TYPE + receiver + signed, "sha256")[: envelopes.MAC_SIZE]


def _open(key: bytes, vector: bytes, sealed: bytes) -> bytes:
    try:
        decryptor = Cipher(algorithms.AES(key), modes.CBC(vector)).decryptor()
        unpadder = PKCS7(128).unpadder()
        return unpadder.update(decryptor.update(sealed) + decryptor.finalize()) + unpadder.finalize()
    except ValueError as error:
        raise Undecryptable(f"The ciphertext is damaged ({error}).") from error
