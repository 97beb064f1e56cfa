"""RunBill: the receipts of a run, found in the ledger of who paid or in a bundle, and looked at."""

from collections.abc import Iterator
from typing import Final

from engine.batch import BATCH, PROOF
from engine.content.blocks import Block, BlockStore
from engine.content.cid import Cid
from engine.content.schema import kind_of
from engine.errors import Damaged
from engine.evidence import evidence
from engine.step import SIGNED
from engine.summary import load_run, run_steps
from peers.entries import Receipt
from peers.entry import Written, parse
from peers.identity import PeerId
from peers.ledger_file import LedgerFile
from peers.receipts import LINES
from peers.run_receipts import (
    MAX_RECEIPTS,
    PAID,
    RUN_RECEIPTS,
    Attested,
    Bill,
    OfRun,
    Paid,
    RunReceipts,
    check,
    is_of_run,
)

_FIX: Final = "ask for the bundle again"


def receipts_of(file: LedgerFile, store: BlockStore, run: Cid) -> tuple[Block, ...]:
    """Return the receipts of a run as blocks, the first of which leads to the others; () for none.

    Raises: Damaged, Unavailable.
    """
    said = attested(store, run)
    agreements = dict.fromkeys(_agreement(store, batch) for batch, _ in said if batch)
    with file.still():
        found = [
            PAID.block(paid)
            for agreement in agreements
            for written in _receipts(file, agreement)
            if (paid := _paid(file, agreement, written))
            and is_of_run(LINES.decode(paid.lines), said)
        ]
    if not found:
        return ()
    record = RunReceipts(run, tuple(block.cid for block in found[:MAX_RECEIPTS]))
    return (RUN_RECEIPTS.block(record), *found[:MAX_RECEIPTS])


def bill_of(store: BlockStore, run: Cid, roots: tuple[Cid, ...]) -> Bill | None:
    """Look at the receipts of a run among the roots of its bundle; None when there are none.

    Raises: Damaged when they do not hold; Unavailable.
    """
    for root in roots:
        if kind_of(store.get(root)) == RUN_RECEIPTS.kind:
            record = RUN_RECEIPTS.decode(store.get(root))
            if record.of_run != run:
                what = "the receipts in this bundle are those of another run"
                raise Damaged(what, where=str(root), fix=_FIX)
            paid = (PAID.decode(store.get(cid)) for cid in record.receipts)
            return check(paid, attested(store, run))
    return None


def attested(store: BlockStore, run: Cid) -> OfRun:
    """Return what providers signed for in a run.

    Raises: Damaged when a signature does not hold; Unavailable.
    """
    found: dict[tuple[Cid | None, Cid | None], Attested] = {}
    for step in run_steps(store, load_run(store, run)):
        for cid in step.attestations:
            data = store.get(cid)
            if kind_of(data) != PROOF.kind:
                continue
            proof, said = PROOF.decode(data), evidence(store, cid)
            if not said.holds:
                what = f"the signature on a result of step '{step.id}' does not hold"
                raise Damaged(what, where=str(cid), fix=_FIX)
            signer = PeerId.of(bytes.fromhex(said.signer))
            one = Attested(step.id, said.said.step, signer, said.said.wall_ms)
            found[proof.batch, proof.attestation] = one
    return found


def _agreement(store: BlockStore, batch: Cid) -> Cid:
    return BATCH.decode(SIGNED.decode(store.get(batch)).payload).agreement


def _receipts(file: LedgerFile, agreement: Cid) -> Iterator[Written]:
    query = "SELECT signed FROM entries WHERE is_own AND instr(signed, ?) ORDER BY pos"
    for signed in file.column(query, (agreement.raw,)):
        written, _ = parse(signed)
        if isinstance(written.body, Receipt) and written.body.agreement == agreement:
            yield written


def _paid(file: LedgerFile, agreement: Cid, written: Written) -> Paid | None:
    """Return a receipt with its papers; None when they are not here."""
    offer = file.evidence(agreement)
    for cid in written.entry.refs:
        data = file.evidence(cid)
        if offer is not None and data is not None and kind_of(data) == LINES.kind:
            return Paid(written.signed, data, offer)
    return None
