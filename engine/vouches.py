"""Vouches: who says what came out of the steps of a run. Pure, but for the store.

The run's own attestations come first, then what else this home knows of the same steps: from its
memo, and from other runs that came here. Many may vouch for one result, and some for another.

>>> [(one.id, one.signer, one.agrees) for one in vouches(store, steps, {})]  # doctest: +SKIP
[('train[0]', '3b6a27...', True)]
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import NamedTuple

from engine.attestations import UnknownVersion
from engine.content.blocks import BlockStore
from engine.content.cid import Cid
from engine.errors import Damaged, NotHere
from engine.evidence import evidence
from engine.step import Attestation
from engine.summary import StepSummary


class Vouch(NamedTuple):
    """Somebody's word for what came out of a step."""

    id: str  # of the step, as "train[1]"
    attestation: Cid
    said: Attestation
    signer: str  # the public key as hexadecimal text; "" for nobody
    holds: bool  # the signature is the signer's; true where there is none
    agrees: bool  # it is for the result that the run has
    is_own: bool  # it is in the run


class Count(NamedTuple):
    """How many vouch for what came out of a step."""

    id: str
    result: Cid | None
    agree: int  # signers for the run's result
    differ: int  # signers for another one
    unsigned: int  # attestations that are nobody's word


def vouches(
    store: BlockStore, steps: Sequence[StepSummary], others: Mapping[Cid, Iterable[Cid]]
) -> Iterator[Vouch]:
    """Yield who vouches for each step; `others` are more attestations, by step key.

    Raises: NotHere when an attestation of the run is not here; Damaged when one is malformed.
    """
    for step in steps:
        own: list[Vouch] = []
        named = set(step.attestations)
        for cid in step.attestations:
            with suppress(UnknownVersion):
                own.append(_vouch(store, step, cid, is_own=True))
        more: list[Vouch] = []
        known = others.get(step.key, ()) if step.key else ()
        for cid in dict.fromkeys(known):
            if cid not in named:
                with suppress(NotHere, Damaged):  # it is not the run's
                    more.append(_vouch(store, step, cid, is_own=False))
        yield from _once([*own, *(one for one in more if one.said.step == step.key)])


def count(step: StepSummary, told: Iterable[Vouch]) -> Count:
    """Return how many vouch for a step; whose signature does not hold is not counted."""
    told = [one for one in told if one.holds]
    agree = {one.signer for one in told if one.signer and one.agrees}
    differ = {one.signer for one in told if one.signer and not one.agrees}
    unsigned = sum(not one.signer for one in told)
    return Count(step.id, step.result, len(agree), len(differ), unsigned)


def _vouch(store: BlockStore, step: StepSummary, cid: Cid, *, is_own: bool) -> Vouch:
    said, signer, holds = evidence(store, cid)
    agrees = said.step == step.key and said.result == step.result
    return Vouch(step.id, cid, said, signer, holds, agrees, is_own)


def _once(told: Sequence[Vouch]) -> Iterator[Vouch]:
    """Leave out what is said again: the same without its signature, or by the same signer."""
    signed = {one.said for one in told if one.signer}
    seen: set[tuple[str, Attestation]] = set()
    for one in told:
        if (one.signer, one.said) in seen or (not one.signer and one.said in signed):
            continue
        seen.add((one.signer, one.said))
        yield one
