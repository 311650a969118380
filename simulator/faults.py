"""Fault rules: which stanza is to go wrong, how, and how often; data set through the control port, kept in memory."""

from simulator.models import Fault, FaultRule


class Faults:
    """The rules in force, in the order in which they were added."""

    def __init__(self) -> None:
        self._rules: dict[int, Fault] = {}
        self._last = 0

    def add(self, rule: FaultRule) -> Fault:
        """Puts a rule in force."""
        self._last += 1
        self._rules[self._last] = Fault(**rule.model_dump(), number=self._last)
        return self._rules[self._last]

    def all(self) -> list[Fault]:
        """The rules, spent ones included."""
        return list(self._rules.values())

    def clear(self) -> int:
        """Takes all rules back; how many there were."""
        count = len(self._rules)
        self._rules.clear()
        return count

    def play(self, stanza: str, *, xmlns: str = "", to: str = "") -> Fault | None:
        """The first unspent rule that fits, counted as played; None lets the stanza pass."""
        for rule in self._rules.values():
            if _fits(rule, stanza, xmlns, to) and (rule.times is None or rule.played < rule.times):
                played = rule.model_copy(update={"played": rule.played + 1})
                self._rules[rule.number] = played
                return played
        return None


def _fits(rule: Fault, stanza: str, xmlns: str, to: str) -> bool:
    return rule.stanza == stanza and rule.xmlns in (None, xmlns) and rule.to in (None, to)
