"""The projections' documents: ours, the old system's, hand-edited and damaged ones."""

import gzip
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.model.message import Message, Status
from shared.model.versioned import merge_all
from shared.store import document
from shared.store.errors import NewerVersion, Unreadable
from shared.store.projection import (
    Document,
    contact_format,
    read_contacts,
    read_scheduled,
    scheduled_format,
)
from tests import old_system
from tests.builders import NOW, claimed, contact, in_, message, sent
from tests.cast import BOB, CHARLIE
from tests.strategies import message_histories

OLD_MESSAGE = {
    "id": "1766570400000_k3j9x",
    "to": "447700900001",
    "contactName": "Alice",
    "message": "Merry Christmas!",
    "scheduledTime": "2025-12-24T10:00:00Z",
    "status": "pending",
    "createdAt": "2025-12-01T09:30:00Z",
    "createdFrom": "web",
    "colour": {"of": ["the", "old", "page"]},
}
OLD_SENT = OLD_MESSAGE | {"id": "1766570400000_sent", "status": "sent", "sentAt": "2025-12-24T10:00:03Z"}
OLD_FAILED = OLD_MESSAGE | {"id": "1766570400000_fail", "status": "failed", "error": "No session"}


def printed(*messages: Message, read: Document[Message] | None = None) -> bytes:
    return scheduled_format().print(read or Document(), {each.id: each for each in messages}, NOW)


def as_json(value: Any) -> bytes:
    return json.dumps(value).encode()


@pytest.mark.parametrize(
    "data", [as_json([OLD_MESSAGE, OLD_SENT, OLD_FAILED]), as_json({"messages": [OLD_MESSAGE, OLD_SENT, OLD_FAILED]})]
)
def test_the_old_systems_file_is_read_as_it_is(data: bytes) -> None:
    scheduled = read_scheduled(data)
    pending, sent_, failed = scheduled.messages.values()
    assert scheduled.old
    assert (pending.text, pending.contact_name) == ("Merry Christmas!", "Alice")
    assert pending.send_at == datetime(2025, 12, 24, 10, tzinfo=UTC)
    assert [each.status for each in (pending, sent_, failed)] == [Status.PENDING, Status.SENT, Status.FAILED]
    assert sent_.delivery.sent_at == datetime(2025, 12, 24, 10, 0, 3, tzinfo=UTC)
    assert failed.delivery.error == "No session"


def test_fields_of_the_old_system_survive_a_round_trip() -> None:
    scheduled = read_scheduled(as_json([OLD_MESSAGE, OLD_SENT, OLD_FAILED]))
    again = json.loads(printed(*scheduled.messages.values()))
    assert {name: again["messages"][0][name] for name in OLD_MESSAGE} == OLD_MESSAGE
    assert [each["status"] for each in again["messages"]] == ["pending", "sent", "failed"]
    assert again["messages"][1]["sentAt"] == "2025-12-24T10:00:03Z"
    assert again["messages"][2]["error"] == "No session"


@pytest.mark.parametrize("raw", [[], {"contacts": []}])
def test_old_contacts_are_read_as_they_are(raw: Any) -> None:
    old = [
        {"id": "447700900001@s.whatsapp.net", "name": "Alice"},
        {"id": "b", "name": "Bob", "phone": "+44 7700 900002"},
    ]
    book = read_contacts(as_json({"contacts": old} if isinstance(raw, dict) else old))
    assert [each.phones[0].number for each in book.contacts.values()] == ["447700900001", "447700900002"]


def test_the_old_systems_contacts_with_a_number_for_each_key_are_read_as_they_are() -> None:
    raw = old_system.contacts()
    book = read_contacts(as_json(raw))
    assert book.old
    assert (list(book.contacts), book.broken, book.rest) == (list(raw), (), {})
    assert [phone.number for phone in book.contacts[BOB.number].phones] == [CHARLIE.number, BOB.number]
    again = read_contacts(contact_format().print(book, book.contacts, NOW))
    assert (again.contacts, again.old) == (book.contacts, False)


def test_an_old_contact_that_cannot_be_read_is_kept_under_its_number() -> None:
    book = read_contacts(as_json(old_system.contacts() | {"+44 7700 900005": {"name": 7}}))
    assert len(book.contacts) == 3
    assert book.broken == ({"name": 7, "id": "+447700900005"},)


@pytest.mark.parametrize(
    "raw", [{}, {"a": {}}, {"447700900001": "Alice"}, {"contacts": {}}, {"447700900001": {}, "x": 1}]
)
def test_what_is_no_list_of_contacts_is_no_contacts_file(raw: Any) -> None:
    with pytest.raises(Unreadable, match=r"contacts\.json is not what it should be"):
        read_contacts(as_json(raw))


def test_a_document_says_its_version_and_when_it_was_folded_and_keeps_the_rest() -> None:
    read = read_scheduled(as_json({"version": 1, "messages": [], "series": [{"id": "weekly"}], "note": "by hand"}))
    again = json.loads(printed(message(id="one"), read=read))
    assert again["version"] == 1
    assert again["foldedAt"] == "2026-11-22T12:00:00Z"
    assert (again["series"], again["note"]) == ([{"id": "weekly"}], "by hand")
    assert read_scheduled(as_json(again)).folded_at == NOW


def test_a_small_document_is_indented_for_people() -> None:
    data = printed(message(id="one", text="Grüße 🙂"))
    assert b'\n  "messages": [\n    {\n      "id": "one",\n' in data
    assert "Grüße 🙂".encode() in data


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


@given(st.dictionaries(st.text(), JSON, max_size=3), st.lists(JSON, max_size=3), st.dictionaries(st.text(), JSON))
def test_a_list_of_what_is_printed_already_is_the_same_as_printing_all(
    head: dict[str, Any], items: list[Any], rest: dict[str, Any]
) -> None:
    rest = {name: value for name, value in rest.items() if name not in {*head, "messages"}}
    head.pop("messages", None)
    whole = document.plain({**head, "messages": items, **rest}) + "\n"
    assert document.plain_list(head, "messages", map(document.plain, items), rest) == whole.encode()


def test_a_large_document_is_packed_and_reads_the_same() -> None:
    many = [sent(message(id=f"m{number}", text="x" * 500)) for number in range(1500)]
    data = printed(*many)
    assert data.startswith(b"\x1f\x8b")
    assert len(data) < document.PLAIN_BELOW
    scheduled = read_scheduled(data)
    assert list(scheduled.messages.values()) == many
    assert (scheduled.rest, scheduled.series) == ({}, {})
    assert gzip.decompress(data).count(b"\n") == len(many) + 1, "a line for each record"


def test_the_same_records_always_give_the_same_bytes() -> None:
    many = {f"m{number}": message(id=f"m{number}", text="x" * 500) for number in range(2000)}
    form = scheduled_format()
    first = form.print(Document(), many, NOW)
    assert form.print(Document(), many, NOW) == first == scheduled_format().print(Document(), many, NOW)


def test_printing_again_shows_what_changed() -> None:
    many = {f"m{number}": message(id=f"m{number}", text="x" * 500) for number in range(2000)}
    form = scheduled_format()
    form.print(Document(), many, NOW)
    many["m7"] = claimed(many["m7"])
    broken = ({"id": "odd", "text": "half an emoji \ud83d"},)
    again = read_scheduled(form.print(Document(broken=broken, rest={"note": 1}), many, NOW))
    assert again.messages == many
    assert again.broken == broken
    assert again.rest == {"note": 1}


@given(st.lists(message_histories(), max_size=3))
def test_whatever_was_merged_reads_back_equal(histories: list[list[Message]]) -> None:
    merged = merge_all(copy for number, history in enumerate(histories) for copy in _renamed(history, f"m{number}"))
    assert read_scheduled(printed(*merged.values())).messages == merged


def _renamed(history: list[Message], id_: str) -> list[Message]:
    return [copy.evolve(id=id_, conflicts=tuple(other.evolve(id=id_) for other in copy.conflicts)) for copy in history]


def test_copies_of_one_record_in_one_document_are_merged() -> None:
    first = message(id="one", version="web-1")
    second = first.edited("web-2", text="Biscuits too?")
    raw = {"version": 1, "messages": [second.as_json(), first.as_json()]}
    assert read_scheduled(as_json(raw)).messages == {"one": second}


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        ({"id": "a", "to": "447700900001", "message": "no time"}, "the record 'a' could not be read: scheduledTime:"),
        ({"to": "447700900001"}, "a record without id"),
        ({"id": "a b", "to": "1", "message": "", "scheduledTime": "2026-11-22T12:00:00Z"}, "id: "),
        ({"id": "a", "to": "1", "message": "", "scheduledTime": "2026-11-22T12:00:00"}, "needs its zone"),
        (OLD_MESSAGE | {"text": "a second one"}, "a field twice"),
        (OLD_MESSAGE | {"contactName": "half an emoji \ud83d"}, "contactName: "),
        (OLD_MESSAGE | {"colour": "half an emoji \ud83d"}, "half a character"),
        (None, "without id"),
        (42, "without id"),
        ([], "without id"),
    ],
)
def test_a_broken_record_is_kept_as_it_is_and_the_others_go_on(broken: Any, reason: str) -> None:
    whole = message(id="whole")
    scheduled = read_scheduled(as_json({"version": 1, "messages": [broken, whole.as_json()]}))
    assert scheduled.messages == {"whole": whole}
    assert scheduled.broken == (broken,)
    (sentence,) = scheduled_format().about_broken(scheduled)
    assert reason in sentence
    again = read_scheduled(printed(whole, read=scheduled))
    assert again.broken == (broken,)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "no valid JSON"),
        (b"null", "a document with a list"),
        (b'"messages"', "a document with a list"),
        (b"{}", "a document with a list"),
        (b'{"messages": {}}', "a document with a list"),
        (b'{"version": 1, "messages": null}', "a document with a list"),
        (b'{"version": true, "messages": []}', "no valid version"),
        (b'{"version": 0, "messages": []}', "no valid version"),
        (b'{"version": 1, "messages": [NaN]}', "NaN is no JSON"),
        (b'{"version": 1, "messages": [1e999]}', "too large a number"),
        (b"[" * 100_000, "no valid JSON"),
        (b"\xed\xa0\xbd", "no valid JSON"),
        (gzip.compress(b'{"version": 1, "messages": []}', mtime=0)[:-9], "does not unpack"),
        (gzip.compress(b'{"version": 1, "messages": []}', mtime=0)[:6], "does not unpack"),
    ],
)
def test_a_document_that_is_damaged_is_unreadable_in_words(data: bytes, reason: str) -> None:
    with pytest.raises(Unreadable, match=r"^scheduled\.json ") as raised:
        read_scheduled(data)
    assert reason in str(raised.value)
    assert not isinstance(raised.value, NewerVersion)


@given(st.integers(min_value=1))
def test_a_truncated_document_never_reads_as_a_shorter_one(cut: int) -> None:
    for data in (printed(message(id="one"), message(id="two")), gzip.compress(printed(message(id="one")))):
        short = data[: -1 - cut % (len(data) - 1)].rstrip(b"\n")
        if not short.endswith(b"\n}"):
            with pytest.raises(Unreadable):
                read_scheduled(short)


@pytest.mark.parametrize("data", [b'{"version": 2, "messages": []}', b'{"version": 99, "messages": {}}'])
def test_a_newer_version_is_not_guessed_at(data: bytes) -> None:
    with pytest.raises(NewerVersion, match=r"scheduled\.json was written by a newer"):
        read_scheduled(data)


def test_a_file_saved_by_a_windows_editor_is_read() -> None:
    data = printed(message(id="one")).replace(b"\n", b"\r\n")
    assert [*read_scheduled(b"\xef\xbb\xbf" + data).messages] == ["one"]


@pytest.mark.parametrize("log_after", ["scheduled.json", 20261121, None, {}])
def test_a_nonsense_place_in_the_log_is_its_beginning(log_after: Any) -> None:
    assert read_scheduled(as_json({"version": 1, "messages": [], "logAfter": log_after})).log_after == ""


@pytest.mark.parametrize("folded_at", ["yesterday", 12345678901234567890, None, {}, "2026-11-22T12:00:00"])
def test_a_nonsense_folding_time_is_none(folded_at: Any) -> None:
    assert read_scheduled(as_json({"version": 1, "messages": [], "foldedAt": folded_at})).folded_at is None


def test_contacts_are_printed_with_their_version() -> None:
    alice = contact()
    again = read_contacts(contact_format().print(Document(), {alice.id: alice}, in_(hours=1)))
    assert again.contacts == {alice.id: alice}
    assert again.folded_at == in_(hours=1)
