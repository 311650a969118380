"""The simulation finds what is broken on purpose: each host here lacks one of the things that keep the promises."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from session_host import rules, sender
from session_host.folder import Folder
from session_host.gates import Skew
from session_host.host import Host
from session_host.ledger import Ledger
from session_host.link import SendFailed
from session_host.look import Look
from session_host.place import Doubt
from session_host.pulse import Pulse
from shared.model import lifecycle, occurrences
from shared.model.lifecycle import State
from shared.model.message import Message
from tests.faults.simulation import FAULTS, LONG, simulate

pytestmark = pytest.mark.no_cover  # the other tests measure the same code; measured, this takes twice as long

MOST = 120
"""Seeds in which a broken host must have been caught; the rarest fault is met in every sixtieth."""

Break = Callable[[pytest.MonkeyPatch], None]


def tries_the_uncertain_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Takes a failure it cannot be sure of for one that may be tried again."""
    settle = sender._settle

    def surely(row: rules.Row, outcome: Any, now: datetime) -> Any:
        if isinstance(outcome, SendFailed):
            outcome = SendFailed(str(outcome), permanent=False, certain=True)
        return settle(row, outcome, now)

    monkeypatch.setattr(sender, "_settle", surely)


def forgets_what_was_begun(monkeypatch: pytest.MonkeyPatch) -> None:
    """After a crash it tries again what had begun."""

    def recover(self: Ledger, now: datetime) -> list[str]:
        with self._changing() as change:
            for row in change.rows("rank = ?", State.BEGUN.rank):
                change.put(row._replace(delivery=lifecycle.retry(row.delivery, "again")))
        return []

    monkeypatch.setattr(Ledger, "recover", recover)


def ignores_claims(monkeypatch: pytest.MonkeyPatch) -> None:
    """Begins anew what a lost host had claimed."""

    def anew(row: rules.Row, host: str, now: datetime, *, foreign: bool) -> rules.Row:
        if foreign and row.delivery.state in (State.CLAIMED, State.BEGUN):
            return row._replace(delivery=lifecycle.retry(row.delivery, "again"), claim_stored=False)
        return row

    monkeypatch.setattr(rules, "_inherit", anew)


def begins_before_it_has_caught_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Trusts its ledger, though it may be an old copy."""
    monkeypatch.setattr(Host, "_may_decide", lambda self, now: self.pulse.standing_gate(now) or self.skew.gate(now))


def leads_beside_another(monkeypatch: pytest.MonkeyPatch) -> None:
    """Does not mind the pulse of another host."""
    monkeypatch.setattr(Pulse, "_is_ours", lambda self, found: True)


def ignores_its_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sends by a clock that the storage says is wrong."""
    monkeypatch.setattr(Skew, "gate", lambda self, now: None)


def begins_early(monkeypatch: pytest.MonkeyPatch) -> None:
    """Begins two seconds before the second."""
    ready, turn, early = Ledger.next_ready, Ledger.turn, sender.AGAIN * 2
    monkeypatch.setattr(Ledger, "next_ready", lambda self, now: ready(self, now + early))
    monkeypatch.setattr(
        Ledger, "turn", lambda self, settled, begin, now, **more: turn(self, settled, begin, now + early, **more)
    )


def forgets_what_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither begins anything, nor says why."""
    monkeypatch.setattr(Ledger, "expired", lambda self, now: False)
    monkeypatch.setattr(Ledger, "hold", lambda self, reason, now, unclaimed=False: 0)
    monkeypatch.setattr(Ledger, "next_ready", lambda self, now: None)


def confirms_what_it_does_not_obey(monkeypatch: pytest.MonkeyPatch) -> None:
    """Says that it has read a cancel, and sends."""
    obey = rules._obey

    def half(row: rules.Row, host: str, now: datetime, *, claims: bool) -> rules.Row:
        before = row.content
        done = obey(row._replace(content=before.evolve(cancelled=False)), host, now, claims=claims)
        return done if done.delivery.state is State.CLAIMED else done._replace(content=before)

    monkeypatch.setattr(rules, "_obey", half)


def begins_without_a_look(monkeypatch: pytest.MonkeyPatch) -> None:
    """Believes that everything was looked after; a copy of its ledger then sends again what no pulse told of."""
    monkeypatch.setattr(Look, "covers", lambda self, at: True)


def holds_everything_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shows a reason, and never begins."""
    monkeypatch.setattr(Pulse, "fresh_gate", lambda self, now: "Held, for no reason.")


def makes_every_claim_unknown_at_a_restart(monkeypatch: pytest.MonkeyPatch) -> None:
    """Plays safe at the cost of what people wanted to be sent."""

    def recover(self: Ledger, now: datetime) -> list[str]:
        with self._changing() as change:
            for row in change.rows("rank IN (1, 2)"):
                change.put(row._replace(delivery=lifecycle.lost(row.delivery, now, "It may have arrived.")))
        return []

    monkeypatch.setattr(Ledger, "recover", recover)


def begins_four_minutes_late(monkeypatch: pytest.MonkeyPatch) -> None:
    """Does everything right, later."""
    ready = Ledger.next_ready
    monkeypatch.setattr(Ledger, "next_ready", lambda self, now: ready(self, now - timedelta(minutes=4)))


def leads_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Takes a place over without waiting until the other must have noticed."""
    monkeypatch.setattr(Doubt, "over", lambda self, now: True)
    monkeypatch.setattr(Pulse, "_was_away", lambda self, found, now: False)


def judges_claims_by_a_wrong_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Takes a claim for one whose second has passed, or has not, because its clock is wrong."""
    monkeypatch.setattr(Folder, "decided", property(lambda self: True, lambda self, value: None), raising=False)
    reconcile = rules.reconcile

    def sure(*arguments: Any, clock_is_right: bool) -> Any:
        return reconcile(*arguments)

    monkeypatch.setattr(rules, "reconcile", sure)


def begins_without_a_pulse_at_its_look(monkeypatch: pytest.MonkeyPatch) -> None:
    """A ledger from before the look passes for the one that sent."""
    monkeypatch.setattr(Pulse, "announce", lambda self, now: None)


def confirms_a_number(monkeypatch: pytest.MonkeyPatch) -> None:
    """Takes one of two edits with the same number for the other."""
    confirmed = property(lambda self: self.delivery.confirmed >= self.revision)
    monkeypatch.setattr(Message, "confirmed", confirmed)


def says_nothing_of_its_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Holds everything because its clock is wrong, and the tick hears nothing of it."""
    monkeypatch.setattr(Skew, "wrong_by", lambda self, now: None)
    monkeypatch.setattr(Skew, "gate", lambda self, now: "Wrong." if abs(self.seconds(now) or 0) > 30 else None)


def keeps_its_alarm_to_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """The host counts nothing as overdue."""
    forgets_what_waits(monkeypatch)
    monkeypatch.setattr(Host, "overdue", lambda self, now: 0)


def gives_a_day_two_dates(monkeypatch: pytest.MonkeyPatch) -> None:
    """A series whose time is changed yields another message on a day whose message is leaving already."""
    monkeypatch.setattr(occurrences, "_taken", lambda series, dates: {})


@pytest.mark.parametrize(
    ("broken", "promise", "faults"),
    [
        (tries_the_uncertain_again, "TWICE", ("_whatsapp_spell", "_whatsapp_spell")),
        (forgets_what_was_begun, "TWICE", ("_deadly_spell",)),
        (ignores_claims, "TWICE", ("_lost_inside_a_send",)),
        (begins_before_it_has_caught_up, "TWICE", ("_rollback",) * 3),
        (leads_beside_another, "TWICE", ("_second",)),
        (ignores_its_clock, "EARLY", ("_clock", "_clock")),
        (begins_without_a_look, "TWICE", ("_rollback",) * 4),
        (begins_early, "EARLY", ("_kill",)),
        (forgets_what_waits, "SILENT", ("_kill",)),
        (confirms_what_it_does_not_obey, "DISOBEYED", ("_kill",)),
        (holds_everything_for_ever, "SILENT", ("_kill",)),
        (makes_every_claim_unknown_at_a_restart, "UNKNOWN", ("_kill",) * 4),
        (begins_four_minutes_late, "LATE", ("_kill",)),
        (leads_at_once, "TWICE", ("_second", "_take_over", "_take_over", "_take_over")),
        (judges_claims_by_a_wrong_clock, "TWICE", ("_lost_inside_a_send",)),
        (begins_without_a_pulse_at_its_look, "TWICE", ("_rollback",) * 4),
        (keeps_its_alarm_to_itself, "SILENT", ("_kill",)),
        (confirms_a_number, "DISOBEYED", ("_both_decide",) * 6),
        (says_nothing_of_its_clock, "SILENT", ("_clock",) * 4),
        (gives_a_day_two_dates, "TWICE", ("_repeats",)),
    ],
)
def test_a_broken_host_is_caught(
    broken: Break, promise: str, faults: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    broken(monkeypatch)
    long = LONG if broken is judges_claims_by_a_wrong_clock else FAULTS
    found = (simulate(seed, only=faults, seconds=long).violations for seed in range(MOST))
    assert any(each.promise == promise for violations in found for each in violations)
