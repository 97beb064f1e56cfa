"""A CAR of anybody's: each block is checked, whatever pieces it comes in; junk is damage."""

from collections.abc import Iterator
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as some

from engine.content import car
from engine.content.blocks import MAX_BLOCK, Block
from engine.content.cid import RAW, Cid
from engine.content.foreign_car import MAX_HEADER, blocks
from engine.content.foreign_cid import ForeignCid
from engine.content.protobuf import varint
from engine.errors import Damaged, Refused, Unavailable

BLOCKS = [Block(Cid.of(RAW, data), data) for data in (b"a", b"b" * 1000, b"")]


def bundle() -> bytes:
    """Return some blocks as a CAR, and one that is its name after them."""
    out = BytesIO()
    car.write(out, [BLOCKS[0].cid], BLOCKS)
    inline = bytes((1, RAW, 0, 1)) + b"x"
    return out.getvalue() + varint(len(inline) + 1) + inline + b"x"


def pieces(data: bytes, size: int) -> Iterator[bytes]:
    """Yield bytes in pieces."""
    return (data[at : at + size] for at in range(0, len(data), size))


@given(some.integers(1, 2000))
def test_pieces_may_have_any_length(size: int) -> None:
    """What is in it does not depend on how it came."""
    found = list(blocks(pieces(bundle(), size)))
    assert found[:-1] == [(ForeignCid(block.cid), block.data) for block in BLOCKS]
    assert found[-1] == (ForeignCid(bytes((1, RAW, 0, 1)) + b"x"), b"x")


@given(some.integers(0, len(bundle()) - 1), some.integers(1, 255))
def test_a_changed_byte_is_found(at: int, change: int) -> None:
    """Wherever it is, but in the header, which says nothing that is used."""
    data = bytearray(bundle())
    data[at] ^= change
    try:
        found = list(blocks([bytes(data)]))
    except (Damaged, Refused, Unavailable):
        return
    assert all(name.matches(block) for name, block in found)


def test_what_breaks_off_is_not_all() -> None:
    """It may be asked for again."""
    with pytest.raises(Unavailable):
        list(blocks([bundle()[:-3]]))


@pytest.mark.parametrize("size", [MAX_HEADER + 1, 2**63])
def test_a_length_is_bounded_before_it_is_read(size: int) -> None:
    """Nobody makes this program wait for, or hold, what nobody honest sends."""
    with pytest.raises(Damaged):
        next(blocks([varint(size)]))
    with pytest.raises(Damaged):
        list(blocks([varint(1), b"x", varint(MAX_BLOCK + size)]))


@given(some.lists(some.binary(max_size=40), max_size=10))
def test_junk_is_damage(junk: list[bytes]) -> None:
    """And nothing worse."""
    with pytest.raises((Damaged, Refused, Unavailable)):
        list(blocks([varint(3), b"xyz", varint(60), *junk]))
