"""Lets through what the account's pace allows now, and says on everything else in line until when it waits and why."""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

import structlog

from session_host import rules
from session_host.ledger import Ledger
from session_host.link import Reason, SendFailed, Sent
from session_host.pace import PaceBook
from session_host.rules import Row
from shared.model import pace
from shared.model.message import LatePolicy, Message
from shared.model.pace import Forecast, PaceSettings

log = structlog.get_logger(__name__)

SHIFTS = timedelta(seconds=5)
"""By how much an expected time may be off before it is written again; a message leaves at the right one anyhow."""

Hold = tuple[Row, datetime | None, str | None]


class Pacer:
    """The account's pace before the sender's begin. One thread calls `next_ready` and `answered`.

    settings: the pace that holds; any thread may set another, which counts from the next call on.
    """

    def __init__(
        self, ledger: Ledger, book: PaceBook, settings: PaceSettings, on_change: Callable[[], None] = lambda: None
    ) -> None:
        self._ledger = ledger
        self._book = book
        self.settings = settings
        self._on_change = on_change
        self._let_go = False

    @property
    def on(self) -> bool:
        """Whether anything is ever held; then what was sent is to be written before the next is asked for."""
        return self.settings.on

    def next_ready(self, now: datetime) -> Row | None:
        """The earliest in line that may be begun now. The others are held, each until its expected time."""
        if not self.on and self._let_go:
            return self._ledger.next_ready(now)
        rows = self._ledger.in_line(now)
        self._let_go = True
        planned = pace.plan(self.settings, self._history(rows, now), (row.content for row in rows), now)
        holds, first = [], None
        for row, expected in zip(rows, planned, strict=True):
            hold = _hold(row, expected, now)
            if hold is not None:
                holds.append(hold)
            if first is None and expected.begins_at <= now:
                first = row
        if holds and self._ledger.hold_each(holds):
            log.info("held by pace", messages=len(holds))
            self._on_change()
        return self._ledger.get(first.id) if first is not None else None

    def answered(self, outcome: Sent | SendFailed, now: datetime) -> None:
        """What WhatsApp said to the message in hand: the first refusal of a stranger stops first messages."""
        if isinstance(outcome, SendFailed) and outcome.reason is Reason.STRANGERS_LOCKED:
            self._book.strangers_refused(now)
            log.warning("first messages to strangers are stopped")

    def _history(self, rows: list[Row], now: datetime) -> pace.History:
        return self._book.history((row.content.to for row in rows), now)


def forecast(
    settings: PaceSettings, book: PaceBook, scheduled: Iterable[Message], message: Message, now: datetime
) -> Forecast:
    """When pace would let this message begin, given what left and what is scheduled in the day before it."""
    before = (
        each
        for each in scheduled
        if each.open and not each.cancelled and each.id != message.id
        and message.send_at - pace.DAY <= each.send_at <= message.send_at
    )  # fmt: skip
    line = [*sorted(before, key=lambda each: (each.send_at, each.id)), message]
    return pace.plan(settings, book.history((each.to for each in line), now), line, now)[-1]


def _hold(row: Row, expected: Forecast, now: datetime) -> Hold | None:
    """What is to be written on this row, None where it says what is true already.

    Pace never makes "only on time" or "ask me" into a late message: such a one waits without an end, and its own
    limit, which then counts from its second, decides.
    """
    until, reason = expected.begins_at, expected.reason
    if until <= now:
        return (row, now, None) if row.ready_at > now else None
    within = row.content.if_late.policy is LatePolicy.WITHIN
    if not within and until >= row.content.send_at + rules.lateness_limit(row.content):
        return None if (row.delivery.held_until, row.delivery.held_reason) == (None, reason) else (row, None, reason)
    stands = row.delivery.held_until
    says_so = stands is not None and stands > now and abs(stands - until) <= SHIFTS
    return None if says_so and row.delivery.held_reason == reason else (row, until, reason)
