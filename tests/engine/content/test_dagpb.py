"""dag-pb and the protobuf it is made of: one spelling written, hostile ones refused."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.content.cid import DAG_PB, RAW, Cid
from engine.content.dagpb import Link, decode, encode
from engine.content.protobuf import fields, text, uint, varint
from engine.errors import Damaged

CIDS = st.builds(Cid.of, st.sampled_from([RAW, DAG_PB]), st.binary(max_size=3))
LINKS = st.builds(Link, st.text(st.characters(codec="utf-8")), CIDS, st.integers(0, 2**64 - 1))
LEAF = Cid.of(RAW, b"a")


@given(links=st.lists(LINKS, max_size=5), data=st.binary(max_size=20))
def test_a_node_reads_back(links: list[Link], data: bytes) -> None:
    """Decoding what was encoded gives the links and data it was made of."""
    assert decode(encode(links, data)) == (tuple(links), data)


@given(value=st.integers(0, 2**64 - 1))
def test_a_varint_reads_back(value: int) -> None:
    """Every 64-bit integer has one form and is read from it."""
    assert list(fields(uint(1, value))) == [(1, value)]
    assert len(varint(value)) == max(1, -(-value.bit_length() // 7))


def test_a_link_is_written_with_its_fields_in_order() -> None:
    """Hash, Name even when empty, Tsize; then Data: what Kubo hashes."""
    link = bytes.fromhex("0a24") + LEAF.raw + bytes.fromhex("12001801")
    assert encode([Link("", LEAF, 1)], b"D") == b"\x12" + bytes((len(link),)) + link + b"\x0a\x01D"


def test_data_before_links_is_read() -> None:
    """Old writers put data first; that is another block, with the same meaning."""
    node = encode([Link("n", LEAF, 1)], b"D")
    turned = node[-3:] + node[:-3]
    assert decode(turned) == decode(node)


GOOD = text(1, LEAF.raw)


@pytest.mark.parametrize(
    ("node", "why"),
    [
        (b"", "without data"),
        (b"\x0a", "cut short"),
        (b"\x0a\x05abc", "longer than its message"),
        (b"\x0a\x80\x00", "padded"),
        (b"\x0a" + b"\xff" * 10, "over 64 bits"),
        (b"\x0a" + b"\xff" * 9 + b"\x02", "over 64 bits"),
        (b"\x09" + bytes(8), "wire type|longer|unexpected"),
        (text(1, b"a") + text(1, b"a"), "field 1"),
        (uint(1, 1), "field 1"),
        (text(3, b""), "field 3"),
        (text(2, b"") + text(1, b""), "wrong type"),
        (text(2, text(1, b"short")) + text(1, b""), "not a CID"),
        (text(2, text(1, bytes.fromhex("01550004") + bytes(32))) + text(1, b""), "not a CID"),
        (text(2, GOOD + GOOD) + text(1, b""), "unexpected"),
        (text(2, GOOD + uint(4, 1)) + text(1, b""), "unexpected"),
        (text(2, GOOD + text(2, b"\xff")) + text(1, b""), "UTF-8"),
        (text(2, GOOD + uint(2, 1)) + text(1, b""), "wrong type"),
    ],
)
def test_what_is_no_node_is_damaged(node: bytes, why: str) -> None:
    """Every malformed node is told apart from a good one, with what is wrong with it."""
    with pytest.raises(Damaged, match=why):
        decode(node)


def test_a_version_0_link_is_read_as_version_1() -> None:
    """Kubo's default links by CIDv0; it names the same block as the CIDv1 of the same digest."""
    digest = hashlib.sha256(b"a node").digest()
    link = b"\x0a\x22\x12\x20" + digest + b"\x12\x01a\x18\x05"
    (found,), _ = decode(b"\x12" + bytes((len(link),)) + link + b"\x0a\x02\x08\x01")
    assert found == Link("a", Cid.from_bytes(b"\x01\x70\x12\x20" + digest), 5)
