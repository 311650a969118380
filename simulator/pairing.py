"""Linking a device by QR code: what the code says, what the phone signs, what the client must sign back. No I/O."""

import base64
import binascii
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from simulator import curve
from simulator.devices import Registration
from simulator.nodes import SERVER, Jid, Node, node
from simulator.people import Person
from simulator.protobufs import adv

REFS = 6
_ACCOUNT_PREFIX, _DEVICE_PREFIX = b"\x06\x00", b"\x06\x01"


class WrongCode(ValueError):
    """This is not the text of a QR code that a client shows now."""


class WrongSignature(ValueError):
    """The client did not sign its own device identity."""


@dataclass(frozen=True)
class Code:
    """The parts of a QR code; the keys are 32 bytes."""

    ref: str
    noise: bytes
    identity: bytes
    adv_secret: bytes


def parse(qr: str) -> Code:
    """Reads a QR code's text, with or without the wa.me address before it; raises WrongCode."""
    parts = qr.rpartition("#")[2].split(",")
    if len(parts) not in (4, 5):
        raise WrongCode("A QR code has four or five parts with commas between them.")
    try:
        noise, identity, secret = (base64.b64decode(part, validate=True) for part in parts[1:4])
    except (binascii.Error, ValueError) as error:
        raise WrongCode("The keys in the QR code are not base64.") from error
    if not len(noise) == len(identity) == len(secret) == 32:
        raise WrongCode("The keys in the QR code do not have 32 bytes.")
    return Code(parts[0], noise, identity, secret)


def registration(payload: Any, noise: bytes) -> Registration:
    """What an unlinked client says in its ClientPayload."""
    data = payload.devicePairingData
    return Registration(
        noise=noise,
        identity=data.eIdent,
        registration_id=int.from_bytes(data.eRegid, "big"),
        signed_prekey_id=int.from_bytes(data.eSkeyID, "big"),
        signed_prekey=data.eSkeyVal,
        signature=data.eSkeySig,
    )


def fresh_refs() -> list[str]:
    """The references that the client puts into its QR codes, one after the other."""
    return [f"2@{secrets.token_urlsafe(96)}" for _ in range(REFS)]


def pair_device(stanza_id: str, refs: list[str]) -> Node:
    """The stanza that makes an unlinked client show QR codes."""
    content = node("pair-device", (node("ref", ref) for ref in refs))
    return node("iq", content, from_=SERVER, type="set", id=stanza_id, xmlns="md")


def identity_details(number: int, now: datetime) -> bytes:
    """The ADVDeviceIdentity of a new device, serialized."""
    raw_id = 1 + secrets.randbelow(2**31)
    details: bytes = adv.ADVDeviceIdentity(
        rawID=raw_id, timestamp=int(now.timestamp()), keyIndex=number
    ).SerializeToString()
    return details


def pair_success(
    stanza_id: str, owner: Person, code: Code, details: bytes, device: Jid, lid: Jid, now: datetime
) -> Node:
    """The phone's answer to a scan: it vouches for the device with its identity key."""
    signed = adv.ADVSignedDeviceIdentity(
        details=details,
        accountSignatureKey=owner.identity.public,
        accountSignature=curve.sign(owner.identity.private, _ACCOUNT_PREFIX + details + code.identity),
    ).SerializeToString()
    sealed = adv.ADVSignedDeviceIdentityHMAC(details=signed, HMAC=hmac.digest(code.adv_secret, signed, "sha256"))
    parts = [
        node("device-identity", sealed.SerializeToString()),
        node("device", jid=device, lid=lid),
        node("platform", name="android"),
    ]
    return node(
        "iq", node("pair-success", parts), from_=SERVER, type="set", id=stanza_id, xmlns="md", t=int(now.timestamp())
    )


def check_answer(answer: Node, owner: Person, registered: Registration, details: bytes) -> None:
    """Checks the client's pair-device-sign; raises WrongSignature."""
    part = answer.child("pair-device-sign", "device-identity")
    if part is None:
        refusal = answer.child("error")
        reason = refusal.text("text", "no reason given") if refusal else "no device identity in its answer"
        raise WrongSignature(f"The client refused the link: {reason}.")
    signed = adv.ADVSignedDeviceIdentity.FromString(part.data)
    message = _DEVICE_PREFIX + details + registered.identity + owner.identity.public
    if signed.details != details or not curve.verify(registered.identity, message, signed.deviceSignature):
        raise WrongSignature("The client's signature under its device identity is wrong.")
