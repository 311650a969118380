"""The form of a message or a series: read as it was filled in, and shown as it is."""

from typing import Any

from flask import Response, request

from shared.model.message import Message
from shared.model.series import Series
from shared.store.errors import StoreError
from web import dates, draft, repeat_form, texts
from web.dates import BadTime
from web.draft import Filled
from web.groups import is_group
from web.more_options import more_options
from web.pages import attachments, checks
from web.pages.attachments import Attached
from web.parts import parts
from web.recipients import as_picked
from web.rendering import page as rendered
from web.rendering import series_of
from web.repeat_form import FilledRepeat
from web.search import ContactIndex


def as_typed(message: Message | Series | None) -> tuple[Filled, int, str]:
    """The form as it was typed, unchecked but for its file, with the status and problem to show it with."""
    now, zone = parts().clock.now(), parts().settings.zone
    given = {name: request.form[name] for name in draft.FIELDS if name in request.form}
    filled = Filled(dict.fromkeys(draft.FIELDS, "") | draft.empty(now, zone) | given, {})
    try:
        filled = attachments.with_file(filled, attachments.of_form(message.attachment if message else None))
    except StoreError as error:
        return filled, 503, storage_down(error)
    return filled, 422 if filled.errors else 200, ""


def filled_form(
    known: Message | Series | None = None,
    *,
    begun: bool = False,
    instead: dict[str, str] | None = None,
    saves: bool = True,
) -> tuple[Filled, str]:
    """The form as filled in; where contacts cannot be read, numbers still can, and the sentence says so.

    known: what is edited or sent again. `begun`: of a series, whose first date may have passed. `instead`: what counts
    for these fields, whatever is typed. Unless it `saves`, nobody asks the storage whether a file is still there.
    """
    settings, now = parts().settings, parts().clock.now()
    problem, instead, index = "", instead or {}, ContactIndex({})
    attached = Attached(known.attachment if known else None)
    try:
        attached = attachments.of_form(attached.attachment)
        index = parts().records.index(parts().records.now())
        attached = attachments.whole(attached) if saves else attached
    except StoreError as error:
        problem = storage_down(error)
    form = request.form.to_dict()
    form["picked"] = next(filter(None, reversed(request.form.getlist("picked"))), "")  # a radio beside the hidden field
    filled = draft.read(
        form | instead, index, now, zone=settings.zone, country=settings.country, begun=begun,
        attachment=attached.attachment, about=known.about if isinstance(known, Message) else None,
        groups=parts().groups.known(),
    )  # fmt: skip
    filled = filled._replace(typed=filled.typed | {name: form.get(name, "") for name in instead})
    if problem:
        return filled._replace(draft=None), problem
    return attachments.with_file(filled, attached), ""


def group_named(typed: dict[str, str]) -> dict[str, str]:
    """The form's fields, with the name of the group where only its address stands in To."""
    to = typed.get("to", "").strip()
    return typed | as_picked(to, parts().groups.known()) if is_group(to) else typed


def storage_down(error: StoreError) -> str:
    """That nothing was saved; and that a file, which no form brings back, has to be chosen again."""
    given = request.files.get("file")
    again = f" {texts.FILE_AGAIN}" if given and given.filename else ""
    return f"{texts.STORAGE_DOWN.format(reason=error)}{again}"


def repeat_of_form() -> FilledRepeat:
    """The Repeat fields as filled in, for a series that begins at the form's time."""
    try:
        first, _ = draft.read_time(request.values, parts().clock.now(), parts().settings.zone)
    except BadTime:
        first = None
    return repeat_form.read(request.values, request.values.getlist("weekday"), first)


def form_page(
    filled: Filled,
    target: str,
    status: int,
    problem: str,
    *,
    form_id: str = "",
    message: Message | None = None,
    other: Message | None = None,
    repeat: FilledRepeat | None = None,
    series: Series | None = None,
    other_series: Series | None = None,
) -> Response:
    """The form, for a message or a series, new or edited; without `repeat` it cannot become a series."""
    errors = filled.errors | (repeat.errors if repeat else {})
    values: dict[str, Any] = {"typed": filled.typed, "errors": errors, "candidates": filled.candidates}
    values |= {"zones": dates.zones(), "attachment": filled.attachment}
    values |= {"more": more_options(filled.typed, repeat, errors)}
    edited = message or series
    version = edited.version if edited else request.form.get("version", "")
    return rendered(
        "compose.html",
        status,
        **values,
        country=parts().settings.country,
        checks=checks.shown(filled, repeat, edited.id if edited else ""),
        target=target,
        problem=problem,
        form_id=form_id,
        version=version,
        message=message,
        other=other,
        repeat=repeat,
        choices=repeat_form.CHOICES,
        series=series,
        other_series=other_series,
        part_of=series_of(message) if message else None,
    )
