"""A step, and what peers say that it gave: signed as they sign it, with nobody running anything."""

from nacl.signing import SigningKey

from engine import merkle
from engine.batch import BATCH, PROOF, Batch, Said, proofs
from engine.content.blocks import Block, BlockStore
from engine.content.cid import DAG_CBOR, RAW, Cid
from engine.memo import UNSIGNED
from engine.runner import Order, Report
from engine.sandbox.base import Limits
from engine.step import (
    ATTESTATION,
    CONTRACT,
    REQUIRES,
    RESULT,
    SIGNED,
    STEP,
    SYSTEM,
    Attestation,
    Platform,
    Result,
    Signed,
    Step,
)
from engine.trust.wrong import Word

STEP_RUN = Step(
    closure=Cid.of(DAG_CBOR, b"closure"),
    command=("true",),
    script="",
    script_link=None,
    variables={},
    inputs={},
    gathers={},
    outputs={"o": "o.json"},
    platform=Platform(REQUIRES, SYSTEM),
    contract=CONTRACT,
)
KEY = STEP.cid(STEP_RUN)
ORDER = Order(KEY, STEP_RUN, (STEP.block(STEP_RUN),), Limits())
NAME = ("train", 0)


def key_of(peer: str) -> SigningKey:
    """Return the key of a peer."""
    return SigningKey(peer.encode().ljust(32, b"."))


def public(peer: str) -> bytes:
    """Return who it is; "" is this machine, which has none."""
    return bytes(key_of(peer).verify_key) if peer else UNSIGNED


def gives(
    store: BlockStore,
    peer: str,
    output: bytes,
    *,
    machine: str = "m",
    reason: str = "",
    started_ms: int = 1,
    stays: bool = False,
) -> Report:
    """Return that a peer ran the step and it gave an output, with the word of a peer for it.

    What `stays` is where it was made.
    """
    made = Block(Cid.of(RAW, output), output)
    is_good = not reason
    result = RESULT.block(Result(KEY, 0, {"o": made.cid} if is_good else {}))
    said = Attestation(
        KEY, result.cid, "bwrap", machine, started_ms, 1, 1, 1, None, None, False, reason
    )
    record = ATTESTATION.block(said)
    blocks = [result, record] if stays else [made, result, record]
    signed = None
    if peer:
        told = Said(KEY, result.cid, record.cid)
        payload = BATCH.encode(Batch(KEY, 1, 1, merkle.root([told.leaf])))
        signature = key_of(peer).sign(BATCH.kind.encode() + b"\0" + payload).signature
        batch = SIGNED.block(Signed(payload, public(peer), signature))
        (proof,) = proofs(batch.cid, [told])
        store.put([*blocks, batch, proof])  # a node keeps what it takes
        signed, blocks = proof.cid, []
    return Report(
        result=RESULT.decode(result.data),
        result_cid=result.cid,
        attestation=said,
        attestation_cid=record.cid,
        signed=signed,
        signer=public(peer),
        detail="",
        blocks=tuple(blocks),
    )


def word(store: BlockStore, report: Report) -> Word:
    """Return a report as evidence has it."""
    made = {block.cid: block.data for block in report.blocks}
    records = (report.attestation_cid, report.result_cid)
    attestation, result = (made[cid] if cid in made else store.get(cid) for cid in records)
    if report.signed is None:
        return Word(b"", b"", attestation, result)
    path = store.get(report.signed)
    return Word(store.get(PROOF.decode(path).batch), path, attestation, result)
