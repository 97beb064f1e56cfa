"""Batch: what a provider signs of many steps at once, and the proof of one of them. Pure.

One signature stands for a batch of results (merkle.py). A Proof takes one attestation out of it,
with the hashes that lead to the batch's root, so that it is shown to anybody without the others.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

from engine import merkle
from engine.content.blocks import Block, Checked
from engine.content.cid import BYTES, DAG_CBOR, RAW, Cid, are_cids
from engine.content.schema import Record
from engine.errors import Damaged
from engine.step import Attestation
from engine.values import dataclass

MAX_STEPS: Final = 4_096  # of a lease or batch: a message has one frame for their keys
MAX_PATH: Final = 12  # hashes: of a batch of MAX_STEPS


@dataclass(frozen=True, slots=True)
class Batch:
    """Results that are handed back: the provider's word for each of them."""

    agreement: Cid
    number: int  # from 1, without a gap
    count: int
    root: bytes  # of the leaves of what it says, in order


@dataclass(frozen=True, slots=True)
class Proof:
    """An attestation as one of those that a signed Batch is of."""

    batch: Cid  # the Signed one
    attestation: Cid
    index: int  # in the batch, from 0
    hashes: tuple[bytes, ...]  # beside its way to the root


class Said(NamedTuple):
    """What a provider says of one step."""

    step: Cid
    result: Cid
    attestation: Cid

    @property
    def leaf(self) -> bytes:
        """What goes into the root of a batch: three CIDs of 36 bytes."""
        return b"".join(self)


def proofs(batch: Cid, said: Sequence[Said]) -> list[Block]:
    """Return the proof of each thing that a signed batch says."""
    paths = merkle.proofs([one.leaf for one in said])
    spelled = PROOF.mould(Proof(batch, batch, 0, ()), ("attestation", "index", "hashes"))
    return [
        Checked.made(DAG_CBOR, spelled(one.attestation, index, path))
        for index, (one, path) in enumerate(zip(said, paths, strict=True))
    ]


def batch_of(record: bytes) -> Cid | None:
    """Return which signed batch a record names if it begins as a Proof; the rest is not read."""
    name = record[len(_BEGINS) : len(_BEGINS) + BYTES]
    return Cid(name) if record.startswith(_BEGINS) and are_cids([name]) else None


def is_proved(batch: Batch, proof: Proof, attestation: Attestation) -> bool:
    """Return whether a batch is of this attestation, which the proof names."""
    leaf = Said(attestation.step, attestation.result, proof.attestation).leaf
    return merkle.verifies(batch.root, batch.count, proof.index, leaf, proof.hashes)


def check_counted(number: int, count: int, root: bytes) -> None:
    """Look whether something can be the number, count and root of a batch or a lease.

    Raises: Damaged.
    """
    if number < 1 or not 1 <= count <= MAX_STEPS:
        raise Damaged(f"it has a number, and 1 to {MAX_STEPS} steps")
    if len(root) != merkle.HASH_BYTES:
        raise Damaged("a root has 32 bytes")


def _check_batch(batch: Batch) -> None:
    check_counted(batch.number, batch.count, batch.root)


def _check_proof(proof: Proof) -> None:
    if not 0 <= proof.index < MAX_STEPS or len(proof.hashes) > MAX_PATH:
        raise Damaged(f"it is of none of {MAX_STEPS} steps")
    if any(len(one) != merkle.HASH_BYTES for one in proof.hashes):
        raise Damaged("a hash has 32 bytes")


BATCH: Final = Record("tallystick/batch/1", Batch, _check_batch)
PROOF: Final = Record("tallystick/proof/1", Proof, _check_proof)

_NAME: Final = Cid.of(RAW, b"")
_BEGINS: Final = PROOF.encode(Proof(_NAME, _NAME, 0, ())).partition(_NAME)[0]  # up to its batch
