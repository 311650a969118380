"""Taking the edit of a message back: by an edit that names the version it undoes."""

from flask import Blueprint, Response, abort, request, url_for

from web import draft, message_notices, texts
from web.draft import Filled
from web.pages.message_form import form_page
from web.parts import parts
from web.rendering import see_other, tell
from web.scheduling import Changed, TooLate

page = Blueprint("undo_edit", __name__)


@page.post("/messages/<message_id>/edit/undo")
def undo(message_id: str) -> Response:
    """Take an edit back. Query: `version`, the one that the edit made; 409 with both where it was changed since."""
    address = url_for("messages.show", message_id=message_id)
    try:
        saved = parts().scheduling.undo_change(message_id, request.args.get("version", "")[:200])
    except KeyError:
        abort(404, description=texts.EDIT_GONE)
    except TooLate as late:
        tell(texts.NOT_RESTORABLE if late.passed else texts.ALREADY_LEAVING, tone="bad")
        return see_other(address)
    except Changed as changed:
        newest, wanted = changed.newest, changed.wanted or changed.newest
        filled = Filled(draft.of_message(wanted, parts().settings.zone), {}, attachment=wanted.attachment)
        return form_page(filled, address, 409, texts.UNDO_MEANWHILE, message=newest, other=newest)
    meaning = message_notices.meaning(saved.message)
    notice = texts.CHANGE_ALREADY if saved.again else texts.UNDONE_NOTICE.format(meaning=meaning)
    message_notices.say(saved, notice, undo=message_notices.undo_of_edit(saved.message))
    return see_other(address)
