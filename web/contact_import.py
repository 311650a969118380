"""What importing a file would do to the contacts that are there: pure, so the dry run and the import are one rule."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from shared.model.contact import Contact
from shared.model.values import Value
from web import contact_csv, texts, vcard
from web.contact_changes import Edit
from web.contact_csv import Shown
from web.contact_files import MOST_BYTES, MOST_TABLE_BYTES, Raw, Refused, Trouble, utf8
from web.contact_merge import Person, checked, differs, merged

MOST_TROUBLES = 1000
"""How many sentences are kept of what could not be read; the rest is counted."""


class Reading(Value):
    """A file as it was read. table: its columns, where it is one, and what they were taken for; columns: the same, as
    an earlier version kept those it took; beyond: troubles uncounted
    in `troubles`, for there were too many."""

    kind: str
    columns: tuple[tuple[str, str], ...] = ()
    table: tuple[Shown, ...] = ()
    people: tuple[Person, ...] = ()
    troubles: tuple[Trouble, ...] = ()
    beyond: int = 0
    unread: int = 0


class Plan(NamedTuple):
    """What an import does. edits: what to write; new, merges: of whom; unchanged: how many are known with all of it
    already; earlier: how many an earlier try of the same import wrote."""

    edits: list[Edit]
    new: list[Person]
    merges: list[tuple[Contact, dict[str, Any]]]
    unchanged: int
    earlier: int = 0


def read(data: bytes, country: str, chosen: Mapping[int, str] | None = None) -> Reading:
    """The people in a file of vCards or a table, whatever it is called; `chosen`: what a person said of its columns.
    Raises Refused."""
    if len(data) > MOST_BYTES:
        raise Refused(texts.LARGE_FILE.format(most=MOST_BYTES // 1_000_000))
    if not data.strip():
        raise Refused(texts.EMPTY_FILE)
    data = utf8(data)
    if data.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"%PDF", b"\x89PNG", b"\xff\xd8", b"\x1f\x8b")):
        raise Refused(texts.OTHER_FILE)
    if b"BEGIN:VCARD" in data[:200_000].upper():
        return reading("vCard", vcard.read(data), country)
    if len(data) > MOST_TABLE_BYTES:
        raise Refused(texts.LARGE_FILE.format(most=MOST_TABLE_BYTES // 1_000_000))
    table = contact_csv.read(data, chosen)
    return reading("CSV", table.found, country, table.columns)


def reading(kind: str, found: Iterable[Raw | Trouble], country: str, table: tuple[Shown, ...] = ()) -> Reading:
    """Whoever of these can be written to, and what cannot be read; `kind`: where they are from."""
    people: list[Person] = []
    troubles: list[Trouble] = []
    count = unread = 0
    for each in found:
        person, complaints = (None, [each]) if isinstance(each, Trouble) else checked(each, country)
        if person:
            people.append(person)
        unread += each.lost if isinstance(each, Trouble) else person is None
        count += len(complaints)
        troubles += complaints[: MOST_TROUBLES - len(troubles)]
    beyond = count - len(troubles)
    return Reading(kind=kind, table=table, people=tuple(people), troubles=tuple(troubles), beyond=beyond, unread=unread)


def plan(people: Iterable[Person], contacts: Mapping[str, Contact], import_id: str, tag: str = "") -> Plan:
    """What becomes of these people: whoever has a known number is merged into that contact, everybody else is new.

    New ones get ids made of `import_id`, so the same import twice is one. `tag` is given to all of them.
    """
    by_number: dict[str, Contact] = {}
    for contact in contacts.values():
        if not contact.ended:
            for phone in contact.phones:
                by_number.setdefault(phone.number, contact)
    groups: dict[str, list[Person]] = {}
    place: dict[str, str] = {}
    for number, person in enumerate(people, start=1):
        numbers = [phone.number for phone in person.phones]
        key = next((found.id for each in numbers if (found := by_number.get(each))), None)
        key = key or next((place[each] for each in numbers if each in place), f"{import_id}-{number:05d}")
        place |= {each: key for each in numbers if each not in place}
        groups.setdefault(key, []).append(person.evolve(tags=(*person.tags, tag)) if tag else person)
    return _planned(groups, contacts, f"{import_id}-")


def _planned(groups: Mapping[str, list[Person]], contacts: Mapping[str, Contact], own: str) -> Plan:
    planned = Plan([], [], [], 0)
    for key, (first, *others) in groups.items():
        contact = contacts.get(key)
        content = merged(first, *others) if contact is None else merged(contact, first, *others)
        if contact is None:
            planned.edits.append(Edit(content, new_id=key))
            planned.new.append(first)
        elif differs(contact, content):
            planned.edits.append(Edit(content, contact))
            planned.merges.append((contact, content))
        elif contact.id.startswith(own):
            planned = planned._replace(earlier=planned.earlier + 1)
        else:
            planned = planned._replace(unchanged=planned.unchanged + 1)
    return planned
