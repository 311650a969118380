"""A rule in words, and the dates of a series before any host has made messages of them."""

from datetime import date, datetime, timedelta

import pytest

from shared.model.recurrence import LAST_DAY, Freq, Rule
from shared.model.series import SeriesState
from shared.store.fold import Fold
from shared.store.memory import MemoryBucket
from shared.store.oplog import Writer
from tests.builders import NOW, in_, series
from web import rule_words
from web.foreseen import ForeseeingView

FRIDAY = "weekly@2026-11-27T18:00"
NINE = datetime.fromisoformat("2026-11-27T09:00")


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        (Rule(freq=Freq.WEEKLY, weekdays=tuple(range(7))), "every day at 09:00"),
        (Rule(freq=Freq.WEEKLY, weekdays=(0, 2, 4)), "every Monday, Wednesday and Friday at 09:00"),
        (Rule(freq=Freq.MONTHLY, month_day=2, interval=3), "every 3 months on the 2nd at 09:00"),
        (Rule(freq=Freq.MONTHLY, month_day=11, count=1), "every month on the 11th at 09:00, 1 time"),
        (Rule(freq=Freq.MONTHLY, month_day=23), "every month on the 23rd at 09:00"),
        (Rule(freq=Freq.YEARLY, month=12, month_day=25, interval=2), "every 2 years on 25 December at 09:00"),
        (Rule(freq=Freq.YEARLY, month=2, month_day=LAST_DAY), "every year on the last day of February at 09:00"),
        (Rule(freq=Freq.DAILY, until=date(2027, 1, 9)), "every day at 09:00, until 9 January 2027"),
    ],
)
def test_a_rule_is_said_as_people_say_it(rule: Rule, words: str) -> None:
    assert rule_words.in_words(rule, NINE) == words


def test_seconds_are_said_where_there_are_any() -> None:
    assert rule_words.in_words(Rule(freq=Freq.DAILY), NINE.replace(second=15)) == "every day at 09:00:15"


class Watched:
    """A bucket with one series, one writer and the page's view."""

    def __init__(self) -> None:
        self.bucket = MemoryBucket()
        self.writer = Writer(self.bucket, "web")
        self.view = ForeseeingView(self.bucket)
        name = self.writer.reserve()
        self.weekly = series(id="weekly", version=name)
        self.writer.append(name, NOW, series=[self.weekly])

    def fold(self, now: datetime) -> None:
        host = Fold(self.bucket)
        host.read(now)
        host.write(now, {})


def test_the_page_shows_what_the_host_will_make_and_then_the_same() -> None:
    watched = Watched()
    foreseen = watched.view.read(NOW).messages
    assert len(foreseen) == 5
    watched.fold(NOW)
    assert dict(watched.view.read(NOW).messages) == dict(foreseen)


def test_nothing_is_worked_out_again_while_nothing_changed() -> None:
    watched = Watched()
    first = watched.view.read(NOW).messages
    assert watched.view.read(in_(hours=1)).messages is first
    assert len(watched.view.read(in_(days=6)).messages) == 6, "another day, another date within reach"


def test_a_date_can_be_decided_about_before_the_host_has_made_it() -> None:
    watched = Watched()
    name = watched.writer.reserve()
    skipped = watched.view.read(NOW).messages[FRIDAY].edited(name, cancelled=True)
    watched.view.remember(watched.writer.append(name, NOW, messages=[skipped]))
    assert watched.view.read(NOW).messages[FRIDAY] == skipped
    watched.fold(NOW)
    assert watched.view.read(NOW).messages[FRIDAY] == skipped
    assert len(watched.view.read(NOW).messages) == 5


def test_what_a_stopped_series_withdraws_is_shown_as_asked_for() -> None:
    watched = Watched()
    watched.fold(NOW)
    name = watched.writer.reserve()
    at = NOW + timedelta(minutes=1)
    paused = watched.weekly.edited(name, changed_at=at, state=SeriesState.PAUSED)
    watched.view.remember(watched.writer.append(name, at, series=[paused]))
    shown = watched.view.read(at).messages.values()
    assert {each.asked_to_cancel for each in shown} == {True}
