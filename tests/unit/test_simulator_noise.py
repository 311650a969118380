"""The Noise handshake between two ends: both hold the same keys after it, and nothing can be changed on the way."""

import pytest
from cryptography.exceptions import InvalidTag
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator import certificates, curve
from simulator.clock import utc_now
from simulator.curve import KeyPair
from simulator.noise import Cipher, Responder, SymmetricState
from simulator.protobufs import cert


class Initiator:
    """The client's side, built from the same state machine."""

    def __init__(self) -> None:
        self.state, self.ephemeral, self.static = SymmetricState(), curve.key_pair(), curve.key_pair()
        self.state.mix_hash(self.ephemeral.public)

    def read_hello(self, ephemeral: bytes, static: bytes, payload: bytes) -> tuple[bytes, bytes]:
        self.state.mix_hash(ephemeral)
        self.state.mix_key(curve.agree(self.ephemeral.private, ephemeral))
        server = self.state.decrypt(static)
        self.state.mix_key(curve.agree(self.ephemeral.private, server))
        return server, self.state.decrypt(payload)

    def finish(self, server_ephemeral: bytes, payload: bytes) -> tuple[bytes, bytes, Cipher, Cipher]:
        static = self.state.encrypt(self.static.public)
        self.state.mix_key(curve.agree(self.static.private, server_ephemeral))
        sealed = self.state.encrypt(payload)
        return static, sealed, *self.state.split()


def shake_hands(
    server: KeyPair, payload: bytes
) -> tuple[Initiator, bytes, tuple[Cipher, Cipher], tuple[Cipher, Cipher]]:
    client, responder = Initiator(), Responder(server)
    hello = responder.hello(client.ephemeral.public, b"certificate")
    assert client.read_hello(*hello) == (server.public, b"certificate")
    static, sealed, to_server, from_server = client.finish(hello[0], payload)
    seen_static, seen_payload, reading, writing = responder.finish(static, sealed)
    assert seen_static == client.static.public
    return client, seen_payload, (to_server, from_server), (reading, writing)


@settings(deadline=None)
@given(st.binary(max_size=200), st.lists(st.binary(max_size=100), max_size=5))
def test_both_ends_understand_each_other(payload: bytes, frames: list[bytes]) -> None:
    _client, seen, (to_server, from_server), (reading, writing) = shake_hands(curve.key_pair(), payload)
    assert seen == payload
    for frame in frames:
        assert reading.decrypt(to_server.encrypt(frame)) == frame
        assert from_server.decrypt(writing.encrypt(frame)) == frame


def test_a_changed_payload_is_refused() -> None:
    client, responder = Initiator(), Responder(curve.key_pair())
    hello = responder.hello(client.ephemeral.public, b"certificate")
    client.read_hello(*hello)
    static, sealed, *_ciphers = client.finish(hello[0], b"payload")
    with pytest.raises(InvalidTag):
        responder.finish(static, sealed[:-1] + bytes([sealed[-1] ^ 1]))


def test_a_frame_out_of_turn_is_refused() -> None:
    _client, _seen, (to_server, _), (reading, _) = shake_hands(curve.key_pair(), b"")
    first, second = to_server.encrypt(b"first"), to_server.encrypt(b"second")
    with pytest.raises(InvalidTag):
        reading.decrypt(second)
    assert first != second


def test_the_certificate_chain_leads_from_the_root_to_the_server() -> None:
    authority = certificates.found()
    chain = cert.CertChain.FromString(certificates.chain(authority, utc_now()))
    middle = cert.CertChain.NoiseCertificate.Details.FromString(chain.intermediate.details)
    leaf = cert.CertChain.NoiseCertificate.Details.FromString(chain.leaf.details)
    assert curve.verify(authority.root.public, chain.intermediate.details, chain.intermediate.signature)
    assert curve.verify(middle.key, chain.leaf.details, chain.leaf.signature)
    assert (middle.issuerSerial, leaf.issuerSerial, leaf.key) == (0, middle.serial, authority.static.public)
    assert leaf.notBefore < utc_now().timestamp() < leaf.notAfter


@settings(deadline=None)
@given(st.binary(max_size=100))
def test_a_signature_is_valid_for_its_message_only(message: bytes) -> None:
    pair = curve.key_pair()
    signature = curve.sign(pair.private, message)
    assert curve.verify(pair.public, message, signature)
    assert not curve.verify(pair.public, message + b"!", signature)
    assert not curve.verify(curve.key_pair().public, message, signature)
    assert not curve.verify(pair.public, message, signature[:-1])
