"""What a handover holds, item by item: messages, and refusals for what is none."""

from collections.abc import Iterable
from typing import Any

from pydantic import ValidationError

from session_host import rules
from shared.model.message import Message
from shared.model.wire import ItemAnswer, Outcome
from shared.store.projection import first_error


def read(items: Iterable[dict[str, Any]]) -> tuple[list[Message], list[ItemAnswer]]:
    """The messages, and the answers to what is no message."""
    messages, refused = [], []
    for item in items:
        try:
            message = Message.model_validate(item)
        except ValidationError as error:
            refused.append(_refused(item, f"This is no message: {first_error(error)}."))
            continue
        if sentence := rules.slip_of_year(message.send_at):
            refused.append(_refused(item, sentence))
        else:
            messages.append(message)
    return messages, refused


def _refused(item: dict[str, Any], reason: str) -> ItemAnswer:
    revision = item.get("revision")
    return ItemAnswer(
        id=str(item.get("id", ""))[:200],
        revision=revision if isinstance(revision, int) else 0,
        outcome=Outcome.REFUSED,
        reason=reason,
    )
