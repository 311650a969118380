"""A message for several people and tags at once: who they are, the text for each, what to look at, and one write."""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import NamedTuple

from shared.clock import Clock
from shared.model import address
from shared.model.contact import Contact
from shared.model.content import MAX_TEXT, misfit
from shared.model.folding import fold
from shared.model.message import Message
from shared.store.oplog import Writer
from shared.store.view import View
from web import fields, preflight, texts, told
from web.draft import Draft
from web.forms_kept import FormsKept
from web.groups import NONE, Groups, is_group
from web.local import LocalState
from web.recipients import Unresolved, resolve
from web.search import ContactIndex
from web.telling import Telling, Told

MOST = 300
"""People in one go: what an account sends in a day without looking like a machine, and to spare."""

_ADDRESSED = re.compile(r".{0,200}<\s*([+\d][\d\s()./-]{4,30}|[\d-]{5,41}@g\.us)\s*>")
"""As the picker writes somebody among several: "Alice <+44 7700 900001>", "Choir <120363000000000001@g.us>"."""


class Person(NamedTuple):
    """One of them: where the message goes, and whom one knows there. tag: by which they were chosen."""

    number: str
    name: str | None
    contact: Contact | None = None
    tag: str = ""


class Line(NamedTuple):
    """One line of the preview: the text for this person, and what to look at before it is sent. note: what is not
    known; problem: why it cannot be sent; empty: fields for which this person has nothing."""

    person: Person
    text: str
    warnings: tuple[str, ...] = ()
    note: str = ""
    problem: str = ""
    empty: tuple[str, ...] = ()


class People(NamedTuple):
    """Who was meant. unreachable: contacts with a tag but without a number; problem: a sentence where a name is not
    understood."""

    people: tuple[Person, ...] = ()
    unreachable: tuple[Contact, ...] = ()
    problem: str = ""


def meant(typed: str, index: ContactIndex, groups: Groups = NONE) -> bool:
    """Whether the To field names several: with semicolons or commas between them, or a #tag."""
    typed = typed.strip()
    if index.named(typed) or groups.named(typed):
        return False
    return typed.startswith("#") or any(each in typed for each in ";,\n")


def people_of(typed: str, index: ContactIndex, country: str, groups: Groups = NONE) -> People:
    """Everybody who is named, each number once, in the order they are named; tags in the order of the list."""
    found: dict[str, Person] = {}
    unreachable: dict[str, Contact] = {}
    for part in filter(None, map(str.strip, re.split(r"[;,\n]", typed))):
        if part.startswith("#"):
            tag = part[1:].strip()
            members = index.search("", tag=tag) if fold(tag) else []
            if not members:
                return People(problem=texts.NO_SUCH_TAG.format(tag=tag[:40]))
            for contact in members:
                if not contact.phones:
                    unreachable[contact.id] = contact
                else:
                    person = Person(contact.phones[0].number, contact.shown_name, contact, _as_written(contact, tag))
                    found.setdefault(person.number, person)
            continue
        addressed = _ADDRESSED.fullmatch(part)
        try:
            recipient = resolve(addressed[1] if addressed else part, "", index, country, groups)
        except Unresolved as error:
            likely = ", ".join(f"{each.name} <{each.number}>" for each in error.candidates[:3])
            hint = f" {texts.DID_YOU_MEAN.format(people=likely)}" if likely else ""
            return People(problem=f"{texts.NOT_UNDERSTOOD.format(part=part[:60])}{hint if likely else f' {error}'}")
        number = str(recipient.address)
        found.setdefault(number, Person(number, recipient.name, index.by_number(recipient.address.user)))
    if len(found) > MOST:
        return People(problem=texts.TOO_MANY_AT_ONCE.format(count=len(found), most=MOST))
    return People(tuple(found.values()), tuple(unreachable.values()))


def addressed(contact: Contact) -> str:
    """A contact as the To field names one among several, whatever is in its name."""
    name = re.sub(r"[;,#<>\n]", " ", contact.name).strip()
    number = address.pretty(contact.phones[0].number)
    return f"{name} <{number}>" if name else number


def _as_written(contact: Contact, tag: str) -> str:
    return next((each for each in contact.tags if fold(each) == fold(tag)), tag)


def lines(
    people: Iterable[Person],
    text: str,
    draft: Draft,
    messages: Iterable[Message],
    heard: AbstractSet[str] = frozenset(),
) -> list[Line]:
    """What each of them would get of this draft, and what to look at. messages: what is scheduled already; heard: who
    has written to this account."""
    known = list(messages)
    written = heard | {message.to for message in known if message.delivery.sent_at}
    waiting = preflight.waiting_for(known)
    return [_line(each, text, draft, waiting.get(each.number, []), known=each.number in written) for each in people]


def _line(person: Person, text: str, draft: Draft, waiting: Sequence[Message], *, known: bool) -> Line:
    filled = fields.fill(text, fields.values_of(person.contact, person.number, person.tag))
    warnings = [texts.EMPTY_FIELD.format(name=name) for name in filled.empty]
    if found := preflight.duplicate(waiting, filled.text, draft.send_at, draft.attachment):
        name = person.name or address.pretty(person.number)
        warnings.append(preflight.about(found, name, draft.zone))
    note = "" if known or is_group(person.number) else texts.NOT_WRITTEN_TO
    problem = ""
    if draft.attachment is not None:
        problem = told.translated((misfit(person.number, filled.text, draft.attachment, None) or ("", ""))[1])
    elif not filled.text.strip():
        problem = texts.EMPTY_TEXT
    elif len(filled.text) > MAX_TEXT:
        over = len(filled.text) - MAX_TEXT
        problem = texts.LONG_TEXT.format(length=len(filled.text), most=MAX_TEXT, over=over)
    return Line(person, filled.text, tuple(warnings), note, problem, filled.empty)


def seal(shown: Iterable[Line], draft: Draft) -> str:
    """A digest of what was previewed: another one at the click means that it would not be what was seen."""
    what = [draft.send_at.isoformat(), draft.attachment and draft.attachment.as_json()]
    content = json.dumps([[line.person.number, line.text] for line in shown] + what)
    return hashlib.blake2s(content.encode(), digest_size=16).hexdigest()


def drafts(draft: Draft, chosen: Iterable[Line], form_id: str) -> dict[str, Draft]:
    """A draft for each, by the id its message will have: made of the form's id and the person, without the number
    in it, so that one form clicked twice is one set."""
    made = {}
    for line in chosen:
        number = line.person.number
        draft_of = draft.evolve(to=number, contact_name=line.person.name, text=line.text)
        made[f"{form_id}-{_short(form_id, number)}"] = draft_of
    return made


def is_of(message_id: str, form_id: str) -> bool:
    """Whether this message was made by that form.

    >>> is_of("20261122T120000-0011223344-0123456789", "20261122T120000-0011223344")
    True
    """
    return re.fullmatch(r"-[0-9a-f]{10}(-[0-9a-f]{10})?", message_id.removeprefix(form_id)) is not None


def _short(*parts: str) -> str:
    return hashlib.blake2s("\n".join(parts).encode(), digest_size=5).hexdigest()


class SavedSet(NamedTuple):
    """The messages of one form, what the host said of them, and how many had been saved by an earlier click."""

    messages: tuple[Message, ...]
    told: Told
    again: int = 0


class SeveralBook:
    """Writes the messages of one form in one operation. Raises StoreError when the storage did not take it."""

    def __init__(self, writer: Writer, view: View, telling: Telling, state: LocalState, clock: Clock) -> None:
        self._writer, self._view, self._telling, self._clock = writer, view, telling, clock
        self._forms = FormsKept(state)

    def schedule(self, wanted: Mapping[str, Draft]) -> SavedSet:
        """A message for each of these drafts; those saved already with this content are left as they are.

        A try without an answer may have been stored: the next one replaces it by name (decision 33).
        """
        now, version = self._clock.now(), self._writer.reserve()
        known = self._view.read(now).messages
        contents = {form_id: json.dumps(draft.as_json(), sort_keys=True) for form_id, draft in wanted.items()}
        claims = self._forms.claim_each(contents, version, now, lambda id_, content: f"{id_}-{_short(content)}")
        pairs = list(zip(claims, wanted.values(), strict=True))
        new = [
            Message(**claim.head(version, now), **draft.content, **draft.condition(now))
            for claim, draft in pairs
            if not (claim.stored and claim.id in known)
        ]
        again = len(pairs) - len(new)
        if new:
            self._view.remember(self._writer.append(version, now, messages=new))
            self._forms.stored(*(each.id for each in new))
        return SavedSet(tuple(new), self._telling.tell(new) if new else Told(False), again)

    def cancel(self, form_id: str) -> int:
        """Ask that none of this form's messages is sent, in one operation; how many were still open. Raises KeyError
        where it has none."""
        now, version = self._clock.now(), self._writer.reserve()
        found = [each for each in self._view.read(now).messages.values() if is_of(each.id, form_id)]
        if not found:
            raise KeyError(form_id)
        cancelled = [
            each.edited(version, cancelled=True) for each in found if each.delivery.state.open and not each.cancelled
        ]
        if cancelled:
            self._view.remember(self._writer.append(version, now, messages=cancelled))
            self._telling.tell(cancelled)
        return len(cancelled)
