"""Writing contacts: each change is one operation in the log; a delete is a mark that can be taken back."""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from shared.clock import Clock
from shared.model import address
from shared.model.address import BadAddress, Kind
from shared.model.contact import Contact, Phone
from shared.model.folding import fold
from shared.store.oplog import Writer
from shared.store.view import View
from web import texts, told
from web.recipients import typed_address
from web.scheduling import new_id
from web.telling import Telling

FIELDS = ("name", "aliases", "tags", "notes")
CONTENT = ("name", "phones", "aliases", "tags", "notes", "favourite", "deleted_at")
"""What an edit may change of a contact."""
MOST_NAME, MOST_NOTES, MOST_ALIASES, MOST_TAGS, MOST_PHONES = 200, 10_000, 20, 50, 20


class FilledContact(NamedTuple):
    """A contact's form as it was filled in: what to save where everything is right, else a sentence for each field.

    typed holds a `number` and a `label`, then `number-2` and `label-2`, and so on, as many as are to be shown.
    """

    typed: dict[str, str]
    errors: dict[str, str]
    content: dict[str, Any] | None = None

    @property
    def rows(self) -> list[tuple[str, str]]:
        """The names of the fields of each phone: number and label."""
        return [row for row in ROWS if row[0] in self.typed]


ROWS = [(f"number{end}", f"label{end}") for end in ("", *(f"-{place}" for place in range(2, MOST_PHONES + 1)))]


def read(form: Mapping[str, str], country: str) -> FilledContact:
    """The form's fields: a name, numbers with labels, other names and tags (one a line or with commas), notes, a star.

    `more` asks for room for another number.
    """
    typed = {name: form.get(name, "").replace("\r\n", "\n").strip() for name in FIELDS}
    typed["favourite"] = "yes" if form.get("favourite") else ""
    typed |= _phone_rows(((form.get(number, ""), form.get(label, "")) for number, label in ROWS), 1)
    if form.get("more"):
        return FilledContact(_with_room(typed), {})
    errors: dict[str, str] = {}
    aliases, tags = listed(typed["aliases"]), listed(typed["tags"])
    phones = _phones(typed, country, errors)
    for field, most, names, too_many in (
        ("name", 1, (typed["name"],), ""),
        ("aliases", MOST_ALIASES, aliases, texts.MANY_ALIASES),
        ("tags", MOST_TAGS, tags, texts.MANY_TAGS),
    ):
        if len(longest := max(names, key=len, default="")) > MOST_NAME:
            errors[field] = texts.LONG_NAME.format(most=MOST_NAME, length=len(longest))
        elif len(names) > most:
            errors[field] = too_many.format(most=most)
    if len(typed["notes"]) > MOST_NOTES:
        errors["notes"] = texts.LONG_NOTES.format(most=MOST_NOTES, length=len(typed["notes"]))
    if not typed["name"] and not phones and not errors:
        errors["name"] = texts.NAME_OR_NUMBER
    if errors:
        return FilledContact(typed, errors)
    content = {"name": typed["name"], "phones": phones, "aliases": aliases, "tags": tags, "notes": typed["notes"]}
    return FilledContact(typed, errors, content | {"favourite": bool(typed["favourite"])})


def of_contact(contact: Contact) -> dict[str, str]:
    """The form's fields for editing a contact."""
    return {
        "name": contact.name,
        **_phone_rows(((address.pretty(phone.number), phone.label or "") for phone in contact.phones), 1),
        "aliases": "\n".join(contact.aliases),
        "tags": ", ".join(contact.tags),
        "notes": contact.notes,
        "favourite": "yes" if contact.favourite else "",
    }


def empty(number: str = "") -> dict[str, str]:
    """The form's fields for a new contact."""
    return dict.fromkeys(FIELDS, "") | {"favourite": ""} | _phone_rows([(number, "")], 0)


def listed(typed: str) -> tuple[str, ...]:
    """What stands between commas and line ends, each once, however it is written.

    >>> listed("Mum, Al, mum")
    ('Mum', 'Al')
    """
    each_once: dict[str, str] = {}
    for each in re.split(r"[,;\n]", typed):
        if clean := " ".join(each.split()):
            each_once.setdefault(fold(clean), clean)
    return tuple(each_once.values())


def _phone_rows(rows: Iterable[tuple[str, str]], more: int) -> dict[str, str]:
    """The filled rows and `more` empty ones, at least one in all."""
    filled = [(number.strip(), label.strip()) for number, label in rows]
    filled = [row for row in filled if any(row)][:MOST_PHONES]
    shown = [*filled, *[("", "")] * max(more, 1 - len(filled))]
    return {
        name: value
        for names, values in zip(ROWS, shown, strict=False)
        for name, value in zip(names, values, strict=True)
    }


def _with_room(typed: dict[str, str]) -> dict[str, str]:
    free = next((row for row in ROWS if row[0] not in typed), None)
    return typed | dict.fromkeys(free, "") if free else typed


def _phones(typed: dict[str, str], country: str, errors: dict[str, str]) -> tuple[Phone, ...]:
    phones: dict[str, Phone] = {}
    for number, label in ROWS:
        if not typed.get(number):
            if typed.get(label):
                errors[number] = texts.LABEL_ALONE.format(label=typed[label][:40])
            continue
        if len(typed[label]) > MOST_NAME:
            errors[label] = texts.LONG_NAME.format(most=MOST_NAME, length=len(typed[label]))
            continue
        try:
            found = typed_address(typed[number], country)
        except BadAddress as error:
            errors[number] = told.of(error)
            continue
        if found.kind is not Kind.PHONE:
            errors[number] = texts.NO_PHONE.format(typed=typed[number][:40])
            continue
        phones.setdefault(found.user, Phone(number=found.user, label=typed[label] or None))
    return tuple(phones.values())


class ContactChanged(Exception):
    """The contact is no longer what the form was made from; `newest` is what it is now."""

    def __init__(self, newest: Contact) -> None:
        super().__init__("The contact was changed meanwhile.")
        self.newest = newest


class ContactBook:
    """The one place where this page writes a contact. Raises StoreError when the storage did not take it."""

    def __init__(self, writer: Writer, view: View, telling: Telling, clock: Clock) -> None:
        self._writer, self._view, self._telling, self._clock = writer, view, telling, clock

    def add(self, content: dict[str, Any]) -> Contact:
        """A new contact with these fields."""
        now = self._clock.now()
        contact = Contact(id=new_id(now), revision=1, version=self._writer.reserve(), created_at=now, **content)
        return self._write(contact, now)

    def change(self, contact_id: str, seen: str, content: dict[str, Any]) -> Contact:
        """Edit it, from the version `seen` on. Raises KeyError, ContactChanged."""
        contact = self._newest(contact_id)
        if contact.version != seen:
            raise ContactChanged(contact)
        known = {phone.number: phone for phone in contact.phones}
        phones = tuple(
            known[phone.number].evolve(label=phone.label) if phone.number in known else phone
            for phone in content["phones"]
        )
        return self._decide(contact, {**content, "phones": phones})

    def star(self, contact_id: str, *, favourite: bool) -> Contact:
        """Make it a favourite, or no longer. Raises KeyError."""
        return self._decide(self._newest(contact_id), {"favourite": favourite})

    def delete(self, contact_id: str) -> Contact:
        """Take it off the list; `restore` brings it back. Raises KeyError."""
        return self._decide(self._newest(contact_id), {"deleted_at": self._clock.now()})

    def restore(self, contact_id: str) -> Contact:
        """Undo a delete. Raises KeyError."""
        return self._decide(self._newest(contact_id), {"deleted_at": None})

    def pick(self, contact_id: str, version: str) -> Contact:
        """Of several versions, the one that counts. Raises KeyError, also for a version that is none."""
        contact = self._newest(contact_id)
        head = next((each for each in contact.heads() if each.version == version), None)
        if head is None:
            raise KeyError(version)
        return self._decide(contact, {name: getattr(head, name) for name in CONTENT}, settles=True)

    def _decide(self, contact: Contact, content: dict[str, Any], *, settles: bool = False) -> Contact:
        if not settles and all(getattr(contact, name) == value for name, value in content.items()):
            return contact
        edited = contact.edited(self._writer.reserve(), settles=settles, **content)
        return self._write(edited, self._clock.now())

    def _newest(self, contact_id: str) -> Contact:
        return self._view.read(self._clock.now()).contacts[contact_id]

    def _write(self, contact: Contact, now: datetime) -> Contact:
        self._view.remember(self._writer.append(contact.version, now, contacts=[contact]))
        self._telling.tell([])
        return contact
