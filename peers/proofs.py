"""Proofs: records that convict a peer, for anybody, by themselves. Pure.

    log fork             two entries in one place of a log, or one that leaves another out
    voucher fork         two vouchers that say different things, or the later one less
    checkpoint fork      two words on how a channel stands, under one number
    two results          a provider's word for two results of one step (equivocation.py)
    over the price cap   receipts for more than was agreed (breaches.py)
    wrong receipt        a receipt that is not for what its lines come to
    wrong total          a voucher that is not for what it should be for

Whoever reads one looks at all of it: who passed it on does not matter. What cannot be shown so,
as that somebody does not pay or is slow, is nobody's business but the peer's that it happened to.

>>> proof = find(held, came)                                             # doctest: +SKIP
>>> check(proof) == came.author                                          # doctest: +SKIP
True
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from engine.content.schema import Record
from engine.errors import Damaged
from engine.values import dataclass
from peers import breaches, equivocation, forks
from peers.entry import Written
from peers.identity import KEY_BYTES, PeerId

MAX_EVIDENCE: Final = 256  # records: their signatures are checked in about forty milliseconds
MAX_BYTES: Final = 512 * 1024  # of them together: it goes in a message, and is kept for good


@dataclass(frozen=True, slots=True)
class FraudProof:
    """That a peer did what no honest one does."""

    what: str  # one of KINDS
    convict: bytes  # Ed25519
    evidence: tuple[bytes, ...]  # signed records, and what leads from those to others

    @property
    def size(self) -> int:
        """How many bytes its evidence has."""
        return sum(map(len, self.evidence))


_CHECKS: Final[Mapping[str, Callable[[str, Sequence[bytes]], PeerId]]] = {
    forks.LOG: forks.check,
    forks.VOUCHER: forks.check,
    forks.CHECKPOINT: forks.check,
    equivocation.RESULTS: equivocation.check,
    breaches.CAP: breaches.check,
    breaches.RECEIPT: breaches.check,
    breaches.TOTAL: breaches.check,
}
KINDS: Final = tuple(_CHECKS)


def check(proof: FraudProof) -> PeerId:
    """Return whom a proof convicts.

    Raises: Damaged when it convicts nobody, or somebody else.
    """
    convict = _CHECKS[proof.what](proof.what, proof.evidence)
    if convict.key != proof.convict:
        raise Damaged("a proof is of what somebody else did")
    return convict


def find(one: Written, two: Written) -> FraudProof | None:
    """Return what two entries prove; None when they can both be an honest peer's."""
    what = forks.conflict(one, two)
    if not what:
        return None
    low, high = sorted((one, two), key=lambda written: written.id)
    return FraudProof(what, one.author.key, (low.signed, high.signed))


def prove(what: str, evidence: Sequence[bytes]) -> FraudProof | None:
    """Return the proof of that kind that some evidence is; None when it is none."""
    if what not in _CHECKS or not _is_bounded(evidence):
        return None
    try:
        return FraudProof(what, _CHECKS[what](what, evidence).key, tuple(evidence))
    except Damaged:
        return None


def _is_bounded(evidence: Sequence[bytes]) -> bool:
    return len(evidence) <= MAX_EVIDENCE and sum(map(len, evidence)) <= MAX_BYTES


def _check(proof: FraudProof) -> None:
    if proof.what not in _CHECKS:
        raise Damaged("it proves something of no known kind")
    if len(proof.convict) != KEY_BYTES:
        raise Damaged(f"a key has {KEY_BYTES} bytes")
    if not _is_bounded(proof.evidence):
        raise Damaged(f"it has over {MAX_EVIDENCE} records or {MAX_BYTES} bytes of them")


FRAUD_PROOF: Final = Record("tallystick/fraud-proof/1", FraudProof, _check)
