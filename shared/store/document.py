"""JSON as the bucket keeps it: strict where it is read, plain or gzip by its size, its version never guessed."""

import gzip
import json
import math
import zlib
from collections.abc import Iterable, Mapping
from typing import Any

from shared.store.errors import NewerVersion, Unreadable

VERSION = 1
"""The newest version of a document that this code understands."""

PLAIN_BELOW = 1_000_000
"""Bytes up to which a document stays plain and indented, for people; above it is compact and gzip."""

GZIP = b"\x1f\x8b"
"""How packed data begins."""

DAMAGED = (OSError, EOFError, zlib.error)
"""What unpacking raises where the data is not whole."""


def parse(data: bytes, key: str) -> Any:
    """The JSON value in these bytes, plain or gzip. Raises Unreadable with a sentence that names `key`."""
    try:
        text = (gzip.decompress(data) if data.startswith(GZIP) else data).decode("utf-8-sig")
        return _DECODER.decode(text)
    except DAMAGED as error:
        raise Unreadable(damaged(key, error)) from None
    except (ValueError, RecursionError) as error:
        raise Unreadable(f"{key} is no valid JSON ({error}).") from None


def damaged(key: str, error: Exception) -> str:
    """The sentence for packed data that is not whole."""
    return f"{key} is damaged: its compressed data does not unpack ({error})."


def check_version(document: dict[str, Any], key: str, *, newest: int = VERSION) -> bool:
    """Whether this document says its version (the old system's do not). Raises NewerVersion, Unreadable."""
    version = document.get("version")
    if version is None:
        return False
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        raise Unreadable(f"{key} has no valid version: it says {str(version)[:40]!r}.")
    if version > newest:
        raise NewerVersion(
            f"{key} was written by a newer WhatsApp-VPSLink (version {version} of its format): update this one."
        )
    return True


def small(value: Any) -> str:
    """JSON for machines, on one line."""
    return _print(value, separators=(",", ":"))


def plain(value: Any) -> str:
    """JSON for people, indented."""
    return _print(value, indent=2)


def plain_list(head: Mapping[str, Any], name: str, items: Iterable[str], rest: Mapping[str, Any]) -> bytes:
    """One object with these members and between them a list of that name, whose items are `plain` already."""
    joined = ",\n".join(items).replace("\n", "\n    ")
    listed = f"[\n    {joined}\n  ]" if joined else "[]"
    members = [*_members(head), f"  {small(name)}: {listed}", *_members(rest)]
    return ("{\n" + ",\n".join(members) + "\n}\n").encode()


def _members(value: Mapping[str, Any]) -> list[str]:
    return [f"  {small(name)}: {plain(each)}".replace("\n", "\n  ") for name, each in value.items()]


def print_by_size(value: Any) -> bytes:
    """Indented for people below PLAIN_BELOW bytes, else packed; the same value always gives the same bytes."""
    text = small(value)
    return (plain(value) + "\n").encode() if len(text) < PLAIN_BELOW else pack(text)


def pack(text: str) -> bytes:
    """This JSON as gzip, without the time of packing."""
    return pack_bytes(text.encode())


def pack_bytes(data: bytes) -> bytes:
    """These bytes as gzip, without the time of packing."""
    return gzip.compress(data, compresslevel=6, mtime=0)


def _print(value: Any, **layout: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, **layout)
    try:
        text.encode()
    except UnicodeEncodeError:  # half an emoji, in something we could not read and keep as it was found
        return json.dumps(value, allow_nan=False, **layout)
    return text


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is no JSON")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text[:40]} is too large a number")
    return number


_DECODER = json.JSONDecoder(parse_constant=_refuse, parse_float=_finite)
