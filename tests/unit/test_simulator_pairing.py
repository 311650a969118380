"""What is read from a QR code, what the phone signs, and which answers of a client are refused."""

import base64
import hmac
from secrets import token_bytes

import pytest

from simulator import curve, pairing
from simulator.clock import utc_now
from simulator.curve import KeyPair
from simulator.devices import Registration
from simulator.nodes import Jid, Node, node
from simulator.pairing import WrongCode, WrongSignature
from simulator.people import End, Person
from simulator.protobufs import adv

PHONE = End("447700900001", "100", 0, curve.key_pair(), 1, curve.key_pair())
OWNER = Person("447700900001", "100", "Owner", True, True, (PHONE,), 0, 0)


def qr(ref: str, noise: bytes, identity: bytes, secret: bytes) -> str:
    keys = ",".join(base64.b64encode(key).decode() for key in (noise, identity, secret))
    return f"https://wa.me/settings/linked_devices#{ref},{keys},6"


def registration(identity: KeyPair) -> Registration:
    return Registration(bytes(32), identity.public, 1, 1, bytes(32), bytes(64))


def test_a_code_is_read_with_and_without_its_address() -> None:
    noise, identity, secret = (token_bytes(32) for _ in range(3))
    text = qr("2@ref", noise, identity, secret)
    for one in (text, text.partition("#")[2]):
        code = pairing.parse(one)
        assert (code.ref, code.noise, code.identity, code.adv_secret) == ("2@ref", noise, identity, secret)


@pytest.mark.parametrize(
    "text", ["", "hello", "a,b,c,d,e", "ref,AAAA,AAAA,AAAA,1", "1,2,3,4,5,6", "https://wa.me/settings/linked_devices#"]
)
def test_what_is_no_code_is_refused(text: str) -> None:
    with pytest.raises(WrongCode):
        pairing.parse(text)


def test_the_phone_vouches_for_the_device() -> None:
    identity, secret = curve.key_pair(), token_bytes(32)
    code = pairing.parse(qr("2@ref", bytes(32), identity.public, secret))
    details = pairing.identity_details(3, utc_now())
    device, lid = Jid(OWNER.phone, "s.whatsapp.net", 3), Jid(OWNER.lid, "lid", 3)
    stanza = pairing.pair_success("1", OWNER, code, details, device, lid, utc_now())
    part = stanza.child("pair-success", "device-identity")
    assert part is not None
    sealed = adv.ADVSignedDeviceIdentityHMAC.FromString(part.data)
    assert hmac.digest(secret, sealed.details, "sha256") == sealed.HMAC
    signed = adv.ADVSignedDeviceIdentity.FromString(sealed.details)
    message = b"\x06\x00" + signed.details + identity.public
    assert curve.verify(OWNER.identity.public, message, signed.accountSignature)


def answer(details: bytes, signature: bytes) -> Node:
    signed = adv.ADVSignedDeviceIdentity(details=details, deviceSignature=signature).SerializeToString()
    return node("iq", node("pair-device-sign", node("device-identity", signed)), type="result")


def test_the_clients_signature_is_checked() -> None:
    identity, details = curve.key_pair(), pairing.identity_details(1, utc_now())
    message = b"\x06\x01" + details + identity.public + OWNER.identity.public
    good = answer(details, curve.sign(identity.private, message))
    pairing.check_answer(good, OWNER, registration(identity), details)
    for bad in (answer(details, bytes(64)), answer(b"other", curve.sign(identity.private, message))):
        with pytest.raises(WrongSignature, match="is wrong"):
            pairing.check_answer(bad, OWNER, registration(identity), details)
    refusal = node("iq", node("error", code=401, text="hmac-mismatch"), type="error")
    with pytest.raises(WrongSignature, match="hmac-mismatch"):
        pairing.check_answer(refusal, OWNER, registration(identity), details)
