"""vCards 2.1, 3.0 and 4.0, as phones and address books really write them; and 3.0, as all of them read it.

Everything is read as bytes until a value's character set is known. Photos and all else that is not kept are never
put together, so a card costs no more than what is kept of it (decision 43).
"""

import binascii
import quopri
import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple
from urllib.parse import unquote

from shared.model import address
from shared.model.contact import Contact
from web import texts
from web.contact_files import LONGEST_VALUE, MOST_NUMBERS, MOST_PEOPLE, Raw, Refused, Trouble, clean, lines_of, text_of

_KEPT = re.compile("BEGIN|END|VERSION|FN|N|NICKNAME|ORG|TEL|NOTE|CATEGORIES|AGENT|X-ABLABEL|X-FAVOU?RITE")
_MOST_FIELDS = 500
"""Of one card; more are not looked at."""
_MOST_VALUES = 200
"""Of one field with several."""
_DEEPEST = 8
"""Cards within cards, which 2.1 allows."""
_LONGEST_HEAD = 1000
"""Bytes before the colon."""


class _Line(NamedTuple):
    number: int
    group: str
    name: str
    types: tuple[str, ...]
    params: dict[str, str]
    value: bytes
    cut: bool


def read(data: bytes) -> Iterator[Raw | Trouble]:
    """Each person in this file, and each card or line that could not be read. Raises Refused.

    Any garbage gives troubles or Refused, never another error; work and memory grow with the file's size only.
    """
    cards = 0
    for found in _cards(_unfolded(data)):
        cards += not isinstance(found, Trouble) or found.lost
        if cards > MOST_PEOPLE:
            raise Refused(texts.TOO_MANY_PEOPLE.format(most=MOST_PEOPLE))
        yield from [found] if isinstance(found, Trouble) else _person(found)
    if not cards:
        raise Refused(texts.NO_VCARD)


def _cards(lines: Iterable[_Line]) -> Iterator[list[_Line] | Trouble]:
    """The fields of each card; those of a card within it (2.1's AGENT) are left out. Raises Refused."""
    card: list[_Line] = []
    depth = 0
    for line in lines:
        mark = line.name if line.value.strip().upper() == b"VCARD" else ""
        if mark == "BEGIN" and (depth > 1 or (depth and card[-1].name == "AGENT" and not card[-1].value.strip())):
            depth += 1
            if depth > _DEEPEST:
                raise Refused(texts.VCARD_TOO_DEEP.format(line=line.number))
        elif mark == "BEGIN":
            if depth:
                yield Trouble(card[0].number, texts.VCARD_NO_END, _who(card))
            card, depth = [line], 1
        elif mark == "END":
            if depth == 1:
                yield card
            depth = max(0, depth - 1)
        elif depth == 1 and not line.name:
            yield Trouble(line.number, texts.NO_VCARD_FIELD, lost=False)
        elif depth == 1 and len(card) < _MOST_FIELDS:
            card.append(line)
    if depth:
        yield Trouble(card[0].number, texts.VCARD_NO_END, _who(card))


def _unfolded(data: bytes) -> Iterator[_Line]:
    """The lines of all cards that are kept, put together where they were folded."""
    current, old = None, False
    for number, raw in enumerate(lines_of(data), start=1):
        if current and current.takes(raw, old=old):
            continue
        if current and (line := current.line()):
            old = line.value.strip() == b"2.1" if line.name == "VERSION" else old
            yield line
        current = _Folded(number, raw)
    if current and (line := current.line()):
        yield line


class _Folded:
    """A line that may go on in the next ones. Of what is not kept, and of what is too long, nothing is put together."""

    def __init__(self, number: int, raw: bytes) -> None:
        head, colon, _ = raw[:_LONGEST_HEAD].partition(b":")
        head = head.upper()
        name = head.partition(b";")[0].rpartition(b".")[2].strip()
        self._number, self._parts, self._size = number, [raw[:LONGEST_VALUE]], len(raw)
        self._stray = bool(raw.strip()) and not colon
        self._kept = _KEPT.fullmatch(name.decode("latin-1")) is not None
        self._quoted = b"QUOTED-PRINTABLE" in head
        self._packed = b"BASE64" in head or b"ENCODING=B" in head
        self._soft = self._quoted and raw.endswith(b"=")

    def takes(self, raw: bytes, *, old: bool) -> bool:
        """Whether this line belongs to it; then it is part of it. `old`: vCard 2.1, where a fold keeps its space."""
        indented = raw[:1] in (b" ", b"\t")
        loose = self._packed or not (self._kept or self._stray)
        if not (self._soft or indented or (loose and raw and b":" not in raw)):
            return False
        piece = raw if self._soft or not indented or (old and not self._packed) else raw[1:]
        if self._soft:
            self._parts[-1] = self._parts[-1].removesuffix(b"=")
        self._soft = self._quoted and raw.endswith(b"=")
        self._size += len(piece)
        if self._kept and self._size <= LONGEST_VALUE:
            self._parts.append(piece)
        return True

    def line(self) -> _Line | None:
        """Its parts; None where it is not kept. What is no field at all has an empty name."""
        if self._stray:
            return _Line(self._number, "", "", (), {}, b"", cut=False)
        return _line(self._number, b"".join(self._parts), cut=self._size > LONGEST_VALUE) if self._kept else None


def _line(number: int, raw: bytes, *, cut: bool) -> _Line | None:
    """The parts of a line that is kept; None for every other."""
    head, value = _at_colon(raw)
    if value is None:
        return None
    name, *params = _split(head.decode("latin-1"), ";")
    group, _, name = name.strip().upper().rpartition(".")
    if not _KEPT.fullmatch(name):
        return None
    named: dict[str, str] = {}
    types: list[str] = []
    for param in params:
        key, equals, said = param.partition("=")
        key, said = key.strip().upper(), said.strip().strip('"')
        if not equals:
            types.append(key)
        elif key == "TYPE":
            types += [each.strip().strip('"').upper() for each in said.split(",")]
        else:
            named.setdefault(key, said)
    return _Line(number, group, name, tuple(types), named, value, cut)


def _at_colon(raw: bytes) -> tuple[bytes, bytes | None]:
    head, colon, value = raw.partition(b":")
    if b'"' not in head[:_LONGEST_HEAD]:
        return head, value if colon else None
    quoted = False
    for place, byte in enumerate(raw[:_LONGEST_HEAD]):
        if byte == ord('"'):
            quoted = not quoted
        elif byte == ord(":") and not quoted:
            return raw[:place], raw[place + 1 :]
    return head, value if colon else None  # a quote that never ends


def _split(text: str, at: str, *, escaped: bool = False) -> list[str]:
    """Split outside quotes, or with `escaped` where no backslash stands before."""
    if at not in text:
        return [text]
    found, quoted, since, skip = [], False, 0, False
    for place, letter in enumerate(text):
        if skip:
            skip = False
        elif escaped and letter == "\\":
            skip = True
        elif not escaped and letter == '"':
            quoted = not quoted
        elif letter == at and not quoted:
            found.append(text[since:place])
            since = place + 1
    return [*found, text[since:]]


def _value(line: _Line) -> str:
    """The value as text; escapes are still in it."""
    data, encoding = line.value, line.params.get("ENCODING", "").upper()
    if encoding == "QUOTED-PRINTABLE" or "QUOTED-PRINTABLE" in line.types:
        data = quopri.decodestring(data)
    elif encoding in ("B", "BASE64") or "BASE64" in line.types:
        try:
            data = binascii.a2b_base64(data)
        except binascii.Error:
            data = b""
    return text_of(data, line.params.get("CHARSET", "").strip())


def _unescaped(text: str) -> str:
    return re.sub(r"\\(.)", lambda found: "\n" if found[1] in "nN" else found[1], text, flags=re.DOTALL)


def _values(line: _Line, at: str) -> list[str]:
    """A value of several, like N with its semicolons or CATEGORIES with its commas."""
    return [clean(_unescaped(each)) for each in _split(_value(line), at, escaped=True)[:_MOST_VALUES]]


def _person(card: list[_Line]) -> Iterator[Raw | Trouble]:
    lines: dict[str, list[_Line]] = {}
    for line in card:
        if line.cut:
            yield Trouble(
                line.number, texts.LONG_FIELD.format(name=line.name, most=LONGEST_VALUE), _who(card), lost=False
            )
        else:
            lines.setdefault(line.name, []).append(line)
    labels = {line.group: _apple(line) for line in lines.get("X-ABLABEL", []) if line.group}
    numbers = [_number(line, labels) for line in lines.get("TEL", [])]
    numbers = [number for number in numbers if number[1]]
    if len(numbers) > MOST_NUMBERS:
        yield Trouble(card[0].number, texts.MANY_NUMBERS.format(count=len(numbers), most=MOST_NUMBERS), _who(card))
        return
    numbers.sort(key=lambda each: each[0])
    tags = [tag for line in lines.get("CATEGORIES", []) for tag in _values(line, ",") if tag]
    starred = {"starred", "favourite", "favorite"}
    flags = [_value(line).strip() for name in ("X-FAVORITE", "X-FAVOURITE") for line in lines.get(name, [])]
    yield Raw(
        line=card[0].number,
        name=_who(card),
        numbers=tuple((typed, label) for _, typed, label in numbers),
        aliases=tuple(name for line in lines.get("NICKNAME", []) for name in _values(line, ",") if name),
        tags=tuple(tag for tag in tags if tag.lower() not in starred | {"mycontacts"}),
        notes="\n\n".join(
            filter(None, (clean(_unescaped(_value(line)), lines=True) for line in lines.get("NOTE", [])))
        ),
        favourite=any(tag.lower() in starred for tag in tags) or any(flag not in ("", "0") for flag in flags),
    )


def _who(card: list[_Line]) -> str:
    """FN, else what N says, else the company, else a nickname."""
    first = {line.name: line for line in reversed(card) if not line.cut}
    if "FN" in first and (name := clean(_unescaped(_value(first["FN"])))):
        return name
    if "N" in first:
        family, given, middle = (*_values(first["N"], ";"), "", "", "")[:3]
        if name := clean(f"{given} {middle} {family}"):
            return name
    for field, at in (("ORG", ";"), ("NICKNAME", ",")):
        if field in first and (name := clean(" ".join(_values(first[field], at)))):
            return name
    return ""


_LABELS = {"CELL": "mobile", "IPHONE": "mobile", "MOBILE": "mobile", "WORK": "work", "HOME": "home", "MAIN": "main"}
_NO_TALK = ("FAX", "PAGER", "MODEM")


def _number(line: _Line, labels: dict[str, str]) -> tuple[int, str, str]:
    """Its place among the person's numbers (what WhatsApp said is theirs, the preferred, mobiles, others, fax),
    the number as typed, and its label."""
    typed = clean(_unescaped(_value(line)))
    if typed[:4].lower() == "tel:":
        typed = unquote(typed[4:]).partition(";")[0]
    named = next((_LABELS[each] for each in line.types if each in _LABELS), "")
    named = next((each.lower() for each in line.types if each in _NO_TALK), named)
    label = labels.get(line.group) or named
    waid = line.params.get("WAID", "")
    if waid.isascii() and waid.isdigit():
        return 0, f"+{waid}", label
    if named in {each.lower() for each in _NO_TALK}:
        return 9, typed, label
    preferred = "PREF" in line.types or line.params.get("PREF", "") == "1"
    return 1 if preferred else 2 if label.lower() in ("mobile", "iphone", "whatsapp") else 3, typed, label


def _apple(line: _Line) -> str:
    label = clean(_unescaped(_value(line)))
    return label[4:-4].lower() if label.startswith("_$!<") and label.endswith(">!$_") else label


def print_cards(contacts: Iterable[Contact]) -> Iterator[bytes]:
    """These people as vCards 3.0, a card at a time."""
    for contact in contacts:
        lines = ["BEGIN:VCARD", "VERSION:3.0", f"FN:{_escaped(contact.shown_name)}", f"N:;{_escaped(contact.name)};;;"]
        if contact.aliases:
            lines.append(f"NICKNAME:{','.join(map(_escaped, contact.aliases))}")
        for place, phone in enumerate(contact.phones, start=1):
            kind = _TYPES.get((phone.label or "").lower())
            name = f"TEL;TYPE={kind}" if kind else f"item{place}.TEL" if phone.label else "TEL"
            lines.append(f"{name}:{_escaped(address.pretty(phone.number))}")
            if phone.label and not kind:
                lines.append(f"item{place}.X-ABLabel:{_escaped(phone.label)}")
        if contact.tags:
            lines.append(f"CATEGORIES:{','.join(map(_escaped, contact.tags))}")
        if contact.notes:
            lines.append(f"NOTE:{_escaped(contact.notes)}")
        if contact.favourite:
            lines.append("X-FAVORITE:1")
        yield b"".join(map(_folded, [*lines, f"UID:{_escaped(contact.id)}", "END:VCARD"]))


_TYPES = {"mobile": "CELL", "work": "WORK", "home": "HOME", "main": "MAIN"}


def _escaped(text: str) -> str:
    r"""
    >>> _escaped("a;b,c\\n")
    'a\\;b\\,c\\\\n'
    """
    text = text.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,")
    return re.sub(r"\r\n|\r|\n", r"\\n", text)


def _folded(line: str) -> bytes:
    """At most 75 bytes a line, never within a character."""
    pieces: list[bytes] = []
    piece = b""
    for letter in line:
        data = letter.encode("utf-8", "replace")
        if len(piece) + len(data) > (75 if not pieces else 74):
            pieces.append(piece)
            piece = b""
        piece += data
    return b"\r\n ".join([*pieces, piece]) + b"\r\n"
