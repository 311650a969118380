"""The list of what is looked at before a message leaves: gathered for a form as it stands, and shown as it changes."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from flask import Response, request

from shared.model.message import Message
from shared.model.occurrences import Occurrence, upcoming
from shared.model.pace import Forecast
from shared.store.errors import StoreError
from shared.store.view import Snapshot
from web import dates, draft, fields, preflight, several, texts
from web.dates import BadTime
from web.draft import Filled
from web.groups import NONE, is_group
from web.pages import attachments
from web.parts import parts
from web.preflight import For, Known, Level, Meant, Row
from web.recipients import Unresolved, resolve
from web.rendering import page as rendered
from web.repeat_form import FilledRepeat
from web.search import ContactIndex
from web.series_book import imagined
from web.several import Line


class Shown(NamedTuple):
    """The list as a page shows it, folded to its summary unless it `opens` by itself. asked: somebody pressed a button,
    so what is empty is missing; seen: what names this list, so that the same is not shown again; filled: what is sent
    instead of each field, where it is for one person."""

    rows: Sequence[Row] = ()
    summary: str = ""
    level: Level = Level.OPEN
    opens: bool = False
    asked: bool = False
    seen: str = ""
    filled: Sequence[tuple[str, str]] = ()


def asked() -> bool:
    """Whether the form is only to be looked at: its button Check."""
    return bool(request.form.get("check"))


def shown(filled: Filled, repeat: FilledRepeat | None, own: str = "") -> Shown:
    """The list beside a form that was sent; a form that was only opened has none yet. own: what is edited."""
    if request.method != "POST":
        return Shown()
    return _listed(filled, repeat, own, pressed=True)


def live(filled: Filled, repeat: FilledRepeat) -> Response:
    """The list alone, for htmx; 204 where it is the one that is shown already. Field: `seen`."""
    found = _listed(filled, repeat, request.args.get("own", "")[:200], pressed=bool(request.form.get("asked")))
    if found.seen == request.form.get("seen"):
        return Response(status=204)
    return rendered("parts/preflight_rows.html", checks=found)


def for_several(lines: Sequence[Line], made: draft.Draft) -> Shown:
    """The list above the preview of a message for several."""
    people = tuple(
        For(line.person.number, line.person.name or "", line.text, line.empty, made.attachment)
        for line in lines
        if not line.problem
    )
    wall = dates.wall(made.send_at, made.zone)
    found = (Occurrence(wall, made.send_at),)
    rows = preflight.check(Meant(people, found, made.zone), _known(parts().records.now(), people, found))
    return _sealed([row._replace(field="") for row in rows], pressed=True)  # its fields are on the page before it


def _listed(filled: Filled, repeat: FilledRepeat | None, own: str, *, pressed: bool) -> Shown:
    try:
        snapshot = parts().records.now()
        index = parts().records.index(snapshot)
    except StoreError:
        snapshot, index = None, ContactIndex({})
    typed, known_series = filled.typed, snapshot.series.get(own) if snapshot else None
    known = snapshot.messages.get(own) if snapshot else None
    people, errors, values = _people(typed, index)
    errors |= attachments.only_of_file(filled.errors)
    place, found = _dates(typed, repeat, snapshot, own)
    settings, now = parts().settings, parts().clock.now()
    first = people[0].to if people else ""
    form = typed | {"to": first, "picked": f"{first}|{first}"}
    read = draft.read(
        form,
        index,
        now,
        zone=settings.zone,
        country=settings.country,
        fills=len(people) == 1,
        begun=known_series is not None,
        attachment=filled.attachment,
        about=known.about if known else None,
    )
    errors |= {name: sentence for name, sentence in read.errors.items() if name not in errors and name != "to"}
    errors |= {name: sentence for name, sentence in (repeat.errors if repeat else {}).items() if name not in errors}
    if repeat is not None and repeat.wanted and len(people) > 1:
        errors["to"] = texts.SEVERAL_REPEAT
    if unknown := fields.fill(typed.get("text", ""), {}).unknown:
        errors["text"] = fields.unknown_in_words(unknown)
    untouched = frozenset() if pressed and not request.form.get("now") else _untouched(typed)
    people = tuple(each._replace(attachment=filled.attachment) for each in people)
    meant = Meant(people, found, place, errors, untouched, own)
    known_of = _known(snapshot, people, found, own if known_series is None else "")
    written = tuple(fields.each_filled(typed.get("text", ""), values).items()) if values else ()
    return _sealed(preflight.check(meant, known_of), pressed=pressed, filled=written)


def _known(snapshot: Snapshot | None, people: Sequence[For], found: Sequence[Occurrence], own: str = "") -> Known:
    """What the host says of the pace is of the first of them, and of how they all leave. own: the message edited."""
    messages: Sequence[Message] | None = tuple(snapshot.messages.values()) if snapshot else None
    heard = parts().written_by.known() if people else frozenset[str]()
    groups = parts().groups.known() if any(is_group(each.to) for each in people) else NONE
    forecast, queue = _pace(people, found, own)
    return Known(parts().clock.now(), messages, parts().watch.reading(), forecast, queue, heard, groups)


def _pace(people: Sequence[For], found: Sequence[Occurrence], own: str) -> tuple[Forecast | None, str | None]:
    """A host that does not answer the one is not asked the other, or the page would wait twice."""
    if not people or not found:
        return None, ""
    forecast = parts().asking.pace(people[0].to, found[0].at, own)
    return forecast, parts().asking.queue(len(people)) if forecast or len(people) == 1 else None


def _people(
    typed: Mapping[str, str], index: ContactIndex
) -> tuple[tuple[For, ...], dict[str, str], Mapping[str, str] | None]:
    """Whom the form means, each with the text they would get; what is wrong with that; what fields hold, for one."""
    country, text, groups = parts().settings.country, typed.get("text", ""), parts().groups.known()
    if several.meant(typed["to"], index, groups):
        found = several.people_of(typed["to"], index, country, groups)
        if found.problem or not found.people:
            return (), {"to": found.problem or texts.NO_NUMBER_THERE}, None
        return tuple(_for(each, text) for each in found.people), {}, None
    try:
        recipient = resolve(typed["to"], typed.get("picked", ""), index, country, groups)
    except Unresolved as error:
        return (), {"to": str(error)}, None
    contact = index.by_number(recipient.address.user)
    person = several.Person(str(recipient.address), recipient.name, contact)
    values = fields.values_of(contact, person.number if person.number.isdigit() else "")
    return (_for(person, text)._replace(empty=()),), {}, values  # for one, an empty field is an error of the text


def _for(person: several.Person, text: str) -> For:
    filling = fields.fill(text, fields.values_of(person.contact, person.number, person.tag))
    return For(person.number, person.name or "", filling.text.strip() and filling.text, filling.empty)


def _dates(
    typed: Mapping[str, str], repeat: FilledRepeat | None, snapshot: Snapshot | None, own: str
) -> tuple[str, tuple[Occurrence, ...]]:
    """The form's zone and when it would leave: its time, or the next dates of its rule."""
    now, zone = parts().clock.now(), parts().settings.zone
    try:
        wall, place = draft.read_time(typed, now, zone)
        at = dates.instant(wall, place)
    except BadTime:
        return zone, ()
    if repeat is None or repeat.rule is None:
        return place, (Occurrence(wall, at),) if at > now else ()
    known = snapshot.series.get(own) if snapshot else None
    messages = snapshot.messages.values() if snapshot else ()
    return place, tuple(upcoming(imagined(repeat.rule, wall, place, now, known), messages, now))


def _untouched(typed: Mapping[str, str]) -> frozenset[str]:
    """Fields that nobody has come to yet."""
    empty = {name for name in ("to", "text") if not typed.get(name, "").strip()}
    if not typed.get("when", "").strip() and not typed.get("time", "").strip():
        empty |= {"when", "time"}
    return frozenset(empty)


def _sealed(rows: Sequence[Row], *, pressed: bool, filled: Sequence[tuple[str, str]] = ()) -> Shown:
    seen = hashlib.blake2s(repr((rows, filled)).encode(), digest_size=8).hexdigest()
    level = preflight.level(rows)
    return Shown(rows, preflight.summary(rows), level, level in (Level.STOPS, Level.LOOK), pressed, seen, filled)
