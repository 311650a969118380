"""X3DH and the double ratchet: every order of arrival is readable once, and nothing else is."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator import curve, envelopes, keyring, ratchet
from simulator.curve import DJB_TYPE, KeyPair
from simulator.envelopes import MalformedEnvelope, PreKeySignalMessage, SignalMessage
from simulator.ratchet import AlreadyDecrypted, Bundle, Record, Session, Undecryptable


class Bob:
    """Somebody with published keys."""

    def __init__(self) -> None:
        self.identity, self.signed, self.one_time = curve.key_pair(), curve.key_pair(), curve.key_pair()

    def bundle(self, *, one_time: bool = True) -> Bundle:
        return Bundle(
            registration_id=7,
            identity=self.identity.public,
            signed_prekey_id=1,
            signed_prekey=self.signed.public,
            signature=curve.sign(self.identity.private, DJB_TYPE + self.signed.public),
            prekey_id=9 if one_time else None,
            prekey=self.one_time.public if one_time else None,
        )

    def answer(self, first: PreKeySignalMessage) -> Session:
        return ratchet.answer(self.identity, self.signed, None if first.prekey_id is None else self.one_time, first)


def opened(alice: KeyPair, bob: Bob, *, one_time: bool = True) -> tuple[Session, Session]:
    """A session seen from both sides after Alice's first message."""
    session, first = ratchet.encrypt(ratchet.start(alice, 5, bob.bundle(one_time=one_time)), b"hello")
    assert isinstance(first, PreKeySignalMessage)
    first = envelopes.parse_prekey(first.serialized)
    other, plain = ratchet.decrypt(bob.answer(first), first.message)
    assert plain == b"hello"
    return session, other


def inner(message: SignalMessage | PreKeySignalMessage) -> SignalMessage:
    return message if isinstance(message, SignalMessage) else message.message


@pytest.mark.parametrize("one_time", [True, False])
def test_a_first_message_opens_a_session(one_time: bool) -> None:
    alice, bob = opened(curve.key_pair(), Bob(), one_time=one_time)
    bob, reply = ratchet.encrypt(bob, b"hello back")
    assert isinstance(reply, SignalMessage)
    alice, plain = ratchet.decrypt(alice, envelopes.parse_signal(reply.serialized))
    assert plain == b"hello back"
    assert alice.pending is None


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.binary(min_size=1, max_size=50)), max_size=25))
def test_a_conversation_in_any_turn_order(turns: list[tuple[bool, bytes]]) -> None:
    sides = list(opened(curve.key_pair(), Bob()))
    for from_bob, words in turns:
        sides[from_bob], message = ratchet.encrypt(sides[from_bob], words)
        sides[not from_bob], plain = ratchet.decrypt(sides[not from_bob], inner(message))
        assert plain == words


@settings(max_examples=40, deadline=None)
@given(st.permutations(range(12)), st.integers(0, 12))
def test_messages_in_any_order_are_each_readable_once(order: list[int], turn: int) -> None:
    alice, bob = opened(curve.key_pair(), Bob())
    sent = []
    for number in range(12):
        if number == turn:  # a reply in between: the later messages are sealed under a new ratchet key
            bob, reply = ratchet.encrypt(bob, b"reply")
            alice, _ = ratchet.decrypt(alice, inner(reply))
        alice, message = ratchet.encrypt(alice, bytes([number]))
        sent.append(inner(message))
    for number in order:
        bob, plain = ratchet.decrypt(bob, sent[number])
        assert plain == bytes([number])
    for message_again in sent:
        with pytest.raises(AlreadyDecrypted):
            ratchet.decrypt(bob, message_again)


@settings(deadline=None)
@given(st.integers(0, 200))
def test_a_changed_message_is_refused_and_the_true_one_still_readable(at: int) -> None:
    alice, bob = opened(curve.key_pair(), Bob())
    alice, message = ratchet.encrypt(alice, b"the true text")
    true = inner(message)
    changed = bytearray(true.serialized)
    changed[1 + at % (len(changed) - 1)] ^= 1
    with pytest.raises((Undecryptable, MalformedEnvelope)):
        ratchet.decrypt(bob, envelopes.parse_signal(bytes(changed)))
    assert ratchet.decrypt(bob, true)[1] == b"the true text"


def test_two_who_write_first_at_the_same_time_understand_each_other() -> None:
    alice, bob = Bob(), Bob()
    from_alice, first = ratchet.encrypt(ratchet.start(alice.identity, 1, bob.bundle()), b"from alice")
    from_bob, second = ratchet.encrypt(ratchet.start(bob.identity, 1, alice.bundle()), b"from bob")
    assert isinstance(first, PreKeySignalMessage)
    assert isinstance(second, PreKeySignalMessage)
    at_bob = ratchet.with_session(Record(from_bob), bob.answer(first))
    at_alice = ratchet.with_session(Record(from_alice), alice.answer(second))
    at_bob, heard_by_bob = ratchet.decrypt_any(at_bob, first.message)
    at_alice, heard_by_alice = ratchet.decrypt_any(at_alice, second.message)
    assert (heard_by_bob, heard_by_alice) == (b"from alice", b"from bob")
    later, message = ratchet.encrypt(from_alice, b"on the old session")
    assert ratchet.decrypt_any(at_bob, inner(message))[1] == b"on the old session"
    assert ratchet.find(at_bob, first.base_key) is not None
    assert ratchet.find(None, first.base_key) is None
    assert later.sending.index == 2


def test_a_bundle_that_was_not_signed_by_its_identity_is_refused() -> None:
    forged = replace(Bob().bundle(), identity=curve.key_pair().public)
    with pytest.raises(Undecryptable, match="not signed"):
        ratchet.start(curve.key_pair(), 1, forged)


def test_a_message_too_far_ahead_is_refused() -> None:
    alice, bob = opened(curve.key_pair(), Bob())
    for _ in range(2_002):
        alice, _skipped = ratchet.encrypt(alice, b"skipped")
    alice, message = ratchet.encrypt(alice, b"far ahead")
    with pytest.raises(Undecryptable, match="too far ahead"):
        ratchet.decrypt(bob, inner(message))


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 12))
def test_a_record_is_kept_as_it_is(skipped: int) -> None:
    alice, bob = opened(curve.key_pair(), Bob())
    for _ in range(skipped):
        alice, _skipped = ratchet.encrypt(alice, b"skipped")
    alice, message = ratchet.encrypt(alice, b"read")
    bob, _ = ratchet.decrypt(bob, inner(message))
    record = Record(bob, (alice,))
    assert keyring.load_record(keyring.dump_record(record)) == record


@settings(deadline=None)
@given(st.binary(max_size=120))
def test_any_bytes_are_an_envelope_or_refused(data: bytes) -> None:
    for parse in (envelopes.parse_signal, envelopes.parse_prekey):
        try:
            parse(data)
            parse(b"\x33" + data)
        except MalformedEnvelope:
            continue
