"""Send now, with five seconds to undo it: the message is scheduled for then, and an undo goes back to writing."""

from collections.abc import Callable

from flask import Blueprint, Response, abort, request, url_for

from shared.model.message import Message
from shared.store.errors import StoreError
from web import draft, message_notices, texts
from web.draft import Draft, Filled
from web.pages import several
from web.parts import parts
from web.rendering import page as rendered
from web.rendering import recipient, see_other, tell
from web.repeat_form import FilledRepeat
from web.repeats import place
from web.scheduling import Changed, Saved, TooLate
from web.standing import Standing, just_asked_for, standing

page = Blueprint("send_now", __name__)

INSTEAD = {"when": "in 5 seconds", "when_echoed": "", "zone": "UTC"}
"""What the form's time means then, whatever is typed there."""


def asked() -> bool:
    """Whether the form's button Send now was pressed."""
    return bool(request.form.get("now"))


def schedule(
    form_id: str, filled: Filled, repeat: FilledRepeat, page_again: Callable[[Filled, int, str], Response], problem: str
) -> Response:
    """Schedule what was typed for five seconds from now. `filled`: read with INSTEAD."""
    errors = dict(filled.errors)
    if several.asked(filled.typed["to"]):
        errors["to"] = texts.NOW_ONE_PERSON
    if repeat.wanted:
        errors["repeat"] = texts.NOW_ONCE
    if filled.draft is None or errors:
        return page_again(filled._replace(errors=errors), 503 if problem else 422, problem)
    leaving = draft.leaving(filled.draft, parts().clock.now(), parts().settings.zone)
    try:
        saved = parts().scheduling.schedule(leaving, form_id, now=True)
    except StoreError as error:
        return page_again(filled, 503, texts.STORAGE_DOWN.format(reason=error))
    if not saved.again:
        parts().typed.keep(saved.message.id, filled.typed)
    return say(saved, texts.ALREADY_SCHEDULED)


def again(message: Message, again_id: str) -> Response:
    """Schedule a message that was not sent for five seconds from now, under this id."""
    now, zone = parts().clock.now(), parts().settings.zone
    leaving: Draft = draft.again_now(message, now, zone)
    return say(parts().scheduling.schedule(leaving, again_id), texts.ALREADY_AGAIN)


def say(saved: Saved, already: str) -> Response:
    """On to its page, which counts down and can undo it; only what is out of the way is said besides."""
    if saved.again or any(item.reason for item in saved.told.items):
        message_notices.say(saved, already if saved.again else texts.NOW_NOTICE)
    return see_other(url_for("messages.show", message_id=saved.message.id))


@page.post("/messages/<message_id>/now")
def hasten(message_id: str) -> Response:
    """Let a scheduled message leave in five seconds, which its notice takes back. Field: `version`, the one that was
    looked at: a click on an older one changes nothing."""
    try:
        saved = parts().scheduling.hasten(message_id, request.form.get("version", ""), parts().settings.zone)
    except KeyError:
        abort(404, description=texts.NO_MESSAGE)
    except TooLate:
        tell(texts.ALREADY_LEAVING, tone="bad")
    except Changed:
        tell(texts.NOW_CHANGED, tone="bad")
    else:
        undo = message_notices.undo_of_edit(saved.message)
        message_notices.say(saved, texts.NOW_ALREADY if saved.again else texts.NOW_NOTICE, undo=undo)
    return see_other(url_for("messages.show", message_id=message_id))


@page.post("/messages/<message_id>/undo")
def undo(message_id: str) -> Response:
    """Ask that it is not sent, and go back to where it was written, with all that was typed; a message that had been
    sent before goes back to that one. What has begun says so on its page."""
    first = place(message_id)
    try:
        saved = parts().scheduling.cancel(message_id)
    except KeyError:
        abort(404, description=texts.NO_MESSAGE)
    except TooLate:
        tell(texts.ALREADY_LEAVING, tone="bad")
        return see_other(url_for("messages.show", message_id=message_id))
    if first.number:
        tell(texts.CANCEL_NOTICE.format(name=recipient(saved.message)))
        return see_other(url_for("messages.show", message_id=first.base))
    return see_other(url_for("messages.compose", undone=message_id))


@page.get("/messages/<message_id>/undone")
def undone_live(message_id: str) -> Response:
    """For htmx: what has become of a message that was taken back, above the form it went back to."""
    message = parts().records.now().messages.get(message_id)
    if message is None:
        abort(404, description=texts.NO_MESSAGE)
    return rendered("parts/undone_body.html", undone=message)


def typed_again(message_id: str) -> dict[str, str]:
    """What was typed into the form of a message that was undone; nothing where there is no such message."""
    if (typed := parts().typed.find(message_id)) is not None:
        return {name: value for name, value in typed.items() if name in draft.FIELDS}
    message = parts().records.now().messages.get(message_id)
    return draft.of_message(message, parts().settings.zone) | {"time": ""} if message else {}


@page.app_template_global("undone_message")
def undone_message() -> Message | None:
    """The message that was taken back to this form."""
    undone = request.args.get("undone", "")
    return parts().records.now().messages.get(undone) if undone else None


@page.app_template_global("seconds_to_undo")
def seconds_to_undo(message: Message) -> float | None:
    """How long until a message that was sent by Send now leaves, 0 where it should have; None for every other one."""
    if not just_asked_for(message):
        return None
    return max(0.0, (message.send_at - parts().clock.now()).total_seconds())


@page.app_template_global("stands_after_undo")
def stands_after_undo(message: Message) -> Standing:
    """How that message stands: nothing is said to be cancelled before the host has confirmed it."""
    return standing(message, parts().clock.now())
