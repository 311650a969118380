"""Two tellings of one person as one: what a merge keeps, and what an import makes of those who are known. Pure."""

from collections.abc import Iterable, Sequence
from typing import Any

from shared.model.address import BadAddress, Kind
from shared.model.contact import Contact, Name, Phone
from shared.model.folding import fold
from shared.model.values import Value
from web import texts, told
from web.contact_book import MOST_ALIASES, MOST_NAME, MOST_NOTES, MOST_PHONES, MOST_TAGS
from web.contact_files import Raw, Trouble
from web.recipients import typed_address
from web.search import digits_of


class Person(Value):
    """A person as a file tells of them, checked: everything in it can be stored."""

    line: int
    name: Name = ""
    phones: tuple[Phone, ...] = ()
    aliases: tuple[Name, ...] = ()
    tags: tuple[Name, ...] = ()
    notes: str = ""
    favourite: bool = False

    @property
    def content(self) -> dict[str, Any]:
        """The fields of a Contact it fills."""
        return {name: getattr(self, name) for name in ("name", "phones", "aliases", "tags", "notes", "favourite")}

    @property
    def shown_name(self) -> str:
        """What to call them."""
        return next(
            iter((*filter(None, (self.name, *self.aliases)), *(f"+{phone.number}" for phone in self.phones))), ""
        )


def checked(raw: Raw, country: str) -> tuple[Person | None, list[Trouble]]:
    """The person, where there is a number to write to; and what of the telling could not be kept, in sentences."""
    troubles: list[Trouble] = []

    def complain(sentence: str) -> None:
        troubles.append(Trouble(raw.line, sentence, raw.name[:80]))

    phones: dict[str, Phone] = {}
    for typed, label in raw.numbers:
        try:
            found = typed_address(typed, country)
        except BadAddress as error:
            complain(told.of(error))
            continue
        if found.kind is Kind.PHONE:
            phones.setdefault(found.user, Phone(number=found.user, label=label[:MOST_NAME] or None))
        else:
            complain(texts.NO_PHONE.format(typed=typed[:40]))
    if not phones:
        if not raw.numbers:
            complain(texts.NO_NUMBER)
        return None, troubles
    name = "" if digits_of(raw.name) in phones else raw.name  # as an export calls somebody without a name
    if len(name) > MOST_NAME:
        complain(texts.LONG_NAME.format(most=MOST_NAME, length=len(name)))
        return None, troubles
    notes = raw.notes
    if len(notes) > MOST_NOTES:
        complain(texts.CUT_NOTES.format(most=MOST_NOTES))
        notes = notes[:MOST_NOTES]
    person = Person(
        line=raw.line,
        name=name,
        phones=tuple(phones.values())[:MOST_PHONES],
        aliases=_each_once((alias[:MOST_NAME] for alias in raw.aliases if alias != name), MOST_ALIASES),
        tags=_each_once((tag[:MOST_NAME] for tag in raw.tags), MOST_TAGS),
        notes=notes,
        favourite=raw.favourite,
    )
    return person, troubles


def merged(first: Contact | Person, *others: Contact | Person) -> dict[str, Any]:
    """One person's content out of several tellings: the first one's name, and everything the others know besides.

    Another name becomes an alias. What has no room (20 numbers and other names, 50 tags, 10,000 characters of notes)
    is left out, the last first.
    """
    everybody = (first, *others)
    name = next((each.name for each in everybody if each.name), "")
    phones: dict[str, Phone] = {}
    for phone in (phone for each in everybody for phone in each.phones):
        known = phones.get(phone.number)
        if known is None or (not known.label and phone.label):
            phones[phone.number] = phone if known is None else known.evolve(label=phone.label)
    names = (alias for each in everybody for alias in (*([each.name] if each.name else []), *each.aliases))
    notes = ""
    for telling in everybody:
        if telling.notes and telling.notes not in notes:
            longer = f"{notes}\n\n{telling.notes}" if notes else telling.notes
            notes = longer if len(longer) <= MOST_NOTES else notes
    return {
        "name": name,
        "phones": tuple(phones.values())[:MOST_PHONES],
        "aliases": _each_once((alias for alias in names if fold(alias) != fold(name)), MOST_ALIASES),
        "tags": _each_once((tag for each in everybody for tag in each.tags), MOST_TAGS),
        "notes": notes,
        "favourite": any(each.favourite for each in everybody),
    }


def differs(contact: Contact, content: dict[str, Any]) -> bool:
    """Whether this content would change the contact."""
    return any(getattr(contact, name) != value for name, value in content.items())


def _each_once(names: Iterable[str], most: int) -> tuple[str, ...]:
    """Each once, however it is written."""
    found: dict[str, str] = {}
    for name in names:
        if name.strip():
            found.setdefault(fold(name), name.strip())
    return tuple(found.values())[:most]


def in_order(contacts: Sequence[Contact]) -> list[Contact]:
    """Those to be merged, the one that stays first: a favourite, else one with a name, else the oldest."""
    oldest = max((each.created_at for each in contacts if each.created_at), default=None)
    return sorted(
        contacts, key=lambda each: (not each.favourite, not each.name, each.created_at or oldest or 0, each.id)
    )
