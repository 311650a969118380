"""A captured chat as people read it: days, bubbles with what they answer, and the gaps where they are. Pure."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import date, datetime
from typing import NamedTuple

from shared.model.chats import Chat, ChatMessage, ChatMessages, Gap, MediaFacts, Quoted
from shared.model.content import Media
from shared.model.message import Message
from web import dates, texts
from web.chat_names import Names
from web.language import _, counted, pgettext
from web.whatsapp_text import excerpt

IN_A_LINE = 280
"""Characters of a chat's last message that its line in the list has at most."""


class Kind(NamedTuple):
    """A kind of message in a word, with its icon."""

    word: str
    icon: str


KINDS = {
    "text": Kind("", ""),
    "image": Kind(_("Picture"), "image"),
    "video": Kind(_("Video"), "film"),
    "audio": Kind(_("Sound"), "sound"),
    "voice": Kind(_("Voice message"), "voice"),
    "document": Kind(_("Document"), "file"),
    "sticker": Kind(_("Sticker"), "sticker"),
    "contact": Kind(_("Contact card"), "people"),
    "location": Kind(pgettext("kind of message", "Place"), "pin"),
    "poll": Kind(_("Poll"), "poll"),
    "event": Kind(_("Event"), "agenda"),
    "invite": Kind(_("Invitation to a group"), "people"),
}
OTHER = Kind(_("Something this page cannot show"), "question")

_BYTES = counted("{count} byte", "{count} bytes")
_YESTERDAY = _("Yesterday")


class File(NamedTuple):
    """What is known of a message's file; `media` is None where its bytes are not here."""

    media: str | None
    name: str
    note: str


class Answered(NamedTuple):
    """What a message answers. anchor: where it stands on this page, empty where it is on another."""

    who: str
    kind: Kind
    text: str
    anchor: str


class Bubble(NamedTuple):
    """One message. who: who wrote it, in a group. edited: when, for people. scheduled: what it was on this page."""

    message: ChatMessage
    kind: Kind
    who: str
    answers: Answered | None
    file: File | None
    reactions: tuple[tuple[str, str], ...]
    scheduled: Message | None
    edited: str


class Day(NamedTuple):
    """One day of the owner's, with its bubbles and gaps in order."""

    title: str
    note: str
    entries: tuple[Bubble | Gap, ...]


class Line(NamedTuple):
    """One chat in the list of chats."""

    chat: Chat
    name: str
    words: str
    kind: Kind
    when: str


def kind_of(name: str) -> Kind:
    """The word and the icon for a kind, also for one that a newer host tells of."""
    return KINDS.get(name, OTHER)


def conversation(
    page: ChatMessages, names: Names, sent: Mapping[str, Message], now: datetime, zone: str
) -> tuple[Day, ...]:
    """A page of a chat from its oldest message to its newest; `sent`: WhatsApp's id → what was scheduled here."""
    today = dates.wall(now, zone).date()
    days: dict[date, list[Bubble | Gap]] = {}
    for at, entry in _in_order(page, names, sent, zone):
        days.setdefault(dates.wall(at, zone).date(), []).append(entry)
    return tuple(
        Day(dates.day_title(day, today), dates.day_note(day, today), tuple(entries)) for day, entries in days.items()
    )


def _in_order(
    page: ChatMessages, names: Names, sent: Mapping[str, Message], zone: str
) -> Iterator[tuple[datetime, Bubble | Gap]]:
    """Messages by their time; a gap stands before the first message after its beginning, and on the day it began unless
    that is on an older page."""
    gaps = sorted(page.gaps, key=lambda gap: gap.since)
    earliest = page.messages[-1].at if page.next and page.messages else None
    for message in reversed(page.messages):
        while gaps and gaps[0].since <= message.at:
            gap = gaps.pop(0)
            yield max(gap.since, earliest) if earliest else gap.since, gap
        yield message.at, _bubble(page, message, names, sent, zone)
    last = page.messages[0].at if page.messages else None
    for gap in gaps:
        yield max(gap.since, last) if last else gap.since, gap


def _bubble(page: ChatMessages, message: ChatMessage, names: Names, sent: Mapping[str, Message], zone: str) -> Bubble:
    group = page.chat.endswith("@g.us")
    scheduled = sent.get(message.id) if message.from_me else None
    return Bubble(
        message=message,
        kind=kind_of(message.kind),
        who=_author(page, message, names) if group and message.sender and not message.from_me else "",
        answers=_answered(page, message, names, {each.id for each in page.messages} if message.quoted else ()),
        file=None if message.deleted_at else _file(message.media, scheduled),
        reactions=tuple(
            (each.emoji, _called(page, names, each.by) if each.by else texts.YOU) for each in message.reactions
        ),
        scheduled=scheduled,
        edited=_edited(message, zone),
    )


def _author(page: ChatMessages, said: ChatMessage | Quoted, names: Names) -> str:
    return _called(page, names, said.sender or page.chat, said.sender_name, given=said.sender_name_given)


def _called(page: ChatMessages, names: Names, who: str, told: str | None = None, *, given: bool = False) -> str:
    """Of a group's members each message tells their names; of a chat with one person, the page does."""
    if who == page.chat:
        told, given = page.name, page.name_given
    return names.of(who, told, given=given)


def _edited(message: ChatMessage, zone: str) -> str:
    """When, to the minute; the day only where it is another."""
    if message.edited_at is None:
        return ""
    whole = message.edited_at.replace(second=0, microsecond=0)
    same_day = dates.wall(whole, zone).date() == dates.wall(message.at, zone).date()
    return dates.clock(whole, zone) if same_day else dates.stamp(whole, zone)


def _answered(page: ChatMessages, message: ChatMessage, names: Names, here: Collection[str]) -> Answered | None:
    quoted: Quoted | None = message.answers
    if quoted is None:
        return Answered("", kind_of("text"), texts.ANSWERS_UNKNOWN, "") if message.quoted else None
    who = texts.YOU if quoted.from_me else _author(page, quoted, names)
    return Answered(who, kind_of(quoted.kind), quoted.text, f"m-{quoted.id}" if quoted.id in here else "")


def _file(told: MediaFacts | None, scheduled: Message | None) -> File | None:
    """From what was captured; of what was sent from here, from the attachment itself, whose bytes are kept."""
    if scheduled is not None and isinstance(scheduled.attachment, Media):
        kept = scheduled.attachment
        return File(kept.media, kept.name or "", _note(kept.size, kept.seconds))
    if told is None:
        return None
    return File(told.media, told.name, _note(told.size, told.seconds))


def _note(size: int | None, seconds: int | None) -> str:
    length = f"{seconds // 60}:{seconds % 60:02}" if seconds else ""
    return " · ".join(filter(None, (length, sized(size) if size else "")))


def sized(size: int) -> str:
    """Bytes for people.

    >>> sized(999), sized(12_345), sized(2_500_000)
    ('999 bytes', '12 kB', '2.5 MB')
    """
    if size < 1000:
        return _BYTES(size)
    return f"{size // 1000} kB" if size < 1_000_000 else f"{size / 1_000_000:.1f} MB"


def lines(chats: Iterable[Chat], names: Names, now: datetime, zone: str) -> tuple[Line, ...]:
    """The list of chats, as they come."""
    return tuple(
        Line(
            each,
            names.of(each.id, each.name, given=each.name_given),
            _last_words(each),
            kind_of(each.last_kind),
            when(each.last_at, now, zone),
        )
        for each in chats
    )


def _last_words(chat: Chat) -> str:
    return excerpt(chat.last_text, IN_A_LINE) or kind_of(chat.last_kind).word or texts.NO_WORDS


def when(at: datetime, now: datetime, zone: str) -> str:
    """A short time for a list: "14:05" today, "Yesterday", "Friday" within a week, "3 Nov", "3 Nov 2025"."""
    local, today = dates.wall(at, zone), dates.wall(now, zone).date()
    days = (today - local.date()).days
    if days == 0:
        return f"{local:%H:%M}"
    if 0 < days < 7:
        return _YESTERDAY if days == 1 else dates.WEEKDAYS[local.weekday()]
    return dates.short_day(local) if local.year == today.year else dates.short_date(local)


def sent_from_here(messages: Iterable[Message]) -> dict[str, Message]:
    """WhatsApp's id → the message of this page's that has it."""
    return {each.delivery.message_id: each for each in messages if each.delivery.message_id}
