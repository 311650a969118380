"""What the records of the old scheduled.json and contacts.json have in common."""

from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import ValidationError

from cli.old.report import Skip
from cli.old.source import doubled
from shared.model.versioned import Versioned
from shared.store.projection import first_error, is_sound, is_text

R = TypeVar("R", bound=Versioned)

OURS = {"revision", "version", "replaces", "conflicts", "delivery"}
"""What no record of the old system has."""


def old_record(raw: Any) -> Mapping[str, Any]:
    """The record, where the old system can have written it. Raises Skip."""
    if not isinstance(raw, Mapping):
        raise Skip("It is no object")
    if name := doubled(raw):
        raise Skip(f"It says {name!r} twice")
    if not OURS.isdisjoint(raw):
        raise Skip("It is a record of this system, not of the old one")
    return raw


def as_record(model: type[R], fields: Mapping[str, Any], raw: Mapping[str, Any]) -> R:
    """These fields of the raw record as one of this system. Raises Skip."""
    try:
        record = model.model_validate(fields)
    except ValidationError as error:
        raise Skip(first_error(error)) from None
    if not is_sound(record) or not is_text(raw):
        raise Skip("It holds a field twice, or half a character")
    return record
