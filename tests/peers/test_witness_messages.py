"""What peers tell each other of a third is read as it was written, or is a fault."""

from collections.abc import Callable
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from peers import forks
from peers.errors import RemoteFault
from peers.place import head_of, spell
from peers.plain import Plain, pack
from peers.proofs import FraudProof
from peers.witness_messages import (
    MAX_HEADS,
    read_found,
    read_heads,
    read_proof,
    read_want,
    write_found,
    write_heads,
    write_proof,
    write_want,
)
from tests.peers.ledgers import opened
from tests.peers.offered import PLAIN

ONE, TWO = opened()
FIRST, SECOND = ONE.log[:2]
HEADS = tuple(map(head_of, ONE.log))

READERS: list[Callable[[bytes], object]] = [
    read_heads,
    read_want,
    read_proof,
    partial(read_found, wanted=FIRST.id),
]


def test_heads_are_read() -> None:
    """One at least, and no more than there is room for."""
    assert read_heads(write_heads(HEADS)) == HEADS
    assert len(read_heads(write_heads(HEADS[:1] * MAX_HEADS))) == MAX_HEADS
    for heads in ((), HEADS[:1] * (MAX_HEADS + 1)):
        with pytest.raises(RemoteFault):
            read_heads(write_heads(heads))


def test_a_head_is_a_key_and_a_place() -> None:
    """Nobody has no place in a log, and a key has its length."""
    place = spell(HEADS[0].place)
    heads: list[Plain] = [(ONE.peer.key, None), (b"key", place), (place, place), place]
    for head in heads:
        with pytest.raises(RemoteFault):
            read_heads(pack((head,)))


def test_an_entry_is_asked_for_and_found() -> None:
    """The one that was wanted, or the one after it, or none; another is a fault."""
    assert read_want(write_want(FIRST.id)) == FIRST.id
    assert read_found(write_found(FIRST.signed), FIRST.id) == FIRST
    assert read_found(write_found(SECOND.signed), FIRST.id) == SECOND
    assert read_found(write_found(None), FIRST.id) is None
    with pytest.raises(RemoteFault, match="another entry"):
        read_found(write_found(FIRST.signed), SECOND.id)


def test_a_proof_is_read_and_not_yet_believed() -> None:
    """It is a record of its kind; whether it proves anything is to be looked at."""
    proof = FraudProof(forks.LOG, ONE.peer.key, (FIRST.signed, FIRST.signed))
    assert read_proof(write_proof(proof)) == proof
    with pytest.raises(RemoteFault):
        read_proof(FIRST.signed)


@given(st.binary(min_size=1, max_size=300))
def test_junk_is_a_fault(junk: bytes) -> None:
    """Whatever it is, and whoever reads it."""
    for read in READERS:
        with pytest.raises(RemoteFault):
            read(junk)


@given(PLAIN)
def test_plain_values_of_other_forms_are_faults(value: Plain) -> None:
    """None of them has a head or an entry in it."""
    for read in READERS:
        with pytest.raises(RemoteFault):
            read(pack(value))
