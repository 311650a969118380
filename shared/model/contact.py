"""A person one writes to: names, phones and notes, versioned like a message's content. Old records are read as they
are."""

from collections.abc import Iterable, Mapping
from typing import Annotated, Any

from pydantic import Field, StringConstraints, model_validator

from shared.model.values import Instant, Record, first_of
from shared.model.versioned import Versioned

Name = Annotated[str, StringConstraints(strip_whitespace=True, max_length=200)]

_LEFT_EMPTY = ("name", "aliases", "tags", "notes")
"""What an old record may have as null."""


class Phone(Record):
    """A phone number in digits with country code, and what the owner calls it ("work")."""

    number: str = Field(pattern=r"^\d{5,20}$")
    label: Name | None = None


class Contact(Versioned):
    """One contact; the first phone is the one written to."""

    name: Name = ""
    phones: tuple[Phone, ...] = ()
    aliases: tuple[Name, ...] = ()
    tags: tuple[Name, ...] = ()
    notes: str = Field(default="", max_length=10_000)
    favourite: bool = False
    deleted_at: Instant | None = None
    created_at: Instant | None = None

    @property
    def ended(self) -> bool:
        return self.deleted_at is not None

    @property
    def shown_name(self) -> str:
        """What to call this contact: its name, else an alias, else its number."""
        numbers = tuple(f"+{phone.number}" for phone in self.phones)
        return next(iter((*filter(None, (self.name, *self.aliases)), *numbers)), self.id)

    @model_validator(mode="before")
    @classmethod
    def _read_old(cls, data: Any) -> Any:
        """The old system kept numbers under one of several names, sometimes as WhatsApp addresses, and no version."""
        if not isinstance(data, Mapping) or not isinstance(data.get("phones"), Mapping | None):
            return data
        fields = {name: value for name, value in data.items() if value is not None or name not in _LEFT_EMPTY}
        if isinstance(fields.get("favorite"), bool):
            fields.setdefault("favourite", fields.pop("favorite"))
        numbers = [digits for number in old_numbers(fields) if 5 <= len(digits := digits_of(number)) <= 20]
        for name in ("phones", "numbers"):
            fields.pop(name, None)
        if numbers:
            fields["phones"] = [{"number": number} for number in dict.fromkeys(numbers)]
        return fields


def old_numbers(record: Mapping[str, Any]) -> list[str]:
    """What an old record calls its numbers, as they stand there, the one to write to first.

    >>> old_numbers({"phones": {"primary": "447700900001", "secondary": None}})
    ['447700900001']
    """
    phones, numbers = record.get("phones"), record.get("numbers")
    if isinstance(phones, Mapping):
        order = ("secondary", "primary") if record.get("defaultPhone") == "secondary" else ("primary", "secondary")
        found = [phones.get(which) for which in order]
    else:
        found = list(numbers) if isinstance(numbers, list) else []
    found = [number for number in found if number] or [first_of(record, "phone", "number", "phoneNumber", "jid")]
    if not any(found) and not record.get("version"):  # the old system's ids are WhatsApp addresses, ours are not
        found = [record.get("id")]
    return [str(number) for number in found if number]


def digits_of(number: str) -> str:
    """The digits before the @ of what may be a WhatsApp address."""
    return "".join(each for each in number.split("@", maxsplit=1)[0] if each.isascii() and each.isdigit())


def keyed_by_number(found: Mapping[str, Any]) -> list[dict[str, Any]] | None:
    """The old system's contacts.json, one object with a number for each key, as records; None where it is no such."""
    return records_of(found.items())


def records_of(pairs: Iterable[tuple[str, Any]]) -> list[dict[str, Any]] | None:
    """`keyed_by_number` for keys that may come twice."""
    listed = list(pairs)
    if not any(5 <= len(digits_of(key)) <= 20 for key, _ in listed):
        return None
    if not all(isinstance(record, Mapping) for _, record in listed):
        return None
    return [{**record, "id": record.get("id") or "".join(key.split())} for key, record in listed]
