"""The fold on ordinary days: operations become projections, deliveries are stored, old objects go in the end."""

import json
from datetime import timedelta

import pytest

from shared.model.message import Status
from shared.store import keys
from shared.store.errors import FoldTooSlow, NoSpace, StoreError, Unreachable
from shared.store.fold import Folded, Written
from shared.store.memory import MemoryBucket
from shared.store.projection import read_contacts
from shared.store.view import View
from tests.builders import NOW, begun, claimed, in_, sent
from tests.fakes.account import Account
from tests.fakes.chaos import Fault

OLD_FILE = json.dumps(
    {
        "messages": [
            {
                "id": "1766570400000_k3j9x",
                "to": "447700900001",
                "message": "Merry Christmas!",
                "scheduledTime": "2026-12-24T10:00:00Z",
                "status": "pending",
                "createdFrom": "web",
                "colour": "red",
            }
        ]
    }
).encode()


@pytest.fixture
def account() -> Account:
    return Account()


def test_what_was_scheduled_is_in_the_projection(account: Account) -> None:
    scheduled = account.schedule()
    folded = account.read()
    assert (folded.messages, folded.contacts, folded.problems) == ({"one": scheduled}, {}, [])
    assert account.write() == Written(True, NOW)
    assert account.stored() == {"one": scheduled}


def test_contacts_have_a_projection_of_their_own(account: Account) -> None:
    id_ = account.add_contact()
    assert [*account.fold_at().contacts] == [id_]
    assert [*read_contacts(account.bucket.get(keys.CONTACTS).data).contacts] == [id_]
    assert keys.SCHEDULED not in account.calls("put")


def test_an_empty_account_writes_nothing(account: Account) -> None:
    assert account.fold_at() == Folded({}, {}, [])
    assert not account.write().wrote
    assert account.calls("put") == []


def test_nothing_is_written_where_nothing_changed(account: Account) -> None:
    account.schedule()
    account.fold_at()
    account.bucket.calls.clear()
    account.read(minutes=1)
    assert not account.write(minutes=1).wrote
    account.restart()
    account.read(minutes=2)
    assert not account.write(minutes=2).wrote
    assert [key for key in account.calls("put") if not key.startswith(keys.SNAPSHOTS)] == []


def test_a_quiet_minute_costs_one_listing_and_one_get(account: Account) -> None:
    account.schedule()
    account.add_contact()
    account.fold_at()
    account.bucket.calls.clear()
    account.fold_at(minutes=1)
    assert account.bucket.calls == [("list", keys.LOG), ("get", keys.SCHEDULED)]


def test_each_operation_is_read_once(account: Account) -> None:
    account.schedule()
    three_days = 3 * 24 * 60  # later the day's folder is listed hourly only
    for minutes in (0, 1, 61, three_days, three_days + 1, three_days + 62):
        account.fold_at(minutes=minutes)
    assert account.calls("get").count(account.log()[0]) == 1


def test_an_edit_is_folded_over_what_it_was_made_from(account: Account) -> None:
    first = account.schedule()
    account.fold_at()
    second = account.edit(first, text="Coffee?")
    account.edit(second, cancelled=True)
    folded = account.fold_at(minutes=1)
    assert (folded.messages["one"].text, folded.messages["one"].cancelled) == ("Coffee?", True)
    assert account.stored()["one"].asked_to_cancel


def test_the_hosts_deliveries_are_stored_with_the_status_the_old_readers_know(account: Account) -> None:
    scheduled = account.schedule()
    account.read()
    assert account.write(one=claimed(scheduled).delivery).wrote
    assert account.stored()["one"].status is Status.CLAIMED
    account.fold_at(minutes=1, one=sent(scheduled).delivery)
    raw = json.loads(account.bucket.get(keys.SCHEDULED).data)["messages"][0]
    assert (raw["status"], raw["sentAt"]) == ("sent", "2026-11-22T13:00:00.200000Z")


def test_a_late_copy_of_a_delivery_takes_nothing_back(account: Account) -> None:
    scheduled = account.schedule()
    account.fold_at(one=begun(scheduled).delivery)
    account.fold_at(minutes=1, one=claimed(scheduled).delivery)
    assert account.stored()["one"].status is Status.SENDING


def test_a_delivery_of_a_message_that_is_not_known_yet_is_said(account: Account) -> None:
    account.bucket.hold_listings()
    late = account.schedule("late")
    account.read()
    assert account.write(late=claimed(late).delivery) == Written(False, NOW, frozenset({"late"}))
    account.bucket.catch_up()
    account.read(minutes=1)
    assert account.write(minutes=1, late=claimed(late).delivery).unapplied == frozenset()
    assert account.stored()["late"].status is Status.CLAIMED


def test_a_host_that_starts_again_goes_on_where_it_was(account: Account) -> None:
    scheduled = account.schedule()
    account.fold_at(one=claimed(scheduled).delivery)
    account.schedule("two")
    account.restart()
    folded = account.fold_at(minutes=1)
    assert {id_: each.status for id_, each in folded.messages.items()} == {"one": Status.CLAIMED, "two": Status.PENDING}
    assert folded.problems == []


def test_operations_of_a_writer_with_a_wrong_clock_are_found_within_the_hour(account: Account) -> None:
    account.fold_at()
    account.schedule("days-behind", minutes=-3 * 24 * 60)
    assert [*account.fold_at(minutes=30).messages] == []
    assert [*account.fold_at(minutes=61).messages] == ["days-behind"]


def test_after_the_clock_was_set_back_everything_is_looked_at_again(account: Account) -> None:
    account.fold_at(minutes=60 * 24 * 400)
    account.schedule()
    assert [*account.fold_at().messages] == ["one"]


def test_a_fold_that_took_longer_than_a_minute_is_thrown_away(account: Account) -> None:
    account.schedule()
    account.read()
    with pytest.raises(FoldTooSlow, match="thrown away"):
        account.write(minutes=1.1)
    assert account.calls("put") == account.log()
    account.fold_at(minutes=2)
    assert [*account.stored()] == ["one"]


def test_nothing_is_written_before_something_was_read(account: Account) -> None:
    with pytest.raises(FoldTooSlow):
        account.write()


def test_nothing_is_written_after_a_read_that_failed(account: Account) -> None:
    account.schedule()
    account.read()
    account.bucket.arm(Fault.ERROR_BEFORE)
    with pytest.raises(Unreachable):
        account.read()
    with pytest.raises(FoldTooSlow):
        account.write()


@pytest.mark.parametrize("fault", [Fault.ERROR_BEFORE, Fault.ERROR_AFTER, Fault.LATE_WRITE])
def test_a_write_without_an_answer_is_looked_at_before_the_next(account: Account, fault: Fault) -> None:
    scheduled = account.schedule()
    account.read()
    account.bucket.arm(fault)
    with pytest.raises(Unreachable):
        account.write(one=claimed(scheduled).delivery)
    folded = account.fold_at(minutes=1, one=begun(scheduled).delivery)
    assert folded.problems == []  # what is there is our own
    account.bucket.catch_up()
    folded = account.fold_at(minutes=2)
    assert folded.problems == []
    assert folded.messages == account.stored() == {"one": begun(scheduled)}


def test_no_space_is_said_and_the_next_fold_stores_it_all() -> None:
    class Full(MemoryBucket):
        full = False

        def put(self, key: str, data: bytes) -> str:
            if self.full:
                raise NoSpace("No space left.")
            return super().put(key, data)

    bucket = Full()
    account = Account(bucket)
    scheduled = account.schedule()
    account.read()
    bucket.full = True
    with pytest.raises(NoSpace):
        account.write(one=claimed(scheduled).delivery)
    bucket.full = False
    account.fold_at(minutes=1)
    assert account.stored()["one"].status is Status.CLAIMED


def test_the_projection_before_the_last_fold_is_kept(account: Account) -> None:
    account.schedule("one")
    account.fold_at()
    before = account.bucket.get(keys.SCHEDULED).data
    account.schedule("two")
    account.fold_at(minutes=1)
    assert account.bucket.get(keys.previous_snapshot(keys.SCHEDULED)).data == before


def test_contacts_are_stored_before_the_messages_that_say_when_it_was_folded(account: Account) -> None:
    account.schedule()
    account.add_contact()
    account.read()
    account.bucket.calls.clear()
    account.write()
    assert account.calls("put") == [keys.CONTACTS, keys.SCHEDULED]


def test_one_snapshot_a_day_is_kept_for_thirty_days(account: Account) -> None:
    day = 24 * 60
    for number in range(33):
        account.schedule(f"m{number}", minutes=number * day)
        account.fold_at(minutes=number * day)
        account.fold_at(minutes=number * day + 61)
        account.restart()
    days = [keys.day_of(entry.key) for entry in account.bucket.list(keys.SNAPSHOTS)]
    kept = sorted(each for each in days if each)
    assert (kept[0], kept[-1], len(kept)) == ((NOW + timedelta(days=2)).date(), (NOW + timedelta(days=32)).date(), 31)


def test_nothing_is_tidied_by_a_clock_that_is_wrong(account: Account) -> None:
    for number in range(3):
        account.schedule(f"m{number}", minutes=number * 24 * 60)
        account.fold_at(minutes=number * 24 * 60)
        account.fold_at(minutes=number * 24 * 60 + 61)
    kept = [entry.key for entry in account.bucket.list("")]
    account.fold.read(in_(days=400), trusts_clock=lambda: False)
    assert [entry.key for entry in account.bucket.list("")] == kept
    account.fold.read(in_(days=400))
    assert [entry.key for entry in account.bucket.list("")] != kept


def test_a_log_object_goes_after_eight_days_once_it_was_seen_in_projection_and_snapshot(account: Account) -> None:
    day = 24 * 60
    account.schedule("one")
    account.fold_at()
    account.schedule("two", minutes=1)
    account.fold_at(minutes=1)
    account.fold_at(minutes=8 * day)
    assert len(account.log()) == 2
    account.fold_at(minutes=9 * day)
    assert len(account.log()) == 1  # "two" is not in the snapshot yet
    account.schedule("three", minutes=9 * day)
    account.fold_at(minutes=9 * day + 1)
    account.fold_at(minutes=9 * day + 61)
    assert account.log() == ["log/20261201/web-00000000000000000000000000000000-00000003.json"]
    assert {*View(account.bucket).read(in_(days=9)).messages} == {"one", "two", "three"}


def test_a_log_object_that_no_projection_holds_stays_for_ever(account: Account) -> None:
    day = 24 * 60
    account.schedule("one")
    account.read(minutes=20 * day)
    account.restart()
    account.read(minutes=21 * day)
    assert len(account.log()) == 1
    assert [*account.fold_at(minutes=22 * day).messages] == ["one"]


def test_an_old_object_that_does_not_come_back_whole_stays(account: Account) -> None:
    account.schedule("one")
    account.fold_at()
    account.schedule("two")
    account.fold_at(minutes=1)
    account.fold_at(minutes=2)
    account.bucket.arm(Fault.TRUNCATED, on=account.log()[0])
    account.fold_at(minutes=10 * 24 * 60)
    assert account.log()[0].endswith("-00000001.json")


def test_only_so_many_old_objects_are_looked_at_in_one_fold(account: Account) -> None:
    for number in range(120):
        account.schedule(f"m{number}")
    account.fold_at()
    account.schedule("last")
    account.fold_at(minutes=1)
    hours = 10 * 24
    remaining = []
    for hour in range(hours, hours + 8):
        account.fold_at(minutes=hour * 60)
        remaining.append(len(account.log()))
    assert remaining[0] >= 71
    assert remaining[-1] == 1


def test_tidying_that_fails_is_said_and_stops_nothing(account: Account) -> None:
    account.schedule()
    account.bucket.arm(Fault.ERROR_BEFORE, on="snapshots/2026")
    folded = account.read()
    assert [problem for problem in folded.problems if "tidied up" in problem] == folded.problems != []
    assert account.write().wrote


def test_the_old_systems_file_is_taken_over_and_kept_byte_for_byte(account: Account) -> None:
    account.bucket.put(keys.SCHEDULED, OLD_FILE)
    folded = account.fold_at()
    old = folded.messages["1766570400000_k3j9x"]
    assert (old.text, old.status, folded.problems) == ("Merry Christmas!", Status.PENDING, [])
    assert account.bucket.get(keys.SCHEDULED).data == OLD_FILE
    account.edit(old, text="Happy new year!")
    account.fold_at(minutes=1)
    assert account.bucket.get(keys.before_import(keys.SCHEDULED)).data == OLD_FILE
    raw = json.loads(account.bucket.get(keys.SCHEDULED).data)
    assert raw["version"] == 1
    assert [(each["message"], each["colour"]) for each in raw["messages"]] == [("Happy new year!", "red")]


def test_what_was_there_before_the_import_is_not_replaced_by_a_second_one(account: Account) -> None:
    account.bucket.put(keys.before_import(keys.SCHEDULED), b"the first")
    account.bucket.put(keys.SCHEDULED, OLD_FILE)
    account.schedule()
    account.fold_at()
    assert account.bucket.get(keys.before_import(keys.SCHEDULED)).data == b"the first"


def test_every_error_of_the_bucket_is_a_store_error(account: Account) -> None:
    scheduled = account.schedule()
    account.add_contact()
    account.fold_at()
    account.edit(scheduled, text="Coffee?")
    for call in range(12):
        account.restart()
        account.bucket.arm(Fault.ERROR_BEFORE, call)
        try:
            account.fold_at(minutes=1)
        except StoreError:
            account.fold_at(minutes=1)
        account.bucket.disarm()
        assert account.stored()["one"].text == "Coffee?"
