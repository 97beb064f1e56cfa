"""A signed record is its exact bytes, and whose."""

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.content.schema import Record
from engine.errors import Damaged
from engine.step import SIGNED, Signed
from engine.values import dataclass
from peers.signed import seal, unseal
from tests.peers.keys import identity


@dataclass(frozen=True, slots=True)
class Note:
    """Something to sign."""

    text: str


NOTE = Record("tallystick/note/1", Note)
OTHER = Record("tallystick/other/1", Note)


@given(st.text(max_size=50), st.integers(1, 2**64))
def test_what_was_signed_is_read(text: str, number: int) -> None:
    """With its signer, and its name."""
    block = seal(NOTE, Note(text), identity(number))
    opened = unseal(NOTE, block.data)
    assert opened == (Note(text), identity(number).peer, block.cid)


@given(st.data())
def test_no_bit_may_change(data: st.DataObject) -> None:
    """Of what is signed, of the key, of the signature."""
    sealed = seal(NOTE, Note("a note"), identity(1)).data
    at = data.draw(st.integers(0, 8 * len(sealed) - 1))
    flipped = bytearray(sealed)
    flipped[at // 8] ^= 1 << at % 8
    with pytest.raises(Damaged):
        unseal(NOTE, bytes(flipped))


def test_a_signature_is_for_one_kind() -> None:
    """The same bytes signed as another kind do not pass."""
    signed = SIGNED.decode(seal(NOTE, Note("a"), identity(1)).data)
    moved = dataclasses.replace(signed, payload=OTHER.encode(Note("a")))
    with pytest.raises(Damaged, match="does not hold"):
        unseal(OTHER, SIGNED.encode(moved))
    with pytest.raises(Damaged):
        unseal(OTHER, SIGNED.encode(signed))


def test_nobody_signs_by_a_weak_key() -> None:
    """The signature that holds for every message under the key of order 1 is refused."""
    weak = bytes([1]) + bytes(31)
    forged = Signed(NOTE.encode(Note("anything")), weak, weak + bytes(32))
    with pytest.raises(Damaged, match="does not hold"):
        unseal(NOTE, SIGNED.encode(forged))


def test_a_signature_has_one_form() -> None:
    """S + L is the same number to a careless verifier (RFC 8032, 5.1.7)."""
    order = 2**252 + 27742317777372353535851937790883648493
    signed = SIGNED.decode(seal(NOTE, Note("a"), identity(1)).data)
    more = int.from_bytes(signed.signature[32:], "little") + order
    other = signed.signature[:32] + more.to_bytes(32, "little")
    with pytest.raises(Damaged, match="does not hold"):
        unseal(NOTE, SIGNED.encode(dataclasses.replace(signed, signature=other)))


@given(st.binary(max_size=200))
def test_junk_is_damaged(junk: bytes) -> None:
    """Whatever it is."""
    with pytest.raises(Damaged):
        unseal(NOTE, junk)
