"""The alarm: each trouble is told once and its end once, however ticks come; holds are no trouble."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.model.alarm import Facts, Happening, Incident, Kind, Notice, Pulse, after, decide, findings
from shared.model.link import Link
from shared.model.wire import HandoverAnswer
from tests.builders import NOW, in_, link_status

WELL = "all is well"
MINUTE = 60.0


def answer(**changes: Any) -> HandoverAnswer:
    fields: dict[str, Any] = {"now": NOW, "host": "host-1", "link": link_status()}
    return HandoverAnswer(**(fields | changes))


def facts(trouble: Kind | str = WELL) -> Facts:
    """What a tick sees where this one thing is wrong."""
    pulse = Pulse(host="host-1", at=in_(-20))
    match trouble:
        case Kind.BUCKET:
            return Facts(bucket="The storage does not answer.", answer=answer())
        case Kind.HOST:
            return Facts(host="The session host does not answer.", overdue=0)
        case Kind.LINK:
            return Facts(answer=answer(link=link_status(Link.LOGGED_OUT)), pulse=pulse)
        case Kind.CLOCK:
            return Facts(answer=answer(clock_wrong_by=-42.4), pulse=pulse)
        case Kind.PULSE:
            return Facts(answer=answer(), pulse=Pulse(host="host-1", at=in_(-121)))
        case Kind.UNREADABLE:
            return Facts(answer=answer(problems=("A record could not be read.",)), pulse=pulse)
        case Kind.REFUSED:
            return Facts(answer=answer(), pulse=pulse, refused={"one": "Another text is known."})
        case Kind.OVERDUE:
            return Facts(answer=answer(overdue=3), pulse=pulse)
        case _:
            return Facts(answer=answer(), pulse=pulse)


class Owner:
    """Ticks one after another over what they keep, and what the owner was told."""

    def __init__(self) -> None:
        self.open: tuple[Incident, ...] = ()
        self.told: list[Notice] = []
        self.reachable = True

    def tick(self, seen: Facts, at: datetime) -> list[Notice]:
        decision = decide(seen, self.open, at)
        arrived = decision.notices if self.reachable else ()
        self.open = after(decision, arrived, at)
        self.told += arrived
        return list(decision.notices)

    def minutes(self, *seen: Kind | str, start: float = 0) -> list[tuple[Kind, Happening]]:
        """A tick each minute; what the owner has been told so far."""
        for number, trouble in enumerate(seen):
            self.tick(facts(trouble), in_(minutes=start + number))
        return [(notice.kind, notice.happening) for notice in self.told]


def told(*seen: Kind | str) -> list[tuple[Kind, Happening]]:
    return Owner().minutes(*seen)


@pytest.mark.parametrize("kind", Kind)
def test_each_trouble_is_told_once_however_long_it_lasts_and_its_end_once(kind: Kind) -> None:
    lasting = [kind] * 30
    assert told(WELL, *lasting) == [(kind, Happening.OPENED)]
    assert told(WELL, *lasting, *[WELL] * 30) == [(kind, Happening.OPENED), (kind, Happening.RECOVERED)]


@pytest.mark.parametrize("kind", [Kind.BUCKET, Kind.HOST, Kind.LINK, Kind.UNREADABLE, Kind.REFUSED])
def test_what_one_tick_sees_may_pass_but_two_ticks_are_believed(kind: Kind) -> None:
    assert told(kind, WELL, WELL, WELL) == []
    assert told(kind, kind) == [(kind, Happening.OPENED)]


@pytest.mark.parametrize("kind", [Kind.PULSE, Kind.OVERDUE])
def test_what_has_already_lasted_two_ticks_is_told_at_once(kind: Kind) -> None:
    assert told(kind) == [(kind, Happening.OPENED)]


def test_in_the_wake_of_an_outage_what_is_late_gets_a_tick_to_leave() -> None:
    host = [(Kind.HOST, Happening.OPENED), (Kind.HOST, Happening.RECOVERED)]
    assert told(Kind.HOST, Kind.HOST, Kind.OVERDUE, WELL, WELL, WELL) == host
    assert (Kind.OVERDUE, Happening.OPENED) in told(Kind.HOST, Kind.HOST, Kind.OVERDUE, Kind.OVERDUE)


def test_a_link_that_comes_and_goes_is_one_incident() -> None:
    flapping = [Kind.LINK, WELL] * 20
    assert told(*flapping) == [(Kind.LINK, Happening.OPENED)]
    assert told(*flapping, WELL, WELL) == [(Kind.LINK, Happening.OPENED), (Kind.LINK, Happening.RECOVERED)]


def test_the_same_trouble_later_is_another_incident_with_other_ids() -> None:
    owner = Owner()
    owner.minutes(Kind.HOST, Kind.HOST, WELL, WELL, Kind.HOST, Kind.HOST, WELL, WELL)
    assert [each.happening for each in owner.told] == [Happening.OPENED, Happening.RECOVERED] * 2
    assert len({each.id for each in owner.told}) == 4
    assert len({each.incident for each in owner.told}) == 2


def test_a_notice_that_did_not_arrive_is_told_again_under_the_same_id() -> None:
    owner = Owner()
    owner.reachable = False
    tried = [owner.tick(facts(Kind.HOST), in_(minutes=minute)) for minute in range(4)]
    owner.reachable = True
    tried.append(owner.tick(facts(Kind.HOST), in_(minutes=4)))
    tried.append(owner.tick(facts(Kind.HOST), in_(minutes=5)))
    assert [len(each) for each in tried] == [0, 1, 1, 1, 1, 0]
    assert len({notice.id for each in tried for notice in each}) == 1


def test_a_recovery_that_did_not_arrive_is_told_again_for_a_day() -> None:
    owner = Owner()
    owner.minutes(Kind.HOST, Kind.HOST, WELL)
    owner.reachable = False
    assert owner.tick(facts(), in_(minutes=3))
    assert owner.tick(facts(), in_(hours=23))
    assert owner.open
    owner.tick(facts(), in_(hours=25))
    assert not owner.open


def test_what_comes_of_a_trouble_is_told_in_its_sentence() -> None:
    late = "2 messages are overdue by more than two minutes."
    for seen in (
        Facts(host="The session host does not answer.", overdue=2),
        Facts(answer=answer(link=link_status(Link.LOGGED_OUT), overdue=2)),
        Facts(bucket="The storage does not answer.", answer=answer(overdue=2)),
    ):
        found = findings(seen)
        assert Kind.OVERDUE not in found
        [sentence] = [each for each in found.values() if each]
        assert sentence.endswith(late)


@pytest.mark.parametrize("lasting", [Kind.UNREADABLE, Kind.REFUSED])
def test_what_waits_for_a_person_hides_nothing_that_comes_later(lasting: Kind) -> None:
    seen = facts(lasting)
    assert seen.answer is not None
    late = seen.evolve(answer=seen.answer.evolve(overdue=2))
    owner = Owner()
    owner.minutes(lasting, lasting, lasting)
    owner.tick(late, in_(minutes=3))
    assert [notice.kind for notice in owner.told] == [lasting, Kind.OVERDUE]


def test_what_the_tick_itself_cannot_read_is_told_while_the_host_is_away() -> None:
    found = findings(
        Facts(host="The session host does not answer.", unreadable=("The record 'm1' could not be read.",))
    )
    assert found[Kind.UNREADABLE] == "The record 'm1' could not be read."
    away = findings(Facts(host="The session host does not answer."))
    assert Kind.UNREADABLE not in away, "what was set aside is not known then"


def test_many_are_told_as_the_first_and_a_number() -> None:
    found = findings(Facts(answer=answer(problems=("One.", "Two.", "Three.")), refused={"a": "Why.", "b": "Why."}))
    assert str(found[Kind.UNREADABLE]).startswith("One. And 2 more")
    assert "'a': Why. And 1 other." in str(found[Kind.REFUSED])


def test_an_open_incident_stays_while_it_cannot_be_looked_at() -> None:
    owner = Owner()
    owner.minutes(Kind.OVERDUE, *[Kind.HOST] * 5)
    assert {incident.kind for incident in owner.open} == {Kind.OVERDUE, Kind.HOST}
    assert [notice.happening for notice in owner.told] == [Happening.OPENED] * 2


def test_a_second_trouble_is_told_while_the_first_lasts() -> None:
    both = Facts(answer=answer(link=link_status(Link.BANNED)), pulse=Pulse(host="host-1", at=in_(minutes=-5)))
    owner = Owner()
    owner.minutes(Kind.LINK, Kind.LINK)
    for minute in (2, 3, 4):
        owner.tick(both, in_(minutes=minute))
    assert [notice.kind for notice in owner.told] == [Kind.LINK, Kind.PULSE]


def test_the_pulse_is_measured_by_the_hosts_own_clock() -> None:
    """Its clock is ten minutes behind the tick's: that is for `clock` to say, not for the pulse."""
    behind = Facts(answer=answer(now=in_(minutes=-10)), pulse=Pulse(host="host-1", at=in_(-620)))
    assert findings(behind)[Kind.PULSE] is None


def test_a_host_that_answers_beside_the_one_that_leads_is_a_trouble() -> None:
    sentence = findings(Facts(answer=answer(host="host-2"), pulse=Pulse(host="host-1", at=in_(-5))))[Kind.PULSE]
    assert sentence
    assert "host-2, does not lead" in sentence


def test_a_host_that_has_not_beaten_yet_is_no_trouble() -> None:
    assert not any(findings(Facts(answer=answer())).values())


# Whatever ticks come, in whatever order: doubled, late, beside one another.

seen = st.sampled_from([WELL, *Kind])
gaps = st.sampled_from([0.0, 1.0, 29.0, MINUTE, MINUTE, MINUTE, 3600.0])
histories = st.lists(st.tuples(gaps, seen), max_size=40)


def instants(history: Sequence[tuple[float, Kind | str]]) -> list[tuple[datetime, Kind | str]]:
    at, ticks = NOW, []
    for gap, trouble in history:
        at += timedelta(seconds=gap)
        ticks.append((at, trouble))
    return ticks


@given(histories)
def test_notices_of_a_kind_take_turns_and_no_id_is_told_twice(history: list[tuple[float, Kind | str]]) -> None:
    owner = Owner()
    for at, trouble in instants(history):
        owner.tick(facts(trouble), at)
    assert len({notice.id for notice in owner.told}) == len(owner.told)
    for kind in Kind:
        told_of = [notice for notice in owner.told if notice.kind is kind]
        assert [notice.happening for notice in told_of] == [Happening.OPENED, Happening.RECOVERED] * (
            len(told_of) // 2
        ) + [Happening.OPENED] * (len(told_of) % 2)
        for opened, ended in list(pairwise(told_of))[::2]:
            assert opened.incident == ended.incident


@given(histories)
def test_whatever_was_all_ends_when_all_is_well(history: list[tuple[float, Kind | str]]) -> None:
    owner = Owner()
    ticks = instants(history)
    for at, trouble in ticks:
        owner.tick(facts(trouble), at)
    end = ticks[-1][0] if ticks else NOW
    for minute in (1, 2, 3):
        owner.tick(facts(), end + timedelta(minutes=minute))
    assert owner.open == ()
    opened = [notice.incident for notice in owner.told if notice.happening is Happening.OPENED]
    ended = [notice.incident for notice in owner.told if notice.happening is Happening.RECOVERED]
    assert sorted(opened) == sorted(ended)


@given(histories)
def test_a_tick_that_comes_twice_tells_nothing_more(history: list[tuple[float, Kind | str]]) -> None:
    owner = Owner()
    for at, trouble in instants(history):
        owner.tick(facts(trouble), at)
        kept = owner.open
        assert owner.tick(facts(trouble), at) == []
        assert owner.open == kept


@given(histories, seen, st.integers(-120, 0))
def test_two_ticks_at_once_tell_the_same_under_the_same_id(
    history: list[tuple[float, Kind | str]], trouble: Kind | str, earlier: int
) -> None:
    """Both read the same incidents before either has stored anything: a receiver that drops doubles hears one.

    Only what is told at once can differ, where one started in another minute.
    """
    owner = Owner()
    for at, each in instants(history):
        owner.tick(facts(each), at)
    at = (instants(history)[-1][0] if history else NOW) + timedelta(minutes=5)
    first = decide(facts(trouble), owner.open, at).notices
    second = decide(facts(trouble), owner.open, at + timedelta(seconds=earlier)).notices
    known = {incident.id for incident in owner.open}
    assert [each.id for each in first if each.incident in known] == [
        each.id for each in second if each.incident in known
    ]
