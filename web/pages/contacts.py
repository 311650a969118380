"""The people one writes to: a list that stays quick, a form, and a picker's options."""

from typing import Any, NamedTuple

from flask import Blueprint, Response, abort, request, url_for

from shared.model.contact import Contact
from shared.model.folding import fold
from shared.store.errors import StoreError
from web import contact_book, texts
from web.contact_book import ContactChanged, FilledContact
from web.door import own_path
from web.pages import contact_import, contact_many, contact_whatsapp
from web.parts import parts
from web.recipients import MOST_CANDIDATES, candidates, group_candidates, tags_like
from web.rendering import page as rendered
from web.rendering import see_other, tell

page = Blueprint("contacts", __name__)
page.register_blueprint(contact_import.page)
page.register_blueprint(contact_many.page)
page.register_blueprint(contact_whatsapp.page)
SHOWN = 60
TAGS_SHOWN = 8


@page.get("/contacts")
def people() -> Response:
    """Query: `q` (a name, another name, or digits of a number), `tag`, `starred`, `page`, and `select` for boxes."""
    return rendered("contacts.html", **_found())


@page.get("/contacts/list")
def listing() -> Response:
    """The same list alone, for htmx."""
    found = _found()
    answer = rendered("parts/contact_list.html", **found)
    at = found["pages"].at
    answer.headers["HX-Replace-Url"] = url_for("contacts.people", page=at if at > 1 else None, **found["query"])
    return answer


@page.get("/contacts/options")
def options() -> Response:
    """The picker's options for `q`, a person, a group or a #tag: a fragment of role=option elements."""
    reading = parts().watch.reading()
    index = parts().records.index(parts().records.recent(reading.last_fold if reading else None))
    typed = request.args.get("q", "")[:200].strip()
    if typed.startswith("#"):
        found = tags_like(typed[1:], index)
    else:
        groups = parts().groups.known()
        named = group_candidates(groups.search(typed), groups) if typed else ()
        found = candidates(index.search(typed))[: MOST_CANDIDATES - len(named)] + named
    return rendered("parts/options.html", options=found)


@page.get("/contacts/new")
def new() -> Response:
    """An empty form; `number` may fill it."""
    typed = contact_book.empty(request.args.get("number", "")[:40])
    return _form(FilledContact(typed, {}), url_for("contacts.add"))


@page.post("/contacts")
def add() -> Response:
    """Fields: name; number and label, number-2 and label-2, and so on; aliases, tags, notes, favourite.

    303 to the list, 422 with the form; `more` shows the form with room for another number.
    """
    filled = contact_book.read(request.form, parts().settings.country)
    if filled.content is None:
        return _form(filled, url_for("contacts.add"), 422 if filled.errors else 200)
    try:
        contact = parts().contact_book.add(filled.content)
    except StoreError as error:
        return _form(filled, url_for("contacts.add"), 503, texts.STORAGE_DOWN.format(reason=error))
    tell(texts.CONTACT_SAVED.format(name=contact.shown_name), undo=url_for("contacts.delete", contact_id=contact.id))
    return see_other(url_for("contacts.people"))


@page.get("/contacts/<contact_id>")
def edit(contact_id: str) -> Response:
    """The form, filled; where it was changed in two places at once, both versions."""
    contact = _contact(contact_id)
    if contact.conflicts:
        return rendered("contact_versions.html", contact=contact)
    return _edit_form(FilledContact(contact_book.of_contact(contact), {}), contact)


@page.post("/contacts/<contact_id>")
def change(contact_id: str) -> Response:
    """Save an edit. Fields as for a new one, and `version`: 409 with both where it is no longer the newest."""
    filled = contact_book.read(request.form, parts().settings.country)
    try:
        if filled.content is None:
            contact = _contact(contact_id)
            moved = request.form.get("version", "") != contact.version
            answer = (422 if filled.errors else 200, "") if not moved else (409, texts.CONTACT_CHANGED_MEANWHILE)
            return _edit_form(filled, contact, *answer, other=contact if moved else None)
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


@page.post("/contacts/<contact_id>/pick")
def pick(contact_id: str) -> Response:
    """Settle two versions. Field: `version`, the one that counts."""
    try:
        parts().contact_book.pick(contact_id, request.form.get("version", ""))
    except KeyError:
        abort(404, description=texts.NO_CONTACT)
    tell(texts.CONTACT_PICKED)
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


class _Pages(NamedTuple):
    """Which part of a long list is shown; pages count from 1, places too."""

    at: int
    last: int
    first_place: int
    last_place: int


def _found() -> dict[str, Any]:
    typed, tag = request.args.get("q", "")[:200], request.args.get("tag", "")[:200]
    starred, select = bool(request.args.get("starred")), bool(request.args.get("select"))
    index = parts().records.index(parts().records.now())
    found = index.search(typed, tag=tag, favourites=starred)
    last = max(1, -(-len(found) // SHOWN))
    at = min(max(request.args.get("page", 1, type=int), 1), last)
    first = (at - 1) * SHOWN
    shown = found[first : first + SHOWN]
    query = {"q": typed, "tag": tag, "starred": "yes" if starred else "", "select": "yes" if select else ""}
    return {
        "contacts": shown,
        "total": len(found),
        "everybody": len(index),
        "typed": typed,
        "tag": tag,
        "starred": starred,
        "select": select,
        "query": {name: value for name, value in query.items() if value},
        "pages": _Pages(at, last, first + 1, first + len(shown)),
        "tags": _tags(index.tags, tag),
        "all_tags": index.tags,
        "alike": len(parts().alike.groups(index)),
    }


def _tags(tags: list[tuple[str, int]], chosen: str) -> list[tuple[str, int]]:
    """The most used tags, and the chosen one in any case."""
    shown = tags[:TAGS_SHOWN]
    return shown + [each for each in tags[TAGS_SHOWN:] if chosen and fold(each[0]) == fold(chosen)]


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
    values = {"typed": filled.typed, "errors": filled.errors, "rows": filled.rows, "target": target}
    return rendered("contact.html", status, **values, problem=problem, version=version, contact=contact, other=other)
