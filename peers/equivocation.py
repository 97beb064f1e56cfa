"""Equivocation: one provider's word for two results of one step. Pure.

The evidence is, for each of the two: the signed Batch, the path from it (tallystick/proof/1), the
Attestation, the Result, and the provider's Agreed entry for the agreement. Both are of one epoch of
its log: who has lost what it said of steps begins another. An honest provider gives its word for
one result of a step within MEMORY_MS, though the step may give another each time (own_word.py): so
a step that is made to do that convicts nobody. Steps that failed are not spoken of.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

from engine.batch import BATCH, PROOF, is_proved
from engine.errors import Damaged
from engine.step import ATTESTATION, RESULT, Attestation
from peers.entries import Agreed
from peers.entry import read
from peers.identity import PeerId
from peers.signed import unseal

RESULTS: Final = "two results"
WITHIN_MS: Final = 7 * 24 * 3600 * 1000  # between the two runs, by the provider's own word
MEMORY_MS: Final = 2 * WITHIN_MS  # as long again as a step may take: a week, of a lease

_PARTS: Final = 5


class _Word(NamedTuple):
    """What a provider has given its word for."""

    provider: PeerId
    attestation: Attestation
    epoch: int  # of its log, in which it agreed to run that


def check(what: str, evidence: Sequence[bytes]) -> PeerId:
    """Return which provider gave its word for two results of one step.

    Raises: Damaged when it did not; the two are in the order of their results.
    """
    if len(evidence) != 2 * _PARTS:
        raise Damaged("two results are proved by ten records")
    one, two = _word(*evidence[:_PARTS]), _word(*evidence[_PARTS:])
    first, then = one.attestation, two.attestation
    is_of_one = one.provider == two.provider and first.step == then.step
    if not is_of_one or not first.result < then.result:
        raise Damaged(f"its records are no {what} of one step by one provider")
    if one.epoch != two.epoch:
        raise Damaged("a provider that has lost what it said began another epoch")
    if abs(first.started_ms - then.started_ms) > WITHIN_MS:
        raise Damaged("a provider may forget what it said a week before")
    return one.provider


def _word(signed: bytes, path: bytes, record: bytes, gave: bytes, agreed: bytes) -> _Word:
    batch, proof = unseal(BATCH, signed), PROOF.decode(path)
    entry = read(agreed)
    is_for_it = isinstance(entry.body, Agreed) and entry.body.agreement == batch.value.agreement
    if entry.author != batch.signer or not is_for_it:
        raise Damaged("an entry is not the provider's, or for another agreement")
    attestation, result = ATTESTATION.decode(record), RESULT.decode(gave)
    if proof.batch != batch.cid or not proof.attestation.matches(record):
        raise Damaged("a path is from another batch, or to another attestation")
    if not is_proved(batch.value, proof, attestation):
        raise Damaged("a batch is not of that attestation")
    if not attestation.result.matches(gave) or result.step != attestation.step:
        raise Damaged("an attestation is of another result")
    if result.exit_code != 0 or attestation.reason:
        raise Damaged("a step that failed may give another result the next time")
    return _Word(batch.signer, attestation, entry.entry.epoch)
