"""Templates: few, and written by people only, so each edit is an immutable object and no fold is needed.

Every reader merges all versions of a template, as with any record here: two edits at once are two heads, and none is
lost. A version that a stored edit was made from says nothing any more, and is deleted by whoever wrote that edit.
"""

import threading
from collections.abc import Mapping
from contextlib import suppress
from types import MappingProxyType
from typing import NamedTuple

from pydantic import ValidationError

from shared.model.template import Template
from shared.model.versioned import merge_all
from shared.store import document, keys
from shared.store.bucket import Bucket
from shared.store.errors import StoreError, Unreadable
from shared.store.projection import first_error, is_sound, is_text


class Found(NamedTuple):
    """The templates by id, deleted ones too; and why which object could not be read, a sentence for each key."""

    templates: Mapping[str, Template]
    unreadable: Mapping[str, str]


class Templates:
    """The bucket's templates. Safe to use from several threads."""

    def __init__(self, bucket: Bucket) -> None:
        self._bucket = bucket
        self._known: dict[str, Template] = {}
        self._lock = threading.Lock()

    def read(self) -> Found:
        """One LIST, and a GET for each version not seen before. Raises StoreError."""
        with self._lock:
            listed = [entry.key for entry in self._bucket.list(keys.TEMPLATES)]
            unreadable: dict[str, str] = {}
            for key, stored in self._bucket.get_all([key for key in listed if key not in self._known]):
                try:
                    self._known[key] = _read(stored.data, key)
                except Unreadable as error:
                    unreadable[key] = str(error)
            merged = merge_all(self._known[key] for key in sorted(self._known))
        return Found(MappingProxyType(merged), MappingProxyType(unreadable))

    def write(self, template: Template) -> None:
        """Store this version; when it returns, it is acknowledged. Raises StoreError."""
        key = keys.template_version(template.id, template.version)
        self._bucket.put(key, document.print_by_size({"version": document.VERSION, "template": template.as_json()}))
        with self._lock:
            self._known[key] = template
            old = [keys.template_version(template.id, version) for version in template.replaces]
            for each in filter(self._known.__contains__, old):
                with suppress(StoreError):  # it stays then, and says nothing
                    self._bucket.delete(each)
                    del self._known[each]


def _read(data: bytes, key: str) -> Template:
    found = document.parse(data, key)
    if not isinstance(found, dict) or not document.check_version(found, key):
        raise Unreadable(f"{key} is no template: it has no version.")
    try:
        template = Template.model_validate(found.get("template"))
    except ValidationError as error:
        raise Unreadable(f"{key} is no template: {first_error(error)}.") from None
    if not is_sound(template) or not is_text(found):
        raise Unreadable(f"{key} is no template: it holds a field twice, or half a character.")
    return template
