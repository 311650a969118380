"""Messages that are sent again: the message `<id>~<n>` stands for the n-th time, so that two clicks are one. Pure."""

from collections.abc import Container, Iterable
from typing import NamedTuple

from shared.model.message import Message


class Place(NamedTuple):
    """Which message it is, and the how manieth time it is sent: 0 for the first."""

    base: str
    number: int


def place(message_id: str) -> Place:
    """Where an id stands among the repeats of its message."""
    base, mark, number = message_id.rpartition("~")
    return Place(base, int(number)) if mark and number.isdecimal() and number.isascii() else Place(message_id, 0)


def next_id(message_id: str, taken: Container[str]) -> str:
    """The id under which it would be sent again now."""
    base, number = place(message_id).base, 1
    while f"{base}~{number}" in taken:
        number += 1
    return f"{base}~{number}"


class Repeats:
    """What was sent again, among these messages; a repeat that was cancelled in time is none."""

    def __init__(self, messages: Iterable[Message]) -> None:
        self._newest: dict[str, tuple[int, Message]] = {}
        for message in messages:
            if "~" not in message.id:  # as almost every one of thousands
                continue
            base, number = place(message.id)
            called_off = message.cancelled and message.delivery.state.open
            if number > self._newest.get(base, (0, None))[0] and not called_off:
                self._newest[base] = (number, message)

    def of(self, message: Message) -> Message | None:
        """The newest message that was sent in place of this one, None where there is none."""
        if not self._newest:
            return None
        base, number = place(message.id)
        newest, repeat = self._newest.get(base, (0, None))
        return repeat if newest > number else None
