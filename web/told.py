"""What others say to people in fixed English sentences (shared/ and the session host), in the page's language.

Such a sentence stands in the code as `said("…")`, and so in the catalogue. What is no such sentence stays as it is.
"""

from typing import Any

from shared.model.chats import Gap
from shared.model.link import LinkStatus
from shared.model.sentence import Sentence
from web.language import _


def translated(sentence: str) -> str:
    """That sentence in the page's language, where it is known."""
    if isinstance(sentence, Sentence) and sentence.filled_in:
        filled_in = {name: _within(value) for name, value in sentence.filled_in.items()}
        return _(sentence.template).format(**filled_in)
    return _(sentence) if sentence else ""


def _within(value: Any) -> Any:
    return translated(value) if isinstance(value, Sentence) else value


def of(error: Exception) -> str:
    """What an error says to people."""
    return translated(error.args[0]) if error.args and isinstance(error.args[0], Sentence) else translated(str(error))


def link(status: LinkStatus) -> LinkStatus:
    """The link's state, with its sentence and what to do."""
    return status.model_copy(update={"sentence": translated(status.sentence), "action": translated(status.action)})


def gaps(found: tuple[Gap, ...]) -> tuple[Gap, ...]:
    """When something may have been missed, and why."""
    return tuple(gap.evolve(sentence=translated(gap.sentence)) for gap in found)
