"""Small real files: what their headers say is what they are."""

import struct
import zlib


def png(width: int = 3, height: int = 2) -> bytes:
    """A picture of one colour."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    rows = zlib.compress((b"\0" + b"\x20\x80\x40" * width) * height)
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def jpeg(width: int = 640, height: int = 480) -> bytes:
    """The markers of a picture, up to its size."""
    app = b"\xff\xe0" + struct.pack(">H", 16) + b"JFIF\0" + bytes(9)
    size = b"\xff\xc0" + struct.pack(">HBHHB", 11, 8, height, width, 1) + bytes(3)
    return b"\xff\xd8" + app + size + b"\xff\xd9"


def opus(seconds: float = 2.5) -> bytes:
    """The first and the last page of a voice message."""

    def page(position: int, number: int, data: bytes) -> bytes:
        head = b"OggS\0\0" + struct.pack("<qIII", position, 1, number, 0) + bytes([1, len(data)])
        return head + data

    opening = b"OpusHead" + struct.pack("<BBHIhB", 1, 1, 312, 48_000, 0, 0)
    return page(0, 0, opening) + page(312 + int(seconds * 48_000), 1, bytes(20))


def mp4() -> bytes:
    """The beginning of a film."""
    return struct.pack(">I", 16) + b"ftypisom" + bytes(4) + struct.pack(">I", 8) + b"mdat"


PDF = b"%PDF-1.7\n%%EOF\n"
MP3 = b"ID3\x03\0\0\0\0\0\0" + bytes(20)
