"""chats.json as a stream: each message as a captured one, whatever the file's size, and what is wrong with it said."""

import gzip
import json
import zipfile
from collections.abc import Generator, Iterator
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli.old import chats
from cli.old.chats import Chat, End, Line, Ours, captured_of, named, take, walk
from cli.old.encodings import Mender
from cli.old.report import Report, Skip
from cli.old.source import BadFile, Hashed, OldFile, WholeCharacters
from shared.model.captured import Captured
from tests import old_system
from tests.builders import NOW, in_
from tests.cast import ALICE, BOB, GROUP
from tests.old_system import image, misread, old_chat, said

WRITTEN = "Do not print what is written here"


def a_file(folder: Path, content: Any) -> OldFile:
    """A chats.json with this in it."""
    old_system.write(folder, chats=content)
    return OldFile("chats.json", folder / "chats.json", (folder / "chats.json").stat().st_size)


def walked(file: OldFile) -> list[Line | Chat | End]:
    return list(walk(file, lambda _: None))


def taken(folder: Path, content: Any) -> tuple[list[Captured], Report]:
    """What is taken over of such a file, and the report."""
    report = Report("chats.json")
    found = take(a_file(folder, content), report, Mender(), lambda _: None)
    return [each for each in found if isinstance(each, Captured)], report


def captured(raw: Any, chat: str = ALICE.jid) -> Captured:
    return captured_of(Line(chat, 1, raw), Mender())


def test_every_message_comes_in_its_order_and_each_chat_after_its_own(tmp_path: Path) -> None:
    content = old_system.chats()
    *found, end = walked(a_file(tmp_path, content))
    assert isinstance(end, End)
    one, group = (content[chat]["messages"] for chat in (ALICE.jid, GROUP))
    assert found[:4] == [Line(ALICE.jid, place, raw) for place, raw in enumerate(one, start=1)]
    assert found[4] == Chat(ALICE.jid, misread("Zoë"))
    assert found[5:] == [*(Line(GROUP, place, raw) for place, raw in enumerate(group, start=1)), Chat(GROUP, "Family")]


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=15,
)


@given(st.lists(json_values, max_size=5), st.booleans())
def test_what_is_read_as_a_stream_is_what_is_read_whole(
    tmp_path_factory: Any, values: list[Any], escaped: bool
) -> None:
    data = json.dumps({"c": {"messages": values, "name": 7}}, ensure_ascii=escaped).encode(errors="surrogatepass")
    if "\\ud" in json.dumps(values) or b"\xed" in data:  # halves of characters have a test of their own
        return
    lines = walked(a_file(tmp_path_factory.mktemp("old"), data))
    assert [line.raw for line in lines if isinstance(line, Line)] == values


def test_words_only_get_an_id_of_what_they_say_and_the_sender_is_who_the_chat_is_with() -> None:
    theirs, mine = captured(said("Tea?")), captured(said("Tea?", from_me=True))
    assert (theirs.sender, theirs.from_me, theirs.text, theirs.at, theirs.kind) == (
        ALICE.jid,
        False,
        "Tea?",
        NOW,
        "text",
    )
    assert (mine.sender, mine.from_me) == (None, True)
    assert theirs.id.startswith("made-")
    assert len({captured(each).id for each in (said("Tea?"), said("Tea!"), said("Tea?", in_(1)))}) == 3
    assert captured(said("Tea?")).key == theirs.key
    assert captured(said("Hi"), GROUP).sender is None, "a group's words did not keep who said them"


def test_media_keep_their_id_their_sender_and_the_clients_own_record() -> None:
    raw = image(GROUP, "3EB0B", participant=f"{BOB.number}:12@s.whatsapp.net")
    one = captured(raw, GROUP)
    assert one.key == (GROUP, BOB.jid, "3EB0B")
    assert (one.kind, one.raw, one.at, one.source) == ("image", raw["rawMessage"], NOW, "old-system")


def test_fields_that_nobody_knows_are_kept_and_none_takes_anothers_place() -> None:
    extra = {"colour": [1], "chat": "x", "chatName": "y", "v": 9, "source": "z"}
    one = captured(said("Tea?") | extra)
    assert (one.model_extra or {}) == {
        "colour": [1], "old_chat": "x", "old_chatName": "y", "old_v": 9, "old_source": "z"
    }  # fmt: skip
    assert (one.chat, one.chat_name, one.v) == (ALICE.jid, None, 1)
    assert "date" not in (captured(said("Tea?")).model_extra or {}), "the time says it"
    assert (captured(said("Tea?", date="yesterday")).model_extra or {}) == {"date": "yesterday"}


@pytest.mark.parametrize(
    "stamp",
    [
        int(NOW.timestamp()),
        NOW.timestamp() * 1000,
        str(int(NOW.timestamp())),
        {"low": int(NOW.timestamp()), "high": 0, "unsigned": True},
        None,
    ],
)
def test_a_time_is_read_in_each_way_it_was_written(stamp: Any) -> None:
    assert captured(said("Tea?") | {"timestamp": stamp}).at == NOW


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"timestamp": None, "date": None}, "no time"),
        ({"timestamp": None, "date": "2025-12-24T10:00:00"}, "no time"),
        ({"timestamp": "soon", "date": "soon"}, "no time"),
        ({"timestamp": None, "date": "9999-12-31T23:59:59-14:00"}, "no time"),
        ({"timestamp": True, "date": None}, "no time"),
        ({"timestamp": {"low": -1}, "date": 7}, "no time"),
        ({"timestamp": 1e300, "date": None}, "no time"),
        ({"timestamp": 7}, "none that WhatsApp"),
        ({"message": {"a": 1}}, "text: Input should be a valid string"),
        ({"messageType": "x" * 41}, "kind"),
        ({"rawMessage": [1]}, "raw"),
        ({"rawMessage": {"key": {"id": "a b"}}}, "Its id is none"),
        ({"id": 7}, "Its id is none"),
    ],
)
def test_what_cannot_be_taken_over_says_why(wrong: dict[str, Any], why: str) -> None:
    with pytest.raises(Skip, match=why) as raised:
        captured(said(WRITTEN) | wrong)
    assert WRITTEN not in str(raised.value)


@pytest.mark.parametrize("raw", [None, 7, "Tea?", [], True])
def test_what_is_no_message_says_so(raw: Any) -> None:
    with pytest.raises(Skip, match="It is no object"):
        captured(raw)


def test_one_bad_message_costs_no_other(tmp_path: Path) -> None:
    deep: Any = "x"
    for _ in range(200):
        deep = [deep]
    good = said("Tea?")
    no_message: Any = 7
    content = {
        ALICE.jid: old_chat(
            ALICE.jid, good, {**good, "deep": deep}, {**good, "huge": 10**400}, no_message, said("Two", in_(1))
        ),
        "a b": old_chat("a b", good),
        "list": [good],
        GROUP: {"messages": {"0": good}},
        BOB.jid: {"name": "no messages"},
    }
    data = json.dumps(content).replace('"message": "Two"', '"message": "Two", "n": 1e999')
    found, report = taken(tmp_path, data.encode())
    assert [each.text for each in found] == ["Tea?"]
    assert {reason: str(group) for reason, group in report.skipped.items()} == {
        "It is nested too deeply": "1 (no. 2 of chat …001)",
        "It holds a number that is too large": "2 (no. 3 of chat …001, no. 5 of chat …001)",
        "It is no object": "1 (no. 4 of chat …001)",
        "Its chat has no address": "1 (no. 1 of a chat)",
        "Its chat is no object": "1 (chat …ist)",
        "Its chat's messages are no list": "1 (chat …001)",
    }


def test_a_key_that_stands_twice_is_said(tmp_path: Path) -> None:
    data = json.dumps({ALICE.jid: old_chat(ALICE.jid, said("Two"))}).replace('"isFromMe"', '"message": "x", "isFromMe"')
    _, report = taken(tmp_path, data.encode())
    assert list(report.skipped) == ["It says 'message' twice"]


def test_halves_of_an_emoji_are_marked_and_counted_and_whole_ones_stay(tmp_path: Path) -> None:
    texts = [
        "\ud83d cut",
        "cut \udc4b",
        "\ud83d\udc4b whole",
        "\\ud83d no escape",
        "\\\\\udc4b",
        "a" * 300_000 + "\ud83d",
    ]
    content = {ALICE.jid: old_chat(ALICE.jid, *(said(text, in_(place)) for place, text in enumerate(texts)))}
    data = json.dumps(content, ensure_ascii=True).encode()
    found, report = taken(tmp_path, data)
    right = [text.encode("utf-16", "surrogatepass").decode("utf-16", "replace") for text in texts]
    assert [each.text for each in found] == right
    assert report.notes[0].startswith("4 halves of an emoji")


@given(
    st.lists(
        st.sampled_from([b"\\", b"\\\\", b"\\ud83d", b"\\udc4b", b"\\uD83D\\uDC4B", b"a", b"\\n", b"\xf0\x9f\x91\x8b"])
    )
)
def test_where_a_piece_ends_makes_no_difference(parts: list[bytes]) -> None:
    data = b"".join(parts)
    whole = b"".join(pieces(data, len(data) + 20))
    for most in (1, 3, 7):
        assert b"".join(pieces(data, most)) == whole
    assert len(whole) == len(data)


def pieces(data: bytes, most: int) -> Iterator[bytes]:
    stream = WholeCharacters(Hashed(BytesIO(data), lambda _: None))
    return iter(lambda: stream.read(most), b"")


def zipped() -> bytes:
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(zipfile.ZipInfo("chats.json"), "{}")  # of no particular day
    return buffer.getvalue()


GOOD = json.dumps(old_system.chats(), indent=2, ensure_ascii=False).encode()
SECRET = f'{{\n"{ALICE.jid}": {{"messages": [\n{{"message": "{WRITTEN}'.encode()


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "is empty"),
        (b" \n", "is empty"),
        (b"\0" * 5000, "zero bytes"),
        (zipped(), "is a zip"),
        (gzip.compress(GOOD, mtime=0), "is compressed"),
        (GOOD.decode().encode("utf-16"), "UTF-16"),
        (GOOD.decode().encode("utf-16-le"), "UTF-16"),
        (b"[]", "an object with a chat's address"),
        (b'"x"', "an object with a chat's address"),
        (GOOD[:-1], rf"ends in the middle at line {GOOD.count(10) + 1}, byte {len(GOOD) - 1:,}:"),
        (SECRET, rf"ends in the middle at line 3, byte {len(SECRET)}:"),
        (SECRET + b'", "n": NaN}]}}', rf"is no JSON at line 3, byte {len(SECRET) + 9}:"),
        (SECRET + b"\xff", rf"is no JSON at line 3, byte {len(SECRET) + 1}:"),
        (SECRET + b"\0", rf"is no JSON at line 3, byte {len(SECRET) + 1}:"),
        (GOOD + b"x", rf"is no JSON at line {GOOD.count(10) + 1}, byte {len(GOOD) + 1:,}:"),
        (GOOD + GOOD, "is no JSON"),
        (b"{\n    not JSON at all", "is no JSON at line 2, byte 8:"),
    ],
)
def test_a_file_that_is_something_else_is_said_to_be_and_where(tmp_path: Path, data: bytes, why: str) -> None:
    with pytest.raises(BadFile, match=why) as raised:
        walked(a_file(tmp_path, data))
    assert str(raised.value).startswith("chats.json ")
    assert WRITTEN not in str(raised.value)


def test_where_it_is_broken_is_found_far_inside_too(tmp_path: Path) -> None:
    many = json.dumps({ALICE.jid: old_chat(ALICE.jid, *(said(f"{n}", in_(n)) for n in range(6000)))}, indent=1).encode()
    at = many.index(b"\n", 700_000)
    with pytest.raises(BadFile, match=rf"line {many.count(10, 0, at) + 2:,}, byte {at + 2:,}:"):
        walked(a_file(tmp_path, many[: at + 1] + b"}" + many[at + 1 :]))


def test_a_byte_order_mark_and_an_empty_object_are_no_trouble(tmp_path: Path) -> None:
    assert len(walked(a_file(tmp_path, b"\xef\xbb\xbf" + GOOD))) == 9
    assert len(walked(a_file(tmp_path, b"{}"))) == 1


def test_this_systems_own_file_is_none_of_the_old_ones(tmp_path: Path) -> None:
    with pytest.raises(Ours):
        walked(a_file(tmp_path, {"version": 1, "chats": []}))


def test_no_more_than_a_message_is_in_memory(tmp_path: Path) -> None:
    """The walk hands out the first message long before it has read the last."""
    many = {ALICE.jid: old_chat(ALICE.jid, *(said(f"{n}", in_(n)) for n in range(20_000)))}
    file, read = a_file(tmp_path, many), 0

    def count(size: int) -> None:
        nonlocal read
        read += size

    walking = walk(file, count)
    next(walking)
    assert 0 < read < file.size / 4
    assert isinstance(walking, Generator)
    walking.close()


@pytest.mark.parametrize(
    ("chat", "name"), [(ALICE.jid, "no. 1 of chat …001"), ("a\nb", "no. 1 of a chat"), ("", "no. 1 of a chat")]
)
def test_a_message_is_named_without_a_whole_number(chat: str, name: str) -> None:
    assert named(Line(chat, 1, {})) == name
    assert chats.EARLIEST < NOW - timedelta(days=365) < chats.LATEST
