"""The fold on bad days: nothing unreadable is overwritten, the readable goes on, and each damage is said in words."""

import json
import re
from typing import Any

import pytest

from shared.model.message import Message, Status
from shared.store import keys
from shared.store.errors import CutShort, FoldTooSlow, NewerVersion, Unreachable
from shared.store.oplog import Operation
from shared.store.view import View
from tests.builders import claimed, in_
from tests.fakes.account import Account
from tests.fakes.chaos import Fault

DAY = 24 * 60
BEYOND = "9999-12-31T23:59:59-14:00"
"""An instant that no calendar has."""


@pytest.fixture
def account() -> Account:
    """An account with two messages, folded twice: "one" is claimed."""
    account = Account()
    first = account.schedule("one")
    account.fold_at()
    account.schedule("two")
    account.fold_at(minutes=1, one=claimed(first).delivery)
    return account


def damage(account: Account, data: bytes, key: str = keys.SCHEDULED) -> None:
    account.bucket.inner.put(key, data)


def cut(account: Account) -> bytes:
    """scheduled.json without its last bytes, as an editor that died leaves it."""
    data = account.bucket.inner.get(keys.SCHEDULED).data[:-40]
    damage(account, data)
    return data


def change_by_hand(account: Account, **changes: Any) -> None:
    """Somebody edits the first message in scheduled.json with an editor."""
    raw = json.loads(account.bucket.inner.get(keys.SCHEDULED).data)
    raw["messages"][0] |= changes
    damage(account, json.dumps(raw, indent=4).encode())


def aside(account: Account) -> list[bytes]:
    return [account.bucket.inner.get(entry.key).data for entry in account.bucket.inner.list(keys.SET_ASIDE)]


@pytest.mark.parametrize("restarted", [False, True])
def test_a_truncated_projection_is_set_aside_and_rebuilt(account: Account, restarted: bool) -> None:
    damaged = cut(account)
    if restarted:
        account.restart()
    folded = account.fold_at(minutes=2)
    assert aside(account) == [damaged]
    (problem,) = folded.problems
    assert problem.startswith("scheduled.json is no valid JSON")
    assert re.search(r"copied to set-aside/20261122T120200Z/scheduled\.json and rebuilt from \S+ and the log", problem)
    assert {*folded.messages} == {*account.stored()} == {"one", "two"}
    assert account.fold_at(minutes=3).problems == []


def test_the_host_that_saw_it_last_loses_nothing(account: Account) -> None:
    before = account.read(minutes=2).messages
    damage(account, b"")
    assert account.fold_at(minutes=3).messages == account.stored() == before


def test_a_host_that_starts_on_it_gets_everything_but_what_its_ledger_holds(account: Account) -> None:
    cut(account)
    account.restart()
    claim = claimed(account.read(minutes=2).messages["one"]).delivery
    account.write(minutes=2, one=claim)
    assert account.stored()["one"].status is Status.CLAIMED


def test_what_left_the_log_is_rebuilt_from_the_snapshot(account: Account) -> None:
    for minutes in (10 * DAY, 11 * DAY, 12 * DAY):
        account.schedule(f"at-{minutes}", minutes=minutes)
        account.fold_at(minutes=minutes)
    assert not [key for key in account.log() if key.startswith("log/20261122")]
    cut(account)
    account.restart()
    assert len(account.fold_at(minutes=12 * DAY + 2).messages) == 5


def test_an_unreadable_snapshot_too_leaves_the_daily_one(account: Account) -> None:
    account.fold_at(minutes=DAY)
    cut(account)
    damage(account, b"<html>", keys.previous_snapshot(keys.SCHEDULED))
    account.restart()
    folded = account.fold_at(minutes=DAY + 1)
    assert "rebuilt from snapshots/20261123/scheduled.json and the log" in folded.problems[0]
    assert folded.messages["one"].status is Status.CLAIMED


def test_without_any_snapshot_the_log_is_what_is_left() -> None:
    account = Account()
    account.schedule()
    damage(account, b"not JSON")
    folded = account.fold_at()
    assert "rebuilt from nothing else and the log" in folded.problems[0]
    assert [*account.stored()] == ["one"]
    assert aside(account) == [b"not JSON"]


def test_an_unreadable_projection_is_replaced_even_where_there_is_nothing_to_put_in_it() -> None:
    account = Account()
    damage(account, b"not JSON")
    account.fold_at()
    assert account.stored() == {}


def test_a_failing_write_after_the_rescue_does_not_copy_again(account: Account) -> None:
    damaged = cut(account)
    account.read(minutes=2)
    for minutes in (3, 4):
        assert account.read(minutes=minutes).problems == []
    account.write(minutes=4)
    assert aside(account) == [damaged]


def test_what_only_came_cut_short_is_not_damage(account: Account) -> None:
    account.restart()
    whole = account.stored()
    account.bucket.arm(Fault.TRUNCATED, on=keys.SCHEDULED)
    with pytest.raises(CutShort, match="is read again"):
        account.read(minutes=2)
    assert account.fold_at(minutes=3).problems == []
    assert account.stored() == whole
    assert aside(account) == []


def test_a_copy_that_does_not_read_back_as_written_is_no_copy(account: Account) -> None:
    damaged = cut(account)
    account.bucket.arm(Fault.TRUNCATED, call=2, on=keys.SET_ASIDE)
    with pytest.raises(Unreachable, match="nothing is overwritten until it does"):
        account.read(minutes=2)
    assert account.bucket.inner.get(keys.SCHEDULED).data == damaged
    account.fold_at(minutes=3)
    assert {*account.stored()} == {"one", "two"}


def test_what_came_cut_short_twice_is_not_damage(account: Account) -> None:
    account.restart()
    for call in (0, 1):
        account.bucket.arm(Fault.TRUNCATED, call, on=keys.SCHEDULED)
    with pytest.raises(CutShort):
        account.read(minutes=2)
    assert aside(account) == []


def test_a_snapshot_that_came_cut_short_is_not_passed_over_for_an_older_one(account: Account) -> None:
    account.schedule("three", minutes=61)
    account.fold_at(minutes=61)
    cut(account)
    account.restart()
    account.bucket.arm(Fault.TRUNCATED, on=keys.previous_snapshot(keys.SCHEDULED))
    with pytest.raises(CutShort):
        account.read(minutes=62)
    assert {*account.fold_at(minutes=63).messages} == {"one", "two", "three"}


@pytest.mark.parametrize("restarted", [False, True])
def test_a_projection_that_was_deleted_is_written_again(account: Account, restarted: bool) -> None:
    account.bucket.delete(keys.SCHEDULED)
    if restarted:
        account.restart()
    folded = account.fold_at(minutes=2)
    assert [problem.split(" It was ")[0] for problem in folded.problems] == ["scheduled.json was gone."]
    assert {*account.stored()} == {"one", "two"}


@pytest.mark.parametrize("time", [{}, {"scheduledTime": BEYOND}, {"scheduledTime": "0001-01-01T00:00:00+14:00"}])
def test_a_broken_record_stays_as_it_is_and_is_said_each_time(account: Account, time: dict[str, str]) -> None:
    raw = json.loads(account.bucket.inner.get(keys.SCHEDULED).data)
    broken = {"id": "three", "to": "447700900003", "message": "When?", "colour": {"a": [1, 2.5, None]}, **time}
    raw["messages"].append(broken)
    damage(account, json.dumps(raw).encode())
    account.schedule("four", minutes=2)
    for minutes in (2, 3):
        folded = account.fold_at(minutes=minutes)
        (problem,) = [each for each in folded.problems if "three" in each]
        assert problem.startswith("scheduled.json: the record 'three' could not be read: scheduledTime:")
        assert "kept as it is; the others go on" in problem
        assert {*folded.messages} == {"one", "two", "four"}
    after = json.loads(account.bucket.inner.get(keys.SCHEDULED).data)["messages"]
    assert [each for each in after if each["id"] == "three"] == [broken]


def test_a_broken_contact_is_said_each_time_too(account: Account) -> None:
    damage(account, b'{"version": 1, "contacts": [{"id": "nobody", "phones": "none"}]}', keys.CONTACTS)
    account.restart()
    for minutes in (2, 3):
        (problem,) = account.fold_at(minutes=minutes).problems
        assert problem.startswith("contacts.json: the record 'nobody' could not be read: phones:")


def test_a_broken_record_that_somebody_repairs_is_read(account: Account) -> None:
    raw = json.loads(account.bucket.inner.get(keys.SCHEDULED).data)
    raw["messages"].append({"id": "three", "to": "447700900003", "message": "When?"})
    damage(account, json.dumps(raw).encode())
    account.fold_at(minutes=2)
    raw["messages"][-1]["scheduledTime"] = "2026-11-22T18:00:00Z"
    damage(account, json.dumps(raw).encode())
    folded = account.fold_at(minutes=3)
    assert folded.messages["three"].text == "When?"
    assert [problem for problem in folded.problems if "could not be read" in problem] == []


@pytest.mark.parametrize("restarted", [False, True])
def test_an_edit_by_hand_is_taken_over_and_said(account: Account, restarted: bool) -> None:
    change_by_hand(account, message="Written with an editor.")
    if restarted:
        account.restart()
    folded = account.fold_at(minutes=2)
    assert folded.problems == ["scheduled.json was edited by hand: what was changed in one is taken over."]
    assert account.stored()["one"].text == "Written with an editor."
    assert account.stored()["one"].status is Status.CLAIMED
    assert account.fold_at(minutes=3).problems == []


def test_an_edit_by_hand_and_one_on_the_page_are_both_kept(account: Account) -> None:
    before = account.stored()["one"]
    change_by_hand(account, message="Written with an editor.")
    account.edit(before, minutes=2, text="Written on the page.")
    merged = account.fold_at(minutes=2).messages["one"]
    assert {merged.text, *(other.text for other in merged.conflicts)} >= {"Written on the page."}
    assert len(account.stored()) == 2


def test_a_message_added_by_hand_is_taken_over(account: Account) -> None:
    raw = json.loads(account.bucket.inner.get(keys.SCHEDULED).data)
    raw["messages"].append(
        {"id": "mine", "to": "447700900002", "message": "By hand", "scheduledTime": "2026-11-23T10:00:00+01:00"}
    )
    damage(account, json.dumps(raw).encode())
    folded = account.fold_at(minutes=2)
    assert folded.problems == ["scheduled.json was written by somebody else: what it holds was merged in."]
    assert account.read(minutes=3).messages["mine"].text == "By hand"


def test_a_message_removed_by_hand_is_put_back_and_said(account: Account) -> None:
    raw = json.loads(account.bucket.inner.get(keys.SCHEDULED).data)
    del raw["messages"][0]
    damage(account, json.dumps(raw).encode())
    folded = account.fold_at(minutes=2)
    assert folded.problems == ["scheduled.json lacked one: put back. Cancel or delete on the page instead."]
    assert {*account.stored()} == {"one", "two"}


def test_a_status_changed_by_hand_is_no_delivery(account: Account) -> None:
    change_by_hand(account, status="sent", delivery={"state": "pending"})
    assert account.fold_at(minutes=2).messages["one"].status is Status.CLAIMED


@pytest.mark.parametrize("key", [keys.SCHEDULED, keys.CONTACTS])
@pytest.mark.parametrize("restarted", [False, True])
def test_a_newer_version_is_never_written_over(account: Account, key: str, restarted: bool) -> None:
    newer = b'{"version": 2, "by": "a newer host"}'
    damage(account, newer, key)
    if restarted:
        account.restart()
    account.schedule("three", minutes=11)
    account.add_contact(minutes=11)
    with pytest.raises(NewerVersion, match=f"{key} was written by a newer WhatsApp-VPSLink"):
        account.read(minutes=11)
    with pytest.raises(FoldTooSlow):
        account.write(minutes=11)
    assert account.bucket.inner.get(key).data == newer
    assert aside(account) == []


@pytest.mark.parametrize("data", [b"", b"<html>", b'{"version": 1, "name": "web"}', b"\x1f\x8b\x08broken"])
def test_a_log_object_that_is_no_operation_is_set_aside_and_the_others_go_on(account: Account, data: bytes) -> None:
    damage(account, data, "log/20261122/bad.json")
    account.schedule("three", minutes=2)
    folded = account.fold_at(minutes=2)
    (problem,) = folded.problems
    assert problem.startswith("log/20261122/bad.json is ")
    assert "set aside as set-aside/20261122T120200Z/log/20261122/bad.json; the others go on" in problem
    assert "three" in folded.messages
    assert aside(account) == [data]
    assert "log/20261122/bad.json" not in account.log()
    assert account.fold_at(minutes=3).problems == []


def test_a_log_object_that_came_cut_short_is_not_damage(account: Account) -> None:
    account.schedule("three", minutes=2)
    account.bucket.arm(Fault.TRUNCATED, call=1, on="log/")
    folded = account.read(minutes=2)
    assert ["is read again" in problem for problem in folded.problems] == [True]
    assert "three" in account.read(minutes=3).messages
    assert aside(account) == []


def test_an_old_operation_that_came_cut_short_is_neither_forgotten_by_readers_nor_by_the_fold(account: Account) -> None:
    account.schedule("three", minutes=2)
    account.schedule("four", minutes=9 * DAY)
    account.restart()
    account.bucket.arm(Fault.TRUNCATED, on=account.log()[2])
    assert "three" not in account.fold_at(minutes=9 * DAY).messages
    assert {*account.stored()} == {"one", "two", "four"}
    assert "three" in View(account.bucket).read(in_(days=9)).messages
    assert "three" in account.fold_at(minutes=9 * DAY + 1).messages


def test_a_log_object_of_a_newer_writer_waits_for_a_newer_host(account: Account) -> None:
    key = "log/20261122/new.json"
    damage(account, b'{"version": 3}', key)
    for minutes in (2, 3):
        assert ["update this one" in problem for problem in account.fold_at(minutes=minutes).problems] == [True]
    assert key in account.log()


def test_a_log_object_that_cannot_be_set_aside_stays_and_is_said(account: Account) -> None:
    damage(account, b"<html>", "log/20261122/bad.json")
    account.bucket.arm(Fault.ERROR_BEFORE, on=keys.SET_ASIDE)
    folded = account.read(minutes=2)
    assert ["It could not be set aside" in problem for problem in folded.problems] == [True]
    assert "log/20261122/bad.json" in account.log()
    account.fold_at(minutes=3)
    assert aside(account) == [b"<html>"]


def test_two_damages_in_one_second_are_both_kept(account: Account) -> None:
    first = cut(account)
    account.read(minutes=2)
    damage(account, b"worse")
    account.restart()
    with pytest.raises(Exception, match="is set aside a second later"):
        account.read(minutes=2)
    account.fold.read(in_(minutes=2, seconds=1))
    assert aside(account) == [first, b"worse"]


def test_a_hostile_log_object_stops_nothing(account: Account) -> None:
    note = account.schedule("three", minutes=2)
    hostile: dict[str, Any] = json.loads(account.bucket.inner.get(account.log()[-1]).data)
    fields = {"text": "again", "send_at": "soon", "scheduledTime": BEYOND, "note": "\ud83d", "conflicts": [[]]}
    for field, value in fields.items():
        raw = hostile | {"messages": [note.as_json() | {field: value}]}
        damage(account, json.dumps(raw).encode(), f"log/20261122/hostile-{field}.json")
    folded = account.fold_at(minutes=2)
    assert len(folded.problems) == len(fields)
    assert isinstance(folded.messages["three"], Message)
    assert all(isinstance(each, str) for each in folded.problems)
    assert Operation.model_validate(hostile).messages == (note,)
