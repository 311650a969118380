"""WhatsApp's binary nodes: values (Node, Jid) and their exact encoding, both ways, with no I/O."""

import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from simulator.tokens import Tokens

_LIST_EMPTY, _DICTIONARY_0, _DICTIONARY_3 = 0, 236, 239
_AD_JID, _LIST_8, _LIST_16, _JID_PAIR, _HEX_8, _BINARY_8, _BINARY_20, _BINARY_32, _NIBBLE_8 = (
    247,
    248,
    249,
    250,
    251,
    252,
    253,
    254,
    255,
)
_PACKED_MAX = 127
_NIBBLE_SET, _HEX_SET = frozenset("0123456789-."), frozenset("0123456789ABCDEF")
_NIBBLES_AS_HEX, _HEX_AS_NIBBLES = str.maketrans("-.", "AB"), str.maketrans("AB", "-.")
_DOMAINS = {"s.whatsapp.net": 0, "lid": 1, "hosted": 128, "hosted.lid": 129}
_SERVERS = {domain: server for server, domain in _DOMAINS.items()}


class MalformedNode(ValueError):
    """These bytes are not a binary node."""


@dataclass(frozen=True, slots=True)
class Jid:
    """An address: user, server, and the device (0 is the phone itself)."""

    user: str
    server: str
    device: int = 0

    def __str__(self) -> str:
        device = f":{self.device}" if self.device else ""
        return f"{self.user}{device}@{self.server}" if self.user else self.server

    @property
    def account(self) -> "Jid":
        """The same person without a device."""
        return Jid(self.user, self.server) if self.device else self


SERVER = Jid("", "s.whatsapp.net")
Value: TypeAlias = str | Jid


def parse_jid(text: str) -> Jid:
    """`user@server`, `user:device@server` or `server`; raises ValueError for a device that is no number."""
    user, _, server = text.rpartition("@")
    name, _, device = user.partition(":")
    return Jid(name, server, int(device or 0))


@dataclass(frozen=True, slots=True)
class Node:
    """A stanza or a part of one: a tag, attributes, and either bytes or children."""

    tag: str
    attrs: Mapping[str, Value] = field(default_factory=dict)
    content: "bytes | tuple[Node, ...] | None" = None

    @property
    def children(self) -> "tuple[Node, ...]":
        """The child nodes; none where the content is bytes."""
        return self.content if isinstance(self.content, tuple) else ()

    @property
    def data(self) -> bytes:
        """The content as bytes; empty where there is none."""
        return self.content if isinstance(self.content, bytes) else b""

    def child(self, *path: str) -> "Node | None":
        """The first descendant along these tags, or None."""
        node: Node | None = self
        for tag in path:
            node = next((child for child in node.children if child.tag == tag), None) if node else None
        return node

    def text(self, name: str, default: str = "") -> str:
        """An attribute as text, addresses printed."""
        return str(self.attrs.get(name, default))

    def jid(self, name: str) -> Jid | None:
        """An attribute as an address, whether it was sent as one or as text; None when it is missing."""
        value = self.attrs.get(name)
        return parse_jid(value) if isinstance(value, str) else value


def node(tag: str, content: "bytes | str | Node | Iterable[Node] | None" = None, **attrs: Value | int | None) -> Node:
    """A node from Python values: attributes that are None are left out, `class_` and `from_` lose their underscore."""
    named = {
        key.rstrip("_"): str(value) if isinstance(value, int) else value
        for key, value in attrs.items()
        if value is not None
    }
    if isinstance(content, str):
        return Node(tag, named, content.encode())
    if content is None or isinstance(content, bytes):
        return Node(tag, named, content)
    return Node(tag, named, (content,) if isinstance(content, Node) else tuple(content))


def encode(root: Node, tokens: Tokens) -> bytes:
    """The node as a frame's payload: a flag byte (not compressed) and the node."""
    out = bytearray(b"\x00")
    _write_node(out, root, tokens.codes)
    return bytes(out)


def decode(frame: bytes, tokens: Tokens) -> Node:
    """The node in a frame's payload; raises MalformedNode."""
    if not frame:
        raise MalformedNode("An empty frame holds no node.")
    try:
        body = zlib.decompress(frame[1:]) if frame[0] & 2 else frame[1:]
        reader = _Reader(body, tokens)
        root = reader.node()
    except (IndexError, UnicodeDecodeError, zlib.error, RecursionError) as error:
        raise MalformedNode(f"The frame ends early or is not a node ({error}).") from error
    if reader.at != len(body):
        raise MalformedNode(f"{len(body) - reader.at} bytes are left after the node.")
    return root


def _write_node(out: bytearray, one: Node, codes: Mapping[str, bytes]) -> None:
    _write_list(out, 1 + 2 * len(one.attrs) + (one.content is not None))
    _write_text(out, one.tag, codes)
    for name, value in one.attrs.items():
        _write_text(out, name, codes)
        if isinstance(value, Jid):
            _write_jid(out, value, codes)
        else:
            _write_text(out, value, codes)
    if isinstance(one.content, bytes):
        _write_bytes(out, one.content)
    elif one.content is not None:
        _write_list(out, len(one.content))
        for child in one.content:
            _write_node(out, child, codes)


def _write_list(out: bytearray, size: int) -> None:
    if size == 0:
        out.append(_LIST_EMPTY)
    elif size < 256:
        out += bytes((_LIST_8, size))
    elif size < 65536:
        out.append(_LIST_16)
        out += size.to_bytes(2, "big")
    else:
        raise MalformedNode(f"A list of {size} entries is too long for a node.")


def _write_text(out: bytearray, text: str, codes: Mapping[str, bytes]) -> None:
    code = codes.get(text)
    if code is not None:
        out += code
    elif 0 < len(text) <= _PACKED_MAX and _NIBBLE_SET.issuperset(text):
        _write_packed(out, _NIBBLE_8, text)
    elif 0 < len(text) <= _PACKED_MAX and _HEX_SET.issuperset(text):
        _write_packed(out, _HEX_8, text)
    else:
        _write_bytes(out, text.encode())


def _write_packed(out: bytearray, kind: int, text: str) -> None:
    digits = text.translate(_NIBBLES_AS_HEX) if kind == _NIBBLE_8 else text
    odd = len(digits) % 2
    out += bytes((kind, (len(digits) + 1) // 2 | (128 if odd else 0)))
    out += bytes.fromhex(digits + "F" if odd else digits)


def _write_bytes(out: bytearray, data: bytes) -> None:
    size = len(data)
    if size < 256:
        out += bytes((_BINARY_8, size))
    elif size < 1 << 20:
        out.append(_BINARY_20)
        out += size.to_bytes(3, "big")
    else:
        out.append(_BINARY_32)
        out += size.to_bytes(4, "big")
    out += data


def _write_jid(out: bytearray, jid: Jid, codes: Mapping[str, bytes]) -> None:
    if jid.device and jid.server in _DOMAINS:
        out += bytes((_AD_JID, _DOMAINS[jid.server], jid.device))
        _write_text(out, jid.user, codes)
        return
    out.append(_JID_PAIR)
    if jid.user:
        _write_text(out, jid.user, codes)
    else:
        out.append(_LIST_EMPTY)
    _write_text(out, jid.server, codes)


class _Reader:
    """Reads one node from bytes, front to back."""

    def __init__(self, data: bytes, tokens: Tokens) -> None:
        self.data, self.tokens, self.at = data, tokens, 0

    def byte(self) -> int:
        value = self.data[self.at]
        self.at += 1
        return value

    def number(self, size: int) -> int:
        return int.from_bytes(self.take(size), "big")

    def take(self, size: int) -> bytes:
        end = self.at + size
        if end > len(self.data):
            raise MalformedNode("The frame ends inside of a value.")
        piece = self.data[self.at : end]
        self.at = end
        return piece

    def list_size(self, kind: int) -> int:
        if kind == _LIST_EMPTY:
            return 0
        if kind in (_LIST_8, _LIST_16):
            return self.number(kind - _LIST_8 + 1)
        raise MalformedNode(f"{kind} does not begin a list.")

    def node(self) -> Node:
        size = self.list_size(self.byte())
        tag = self.text(self.byte())
        if size == 0 or not tag:
            raise MalformedNode("A node without a tag.")
        attrs = {self.text(self.byte()): self.value(self.byte()) for _ in range((size - 1) // 2)}
        return Node(tag, attrs, None if size % 2 else self.content())

    def content(self) -> bytes | tuple[Node, ...] | None:
        kind = self.byte()
        if kind == _LIST_EMPTY:
            return ()
        if kind in (_LIST_8, _LIST_16):
            return tuple(self.node() for _ in range(self.list_size(kind)))
        if kind in (_BINARY_8, _BINARY_20, _BINARY_32):
            return self.blob(kind)
        return self.text(kind).encode()

    def value(self, kind: int) -> Value:
        if kind == _JID_PAIR:
            user_kind = self.byte()
            user = "" if user_kind == _LIST_EMPTY else self.text(user_kind)
            return Jid(user, self.text(self.byte()))
        if kind == _AD_JID:
            domain, device = self.byte(), self.byte()
            if domain not in _SERVERS:
                raise MalformedNode(f"Address domain {domain} is not known.")
            return Jid(self.text(self.byte()), _SERVERS[domain], device)
        return self.text(kind)

    def text(self, kind: int) -> str:
        if kind == _LIST_EMPTY:
            return ""
        if kind < _DICTIONARY_0:
            return self.tokens.single[kind]
        if kind <= _DICTIONARY_3:
            return self.tokens.double[kind - _DICTIONARY_0][self.byte()]
        if kind in (_NIBBLE_8, _HEX_8):
            return self.packed(kind)
        if kind in (_BINARY_8, _BINARY_20, _BINARY_32):
            return self.blob(kind).decode()
        raise MalformedNode(f"{kind} does not begin a text.")

    def blob(self, kind: int) -> bytes:
        return self.take(self.number({_BINARY_8: 1, _BINARY_20: 3, _BINARY_32: 4}[kind]))

    def packed(self, kind: int) -> str:
        head = self.byte()
        digits = self.take(head & 127).hex().upper()
        if head & 128:
            digits = digits[:-1]
        if kind == _HEX_8:
            return digits
        text = digits.translate(_HEX_AS_NIBBLES)
        if not _NIBBLE_SET.issuperset(text):
            raise MalformedNode("A packed number holds more than digits.")
        return text
