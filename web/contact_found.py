"""Who is known from the captured chats and is in no contact: whom one may add, under which name. Pure."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import NamedTuple

from shared.model.address import Address, BadAddress, Kind
from shared.model.chats import Chat
from shared.model.message import Message
from web import contact_import, texts
from web.contact_book import MOST_NAME
from web.contact_files import Raw, clean
from web.contact_import import Reading
from web.search import ContactIndex


class Found(NamedTuple):
    """Somebody with a phone number. name: what they call themselves, or a message to them does; alike: a contact of
    that name with other numbers."""

    number: str
    name: str
    last_at: datetime
    messages: int
    alike: str = ""


class Strangers(NamedTuple):
    """Whom the chats know and the contacts do not. hidden: what those call themselves whose number is not known;
    known: how many people are contacts already."""

    people: tuple[Found, ...] = ()
    hidden: tuple[str, ...] = ()
    known: int = 0


def strangers(chats: Iterable[Chat], index: ContactIndex, messages: Iterable[Message] = ()) -> Strangers:
    """Those of these chats' people who are in no contact, in the order of the chats; groups are nobody."""
    called = {each.to: each.contact_name for each in messages if each.contact_name}
    people: dict[str, Found] = {}
    hidden: list[str] = []
    known = 0
    for chat in chats:
        try:
            found = Address.from_stored(chat.id)
        except BadAddress:
            continue
        name = clean(chat.name or called.get(str(found)) or "")[:MOST_NAME].strip()
        if found.kind is Kind.LID:
            hidden.append(name)
        elif found.kind is Kind.PHONE and index.by_number(found.user):
            known += 1
        elif found.kind is Kind.PHONE:
            namesakes = index.named(name) if name else []
            alike = namesakes[0].shown_name if namesakes else ""
            people.setdefault(found.user, Found(found.user, name, chat.last_at, chat.messages, alike))
    return Strangers(tuple(people.values()), tuple(hidden), known)


def problems(chosen: Mapping[str, str]) -> dict[str, str]:
    """Number → what is wrong with the name that is to be stored with it."""
    return {
        number: texts.LONG_NAME.format(most=MOST_NAME, length=len(name))
        for number, name in chosen.items()
        if len(name) > MOST_NAME
    }


def reading(chosen: Mapping[str, str], country: str) -> Reading:
    """These people, number → name, as an import takes them in; what is no number is said there."""
    raw = (
        Raw(line, clean(name), ((f"+{number.lstrip('+')}", ""),))
        for line, (number, name) in enumerate(chosen.items(), 1)
    )
    return contact_import.reading("WhatsApp", raw, country)
