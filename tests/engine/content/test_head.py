"""head: each argument has one head, and reading takes no other."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.content.head import MAP, TAG, TEXT, UNSIGNED, read_head, write_head
from engine.errors import Damaged

EDGES = [0, 23, 24, 255, 256, 65_535, 65_536, 2**32 - 1, 2**32, 2**64 - 1]


@given(st.integers(UNSIGNED, TAG), st.sampled_from(EDGES) | st.integers(0, 2**64 - 1))
def test_heads_are_written_and_read(major, argument):
    """A head gives its type and argument back, wherever it is, and says where it ends."""
    data = write_head(major, argument)
    assert read_head(b"_" + data + b"_", 1) == (major, argument, 1 + len(data))


@pytest.mark.parametrize(
    ("argument", "size"), list(zip(EDGES, [1, 1, 2, 2, 3, 3, 5, 5, 9, 9], strict=True))
)
def test_heads_are_the_shortest(argument, size):
    """A head is as short as its argument allows."""
    assert len(write_head(MAP, argument)) == size


@pytest.mark.parametrize(
    "spelled", ["1817", "1900ff", "1a0000ffff", "1b00000000ffffffff", "1c", "1d", "1e", "1f", "ff"]
)
def test_other_heads_are_damaged(spelled):
    """A longer head than need be, a reserved one and one of no stated length are Damaged."""
    with pytest.raises(Damaged):
        read_head(bytes.fromhex(spelled) + bytes(200), 0)


@pytest.mark.parametrize("argument", EDGES[2:])
def test_a_head_that_is_cut_short_is_damaged(argument):
    """A head without all of its argument is Damaged, whatever the rest would be."""
    data = write_head(TEXT, argument)
    for end in range(1, len(data)):
        with pytest.raises(Damaged):
            read_head(data[:end], 0)


def test_an_argument_over_64_bits_is_our_bug():
    """There is no head for 2**64."""
    with pytest.raises(ValueError, match="65 bits"):
        write_head(UNSIGNED, 2**64)
