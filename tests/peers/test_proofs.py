"""Proofs: what convicts a peer, and that nothing convicts an honest one."""

from dataclasses import replace
from itertools import combinations

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from engine.content.schema import Record
from engine.errors import Damaged
from peers import breaches, forks
from peers.entries import Fraud, Limit
from peers.identity import PeerId
from peers.proofs import (
    FRAUD_PROOF,
    KINDS,
    MAX_BYTES,
    MAX_EVIDENCE,
    FraudProof,
    check,
    find,
    prove,
)
from tests.peers.frauds import REAL, placed
from tests.peers.honest import MOVES, Honest, Moves, chains, receipts
from tests.peers.ledgers import Keeper, named, opened, work

PROOFS = {what: prove(what, make()) for what, make in REAL.items()}


def proof_of(what: str) -> FraudProof:
    """Return a proof of some kind."""
    found = PROOFS[what]
    assert found is not None
    return found


@pytest.mark.parametrize("what", KINDS)
def test_a_real_proof_convicts(what: str) -> None:
    """By its bytes alone, whoever has them."""
    proof = proof_of(what)
    read = FRAUD_PROOF.decode(FRAUD_PROOF.encode(proof))
    assert check(read) == PeerId(proof.convict)


@pytest.mark.parametrize("what", KINDS)
def test_a_proof_is_of_one_kind_and_one_peer(what: str) -> None:
    """Evidence for one thing proves no other, and convicts nobody else."""
    proof = proof_of(what)
    for other in (*(replace(proof, what=kind) for kind in KINDS if kind != what), _else(proof)):
        with pytest.raises(Damaged):
            check(other)


def _else(proof: FraudProof) -> FraudProof:
    return replace(proof, convict=Keeper(4).peer.key)


@pytest.mark.parametrize("what", KINDS)
@given(st.data())
def test_no_byte_of_a_proof_can_be_changed(what: str, data: st.DataObject) -> None:
    """One changed anywhere leaves nothing that convicts."""
    proof = bytearray(FRAUD_PROOF.encode(proof_of(what)))
    proof[data.draw(st.integers(0, len(proof) - 1))] ^= data.draw(st.integers(1, 255))
    with pytest.raises(Damaged):
        check(FRAUD_PROOF.decode(bytes(proof)))


@pytest.mark.parametrize("what", KINDS)
def test_no_part_can_be_left_out(what: str) -> None:
    """Nor come twice, nor in another order."""
    proof = proof_of(what)
    parts = proof.evidence
    for at in range(len(parts)):
        for evidence in (parts[:at] + parts[at + 1 :], parts[:at] + parts[at:][:1] + parts[at:]):
            with pytest.raises(Damaged):
                check(replace(proof, evidence=evidence))
    with pytest.raises(Damaged):
        check(replace(proof, evidence=parts[::-1]))


def test_a_proof_is_bounded() -> None:
    """Records, their bytes, its kind and the key of the convict."""
    lax, proof = Record(FRAUD_PROOF.kind, FraudProof), proof_of(forks.LOG)
    for wrong in (
        replace(proof, evidence=(b"",) * (MAX_EVIDENCE + 1)),
        replace(proof, evidence=(bytes(MAX_BYTES), b"x")),
        replace(proof, what="slowness"),
        replace(proof, convict=b"key"),
    ):
        with pytest.raises(Damaged):
            FRAUD_PROOF.decode(lax.encode(wrong))


def test_what_is_no_evidence_proves_nothing() -> None:
    """Nor what is none of a known kind, or too much."""
    real = REAL[forks.LOG]()
    assert prove("slowness", real) is None
    assert prove(breaches.TOTAL, real) is None
    chain = REAL[breaches.TOTAL]()
    assert prove(breaches.TOTAL, chain) is not None
    assert prove(breaches.TOTAL, chain[:1] * MAX_EVIDENCE + chain) is None


@given(MOVES)
def test_an_honest_peer_is_never_convicted(moves: Moves) -> None:
    """Whatever it signs, loses, has restored and signs again, on however many copies."""
    honest = Honest()
    honest.run(moves)
    for one, two in combinations(honest.signed, 2):
        assert find(one, two) is None
    for evidence in receipts(honest):
        assert prove(breaches.CAP, evidence) is None
    for evidence in chains(honest):
        assert prove(breaches.TOTAL, evidence) is None


@settings(max_examples=30)
@given(MOVES, MOVES, MOVES)
def test_every_real_fork_is_convicted(before: Moves, one: Moves, two: Moves) -> None:
    """When both of its halves are there: some entry of one convicts with some of the other."""
    cheat = Honest()
    cheat.run(before)
    cheat.save()
    known = len(cheat.signed)
    cheat.run(_without_copies(one))
    first = cheat.lose()
    assert first == cheat.signed[known:]
    known = len(cheat.signed)
    cheat.run(_without_copies(two))
    second = cheat.signed[known:]
    parted = [(a, b) for a, b in zip(first, second, strict=False) if a.id != b.id]
    assume(parted)
    proof = find(*parted[0])
    assert proof is not None
    assert check(proof) == cheat.one.peer


def _without_copies(moves: Moves) -> Moves:
    return [(move, number) for move, number in moves if move not in {"save", "restore", "swap"}]


def test_a_conviction_cancels_no_debt() -> None:
    """What a convict is owed it is still owed."""
    one, two = opened()
    work(one, two, 500, 100)
    one.pay(two)
    proof = find(placed(two, Limit(1)), placed(two, Limit(2)))
    assert proof is not None
    assert check(proof) == two.peer
    before = one.channel(two).balance
    one.say(Fraud(proof.convict, named("proof")))
    assert one.channel(two).balance == before == -100
