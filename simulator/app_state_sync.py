"""App state between the phone and its linked devices: keys to read it, answers to who fetches it, news of a change."""

from typing import TYPE_CHECKING, Any

from simulator import speech
from simulator.address_book import COLLECTION
from simulator.clock import utc_now
from simulator.devices import Device
from simulator.media import MediaType
from simulator.models import APP_STATE
from simulator.nodes import SERVER, Node, node
from simulator.people import Person
from simulator.protobufs import e2e, sync

if TYPE_CHECKING:
    from simulator.network import Network

XMLNS = APP_STATE
_NOT_WRITTEN = 501


def share(network: "Network", owner: Person, device: Device) -> None:
    """The phone hands a device the key to the address book."""
    now, key = utc_now(), network.address_book.key(owner)
    data = {
        "keyData": key.secret,
        "fingerprint": {"rawID": 1, "currentIndex": 0, "deviceIndexes": [0]},
        "timestamp": int(now.timestamp()),
    }
    keys = {"keys": [{"keyID": {"keyID": key.id}, "keyData": data}]}
    speech.tell(network, owner, device, {"type": "APP_STATE_SYNC_KEY_SHARE", "appStateSyncKeyShare": keys})


def asked_for_keys(network: "Network", owner: Person, device: Device, message: Any) -> None:
    """Shares the key once more, where a device's message to the phone asks for it by its name; else does nothing."""
    asked = message.protocolMessage
    if asked.type != e2e.ProtocolMessage.APP_STATE_SYNC_KEY_REQUEST:
        return
    if any(each.keyID == network.address_book.key(owner).id for each in asked.appStateSyncKeyRequest.keyIDs):
        share(network, owner, device)


def changed(network: "Network", owner: Person) -> None:
    """Tells the linked devices that the address book is another now; they fetch what has changed."""
    version = network.address_book.version(owner)
    for device in network.devices.of(owner.phone):
        news = node("collection", name=COLLECTION, version=version)
        now = int(utc_now().timestamp())
        network.deliver(
            device, node("notification", news, from_=SERVER, id=network.stanza_id(), type="server_sync", t=now)
        )


def answer(network: "Network", owner: Person, asked: Node) -> Node:
    """A `collection` for the one that a client asks for: a snapshot where it wants one, otherwise the patches since.

    Collections other than the contacts' are empty; what a client would write into one is refused.
    """
    name = asked.text("name")
    if asked.child("patch"):
        error = node("error", code=_NOT_WRITTEN, text="feature-not-implemented")
        return node("collection", error, name=name, type="error")
    if name != COLLECTION:
        return node("collection", name=name, version=asked.text("version", "0"))
    version, book = network.address_book.version(owner), network.address_book
    if asked.text("return_snapshot") == "true":
        whole = book.snapshot(owner)
        content = node("snapshot", _reference(network, whole)) if whole else None
    else:
        patches = [node("patch", each) for each in book.patches(owner, int(asked.text("version", "0")))]
        content = node("patches", patches) if patches else None
    network.happenings.add("app-state-fetched", owner.phone, how=content.tag if content else "nothing", version=version)
    return node("collection", content, name=name, version=version)


def _reference(network: "Network", whole: bytes) -> bytes:
    sealed, path = network.files.upload(whole, MediaType.APP_STATE)
    reference = sync.ExternalBlobReference(
        mediaKey=sealed.key,
        directPath=path,
        fileSizeBytes=sealed.size,
        fileSHA256=sealed.sha256,
        fileEncSHA256=sealed.encrypted_sha256,
    )
    return bytes(reference.SerializeToString())


def garbled(answered: Node) -> Node:
    """The answer with a wrong MAC in each patch, and a wrong hash for the file of each snapshot."""
    if answered.tag == "patch":
        patch = sync.SyncdPatch.FromString(answered.data)
        patch.patchMAC = _another(patch.patchMAC)
        return Node(answered.tag, answered.attrs, patch.SerializeToString())
    if answered.tag == "snapshot":
        reference = sync.ExternalBlobReference.FromString(answered.data)
        reference.fileEncSHA256 = _another(reference.fileEncSHA256)
        return Node(answered.tag, answered.attrs, reference.SerializeToString())
    if answered.children:
        return Node(answered.tag, answered.attrs, tuple(garbled(child) for child in answered.children))
    return answered


def _another(value: bytes) -> bytes:
    return value[:-1] + bytes([value[-1] ^ 1])
