"""Captured chats as the send API answers with them; ids are WhatsApp addresses, which `to` of a message takes too."""

from typing import Annotated

from pydantic import Field

from shared.model.captured import ChatId
from shared.model.content import MediaId
from shared.model.values import Instant, Record

NAME = "what the owner's phone calls the person, else what that calls itself, where either is known"
GIVEN = "whether it is the name on the owner's phone"


class Gap(Record):
    """A time in which something may have been missed; without an end, it may still be."""

    since: Instant = Field(alias="from")
    until: Instant | None = Field(default=None, alias="to")
    reason: str
    sentence: str = Field(default="", description="why, for people")


class Kept(Record):
    """What is captured as a whole."""

    count: int = Field(ge=0, description="messages")
    since: Instant | None = Field(
        default=None, description="when this host was linked first, or the time of the oldest message that is kept"
    )
    days: int = Field(ge=0, description="how long a message is kept")
    trouble: str | None = Field(default=None, description="why nothing can be kept now")
    gap_count: int = Field(default=0, ge=0)
    gaps: tuple[Gap, ...] = Field(default=(), description="the newest ones")


class Chat(Record):
    """One chat: a person's by the phone number where that is known, else by the hidden number (LID), or a group."""

    id: ChatId
    name: str | None = Field(default=None, description=NAME)
    name_given: bool = Field(default=False, description=GIVEN)
    push_name: str | None = Field(default=None, description="what the person calls itself, where that was seen")
    last_at: Instant
    last_text: str = Field(description="the beginning of the newest message's text")
    last_kind: str
    last_from_me: bool
    messages: int = Field(ge=0, description="how many are kept of it here")


class Chats(Record):
    """Chats, the newest first; the first page says what is captured as a whole."""

    chats: tuple[Chat, ...]
    next: str | None = Field(default=None, description="the `before` of the page that follows; absent at the end")
    captured: Kept | None = None


class Reaction(Record):
    """Who reacted, and with what; `by` is null for the owner."""

    by: ChatId | None = None
    emoji: str
    at: Instant


class MediaFacts(Record):
    """What is known of a file that came or went with a message, as its sender described it."""

    media: MediaId | None = Field(default=None, description="where its bytes are kept: /api/v1/media/{media}")
    mime: Annotated[str, Field(max_length=200)] = ""
    name: Annotated[str, Field(max_length=300)] = ""
    size: int | None = Field(default=None, ge=0, description="bytes")
    seconds: int | None = Field(default=None, ge=0)
    width: int | None = Field(default=None, ge=0)
    height: int | None = Field(default=None, ge=0)


class Quoted(Record):
    """A message that is answered, where it is kept; its text as last edited, empty once deleted."""

    id: str
    sender: ChatId | None = None
    sender_name: str | None = None
    sender_name_given: bool = False
    from_me: bool
    kind: str
    text: str = Field(description="the beginning of it")


class ChatMessage(Record):
    """One captured message with what was done to it since; `at` is WhatsApp's time for it."""

    id: str
    sender: ChatId | None = Field(default=None, description="who wrote it; null: the owner, or not known")
    sender_name: str | None = Field(default=None, description=f"in a group: {NAME}")
    sender_name_given: bool = Field(default=False, description=GIVEN)
    from_me: bool
    at: Instant
    kind: str
    text: str = Field(description="as last edited; empty once deleted for everyone")
    quoted: str | None = Field(default=None, description="the id of the message it answers")
    answers: Quoted | None = Field(default=None, description="that message, where it is kept")
    media: MediaFacts | None = None
    edited_at: Instant | None = None
    deleted_at: Instant | None = None
    reactions: tuple[Reaction, ...] = ()


class ChatMessages(Record):
    """Messages of one chat, the newest first."""

    chat: ChatId
    name: str | None = Field(default=None, description=NAME)
    name_given: bool = Field(default=False, description=GIVEN)
    messages: tuple[ChatMessage, ...]
    total: int | None = Field(default=None, ge=0, description="how many are kept of the whole chat here")
    next: str | None = Field(default=None, description="the `before` of the page that follows; absent at the end")
    previous: str | None = Field(default=None, description="the `after` of the page with newer ones; absent at the top")
    gaps: tuple[Gap, ...] = Field(default=(), description="when something may have been missed in this page's time")


class Hit(Record):
    """A message that holds every word that was searched for."""

    chat: ChatId
    name: str | None = Field(default=None, description=NAME)
    name_given: bool = Field(default=False, description=GIVEN)
    message: ChatMessage
    place: str = Field(description="the `around` that shows it among its neighbours")


class Hits(Record):
    """What was found, the newest first. A search looks at so many messages at once; `next` goes on where it ended."""

    hits: tuple[Hit, ...]
    next: str | None = Field(default=None, description="the `before` that looks further back; absent at the end")
    searched_to: Instant | None = Field(default=None, description="the time of the last message it has looked at")
