"""One hash stands for many things in order, and each can be shown to be among them."""

import pytest
from blake3 import blake3
from hypothesis import given
from hypothesis import strategies as st

from engine.merkle import MAX_LEAVES, proof, proofs, root, verifies

THINGS = st.lists(st.binary(max_size=8), min_size=1, max_size=40)


def specified(things: list[bytes]) -> bytes:
    """Return the root as RFC 6962, 2.1 says it: split at the largest power of two below."""
    if len(things) == 1:
        return blake3(b"\0" + things[0]).digest()
    half = 1 << ((len(things) - 1).bit_length() - 1)
    return blake3(b"\1" + specified(things[:half]) + specified(things[half:])).digest()


@given(THINGS)
def test_the_tree_is_that_of_the_rfc(things: list[bytes]) -> None:
    """Of any number of things."""
    assert root(things) == specified(things)


@given(THINGS, st.data())
def test_each_thing_is_shown_to_be_at_its_place(things: list[bytes], data: st.DataObject) -> None:
    """By its proof, and at no other place of another thing."""
    index = data.draw(st.integers(0, len(things) - 1))
    shown = proof(things, index)
    assert verifies(root(things), len(things), index, things[index], shown)
    other = data.draw(st.integers(0, len(things) - 1))
    if things[other] != things[index]:
        assert not verifies(root(things), len(things), index, things[other], shown)
        assert not verifies(root(things), len(things), other, things[index], shown)


@given(THINGS)
def test_all_proofs_together_are_those_of_each(things: list[bytes]) -> None:
    """They are the same, and made in one go."""
    assert proofs(things) == [proof(things, index) for index in range(len(things))]


@given(THINGS, st.data())
def test_no_other_proof_holds(things: list[bytes], data: st.DataObject) -> None:
    """Shorter, longer, with one bit changed, or of another number of things."""
    index = data.draw(st.integers(0, len(things) - 1))
    shown, held, count = proof(things, index), root(things), len(things)
    assert not verifies(held, count, index, things[index], (*shown, bytes(32)))
    for at, one in enumerate(shown):
        changed = bytes([one[0] ^ 1]) + one[1:]
        assert not verifies(
            held, count, index, things[index], (*shown[:at], changed, *shown[at + 1 :])
        )
        assert not verifies(held, count, index, things[index], shown[:at])


def test_a_node_is_no_leaf() -> None:
    """Two hashes side by side cannot be passed off as one thing."""
    left, right = (blake3(b"\0" + thing).digest() for thing in (b"a", b"b"))
    assert root([left + right]) != root([b"a", b"b"])


def test_order_and_number_count() -> None:
    """Nothing, one, two, and the other way round, are four roots."""
    roots = {root([]), root([b"a"]), root([b"a", b"b"]), root([b"b", b"a"]), root([b"a", b"a"])}
    assert len(roots) == 5


@pytest.mark.parametrize(("count", "index"), [(0, 0), (1, 1), (1, -1), (MAX_LEAVES + 1, 0)])
def test_a_place_that_is_none_is_not_shown(count: int, index: int) -> None:
    """Nor is a number of things that nobody signs for."""
    assert not verifies(root([b"a"]), count, index, b"a", ())
    with pytest.raises(IndexError):
        proof([b"a"], 1)
