"""Binary nodes: what is encoded is decoded as it was, with the client's real dictionary; damage is refused."""

import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator import nodes, tokens
from simulator.nodes import Jid, MalformedNode, Node, node

TOKENS = tokens.read(tokens.library())

texts = st.one_of(
    st.text(max_size=40),
    st.text("0123456789-.", max_size=130),
    st.text("0123456789ABCDEF", max_size=130),
    st.sampled_from(TOKENS.single),
    st.sampled_from(TOKENS.double[0] + TOKENS.double[3]),
)
jids = st.one_of(
    st.builds(
        Jid,
        st.text("0123456789", min_size=1, max_size=15),
        st.sampled_from(["s.whatsapp.net", "lid"]),
        st.integers(0, 255),
    ),
    st.builds(
        Jid, st.text("0123456789-", max_size=20), st.sampled_from(["g.us", "broadcast", "s.whatsapp.net", "newsletter"])
    ),
)
attributes = st.dictionaries(texts.filter(bool), st.one_of(texts, jids), max_size=5)
leaves = st.builds(Node, texts.filter(bool), attributes, st.one_of(st.none(), st.binary(max_size=300)))
trees = st.recursive(
    leaves,
    lambda inner: st.builds(Node, texts.filter(bool), attributes, st.lists(inner, max_size=4).map(tuple)),
    max_leaves=8,
)


@settings(deadline=None)
@given(trees)
def test_a_node_survives_the_wire(tree: Node) -> None:
    assert nodes.decode(nodes.encode(tree, TOKENS), TOKENS) == tree


@settings(deadline=None)
@given(trees)
def test_a_compressed_frame_is_read_too(tree: Node) -> None:
    plain = nodes.encode(tree, TOKENS)
    assert nodes.decode(b"\x02" + zlib.compress(plain[1:]), TOKENS) == tree


@settings(deadline=None)
@given(trees, st.data())
def test_a_frame_that_is_cut_short_is_refused(tree: Node, data: st.DataObject) -> None:
    frame = nodes.encode(tree, TOKENS)
    with pytest.raises(MalformedNode):
        nodes.decode(frame[: data.draw(st.integers(0, len(frame) - 1))], TOKENS)


@settings(deadline=None)
@given(st.binary(max_size=80))
def test_any_bytes_are_a_node_or_refused(frame: bytes) -> None:
    try:
        nodes.decode(frame, TOKENS)
    except MalformedNode:
        return


@pytest.mark.parametrize("size", [0, 1, 255, 256, 65_536, 1 << 20])
def test_contents_of_every_size(size: int) -> None:
    long = node("enc", bytes(size))
    assert nodes.decode(nodes.encode(long, TOKENS), TOKENS).data == bytes(size)


def test_more_than_255_children() -> None:
    many = node("list", (node("key", id=number) for number in range(812)))
    assert len(nodes.decode(nodes.encode(many, TOKENS), TOKENS).children) == 812


def test_known_words_and_digits_are_packed() -> None:
    short = nodes.encode(node("iq", type="result", id="12345678"), TOKENS)
    assert len(short) == 13


def test_addresses_are_printed_and_read() -> None:
    assert [str(nodes.parse_jid(text)) for text in ("123@lid", "123:4@lid", "s.whatsapp.net")] == [
        "123@lid",
        "123:4@lid",
        "s.whatsapp.net",
    ]
    assert nodes.parse_jid("123:4@lid").account == Jid("123", "lid")


def test_looking_into_a_node() -> None:
    tree = node("iq", node("usync", node("list", [node("user", b"x", jid="1:2@lid")])))
    user = tree.child("usync", "list", "user")
    assert user is not None
    assert (user.data, user.jid("jid"), user.text("nothing", "else")) == (b"x", Jid("1", "lid", 2), "else")
    assert tree.child("usync", "query") is None
