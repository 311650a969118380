"""What became of a message, step by step, with times and how far each was from its second. Pure."""

from collections.abc import Iterator
from typing import NamedTuple

from shared.model.lifecycle import State
from shared.model.message import Message, Verdict
from shared.model.values import Instant
from web import dates, texts, told
from web.language import _, counted
from web.standing import Standing, standing


class Step(NamedTuple):
    """One thing that happened, or is yet to: when, how late, and a sentence."""

    word: str
    icon: str
    at: Instant | None = None
    note: str = ""
    done: bool = True
    bad: bool = False
    leaves: bool = False
    """Nothing stands in its way until `at`: the page says how far away that is."""


_ENDS = {
    State.FAILED: (texts.WORD_FAILED, "alert"),
    State.MISSED: (texts.WORD_MISSED, "alert"),
    State.UNKNOWN: (texts.WORD_NOT_CERTAIN, "question"),
}
_VERDICTS = {Verdict.ARRIVED: texts.ARRIVED, Verdict.NOT_ARRIVED: texts.NOT_ARRIVED, None: ""}
_BY = {
    "web": _("handed over by this page"),
    "tick": _("handed over by the tick"),
    "api": _("asked for through the API"),
}

_CHANGED = counted("changed once since", "changed {count} times since")


def timeline(message: Message, now: Instant, repeat: Message | None = None) -> tuple[Step, ...]:
    """The steps in the order they happen; what has not happened yet is there too, while it still may.

    `repeat`: the message that was sent in its place.
    """
    half, stands = message.delivery, standing(message, now, sent_again=repeat is not None)
    steps = []
    if message.created_at:
        steps.append(Step(_("Written and stored"), "check", message.created_at, _edits(message)))
    if half.claimed_at:
        steps.append(
            Step(_("Claimed by the session host"), "check", half.claimed_at, _BY.get(half.handed_over_by or "", ""))
        )
    if message.cancelled and half.state.open:
        return (*steps, Step(stands.word, stands.icon, None, stands.sentence))
    if half.begun_at:
        steps.append(Step(texts.WORD_BEGUN, "check", half.begun_at, dates.lateness(message.send_at, half.begun_at)))
    if half.state in (State.FAILED, State.MISSED, State.UNKNOWN):
        return (*steps, *_ended(message, stands, repeat))
    if half.state.open:
        steps.append(_waiting(message, stands))
    late = dates.lateness(message.send_at, half.sent_at) if half.sent_at else ""
    steps.append(_reached(texts.WORD_SENT, "check", half.sent_at, late))
    steps.append(_reached(texts.WORD_DELIVERED, "checks", half.delivered_at))
    steps.append(_reached(texts.WORD_READ, "checks-read", half.read_at))
    return tuple(steps)


def _ended(message: Message, stands: Standing, repeat: Message | None) -> Iterator[Step]:
    """How it ended without being sent for certain, what its owner said of that, and what was sent in its place."""
    half = message.delivery
    if half.called_off:
        yield Step(texts.WORD_THEY_WROTE_FIRST, "reply", half.they_wrote_at)
        yield Step(texts.WORD_CANCELLED, "cross", half.settled_at, texts.CALLED_OFF)
    else:
        yield from _ended_badly(message, stands)
    if repeat:
        yield Step(texts.WORD_SENT_AGAIN, "repeat", repeat.created_at or repeat.send_at, texts.SENT_AGAIN)


def _ended_badly(message: Message, stands: Standing) -> Iterator[Step]:
    half = message.delivery
    word, icon = _ENDS[half.state]
    yield Step(word, icon, half.settled_at, told.translated(half.error or ""), bad=True)
    if half.hinted_at:
        yield Step(_("A receipt came"), "question", half.hinted_at, texts.HINT)
    if stands.can_unsettle:
        said = texts.LET_GO if message.cancelled else _VERDICTS.get(message.verdict, "")
        yield Step(_("Settled by you"), "check", None, said)


def _waiting(message: Message, stands: Standing) -> Step:
    note = stands.sentence if stands.attention else ""
    leaves = not stands.attention
    return Step(stands.word, stands.icon, message.send_at, note, done=False, bad=stands.attention, leaves=leaves)


def _reached(word: str, icon: str, at: Instant | None, note: str = "") -> Step:
    """Delivered and read come in WhatsApp's own time, whole seconds: they are shown without a lateness."""
    return Step(word, icon, at, note, done=at is not None)


def _edits(message: Message) -> str:
    count = message.revision - 1 - message.cancelled  # the cancel itself has a line of its own
    return _CHANGED(count) if count > 0 else ""
