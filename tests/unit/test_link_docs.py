"""docs/link.md says what the code does: the same sentences, the same moves."""

import re
from itertools import product
from pathlib import Path

from session_host.link_machine import MEANING, SESSION, TABLE, TRYING, UP, Kind, Move
from shared.model.link import SENTENCES, Link

DOC = (Path(__file__).resolve().parents[2] / "docs" / "link.md").read_text(encoding="utf-8")
GROUPS = {"session": SESSION, "trying": TRYING, "up": UP}
NOT_DRAWN = {Kind.STOP, Kind.STAND_BY, Kind.CANNOT_END, Kind.WORN_OUT}


def test_each_state_stands_there_with_its_sentence_and_what_to_do() -> None:
    rows = re.findall(r"^\| `([a-z-]+)` \| (.+) \| (.+) \| (yes|no) \|$", DOC, flags=re.MULTILINE)
    assert rows == [(state, *SENTENCES[state], "yes" if state.sends else "no") for state in Link]


def test_each_thing_that_can_happen_stands_there_with_its_meaning() -> None:
    rows = re.findall(r"^\| `([a-z-]+)` \| ([^|]+) \|$", DOC, flags=re.MULTILINE)
    assert rows == [(kind, MEANING[kind]) for kind in Kind]


def test_the_diagram_draws_exactly_the_moves_of_the_table() -> None:
    drawn = set()
    for before, after, kinds in re.findall(r"^ +(\w+) --> (\w+): ([a-z, -]+)$", DOC, flags=re.MULTILINE):
        drawn |= {(a, b, Kind(kind)) for a, b, kind in product(_states(before), _states(after), kinds.split(", "))}
    moves = {
        (state, move.to, kind)
        for kind, row in TABLE.items()
        for state, move in row.items()
        if isinstance(move, Move) and move.to not in (None, state) and kind not in NOT_DRAWN
    }
    assert drawn == moves


def test_what_is_not_drawn_is_as_the_text_says() -> None:
    assert all(_leads_to(Kind.STOP, state) == Link.STOPPED for state in Link if state is not Link.STOPPED)
    for kind, state in product((Kind.CANNOT_END, Kind.WORN_OUT), Link):
        if state not in (Link.STUCK, Link.STOPPED):
            assert _leads_to(kind, state) == Link.STUCK
    for state in set(Link) - {Link.STANDBY, Link.STUCK, Link.STOPPED}:
        assert _leads_to(Kind.STAND_BY, state) == Link.STANDBY


def _states(name: str) -> frozenset[Link]:
    return GROUPS.get(name) or frozenset({Link(name.replace("_", "-"))})


def _leads_to(kind: Kind, state: Link) -> Link | None:
    move = TABLE[kind][state]
    return move.to if isinstance(move, Move) else None
