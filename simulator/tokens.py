"""The words that binary nodes abbreviate, read from the installed client library so that both always agree.

The library's file holds them as Go string tables: (pointer, length) pairs whose pointers the loader fills in from the
relocation table. Both are read from the file; nothing is loaded or executed, and no word list is kept in this project.
"""

import mmap
import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from simulator.protobufs import package_folder

_SINGLE_START = ("", "xmlstreamstart")
_DOUBLE_START = ("read-self", "active")
_TABLES = 4
_TABLE_WORDS = 256
_SINGLE_WORDS = 236  # the bytes from 236 on mean something else
_RELATIVE = {8, 1027}  # R_X86_64_RELATIVE, R_AARCH64_RELATIVE


class TokensNotFound(RuntimeError):
    """The client library's word tables were not found; the installed neonize is not one this simulator knows."""


@dataclass(frozen=True)
class Tokens:
    """The dictionary: words of one byte, and four tables of words of two bytes."""

    single: tuple[str, ...]
    double: tuple[tuple[str, ...], ...]
    codes: dict[str, bytes] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        codes = {word: bytes([236 + t, i]) for t, table in enumerate(self.double) for i, word in enumerate(table)}
        codes.update({word: bytes([i]) for i, word in enumerate(self.single) if word})
        object.__setattr__(self, "codes", codes)


def library() -> Path:
    """The installed client library's file; raises TokensNotFound when there is none for this machine."""
    machine = {"x86_64": "amd64", "aarch64": "arm64"}.get(os.uname().machine, os.uname().machine)
    file = package_folder() / f"neonize-linux-{machine}.so"
    if not file.is_file():
        raise TokensNotFound(f"The client library {file.name} is missing; the simulator runs on Linux with glibc only.")
    return file


def read(file: Path) -> Tokens:
    """The dictionary inside a client library file (ELF, 64 bit, little endian); raises TokensNotFound."""
    with file.open("rb") as handle, mmap.mmap(handle.fileno(), 0, access=mmap.ACCESS_READ) as image:
        elf = _Elf(image)
        single = tuple(elf.strings(elf.find_words(_SINGLE_START), _SINGLE_WORDS))
        tables = elf.find_tables(elf.find_words(_DOUBLE_START))
        return Tokens(single, tuple(tuple(elf.strings(table, _TABLE_WORDS)) for table in tables))


class _Elf:
    """As much of an ELF file as is needed to follow pointers in its data."""

    def __init__(self, image: mmap.mmap) -> None:
        if image[:6] != b"\x7fELF\x02\x01":
            raise TokensNotFound("The client library is not a 64-bit little-endian ELF file.")
        self.image = image
        self.segments = list(self._loads())
        self.pointers = dict(self._relocations())
        self.pointing_to: dict[int, list[int]] = {}
        for where, target in self.pointers.items():
            self.pointing_to.setdefault(target, []).append(where)

    def _loads(self) -> Iterator[tuple[int, int, int]]:
        (table,) = struct.unpack_from("<Q", self.image, 0x20)
        size, count = struct.unpack_from("<HH", self.image, 0x36)
        for at in range(table, table + size * count, size):
            kind, _flags, offset, address, _physical, length = struct.unpack_from("<IIQQQQ", self.image, at)
            if kind == 1:
                yield address, offset, length

    def _relocations(self) -> Iterator[tuple[int, int]]:
        (table,) = struct.unpack_from("<Q", self.image, 0x28)
        size, count = struct.unpack_from("<HH", self.image, 0x3A)
        for at in range(table, table + size * count, size):
            (kind,) = struct.unpack_from("<I", self.image, at + 4)
            offset, length = struct.unpack_from("<QQ", self.image, at + 0x18)
            if kind == 4:  # SHT_RELA
                for where, info, addend in struct.iter_unpack("<QQq", self.image[offset : offset + length]):
                    if info & 0xFFFFFFFF in _RELATIVE:
                        yield where, addend

    def offset(self, address: int) -> int:
        for start, offset, length in self.segments:
            if start <= address < start + length:
                return offset + address - start
        raise TokensNotFound("A pointer in the client library leads out of the file.")

    def address(self, offset: int) -> int | None:
        for start, begin, length in self.segments:
            if begin <= offset < begin + length:
                return start + offset - begin
        return None

    def strings(self, address: int, count: int) -> Iterator[str]:
        for at in range(address, address + 16 * count, 16):
            (length,) = struct.unpack_from("<Q", self.image, self.offset(at) + 8)
            if length == 0:
                yield ""
            else:
                begin = self.offset(self.pointers.get(at, -1))
                yield self.image[begin : begin + length].decode("utf-8")

    def find_words(self, words: tuple[str, ...]) -> int:
        """The address of a string table that begins with these words; the last of them is found first."""
        last = len(words) - 1
        for address in self.occurrences(words[last].encode()):
            for where in self.pointing_to.get(address, ()):
                table = where - 16 * last
                if self.begins_with(table, words):
                    return table
        raise TokensNotFound(f"The words around {words[last]!r} were not found in the client library.")

    def begins_with(self, table: int, words: tuple[str, ...]) -> bool:
        try:
            return tuple(self.strings(table, len(words))) == words
        except (TokensNotFound, UnicodeDecodeError, struct.error):
            return False

    def find_tables(self, first_table: int) -> list[int]:
        """The addresses of the four tables of two-byte words: four slice headers of 256 strings each, in a row."""
        for where in self.pointing_to.get(first_table, ()):
            places = [where + 24 * number for number in range(_TABLES)]
            sizes = {struct.unpack_from("<QQ", self.image, self.offset(place) + 8) for place in places}
            if sizes == {(_TABLE_WORDS, _TABLE_WORDS)}:
                return [self.pointers[place] for place in places]
        raise TokensNotFound("The tables of two-byte words were not found in the client library.")

    def occurrences(self, content: bytes) -> Iterator[int]:
        at = self.image.find(content)
        while at >= 0:
            if (address := self.address(at)) is not None:
                yield address
            at = self.image.find(content, at + 1)
