"""Writing templates: each edit is one immutable object; a delete is a mark that can be taken back."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from shared.clock import Clock
from shared.model.content import MAX_TEXT
from shared.model.template import Template
from shared.store.templates import Templates
from web import fields, texts
from web.contact_files import clean
from web.scheduling import new_id

MOST_NAME = 100


class FilledTemplate(NamedTuple):
    """A template's form as it was filled in: what to save where everything is right, else a sentence for each field."""

    typed: dict[str, str]
    errors: dict[str, str]
    content: dict[str, Any] | None = None


def read(form: Mapping[str, str]) -> FilledTemplate:
    """The form's fields: name and text."""
    typed = {"name": form.get("name", "").strip(), "text": form.get("text", "").replace("\r\n", "\n").strip()}
    errors: dict[str, str] = {}
    name = clean(typed["name"])
    if not name:
        errors["name"] = texts.TEMPLATE_NO_NAME
    elif len(name) > MOST_NAME:
        errors["name"] = texts.LONG_NAME.format(most=MOST_NAME, length=len(name))
    if not typed["text"]:
        errors["text"] = texts.TEMPLATE_EMPTY
    elif (over := len(typed["text"]) - MAX_TEXT) > 0:
        errors["text"] = texts.LONG_TEXT.format(length=len(typed["text"]), most=MAX_TEXT, over=over)
    elif unknown := fields.fill(typed["text"], {}).unknown:
        errors["text"] = fields.unknown_in_words(unknown)
    return FilledTemplate(typed, errors, None if errors else {"name": name, "text": typed["text"]})


class TemplateChanged(Exception):
    """The template is no longer what the form was made from; `newest` is what it is now."""

    def __init__(self, newest: Template) -> None:
        super().__init__("The template was changed meanwhile.")
        self.newest = newest


class TemplateBook:
    """The one place where this page reads and writes templates. Raises StoreError."""

    def __init__(self, store: Templates, reserve: Callable[[], str], clock: Clock) -> None:
        """`reserve` gives a fresh version name, as a Writer's does."""
        self._store, self._reserve, self._clock = store, reserve, clock

    def listed(self) -> list[Template]:
        """Those that are not deleted, by name."""
        found = self._store.read().records.values()
        return sorted((each for each in found if not each.ended), key=lambda each: (each.name.casefold(), each.id))

    def unreadable(self) -> list[str]:
        """Why what could not be read, in sentences."""
        return list(self._store.read().unreadable.values())

    def find(self, template_id: str) -> Template:
        """One of them, deleted or not. Raises KeyError."""
        return self._store.read().records[template_id]

    def add(self, content: dict[str, Any]) -> Template:
        """A new one."""
        now = self._clock.now()
        return self._write(Template(id=new_id(now), revision=1, version=self._reserve(), created_at=now, **content))

    def change(self, template_id: str, seen: str, content: dict[str, Any]) -> Template:
        """Edit it, from the version `seen` on. Raises KeyError, TemplateChanged."""
        template = self.find(template_id)
        if template.version != seen:
            raise TemplateChanged(template)
        return self._write(template.edited(self._reserve(), settles=True, **content))

    def delete(self, template_id: str) -> Template:
        """Take it off the list; `restore` brings it back. Raises KeyError."""
        return self._decide(template_id, {"deleted_at": self._clock.now()})

    def restore(self, template_id: str) -> Template:
        """Undo a delete. Raises KeyError."""
        return self._decide(template_id, {"deleted_at": None})

    def _decide(self, template_id: str, content: dict[str, Any]) -> Template:
        template = self.find(template_id)
        if template.ended == (content["deleted_at"] is not None):
            return template
        return self._write(template.edited(self._reserve(), **content))

    def _write(self, template: Template) -> Template:
        self._store.write(template)
        return template
