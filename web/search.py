"""Finding people by name, alias or digits, without their accents, among thousands: a pure index and a ranking."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from shared.model.contact import Contact
from shared.model.folding import fold


class _Row(NamedTuple):
    contact: Contact
    names: tuple[str, ...]
    digits: tuple[str, ...]
    notes: str


class ContactIndex:
    """The contacts that are not deleted, favourites first and then by name, ready to be searched again and again."""

    def __init__(self, contacts: Mapping[str, Contact]) -> None:
        rows = (_row(contact) for contact in contacts.values() if not contact.ended)
        self._rows = sorted(rows, key=lambda row: (not row.contact.favourite, row.names[0], row.contact.id))
        self._by_number: dict[str, Contact] = {}
        for row in self._rows:
            for number in row.digits:
                self._by_number.setdefault(number, row.contact)

    def __len__(self) -> int:
        return len(self._rows)

    def by_number(self, digits: str) -> Contact | None:
        """Whose number this is, in digits with country code."""
        return self._by_number.get(digits)

    def search(self, typed: str) -> list[Contact]:
        """Who matches, the best first; everybody where nothing was typed. Favourites lead among equals."""
        words = fold(typed).split()
        if not words:
            return [row.contact for row in self._rows]
        digits = digits_of(typed)
        found: list[tuple[int, int, Contact]] = []
        for place, row in enumerate(self._rows):
            rank = _rank(row, words, digits)
            if rank is not None:
                found.append((rank, place, row.contact))
        found.sort(key=lambda each: each[:2])
        return [contact for _, _, contact in found]

    def named(self, typed: str) -> list[Contact]:
        """Everybody with exactly this name or alias, whatever case and accents."""
        wanted = fold(typed)
        return [row.contact for row in self._rows if wanted in row.names]


def matches(typed: str, texts: Iterable[str | None]) -> bool:
    """Whether every word typed occurs somewhere in these texts, or the number typed does."""
    hay = fold(" ".join(filter(None, texts)))
    number = digits_of(typed)
    return all(word in hay for word in fold(typed).split()) or (len(number) > 2 and number in hay)


def _row(contact: Contact) -> _Row:
    names = tuple(fold(name) for name in (contact.shown_name, *contact.aliases))
    return _Row(contact, names, tuple(phone.number for phone in contact.phones), fold(contact.notes))


def digits_of(typed: str) -> str:
    """The digits of what may be a number: without 00, + or a national 0 before them; empty where it is a name."""
    if any(character.isalpha() for character in typed):
        return ""
    return "".join(character for character in typed if character.isascii() and character.isdigit()).lstrip("0")


def _rank(row: _Row, words: list[str], digits: str) -> int | None:
    """0: a name begins so; 1: a word of a name does; 2: somewhere in a name; 3: in a number; 4: in the notes."""
    if digits and len(digits) >= 2 and any(digits in number for number in row.digits):
        return 0 if any(number.startswith(digits) for number in row.digits) else 3
    whole = " ".join(words)
    for name in row.names:
        if name.startswith(whole):
            return 0
    together = " ".join(row.names)
    if all(word in together for word in words):
        starts = f" {together}"
        return 1 if all(f" {word}" in starts for word in words) else 2
    return 4 if all(word in row.notes for word in words) else None
