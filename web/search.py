"""Finding people by name, alias or digits, without their accents, among thousands: a pure index and a ranking."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from itertools import chain
from typing import NamedTuple

from shared.model.contact import Contact
from shared.model.folding import fold

_BEGIN = "\x01"
"""Stands before each name and number of a row, so that what begins with something is found by `in` alone."""


class _Row(NamedTuple):
    """A contact as it is searched. found: "\x01 alice smith\x01 al", each word after a space; digits: "\x01447…"."""

    contact: Contact
    names: tuple[str, ...]
    found: str
    digits: str
    notes: str
    tags: frozenset[str]


class ContactIndex:
    """The contacts that are not deleted, favourites first and then by name, ready to be searched again and again."""

    def __init__(self, contacts: Mapping[str, Contact], earlier: "ContactIndex | None" = None) -> None:
        """`earlier`: an index of before; what did not change since is taken from it."""
        known: dict[str, _Row] = earlier._by_id if earlier else {}
        self._by_id: dict[str, _Row] = {
            id_: _row(each, known.get(id_)) for id_, each in contacts.items() if not each.ended
        }
        self._rows = sorted(
            self._by_id.values(), key=lambda row: (not row.contact.favourite, row.names[0], row.contact.id)
        )
        self._people = [row.contact for row in self._rows]
        self._found = [row.found for row in self._rows]
        self._digits = [row.digits for row in self._rows]
        self._notes = [(place, row.notes) for place, row in enumerate(self._rows) if row.notes]

    def __len__(self) -> int:
        return len(self._rows)

    @property
    def people(self) -> list[Contact]:
        """Everybody, in order."""
        return list(self._people)

    @cached_property
    def tags(self) -> list[tuple[str, int]]:
        """Each tag as it is most often written, and how many have it, the most used first."""
        written: dict[str, dict[str, int]] = {}
        for row in self._rows:
            for tag in row.contact.tags:
                ways = written.setdefault(fold(tag), {})
                ways[tag] = ways.get(tag, 0) + 1
        counted = [(max(ways, key=lambda way: (ways[way], way)), sum(ways.values())) for ways in written.values()]
        return sorted(counted, key=lambda each: (-each[1], fold(each[0])))

    @cached_property
    def alike(self) -> list[tuple[Contact, ...]]:
        """Who may be the same person twice: contacts that share a number or a name, each group in order."""
        groups: dict[tuple[str, str], list[int]] = {}
        for place, row in enumerate(self._rows):
            for number in {phone.number for phone in row.contact.phones}:
                groups.setdefault(("number", number), []).append(place)
            if row.contact.name:
                groups.setdefault(("name", row.names[0]), []).append(place)
        return [tuple(self._rows[place].contact for place in group) for group in _joined(groups.values())]

    @cached_property
    def _by_number(self) -> dict[str, Contact]:
        numbers: dict[str, Contact] = {}
        for row in self._rows:
            for phone in row.contact.phones:
                numbers.setdefault(phone.number, row.contact)
        return numbers

    def by_number(self, digits: str) -> Contact | None:
        """Whose number this is, in digits with country code."""
        return self._by_number.get(digits)

    def search(self, typed: str, *, tag: str = "", favourites: bool = False) -> list[Contact]:
        """Who matches, the best first; everybody where nothing was typed. Favourites lead among equals.

        `tag` and `favourites` leave out who does not have it, or is none.
        """
        words = fold(typed).split()
        if not (words or tag or favourites):
            return self.people
        places: Iterable[int] = self._ranked(words, digits_of(typed)) if words else range(len(self._rows))
        if favourites:
            places = (place for place in places if self._people[place].favourite)
        if wanted := fold(tag):
            places = (place for place in places if wanted in self._rows[place].tags)
        return [self._people[place] for place in places]

    def named(self, typed: str) -> list[Contact]:
        """Everybody with exactly this name or alias, whatever case and accents."""
        wanted = fold(typed)
        return [row.contact for row in self._rows if wanted in row.names]

    def _ranked(self, words: list[str], digits: str) -> Iterable[int]:
        """Places of who matches. First whose name or number begins so; then where words of a name do, where it is
        somewhere in a name, in a number, in the notes."""
        begins = f"{_BEGIN} {' '.join(words)}"
        hits = [place for place, text in enumerate(self._found) if words[0] in text]
        for word in words[1:]:
            hits = [place for place in hits if word in self._found[place]]
        first = [place for place in hits if begins in self._found[place]]
        second = hits
        for start in [f" {word}" for word in words]:
            second = [place for place in second if start in self._found[place]]
        inside: list[int] = []
        if len(digits) >= 2:
            inside = [place for place, text in enumerate(self._digits) if digits in text]
            begun = f"{_BEGIN}{digits}"
            first = sorted({*first, *(place for place in inside if begun in self._digits[place])})
        noted = [place for place, notes in self._notes if all(word in notes for word in words)]
        return dict.fromkeys(chain(first, second, hits, inside, noted))


def hay(texts: Iterable[str | None]) -> str:
    """These texts as they are looked through."""
    return fold(" ".join(filter(None, texts)))


def wanted(typed: str) -> Callable[[str], bool]:
    """Whether a `hay` holds every word typed, or the number typed."""
    words, number = fold(typed).split(), digits_of(typed)
    if len(words) == 1 and len(number) <= 2:  # as most searches are, through thousands of texts
        [only] = words
        return lambda hay: only in hay
    return lambda hay: all(word in hay for word in words) or (len(number) > 2 and number in hay)


def matches(typed: str, texts: Iterable[str | None]) -> bool:
    """Whether every word typed occurs somewhere in these texts, or the number typed does."""
    return wanted(typed)(hay(texts))


def _row(contact: Contact, known: _Row | None) -> _Row:
    if known and (known.contact is contact or (contact.version and known.contact.version == contact.version)):
        return known if known.contact is contact else known._replace(contact=contact)
    names = tuple(fold(name) for name in (contact.shown_name, *contact.aliases))
    found = "".join(f"{_BEGIN} {name}" for name in names)
    digits = "".join(f"{_BEGIN}{phone.number}" for phone in contact.phones)
    return _Row(contact, names, found, digits, fold(contact.notes), frozenset(map(fold, contact.tags)))


def _joined(groups: Iterable[Sequence[int]]) -> list[list[int]]:
    """Groups that share a member made one; those of a single member left out."""
    leader: dict[int, int] = {}

    def lead(place: int) -> int:
        while (up := leader.get(place, place)) != place:
            leader[place] = leader.get(up, up)
            place = up
        return place

    for first, *others in groups:
        for other in others:
            low, high = sorted((lead(first), lead(other)))
            leader[high] = leader[low] = low
    members: dict[int, list[int]] = {}
    for place in sorted(leader):
        members.setdefault(lead(place), []).append(place)
    return [members[low] for low in sorted(members)]


def digits_of(typed: str) -> str:
    """The digits of what may be a number: without 00, + or a national 0 before them; empty where it is a name."""
    if any(character.isalpha() for character in typed):
        return ""
    return "".join(character for character in typed if character.isascii() and character.isdigit()).lstrip("0")
