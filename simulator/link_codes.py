"""Linking a device by a code of eight characters: what both sides derive from it and tell each other. No I/O.

The client encrypts a key with its code and says hello; the phone, on which the person types the code, answers with a
key of its own under the same code; the client sends both identities and fresh randomness under what the two keys agree
on. Whoever does not know the code gets other keys, and what is sealed with them does not open.
"""

import hashlib
import re
import secrets
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from simulator import curve
from simulator.curve import KeyPair
from simulator.nodes import SERVER, Node, node

STAGE = "link_code_companion_reg"
_ROUNDS = 131_072
_SALT, _VECTOR, _NONCE, _KEY = 32, 16, 12, 32
_WRAPPED = _SALT + _VECTOR + _KEY
_CODE = re.compile(r"[1-9A-HJ-NP-TV-Z]{8}")
_DISPLAY = re.compile(r"[A-Za-z ]+ \([A-Za-z ]+\)")
_WRAPPED_COMPANION = "link_code_pairing_wrapped_companion_ephemeral_pub"
_WRAPPED_PRIMARY = "link_code_pairing_wrapped_primary_ephemeral_pub"
_KEY_BUNDLE = "link_code_pairing_wrapped_key_bundle"
_REF = "link_code_pairing_ref"


class WrongLinkCode(ValueError):
    """This is not the code that the client shows."""


class MalformedHello(ValueError):
    """The client's hello is not one that a server takes."""


@dataclass(frozen=True)
class Hello:
    """A client that shows a code for a phone number: its reference, and its key under the code."""

    ref: str
    phone: str
    wrapped: bytes = field(repr=False)


@dataclass(frozen=True)
class Typed:
    """What the phone has derived from the code that was typed: its own key pair and the client's public key."""

    own: KeyPair = field(repr=False)
    client: bytes
    wrapped: bytes = field(repr=False)


def read_hello(stanza: Node) -> Hello:
    """The client's hello with a fresh reference; raises MalformedHello."""
    part = stanza.child(STAGE) or node(STAGE)
    jid, wrapped = part.jid("jid"), part.child(_WRAPPED_COMPANION)
    display = part.child("companion_platform_display")
    if jid is None or not jid.user.isdigit():
        raise MalformedHello("The hello names no phone number.")
    if wrapped is None or len(wrapped.data) != _WRAPPED:
        raise MalformedHello(f"The client's key under the code has {_WRAPPED} bytes.")
    if display is None or not _DISPLAY.fullmatch(display.data.decode(errors="replace")):
        raise MalformedHello("The client's name is not of the form `Browser (System)`.")
    return Hello(f"2@{secrets.token_urlsafe(32)}", jid.user, wrapped.data)


def hello_answer(hello: Hello) -> Node:
    """What the server's answer to a hello holds."""
    return node(STAGE, node(_REF, hello.ref))


def normal(code: str) -> str:
    """A code as it was shown, without its hyphen; raises WrongLinkCode for what can be none."""
    plain = code.replace("-", "").replace(" ", "").upper()
    if not _CODE.fullmatch(plain):
        raise WrongLinkCode("A code has eight characters, of 1 to 9 and A to Z without I, O and U.")
    return plain


def typed(code: str, hello: Hello) -> Typed:
    """What the phone derives from a normal code; takes a tenth of a second of work."""
    client = _under_code(code, hello.wrapped[:_SALT], hello.wrapped[_SALT:-_KEY], hello.wrapped[-_KEY:])
    own, salt, vector = curve.key_pair(), secrets.token_bytes(_SALT), secrets.token_bytes(_VECTOR)
    return Typed(own, client, salt + vector + _under_code(code, salt, vector, own.public))


def primary_hello(stanza_id: str, hello: Hello, answer: Typed, identity: bytes, now: int) -> Node:
    """The notification with the phone's key; `identity` is the phone's, 32 bytes."""
    parts = [node(_WRAPPED_PRIMARY, answer.wrapped), node("primary_identity_pub", identity), node(_REF, hello.ref)]
    content = node(STAGE, parts, stage="primary_hello")
    return node("notification", content, from_=SERVER, id=stanza_id, type=STAGE, t=now)


def finish(stanza: Node, hello: Hello, phone: Typed, primary: KeyPair, companion: bytes) -> bytes:
    """The secret for the device's identity out of the client's last word; raises WrongLinkCode.

    primary: the phone's identity; companion: the client's public one, as it registered it.
    """
    part = stanza.child(STAGE) or node(STAGE)
    bundle, ref, named = part.child(_KEY_BUNDLE), part.child(_REF), part.child("companion_identity_public")
    if bundle is None or ref is None or named is None or ref.data.decode(errors="replace") != hello.ref:
        raise WrongLinkCode("The client's last word is about another code.")
    shared = curve.agree(phone.own.private, phone.client)
    salt, nonce, sealed = bundle.data[:_SALT], bundle.data[_SALT : _SALT + _NONCE], bundle.data[_SALT + _NONCE :]
    key = HKDF(SHA256(), _KEY, salt, b"link_code_pairing_key_bundle_encryption_key").derive(shared)
    try:
        opened = AESGCM(key).decrypt(nonce, sealed, None)
    except (InvalidTag, ValueError) as error:
        raise WrongLinkCode("This is not the code that the client shows.") from error
    if opened[:_KEY] != companion or named.data != companion or opened[_KEY : 2 * _KEY] != primary.public:
        raise WrongLinkCode("The client has sealed other identities than its own and the phone's.")
    secret = shared + curve.agree(primary.private, companion) + opened[2 * _KEY :]
    return HKDF(SHA256(), _KEY, bytes(_KEY), b"adv_secret").derive(secret)


def _under_code(code: str, salt: bytes, vector: bytes, data: bytes) -> bytes:
    """Encrypts or decrypts (it is the same) with the key that a code and a salt make."""
    key = hashlib.pbkdf2_hmac("sha256", code.encode(), salt, _ROUNDS, _KEY)
    cipher = Cipher(algorithms.AES(key), modes.CTR(vector)).encryptor()
    return cipher.update(data) + cipher.finalize()
