"""Perjury: a provider that gives its word for two results of one step, when that is run anew.

What it said before is in the memo, with the proof of its word; so nobody has to remember more. For
work that is paid that convicts it (equivocation.py); else it is left alone here.
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import combinations
from typing import NamedTuple

from engine.batch import BATCH, PROOF
from engine.content.cid import Cid
from engine.errors import TallyError
from engine.memo import Memo, Witness
from engine.step import SIGNED
from peers.equivocation import RESULTS
from peers.identity import PeerId
from peers.proofs import FraudProof, prove

Read = Callable[[Cid], bytes]
Agreed = Callable[[PeerId, Cid], bytes | None]  # a provider's entry for an agreement


class Perjury(NamedTuple):
    """A provider gave its word for two results of one step."""

    provider: PeerId
    proof: FraudProof | None  # None: it is not to be proved to others


class Records(NamedTuple):
    """Where what was said is looked up. For any thread."""

    memo: Memo
    read: Read
    agreed: Agreed


def perjuries(records: Records, steps: Sequence[Cid], signer: bytes) -> Iterator[Perjury]:
    """Yield each time that a signer gave its word for two results of one of some steps."""
    for witnesses in records.memo.look_up(steps).values():
        said = sorted((one for one in witnesses if one.signer == signer), key=_result)
        for one, two in combinations(said, 2):
            if one.result != two.result:
                yield Perjury(PeerId(signer), _proof(records, one, two))


def _result(witness: Witness) -> Cid:
    return witness.result


def _proof(records: Records, *witnesses: Witness) -> FraudProof | None:
    evidence: list[bytes] = []
    for one in witnesses:
        try:
            evidence += _word(records, one)
        except TallyError:  # some of it is not here any more
            return None
    return prove(RESULTS, evidence)


def _word(records: Records, witness: Witness) -> Iterator[bytes]:
    """Yield the signed batch, the path from it, the attestation, the result, and the entry."""
    if witness.signed is None:
        return
    path = records.read(witness.signed)
    batch = records.read(PROOF.decode(path).batch)
    yield from (batch, path, records.read(witness.attestation), records.read(witness.result))
    agreement = BATCH.decode(SIGNED.decode(batch).payload).agreement
    if (entry := records.agreed(PeerId(witness.signer), agreement)) is not None:
        yield entry
