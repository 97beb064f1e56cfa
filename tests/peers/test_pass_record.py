"""A pass says who may have what, from whom, and no more."""

import pytest

from peers.pass_record import MAX_PASSED, PASS, Pass
from peers.peer_record import MAX_ADDRESSES
from tests.peers.offered import THEY, WE, block

A = block("a").cid


@pytest.mark.parametrize(
    "one",
    [
        Pass(WE.public_key, b"short", (), (A,)),
        Pass(WE.public_key, THEY.public_key, (), ()),
        Pass(WE.public_key, THEY.public_key, (), (A,) * (MAX_PASSED + 1)),
        Pass(WE.public_key, THEY.public_key, ("nowhere",), (A,)),
        Pass(WE.public_key, THEY.public_key, ("h:1",) * (MAX_ADDRESSES + 1), (A,)),
    ],
)
def test_a_pass_is_from_one_peer_to_another_for_something(one: Pass) -> None:
    """It names no place that is none, and nothing without bound."""
    with pytest.raises(ValueError, match="a pass"):
        PASS.encode(one)
