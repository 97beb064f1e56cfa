"""RunCost: what a run cost, by the receipts and royalties in the ledger of who paid."""

from collections.abc import Iterator
from typing import Final, NamedTuple

from engine.content.cid import Cid
from peers.agreement import MARK_BYTES, OFFER
from peers.entries import Agreed, Close, Receipt, Royalty
from peers.entry import Written, parse
from peers.ledger_file import LedgerFile
from peers.signed import unseal

_AGREED: Final = b"tallystick/agreed/1"


class RunCost(NamedTuple):
    """What was paid for one run."""

    amount: int  # micro-credits
    for_authors: int  # of that
    is_settled: bool  # nothing more is paid: all that was agreed for it has ended


def cost_of(file: LedgerFile, mark: bytes) -> RunCost | None:
    """Return what a run cost, by what its offers begin with; None when nothing was agreed for it.

    What was pruned is not counted.

    Raises: Damaged.
    """
    with file.still():
        agreements = dict(_agreements(file, mark))
        said = {one: [*_said(file, one, pos)] for one, pos in agreements.items()}
    if not agreements:
        return None
    bodies = [written.body for entries in said.values() for written in entries]
    work = sum(body.amount for body in bodies if isinstance(body, Receipt))
    authors = sum(body.amount for body in bodies if isinstance(body, Royalty))
    closed = {body.agreement for body in bodies if isinstance(body, Close)}
    return RunCost(work + authors, authors, closed >= agreements.keys())


def _agreements(file: LedgerFile, mark: bytes) -> Iterator[tuple[Cid, int]]:
    """Yield what was agreed for a run, and where in the ledger."""
    query = "SELECT pos, signed FROM entries WHERE NOT is_own AND instr(signed, ?) ORDER BY pos"
    for pos, signed in file.rows(query, (_AGREED,)):
        body = parse(signed)[0].body
        data = file.evidence(body.agreement) if isinstance(body, Agreed) else None
        if data is None or mark not in data:  # most are not for this run: they are not read
            continue
        offer = unseal(OFFER, data)
        if offer.signer == file.me and offer.value.run_id[:MARK_BYTES] == mark:
            yield offer.cid, pos


def _said(file: LedgerFile, agreement: Cid, after: int) -> Iterator[Written]:
    """Yield what this peer entered for an agreement."""
    query = "SELECT signed FROM entries WHERE is_own AND pos > ? AND instr(signed, ?)"
    for (signed,) in file.rows(query, (after, agreement.raw)):
        yield parse(signed)[0]
