"""What a file's first and last bytes say of it: its type, its size in pixels, its length. Pure; no library is asked."""

import struct
from typing import NamedTuple

_OGG_RATE = 48_000
"""Opus counts its samples at this rate, whatever was recorded."""
_SOF = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}


class Facts(NamedTuple):
    """Width and height in pixels, length in whole seconds; None where the file does not say."""

    width: int | None = None
    height: int | None = None
    seconds: int | None = None


def mime(data: bytes) -> str | None:
    """The type that the first bytes show; None where they show none of those that are looked for here.

    >>> mime(b"%PDF-1.7"), mime(b"<html>")
    ('application/pdf', None)
    """
    for start, found in _STARTS:
        if data.startswith(start):
            return found
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    if data[4:8] == b"ftyp":
        brand = data[8:12]
        return "video/3gpp" if brand[:3] in (b"3gp", b"3g2") else _BRANDS.get(brand, "video/mp4")
    if len(data) > 1 and data[0] == 0xFF and data[1] & 0xF6 == 0xF0:
        return "audio/aac"
    if len(data) > 1 and data[0] == 0xFF and data[1] & 0xE0 == 0xE0:
        return "audio/mpeg"
    return None


_BRANDS = {
    b"M4A ": "audio/mp4",
    b"qt  ": "video/quicktime",
    b"avif": "image/avif",
    **dict.fromkeys((b"heic", b"heix", b"mif1", b"msf1"), "image/heic"),
}
"""What a file in boxes is where it is no MP4: phones keep their pictures so."""

_STARTS = (
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"GIF8", "image/gif"),
    (b"OggS", "audio/ogg"),
    (b"ID3", "audio/mpeg"),
    (b"#!AMR", "audio/amr"),
    (b"%PDF-", "application/pdf"),
)


def fits(data: bytes, declared: str) -> bool:
    """Whether the bytes can be of the declared type: what is called a picture, a video or a sound must look like it."""
    kind, found = declared.partition("/")[0], mime(data)
    if kind not in ("image", "video", "audio"):
        return True
    if found is None:
        return False
    wanted = declared.partition(";")[0]
    return found == wanted or {found, wanted} <= {"video/mp4", "audio/mp4"} or {found, wanted} <= _MPEG


_MPEG = {"audio/mpeg", "audio/aac"}


def is_opus(data: bytes) -> bool:
    """Whether this is Opus in Ogg, which a voice message has to be."""
    return data.startswith(b"OggS") and b"OpusHead" in data[:200]


def facts(data: bytes) -> Facts:
    """What the header says; a damaged one says nothing."""
    try:
        if data.startswith(b"\x89PNG"):
            width, height = struct.unpack(">II", data[16:24])
            return _sized(width, height)
        if data.startswith(b"\xff\xd8\xff"):
            return _jpeg(data)
        if is_opus(data):
            return _opus(data)
    except (struct.error, IndexError):
        pass
    return Facts()


def _sized(width: int, height: int) -> Facts:
    return Facts(width, height) if 0 < width <= 100_000 and 0 < height <= 100_000 else Facts()


def _jpeg(data: bytes) -> Facts:
    at = 2
    while at < len(data):
        if data[at] != 0xFF:
            return Facts()
        marker, (length,) = data[at + 1], struct.unpack(">H", data[at + 2 : at + 4])
        if marker in _SOF:
            height, width = struct.unpack(">HH", data[at + 5 : at + 9])
            return _sized(width, height)
        at += 2 + length
    return Facts()


def _opus(data: bytes) -> Facts:
    """From the position of the last page, without what a player skips at the beginning."""
    head, page = data.index(b"OpusHead"), data.rindex(b"OggS")
    (skipped,) = struct.unpack("<H", data[head + 10 : head + 12])
    (position,) = struct.unpack("<q", data[page + 6 : page + 14])
    seconds = -(-(position - skipped) // _OGG_RATE)
    return Facts(seconds=seconds) if 0 < seconds <= 86_400 else Facts()
