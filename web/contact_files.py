"""Files of contacts from elsewhere: what they say of each person before it is believed, and how much is read at all."""

import codecs
import io
import re
from collections.abc import Iterator
from typing import NamedTuple

from web import texts

MOST_BYTES = 32_000_000
"""Of a file: an address book with photos; the photos themselves are dropped."""
MOST_TABLE_BYTES = 8_000_000
"""Of a table, which holds no photos."""
MOST_LINES = 1_000_000
MOST_PEOPLE = 20_000
MOST_NUMBERS = 20
"""Of one person."""
LONGEST_VALUE = 20_000
"""Bytes of one field that is kept; notes have at most 10,000 characters."""


class Refused(ValueError):
    """The file as a whole cannot be imported; the message says why."""


class Raw(NamedTuple):
    """One person as a file tells of them, from its line `line` on; nothing is checked yet. numbers: (typed, label)."""

    line: int
    name: str
    numbers: tuple[tuple[str, str], ...]
    aliases: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    notes: str = ""
    favourite: bool = False


class Trouble(NamedTuple):
    """What could not be read, and why; `who` as far as it is known. lost: a whole person is, not only this much."""

    line: int
    reason: str
    who: str = ""
    lost: bool = True


_CHARSETS = re.compile(
    r"utf[-_]?8|us-?ascii|iso[-_]?8859[-_]?\d{1,2}|latin-?1|windows-?125\d|cp125\d|cp8(50|52|66)|koi8-[ru]|"
    r"shift[-_]?jis|sjis|euc-(jp|kr)|iso-2022-jp|gb(2312|k|18030)|big5|mac-?roman|utf-16(le|be)?",
    flags=re.ASCII | re.IGNORECASE,
)
"""The character sets that are believed when a file names one; Python's other codecs unpack, execute or guess."""


def text_of(data: bytes, charset: str = "") -> str:
    """These bytes as text: in the named character set, else as UTF-8, else as Windows wrote Western Europe."""
    for name in ([charset] if _CHARSETS.fullmatch(charset) else []) + ["utf-8", "cp1252"]:
        try:
            return data.decode(name)
        except (UnicodeError, LookupError):
            continue
    return data.decode("latin-1")


def utf8(data: bytes) -> bytes:
    """The file without its byte order mark, and in UTF-8 where it was UTF-16; else as it is. Raises Refused."""
    if data.startswith(codecs.BOM_UTF8):
        return data[3:]
    charset = ""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        charset = "utf-16"
    elif b"\0" in data[:4]:
        charset = "utf-16-be" if data[:1] == b"\0" else "utf-16-le"
    if not charset:
        return data
    try:
        return data.decode(charset).encode()
    except UnicodeError:
        raise Refused(texts.NO_UTF16) from None


def lines_of(data: bytes) -> Iterator[bytes]:
    """The lines, whatever ends them. Raises Refused for too many."""
    whole = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    if whole.count(b"\n") > MOST_LINES:
        raise Refused(texts.TOO_MANY_LINES.format(most=MOST_LINES))
    for line in io.BytesIO(whole):
        yield line.removesuffix(b"\n")


def clean(text: str, *, lines: bool = False) -> str:
    """Text on one line without control characters and outer spaces; with `lines`, its line ends stay."""
    if lines:
        return "\n".join(clean(line) for line in re.split(r"\r\n|\r|\n", text)).strip()
    return " ".join("".join(letter if letter.isprintable() or letter in _JOINERS else " " for letter in text).split())


_JOINERS = "\u200c\u200d"
"""Invisible, but part of how names in Persian and of how emoji are written."""
