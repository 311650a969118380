"""WhatsApp's app state as functions from values to values: sealed mutations, patches and snapshots of a collection.

A collection is a set of records under index MACs. Its 128-byte hash is the sum of all records' value MACs, so that who
holds an older state can check a patch without the rest. Sources: tulir/whatsmeow (appstate/), WhiskeySockets/Baileys.
"""

import hashlib
import hmac
import json
import secrets
import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.padding import PKCS7

from simulator.protobufs import actions, sync

MAC_SIZE = 32
HASH_SIZE = 128
_KEY_ID_SIZE, _KEY_SIZE, _BLOCK = 6, 32, 16
_ACTION_VERSION = 2


class Key(NamedTuple):
    """What the phone shares with its linked devices: 6 bytes of name, 32 bytes of secret."""

    id: bytes
    secret: bytes


class State(NamedTuple):
    """A collection's version (0: never written) and hash."""

    version: int = 0
    hash: bytes = bytes(HASH_SIZE)


@dataclass(frozen=True)
class _Keys:
    index: bytes
    cipher: bytes
    value: bytes
    snapshot: bytes
    patch: bytes


def fresh_key() -> Key:
    """A key that nobody had before."""
    return Key(secrets.token_bytes(_KEY_ID_SIZE), secrets.token_bytes(_KEY_SIZE))


def mutation(key: Key, index: Sequence[str], value: Any, *, remove: bool = False) -> Any:
    """Sets what stands under an index, or removes it: a SyncdMutation; `value` is a SyncActionValue."""
    keys, name = _expand(key.secret), json.dumps(list(index), separators=(",", ":")).encode()
    plain = actions.SyncActionData(index=name, value=value, padding=b"", version=_ACTION_VERSION).SerializeToString()
    padder, vector = PKCS7(_BLOCK * 8).padder(), secrets.token_bytes(_BLOCK)
    encryptor = Cipher(algorithms.AES(keys.cipher), modes.CBC(vector)).encryptor()
    sealed = vector + encryptor.update(padder.update(plain) + padder.finalize()) + encryptor.finalize()
    operation = sync.SyncdMutation.REMOVE if remove else sync.SyncdMutation.SET
    said = bytes([operation + 1]) + key.id + sealed + _eight(len(key.id) + 1)
    mac = hmac.digest(keys.value, said, "sha512")[:MAC_SIZE]
    record = {"index": {"blob": _mac(keys.index, name)}, "value": {"blob": sealed + mac}, "keyID": {"ID": key.id}}
    return sync.SyncdMutation(operation=operation, record=record)


def index_mac(record: Any) -> bytes:
    """What a SyncdRecord is found by."""
    found: bytes = record.index.blob
    return found


def value_mac(record: Any) -> bytes:
    """What a SyncdRecord adds to its collection's hash."""
    sealed: bytes = record.value.blob
    return sealed[-MAC_SIZE:]


def patch(key: Key, collection: str, state: State, mutations: Sequence[Any], replaced: Iterable[bytes]) -> Any:
    """The SyncdPatch that leads from a state to the next; `replaced`: value MACs of the records that go by it."""
    keys = _expand(key.secret)
    after = advanced(state, mutations, replaced)
    version = _eight(after.version)
    snapshot_mac = _mac(keys.snapshot, after.hash, version, collection.encode())
    macs = [value_mac(each.record) for each in mutations]
    return sync.SyncdPatch(
        version={"version": after.version},
        mutations=mutations,
        snapshotMAC=snapshot_mac,
        patchMAC=_mac(keys.patch, snapshot_mac, *macs, version, collection.encode()),
        keyID={"ID": key.id},
    )


def advanced(state: State, mutations: Iterable[Any], replaced: Iterable[bytes]) -> State:
    """The state after these mutations, which take the place of records with the value MACs `replaced`."""
    added = [value_mac(each.record) for each in mutations if each.operation == sync.SyncdMutation.SET]
    return State(state.version + 1, summed(state.hash, added, replaced))


def snapshot(key: Key, collection: str, state: State, records: Iterable[Any]) -> Any:
    """The whole collection as a SyncdSnapshot."""
    mac = _mac(_expand(key.secret).snapshot, state.hash, _eight(state.version), collection.encode())
    return sync.SyncdSnapshot(version={"version": state.version}, records=records, mac=mac, keyID={"ID": key.id})


def summed(start: bytes, added: Iterable[bytes], removed: Iterable[bytes]) -> bytes:
    """The hash with some value MACs in it and others out of it, in any order.

    >>> summed(summed(bytes(128), [b"a", b"b"], []), [], [b"b", b"a"]) == bytes(128)
    True
    """
    numbers = struct.Struct(f"<{HASH_SIZE // 2}H")
    total = list(numbers.unpack(start))
    for sign, macs in ((1, added), (-1, removed)):
        for mac in macs:
            spread = HKDF(SHA256(), HASH_SIZE, None, b"WhatsApp Patch Integrity").derive(mac)
            total = [(one + sign * other) % 2**16 for one, other in zip(total, numbers.unpack(spread), strict=True)]
    return numbers.pack(*total)


def _expand(secret: bytes) -> _Keys:
    spread = HKDF(SHA256(), 5 * _KEY_SIZE, None, b"WhatsApp Mutation Keys").derive(secret)
    return _Keys(*(spread[at : at + _KEY_SIZE] for at in range(0, len(spread), _KEY_SIZE)))


def _mac(key: bytes, *parts: bytes) -> bytes:
    return hmac.digest(key, b"".join(parts), hashlib.sha256)


def _eight(number: int) -> bytes:
    return number.to_bytes(8, "big")
