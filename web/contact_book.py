"""Writing contacts: each change is one operation in the log; a delete is a mark that can be taken back."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from shared.clock import Clock
from shared.model import address
from shared.model.address import BadAddress, Kind
from shared.model.contact import Contact, Phone
from shared.store.oplog import Writer
from shared.store.view import View
from web import texts
from web.recipients import typed_address
from web.scheduling import new_id
from web.telling import Telling

FIELDS = ("name", "number", "aliases", "notes")
MOST_NAME, MOST_NOTES, MOST_ALIASES = 200, 10_000, 20


class FilledContact(NamedTuple):
    """A contact's form as it was filled in: what to save where everything is right, else a sentence for each field."""

    typed: dict[str, str]
    errors: dict[str, str]
    content: dict[str, Any] | None = None


def read(form: Mapping[str, str], country: str) -> FilledContact:
    """The form's fields: a name, numbers (one a line), other names (one a line or with commas), notes, a star."""
    typed = {name: form.get(name, "").replace("\r\n", "\n").strip() for name in FIELDS}
    typed["favourite"] = "yes" if form.get("favourite") else ""
    errors: dict[str, str] = {}
    aliases = tuple(alias for each in re.split(r"[,\n]", typed["aliases"]) if (alias := each.strip()))
    phones = _phones(typed["number"], country, errors)
    longest = max((typed["name"], *aliases), key=len)
    if len(longest) > MOST_NAME:
        field = "name" if longest == typed["name"] else "aliases"
        errors[field] = texts.LONG_NAME.format(most=MOST_NAME, length=len(longest))
    elif len(aliases) > MOST_ALIASES:
        errors["aliases"] = texts.MANY_ALIASES.format(most=MOST_ALIASES)
    if len(typed["notes"]) > MOST_NOTES:
        errors["notes"] = texts.LONG_NOTES.format(most=MOST_NOTES, length=len(typed["notes"]))
    if not typed["name"] and not typed["number"]:
        errors["name"] = texts.NAME_OR_NUMBER
    if errors:
        return FilledContact(typed, errors)
    content = {"name": typed["name"], "phones": phones, "aliases": aliases, "notes": typed["notes"]}
    return FilledContact(typed, errors, content | {"favourite": bool(typed["favourite"])})


def of_contact(contact: Contact) -> dict[str, str]:
    """The form's fields for editing a contact."""
    return {
        "name": contact.name,
        "number": "\n".join(address.pretty(phone.number) for phone in contact.phones),
        "aliases": "\n".join(contact.aliases),
        "notes": contact.notes,
        "favourite": "yes" if contact.favourite else "",
    }


def _phones(typed: str, country: str, errors: dict[str, str]) -> tuple[Phone, ...]:
    phones: dict[str, Phone] = {}
    for line in filter(None, (each.strip() for each in typed.split("\n"))):
        try:
            found = typed_address(line, country)
        except BadAddress as error:
            errors.setdefault("number", str(error))
            continue
        if found.kind is not Kind.PHONE:
            errors.setdefault("number", f"“{line[:40]}” is no phone number: write one with its country code.")
            continue
        phones[found.user] = Phone(number=found.user)
    return tuple(phones.values())


class ContactChanged(Exception):
    """The contact is no longer what the form was made from; `newest` is what it is now."""

    def __init__(self, newest: Contact) -> None:
        super().__init__("The contact was changed meanwhile.")
        self.newest = newest


class ContactBook:
    """The one place where this page writes contacts. Raises StoreError when the storage did not take it."""

    def __init__(self, writer: Writer, view: View, telling: Telling, clock: Clock) -> None:
        self._writer, self._view, self._telling, self._clock = writer, view, telling, clock

    def add(self, content: dict[str, Any]) -> Contact:
        """A new contact with these fields."""
        now = self._clock.now()
        contact = Contact(id=new_id(now), revision=1, version=self._writer.reserve(), created_at=now, **content)
        return self._write(contact, now)

    def change(self, contact_id: str, seen: str, content: dict[str, Any]) -> Contact:
        """Edit it, from the version `seen` on; numbers that stay keep their labels. Raises KeyError, ContactChanged."""
        contact = self._newest(contact_id)
        if contact.version != seen:
            raise ContactChanged(contact)
        known = {phone.number: phone for phone in contact.phones}
        phones = tuple(known.get(phone.number, phone) for phone in content["phones"])
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

    def _decide(self, contact: Contact, content: dict[str, Any]) -> Contact:
        edited = contact.edited(self._writer.reserve(), settles=True, **content)
        return self._write(edited, self._clock.now())

    def _newest(self, contact_id: str) -> Contact:
        return self._view.read(self._clock.now()).contacts[contact_id]

    def _write(self, contact: Contact, now: datetime) -> Contact:
        self._view.remember(self._writer.append(contact.version, now, contacts=[contact]))
        self._telling.tell([])
        return contact
