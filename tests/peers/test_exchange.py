"""Messages about content are read as they were written, and nothing else is read."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.content.cid import DAG_CBOR, DAG_PB, RAW, Cid
from peers import plain
from peers.envelope import MAX_BODY
from peers.errors import RemoteFault
from peers.exchange import (
    BLOCKS_TYPE,
    MAX_BYTES,
    MAX_CIDS,
    WANT_TYPE,
    Blocks,
    Cancel,
    Credit,
    DontHave,
    Message,
    WantBlocks,
    pack,
    unpack,
)

cids = st.builds(Cid.of, st.sampled_from([RAW, DAG_PB, DAG_CBOR]), st.binary(max_size=8))
some = st.lists(cids, min_size=1, max_size=5).map(tuple)
lanes = st.integers(0, 2**32 - 1)
counts = st.integers(0, 2**63 - 1)
claimed = st.lists(st.tuples(cids, st.binary(max_size=20)), min_size=1, max_size=5).map(tuple)
messages = (
    st.builds(WantBlocks, lanes, cids, some, counts)
    | st.builds(Credit, lanes, counts)
    | st.builds(Cancel, lanes, some | st.just(()))
    | st.builds(Blocks, lanes, counts, claimed)
    | st.builds(DontHave, lanes, some)
)
junk = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.binary(max_size=80),
    lambda inner: st.lists(inner, max_size=5).map(tuple),
)
NAME = Cid.of(RAW, b"a")


@given(messages)
def test_a_message_is_read_as_it_was_written(message: Message) -> None:
    """Its body is plain, and its type says which it is."""
    kind, body = pack(message)
    assert unpack(kind, body) == message


@given(st.integers(250, 280), junk)
def test_junk_is_refused(kind: int, body: plain.Plain) -> None:
    """Whatever comes is a message or the peer's fault."""
    with suppress(RemoteFault):
        assert pack(unpack(kind, plain.pack(body))) == (kind, plain.pack(body))


@given(st.integers(250, 280), st.binary(max_size=200))
def test_bytes_are_refused(kind: int, body: bytes) -> None:
    """Also those that are no values at all."""
    with suppress(RemoteFault):
        assert pack(unpack(kind, body)) == (kind, body)


@given(st.builds(Blocks, lanes, counts, claimed), st.data())
def test_a_changed_message_is_refused_or_another(message: Blocks, data: st.DataObject) -> None:
    """One byte changed, or some cut off."""
    kind, body = pack(message)
    at = data.draw(st.integers(0, len(body) - 1))
    for changed in (body[:at], body[:at] + bytes([body[at] ^ 1]) + body[at + 1 :], body + b"a"):
        with suppress(RemoteFault):
            assert pack(unpack(kind, changed)) == (kind, changed)


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        (WANT_TYPE, (1, NAME.raw, b"", 5)),
        (WANT_TYPE, (1, NAME.raw, NAME.raw * (MAX_CIDS + 1), 5)),
        (WANT_TYPE, (1, NAME.raw * 2, NAME.raw, 5)),
        (WANT_TYPE, (1, NAME.raw, NAME.raw[:-1], 5)),
        (WANT_TYPE, (1, NAME.raw, bytes(36), 5)),
        (WANT_TYPE, (True, NAME.raw, NAME.raw, 5)),
        (WANT_TYPE, (1, NAME.raw, NAME.raw, 2**63)),
        (WANT_TYPE, (2**32, NAME.raw, NAME.raw, 5)),
        (WANT_TYPE, (1, NAME.raw, NAME.raw, -1)),
    ],
)
def test_every_bound_is_kept(kind: int, body: plain.Plain) -> None:
    """One more than the most is the peer's fault."""
    with pytest.raises(RemoteFault):
        unpack(kind, plain.pack(body))


@pytest.mark.parametrize(
    ("names", "sizes", "data"),
    [
        (1, (), b""),
        (1, ("a",), b"a"),
        (1, (True,), b"a"),
        (1, (-1,), b""),
        (1, (2,), b"a"),
        (1, (1,), b"ab"),
        (1, (MAX_BYTES + 1,), bytes(MAX_BYTES + 1)),
        (2, (MAX_BYTES, 1), bytes(MAX_BYTES + 1)),
    ],
)
def test_every_bound_of_blocks_is_kept(
    names: int, sizes: tuple[plain.Plain, ...], data: bytes
) -> None:
    """Neither more bytes than there may be, nor others than the head says."""
    head = plain.pack((1, 1, NAME.raw * names, sizes))
    with pytest.raises(RemoteFault):
        unpack(BLOCKS_TYPE, len(head).to_bytes(4, "big") + head + data)


def test_the_largest_message_fits_a_frame() -> None:
    """As many blocks and as many bytes as there may be."""
    each = MAX_BYTES // MAX_CIDS
    message = Blocks(2**32 - 1, 2**63 - 1, tuple((NAME, bytes(each)) for _ in range(MAX_CIDS)))
    kind, body = pack(message)
    assert unpack(kind, body) == message
    assert len(body) <= MAX_BODY


def test_a_large_leaf_is_not_copied() -> None:
    """It is a view of the message; all else is bytes, as it is read further."""
    large, small, node = (Cid.of(RAW, b"a"), bytes(100_000)), (NAME, b"b"), Cid.of(DAG_CBOR, b"c")
    kind, body = pack(Blocks(1, 3, (large, small, (node, bytes(100_000)))))
    message = unpack(kind, body)
    assert isinstance(message, Blocks)
    assert [type(data) for _, data in message.blocks] == [memoryview, bytes, bytes]
