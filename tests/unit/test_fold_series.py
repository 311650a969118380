"""The fold carries series on: it may die between any two of its steps and run any number of times, and each date of a
series is one message."""

import json
from datetime import timedelta
from typing import Any

import pytest

from shared.model.message import Status
from shared.model.occurrences import materialise
from shared.model.recurrence import Freq, Rule
from shared.model.series import Series, SeriesState
from shared.store import document, keys
from shared.store.errors import NewerVersion, Unreachable, Unreadable
from shared.store.fold import Fold
from shared.store.memory import MemoryBucket
from shared.store.oplog import Writer, print_operation, read_operation
from shared.store.projection import read_scheduled
from shared.store.sparse import read_open
from shared.store.view import View
from tests.builders import NOW, claimed, in_, sent, series
from tests.fakes.account import Account
from tests.fakes.chaos import Crash, Fault
from tests.fakes.clock import FakeClock

DAY = 24 * 60
DAILY = Rule(freq=Freq.DAILY)
FRIDAY = "weekly@2026-11-27T18:00"


@pytest.fixture
def account() -> Account:
    return Account()


def repeat(account: Account, minutes: float = 0, **changes: Any) -> Series:
    """Somebody schedules a series."""
    name = account.writer.reserve()
    fields: dict[str, Any] = {"id": "weekly", "version": name, "changed_at": in_(minutes=minutes)}
    new = series(**(fields | changes))
    account.writer.append(name, in_(minutes=minutes), series=[new])
    return new


def change(account: Account, old: Series, minutes: float = 0, **changes: Any) -> Series:
    """Somebody changes it."""
    name = account.writer.reserve()
    new = old.edited(name, changed_at=in_(minutes=minutes), **changes)
    account.writer.append(name, in_(minutes=minutes), series=[new])
    return new


def stored_series(account: Account) -> dict[str, Series]:
    return read_scheduled(account.bucket.get(keys.SCHEDULED).data).series


def test_a_series_and_what_it_yields_are_in_the_projection(account: Account) -> None:
    weekly = repeat(account)
    folded = account.fold_at()
    assert folded.series == stored_series(account)
    assert folded.series["weekly"].head() == weekly.head()
    assert account.stored() == dict(folded.messages) == materialise({"weekly": weekly}, {}, NOW).messages
    assert len(account.stored()) == 5
    raw = json.loads(account.bucket.get(keys.SCHEDULED).data)
    assert raw["series"][0]["rule"] == "FREQ=WEEKLY;BYDAY=FR"
    assert raw["messages"][0]["id"] == FRIDAY


def test_a_fold_with_nothing_new_writes_nothing(account: Account) -> None:
    repeat(account)
    account.fold_at()
    account.read(minutes=1)
    assert not account.write(minutes=1).wrote
    account.restart()
    account.read(minutes=2)
    assert not account.write(minutes=2).wrote
    account.read(minutes=DAY)
    assert account.write(minutes=DAY).wrote, "a day further"


def test_a_host_whose_clock_is_not_trusted_carries_nothing_on(account: Account) -> None:
    repeat(account)
    assert account.fold.read(in_(days=400), trusts_clock=lambda: False).messages == {}
    assert len(account.fold_at(minutes=1).messages) == 5


@pytest.mark.parametrize("fault", [Fault.ERROR_BEFORE, Fault.ERROR_AFTER, Fault.CRASH_BEFORE, Fault.CRASH_AFTER])
@pytest.mark.parametrize("call", range(8))
def test_wherever_it_dies_the_next_fold_makes_the_same_messages(account: Account, fault: Fault, call: int) -> None:
    weekly = repeat(account)
    account.fold_at()
    first = account.stored()[FRIDAY]
    account.edit(account.stored()["weekly@2026-12-04T18:00"], minutes=1, text="Only this once")
    change(account, weekly, 2, text="New")
    account.bucket.arm(fault, call)
    try:
        account.fold_at(3, **{FRIDAY: claimed(first).delivery})
    except (Crash, Unreachable):
        account.restart()
    account.bucket.disarm()
    account.fold_at(4)
    texts = [each.text for _, each in sorted(account.stored().items())]
    assert texts in (
        ["New", "Only this once", "New", "New", "New"],
        [weekly.text, "Only this once", "New", "New", "New"],
    )
    assert not any(each.conflicts for each in account.stored().values())
    account.read(5)
    assert not account.write(5).wrote
    assert View(account.bucket).read(in_(minutes=5)).messages == account.stored()


def test_a_lost_projection_is_rebuilt_with_the_same_messages(account: Account) -> None:
    repeat(account)
    account.fold_at()
    account.fold_at(1, **{FRIDAY: sent(account.stored()[FRIDAY]).delivery})
    account.fold_at(2)
    before, known = account.stored(), stored_series(account)
    account.bucket.inner.put(keys.SCHEDULED, b"{")
    account.restart()
    rebuilt = account.fold_at(3)
    assert dict(rebuilt.messages).keys() == before.keys()
    assert rebuilt.series == known
    account.fold_at(4, **{FRIDAY: before[FRIDAY].delivery})  # from the ledger
    assert account.stored() == before


def test_a_skip_and_a_pause_are_obeyed_and_confirmed(account: Account) -> None:
    weekly = repeat(account)
    account.fold_at()
    skipped = account.edit(account.stored()[FRIDAY], minutes=1, cancelled=True)
    paused = change(account, weekly, 2, state=SeriesState.PAUSED)
    account.fold_at(3)
    assert {each.cancelled for each in account.stored().values()} == {True}
    assert account.stored()[FRIDAY].version == skipped.version
    change(account, paused, 4, state=SeriesState.ACTIVE)
    account.fold_at(5)
    assert [each.cancelled for each in account.stored().values()] == [True, False, False, False, False]
    assert account.stored()[FRIDAY].status is Status.PENDING  # asked to cancel; nothing here confirms


def test_two_edits_at_once_are_both_kept_until_somebody_picks(account: Account) -> None:
    weekly = repeat(account)
    account.fold_at()
    change(account, weekly, 1, text="One")
    change(account, weekly, 2, text="Other")
    account.fold_at(3)
    (kept,) = stored_series(account).values()
    assert (kept.text, [each.text for each in kept.conflicts]) == ("Other", ["One"])
    assert {each.text for each in account.stored().values()} == {"Other"}
    picked = kept.edited(name := account.writer.reserve(), settles=True, text="Picked", changed_at=in_(minutes=4))
    account.writer.append(name, in_(minutes=4), series=[picked])
    account.fold_at(5)
    assert stored_series(account)["weekly"].conflicts == ()
    assert {each.text for each in account.stored().values()} == {"Picked"}


def test_a_pause_wins_over_an_edit_that_did_not_know_of_it(account: Account) -> None:
    weekly = repeat(account)
    change(account, weekly, 1, text="New")
    change(account, weekly, 1, state=SeriesState.PAUSED)
    account.fold_at(2)
    assert stored_series(account)["weekly"].state is SeriesState.PAUSED
    assert account.stored() == {}


def test_an_older_reader_waits_for_its_update_rather_than_lose_a_series(account: Account) -> None:
    repeat(account)
    (key,) = account.log()
    data = account.bucket.inner.get(key).data
    assert json.loads(data)["version"] == 2
    with pytest.raises(NewerVersion, match="update this one"):
        document.check_version(json.loads(data), key)
    assert print_operation(read_operation(data, key)) == data
    account.schedule("one")
    (other,) = set(account.log()) - {key}
    assert json.loads(account.bucket.inner.get(other).data)["version"] == 1


def test_a_series_goes_from_the_log_when_it_was_seen(account: Account) -> None:
    repeat(account)
    account.fold_at()
    account.fold_at(1 * DAY)
    for days in (10, 11, 12):
        account.fold_at(days * DAY)
    assert account.log() == []
    assert stored_series(account).keys() == {"weekly"}


def test_a_series_that_cannot_be_read_is_kept_as_it_is_and_said(account: Account) -> None:
    repeat(account)
    account.fold_at()
    raw = json.loads(account.bucket.get(keys.SCHEDULED).data)
    odd = {"id": "odd", "rule": "FREQ=HOURLY", "zone": "Europe/London"}
    account.bucket.inner.put(keys.SCHEDULED, json.dumps(raw | {"series": [*raw["series"], odd]}).encode())
    account.schedule("one", 1)
    (problem, *_) = [each for each in account.fold_at(2).problems if "odd" in each]
    assert "the record 'odd' could not be read" in problem
    assert json.loads(account.bucket.get(keys.SCHEDULED).data)["series"][1] == odd
    assert FRIDAY in account.stored()


@pytest.mark.parametrize("found", ['"none"', "7", '{"weekly": {}}'])
def test_a_list_of_series_that_is_none_is_damage(found: str) -> None:
    with pytest.raises(Unreadable, match='its "series" is no list'):
        read_scheduled(b'{"version": 1, "messages": [], "series": ' + found.encode() + b"}")


def test_a_series_that_was_changed_by_hand_is_taken_over(account: Account) -> None:
    repeat(account)
    account.fold_at()
    raw = json.loads(account.bucket.get(keys.SCHEDULED).data)
    raw["series"][0]["message"] = "By hand"
    account.bucket.inner.put(keys.SCHEDULED, json.dumps(raw).encode())
    folded = account.fold_at(1)
    assert "what was changed in weekly is taken over" in folded.problems[0]
    assert {each.text for each in account.stored().values()} == {"By hand"}


def test_a_large_projection_keeps_its_series_and_the_tick_reads_it(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(document, "PLAIN_BELOW", 0)
    repeat(account)
    account.fold_at()
    account.fold_at(1, **{FRIDAY: sent(account.stored()[FRIDAY]).delivery})
    data = account.bucket.get(keys.SCHEDULED).data
    assert read_open(data).ended == {FRIDAY}
    assert read_open(data).series == read_scheduled(data).series == stored_series(account)


def test_hosts_in_turn_make_each_date_once() -> None:
    """Two months, another host each day, some days none at all: each date is one message, also those that passed."""
    bucket = MemoryBucket()
    writer = Writer(bucket, "web", clock=FakeClock())
    name = writer.reserve()
    daily = series(id="daily", version=name, first="2026-11-22T13:00", rule=DAILY)
    writer.append(name, NOW, series=[daily])
    for days in (*range(10), 12, 13, 55, 56, 60):
        fold = Fold(bucket)
        fold.read(in_(days=days))
        fold.write(in_(days=days), {})
    found = read_scheduled(bucket.get(keys.SCHEDULED).data).messages.values()
    assert [each.send_at for each in found] == [in_(days=day, hours=1) for day in range(len(found))]
    assert len(found) >= 60 + timedelta(days=35).days
