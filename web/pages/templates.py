"""Texts to write from again and again: a list, a form, and deleting with undo."""

from flask import Blueprint, Response, abort, request, url_for

from shared.model.template import Template
from shared.store.errors import StoreError
from web import fields, template_book, texts
from web.parts import parts
from web.rendering import page as rendered
from web.rendering import see_other, tell
from web.template_book import FilledTemplate, TemplateChanged

page = Blueprint("templates", __name__)


@page.get("/templates")
def listing() -> Response:
    """All templates, by name."""
    book = parts().template_book
    return rendered("templates.html", templates=book.listed(), unreadable=book.unreadable())


@page.get("/templates/new")
def new() -> Response:
    """An empty form; `text` may fill it."""
    return _form(FilledTemplate({"name": "", "text": request.args.get("text", "")}, {}), url_for("templates.add"))


@page.post("/templates")
def add() -> Response:
    """Fields: name, text. 303 to the list, 422 with the form."""
    filled = template_book.read(request.form)
    if filled.content is None:
        return _form(filled, url_for("templates.add"), 422)
    try:
        template = parts().template_book.add(filled.content)
    except StoreError as error:
        return _form(filled, url_for("templates.add"), 503, texts.STORAGE_DOWN.format(reason=error))
    saved = texts.TEMPLATE_SAVED.format(name=template.name)
    tell(saved, undo=url_for("templates.delete", template_id=template.id))
    return see_other(url_for("templates.listing"))


@page.get("/templates/<template_id>")
def edit(template_id: str) -> Response:
    """The form, filled; where it was changed in two places at once, with the other version."""
    template = _template(template_id)
    filled = FilledTemplate({"name": template.name, "text": template.text}, {})
    return _edit_form(filled, template, other=next(iter(template.conflicts), None))


@page.post("/templates/<template_id>")
def change(template_id: str) -> Response:
    """Save an edit. Fields: name, text, and `version`: 409 with both where it is no longer the newest."""
    filled = template_book.read(request.form)
    try:
        if filled.content is None:
            return _edit_form(filled, _template(template_id), 422, version=request.form.get("version", ""))
        template = parts().template_book.change(template_id, request.form.get("version", ""), filled.content)
    except KeyError:
        abort(404, description=texts.NO_TEMPLATE)
    except TemplateChanged as changed:
        return _edit_form(filled, changed.newest, 409, texts.TEMPLATE_CHANGED_MEANWHILE, other=changed.newest)
    except StoreError as error:
        target = url_for("templates.change", template_id=template_id)
        return _form(
            filled, target, 503, texts.STORAGE_DOWN.format(reason=error), version=request.form.get("version", "")
        )
    tell(texts.TEMPLATE_SAVED.format(name=template.name))
    return see_other(url_for("templates.listing"))


@page.post("/templates/<template_id>/delete")
def delete(template_id: str) -> Response:
    """Take it off the list; the next page offers to undo it."""
    try:
        template = parts().template_book.delete(template_id)
    except KeyError:
        abort(404, description=texts.NO_TEMPLATE)
    tell(texts.CONTACT_DELETED.format(name=template.name), undo=url_for("templates.restore", template_id=template_id))
    return see_other(url_for("templates.listing"))


@page.post("/templates/<template_id>/restore")
def restore(template_id: str) -> Response:
    """Undo a delete."""
    try:
        template = parts().template_book.restore(template_id)
    except KeyError:
        abort(404, description=texts.NO_TEMPLATE)
    tell(texts.CONTACT_RESTORED.format(name=template.name))
    return see_other(url_for("templates.listing"))


@page.app_template_global("templates_to_use")
def templates_to_use() -> list[Template]:
    """For Compose: the templates there are; none where the storage does not answer, which that page says itself."""
    try:
        return parts().template_book.listed()
    except StoreError:
        return []


def _template(template_id: str) -> Template:
    try:
        template = parts().template_book.find(template_id)
    except KeyError:
        template = None
    if template is None or template.ended:
        abort(404, description=texts.NO_TEMPLATE)
    return template


def _edit_form(
    filled: FilledTemplate,
    template: Template,
    status: int = 200,
    problem: str = "",
    *,
    other: Template | None = None,
    version: str = "",
) -> Response:
    target = url_for("templates.change", template_id=template.id)
    version = version or template.version
    return _form(filled, target, status, problem, template=template, other=other, version=version)


def _form(
    filled: FilledTemplate,
    target: str,
    status: int = 200,
    problem: str = "",
    *,
    template: Template | None = None,
    other: Template | None = None,
    version: str = "",
) -> Response:
    values = {"typed": filled.typed, "errors": filled.errors, "target": target, "problem": problem}
    return rendered(
        "template.html", status, **values, edited=template, other=other, version=version, fields=fields.FIELDS
    )
