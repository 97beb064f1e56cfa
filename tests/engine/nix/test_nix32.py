"""nix32 against Nix's own digests, and its inverse."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import Refused
from engine.nix import nix32


def test_digest_of_nix_manual() -> None:
    """The sha256 of "hello" prints as Nix prints it."""
    digest = bytes.fromhex("2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824")
    assert nix32.encode(digest) == "094qif9n4cq4fdg459qzbhg1c6wywawwaaivx0k0x8xhbyx4vwic"


@given(st.binary(min_size=1, max_size=64))
def test_decode_inverts_encode(data: bytes) -> None:
    """Whatever is printed is read back."""
    text = nix32.encode(data)
    assert len(text) == nix32.length(len(data))
    assert nix32.decode(text, len(data)) == data


@given(st.text(alphabet=nix32.ALPHABET + "eout", min_size=52, max_size=52))
def test_each_digest_has_one_text(text: str) -> None:
    """What is read prints back to itself; everything else is refused."""
    try:
        data = nix32.decode(text, 32)
    except Refused:
        return
    assert nix32.encode(data) == text


@pytest.mark.parametrize("text", ["", "0" * 51, "0" * 53, "e" + "0" * 51, "z" + "0" * 51])
def test_other_texts_are_refused(text: str) -> None:
    """A wrong length, a letter that Nix leaves out, or a number over 256 bits is no digest."""
    with pytest.raises(Refused):
        nix32.decode(text, 32)
