"""Signal's wire format: the messages of both ratchets as values, parsed and printed, with no keys involved."""

from collections.abc import Iterator
from dataclasses import dataclass

from simulator.curve import DJB_TYPE

VERSION = 0x33
MAC_SIZE = 8
SIGNATURE_SIZE = 64


class MalformedEnvelope(ValueError):
    """These bytes are not a Signal message of version 3."""


@dataclass(frozen=True, slots=True)
class SignalMessage:
    """A ratchet message: `ratchet_key` is 32 bytes; `signed` is everything that `mac` covers."""

    ratchet_key: bytes
    counter: int
    previous_counter: int
    ciphertext: bytes
    signed: bytes
    mac: bytes

    @property
    def serialized(self) -> bytes:
        """The message as it travels."""
        return self.signed + self.mac


@dataclass(frozen=True, slots=True)
class PreKeySignalMessage:
    """A first message: what the receiver needs to build the session, and the ratchet message inside."""

    registration_id: int
    prekey_id: int | None
    signed_prekey_id: int
    base_key: bytes
    identity_key: bytes
    message: SignalMessage

    @property
    def serialized(self) -> bytes:
        """The message as it travels."""
        one_time = b"" if self.prekey_id is None else _number(1, self.prekey_id)
        return (
            bytes([VERSION])
            + one_time
            + _blob(2, DJB_TYPE + self.base_key)
            + _blob(3, DJB_TYPE + self.identity_key)
            + _blob(4, self.message.serialized)
            + _number(5, self.registration_id)
            + _number(6, self.signed_prekey_id)
        )


@dataclass(frozen=True, slots=True)
class SenderKeyMessage:
    """A group message: `signed` is everything that `signature` covers."""

    id: int
    iteration: int
    ciphertext: bytes
    signed: bytes
    signature: bytes


@dataclass(frozen=True, slots=True)
class Distribution:
    """A sender key as it is handed to listeners; `chain` and `signing` are 32 bytes."""

    id: int
    iteration: int
    chain: bytes
    signing: bytes


def unsigned_sender_key_message(key_id: int, iteration: int, ciphertext: bytes) -> bytes:
    """The part of a SenderKeyMessage that its signature covers."""
    return bytes([VERSION]) + _number(1, key_id) + _number(2, iteration) + _blob(3, ciphertext)


def parse_sender_key_message(data: bytes) -> SenderKeyMessage:
    """Reads a SenderKeyMessage; raises MalformedEnvelope."""
    _check_version(data, VERSION)
    signed, signature = data[:-SIGNATURE_SIZE], data[-SIGNATURE_SIZE:]
    fields = dict(_fields(signed[1:]))
    return SenderKeyMessage(_int(fields, 1, 0), _int(fields, 2, 0), _bytes(fields, 3), signed, signature)


def print_distribution(given: Distribution) -> bytes:
    """A SenderKeyDistributionMessage as it travels."""
    key = DJB_TYPE + given.signing
    parts = (_number(1, given.id), _number(2, given.iteration), _blob(3, given.chain), _blob(4, key))
    return bytes([VERSION]) + b"".join(parts)


def parse_distribution(data: bytes) -> Distribution:
    """Reads a SenderKeyDistributionMessage; raises MalformedEnvelope."""
    _check_version(data, VERSION)
    fields = dict(_fields(data[1:]))
    chain = _bytes(fields, 3)
    if len(chain) != 32:
        raise MalformedEnvelope("The chain key of a sender key has 32 bytes.")
    return Distribution(_int(fields, 1, 0), _int(fields, 2, 0), chain, _key(fields, 4))


def unsigned(ratchet_key: bytes, counter: int, previous_counter: int, ciphertext: bytes) -> bytes:
    """The part of a SignalMessage that its MAC covers."""
    return (
        bytes([VERSION])
        + _blob(1, DJB_TYPE + ratchet_key)
        + _number(2, counter)
        + _number(3, previous_counter)
        + _blob(4, ciphertext)
    )


def parse_signal(data: bytes) -> SignalMessage:
    """Reads a SignalMessage; raises MalformedEnvelope."""
    _check_version(data, VERSION)
    signed, mac = data[:-MAC_SIZE], data[-MAC_SIZE:]
    fields = dict(_fields(signed[1:]))
    return SignalMessage(
        ratchet_key=_key(fields, 1),
        counter=_int(fields, 2, 0),
        previous_counter=_int(fields, 3, 0),
        ciphertext=_bytes(fields, 4),
        signed=signed,
        mac=mac,
    )


def parse_prekey(data: bytes) -> PreKeySignalMessage:
    """Reads a PreKeySignalMessage; raises MalformedEnvelope."""
    _check_version(data, VERSION)
    fields = dict(_fields(data[1:]))
    return PreKeySignalMessage(
        registration_id=_int(fields, 5, 0),
        prekey_id=_int(fields, 1, 0) if 1 in fields else None,
        signed_prekey_id=_int(fields, 6, 0),
        base_key=_key(fields, 2),
        identity_key=_key(fields, 3),
        message=parse_signal(_bytes(fields, 4)),
    )


def _check_version(data: bytes, version: int) -> None:
    if len(data) <= MAC_SIZE or data[0] != version:
        raise MalformedEnvelope("Not a Signal message of version 3.")


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _blob(field: int, value: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(value)) + value


def _fields(data: bytes) -> Iterator[tuple[int, int | bytes]]:
    at = 0
    while at < len(data):
        tag, at = _read_varint(data, at)
        if tag & 7 == 0:
            number, at = _read_varint(data, at)
            yield tag >> 3, number
        elif tag & 7 == 2:
            size, at = _read_varint(data, at)
            if at + size > len(data):
                raise MalformedEnvelope("A field is longer than the message.")
            yield tag >> 3, data[at : at + size]
            at += size
        else:
            raise MalformedEnvelope(f"Wire type {tag & 7} does not occur in Signal messages.")


def _read_varint(data: bytes, at: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        if at >= len(data):
            break
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, at
    raise MalformedEnvelope("A number does not end.")


def _int(fields: dict[int, int | bytes], field: int, default: int) -> int:
    value = fields.get(field, default)
    if isinstance(value, bytes):
        raise MalformedEnvelope(f"Field {field} should be a number.")
    return value


def _bytes(fields: dict[int, int | bytes], field: int) -> bytes:
    value = fields.get(field)
    if not isinstance(value, bytes):
        raise MalformedEnvelope(f"Field {field} is missing.")
    return value


def _key(fields: dict[int, int | bytes], field: int) -> bytes:
    value = _bytes(fields, field)
    if len(value) != 33 or value[:1] != DJB_TYPE:
        raise MalformedEnvelope(f"Field {field} is not a Curve25519 key.")
    return value[1:]
