"""contacts.json: each record as a contact, or the reason why it cannot be one."""

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import ValidationError

from cli.old.deciding import Wish
from cli.old.encodings import Mender
from cli.old.report import Report, Skip
from cli.old.scheduled import OURS, parse_number
from cli.old.source import BadFile, Twice, doubled
from shared.model.address import BadAddress, Kind, masked
from shared.model.contact import Contact, Phone, digits_of, old_numbers, records_of
from shared.store.projection import first_error, is_sound, is_text

NO_NUMBER = "Numbers that are none, kept as digits where there are any"
ONE_NUMBER = "The same number as another contact of the file"


def records(found: Any, name: str) -> list[Any]:
    """The raw records of a contacts.json. Raises BadFile where it is something else."""
    listed = found.get("contacts", found) if isinstance(found, Mapping) else found
    if isinstance(listed, Mapping):
        if not listed:
            return []
        listed = records_of(listed.pairs if isinstance(listed, Twice) else listed.items())
    if not isinstance(listed, list):
        raise BadFile(f"{name} is not what the old system wrote: an object with a phone number for each key.")
    return listed


def read(listed: list[Any], report: Report, mender: Mender, country: str) -> Iterator[Wish[Contact]]:
    """The contacts among these records; the others are in the report with the reason."""
    numbers: set[str] = set()
    for position, raw in enumerate(listed, start=1):
        report.read += 1
        which = named(raw, position)
        try:
            one = _read_one(raw, which, report, mender, country)
        except Skip as reason:
            report.skip(str(reason), which)
            continue
        mine = {phone.number for phone in one.wanted.phones}
        if mine & numbers:
            report.remark(ONE_NUMBER, which)
        numbers |= mine
        yield one


def named(raw: Any, position: int) -> str:
    """A record for the report: the end of its number, and its place in the file."""
    digits = digits_of(str(raw.get("id"))) if isinstance(raw, Mapping) else ""
    return f"{masked(digits)} at {position:,}" if digits else f"no. {position:,}"


def _read_one(raw: Any, which: str, report: Report, mender: Mender, country: str) -> Wish[Contact]:
    if not isinstance(raw, Mapping):
        raise Skip("It is no object")
    if name := doubled(raw):
        raise Skip(f"It says {name!r} twice")
    if not OURS.isdisjoint(raw):
        raise Skip("It is a record of this system, not of the old one")
    try:
        contact = Contact.model_validate(raw)
    except ValidationError as error:
        raise Skip(first_error(error)) from None
    if not is_sound(contact) or not is_text(raw):
        raise Skip("It holds a field twice, or half a character")
    name, notes, *aliases = mender.texts(contact.name, contact.notes, *contact.aliases)
    phones = tuple(_phones(raw, which, report, country))
    return Wish(
        contact, contact.evolve(name=name, notes=notes, aliases=tuple(aliases), phones=phones or contact.phones)
    )


def _phones(raw: Mapping[str, Any], which: str, report: Report, country: str) -> Iterator[Phone]:
    """Its numbers with their country code; what is no number is remarked, and kept where it has enough digits."""
    seen: set[str] = set()
    for typed in old_numbers(raw):
        try:
            found = parse_number(typed, country)
            digits = found.user if found.kind is Kind.PHONE else ""
        except BadAddress:
            digits = ""
        if not digits:
            report.remark(NO_NUMBER, which)
            digits = digits_of(typed)
        if 5 <= len(digits) <= 20 and digits not in seen:
            seen.add(digits)
            yield Phone(number=digits)
