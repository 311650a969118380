"""Captured chats as the send API answers with them; ids are WhatsApp addresses, which `to` of a message takes too."""

from pydantic import Field

from shared.model.captured import ChatId
from shared.model.values import Instant, Record


class Chat(Record):
    """One chat: a person's by the phone number where that is known, else by the hidden number (LID), or a group."""

    id: ChatId
    name: str | None = Field(default=None, description="what the person calls itself, where that was seen")
    last_at: Instant
    last_text: str = Field(description="the beginning of the newest message's text")
    last_kind: str
    last_from_me: bool
    messages: int = Field(ge=0, description="how many are kept of it here")


class Chats(Record):
    """Chats, the newest first."""

    chats: tuple[Chat, ...]
    next: str | None = Field(default=None, description="the `before` of the page that follows; absent at the end")


class Reaction(Record):
    """Who reacted, and with what; `by` is null for the owner."""

    by: ChatId | None = None
    emoji: str
    at: Instant


class ChatMessage(Record):
    """One captured message with what was done to it since; `at` is WhatsApp's time for it."""

    id: str
    sender: ChatId | None = Field(default=None, description="who wrote it; null: the owner, or not known")
    from_me: bool
    at: Instant
    kind: str
    text: str = Field(description="as last edited; empty once deleted for everyone")
    quoted: str | None = Field(default=None, description="the id of the message it answers")
    edited_at: Instant | None = None
    deleted_at: Instant | None = None
    reactions: tuple[Reaction, ...] = ()


class ChatMessages(Record):
    """Messages of one chat, the newest first."""

    chat: ChatId
    messages: tuple[ChatMessage, ...]
    next: str | None = Field(default=None, description="the `before` of the page that follows; absent at the end")
