"""The people one writes to: a list that stays quick, a form, and a picker's options."""

from typing import Any

from flask import Blueprint, Response, abort, request, url_for

from shared.model.contact import Contact
from shared.store.errors import StoreError
from web import contact_book, texts
from web.contact_book import ContactChanged, FilledContact
from web.door import own_path
from web.parts import parts
from web.recipients import candidates
from web.rendering import page as rendered
from web.rendering import see_other, tell

page = Blueprint("contacts", __name__)
SHOWN = 60


@page.get("/contacts")
def people() -> Response:
    """Query: `q` (a name, another name, or digits of a number), `limit`."""
    return rendered("contacts.html", **_found())


@page.get("/contacts/list")
def listing() -> Response:
    """The same list alone, for htmx."""
    found = _found()
    answer = rendered("parts/contact_list.html", **found)
    answer.headers["HX-Replace-Url"] = url_for("contacts.people", **({"q": found["typed"]} if found["typed"] else {}))
    return answer


@page.get("/contacts/options")
def options() -> Response:
    """The picker's options for `q`: a fragment of role=option elements."""
    reading = parts().watch.reading()
    index = parts().records.index(parts().records.recent(reading.last_fold if reading else None))
    return rendered("parts/options.html", options=candidates(index.search(request.args.get("q", "")[:200])))


@page.get("/contacts/new")
def new() -> Response:
    """An empty form; `number` may fill it."""
    typed = dict.fromkeys(contact_book.FIELDS, "") | {"favourite": "", "number": request.args.get("number", "")[:40]}
    return _form(FilledContact(typed, {}), url_for("contacts.add"))


@page.post("/contacts")
def add() -> Response:
    """Fields: name, number (one a line), aliases, notes, favourite. 303 to the list, 422 with the form."""
    filled = contact_book.read(request.form, parts().settings.country)
    if filled.content is None:
        return _form(filled, url_for("contacts.add"), 422)
    try:
        contact = parts().contact_book.add(filled.content)
    except StoreError as error:
        return _form(filled, url_for("contacts.add"), 503, texts.STORAGE_DOWN.format(reason=error))
    tell(texts.CONTACT_SAVED.format(name=contact.shown_name), undo=url_for("contacts.delete", contact_id=contact.id))
    return see_other(url_for("contacts.people"))


@page.get("/contacts/<contact_id>")
def edit(contact_id: str) -> Response:
    """The form, filled."""
    contact = _contact(contact_id)
    return _edit_form(FilledContact(contact_book.of_contact(contact), {}), contact)


@page.post("/contacts/<contact_id>")
def change(contact_id: str) -> Response:
    """Save an edit. Fields as for a new one, and `version`: 409 with both where it is no longer the newest."""
    filled = contact_book.read(request.form, parts().settings.country)
    try:
        if filled.content is None:
            return _edit_form(filled, _contact(contact_id), 422)
        contact = parts().contact_book.change(contact_id, request.form.get("version", ""), filled.content)
    except KeyError:
        abort(404, description=texts.NO_CONTACT)
    except ContactChanged as changed:
        return _edit_form(filled, changed.newest, 409, texts.CONTACT_CHANGED_MEANWHILE, other=changed.newest)
    except StoreError as error:
        target = url_for("contacts.change", contact_id=contact_id)
        return _form(filled, target, 503, texts.STORAGE_DOWN.format(reason=error))
    tell(texts.CONTACT_SAVED.format(name=contact.shown_name))
    return see_other(url_for("contacts.people"))


@page.post("/contacts/<contact_id>/favourite")
def favourite(contact_id: str) -> Response:
    """Field: `favourite`, yes or empty; and `back`."""
    try:
        parts().contact_book.star(contact_id, favourite=bool(request.form.get("favourite")))
    except KeyError:
        abort(404, description=texts.NO_CONTACT)
    return _back()


@page.post("/contacts/<contact_id>/delete")
def delete(contact_id: str) -> Response:
    """Take it off the list; the next page offers to undo it."""
    try:
        contact = parts().contact_book.delete(contact_id)
    except KeyError:
        abort(404, description=texts.NO_CONTACT)
    tell(texts.CONTACT_DELETED.format(name=contact.shown_name), undo=url_for("contacts.restore", contact_id=contact_id))
    return _back()


@page.post("/contacts/<contact_id>/restore")
def restore(contact_id: str) -> Response:
    """Undo a delete."""
    try:
        contact = parts().contact_book.restore(contact_id)
    except KeyError:
        abort(404, description=texts.NO_CONTACT)
    tell(texts.CONTACT_RESTORED.format(name=contact.shown_name))
    return _back()


def _back() -> Response:
    return see_other(own_path(request.form.get("back") or url_for("contacts.people")))


def _found() -> dict[str, Any]:
    typed = request.args.get("q", "")[:200]
    limit = min(max(request.args.get("limit", SHOWN, type=int), SHOWN), 5000)
    index = parts().records.index(parts().records.now())
    found = index.search(typed)
    more = {"limit": str(limit + 5 * SHOWN), **({"q": typed} if typed else {})}
    return {"contacts": found[:limit], "total": len(found), "everybody": len(index), "typed": typed, "more": more}


def _contact(contact_id: str) -> Contact:
    contact = parts().records.now().contacts.get(contact_id)
    if contact is None or contact.ended:
        abort(404, description=texts.NO_CONTACT)
    return contact


def _edit_form(
    filled: FilledContact, contact: Contact, status: int = 200, problem: str = "", other: Contact | None = None
) -> Response:
    target = url_for("contacts.change", contact_id=contact.id)
    return _form(filled, target, status, problem, contact=contact, other=other)


def _form(
    filled: FilledContact,
    target: str,
    status: int = 200,
    problem: str = "",
    *,
    contact: Contact | None = None,
    other: Contact | None = None,
) -> Response:
    version = contact.version if contact else request.form.get("version", "")
    values = {"typed": filled.typed, "errors": filled.errors, "target": target, "problem": problem, "version": version}
    return rendered("contact.html", status, **values, contact=contact, other=other)
