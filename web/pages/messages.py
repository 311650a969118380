"""One message: writing, saving, changing, cancelling it, and what became of it."""

import re
from collections.abc import Callable

from flask import Blueprint, Response, abort, jsonify, request, url_for

from shared.model.content import Attachment
from shared.model.message import Message
from shared.model.series import Series
from shared.store.errors import StoreError
from shared.store.view import Snapshot
from web import dates, draft, message_notices, repeat_form, series_notices, texts
from web.dates import BadTime
from web.door import own_path
from web.draft import Filled
from web.pages import attachments, checks, send_now, several
from web.pages.message_form import as_typed, filled_form, form_page, group_named, repeat_of_form, storage_down
from web.parts import parts
from web.rendering import page as rendered
from web.rendering import recipient, see_other, series_of, tell
from web.repeat_form import FilledRepeat
from web.repeats import Repeats, next_id, place
from web.scheduling import Changed, Saved, Settled, TooLate, new_id
from web.timeline import timeline

page = Blueprint("messages", __name__)
_FORM_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.~@:+-]{0,150}", flags=re.ASCII)


@page.get("/compose")
def compose() -> Response:
    """An empty form; `to`, `text`, `when`, `date` may fill it, `from` copies an ended one that is to be sent again,
    `undone` brings back what was typed for one that was sent now and undone."""
    now, zone = parts().clock.now(), parts().settings.zone
    typed = {**draft.empty(now, zone), **{name: request.args.get(name, "") for name in ("to", "text", "when")}}
    typed |= draft.on_day(request.args.get("date", ""))
    form_id = new_id(now)
    attachment: Attachment | None = None
    if undone := request.args.get("undone"):
        typed |= send_now.typed_again(undone)
        attachment = attachments.known(typed.get("attached", ""))
    if again := request.args.get("from"):
        message = _message(again)
        form_id = next_id(message.id, parts().records.now().messages)
        typed |= draft.of_message(message, zone) | {"date": typed["date"], "time": ""}
        attachment = message.attachment
    filled = Filled(group_named(typed), {}, attachment=attachment)
    return _compose_page(filled, form_id, repeat=repeat_form.empty() if again else None)


@page.get("/messages")
def written() -> Response:
    """Where a form stood that was sent: the form again."""
    return see_other(url_for("messages.compose"))


@page.post("/messages")
def schedule() -> Response:
    """Schedule a message: 303 to its page (Location: /messages/<id>), 422 with the form where something is wrong.

    to        a name from the contacts, a number ("+44 7700 900001", national ones in DEFAULT_COUNTRY) or an address
    picked    set by the page when a contact was picked: "<digits>|<what stands in to>"
    text      1 to 65,536 characters; beside a picture, a film or a document up to 1,024 or none, beside a sound none
    file      what is attached (multipart/form-data, 16 MB at most); `send_as`: voice, audio or document
    attached  instead of `file`: the SHA-256 of one that was sent here before; with `do`=attach or detach only the form
              is answered, with what is attached or without
    unless_they_write  anything: it is not sent if they have written first
    date      2026-11-27, and
    time      18:00 or 18:00:15, on the wall of
    zone      Europe/London (default: DEFAULT_ZONE)
    when      instead of date and time: "friday 6pm", "in 2 hours"; `when_echoed` is what date and time were filled from
    if_late   within (default), on-time or ask; `late_hours` for within (default 6)
    id        the form's own id: saved twice, it is one message

    With `repeat` it is a series (Location: /series/<id>), whose rule begins at that time:
    repeat    daily, weekly, monthly or yearly; `every`: each so many of these (default 1)
    weekday   of a weekly one, "mo" to "su", once for each (default: the first date's)
    monthly_on  date (default) or last: the last day of the month
    ends      never (default), until (with `until`: 2027-03-31) or count (with `count`)

    Several in `to`, with semicolons between them or as a #tag, are shown first: 200 with each one's text.
    """
    form_id, repeat = _form_id(), repeat_of_form()

    def page_again(filled: Filled, status: int, problem: str) -> Response:
        return _compose_page(filled, form_id, status, problem, repeat)

    again_of = _again_of(form_id)
    if attachments.only_asked():
        return page_again(*as_typed(again_of))
    if checks.asked():
        filled, problem = filled_form(again_of)
        return page_again(filled._replace(errors=attachments.only_of_file(filled.errors)), 200, problem)
    if send_now.asked():
        filled, problem = filled_form(again_of, instead=send_now.INSTEAD)
        return send_now.schedule(form_id, filled, repeat, page_again, problem)
    if several.asked(request.form.get("to", "")):
        return several.preview(form_id, page_again)
    filled, problem = filled_form(again_of)
    if filled.draft is None or repeat.errors:
        return page_again(filled, 503 if problem else 422, problem)
    try:
        if repeat.rule is not None:
            return series_notices.begun(parts().series_book.begin(filled.draft, repeat.rule, form_id))
        saved = parts().scheduling.schedule(filled.draft, form_id)
    except StoreError as error:
        return page_again(filled, 503, texts.STORAGE_DOWN.format(reason=error))
    already = texts.ALREADY_AGAIN if place(form_id).number else texts.ALREADY_SCHEDULED
    message_notices.say(
        saved, already if saved.again else texts.SCHEDULED_NOTICE.format(meaning=message_notices.meaning(saved.message))
    )
    return see_other(_address(saved.message))


@page.post("/messages/several")
def schedule_several() -> Response:
    """Schedule a message for each of those who were previewed. Fields as there, and `include` and `seal`."""
    form_id, repeat = _form_id(), repeat_form.empty()
    return several.schedule(
        form_id, lambda filled, status, problem: _compose_page(filled, form_id, status, problem, repeat)
    )


def compose_to(people: str) -> Response:
    """An empty form that is addressed already."""
    now, zone = parts().clock.now(), parts().settings.zone
    typed = dict.fromkeys(draft.FIELDS, "") | draft.empty(now, zone) | {"to": people}
    return _compose_page(Filled(typed, {}), new_id(now), repeat=repeat_form.empty())


@page.post("/compose")
def compose_again() -> Response:
    """The form as it is filled in, with the text of `template` where one is named; nothing is checked or saved.

    What was typed stays before it, unless it is another template's text as it is.
    """
    filled, status, problem = as_typed(_again_of(_form_id()))
    typed = filled.typed
    if template_id := request.form.get("template"):
        known = {template.id: template.text for template in parts().template_book.listed()}
        if template_id not in known:
            abort(404, description=texts.NO_TEMPLATE)
        written = typed["text"].replace("\r\n", "\n").strip()
        before = f"{written}\n\n" if written and written not in known.values() else ""
        typed["text"] = f"{before}{known[template_id]}"
    return _compose_page(filled, _form_id(), status, problem, repeat_of_form()._replace(errors={}))


def _again_of(form_id: str) -> Message | None:
    """The message that this form sends again."""
    again = place(form_id)
    try:
        return parts().records.now().messages.get(again.base) if again.number else None
    except StoreError:
        return None


@page.get("/compose/echo")
def echo() -> Response:
    """What the form's time means: {"echo", "note", "date", "time", "zone"}, or {"problem"} with a sentence."""
    return _time_of_form()


@page.get("/compose/echo/begun")
def echo_begun() -> Response:
    """The same for a series that is edited, whose first date may have passed."""
    return _time_of_form(begun=True)


def _time_of_form(*, begun: bool = False) -> Response:
    """What the form's time means, for scripts; whether it may have passed."""
    now, zone = parts().clock.now(), parts().settings.zone
    try:
        wall, place = draft.read_time(request.args, now, zone)
        send_at = dates.instant(wall, place)
    except BadTime as error:
        return jsonify(problem=str(error))
    told = {"date": f"{wall:%Y-%m-%d}", "time": f"{wall:%H:%M:%S}" if wall.second else f"{wall:%H:%M}", "zone": place}
    if send_at <= now and not begun:
        return jsonify(problem=texts.IN_THE_PAST.format(ago=dates.relative(send_at, now, place)), **told)
    note = dates.clock_change(wall, place) or ""
    return jsonify(echo=dates.echo(send_at, place, now), note=note, **told)


@page.post("/compose/checks")
def looked_at() -> Response:
    """For htmx: what is looked at before the form's message leaves; nothing is saved. Query: `own`, what is edited."""
    known = _edited(request.args.get("own", "")) or _again_of(_form_id())
    filled, _ = filled_form(known, begun=request.args.get("begun") is not None, saves=False)
    return checks.live(filled, repeat_of_form())


def _edited(own: str) -> Message | Series | None:
    """The message or series of this id; while the storage is away, none."""
    try:
        snapshot = parts().records.now() if own else None
    except StoreError:
        return None
    return snapshot and (snapshot.messages.get(own) or snapshot.series.get(own))


@page.get("/messages/<message_id>")
def show(message_id: str) -> Response:
    """One message and its timeline."""
    return _message_page("message.html", message_id)


@page.get("/messages/<message_id>/timeline")
def show_live(message_id: str) -> Response:
    """What changes on that page, for htmx."""
    return _message_page("parts/message_body.html", message_id)


def _message_page(template: str, message_id: str) -> Response:
    snapshot = parts().records.now()
    message = _found(snapshot, message_id)
    repeats = Repeats(snapshot.messages.values())
    repeat = repeats.of(message)
    return rendered(
        template,
        message=message,
        steps=timeline(message, parts().clock.now(), repeat),
        repeats=repeats,
        repeat=repeat,
        again_id=next_id(message.id, snapshot.messages),
        part_of=series_of(message),
    )


@page.get("/messages/<message_id>/edit")
def edit(message_id: str) -> Response:
    """The same form, filled with the message; it carries the version it was made from."""
    message = _message(message_id)
    if not message.delivery.state.open:
        tell(texts.ALREADY_LEAVING, tone="bad")
        return see_other(_address(message))
    typed = group_named(draft.of_message(message, parts().settings.zone))
    return _edit_page(Filled(typed, {}, attachment=message.attachment), message)


@page.post("/messages/<message_id>")
def change(message_id: str) -> Response:
    """Save an edit. Fields as for a new message, and `version`: 409 with both versions where it is no longer newest."""
    filled, problem = Filled({}, {}), ""
    try:
        message = _message(message_id)
        if attachments.only_asked():
            filled, status, problem = as_typed(message)
            return _edit_page(filled, message, status, problem)
        filled, problem = filled_form(message)
        if checks.asked():
            return _edit_page(filled._replace(errors=attachments.only_of_file(filled.errors)), message, 200, problem)
        if filled.draft is None:
            return _edit_page(filled, message, 503 if problem else 422, problem)
        saved = parts().scheduling.change(message_id, request.form.get("version", ""), filled.draft)
    except Changed as changed:
        return _edit_page(filled, changed.newest, 409, texts.CHANGED_MEANWHILE, other=changed.newest)
    except TooLate:
        return _edit_page(filled, _message(message_id), 409, texts.ALREADY_LEAVING)
    except StoreError as error:
        filled = filled if filled.typed else filled_form()[0]
        return form_page(filled, f"/messages/{message_id}", 503, storage_down(error))
    notice = texts.CHANGED_NOTICE.format(meaning=message_notices.meaning(saved.message))
    message_notices.say(saved, notice, undo=message_notices.undo_of_edit(saved.message))
    return see_other(_address(saved.message))


@page.post("/messages/<message_id>/cancel")
def cancel(message_id: str) -> Response:
    """Ask that it is not sent. Field: `back`, the path to return to."""
    return _decide(message_id, parts().scheduling.cancel, texts.CANCEL_NOTICE, undo="messages.restore")


@page.post("/messages/<message_id>/restore")
def restore(message_id: str) -> Response:
    """Undo a cancel. Field: `back`."""
    return _decide(message_id, parts().scheduling.restore, texts.RESTORED_NOTICE, too_late=texts.NOT_RESTORABLE)


@page.post("/messages/<message_id>/settle")
def settle(message_id: str) -> Response:
    """What the owner says of a message that ended badly. Fields: `as` (nothing takes it back), and `back`.

    as: arrived or not-arrived for one whose end is unknown, let-go for one that failed or was missed
    """
    said = request.form.get("as", "")
    if said and said not in set(Settled):
        abort(422, description=texts.BAD_CHOICE)
    settled = Settled(said) if said else None
    undo = "messages.settle" if settled else None
    return _decide(
        message_id,
        lambda each: parts().scheduling.settle(each, settled),
        _SETTLED[settled],
        undo=undo,
        too_late=texts.NOT_SETTLEABLE,
    )


_SETTLED = {
    Settled.ARRIVED: texts.ARRIVED_NOTICE,
    Settled.NOT_ARRIVED: texts.NOT_ARRIVED_NOTICE,
    Settled.LET_GO: texts.LET_GO_NOTICE,
    None: texts.UNSETTLED_NOTICE,
}


@page.post("/messages/<message_id>/again")
def send_again_now(message_id: str) -> Response:
    """Send it again, now, with some seconds to undo it. Field: `id`, the new message's id as the page made it, so that
    two clicks are one."""
    message = _message(message_id)
    again_id = request.form.get("id", "")
    known = place(again_id).base == place(message.id).base and place(again_id).number
    if not known or not message.delivery.state.settled or message.delivery.sent_at:
        tell(texts.NOT_REPEATABLE, tone="bad")
        return see_other(_address(message))
    return send_now.again(message, again_id)


@page.post("/messages/<message_id>/pick")
def pick(message_id: str) -> Response:
    """Settle two versions. Fields: `version`, the one that counts, and `back`."""
    version = request.form.get("version", "")
    return _decide(message_id, lambda each: parts().scheduling.pick(each, version), texts.PICKED_NOTICE)


def _decide(
    message_id: str,
    decide: Callable[[str], Saved],
    notice: str,
    *,
    undo: str | None = None,
    too_late: str = texts.ALREADY_LEAVING,
) -> Response:
    back = own_path(request.form.get("back") or url_for("messages.show", message_id=message_id))
    try:
        saved = decide(message_id)
    except KeyError:
        abort(404, description=texts.NO_MESSAGE)
    except TooLate:
        tell(too_late, tone="bad")
    else:
        sentence = notice.format(name=recipient(saved.message))
        tell(sentence, undo=url_for(undo, message_id=message_id) if undo else None)
    return see_other(back)


def _form_id() -> str:
    """The form's own id, as the page made it."""
    given = request.form.get("id", "")
    return given if _FORM_ID.fullmatch(given) else new_id(parts().clock.now())


def _message(message_id: str) -> Message:
    return _found(parts().records.now(), message_id)


def _found(snapshot: Snapshot, message_id: str) -> Message:
    message = snapshot.messages.get(message_id)
    if message is None:
        abort(404, description=texts.NO_MESSAGE)
    return message


def _address(message: Message) -> str:
    return url_for("messages.show", message_id=message.id)


def _compose_page(
    filled: Filled, form_id: str, status: int = 200, problem: str = "", repeat: FilledRepeat | None = None
) -> Response:
    repeat = repeat_of_form() if repeat is None else repeat
    return form_page(filled, url_for("messages.schedule"), status, problem, form_id=form_id, repeat=repeat)


def _edit_page(
    filled: Filled, message: Message, status: int = 200, problem: str = "", other: Message | None = None
) -> Response:
    target = url_for("messages.change", message_id=message.id)
    return form_page(filled, target, status, problem, message=message, other=other)
