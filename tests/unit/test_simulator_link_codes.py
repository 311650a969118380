"""Linking by code: phone and client come to the same secret, and only with the code that the client shows."""

import hashlib
import hmac
from secrets import token_bytes

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from simulator import curve, link_codes
from simulator.link_codes import Hello, MalformedHello, WrongLinkCode
from simulator.nodes import Jid, Node, node

CODE = "ABCD1234"
PHONE, CLIENT, EPHEMERAL = curve.key_pair(), curve.key_pair(), curve.key_pair()


def under_code(code: str, wrapped: bytes) -> bytes:
    key = hashlib.pbkdf2_hmac("sha256", code.encode(), wrapped[:32], 131_072, 32)
    return Cipher(algorithms.AES(key), modes.CTR(wrapped[32:48])).encryptor().update(wrapped[48:])


def derive(secret: bytes, salt: bytes, info: bytes) -> bytes:
    return hmac.digest(hmac.digest(salt, secret, "sha256"), info + b"\x01", "sha256")


def hello_stanza(display: str = "Firefox (Linux)", size: int = 48) -> Node:
    head = token_bytes(size)
    parts = [
        node("link_code_pairing_wrapped_companion_ephemeral_pub", head + under_code(CODE, head + EPHEMERAL.public)),
        node("companion_platform_display", display),
    ]
    return node("iq", node("link_code_companion_reg", parts, jid=Jid("447700900000", "s.whatsapp.net")))


def last_word(hello: Hello, notice: Node, client: bytes = CLIENT.public) -> tuple[Node, bytes]:
    """What the client sends at the end, and the secret that it has come to."""
    part = notice.child("link_code_companion_reg")
    assert part is not None
    wrapped = part.child("link_code_pairing_wrapped_primary_ephemeral_pub")
    assert wrapped is not None
    shared = curve.agree(EPHEMERAL.private, under_code(CODE, wrapped.data))
    salt, nonce, fresh = token_bytes(32), token_bytes(12), token_bytes(32)
    key = derive(shared, salt, b"link_code_pairing_key_bundle_encryption_key")
    bundle = salt + nonce + AESGCM(key).encrypt(nonce, client + PHONE.public + fresh, None)
    parts = [
        node("link_code_pairing_wrapped_key_bundle", bundle),
        node("companion_identity_public", client),
        node("link_code_pairing_ref", hello.ref),
    ]
    secret = derive(shared + curve.agree(CLIENT.private, PHONE.public) + fresh, bytes(32), b"adv_secret")
    return node("iq", node("link_code_companion_reg", parts)), secret


def test_both_sides_come_to_the_same_secret() -> None:
    hello = link_codes.read_hello(hello_stanza())
    assert hello.phone == "447700900000"
    typed = link_codes.typed(link_codes.normal("abcd-1234"), hello)
    notice = link_codes.primary_hello("1", hello, typed, PHONE.public, 1)
    stanza, secret = last_word(hello, notice)
    assert link_codes.finish(stanza, hello, typed, PHONE, CLIENT.public) == secret

    wrong = link_codes.typed("ABCD1235", hello)
    stanza, _secret = last_word(hello, link_codes.primary_hello("1", hello, wrong, PHONE.public, 1))
    with pytest.raises(WrongLinkCode, match="not the code"):
        link_codes.finish(stanza, hello, wrong, PHONE, CLIENT.public)
    stanza, _secret = last_word(hello, notice, client=curve.key_pair().public)
    with pytest.raises(WrongLinkCode, match="other identities"):
        link_codes.finish(stanza, hello, typed, PHONE, CLIENT.public)
    with pytest.raises(WrongLinkCode, match="another code"):
        link_codes.finish(node("iq"), hello, typed, PHONE, CLIENT.public)


@pytest.mark.parametrize("code", ["", "ABCD-123", "ABCD-12345", "ABCD-123O", "ABCD-123I", "ABCD-123U"])
def test_what_can_be_no_code_is_refused(code: str) -> None:
    with pytest.raises(WrongLinkCode, match="eight characters"):
        link_codes.normal(code)


def test_a_hello_that_no_server_takes_is_refused() -> None:
    with pytest.raises(MalformedHello, match="80 bytes"):
        link_codes.read_hello(hello_stanza(size=47))
    with pytest.raises(MalformedHello, match="Browser"):
        link_codes.read_hello(hello_stanza(display="anything"))
    with pytest.raises(MalformedHello, match="phone number"):
        link_codes.read_hello(node("iq"))
