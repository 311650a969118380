"""What the tick picks: everything open whose second comes within the horizon, and everything overdue."""

from collections.abc import Iterable
from datetime import timedelta

from shared.model.message import Message
from shared.model.values import Instant

TICK_HORIZON = timedelta(seconds=75)
"""A minute and a quarter: each message is picked by at least one tick before its second, even if the tick is 15 s
late."""

WEB_HORIZON = timedelta(seconds=180)
"""Web hands over by itself what is due sooner than two ticks could be relied on."""


def is_due(message: Message, now: Instant, horizon: timedelta) -> bool:
    """Whether this message is to be handed over now: open, not cancelled, and due by now + horizon."""
    return message.delivery.state.open and not message.cancelled and message.send_at <= now + horizon


def due(messages: Iterable[Message], now: Instant, horizon: timedelta = TICK_HORIZON) -> list[Message]:
    """What is due by now + horizon, the earliest first; what is overdue is included, the host decides by its limit."""
    return sorted((each for each in messages if is_due(each, now, horizon)), key=lambda each: (each.send_at, each.id))


def overdue(messages: Iterable[Message], now: Instant, grace: timedelta = timedelta(minutes=2)) -> list[Message]:
    """What should have been sent two ticks ago, is not held, and has not ended: this is what an alarm is about."""
    late = []
    for each in due(messages, now, timedelta(0)):
        since = max(each.send_at, each.delivery.held_until or each.send_at)
        if since + grace < now:
            late.append(each)
    return late
