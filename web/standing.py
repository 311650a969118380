"""Where a message stands, in a word, an icon and a sentence; and what its owner may still do about it. Pure."""

from datetime import timedelta
from enum import StrEnum
from typing import NamedTuple

from shared.model.lifecycle import State
from shared.model.message import UNCONFIRMED, LatePolicy, Message, Status, Verdict
from shared.model.series import Series
from shared.model.values import Instant
from web import dates, texts, told
from web.language import _, counted

GRACE = timedelta(minutes=2)
"""How long after its second a message that nobody holds is not yet worth a worry."""


NOW = timedelta(seconds=10)
"""A message that was made for so soon was to be sent now."""

_WITHIN = counted(
    "If it is late, it is still sent within {hours:g} hour.", "If it is late, it is still sent within {hours:g} hours."
)
_ON_TIME, _ASKS = _("It is sent on time or not at all."), _("If it is late, it is not sent until you say so.")


class Tone(StrEnum):
    """How a status is coloured; the word and the icon say the same."""

    QUIET = "quiet"
    WAITING = "waiting"
    GOOD = "good"
    BAD = "bad"


class Standing(NamedTuple):
    """The word and sentence for a message, its icon and tone, and what may be done with it now."""

    word: str
    icon: str
    tone: Tone
    sentence: str
    can_edit: bool = False
    can_cancel: bool = False
    can_restore: bool = False
    can_repeat: bool = False
    can_send_now: bool = False
    can_hasten: bool = False
    can_judge: bool = False
    can_let_go: bool = False
    can_unsettle: bool = False
    attention: bool = False


def standing(message: Message, now: Instant, *, sent_again: bool = False) -> Standing:
    """What the page says about a message at this moment; "cancelled" and "changed" only once the host has confirmed.

    `sent_again`: another message was sent in its place, so nobody need worry about this one.
    """
    status, error = message.status, told.translated(message.delivery.error or "")
    if message.asked_to_cancel:
        sentence = texts.ASKED_TO_CANCEL
        restore = message.send_at > now
        return Standing(texts.WORD_ASKED_TO_CANCEL, "clock", Tone.WAITING, sentence, can_edit=True, can_restore=restore)
    if message.conflicts and message.open:
        return Standing(texts.WORD_TWO_VERSIONS, "fork", Tone.BAD, texts.TWO_VERSIONS, can_cancel=True, attention=True)
    match status:
        case Status.CANCELLED if message.delivery.they_wrote_at:
            return _called_off(message, message.delivery.they_wrote_at, sent_again=sent_again)
        case Status.CANCELLED:
            restore = message.send_at > now
            sentence = texts.WITHDRAWN if message.gives_way else texts.CANCELLED
            return Standing(texts.WORD_CANCELLED, "cross", Tone.QUIET, sentence, can_edit=True, can_restore=restore)
        case Status.SENDING:
            return Standing(texts.WORD_LEAVING, "arrow", Tone.WAITING, texts.LEAVING)
        case Status.SENT:
            return _sent(message, now)
        case Status.FAILED:
            return _not_sent(texts.WORD_FAILED, message, error or texts.FAILED, sent_again=sent_again)
        case Status.MISSED:
            return _not_sent(texts.WORD_MISSED, message, error or texts.MISSED, sent_again=sent_again)
        case Status.UNKNOWN:
            return _unknown(message, error, sent_again=sent_again)
        case _:
            return _open(message, now)


def _called_off(message: Message, they_wrote_at: Instant, *, sent_again: bool) -> Standing:
    """They wrote first, and it was not to be sent then; its owner may send it all the same."""
    at = dates.stamp(they_wrote_at, message.zone or "UTC")
    sentence = f"{texts.THEY_WROTE_FIRST.format(at=at)}{f' {texts.SENT_AGAIN}' if sent_again else ''}"
    may = not sent_again
    return Standing(texts.WORD_CANCELLED, "reply", Tone.QUIET, sentence, can_repeat=may, can_send_now=may)


def _not_sent(word: str, message: Message, why: str, *, sent_again: bool) -> Standing:
    """It failed or was missed: until its owner lets it go or sends it again, it waits for them."""
    if message.cancelled:
        sentence = f"{why} {texts.LET_GO}"
        return Standing(word, "cross", Tone.QUIET, sentence, can_repeat=not sent_again, can_unsettle=True)
    if sent_again:
        return Standing(word, "repeat", Tone.QUIET, f"{why} {texts.SENT_AGAIN}", can_let_go=True)
    conditional = message.cancel_if_they_write_after is not None
    asks = message.status is Status.MISSED and (message.if_late.policy is LatePolicy.ASK or conditional)
    return Standing(
        word, "alert", Tone.BAD, why, can_repeat=not asks, can_send_now=asks, can_let_go=True, attention=True
    )


def _unknown(message: Message, error: str, *, sent_again: bool) -> Standing:
    """It may have arrived: only a person settles it, by saying so or by sending it again."""
    match message.verdict:
        case Verdict.ARRIVED:
            return Standing(
                texts.WORD_ARRIVED, "check", Tone.GOOD, f"{error} {texts.ARRIVED}".strip(), can_unsettle=True
            )
        case Verdict.NOT_ARRIVED:
            sentence = f"{error} {texts.SENT_AGAIN if sent_again else texts.NOT_ARRIVED}".strip()
            repeat = not sent_again
            return Standing(texts.WORD_NOT_ARRIVED, "cross", Tone.QUIET, sentence, can_repeat=repeat, can_unsettle=True)
    if sent_again:
        return Standing(
            texts.WORD_NOT_CERTAIN, "question", Tone.QUIET, f"{error} {texts.SENT_AGAIN}".strip(), can_judge=True
        )
    sentence = f"{error} {texts.UNKNOWN}".strip()
    return Standing(
        texts.WORD_NOT_CERTAIN, "question", Tone.BAD, sentence, can_repeat=True, can_judge=True, attention=True
    )


def _sent(message: Message, now: Instant) -> Standing:
    if message.delivery.read_at:
        return Standing(texts.WORD_READ, "checks-read", Tone.GOOD, texts.READ)
    if message.delivery.delivered_at:
        return Standing(texts.WORD_DELIVERED, "checks", Tone.GOOD, texts.DELIVERED)
    if message.unconfirmed_delivery(now):
        return Standing(texts.WORD_NOT_CONFIRMED, "check", Tone.WAITING, told.translated(UNCONFIRMED))
    return Standing(texts.WORD_SENT, "check", Tone.GOOD, texts.SENT)


def _open(message: Message, now: Instant) -> Standing:
    open_ = {"can_edit": True, "can_cancel": True, "can_hasten": message.send_at > now + NOW}
    delivery = message.delivery
    if delivery.held_reason:
        return Standing(
            texts.WORD_HELD, "pause", Tone.WAITING, told.translated(delivery.held_reason), **open_, attention=True
        )
    if max(message.send_at, delivery.held_until or message.send_at) + GRACE < now:
        return Standing(texts.WORD_OVERDUE, "alert", Tone.BAD, texts.OVERDUE, **open_, attention=True)
    if message.asked_to_change:
        return Standing(texts.WORD_ASKED_TO_CHANGE, "clock", Tone.WAITING, texts.ASKED_TO_CHANGE, **open_)
    unless = message.cancel_if_they_write_after is not None
    if delivery.state is State.CLAIMED:
        ready = texts.READY_UNLESS if unless else texts.READY
        return Standing(texts.WORD_READY, "ready", Tone.GOOD, ready, **open_)
    if delivery.error:
        return Standing(texts.WORD_TRYING_AGAIN, "clock", Tone.WAITING, told.translated(delivery.error), **open_)
    scheduled = texts.SCHEDULED_UNLESS if unless else texts.SCHEDULED
    return Standing(texts.WORD_SCHEDULED, "clock", Tone.QUIET, scheduled, **open_)


def just_asked_for(message: Message) -> bool:
    """Whether it was sent by Send now and can still be undone: it was made for the seconds after it was made."""
    made = message.created_at
    return made is not None and message.send_at - made < NOW and message.open and not message.cancelled


def needs_attention(message: Message, now: Instant, *, sent_again: bool = False) -> bool:
    """Whether its owner should look at it; most of thousands are seen at a glance not to need it."""
    half = message.delivery
    ahead = half.state.open and message.send_at > now
    if half.state is State.SENT or (ahead and not message.conflicts and not half.held_reason):
        return False
    return standing(message, now, sent_again=sent_again).attention


def if_late(message: Message | Series) -> str:
    """What happens when its second passes unsent, in a sentence."""
    match message.if_late.policy:
        case LatePolicy.WITHIN:
            hours = message.if_late.hours
            return _WITHIN(2 if hours % 1 else int(hours), hours=hours)
        case LatePolicy.ON_TIME:
            return _ON_TIME
        case LatePolicy.ASK:
            return _ASKS
