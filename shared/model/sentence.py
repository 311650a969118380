"""Sentences for people that can still be translated when they are whole: they know what they were made of. Pure."""

from typing import Any, Self


class Sentence(str):
    """The sentence in English. template: as it is written in the code; filled_in: what stands in its braces."""

    __slots__ = ("filled_in", "template")

    template: str
    filled_in: dict[str, Any]

    def __new__(cls, template: str, /, **filled_in: Any) -> Self:
        made = super().__new__(cls, template.format(**filled_in) if filled_in else template)
        made.template, made.filled_in = template, filled_in
        return made


said = Sentence
"""What a person may read is written so: `./wa texts` finds it by this name, and the page says it in its own language.

>>> sentence = said("The text has {length:,} characters.", length=70_000)
>>> sentence, sentence.template
('The text has 70,000 characters.', 'The text has {length:,} characters.')
"""
