"""Runs of which somebody has attested the steps, truly or not; nobody ran them."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from nacl.signing import SigningKey

from engine import merkle
from engine.attestations import record_of
from engine.batch import BATCH, Batch, Said, proofs
from engine.content import canonical, car
from engine.content.blocks import Block, BlockStore
from engine.content.cid import RAW, Cid
from engine.content.links import links
from engine.evidence import attestation
from engine.run import RUN, RUN_PAGE_RECORD, RunStep, run_pages
from engine.step import SIGNED, Attestation, Signed
from engine.store.memory import MemoryStore
from tests.fakes.records import Ran, record

WORKFLOW = """\
workflow: attested
environments: {sh: {store: /nix/store/00000000000000000000000000000000-sh}}
steps:
  a: {environment: sh, run: 'true', outputs: {o: o}}
  b: {environment: sh, run: 'true', outputs: {o: o}}
"""

KEY, OTHER = SigningKey(bytes(32)), SigningKey(b"\1" * 32)

Word = Callable[[Attestation], list[Block]]


def attested(store: BlockStore, word: Word, outputs: bytes = b"same") -> Cid:
    """Store a run of two steps; `word` makes the blocks of what is attested, the last named."""
    ran = [Ran(name, outputs={"o": outputs}) for name in "ab"]
    return attested_again(store, record(store, WORKFLOW, ran), word)


def _with(store: BlockStore, step: RunStep, word: Word) -> RunStep:
    blocks = word(attestation(store, step.attestations[0]))
    store.put(blocks)
    return replace(step, attestations=(blocks[-1].cid,))


def signed(said: Attestation, key: SigningKey, by: SigningKey | None = None) -> Block:
    """Return an attestation in the name of `key`, signed by it or `by` another."""
    kind, payload = record_of(said).kind, record_of(said).encode(said)
    signature = (by or key).sign(kind.encode() + b"\0" + payload).signature
    return SIGNED.block(Signed(payload, bytes(key.verify_key), signature))


def proved(said: Attestation, key: SigningKey, also: Attestation | None = None) -> list[Block]:
    """Return an attestation as one of a batch that `key` signed: what it is proved with, last.

    The batch is of `also`, where that is given: so it is no proof.
    """
    record = record_of(said).block(said)
    of = also or said
    leaf = Said(of.step, of.result, record_of(of).block(of).cid)
    payload = BATCH.encode(Batch(Cid.of(RAW, b"agreed"), 1, 1, merkle.root([leaf.leaf])))
    signature = key.sign(BATCH.kind.encode() + b"\0" + payload).signature
    batch = SIGNED.block(Signed(payload, bytes(key.verify_key), signature))
    (proof,) = proofs(batch.cid, [Said(said.step, said.result, record.cid)])
    return [record, batch, proof]


def of_version_3(said: Attestation, key: SigningKey) -> list[Block]:
    """Return an attestation as a later program might write and sign it."""
    kind = "tallystick/attestation/3"
    payload = canonical.encode({"kind": kind, "step": said.step, "later": 1})
    signature = key.sign(kind.encode() + b"\0" + payload).signature
    return [SIGNED.block(Signed(payload, bytes(key.verify_key), signature))]


def attested_again(store: BlockStore, run: Cid, word: Word) -> Cid:
    """Store a run again with other words for what came out of its steps."""
    found = RUN.decode(store.get(run))
    (page,) = (RUN_PAGE_RECORD.decode(store.get(cid)) for cid in found.pages)
    (new,) = run_pages(tuple(_with(store, step, word) for step in page.steps))
    made = RUN.block(replace(found, pages=(new.cid,)))
    store.put([new, made])
    return made.cid


def write_bundle(path: Path, word: Word) -> Path:
    """Write a made-up run as a bundle, without the content that nobody has."""
    store = MemoryStore()
    run = attested(store, word)
    with path.open("wb") as file:
        car.write(file, [run], _reached(store, run))
    return path


def forged_bundle(path: Path) -> Path:
    """Write one whose two attestations are signed by somebody else than they say."""
    return write_bundle(path, lambda said: [signed(said, KEY, OTHER)])


def _reached(store: MemoryStore, root: Cid) -> list[Block]:
    found, waiting = dict[Cid, Block](), [root]
    while waiting:
        cid = waiting.pop()
        if cid not in found and store.has(cid):
            found[cid] = Block(cid, store.get(cid))
            waiting += links(cid, found[cid].data)
    return list(found.values())
