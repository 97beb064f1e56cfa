"""Offered: an offer from one peer to another, some records, and values of other forms."""

from hypothesis import strategies as st

from engine.content.blocks import Block
from engine.content.cid import DAG_CBOR, Cid
from peers.agreement import OFFER, Offer
from peers.signed import seal
from tests.peers.keys import identity

WE, THEY = identity(1), identity(2)
OFFERED = seal(
    OFFER,
    Offer(bytes(16), WE.public_key, THEY.public_key, {}, 0, "own", (), 1, 1, 1, 1_000, 0),
    WE,
)

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.binary(max_size=40) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4).map(tuple),
    max_leaves=12,
)


def block(text: str) -> Block:
    """Return some record."""
    data = text.encode()
    return Block(Cid.of(DAG_CBOR, data), data)
