"""What the phone tells a device that it has just linked: a key for the app state, names, and the latest messages."""

import zlib
from typing import TYPE_CHECKING, Any

from simulator import app_state_sync, contents, groups, speech
from simulator.devices import Device
from simulator.mailbox import Message
from simulator.media import MediaType
from simulator.people import Person
from simulator.protobufs import e2e, history
from simulator.sayings import FILE_KINDS

if TYPE_CHECKING:
    from simulator.network import Network

LATEST = 50
"""So many messages of each chat are told."""
_LARGEST_INLINE = 32_768  # bytes; what is larger is uploaded as a file
_SHOWN = FILE_KINDS | {"text", "location", "contact"}
_STATUS = {"received": "SERVER_ACK", "delivered": "DELIVERY_ACK", "read": "READ"}


def greet(network: "Network", owner: Person, device: Device) -> None:
    """Puts everything on its way to the device."""
    app_state_sync.share(network, owner, device)
    for sync in (_names(network), *_chats(network, owner)):
        notice = {**_payload(network, sync.SerializeToString()), "syncType": sync.syncType}
        speech.tell(network, owner, device, {"type": "HISTORY_SYNC_NOTIFICATION", "historySyncNotification": notice})


def _payload(network: "Network", sync: bytes) -> dict[str, Any]:
    packed = zlib.compress(sync)
    if len(packed) <= _LARGEST_INLINE:
        return {"initialHistBootstrapInlinePayload": packed}
    sealed, path = network.files.upload(packed, MediaType.HISTORY)
    return {
        "directPath": path,
        "mediaKey": sealed.key,
        "fileSHA256": sealed.sha256,
        "fileEncSHA256": sealed.encrypted_sha256,
        "fileLength": sealed.size,
    }


def _names(network: "Network") -> Any:
    contacts = [person for person in network.people.all(accounts=False) if person.registered]
    return history.HistorySync(
        syncType="PUSH_NAME",
        pushnames=[{"ID": str(person.lid_jid), "pushname": person.name} for person in contacts],
        phoneNumberToLidMappings=[{"pnJID": str(one.phone_jid), "lidJID": str(one.lid_jid)} for one in contacts],
    )


def _chats(network: "Network", owner: Person) -> list[Any]:
    """The latest messages of every chat on the phone, as one history sync; none where there are none."""
    chats: dict[str, list[Message]] = {}
    for message in network.mailbox.messages(owner.phone):
        chats.setdefault(message.chat, []).append(message)
    conversations = [
        conversation for chat, messages in chats.items() if (conversation := _conversation(network, chat, messages))
    ]
    if not conversations:
        return []
    return [history.HistorySync(syncType="INITIAL_BOOTSTRAP", conversations=conversations, progress=100, chunkOrder=1)]


def _conversation(network: "Network", chat: str, messages: list[Message]) -> dict[str, Any] | None:
    group = network.groups.find(chat) if chat.endswith(f"@{groups.SERVER_NAME}") else None
    contact = network.people.by_phone(chat)
    peer = group.jid if group else contact.lid_jid if contact else None
    shown = _as_shown(messages)[-LATEST:]
    if peer is None or not shown:
        return None
    told = []
    for order, (message, content) in enumerate(reversed(shown)):
        author = network.people.by_phone(message.from_phone)
        own = message.from_phone == message.owner
        participant = str(author.lid_jid) if group and author and not own else None
        told.append(
            {
                "message": {
                    "key": {"remoteJID": str(peer), "fromMe": own, "ID": message.id, "participant": participant},
                    "message": content,
                    "messageTimestamp": contents.seconds(message.at),
                    "status": _STATUS[message.status],
                    "participant": participant,
                    "pushName": author.name if author and not own else None,
                },
                "msgOrderID": len(shown) - order,
            }
        )
    return {
        "ID": str(peer),
        "name": group.subject if group else contact.name if contact else None,
        "messages": told,
        "conversationTimestamp": contents.seconds(shown[-1][0].at),
        "lastMsgTimestamp": contents.seconds(shown[-1][0].at),
    }


def _as_shown(messages: list[Message]) -> list[tuple[Message, Any]]:
    """The messages that a phone shows, with what it shows: edits in place, deletions gone, no reactions."""
    shown: dict[str, tuple[Message, Any]] = {}
    for message in messages:
        content = e2e.Message.FromString(message.content)
        described = contents.describe(content)
        target = described.facts.target
        if described.kind == "edit" and target in shown:
            shown[target] = shown[target][0], e2e.Message(conversation=described.text)
        elif described.kind == "delete" and target in shown:
            del shown[target]
        elif described.kind in _SHOWN:
            shown[message.id] = message, content
    return list(shown.values())
