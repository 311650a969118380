"""History: captured messages, their lines, and the segments they come to lie in."""

import gzip
import zlib
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from shared.model.captured import Captured, Key, made_id, merge, read_line
from shared.store import history, keys
from shared.store.errors import Unreadable
from tests.builders import NOW
from tests.cast import ALICE, BOB, GROUP
from tests.strategies import texts

DAY = NOW.date()


def captured(ident: str = "3EB0", **changes: Any) -> Captured:
    """Something Alice wrote in the group."""
    fields = {"chat": GROUP, "sender": ALICE.jid, "id": ident, "at": NOW, "text": "Tea?"}
    return Captured.model_validate(fields | changes)


copies = st.builds(
    captured,
    text=texts,
    kind=st.sampled_from(["text", "image"]),
    raw=st.none() | st.dictionaries(texts, st.integers(), max_size=2),
    source=st.sampled_from(["link", "old-system"]),
    at=st.sampled_from([NOW, NOW + timedelta(seconds=1)]),
)


@given(copies)
def test_a_line_reads_back_as_what_it_was_and_says_its_format(one: Captured) -> None:
    line = one.line()
    assert line.startswith(b'{"v":1,"chat":')
    assert b"\n" not in line
    assert read_line(line) == one
    assert read_line(line).line() == line


def test_fields_that_nobody_knows_yet_survive() -> None:
    one = captured(colour={"of": ["the", "sky"]})
    assert read_line(one.line()) == one
    assert b'"colour":{"of":["the","sky"]}' in one.line()


def test_a_message_is_known_by_chat_sender_and_id() -> None:
    assert captured().key == Key(GROUP, ALICE.jid, "3EB0")
    assert captured(sender=None).key == Key(GROUP, "", "3EB0")
    with pytest.raises(ValueError, match="two messages"):
        merge(captured(), captured(sender=BOB.jid))


@given(copies, copies, copies)
def test_copies_merge_whatever_their_order_and_number(one: Captured, two: Captured, three: Captured) -> None:
    assert merge(one, two) == merge(two, one)
    assert merge(merge(one, two), three) == merge(one, merge(two, three))
    assert merge(one, one) == one


def test_the_copy_with_the_media_stays() -> None:
    bare, whole = captured(text="[Image] of a long day at the sea"), captured(text="[Image]", raw={"url": "x"})
    assert merge(bare, whole) == merge(whole, bare) == whole


@pytest.mark.parametrize("wrong", [{"v": 2}, {"chat": "a b"}, {"id": ""}, {"at": "2026-11-22T12:00:00"}, {"text": 7}])
def test_what_is_no_captured_message_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        captured(**wrong)


def test_a_made_id_is_made_of_what_it_stands_for() -> None:
    assert made_id(GROUP, 1, "Tea?") == made_id(GROUP, 1, "Tea?") != made_id(GROUP, 1, "Tea!")
    assert made_id("a", "bc") != made_id("ab", "c")
    assert captured(made_id("half an emoji \ud83d")).id.startswith("made-")


def test_a_segment_has_its_day_and_its_content_in_its_name() -> None:
    lines = [captured(f"3EB{number}").line() for number in range(3)]
    (segment,) = history.segments(DAY, lines)
    assert segment.key.startswith("history/2026/11/22/")
    assert segment.key.endswith("-00000001.jsonl.gz")
    assert keys.check(segment.key) == segment.key
    assert gzip.decompress(segment.data).splitlines() == lines
    assert [each.line() for each in history.read_segment(segment.data, segment.key)] == lines
    assert [*history.segments(DAY, lines)] == [segment]
    assert [each.key for each in history.segments(DAY, lines[:2])] != [segment.key]
    assert [*history.segments(DAY, [])] == []


def test_many_lines_become_several_segments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "SEGMENT_BYTES", 1000)
    lines = [captured(f"3EB{number}").line() for number in range(50)]
    parts = list(history.segments(DAY, lines))
    assert len(parts) > 5
    assert len({part.key for part in parts}) == len(parts)
    assert b"".join(part.lines for part in parts).splitlines() == lines
    assert sum(part.messages for part in parts) == 50
    assert all(len(part.lines) <= 1000 for part in parts)


def packed(lines: bytes) -> bytes:
    return gzip.compress(lines, mtime=0)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "cut short"),
        (b"{}", "does not unpack"),
        (packed(b"x" * 100_000)[:-9], "cut short"),
        (packed(b'{"v":1}\n'), "no captured message"),
        (packed(b"Tea?\n"), "no captured message"),
        (packed(captured().line().replace(b'"v":1', b'"v":2')), "no captured message"),
    ],
)
def test_a_damaged_segment_is_said_to_be_one_and_never_what_it_says(data: bytes, why: str) -> None:
    with pytest.raises(Unreadable, match=rf"history/x .*{why}") as raised:
        history.read_segment(data, "history/x")
    assert "Tea" not in str(raised.value)


def test_a_segment_that_unpacks_to_more_than_any_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "MOST_BYTES", 10_000)
    with pytest.raises(Unreadable, match="larger than 10,000 bytes"):
        history.read_segment(zlib.compress(b" " * 10_000_000, wbits=31), "history/x")
