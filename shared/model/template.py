"""A text to write from again and again, with fields like {{first_name}}; versioned like a message's content."""

from typing import Annotated

from pydantic import Field, StringConstraints

from shared.model.content import MAX_TEXT
from shared.model.values import Instant
from shared.model.versioned import Versioned

TemplateName = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]


class Template(Versioned):
    """One template. What its fields mean is known where a message is made of it, not here."""

    name: TemplateName
    text: str = Field(min_length=1, max_length=MAX_TEXT)
    deleted_at: Instant | None = None
    created_at: Instant | None = None

    @property
    def ended(self) -> bool:
        return self.deleted_at is not None
