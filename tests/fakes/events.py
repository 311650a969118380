"""Events as the WhatsApp library hands them over: its own protobuf classes, loaded without its Go part."""

from datetime import datetime
from itertools import count
from typing import Any

from google.protobuf.message import DecodeError

from simulator import protobufs
from tests.builders import NOW

_proto: Any = protobufs.neonize
_CLASSES = {
    "MessageEv": _proto.Message,
    "UndecryptableMessageEv": _proto.UndecryptableMessage,
    "ReceiptEv": _proto.Receipt,
}
_ids = count(1)
OWN_LID = "999000999000999@lid"


def parse(name: str, data: bytes) -> Any:
    """As the link does; raises ValueError."""
    try:
        return _CLASSES[name].FromString(data)
    except (KeyError, DecodeError):
        raise ValueError("the bytes are no such event") from None


def message(
    chat: str,
    text: str | None = None,
    *,
    sender: str | None = None,
    alt: str | None = None,
    id_: str | None = None,
    at: datetime = NOW,
    from_me: bool = False,
    device: int = 0,
    push_name: str = "",
    category: str = "",
    **parts: Any,
) -> Any:
    """A MessageEv; `parts` are WhatsApp's own Message's, `alt` is the sender's other address (from_me: the chat's)."""
    group = chat.endswith("@g.us")
    source = _source(chat, sender or (OWN_LID if from_me else chat), device)
    source.IsFromMe, source.IsGroup = from_me, group
    if alt:
        (source.RecipientAlt if from_me else source.SenderAlt).CopyFrom(_jid(alt))
    return _proto.Message(
        Info=_proto.MessageInfo(
            MessageSource=source, ID=id_ or f"3EB0{next(_ids):018X}", Timestamp=round(at.timestamp() * 1000),
            Type="text", Pushname=push_name, Category=category, ServerID=0, Multicast=False, MediaType="", Edit="",
        ),
        Message=protobufs.e2e.Message(**parts) if text is None else protobufs.e2e.Message(conversation=text, **parts),
        IsEphemeral=False, IsViewOnce=False, IsViewOnceV2=False, IsViewOnceV2Extension=False,
        IsDocumentWithCaption=False, IsLottieSticker=False, IsEdit=False, UnavailableRequestID="", RetryCount=0,
    )  # fmt: skip


def edit(chat: str, target: str, text: str, **options: Any) -> Any:
    """One that replaces the text of another."""
    part = {"type": "MESSAGE_EDIT", "key": {"ID": target}, "editedMessage": {"conversation": text}}
    return message(chat, protocolMessage=part, **options)


def deletion(chat: str, target: str, **options: Any) -> Any:
    """One that deletes another for everyone."""
    return message(chat, protocolMessage={"type": "REVOKE", "key": {"ID": target}}, **options)


def reaction(chat: str, target: str, emoji: str, **options: Any) -> Any:
    """A reaction to another."""
    return message(chat, reactionMessage={"key": {"ID": target}, "text": emoji}, **options)


def undecryptable(chat: str, id_: str, *, alt: str | None = None, at: datetime = NOW) -> Any:
    """An UndecryptableMessageEv."""
    event = _proto.UndecryptableMessage(Info=message(chat, id_=id_, alt=alt, at=at).Info)
    event.IsUnavailable, event.DecryptFailMode = False, 1
    return event


def receipt(
    chat: str, *ids: str, kind: int = 1, sender: str | None = None, from_me: bool = False, at: datetime = NOW
) -> Any:
    """A ReceiptEv; kind 1 is delivered, 4 read, 5 read on our own phone."""
    source = _source(chat, sender or chat, 0)
    source.IsFromMe, source.IsGroup = from_me, chat.endswith("@g.us")
    return _proto.Receipt(MessageSource=source, MessageIDs=ids, Timestamp=int(at.timestamp()), Type=kind)


def kind_of(event: Any) -> str:
    """The name it has in the library."""
    return next(name for name, made in _CLASSES.items() if isinstance(event, made))


def raw(event: Any) -> tuple[str, bytes]:
    """What the link's ear is given."""
    return kind_of(event), event.SerializeToString()


def _source(chat: str, sender: str, device: int) -> Any:
    source = _proto.MessageSource(Chat=_jid(chat), Sender=_jid(sender, device), IsFromMe=False, IsGroup=False)
    source.AddressingMode = 1
    for empty in (source.SenderAlt, source.RecipientAlt, source.BroadcastListOwner):
        empty.CopyFrom(_proto.JID(User="", RawAgent=0, Device=0, Integrator=0, Server="", IsEmpty=True))
    return source


def _jid(address: str, device: int = 0) -> Any:
    user, _, server = address.partition("@")
    return _proto.JID(User=user, RawAgent=0, Device=device, Integrator=0, Server=server, IsEmpty=False)
