"""What the client process of the tests does beyond plain texts: every kind of message, files both ways.

Commands: {"do": "say", "to", "message", "file"?} with the message as protobuf's JSON; a file {"field", "content"}
(base64) is uploaded and its keys are put into that field of the message. {"do": "download", "raw"} fetches a message's
file. {"do": "group-list"} and {"do": "group-info", "of"} ask for groups. {"do": "pair-phone", "number"}
has a code made for linking. {"do": "watch", "of"} and {"do": "type", "to", "state", "media"} are about who is online
and who types.
"""

import base64
from typing import Any


def obey(made: Any, command: dict[str, Any]) -> dict[str, Any]:
    """Carries out one command; its result. Raises neonize's errors, and ValueError for an unknown command."""
    if command["do"] == "say":
        return {"id": made.send_message(address(command["to"]), _message(made, command)).ID}
    if command["do"] == "download":
        from neonize.proto.waE2E.WAWebProtobufsE2E_pb2 import Message

        content = made.download_any(Message.FromString(base64.b64decode(command["raw"])))
        return {"content": base64.b64encode(content).decode()}
    if command["do"] == "pair-phone":
        return {"code": made.PairPhone(command["number"], show_push_notification=True)}
    if command["do"] == "watch":
        return {"done": made.subscribe_presence(address(command["of"]))}
    if command["do"] == "type":
        from neonize.utils.enum import ChatPresence, ChatPresenceMedia

        state = ChatPresence[f"CHAT_PRESENCE_{command['state']}"]
        media = ChatPresenceMedia[f"CHAT_PRESENCE_MEDIA_{command['media']}"]
        return {"done": made.send_chat_presence(address(command["to"]), state, media)}
    if command["do"] == "group-list":
        return {"groups": [group(one) for one in made.get_joined_groups()]}
    if command["do"] == "group-info":
        return {"group": group(made.get_group_info(address(command["of"])))}
    raise ValueError(command["do"])


def group(info: Any) -> dict[str, Any]:
    """What a test looks at in a group."""
    people = sorted(one.PhoneNumber.User for one in info.Participants)
    return {"address": f"{info.JID.User}@{info.JID.Server}", "subject": info.GroupName.Name, "participants": people}


def presence(event: Any) -> dict[str, Any]:
    """What a test looks at in somebody's coming and going."""
    return {"sender": event.From.User, "online": not event.Unavailable, "last": event.LastSeen}


def typing(event: Any) -> dict[str, Any]:
    """What a test looks at in somebody's typing."""
    source = event.MessageSource
    state, media = event.ChatPresence.Name(event.State), event.ChatPresenceMedia.Name(event.Media)
    chat = f"{source.Chat.User}@{source.Chat.Server}"
    return {"sender": source.Sender.User, "chat": chat, "state": state, "media": media}


def change(event: Any) -> dict[str, Any]:
    """What a test looks at in a group's change."""
    came, left = ([one.User for one in people] for people in (event.Join, event.Leave))
    address = f"{event.JID.User}@{event.JID.Server}"
    return {"address": address, "subject": event.Name.Name, "came": came, "left": left}


def address(to: str) -> Any:
    """The JID of `user@server`, or of a phone number in digits."""
    from neonize.utils.jid import build_jid

    user, _, server = to.partition("@")
    return build_jid(user, server or "s.whatsapp.net")


def _message(made: Any, command: dict[str, Any]) -> Any:
    from google.protobuf.json_format import ParseDict
    from neonize.proto.waE2E.WAWebProtobufsE2E_pb2 import Message
    from neonize.utils.enum import MediaType

    message = ParseDict(command["message"], Message())
    if "file" in command:
        field = command["file"]["field"]
        name = field.removesuffix("Message").replace("sticker", "image").title()
        sent = made.upload(base64.b64decode(command["file"]["content"]), MediaType[f"Media{name}"])
        part = getattr(message, field)
        part.URL, part.directPath, part.mediaKey = sent.url, sent.DirectPath, sent.MediaKey
        part.fileSHA256, part.fileEncSHA256, part.fileLength = sent.FileSHA256, sent.FileEncSHA256, sent.FileLength
    return message
