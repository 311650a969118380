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
    """Somebody with a phone number. name: what the owner's phone calls them, else they themselves, else a message to
    them; alike: a contact of that name with other numbers; own_name: what they call themselves, where that is another.
    """

    number: str
    name: str
    last_at: datetime
    messages: int
    alike: str = ""
    own_name: str = ""


class Strangers(NamedTuple):
    """Whom the chats know and the contacts do not. hidden: the names of those whose number is not known, with a ~ where
    they call themselves so; known: how many people are contacts already."""

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
            hidden.append(name if chat.name_given or not name else f"~{name}")
        elif found.kind is Kind.PHONE and index.by_number(found.user):
            known += 1
        elif found.kind is Kind.PHONE:
            namesakes = index.named(name) if name else []
            alike = namesakes[0].shown_name if namesakes else ""
            own_name = clean(chat.push_name or "")[:MOST_NAME].strip()
            others = own_name if own_name != name else ""
            people.setdefault(found.user, Found(found.user, name, chat.last_at, chat.messages, alike, others))
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
