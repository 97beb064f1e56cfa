"""Runs whose steps a provider signed for, and what is paid for that."""

from collections.abc import Sequence
from dataclasses import replace

from engine import merkle
from engine.batch import BATCH, PROOF, Batch, Said, proofs
from engine.content.blocks import BlockStore
from engine.content.cid import Cid
from engine.run import RUN, RUN_PAGE_RECORD, RunStep, run_pages
from engine.summary import load_run
from peers.receipts import Line
from peers.signed import seal
from tests.peers.ledgers import Keeper


def proved(
    store: BlockStore, plain: Cid, agreement: Cid, provider: Keeper
) -> tuple[Cid, Cid, list[Said]]:
    """Have a provider sign for all results of a run; return the run with the proofs of that."""
    steps = _steps(store, plain)
    said = [Said(one.step, one.result, one.attestations[0]) for one in steps]  # type: ignore[arg-type]
    batch, shown = _signed(store, said, agreement, provider)
    return _with(store, plain, shown), batch, said


def proved_again(
    store: BlockStore, before: Cid, agreement: Cid, provider: Keeper
) -> tuple[Cid, Cid]:
    """Have a provider hand the first result of a run back once more; return the later run."""
    old = [one.attestations[0] for one in _steps(store, before)]
    first = _steps(store, before)[0]
    attestation = PROOF.decode(store.get(old[0])).attestation
    said = [Said(first.step, first.result, attestation)]  # type: ignore[arg-type]
    batch, shown = _signed(store, said, agreement, provider)
    return _with(store, before, [*shown, *old[1:]]), batch


def _steps(store: BlockStore, run: Cid) -> list[RunStep]:
    pages = load_run(store, run).pages
    return [step for page in pages for step in RUN_PAGE_RECORD.decode(store.get(page)).steps]


def _signed(
    store: BlockStore, said: Sequence[Said], agreement: Cid, provider: Keeper
) -> tuple[Cid, list[Cid]]:
    root = merkle.root([one.leaf for one in said])
    batch = seal(BATCH, Batch(agreement, 1, len(said), root), provider.key)
    shown = proofs(batch.cid, said)
    store.put([batch, *shown])
    return batch.cid, [one.cid for one in shown]


def _with(store: BlockStore, run: Cid, shown: Sequence[Cid]) -> Cid:
    """Return a run whose results have these proofs."""
    pairs = zip(_steps(store, run), shown, strict=True)
    pages = run_pages(tuple(replace(step, attestations=(proof,)) for step, proof in pairs))
    of = replace(load_run(store, run), pages=tuple(page.cid for page in pages))
    block = RUN.block(of)
    store.put([*pages, block])
    return block.cid


def lines_of(said: Sequence[Said], *walls_ms: int) -> tuple[Line, ...]:
    """Return what is paid for results, each for so long, at the prices of bills.py."""
    return tuple(
        Line(one.step, one.attestation, "ran", 1, 1, wall_ms, 0, wall_ms)
        for one, wall_ms in zip(said, walls_ms, strict=True)
    )
