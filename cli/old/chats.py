"""chats.json: read as a stream, whatever its size; each message as a captured one, or the reason why it cannot be."""

import math
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

import ijson
from pydantic import ValidationError

from cli.old.encodings import Mender
from cli.old.report import Report, Skip
from cli.old.source import DEEPEST, BadFile, Hashed, OldFile, Progress, WholeCharacters, check_beginning
from shared.model.captured import Captured, made_id
from shared.model.values import Instant, first_of, print_instant
from shared.store.projection import first_error

SOURCE = "old-system"
EARLIEST, LATEST = datetime(2009, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)
"""WhatsApp began in 2009; a time outside is no time."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TAKEN = {*Captured.model_fields, *(str(field.alias) for field in Captured.model_fields.values())}
_KNOWN = {"id", "message", "text", "timestamp", "isFromMe", "fromMe", "is_from_me", "messageType", "date", "rawMessage"}
_NO_NAME = {"chat": "Its chat has no address", "sender": "Its sender has no address", "id": "Its id is none"}
_LARGEST = 1 << 64
_OPENS: dict[str, type[Any]] = {"start_map": dict, "start_array": list}
_CLOSES = ("end_map", "end_array")
_CUT_SHORT = "parse error: premature EOF"
_TOO_DEEP, _TOO_LARGE = "It is nested too deeply", "It holds a number that is too large"

Event = tuple[str, Any]


class Ours(Exception):
    """The file is this system's chats.json."""


class Line(NamedTuple):
    """One message of a chat as it stands in the file, or why it cannot be read."""

    chat: str
    position: int
    raw: Any
    problem: str | None = None


class Chat(NamedTuple):
    """What is said of a chat itself."""

    id: str
    name: str | None


class End(NamedTuple):
    """What is known of the file once all of it was read. halves: of surrogate pairs, which U+FFFD stands for now."""

    sha256: str
    halves: int


def walk(file: OldFile, progress: Progress) -> Iterator[Line | Chat | End]:
    """Every message of the file, each chat after its messages, and the file's end. Raises BadFile, Ours.

    No more than one message is in memory at a time.
    """
    with file.opened() as opened:
        check_beginning(file.name, opened.read(4096) if file.size > 4096 else opened.read())
        opened.seek(0)
        stream = Hashed(opened, progress)
        text = WholeCharacters(stream)
        try:
            yield from _chats(iter(ijson.basic_parse(text, use_float=False)), file.name)
        except (BadFile, Ours):
            raise
        except (ijson.JSONError, ValueError) as error:  # its own message has a piece of the text in it
            raise BadFile(_where(file, stream.size, cut=str(error).startswith(_CUT_SHORT))) from None
        while stream.read():
            pass
        yield End(stream.sha256, text.replaced)


def _chats(events: Iterator[Event], name: str) -> Iterator[Line | Chat]:
    if next(events)[0] != "start_map":
        raise BadFile(f"{name} is not what the old system wrote: an object with a chat's address for each key.")
    for place, (event, key) in enumerate(events):
        if event == "end_map":
            break
        kind, value = next(events)
        if place == 0 and key == "version" and kind == "number":
            raise Ours
        if kind == "start_map":
            yield from _chat(events, key)
        else:
            _build(events, kind, value)
            yield Line(key, 0, None, "Its chat is no object")
    for _ in events:
        pass  # to the end of the file, so that what follows is refused


def _chat(events: Iterator[Event], chat: str) -> Iterator[Line | Chat]:
    name: str | None = None
    position = 0
    for event, key in events:
        if event == "end_map":
            break
        kind, value = next(events)
        if key == "messages" and kind == "start_array":
            for each, first in events:
                if each == "end_array":
                    break
                position += 1
                built, problem = _build(events, each, first)
                yield Line(chat, position, built, problem)
            continue
        built, problem = _build(events, kind, value)
        if key == "name" and isinstance(built, str) and not problem:
            name = built
        elif key == "messages" and built is not None:
            yield Line(chat, 0, None, "Its chat's messages are no list")
    yield Chat(chat, name)


def _build(  # noqa: C901, PLR0912 - one loop over millions of events: a call for each doubles its time
    events: Iterator[Event], first: str, plain: Any
) -> tuple[Any, str | None]:
    """The value that begins with this event, to its end; with the reason where it cannot be used."""
    if first not in _OPENS:
        return _plain(first, plain)
    root: Any = _OPENS[first]()
    top, key, problem = root, "", None
    above: list[tuple[Any, str]] = []
    too_deep = 0
    for kind, value in events:
        if too_deep:
            too_deep += (kind in _OPENS) - (kind in _CLOSES)
        elif kind == "map_key":
            key = value
            if key in top:
                problem = f"It says {key[:40]!r} twice"
        elif kind in _CLOSES:
            if not above:
                return root, problem
            top, key = above.pop()
        elif kind in _OPENS and len(above) >= DEEPEST:
            problem, too_deep = _TOO_DEEP, 1
        else:
            if kind in _OPENS:
                built = _OPENS[kind]()
            elif kind != "number" or (type(value) is int and -_LARGEST < value < _LARGEST):
                built = value
            else:
                built, wrong = _plain(kind, value)
                problem = wrong or problem
            if type(top) is dict:
                top[key] = built
            else:
                top.append(built)
            if kind in _OPENS:
                above.append((top, key))
                top = built
    raise ijson.IncompleteJSONError(_CUT_SHORT)


def _plain(kind: str, value: Any) -> tuple[Any, str | None]:
    if kind == "number" and isinstance(value, Decimal):
        value = float(value)
        return (value, None) if math.isfinite(value) else (None, _TOO_LARGE)
    if kind == "number" and abs(value) >= _LARGEST:
        return None, _TOO_LARGE
    return value, None


def _where(file: OldFile, read: int, *, cut: bool) -> str:
    """The sentence for a file that stopped being JSON before so many bytes: where is found by reading more slowly."""
    with file.opened() as opened:
        stream = Hashed(opened, lambda _: None)
        stream.trickles_after = max(0, read - (1 << 18))
        text = WholeCharacters(stream)
        try:
            for _ in ijson.basic_parse(text, buf_size=1 << 18):
                pass
        except (ijson.JSONError, ValueError):
            pass
    what = "ends in the middle" if cut else "is no JSON"
    return f"{file.name} {what} at line {stream.newlines + 1:,}, byte {stream.size - text.held:,}: find a good copy."


def captured_of(line: Line, mender: Mender) -> Captured:
    """The captured message in a line of the walk. Raises Skip with the reason."""
    raw = line.raw
    if line.problem:
        raise Skip(line.problem)
    if not isinstance(raw, Mapping):
        raise Skip("It is no object")
    at, from_me = _time(raw), bool(first_of(raw, "isFromMe", "fromMe", "is_from_me"))
    instant = print_instant(at)
    said = first_of(raw, "message", "text")
    text, kind = ("" if said is None else said), raw.get("messageType") or "text"
    own = raw.get("rawMessage")
    key = own.get("key") if isinstance(own, Mapping) else None
    key = key if isinstance(key, Mapping) else {}
    rest = {name: value for name, value in raw.items() if name not in _KNOWN}
    if raw.get("date") not in (None, instant, f"{instant[:-1]}.000Z"):
        rest["date"] = raw["date"]
    fields = {
        "chat": line.chat,
        "sender": None if from_me else _sender(line.chat, key),
        "id": key.get("id") or raw.get("id") or made_id(line.chat, instant, from_me, kind, text),
        "at": at,
        "from_me": from_me,
        "kind": kind,
        "text": text,
        "raw": own,
        "source": SOURCE,
    }
    if not _TAKEN.isdisjoint(rest):
        rest = {f"old_{name}" if name in _TAKEN else name: value for name, value in rest.items()}
    try:
        captured = Captured.model_validate({**rest, **fields})
    except ValidationError as error:
        raise Skip(_NO_NAME.get(str(error.errors(include_input=False)[0]["loc"][0])) or first_error(error)) from None
    (mended,) = mender.texts(captured.text)
    return captured if mended == captured.text else captured.model_copy(update={"text": mended})


def _sender(chat: str, key: Mapping[str, Any]) -> Any:
    """Who wrote it: in a group only its own record says so, elsewhere it is whose chat it is."""
    if chat.endswith(("@g.us", "@broadcast")) or "@" not in chat:
        participant = key.get("participant") or None
        return re.sub(r":\d+@", "@", participant) if isinstance(participant, str) else participant
    return chat


def _time(raw: Mapping[str, Any]) -> Instant:
    """WhatsApp's time for it: seconds, as a number, a text, or the halves of a 64-bit number; else its date."""
    stamp = raw.get("timestamp")
    if isinstance(stamp, Mapping):
        stamp = stamp.get("low")
    if isinstance(stamp, str) and stamp.isascii() and stamp.isdigit() and len(stamp) <= 15:
        stamp = int(stamp)
    at = None
    if isinstance(stamp, int | float) and not isinstance(stamp, bool):
        seconds = stamp / 1000 if stamp > 100_000_000_000 else stamp
        at = _EPOCH + timedelta(seconds=seconds) if 0 <= seconds < 5_000_000_000 else None
    if at is None and isinstance(raw.get("date"), str):
        at = _date(raw["date"])
    if at is None:
        raise Skip("It has no time")
    if not EARLIEST <= at < LATEST:
        raise Skip("Its time is none that WhatsApp could have said")
    return at


def _date(text: str) -> datetime | None:
    try:
        at = datetime.fromisoformat(text)
        return at.astimezone(UTC) if at.tzinfo else None
    except (ValueError, OverflowError):  # the second: year 9999 in a zone that makes it 10000
        return None


def named(line: Line) -> str:
    """A message for the report: the end of its chat's address, and its place there."""
    chat = line.chat.split("@", maxsplit=1)[0]
    which = f"chat …{chat[-3:]}" if chat[-3:].isalnum() else "a chat"
    return f"no. {line.position:,} of {which}" if line.position else which


def take(file: OldFile, report: Report, mender: Mender, progress: Progress) -> Iterator[Captured | Chat]:
    """What can be taken over of the file, in its order; the rest is in the report with the reason. Raises BadFile."""
    chats = 0
    for found in walk(file, progress):
        if isinstance(found, End):
            report.sha256 = found.sha256
            if found.halves:
                report.notes.append(f"{found.halves:,} halves of an emoji, cut there by the old system, are � now.")
        elif isinstance(found, Chat):
            chats += 1
            (name,) = mender.texts(found.name)
            yield Chat(found.id, name and name[:1000])
        else:
            report.read += found.position > 0
            try:
                yield captured_of(found, mender)
            except Skip as reason:
                report.skip(str(reason), named(found))
    report.notes.append(f"From {chats:,} chats.")
