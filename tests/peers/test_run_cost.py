"""What a run cost is in the ledger of who paid."""

from pathlib import Path
from typing import NamedTuple

import pytest

from engine.content.blocks import Block
from engine.content.cid import RAW, Cid
from peers.agreement import MARK_BYTES
from peers.entries import Agreed, Close, Royalty
from peers.ledger_file import LedgerFile
from peers.run_cost import RunCost, cost_of
from tests.peers.bills import billed, offered
from tests.peers.books import keep
from tests.peers.ledgers import Keeper, opened

MANIFEST = Cid.of(RAW, b"manifest")


class Paying(NamedTuple):
    """Who pays, and a peer and author; all that was offered."""

    one: Keeper
    two: Keeper
    papers: list[Block]

    def agree(self, run: str) -> Cid:
        """Have it agreed that steps of a run are paid; return what was."""
        cap = 5_000 + len(self.papers)  # so that no two are one
        offer = offered(self.one.key, self.two.peer.key, cap, run)
        self.two.say(Agreed(offer.cid, cap), self.one)
        self.papers.append(offer)
        return offer.cid

    def bill(self, agreement: Cid, *walls_ms: int) -> None:
        """Give a receipt."""
        receipt, papers = billed(agreement, *walls_ms)
        self.one.say(receipt, self.two, refs=tuple(block.cid for block in papers))
        self.papers.extend(papers)

    def end(self, agreement: Cid) -> None:
        """Give no more."""
        self.one.say(Close(agreement), self.two)

    def cost(self, run: str, folder: Path) -> RunCost | None:
        """Return what a run cost, from a home."""
        home = keep(folder, self.one, self.papers)
        return cost_of(LedgerFile(home), run.encode().ljust(16, b"\0")[:MARK_BYTES])


@pytest.fixture
def paying() -> Paying:
    """Return who pays, and is paid."""
    return Paying(*opened(10_000_000), [])


def test_all_that_was_paid_for_a_run_is_its_cost(paying: Paying, tmp_path: Path) -> None:
    """Under all its agreements, with what authors got; of other runs nothing."""
    first, other, second = (paying.agree(run) for run in ("mine", "another", "mine"))
    paying.bill(first, 20, 30)
    paying.bill(other, 500)
    paying.bill(second, 7)
    paying.one.say(Royalty(first, MANIFEST, 11, 10), paying.two)
    paying.end(first)
    assert paying.cost("mine", tmp_path / "before") == RunCost(67, 10, is_settled=False)
    paying.end(second)
    assert paying.cost("mine", tmp_path / "after") == RunCost(67, 10, is_settled=True)


def test_a_run_for_which_nothing_was_agreed_has_no_cost(paying: Paying, tmp_path: Path) -> None:
    """As with peers that ask nothing; one that was agreed in vain cost nothing."""
    paying.end(paying.agree("vain"))
    assert paying.cost("mine", tmp_path / "none") is None
    assert paying.cost("vain", tmp_path / "vain") == RunCost(0, 0, is_settled=True)
