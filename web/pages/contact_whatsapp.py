"""Adding people who are known from WhatsApp: those of the captured chats who are in no contact."""

from typing import Any

from flask import Blueprint, Response, request, url_for

from shared.host_client import HostError
from web import contact_found, texts, told
from web.contact_found import Strangers
from web.parts import parts
from web.rendering import page as rendered
from web.rendering import see_other

page = Blueprint("whatsapp", __name__)
MOST_CHATS = 5_000
SHOWN = 500
"""People on the page; the others come once these are added."""
_LONGEST = 2_000
"""Characters of a name that are looked at: one that is too long is kept beside its error."""


@page.get("/contacts/whatsapp")
def choose() -> Response:
    """Who may be added, with a box and a name for each."""
    return _page()


@page.post("/contacts/whatsapp")
def check() -> Response:
    """303 to what adding those chosen would do. Fields: `number` for each, or `everyone`; `name-<number>`.

    422 with the form where nobody is chosen or a name is too long; what was typed stays.
    """
    names = {
        name.removeprefix("name-"): value[:_LONGEST] for name, value in request.form.items() if name.startswith("name-")
    }
    numbers = list(names) if request.form.get("everyone") else request.form.getlist("number")
    chosen = {number[:40]: names.get(number, "") for number in numbers[:SHOWN]}
    errors = contact_found.problems(chosen)
    if not chosen or errors:
        problem = "" if chosen else texts.NOBODY_SELECTED
        return _page(422, problem=problem, errors=errors, names=names, chosen=frozenset(chosen))
    import_id = parts().imports.keep(texts.FROM_CHATS, contact_found.reading(chosen, parts().settings.country))
    return see_other(url_for("contacts.import.show", import_id=import_id))


def _page(status: int = 200, **typed: Any) -> Response:
    values: dict[str, Any] = {"problem": "", "errors": {}, "names": {}, "chosen": frozenset[str](), "unreachable": ""}
    found, more = Strangers(), False
    snapshot = parts().records.now()
    try:
        chats, more = parts().captured.all_chats(MOST_CHATS)
    except HostError as error:
        status, values["unreachable"] = 503, told.of(error)
    else:
        found = contact_found.strangers(chats, parts().records.index(snapshot), snapshot.messages.values())
    beyond = max(0, len(found.people) - SHOWN)
    shown = found._replace(people=found.people[:SHOWN])
    return rendered("contact_whatsapp.html", status, **(values | typed), found=shown, beyond=beyond, more=more)
