"""What a series yields: each date once, whoever asks and however often; and nothing that somebody decided is undone."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from shared.model.message import IfLate, Message
from shared.model.occurrences import AHEAD, OLDEST, Yield, horizon, materialise, upcoming
from shared.model.recurrence import Freq, Rule
from shared.model.series import Reach, Series, SeriesState, name_of, occurrence_id
from shared.model.versioned import merge, merge_all
from tests.builders import NOW, claimed, in_, message, sent, series
from tests.cast import BOB

FRIDAY = "weekly@2026-11-27T18:00"
DAILY = Rule(freq=Freq.DAILY)
WEEKLY = series(id="weekly")


class Yielding:
    """Series and messages, materialised by hand."""

    def __init__(self, *all_series: Series) -> None:
        self.series = {each.id: each for each in all_series}
        self.messages: dict[str, Message] = {}

    def at(self, now: datetime) -> Yield:
        due = materialise(self.series, self.messages, now)
        self.series |= due.series
        for id_, each in due.messages.items():
            self.messages[id_] = merge(self.messages.get(id_, each), each)
        return due

    def edit(self, number: int, at: datetime, **changes: Any) -> None:
        """Somebody changes the only series."""
        (known,) = self.series.values()
        self.series[known.id] = known.edited(f"web-{number}", changed_at=at, **changes)

    def touch(self, id_: str, **changes: Any) -> None:
        self.messages[id_] = self.messages[id_].edited("web-9", **changes)

    @property
    def open(self) -> dict[str, Message]:
        return {id_: each for id_, each in self.messages.items() if not each.cancelled}


def test_a_series_yields_its_dates_for_the_next_35_days() -> None:
    fridays = Yielding(WEEKLY)
    fridays.at(NOW)
    assert [each.removeprefix("weekly@") for each in fridays.messages] == [
        f"{date(2026, 11, 27) + week * timedelta(days=7)}T18:00" for week in range(5)
    ]
    first = fridays.messages[FRIDAY]
    assert (first.to, first.text, first.send_at) == (WEEKLY.to, WEEKLY.text, datetime(2026, 11, 27, 18, tzinfo=UTC))
    assert (first.wall_time, first.zone, first.revision) == ("2026-11-27T18:00:00", "Europe/London", 1)
    assert first.gives_way
    assert fridays.at(NOW) == Yield({}, {}, []), "the second time there is nothing to do"
    assert fridays.at(in_(hours=6)) == Yield({}, {}, [])


def test_each_day_what_comes_within_reach_is_added() -> None:
    fridays = Yielding(WEEKLY)
    seen: list[str] = []
    for days in range(60):
        seen += fridays.at(in_(days=days)).messages
    assert len(seen) == len(set(seen)) == len(fridays.messages)
    assert max(each.send_at for each in fridays.messages.values()) > in_(days=59) + AHEAD - timedelta(days=7)


def test_what_is_gone_is_not_made_again() -> None:
    fridays = Yielding(WEEKLY)
    fridays.at(NOW)
    fridays.messages = {FRIDAY: fridays.messages[FRIDAY]}  # the others were archived
    assert fridays.at(in_(days=1)).messages == {}
    assert fridays.at(in_(days=6)).messages.keys() == {"weekly@2027-01-01T18:00"}


def test_what_came_due_while_no_host_ran_is_not_forgotten() -> None:
    fridays = Yielding(WEEKLY)
    fridays.at(NOW)
    back = in_(days=60)
    late = [each for each in fridays.at(back).messages.values() if each.send_at < back]
    assert [each.id for each in late] == [f"weekly@2027-01-{day:02}T18:00" for day in (1, 8, 15)]


def test_a_clock_that_was_wrong_by_years_does_not_yield_thousands() -> None:
    lost = Yielding(series(id="lost", first="2001-01-01T09:00", rule=DAILY, changed_at=in_(days=-9000)))
    lost.at(NOW)
    assert len(lost.messages) == OLDEST.days + AHEAD.days
    assert lost.at(NOW) == Yield({}, {}, [])


def test_a_new_text_is_in_every_date_that_nobody_touched_or_claimed() -> None:
    fridays = Yielding(WEEKLY)
    fridays.at(NOW)
    first, second, third, fourth, fifth = fridays.messages
    fridays.messages[first] = claimed(fridays.messages[first])
    fridays.touch(second, text="Only this once")
    fridays.touch(third, cancelled=True)
    fridays.messages[fourth] = fridays.messages[fourth].evolve(
        delivery=fridays.messages[fourth].delivery.evolve(confirmed=1, step=1)
    )
    fridays.edit(1, in_(days=1), text="New", if_late=IfLate(hours=2))
    fridays.at(in_(days=1))
    assert [each.text for each in fridays.messages.values()] == [
        WEEKLY.text,
        "Only this once",
        WEEKLY.text,
        "New",
        "New",
    ]
    assert fridays.messages[fourth].delivery.confirmed == 1, "what the host knows of it stays"
    assert not fridays.messages[fifth].conflicts


def test_another_time_withdraws_the_old_dates_and_yields_new_ones() -> None:
    fridays = Yielding(WEEKLY)
    fridays.at(NOW)
    fridays.edit(1, in_(days=1), first="2026-11-27T19:00")
    fridays.at(in_(days=1))
    assert fridays.messages[FRIDAY].cancelled
    assert sorted(fridays.open) == [
        f"weekly@{date(2026, 11, 27) + week * timedelta(days=7)}T19:00" for week in range(5)
    ]


@pytest.mark.parametrize("changes", [{"cancelled": True}, {"send_at": in_(days=6)}, {"text": "Mine"}])
def test_a_day_whose_date_somebody_decided_about_gets_no_other_one(changes: dict[str, Any]) -> None:
    fridays = Yielding(WEEKLY)
    fridays.at(NOW)
    fridays.touch(FRIDAY, **changes)
    fridays.edit(1, in_(days=1), first="2026-11-27T19:00")
    fridays.at(in_(days=1))
    assert "weekly@2026-11-27T19:00" not in fridays.messages
    assert "weekly@2026-12-04T19:00" in fridays.messages


def test_a_day_on_which_it_has_left_already_gets_no_other_one() -> None:
    daily = Yielding(series(id="daily", first="2026-11-22T13:00", rule=DAILY))
    daily.at(NOW)
    today = "daily@2026-11-22T13:00"
    daily.messages[today] = sent(daily.messages[today])
    daily.edit(1, in_(hours=2), first="2026-11-22T17:00")
    daily.at(in_(hours=2))
    assert "daily@2026-11-22T17:00" not in daily.messages
    assert "daily@2026-11-23T17:00" in daily.open
    shown = upcoming(daily.series["daily"], daily.messages.values(), in_(hours=2), 1)
    assert [each.wall.isoformat() for each in shown] == ["2026-11-23T17:00:00"], "the page says the same"


@pytest.mark.parametrize("state", [SeriesState.PAUSED, SeriesState.ENDED])
def test_stopping_withdraws_what_is_to_come_and_resuming_brings_it_back(state: SeriesState) -> None:
    fridays = Yielding(WEEKLY)
    fridays.at(NOW)
    moved = "weekly@2026-12-04T18:00"
    fridays.touch(moved, send_at=in_(days=20))
    fridays.edit(1, in_(days=1), state=state)
    fridays.at(in_(days=1))
    assert fridays.open.keys() == {moved}
    assert fridays.at(in_(days=3)) == Yield({}, {}, []), "nothing is written each day for one that rests"
    assert upcoming(fridays.series["weekly"], fridays.messages.values(), in_(days=3)) == []
    fridays.edit(2, in_(days=8), state=SeriesState.ACTIVE)
    fridays.at(in_(days=8))
    assert FRIDAY not in fridays.open, "its time has passed while it was stopped"
    assert sorted(fridays.open)[:3] == [moved, "weekly@2026-12-11T18:00", "weekly@2026-12-18T18:00"]


def test_what_lay_before_the_edit_is_left_alone_however_late_it_is_met() -> None:
    """The host was away: what was due before the pause is still to be sent, or missed; what was due after is not."""
    fridays = Yielding(series(id="daily", first="2026-11-22T13:00", rule=DAILY))
    fridays.at(NOW)
    fridays.edit(1, in_(days=1, hours=2), state=SeriesState.PAUSED)
    fridays.at(in_(days=2, hours=2))
    assert fridays.open.keys() == {"daily@2026-11-22T13:00", "daily@2026-11-23T13:00"}


def test_an_edit_of_one_date_beats_the_series_whichever_is_met_first() -> None:
    before, after = Yielding(WEEKLY), Yielding(WEEKLY)
    for each in (before, after):
        each.at(NOW)
    edit = before.messages[FRIDAY].edited("web-9", text="Mine")
    copies = [before.messages[FRIDAY], edit]
    for number in range(2, 6):
        after.edit(number, in_(hours=number), text=f"Text {number}")
        after.at(in_(hours=number))
        copies.append(after.messages[FRIDAY])
    for order in permutations(copies[:4]):
        merged = merge_all([*order, *copies[4:]])[FRIDAY]
        assert (merged.text, merged.conflicts) == ("Mine", ())
        assert merged.order > max(each.order for each in copies if each is not edit), "the ledger thinks so too"


@settings(max_examples=50)
@given(st.data())
def test_merging_what_a_series_made_obeys_the_laws(data: st.DataObject) -> None:
    copies = [made(number, cancelled=number % 3 == 0) for number in range(1, 5)]
    for number in range(data.draw(st.integers(0, 4))):
        base = data.draw(st.sampled_from(copies))
        kinds: list[dict[str, Any]] = [{"text": f"mine {number}"}, {"cancelled": True}, {"cancelled": False}]
        changes = data.draw(st.sampled_from(kinds))
        copies.append(base.edited(f"web-{number}", settles=data.draw(st.booleans()), **changes))
    a, b, c = (data.draw(st.sampled_from(copies)) for _ in range(3))
    assert merge(a, b) == merge(b, a)
    assert merge(merge(a, b), c) == merge(a, merge(b, c))
    assert merge(merge(a, b), b) == merge(a, b)
    everything = merge_all(data.draw(st.permutations(copies)))["m@2026-11-27T18:00"]
    assert everything == merge_all(copies)[everything.id]
    own = [each for each in copies if not each.gives_way]
    assert everything.gives_way is not bool(own)
    assert not any(each.gives_way for each in everything.conflicts)


def made(number: int, **changes: Any) -> Message:
    """What the series made of one date by its content of that number."""
    fields: dict[str, Any] = {
        "revision": 1,
        "version": f"@{number:08d}-web-{number}",
        "text": f"Text {number}",
    } | changes
    return message(id="m@2026-11-27T18:00", **fields)


def test_the_series_that_is_behind_is_carried_on_and_no_other() -> None:
    both = Yielding(WEEKLY, series(BOB, id="other"))
    both.at(NOW)
    both.series["other"] = both.series["other"].edited("web-1", text="New", changed_at=NOW)
    due = both.at(NOW)
    assert {each.split("@")[0] for each in due.messages} == set(due.series) == {"other"}


def test_a_zone_that_this_machine_does_not_know_stops_that_series_only() -> None:
    lost = series(id="lost", zone="Mars/Olympus")
    both = Yielding(lost, WEEKLY)
    (sentence,) = both.at(NOW).problems
    assert "'lost' yields no messages: 'Mars/Olympus' is no time zone" in sentence
    assert FRIDAY in both.messages
    assert both.series["lost"] == lost


def test_a_series_is_stored_and_read_back_as_it_is() -> None:
    fridays = Yielding(WEEKLY)
    fridays.at(NOW)
    (known,) = fridays.series.values()
    assert Series.model_validate(known.as_json()) == known
    assert known.as_json()["rule"] == "FREQ=WEEKLY;BYDAY=FR"
    assert Series.model_validate(known.as_json() | {"later": "field"}).as_json()["later"] == "field"


@pytest.mark.parametrize(
    "change",
    [{"rule": "FREQ=HOURLY"}, {"first": "soon"}, {"first": "2026-02-30T18:00"}, {"first": "1999-01-01T18:00"},
     {"id": "x" * 171}, {"zone": ""}, {"zone": "x" * 65}, {"state": "asleep"},
     {"changedAt": "2026-11-22T12:00:00"}, {"to": ""}],
)  # fmt: skip
def test_a_series_that_makes_no_sense_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Series.model_validate(WEEKLY.as_json() | change)


def test_of_two_reaches_the_one_of_the_newer_content_counts() -> None:
    old, new = (Reach(revision=each, version="web-1", until=in_(days=9 - each)) for each in (1, 2))
    one, other = WEEKLY.evolve(reach=old), WEEKLY.evolve(reach=new)
    assert merge(one, other).reach == merge(other, one).reach == new
    assert merge(WEEKLY, one).reach == old


@pytest.mark.parametrize(
    "other",
    ["weekly", "@2026-11-27T18:00", "weekly@", "weekly@2026-11-27", "weekly@2026-11-27T18:00+00:00",
     "weekly@2026-11-27T18:00:00", "weekly@20261127T1800", "weekly@2026-02-30T18:00", "a@s.whatsapp.net"],
)  # fmt: skip
def test_other_ids_name_no_occurrence(other: str) -> None:
    assert name_of(other) is None


@given(st.datetimes(min_value=datetime.fromisoformat("2000-01-01")).map(lambda each: each.replace(microsecond=0)))
def test_an_id_names_its_series_and_the_wall_time_of_its_rule(wall: datetime) -> None:
    assert name_of(occurrence_id("a@b", wall)) == ("a@b", wall)


decisions = st.lists(
    st.tuples(st.integers(0, 90), st.sampled_from(["text", "time", "pause", "resume", "skip", "move", "send", "host"])),
    max_size=12,
)


@settings(max_examples=25)
@given(decisions, st.booleans())
def test_no_day_gets_two_and_whatever_was_decided_stays(plan: list[tuple[int, str]], always_on: bool) -> None:
    """A daily series for 90 days, with decisions in between; the host folds each day, or only now and then."""
    daily = Yielding(series(id="daily", first="2026-11-22T13:00", rule=DAILY))
    decided: dict[str, Message] = {}
    folded = 0
    for number, (day, what) in enumerate(sorted(plan), start=1):
        now = in_(days=day)
        while always_on and folded < day:
            folded += 1
            daily.at(in_(days=folded))
        if what == "host":
            daily.at(now)
        elif what in ("skip", "move", "send"):
            decide_about_the_next(daily, decided, what, number, now)
        else:
            changes: dict[str, dict[str, Any]] = {
                "text": {"text": f"Text {number}"},
                "time": {"first": f"2026-11-22T{number % 24:02}:30"},
                "pause": {"state": SeriesState.PAUSED},
                "resume": {"state": SeriesState.ACTIVE},
            }
            daily.edit(number, now, **changes[what])
    last = in_(days=90)
    daily.at(last)
    assert daily.at(last) == Yield({}, {}, [])
    assert decided.items() <= daily.messages.items()
    days = [name.wall.date() for id_ in daily.open if (name := name_of(id_))]
    assert len(days) == len(set(days))
    (known,) = daily.series.values()
    if known.state is SeriesState.ACTIVE:
        shown = {occurrence_id("daily", each.wall) for each in upcoming(known, daily.messages.values(), last, 30)}
        assert shown <= daily.messages.keys()


def decide_about_the_next(daily: Yielding, decided: dict[str, Message], what: str, number: int, now: datetime) -> None:
    later = sorted(
        (each for each in daily.open.values() if each.open and each.send_at > now), key=lambda each: each.send_at
    )
    if not later:
        return
    id_ = later[0].id
    if what == "send":
        daily.messages[id_] = sent(daily.messages[id_])
    else:
        changes: Mapping[str, Any] = {"cancelled": True} if what == "skip" else {"text": "Mine", "send_at": now + AHEAD}
        daily.messages[id_] = daily.messages[id_].edited(f"web-{900 + number}", **changes)
    decided[id_] = daily.messages[id_]


def test_the_horizon_moves_once_a_day() -> None:
    assert horizon(NOW) == horizon(in_(hours=11)) == datetime(2026, 12, 28, tzinfo=UTC)
    assert horizon(in_(hours=12)) == datetime(2026, 12, 29, tzinfo=UTC)


def test_a_date_that_is_not_sent_if_they_write_counts_from_the_one_before() -> None:
    fridays = Yielding(series(id="weekly", cancel_if_they_write=True))
    fridays.at(NOW)
    dates = list(fridays.messages.values())
    assert [each.cancel_if_they_write_after for each in dates] == [NOW, *(each.send_at for each in dates[:-1])]
    fridays.at(in_(days=20))  # later ones, made by themselves, continue the row
    last = list(fridays.messages.values())[-1]
    assert last.cancel_if_they_write_after == last.send_at - timedelta(days=7)
    fridays.edit(1, in_(days=20), cancel_if_they_write=False)
    fridays.at(in_(days=20))
    assert fridays.messages[last.id].cancel_if_they_write_after is None
