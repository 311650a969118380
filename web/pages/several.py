"""A message for several people: what each of them would get, then one message for each."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from flask import Blueprint, Response, abort, request, url_for

from shared.model.wire import Outcome
from shared.store.errors import StoreError
from web import dates, draft, fields, several, texts
from web.draft import Draft, Filled
from web.pages import attachments, checks
from web.parts import parts
from web.rendering import page as rendered
from web.rendering import see_other, tell
from web.search import ContactIndex
from web.several import Line, People, SavedSet

page = Blueprint("several", __name__)
Again = Callable[[Filled, int, str], Response]
"""Shows the form once more: as it was filled in, with this status and this problem."""


def asked(to: str) -> bool:
    """Whether a form's To field names several people; without the contacts nobody can say."""
    try:
        return several.meant(to, _index(), parts().groups.known())
    except StoreError:
        return several.meant(to, ContactIndex({}))


def preview(form_id: str, again: Again, *, problem: str = "", status: int = 200) -> Response:
    """Each person's text and what to look at, with a box for each; or the form again where something is wrong."""
    try:
        filled, people = _read()
    except StoreError as error:
        return again(_as_typed(), 503, texts.STORAGE_DOWN.format(reason=error))
    if filled.draft is None:
        return again(filled, 422, "")
    return _preview(form_id, filled.draft, people, problem, status)


def schedule(form_id: str, again: Again) -> Response:
    """Schedule what was previewed for those ticked: `include`, a number each; `seal`, what was seen."""
    try:
        filled, people = _read()
        if filled.draft is None:
            return again(filled, 422, "")
        shown = _lines(filled, people)
        if several.seal(shown, filled.draft) != request.form.get("seal"):
            return _preview(form_id, filled.draft, people, texts.SEVERAL_CHANGED, 409)
        included = set(request.form.getlist("include"))
        chosen = [line for line in shown if line.person.number in included and not line.problem]
        if not chosen:
            return _preview(form_id, filled.draft, people, texts.NOBODY_CHOSEN, 422)
        saved = parts().several.schedule(several.drafts(filled.draft, chosen, form_id))
    except StoreError as error:
        return again(_as_typed(), 503, texts.STORAGE_DOWN.format(reason=error))
    _say(saved, filled.draft, form_id)
    return see_other(url_for("agenda.home"))


@page.post("/messages/several/<form_id>/cancel")
def cancel(form_id: str) -> Response:
    """Ask that none of a form's messages is sent."""
    try:
        count = parts().several.cancel(form_id)
    except KeyError:
        abort(404, description=texts.NO_MESSAGE)
    tell(texts.SEVERAL_CANCELLED(count) if count else texts.SEVERAL_CANCELLED_NONE)
    return see_other(url_for("agenda.home"))


def _index() -> ContactIndex:
    return parts().records.index(parts().records.now())


def _as_typed() -> Filled:
    return Filled({name: request.form.get(name, "") for name in draft.FIELDS}, {})


def _read() -> tuple[Filled, People]:
    """The form, read for the first of them; `typed` keeps what stands in the To field."""
    index, settings = _index(), parts().settings
    typed = request.form.get("to", "")
    people = several.people_of(typed, index, settings.country, parts().groups.known())
    form = request.form.to_dict() | {"to": next((person.number for person in people.people), ""), "picked": ""}
    now, attached = parts().clock.now(), attachments.whole(attachments.of_form(None))
    filled = draft.read(
        form, index, now, zone=settings.zone, country=settings.country, fills=False, attachment=attached.attachment
    )
    filled = attachments.with_file(filled, attached)
    errors = {name: sentence for name, sentence in filled.errors.items() if name != "to"}
    if people.problem or not people.people:
        errors = {"to": people.problem or texts.NO_NUMBER_THERE} | errors
    if unknown := fields.fill(filled.typed["text"], {}).unknown:
        errors.setdefault("text", fields.unknown_in_words(unknown))
    if request.form.get("repeat"):
        errors["to"] = texts.SEVERAL_REPEAT
    made = None if errors else filled.draft
    return Filled(filled.typed | {"to": typed}, errors, (), made, filled.attachment), people


def _lines(filled: Filled, people: People) -> list[Line]:
    if filled.draft is None:
        return []
    messages = parts().records.now().messages.values()
    heard = parts().written_by.known()
    return several.lines(people.people, filled.typed["text"], filled.draft, messages, heard)


def _preview(form_id: str, made: Draft, people: People, problem: str, status: int) -> Response:
    filled = _as_typed()._replace(draft=made)
    typed = filled.typed | {"text": filled.typed["text"].replace("\r\n", "\n").replace("\r", "\n")}
    shown = _lines(filled._replace(typed=typed), people)
    left_out = set() if not request.form.get("seal") else {line.person.number for line in shown}
    left_out -= set(request.form.getlist("include"))
    wall = datetime.fromisoformat(made.wall_time)
    carried = typed | {"date": f"{wall:%Y-%m-%d}", "time": f"{wall:%H:%M:%S}", "zone": made.zone}
    carried |= {"when": "", "when_echoed": "", "picked": "", "id": form_id}
    carried |= draft.of_attachment(made.attachment)
    values: dict[str, Any] = {
        "shown": shown,
        "left_out": left_out,
        "unreachable": people.unreachable,
        "groups": parts().groups.known(),
        "carried": carried,
        "seal": several.seal(shown, made),
        "attachment": made.attachment,
        "when": dates.echo(made.send_at, made.zone, parts().clock.now()),
        "checks": checks.for_several(shown, made),
        "problem": problem,
    }
    return rendered("several.html", status, **values)


def _say(saved: SavedSet, made: Draft, form_id: str) -> None:
    meaning = f"{dates.echo(made.send_at, made.zone, parts().clock.now())}."
    already = texts.SEVERAL_ALREADY(saved.again) if saved.again else ""
    if not saved.messages:
        tell(already, tone="quiet")
        return
    sentence = texts.SEVERAL_SCHEDULED(len(saved.messages), meaning=meaning)
    refused = [item for item in saved.told.items if item.outcome is Outcome.REFUSED]
    if refused:
        reason = texts.REFUSED_BY_HOST.format(reason=refused[0].reason or "")
        tell(f"{sentence} {already} {reason}", tone="bad")
        return
    told = texts.TOLD if saved.told.answered else texts.NOT_ANSWERED
    tell(" ".join(filter(None, (sentence, already, told))), undo=url_for("several.cancel", form_id=form_id))
