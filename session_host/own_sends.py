"""What this host sent itself, as capture keeps it: WhatsApp tells every device of the owner of a message but the one
that sent it.

It stands in the journal among what came in, as JSON of our own under the name `NAME`.
"""

from session_host.capture_events import NOTHING, Change, Seen, What
from shared.model.address import Address
from shared.model.captured import Captured
from shared.model.content import Act, Attachment, ContactCard, Location, Media
from shared.model.message import Message
from shared.model.values import Instant, Record

NAME = "Sent"
_CHANGES = {Act.EDIT: What.EDIT, Act.DELETE: What.DELETE, Act.REACT: What.REACTION}


class OwnSend(Record):
    """A message this host has sent: WhatsApp's id for it, when it was begun (aware UTC), and what was asked for."""

    message_id: str
    at: Instant
    message: Message


def record(message: Message, message_id: str, at: Instant) -> bytes:
    """The entry for the journal. The time is kept to the second, as WhatsApp's are: else an answer that came within it
    would stand before what it answers."""
    whole = at.replace(microsecond=0)
    return OwnSend(message_id=message_id, at=whole, message=message.head()).model_dump_json(by_alias=True).encode()


def seen(data: bytes) -> Seen:
    """What an entry tells. Raises pydantic.ValidationError, address.BadAddress for one that is not ours."""
    sent = OwnSend.model_validate_json(data)
    message, about = sent.message, sent.message.about
    chat = Address.from_stored(message.to).jid
    if about is not None and (what := _CHANGES.get(about.act)) is not None:
        return NOTHING._replace(change=Change(chat, about.message_id, "", what, sent.at, message.text))
    attachment = message.attachment
    captured = Captured(
        chat=chat,
        id=sent.message_id,
        at=sent.at,
        from_me=True,
        kind="text" if attachment is None else attachment.kind,
        text=message.text or _title(attachment),
        quoted=None if about is None else about.message_id,
        raw=None if attachment is None else {"attachment": attachment.as_json()},
    )
    return NOTHING._replace(message=captured)


def _title(attachment: Attachment | None) -> str:
    """What stands for one without words, as for those that come in."""
    if isinstance(attachment, Media) and attachment.kind == "document":
        return attachment.name or ""
    return (attachment.name or "") if isinstance(attachment, Location | ContactCard) else ""
