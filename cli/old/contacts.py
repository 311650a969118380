"""contacts.json: each record as a contact, or the reason why it cannot be one."""

from collections.abc import Iterator, Mapping
from typing import Any

from cli.old.deciding import Wish
from cli.old.encodings import Mender
from cli.old.records import as_record, old_record
from cli.old.report import Report, Skip
from cli.old.scheduled import parse_number
from cli.old.source import BadFile, Twice
from shared.model.address import BadAddress, Kind, masked
from shared.model.contact import Contact, Phone, digits_of, old_numbers, records_of

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
    raw = old_record(raw)
    contact = as_record(Contact, raw, raw)
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
