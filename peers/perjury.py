"""Perjury: a provider that gives its word for two results of one step, when that is run anew.

What it said before is in the memo, with the proof of its word; so nobody has to remember more. Who
sees that leaves the provider alone, and convicts it of nothing by itself: an honest one that has
lost its book (own_word.py) may say so too.
"""

from collections.abc import Callable, Iterable, Sequence
from itertools import combinations

from engine.batch import PROOF
from engine.content.cid import Cid
from engine.errors import TallyError
from engine.memo import Memo, Witness
from peers.proofs import FraudProof, prove
from peers.twofold import RESULTS

Read = Callable[[Cid], bytes]


def perjuries(memo: Memo, read: Read, steps: Sequence[Cid], signer: bytes) -> list[FraudProof]:
    """Return what proves that a signer gave its word for two results of one of some steps.

    For any thread: the memo and the store are read.
    """
    found = []
    for witnesses in memo.look_up(steps).values():
        said = sorted((one for one in witnesses if one.signer == signer), key=_result)
        for one, two in combinations(said, 2):
            if one.result != two.result and (proof := _proof(read, one, two)) is not None:
                found.append(proof)
    return found


def _result(witness: Witness) -> Cid:
    return witness.result


def _proof(read: Read, *witnesses: Witness) -> FraudProof | None:
    try:
        evidence = [part for one in witnesses for part in _word(read, one)]
    except TallyError:  # some of it is not here any more
        return None
    return prove(RESULTS, evidence)


def _word(read: Read, witness: Witness) -> Iterable[bytes]:
    """Return the signed batch, the path from it, the attestation, and the result."""
    if witness.signed is None:
        return ()
    path = read(witness.signed)
    batch = read(PROOF.decode(path).batch)
    return (batch, path, read(witness.attestation), read(witness.result))
