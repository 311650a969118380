"""Fault rules: which stanza is to go wrong, how, and how often; data set through the control port, kept in memory."""

import time

from simulator.models import Fault, FaultRule


class Faults:
    """The rules in force, in the order in which they were added."""

    def __init__(self) -> None:
        self._rules: dict[int, Fault] = {}
        self._starts: dict[int, float] = {}
        self._last = 0

    def add(self, rule: FaultRule) -> Fault:
        """Puts a rule in force, once its `starts_after_ms` have passed."""
        self._last += 1
        self._rules[self._last] = Fault(**rule.model_dump(), number=self._last)
        self._starts[self._last] = time.monotonic() + rule.starts_after_ms / 1000
        return self._rules[self._last]

    def all(self) -> list[Fault]:
        """The rules, spent ones included."""
        return list(self._rules.values())

    def clear(self) -> int:
        """Takes all rules back; how many there were."""
        count = len(self._rules)
        self._rules.clear()
        self._starts.clear()
        return count

    def play(self, stanza: str, *, xmlns: str = "", inner: str = "", to: str = "") -> Fault | None:
        """The first unspent rule that fits, counted as played; None lets the stanza pass.

        A rule that refuses connections is never played: it lasts, see `refusing`.
        """
        for rule in self._rules.values():
            if rule.action != "refuse" and _fits(rule, stanza, xmlns, inner, to) and self._in_force(rule):
                played = rule.model_copy(update={"played": rule.played + 1})
                self._rules[rule.number] = played
                return played
        return None

    @property
    def refusing(self) -> bool:
        """Whether nobody is to listen now."""
        return any(rule.action == "refuse" and self._in_force(rule) for rule in self._rules.values())

    def _in_force(self, rule: Fault) -> bool:
        unspent = rule.times is None or rule.played < rule.times
        return unspent and time.monotonic() >= self._starts[rule.number]


def _fits(rule: Fault, stanza: str, xmlns: str, inner: str, to: str) -> bool:
    narrowed = rule.xmlns in (None, xmlns) and rule.inner in (None, inner) and rule.to in (None, to)
    return rule.stanza == stanza and narrowed
