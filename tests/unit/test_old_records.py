"""scheduled.json and contacts.json: what each record becomes, and what is decided where something is here already."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli.old import contacts, scheduled, source
from cli.old.deciding import Wish, decide, same, sent_before, to_write
from cli.old.encodings import Mender
from cli.old.report import Fate, Report
from cli.old.source import BadFile, OldFile, Twice, doubled, in_folder, read_json
from shared.model.contact import Contact
from shared.model.lifecycle import State, retry
from shared.model.message import IfLate, LatePolicy, Message, Status
from shared.model.versioned import merge
from tests import builders, old_system
from tests.builders import NOW, in_
from tests.cast import ALICE, BOB, CHARLIE, DORA
from tests.old_system import misread, old_contact, old_message

ASK = IfLate(policy=LatePolicy.ASK)
NAME = "import-" + "0" * 32 + "-00000001"


def messages(*raw: Any, now: datetime = NOW) -> tuple[list[Wish[Message]], Report]:
    report = Report("scheduled.json")
    return list(scheduled.read([*raw], report, Mender(), "GB", now)), report


def message(**changes: Any) -> Message:
    (one,), _ = messages(old_message(**changes))
    return one.wanted


def people(*raw: Any) -> tuple[list[Contact], Report]:
    report = Report("contacts.json")
    return [each.wanted for each in contacts.read([*raw], report, Mender(), "GB")], report


def test_one_of_each_kind_becomes_what_it_was() -> None:
    found, report = messages(*old_system.scheduled()["messages"])
    broken, past, sent, failed, zoned = (each.wanted for each in found)
    assert (broken.text, broken.contact_name, broken.status) == ("Grüße 👋", DORA.name, Status.PENDING)
    assert (past.to, past.status, past.if_late) == (BOB.number, Status.PENDING, ASK)
    assert (sent.status, sent.delivery.sent_at, sent.if_late) == (Status.SENT, in_(days=-30, seconds=31), IfLate())
    assert (failed.status, failed.delivery.error) == (Status.FAILED, "timed out waiting for message")
    assert (zoned.to, zoned.zone, zoned.wall_time) == (CHARLIE.number, "Asia/Dubai", "2026-11-22T17:00:00")
    assert (report.read, report.skipped) == (5, {})
    assert list(report.remarks) == [scheduled.IN_ZONE]


@pytest.mark.parametrize(
    ("to", "stored"),
    [
        (ALICE.number, ALICE.number),
        (f"+{ALICE.number}", ALICE.number),
        ("+44 7700 900001", ALICE.number),
        ("07700 900001", ALICE.number),
        ("00447700900001", ALICE.number),
        (ALICE.jid, ALICE.number),
        (f"{ALICE.number}:3@s.whatsapp.net", ALICE.number),
        (CHARLIE.number, CHARLIE.number),
        ("4520123456", "4520123456"),
        ("120363000000000001@g.us", "120363000000000001@g.us"),
    ],
)
def test_a_number_is_read_with_its_country_code_and_one_with_a_0_in_the_owners_country(to: str, stored: str) -> None:
    assert message(to=to).to == stored


@pytest.mark.parametrize("to", ["12", "Alice", "447700", "447700900001@broadcast", "+44 7700 900001 99999999"])
def test_what_is_no_number_is_said_and_ends_failed_and_never_in_silence(to: str) -> None:
    (one,), report = messages(old_message(to=to))
    assert one.wanted.to == to
    assert str(report.remarks[scheduled.NO_NUMBER]) == f"1 ({one.wanted.id} at 1)"


@pytest.mark.parametrize("status", ["sent", "failed"])
def test_of_what_has_ended_no_number_is_said(status: str) -> None:
    assert messages(old_message(to="12", status=status))[1].remarks == {}


@pytest.mark.parametrize("named", ["scheduledAt", "scheduled_at"])
def test_a_time_under_another_of_its_names_is_read(named: str) -> None:
    raw = old_message()
    raw[named] = raw.pop("scheduledTime")
    (one,), _ = messages(raw)
    assert (one.wanted.send_at, one.as_old) == (in_(hours=1), None)


def test_what_was_cancelled_is_never_sent() -> None:
    assert message(status="cancelled").cancelled


@pytest.mark.parametrize(
    "status", ["sent", "failed", "pending", "cancelled", "canceled", "sending", "processing", "completed", None, "", 7]
)
def test_in_place_and_imported_the_same_became_of_it(status: Any) -> None:
    (one,), report = messages(old_message(status=status))
    assert one.as_old == one.wanted
    assert one.wanted.open is (status in ("pending", "cancelled", "canceled", None, ""))
    assert [*report.remarks] == [scheduled.NOT_CERTAIN] * (one.wanted.status is Status.UNKNOWN)


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (7, "It is no object"),
        (None, "It is no object"),
        ({}, "id: Field required"),
        (old_message(id=7), "id: Input should be a valid string"),
        (old_message(id="a b"), "id: String should match pattern"),
        (old_message(scheduledTime="2026-12-24T10:00:00"), "scheduledTime: a time needs its zone"),
        (old_message(scheduledTime="tomorrow"), "scheduledTime: Input should be a valid datetime"),
        (old_message(message=None), "message: Input should be a valid string"),
        (old_message(to=""), "to: String should have at least 1 character"),
        (old_message(delivery={"state": "sent"}), "It is a record of this system"),
        (old_message(revision=99), "It is a record of this system"),
        (old_message(text="twice"), "It holds a field twice"),
        (old_message(colour="half \ud83d"), "It holds a field twice, or half a character"),
        (old_message(colour=[Twice([("a", 1), ("a", 2)])]), "It says 'a' twice"),
    ],
)
def test_what_cannot_be_a_message_is_left_out_with_the_reason(raw: Any, why: str) -> None:
    found, report = messages(raw)
    (reason,) = report.skipped
    assert found == []
    assert reason.startswith(why)
    assert "kettle" not in "\n".join(report.lines())


@given(
    st.dictionaries(
        st.sampled_from([*old_message(), "extra"]), st.none() | st.integers() | st.text(max_size=9), max_size=4
    )
)
def test_any_record_is_taken_over_or_left_out_with_a_reason(changes: dict[str, Any]) -> None:
    found, report = messages(old_message() | changes)
    assert len(found) + report.fates[Fate.SKIPPED] == report.read == 1
    for each in found:
        assert Message.model_validate(each.wanted.as_json()) == each.wanted


def test_different_messages_of_one_id_are_all_taken_over_and_that_is_said() -> None:
    raw = [old_message(1), old_message(1, BOB), old_message(1, at=in_(days=1)), old_message(1, status="sent")]
    raw += [old_message(1, BOB), old_message(1, id="x" * 200), old_message(1, BOB, id="x" * 200)]
    found, report = messages(*raw)
    one = raw[0]["id"]
    ids = [one, f"{one}-2", f"{one}-3", one, f"{one}-2", "x" * 200, f"{'x' * 180}-2"]
    assert [each.wanted.id for each in found] == ids
    assert [each.as_old and each.as_old.id for each in found] == [each["id"] for each in raw]
    assert report.remarks[scheduled.ONE_ID].examples == [f"{one} at 2", f"{one} at 3", f"{one} at 5"]


def test_an_id_that_was_made_is_never_that_of_another_message() -> None:
    raw = [old_message(1, id="a"), old_message(2, id="a"), old_message(3, id="a-2")]
    assert [each.wanted.id for each in messages(*raw)[0]] == ["a", "a-2", "a-2-2"]


def test_a_long_error_is_cut_and_an_object_is_put_into_words() -> None:
    assert message(status="failed", error="x" * 2000).delivery.error == "x" * 1000
    assert message(status="failed", error={"code": 463}).delivery.error == "{'code': 463}"
    assert message(status="failed", errorMessage="timed out").delivery.error == "timed out"


def test_the_report_names_a_few_and_counts_them_all() -> None:
    report = messages(*(old_message(number, id="a b") for number in range(5)))[1]
    assert [str(group) for group in report.skipped.values()] == ["5 (no. 1, no. 2, no. 3, …)"]


def test_what_waits_is_foretold() -> None:
    found = [message(number=1), message(number=2, at=in_(-1)), message(number=3, status="cancelled")]
    sentences = list(scheduled.outlook(found, NOW))
    assert sentences[0] == "1 will be sent at their time, the next at 2026-11-22T13:00:00Z."
    assert sentences[2].startswith("1 should have been sent already: none is sent by itself.")
    assert list(scheduled.outlook([], NOW)) == []


# Contacts


def test_contacts_keep_their_names_and_numbers() -> None:
    found, report = people(*contacts.records(old_system.contacts(), "contacts.json"))
    assert [each.name for each in found] == [ALICE.name, BOB.name, DORA.name]
    assert [[phone.number for phone in each.phones] for each in found] == [
        [ALICE.number], [CHARLIE.number, BOB.number], [DORA.number]
    ]  # fmt: skip
    assert [each.id for each in found] == [ALICE.number, BOB.number, DORA.number]
    assert (found[0].favourite, found[0].tags, report.skipped, report.remarks) == (True, ("family",), {}, {})


def test_numbers_that_are_none_are_said_and_no_contact_is_lost_for_them() -> None:
    odd = {
        "07700 900002": old_contact(BOB, phones={"primary": "07700 900002"}),
        "12345": {"name": "Shop"},
        "x": {"name": "Y"},
    }
    found, report = people(*contacts.records(odd, "contacts.json"))
    assert [[phone.number for phone in each.phones] for each in found] == [[BOB.number], ["12345"], []]
    assert str(report.remarks[contacts.NO_NUMBER]) == "2 (…345 at 2, no. 3)"


def test_two_of_one_number_are_both_kept_and_said() -> None:
    both = {ALICE.number: old_contact(ALICE), f"+{ALICE.number}": old_contact(ALICE, name="Al")}
    found, report = people(*contacts.records(both, "contacts.json"))
    assert [each.name for each in found] == ["Alice", "Al"]
    assert str(report.remarks[contacts.ONE_NUMBER]) == "1 (…001 at 2)"


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (7, "It is no object"),
        ({"id": "1", "name": 7}, "name: Input should be a valid string"),
        ({"id": "1", "name": "x" * 201}, "name: String should have at most 200"),
        ({"id": "1", "name": "half \ud83d"}, "name: "),
        ({"id": "1", "aliases": "Al"}, "aliases: "),
        ({"id": "1", "version": "web-1"}, "It is a record of this system"),
        (Twice([("id", "1"), ("id", "2")]), "It says 'id' twice"),
    ],
)
def test_what_cannot_be_a_contact_is_left_out_with_the_reason(raw: Any, why: str) -> None:
    found, report = people(raw)
    assert found == []
    assert next(iter(report.skipped)).startswith(why)


# Files


Records = Callable[[Any, str], list[Any]]


@pytest.mark.parametrize("read", [scheduled.records, contacts.records])
@pytest.mark.parametrize("value", [7, None, "x", {"a": 1}, {"messages": 7}, {"contacts": 7}])
def test_a_file_of_another_shape_is_refused(read: Records, value: Any) -> None:
    with pytest.raises(BadFile, match=r"^a\.json is not what the old system wrote"):
        read(value, "a.json")


def test_each_shape_the_old_system_wrote_is_read() -> None:
    one = old_message()
    assert scheduled.records([one], "a") == scheduled.records({"messages": [one]}, "a") == [one]
    assert contacts.records([], "a") == contacts.records({}, "a") == contacts.records({"contacts": []}, "a") == []


def a_file(folder: Path, data: bytes) -> OldFile:
    old_system.write(folder, scheduled=data)
    return OldFile("scheduled.json", folder / "scheduled.json", len(data))


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "is empty"),
        (b"\xef\xbb\xbf", "is empty"),
        (b"\0" * 100, "zero bytes"),
        (b"PK\x03\x04zip", "is a zip"),
        ("{}".encode("utf-16"), "is UTF-16"),
        (b'{"messages": [\n', "ends in the middle at line 2, column 1"),
        (b'{"messages": [\n7,]}', "is no JSON at line 2, column 3"),
        (b'{"messages": "kettle\n"}', "is no JSON at line 1, column 21"),
        (b'{"messages": [NaN]}', "it says NaN"),
        (b'{"messages": [-Infinity]}', "it says -Infinity"),
        (b'{"messages": [1e999]}', "a number that is too large"),
        (b'{"messages": [' + b"9" * 5000 + b"]}", "a number that is too large"),
        (b'{"messages":\n["\xff"]}', "is not UTF-8 at line 2, byte 16"),
        (b"[" * 100_000, "nested too deeply"),
        (b'{"messages": ["a\0b"]}', "is no JSON at line 1, column 17"),
    ],
)
def test_a_file_that_is_no_json_is_refused_with_the_place_and_without_the_text(
    tmp_path: Path, data: bytes, why: str
) -> None:
    with pytest.raises(BadFile, match=why) as raised:
        read_json(a_file(tmp_path, data), lambda _: None)
    assert "kettle" not in str(raised.value)


def test_a_file_larger_than_any_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "MOST_BYTES", 10)
    with pytest.raises(BadFile, match="never wrote so much"):
        read_json(a_file(tmp_path, b"[1, 2, 3, 4, 5]"), lambda _: None)


def test_a_key_that_stands_twice_is_seen_wherever_it_is(tmp_path: Path) -> None:
    value, _ = read_json(a_file(tmp_path, b'[{"a": [{"b": 1, "c": 2, "b": 3}]}]'), lambda _: None)
    assert doubled(value) == "b"
    assert doubled([{"a": 1}, {"a": 1}]) is None


def test_only_a_folder_with_old_files_will_do(tmp_path: Path) -> None:
    with pytest.raises(BadFile, match="none of the old system's files: scheduled"):
        in_folder(tmp_path)
    with pytest.raises(BadFile, match="is not there"):
        in_folder(tmp_path / "nowhere")
    file = tmp_path / "scheduled.json"
    file.write_bytes(b"[]")
    with pytest.raises(BadFile, match="is a file"):
        in_folder(file)
    assert in_folder(tmp_path) == [OldFile("scheduled.json", file, 2)]


# Deciding


def old_and_wanted(**changes: Any) -> Wish[Message]:
    (one,), _ = messages(old_message(**changes))
    return one


def decided(known: Message | None, old: Wish[Message]) -> Fate:
    return decide(known, old)


def written(known: Message | None, old: Wish[Message], version: str = NAME) -> Message:
    return to_write(known, old.wanted, version)


def test_what_is_not_here_is_new_and_merges_with_the_same_file_in_place_without_a_conflict() -> None:
    old = old_and_wanted(message=misread("Grüße"))
    assert decided(None, old) is Fate.NEW
    new = written(None, old)
    assert old.as_old is not None
    merged = merge(new, old.as_old)
    assert merged == merge(old.as_old, new) == new
    assert (merged.text, merged.conflicts, merged.version) == ("Grüße", (), NAME)


def test_what_was_written_once_is_here() -> None:
    old = old_and_wanted(at=in_(-1))
    assert decided(written(None, old), old) is Fate.HERE


def test_what_lies_in_place_as_it_is_wanted_is_here_and_what_is_better_is_changed() -> None:
    plain, broken = old_and_wanted(), old_and_wanted(message=misread("Grüße"))
    assert decided(plain.as_old, plain) is Fate.HERE
    assert decided(broken.as_old, broken) is Fate.CHANGED
    better = written(broken.as_old, broken)
    assert (better.text, better.revision, better.replaces) == ("Grüße", 1, ("",))
    assert decided(better, broken) is Fate.HERE


def test_what_lies_in_place_past_its_time_must_ask_first() -> None:
    late = old_and_wanted(at=in_(-1))
    assert decided(late.as_old, late) is Fate.CHANGED
    assert written(late.as_old, late).if_late == ASK


def test_another_copy_in_place_stays() -> None:
    here, other = old_and_wanted(message="Here"), old_and_wanted(message="There")
    assert decided(here.as_old, other) is Fate.KEPT


def test_what_was_edited_here_stays_and_what_was_not_follows_the_old_file() -> None:
    first, later = old_and_wanted(message="First"), old_and_wanted(message="Later")
    imported = written(None, first)
    assert decided(imported, later) is Fate.CHANGED
    assert written(imported, later, builders.version("import", 2)).replaces == ("", NAME)
    edited = imported.edited(builders.version(), text="Mine")
    assert decided(edited, later) is Fate.KEPT
    assert decided(imported.edited(builders.version(), cancelled=True), first) is Fate.HERE


def test_what_the_old_system_sent_meanwhile_is_not_sent_again() -> None:
    waits = written(None, old_and_wanted())
    sent = old_and_wanted(status="sent", sentAt=old_system.instant(in_(5)))
    assert decided(waits, sent) is Fate.CHANGED
    now = written(waits, sent, builders.version("import", 2))
    assert (now.status, now.delivery.sent_at) == (Status.SENT, in_(5))
    assert decided(now, sent) is Fate.HERE


def test_what_the_old_system_sent_while_another_attempt_waits_here_is_not_sent_again() -> None:
    waits = written(None, old_and_wanted())
    again = waits.evolve(delivery=retry(builders.claimed(waits).delivery, "The link was down."))
    assert (again.delivery.attempt, again.delivery.state) == (2, State.PENDING)
    sent = old_and_wanted(status="sent", sentAt=old_system.instant(in_(5)))
    now = merge(again, written(again, sent, builders.version("import", 2)))
    assert (now.status, now.open, now.delivery.sent_at, now.delivery.attempt) == (Status.SENT, False, in_(5), 2)
    assert now.delivery.confirmed == again.delivery.confirmed
    assert decided(now, sent) is Fate.HERE


def test_what_the_old_system_had_left_open_is_sent_once_it_says_so() -> None:
    was, sent = old_and_wanted(status="sending"), old_and_wanted(status="sent", sentAt=old_system.instant(in_(5)))
    left = written(None, was)
    assert decided(left, was) is Fate.HERE
    assert decided(left, old_and_wanted()) is Fate.HERE, "an older file opens nothing again"
    assert decided(left, sent) is Fate.CHANGED
    now = merge(left, written(left, sent, builders.version("import", 2)))
    assert (now.status, now.delivery.sent_at, now.delivery.error) == (Status.SENT, in_(5), None)
    assert decided(now, sent) is decided(now, was) is Fate.HERE
    crashed = builders.unknown(written(None, old_and_wanted()))
    assert decided(crashed, sent) is Fate.HERE, "that it was sent here, too, nobody knows"


@pytest.mark.parametrize("change", [{"text": "Mine"}, {"to": BOB.number}, {"send_at": in_(days=1)}])
@pytest.mark.parametrize("status", ["sent", "sending", "failed"])
def test_an_edit_stays_as_it_is_whatever_became_of_what_it_was_made_from(change: dict[str, Any], status: str) -> None:
    edited = written(None, old_and_wanted()).edited(builders.version(), **change)
    ended = old_and_wanted(status=status)
    assert decided(edited, ended) is Fate.KEPT
    assert sent_before(edited, ended) is (status != "failed")


def test_an_edit_of_the_same_message_keeps_its_words_and_is_not_sent_again() -> None:
    raw = {"message": misread("Grüße")}
    sent = old_and_wanted(**raw, status="sent", sentAt=old_system.instant(in_(5)))
    for waits in (written(None, old_and_wanted(**raw)), old_and_wanted(**raw).as_old):
        assert waits is not None
        edited = waits.edited(builders.version(), contact_name="Mine", if_late=ASK)
        assert decided(edited, sent) is Fate.CHANGED
        assert not sent_before(edited, sent)
        now = written(edited, sent, builders.version("import", 2))
        assert (now.status, now.contact_name, now.if_late, now.text) == (Status.SENT, "Mine", ASK, edited.text)
        assert decided(now, sent) is Fate.KEPT, "nor is it written again"


def test_what_the_old_system_cancelled_meanwhile_is_cancelled() -> None:
    cancelled = old_and_wanted(status="cancelled")
    for waits in (written(None, old_and_wanted()), old_and_wanted().as_old):
        assert decided(waits, cancelled) is Fate.CHANGED
        assert written(waits, cancelled, builders.version("import", 2)).cancelled


def test_nothing_the_host_did_is_taken_back() -> None:
    waits = written(None, old_and_wanted())
    sent = builders.sent(waits)
    for old in (old_and_wanted(), old_and_wanted(status="failed", error="x"), old_and_wanted(status="cancelled")):
        assert decided(sent, old) is Fate.HERE
    later = written(sent, old_and_wanted(message="Later"), builders.version("import", 2))
    assert later.delivery == sent.delivery
    claimed = builders.claimed(waits)
    assert written(claimed, old_and_wanted(status="sent")).delivery.state is State.CLAIMED


def test_a_deleted_contact_stays_deleted() -> None:
    (first,), _ = people({"id": ALICE.number, **old_contact()})
    deleted = to_write(None, first, NAME).edited(builders.version(), deleted_at=NOW)
    assert decide(deleted, Wish(first, first)) is Fate.HERE
    imported = to_write(None, first, NAME)
    (later,), _ = people({"id": ALICE.number, **old_contact(name="Al")})
    assert decide(imported, Wish(first, later)) is Fate.CHANGED
    assert decide(deleted, Wish(first, later)) is Fate.KEPT
    assert not same(imported, later)
