"""Whom the To field means: a contact that was picked, a typed number or address, or a name only one person has."""

import re
from typing import NamedTuple

from shared.model import address
from shared.model.address import Address, BadAddress, Kind
from shared.model.contact import Contact
from shared.model.folding import fold
from web import told
from web.groups import NONE, Groups, is_group
from web.language import _, counted
from web.search import ContactIndex

MOST_CANDIDATES = 8
MOST_GROUPS = 4
SHORTEST_NUMBER = 7
"""Digits with the country code; no country has shorter ones that can be called from elsewhere."""

_PEOPLE = counted("{count:,} person", "{count:,} people")


class Recipient(NamedTuple):
    """Where a message goes, and the name it goes to (None: only a number is known)."""

    address: Address
    name: str | None


class Candidate(NamedTuple):
    """One person the To field may mean: what to send back if it is this one, and how to show it."""

    picked: str
    name: str
    number: str
    label: str | None = None


class Unresolved(ValueError):
    """The To field names nobody, or several; the message says what to do, `candidates` who may be meant."""

    def __init__(self, sentence: str, candidates: tuple[Candidate, ...] = ()) -> None:
        super().__init__(sentence)
        self.candidates = candidates


def resolve(typed: str, picked: str, index: ContactIndex, country: str, groups: Groups = NONE) -> Recipient:
    """The one recipient meant by `typed`; `picked` ("447700900001|typed") counts only for the text it was picked for.

    Raises Unresolved.
    """
    typed = typed.strip()
    if not typed:
        raise Unresolved(_("Who is it for? Type a name, or a number with its country code."))
    stored, bar, label = picked.partition("|")
    try:
        if bar and label == typed:
            return _to(Address.from_stored(stored), index, groups)
        if "@" in typed or re.fullmatch(r"[+\d(][\d\s()./\u2010-\u2015\u00a0-]*", typed):
            return _to(typed_address(typed, country), index, groups)
    except BadAddress as error:
        raise Unresolved(told.of(error)) from None
    named, joined = index.named(typed), groups.named(typed)
    if len(named) == 1 and len(named[0].phones) == 1 and not joined:
        return Recipient(Address.from_stored(named[0].phones[0].number), named[0].shown_name)
    if len(joined) == 1 and not named:
        return _to(Address.from_stored(joined[0]), index, groups)
    if named or joined:
        likely = candidates(named, typed) + group_candidates(joined, groups, typed)
    else:
        likely = candidates(index.search(typed), typed) + group_candidates(groups.search(typed), groups, typed)
    if not likely:
        nobody = _("Nobody in your contacts is called “{name}”: type a number with its country code.")
        raise Unresolved(nobody.format(name=typed[:40]))
    if named or joined:
        raise Unresolved(_("Which one do you mean?"), likely)
    raise Unresolved(_("Nobody is called exactly “{name}”. Did you mean one of these?").format(name=typed[:40]), likely)


def typed_address(typed: str, country: str) -> Address:
    """A typed number or address; what only works within one town is refused too. Raises BadAddress."""
    found = address.parse(typed, country)
    if found.kind is Kind.PHONE and len(found.user) < SHORTEST_NUMBER:
        short = _("'{typed}' is too short for a phone number: write it with its country code.")
        raise BadAddress(short.format(typed=typed[:40]))
    return found


def candidates(contacts: list[Contact], typed: str | None = None) -> tuple[Candidate, ...]:
    """One line for each number of these contacts; `typed` is the text it will be picked for (default: the name)."""
    lines = []
    for contact in contacts:
        for phone in contact.phones:
            label = contact.shown_name if typed is None else typed
            shown = address.pretty(phone.number)
            lines.append(Candidate(f"{phone.number}|{label}", contact.shown_name, shown, phone.label))
            if len(lines) == MOST_CANDIDATES:
                return tuple(lines)
    return tuple(lines)


def group_candidates(found: list[str], groups: Groups, typed: str | None = None) -> tuple[Candidate, ...]:
    """One line for each of these groups, by their addresses; `typed` as for people."""
    lines = []
    for to in found[:MOST_GROUPS]:
        name = groups.name(to) or to
        lines.append(Candidate(f"{to}|{name if typed is None else typed}", name, groups.kind(to)))
    return tuple(lines)


def tags_like(typed: str, index: ContactIndex) -> tuple[Candidate, ...]:
    """One line for each tag that begins so; picking it writes to everybody who has it."""
    wanted = fold(typed)
    found = [(tag, count) for tag, count in index.tags if fold(tag).startswith(wanted)][:MOST_CANDIDATES]
    return tuple(Candidate(f"#|#{tag}", f"#{tag}", _PEOPLE(count)) for tag, count in found)


def _to(found: Address, index: ContactIndex, groups: Groups) -> Recipient:
    if is_group(str(found)):
        return Recipient(found, groups.name(str(found)))
    contact = index.by_number(found.user)
    return Recipient(found, contact.shown_name if contact else None)
