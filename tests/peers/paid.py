"""Runs whose steps a provider signed for, and what is paid for that."""

from collections.abc import Sequence
from dataclasses import replace

from engine import merkle
from engine.batch import BATCH, Batch, Said, proofs
from engine.content.blocks import BlockStore
from engine.content.cid import Cid
from engine.run import RUN, RUN_PAGE_RECORD, run_pages
from engine.summary import load_run
from peers.receipts import Line
from peers.signed import seal
from tests.peers.ledgers import Keeper


def proved(
    store: BlockStore, plain: Cid, agreement: Cid, provider: Keeper
) -> tuple[Cid, Cid, list[Said]]:
    """Have a provider sign for all results of a run; return the run with the proofs of that."""
    run = load_run(store, plain)
    steps = [step for page in run.pages for step in RUN_PAGE_RECORD.decode(store.get(page)).steps]
    said = [Said(one.step, one.result, one.attestations[0]) for one in steps]  # type: ignore[arg-type]
    root = merkle.root([one.leaf for one in said])
    batch = seal(BATCH, Batch(agreement, 1, len(said), root), provider.key)
    shown = proofs(batch.cid, said)
    proved = tuple(
        replace(step, attestations=(proof.cid,)) for step, proof in zip(steps, shown, strict=True)
    )
    pages = run_pages(proved)
    block = RUN.block(replace(run, pages=tuple(page.cid for page in pages)))
    store.put([batch, *shown, *pages, block])
    return block.cid, batch.cid, said


def lines_of(said: Sequence[Said], *walls_ms: int) -> tuple[Line, ...]:
    """Return what is paid for results, each for so long, at the prices of bills.py."""
    return tuple(
        Line(one.step, one.attestation, "ran", 1, 1, wall_ms, 0, wall_ms)
        for one, wall_ms in zip(said, walls_ms, strict=True)
    )
