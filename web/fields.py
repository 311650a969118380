"""Fields in a text, like {{first_name}}: what stands in their place for one person, and what is missing. Pure."""

import re
from collections.abc import Mapping
from typing import NamedTuple

from shared.model import address
from shared.model.contact import Contact
from web import texts
from web.language import _

FIELDS = {
    "name": _("their name"),
    "first_name": _("its first word"),
    "last_name": _("its last word"),
    "alias": _("the first other name"),
    "tag": _("the tag they were chosen by, or their first"),
    "number": _("their number"),
    "notes": _("your notes on them"),
}
_FIELD = re.compile(r"(\\?)\{\{[ \t]*([A-Za-z][A-Za-z0-9_ -]{0,40}?)[ \t]*(?:\|([^{}\n]{0,200}))?\}\}")
"""A backslash before it keeps it as it is; after a bar stands what to write where the field is empty."""


class Filling(NamedTuple):
    """A text with its fields filled. empty: fields for which this person has nothing; unknown: what is no field."""

    text: str
    empty: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()


def has_fields(text: str) -> bool:
    """Whether anything in it is filled, or looks as if it were to be."""
    return _FIELD.search(text) is not None


def fill(text: str, values: Mapping[str, str]) -> Filling:
    """The text for one person. A field that is empty leaves nothing, one that is unknown stays as it is written.

    >>> fill("Hi {{first_name|there}}!", {"first_name": ""}).text
    'Hi there!'
    """
    empty: dict[str, None] = {}
    unknown: dict[str, None] = {}

    def one(found: re.Match[str]) -> str:
        kept, written, otherwise = found.groups()
        if kept:
            return found[0][1:]
        name = re.sub(r"[ -]+", "_", written.strip().lower())
        if name not in FIELDS:
            unknown[written.strip()] = None
            return found[0]
        if value := values.get(name, ""):
            return value
        if otherwise is not None:
            return otherwise.strip()
        empty[name] = None
        return ""

    return Filling(_FIELD.sub(one, text), tuple(empty), tuple(unknown))


def each_filled(text: str, values: Mapping[str, str]) -> dict[str, str]:
    """What is sent instead of each field, by how it is written in the text; without those that are unknown or empty.

    >>> each_filled("Hi {{first_name}} {{alias}}", {"first_name": "Ada"})
    {'{{first_name}}': 'Ada'}
    """
    fillings = {found[0]: fill(found[0], values) for found in _FIELD.finditer(text)}
    return {written: filling.text for written, filling in fillings.items() if not filling.empty + filling.unknown}


def filled_for(text: str, contact: Contact | None, number: str, errors: dict[str, str]) -> str:
    """The text for one person, where nothing is missing; else a sentence in `errors`, under "text"."""
    filled = fill(text, values_of(contact, number if number.isdigit() else ""))
    if filled.unknown:
        errors["text"] = unknown_in_words(filled.unknown)
    elif filled.empty:
        errors["text"] = texts.EMPTY_FIELD_ALONE.format(name=filled.empty[0])
    return filled.text


def unknown_in_words(unknown: tuple[str, ...]) -> str:
    """The sentence for what is written like a field and is none."""
    known = ", ".join(f"{{{{{name}}}}}" for name in FIELDS)
    return texts.UNKNOWN_FIELD.format(name=unknown[0][:40], fields=known)


def literal(text: str) -> str:
    r"""The text with a backslash before whatever would be filled, so that filling it gives it back.

    >>> print(literal("Write {{name}}"))
    Write \{{name}}
    """
    return _FIELD.sub(lambda found: f"\\{found[0]}", text)


def values_of(contact: Contact | None, number: str = "", tag: str = "") -> dict[str, str]:
    """What the fields of this person hold; of somebody unknown only the number is."""
    name = contact.name if contact else ""
    words = name.split()
    number = number or (contact.phones[0].number if contact and contact.phones else "")
    return {
        "name": name,
        "first_name": words[0] if words else "",
        "last_name": words[-1] if len(words) > 1 else "",
        "alias": contact.aliases[0] if contact and contact.aliases else "",
        "tag": tag or (contact.tags[0] if contact and contact.tags else ""),
        "number": address.pretty(number) if number else "",
        "notes": contact.notes if contact else "",
    }
