"""Bringing contacts in from a file: what it would do, doing it, and how to take it back."""

import re
from collections.abc import Mapping

from flask import Blueprint, Response, abort, request, url_for
from werkzeug.exceptions import RequestEntityTooLarge

from web import contact_import, texts
from web.contact_book import listed
from web.contact_files import MOST_BYTES, Refused
from web.imports import Import, Stage
from web.pages.contact_many import undone_in_words
from web.parts import parts
from web.rendering import page as rendered
from web.rendering import see_other, tell

page = Blueprint("import", __name__)
SHOWN = 8
"""People that are shown as examples."""
FORM_BESIDE = 10_000
"""Bytes that a form takes besides its file."""


@page.get("/contacts/import")
def choose() -> Response:
    """Choose a file; and what was imported lately."""
    return _form()


@page.post("/contacts/import")
def read() -> Response:
    """Field: `file`, a vCard or a table. 303 to what importing it would do, 422 with the form where it is none."""
    request.max_content_length = MOST_BYTES + FORM_BESIDE
    try:
        given = request.files.get("file")
    except RequestEntityTooLarge:
        return _form(413, texts.LARGE_FILE.format(most=MOST_BYTES // 1_000_000))
    if given is None or not given.filename:
        return _form(422, texts.CHOOSE_FILE)
    data = given.stream.read(MOST_BYTES + 1)
    try:
        reading = contact_import.read(data, parts().settings.country)
    except Refused as refused:
        return _form(422, str(refused))
    import_id = parts().imports.keep(given.filename, reading, data)
    return see_other(url_for("contacts.import.show", import_id=import_id))


@page.get("/contacts/imports/<import_id>")
def show(import_id: str) -> Response:
    """What importing it would do, how far it is, or what became of it."""
    return _show("contact_import.html", _found(import_id))


@page.get("/contacts/imports/<import_id>/progress")
def progress(import_id: str) -> Response:
    """The same without the page around it, for htmx."""
    return _show("parts/contact_import.html", _found(import_id))


@page.post("/contacts/imports/<import_id>")
def start(import_id: str) -> Response:
    """Import it. Field: `tag`, which all of them get. Twice is once."""
    _found(import_id)
    parts().imports.start(import_id, ", ".join(listed(request.form.get("tag", "")[:200])[:1]))
    return see_other(url_for("contacts.import.show", import_id=import_id))


@page.post("/contacts/imports/<import_id>/columns")
def columns(import_id: str) -> Response:
    """Read a table anew before it is imported; 422 with what was chosen where no column holds numbers.

    Fields: `column-0`, `column-1` and so on, each one of contact_csv.KINDS, or empty for a column that is left out.
    """
    found = _found(import_id)
    typed = ((re.fullmatch(r"column-(\d{1,3})", name, flags=re.ASCII), kind) for name, kind in request.form.items())
    chosen = {int(place[1]): kind for place, kind in typed if place}
    try:
        if not parts().imports.read_again(import_id, chosen, parts().settings.country):
            tell(texts.COLUMNS_TOO_LATE, tone="bad")
    except Refused as refused:
        return _show("contact_import.html", found, 422, str(refused), chosen)
    return see_other(url_for("contacts.import.show", import_id=import_id))


@page.post("/contacts/imports/<import_id>/undo")
def undo(import_id: str) -> Response:
    """Take the whole import back."""
    _found(import_id)
    undone = parts().imports.undo(import_id)
    if undone is None:
        tell(texts.CHANGE_ALREADY, tone="quiet")
    else:
        tell(f"{texts.IMPORT_UNDONE} {undone_in_words(undone)}")
    return see_other(url_for("contacts.import.show", import_id=import_id))


def _form(status: int = 200, problem: str = "") -> Response:
    recent = parts().imports.recent()
    errors = {"file": problem} if problem else {}
    return rendered("contact_import_form.html", status, errors=errors, recent=recent, most=MOST_BYTES // 1_000_000)


def _found(import_id: str) -> Import:
    try:
        return parts().imports.find(import_id)
    except KeyError:
        abort(404, description=texts.IMPORT_GONE)


def _show(
    template: str, found: Import, status: int = 200, problem: str = "", chosen: Mapping[int, str] | None = None
) -> Response:
    if found.stage is Stage.RUNNING and not found.startable:
        return rendered(template, found=found)
    contents = parts().imports.reading(found.id)
    plan = parts().imports.preview(found.id, contents) if found.stage in (Stage.READ, Stage.STOPPED) else None
    columns = {place: (chosen or {}).get(place, each.kind) for place, each in enumerate(contents.table)}
    values = {"contents": contents, "plan": plan, "shown": SHOWN, "problem": problem, "columns": columns}
    return rendered(template, status, found=found, kinds=texts.COLUMN_KINDS, **values)
