"""An offer and its answers are read as they were written, or are faults."""

import contextlib
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from peers.agreement import ACCEPTANCE, Acceptance
from peers.errors import RemoteFault
from peers.named import MAX_WHY
from peers.offer_messages import Refusal, read_answer, read_end, read_offer, write_answer, write_end
from peers.plain import Plain, pack
from peers.signed import seal, unseal
from tests.peers.offered import OFFERED, PLAIN, THEY

READERS: list[Callable[[bytes], object]] = [read_offer, read_answer]


def test_an_offer_and_its_answers_are_read() -> None:
    """A yes with its signature; a no with its reason, which is not long."""
    assert read_offer(OFFERED.data).cid == OFFERED.cid
    yes = seal(ACCEPTANCE, Acceptance(OFFERED.cid), THEY).data
    assert read_answer(write_answer(yes)) == unseal(ACCEPTANCE, yes)
    assert read_answer(write_answer(Refusal("no"))) == Refusal("no")
    assert read_answer(write_answer(Refusal("n" * 9_999))) == Refusal("n" * MAX_WHY)


def test_an_end_names_its_agreement() -> None:
    """And nothing else."""
    agreement = OFFERED.cid
    assert read_end(write_end(agreement)) == agreement
    for body in (b"", agreement.raw + b"x", b"x" * 36):
        with pytest.raises(RemoteFault):
            read_end(body)


@given(st.binary(max_size=300))
def test_junk_is_a_fault(junk: bytes) -> None:
    """Whatever it is, and whoever reads it."""
    for read in READERS:
        with pytest.raises(RemoteFault):
            read(junk)


@given(PLAIN)
def test_plain_values_of_other_forms_are_faults(value: Plain) -> None:
    """A no is the only one that nobody signs."""
    for read in READERS:
        with contextlib.suppress(RemoteFault):
            assert isinstance(read(pack(value)), Refusal)
