"""A person one writes to: names, phones and notes, versioned like a message's content. Old records are read as they
are."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field, StringConstraints, model_validator

from shared.model.values import Instant, Record, first_of
from shared.model.versioned import Versioned

Name = Annotated[str, StringConstraints(strip_whitespace=True, max_length=200)]


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
        """The old system kept one number under one of several names, sometimes as a WhatsApp address."""
        if not isinstance(data, Mapping) or "phones" in data:
            return data
        fields = dict(data)
        number = first_of(fields, "phone", "number", "phoneNumber", "jid") or ""
        if not number and not fields.get("version"):  # the old system's ids are WhatsApp addresses, ours are not
            number = str(fields.get("id", ""))
        digits = "".join(
            character for character in str(number).split("@")[0] if character.isascii() and character.isdigit()
        )
        if 5 <= len(digits) <= 20:
            fields["phones"] = [{"number": digits}]
        return fields
