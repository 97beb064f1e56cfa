"""Messages about content are read as they were written, and nothing else is read."""

from contextlib import suppress

import msgpack
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
    assert unpack(kind, plain.unpack(plain.pack(body))) == message


@given(st.integers(250, 280), junk)
def test_junk_is_refused(kind: int, body: plain.Plain) -> None:
    """Whatever comes is a message or the peer's fault."""
    with suppress(RemoteFault):
        assert pack(unpack(kind, body)) == (kind, body)


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
        (BLOCKS_TYPE, (1, 1, NAME.raw, ())),
        (BLOCKS_TYPE, (1, 1, NAME.raw, ("a",))),
        (BLOCKS_TYPE, (1, 1, NAME.raw, (bytes(MAX_BYTES + 1),))),
        (BLOCKS_TYPE, (1, 1, NAME.raw * 2, (bytes(MAX_BYTES), b"a"))),
    ],
)
def test_every_bound_is_kept(kind: int, body: plain.Plain) -> None:
    """One more than the most is the peer's fault."""
    with pytest.raises(RemoteFault):
        unpack(kind, body)


def test_the_largest_message_fits_a_frame() -> None:
    """As many blocks and as many bytes as there may be."""
    each = MAX_BYTES // MAX_CIDS
    message = Blocks(2**32 - 1, 2**63 - 1, tuple((NAME, bytes(each)) for _ in range(MAX_CIDS)))
    kind, body = pack(message)
    assert unpack(kind, body) == message
    assert len(msgpack.packb(body, use_bin_type=True)) <= MAX_BODY
