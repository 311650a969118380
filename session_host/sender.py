"""Begins each message within milliseconds of its second, never before, at most once; stepped with `now`."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import structlog

from session_host import outgoing, rules
from session_host.gates import Gate
from session_host.ledger import Ledger
from session_host.link import Link, SendFailed, Sent
from session_host.look import LOOK_AHEAD, Look
from session_host.outgoing import Load, no_file
from session_host.pacer import Pacer
from session_host.rules import Row
from session_host.wrote_first import THEY_DID_NOT, Answer
from shared.model import lifecycle
from shared.model.address import Address, masked
from shared.model.lifecycle import Delivery
from shared.model.message import Message

log = structlog.get_logger(__name__)

AGAIN = timedelta(seconds=1)
"""How soon what is in the way is asked about again."""

SELDOM = timedelta(seconds=5)
"""The same where this host may decide nothing: it is woken when it may, and only a clock is set right unnoticed."""

ASKED_AGAIN = timedelta(seconds=0.5)
"""How soon it is asked again whether they wrote first, while what came in is being read."""

PATIENCE = timedelta(seconds=5)
"""How late a message may be for its claim to reach the bucket before it is shown as held."""


class Sender:
    """Steps through what is claimed. One thread calls `step`, then `finish` at the end."""

    def __init__(
        self,
        ledger: Ledger,
        link: Link,
        look: Look,
        pacer: Pacer,
        *,
        standing: Gate,
        gates: Sequence[Gate],
        storage_trouble: Callable[[], str | None],
        on_change: Callable[[], None],
        on_sent: Callable[[Row, Sent], None] = lambda _row, _sent: None,
        load: Load = no_file,
        wrote_first: Callable[[Message, datetime], Answer] = lambda _content, _now: THEY_DID_NOT,
    ) -> None:
        """`standing` is closed while this host may decide nothing; `gates` may be in the way of a message.

        `on_sent` is told what WhatsApp has taken, before that is settled. `load` reads the file of a message that was
        not uploaded before its second. `wrote_first` is asked about a message that is not to be sent where they have.
        """
        self._ledger = ledger
        self._link = link
        self._look = look
        self._pacer = pacer
        self._standing = standing
        self._gates = tuple(gates)
        self._storage_trouble = storage_trouble
        self._on_change = on_change
        self._on_sent = on_sent
        self._load = load
        self._wrote_first = wrote_first
        self._in_hand: tuple[Row, Sent | SendFailed] | None = None
        self._held = True

    def step(self, now: datetime) -> datetime | None:
        """Begin and send at most one message, or make ready for the next; when to step again, None: when woken.

        Raises database.LedgerError; then the message in hand is kept, and written by the next step.
        """
        if self._pacer.on:
            self._turn(None, now)
        ready = self._ready(now)
        if ready is not None and self._held:
            self._held = False
            if self._ledger.unhold(now):
                self._on_change()
                ready = self._ready(now)
        begun = self._turn(ready, now)
        if begun is not None:
            outcome = self._send(begun)
            self._in_hand = (begun, outcome)
            if isinstance(outcome, Sent):
                self._on_sent(begun, outcome)
            return now
        return self._prepare(now)

    def finish(self, now: datetime) -> None:
        """Write what became of the message in hand; begin nothing."""
        self._turn(None, now)

    def _ready(self, now: datetime) -> Row | None:
        if self._in_the_way(now):
            return None
        while (first := self._pacer.next_ready(now)) is not None and self._look.covers(now):
            if first.content.cancel_if_they_write_after is None or self._may_begin(first, now):
                return first
        return None

    def _may_begin(self, row: Row, now: datetime) -> bool:
        """Whether they have not written first; if they have, or it is not known, that is written on the message."""
        answer = self._wrote_first(row.content, now)
        if answer.wrote_at is not None:
            decided = rules.call_off(row, answer.wrote_at, now)
        elif answer.unknown is not None:
            decided = rules.ask_owner(row, answer.unknown, now)
        elif answer.wait is not None:
            decided = rules.postpone(row, now + ASKED_AGAIN, answer.wait)
        else:
            return True
        if self._ledger.decide(row, decided):
            log.info("not begun", id=row.id, state=str(decided.delivery.state), they_wrote=answer.wrote_at is not None)
            self._on_change()
        return False

    def _in_the_way(self, now: datetime) -> str | None:
        gates = (self._standing, *self._gates)
        return next((reason for gate in gates if (reason := gate(now))), None)

    def _turn(self, ready: Row | None, now: datetime) -> Row | None:
        if ready is None and self._in_hand is None:
            return None
        settled, not_before = None, None
        if self._in_hand is not None:
            self._pacer.answered(self._in_hand[1], now)
            settled, not_before = _settle(*self._in_hand, now)
        begun = self._ledger.turn(settled, ready, now, not_before=not_before)
        self._in_hand = None
        if settled is not None:
            log.info("settled", id=settled.id, state=str(settled.delivery.state), attempt=settled.delivery.attempt)
            self._on_change()
        return begun

    def _send(self, row: Row) -> Sent | SendFailed:
        late = row.delivery.begun_at - row.content.send_at if row.delivery.begun_at else timedelta(0)
        log.info("begun", id=row.id, to=masked(row.content.to), late_ms=round(late.total_seconds() * 1000))
        try:
            return self._link.send(Address.from_stored(row.content.to), outgoing.of(row.content, self._load))
        except SendFailed as failure:
            return failure
        except Exception as error:
            log.exception("send broke", id=row.id)
            sentence = f"Sending broke off with an error of this program ({type(error).__name__}); it may have arrived."
            return SendFailed(sentence, permanent=True, certain=False)

    def _prepare(self, now: datetime) -> datetime | None:
        """Nothing can begin now: say why where something should, look where something soon will."""
        following = self._ledger.next_after(now)
        soon = following if following is not None and following <= now + LOOK_AHEAD else None
        expired = self._standing(now) is None and self._ledger.expired(now)
        if (reason := self._in_the_way(now)) and not expired:
            return self._hold(reason, following, now)
        due = self._ledger.next_ready(now) is not None or expired
        if not all(self._look.covers(at) for at in ([now] if due else []) + ([soon] if soon else [])):
            if self._look.take(now):
                return now
            return self._hold(f"{self._look.trouble} It is sent as soon as the change log can be read.", following, now)
        if expired and self._ledger.expire(now):
            self._on_change()
        if reason:
            return self._hold(reason, following, now)
        if self._ledger.waiting(now - PATIENCE):
            reason = self._storage_trouble() or "The claim on this message has not reached the storage yet."
            return self._hold(reason, following, now, unclaimed=True)
        return self._next_step(following, now)

    def _hold(
        self, reason: str, following: datetime | None, now: datetime, *, unclaimed: bool = False
    ) -> datetime | None:
        """Say why on what is due, if anything is; when to ask again."""
        if self._ledger.hold(reason, now, unclaimed=unclaimed):
            self._held = True
            log.warning("held", reason=reason)
            self._on_change()
        return self._next_step(following, now, in_the_way=True)

    def _next_step(self, following: datetime | None, now: datetime, *, in_the_way: bool = False) -> datetime | None:
        """At the second of what comes next, or when it is to be looked after; each second while something waits."""
        again = SELDOM if in_the_way and self._standing(now) else AGAIN
        times = [now + again] if self._ledger.waiting(now) else []
        if following is not None and following > now + LOOK_AHEAD:
            times.append(following - LOOK_AHEAD)
        elif following is not None:
            times.append(min(following, now + AGAIN) if in_the_way else following)
        return min(times, default=None)


def _settle(row: Row, outcome: Sent | SendFailed, now: datetime) -> tuple[Row, datetime | None]:
    """What the answer means: sent, unknown, failed, or another attempt not before an instant."""
    delivery: Delivery = row.delivery
    if isinstance(outcome, Sent):
        return row._replace(delivery=lifecycle.sent(delivery, now, outcome.message_id)), None
    sentence = str(outcome)
    if not outcome.certain:
        return row._replace(delivery=lifecycle.unknown(delivery, now, sentence)), None
    if outcome.permanent:
        return row._replace(delivery=lifecycle.failed(delivery, now, sentence)), None
    wait = rules.backoff(delivery.attempt)
    again = lifecycle.hold(lifecycle.retry(delivery, sentence), delivery.held_until, f"{sentence} Trying again.")
    return row._replace(delivery=again), now + wait
