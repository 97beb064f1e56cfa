"""Bytes written in the bases of IPFS tools are read, and nothing else is."""

import pytest

from engine.content.multibase import MAX_TEXT, base32, base58, decode
from engine.errors import Refused

HELLO = b"yes mani !"  # the example of the specification


@pytest.mark.parametrize(
    "text",
    [
        "bpfsxgidnmfxgsibb",
        "BPFSXGIDNMFXGSIBB",
        "f796573206d616e692021",
        "F796573206D616E692021",
        "k2lcpzo5yikidynfl",
        "K2LCPZO5YIKIDYNFL",
        "ueWVzIG1hbmkgIQ",
        "z7paNL19xttacUY",
    ],
)
def test_each_base_is_read(text: str) -> None:
    """As the tables of the specification have it."""
    assert decode(text) == HELLO


@pytest.mark.parametrize("text", ["f000a", "k02", "z12"])
def test_zeros_at_the_beginning_are_bytes(text: str) -> None:
    """In bases that are numbers, too."""
    assert decode(text)[0] == 0


@pytest.mark.parametrize(
    "text",
    ["", "9123", "f0", "fxy", "b1", "bpfsxgidnmfxgsibc1", "z0", "zI", "k!", "u*", "bä", "bah"],
)
def test_what_is_in_no_base_is_refused(text: str) -> None:
    """Spare bits that are not zero, too: what has one name has no second."""
    with pytest.raises(Refused):
        decode(text)


def test_a_long_text_is_refused() -> None:
    """Before its square is taken."""
    assert decode("f" + "00" * (MAX_TEXT // 2 - 1))
    with pytest.raises(Refused):
        decode("z" + "2" * MAX_TEXT)


def test_base32_is_read_as_it_is_written() -> None:
    """And base58 without its letter, as old CIDs have it."""
    assert decode(base32(HELLO)) == HELLO
    assert base58("7paNL19xttacUY") == HELLO
    with pytest.raises(Refused):
        base58("0")
