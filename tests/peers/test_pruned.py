"""A node whose ledger was pruned: what is gone is missed by nothing that it does."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import pytest

from engine.content.cid import RAW, Cid
from peers.agreement import OFFER, Agreement
from peers.audit import AtOnce
from peers.book import Book
from peers.entries import Limit, Voucher
from peers.entry import Written, write
from peers.entry_kinds import write_body
from peers.ledger import follow
from peers.ledger_book import signing
from peers.payments import Bill
from peers.pruning import prune
from peers.receipts import Line
from peers.royalties import NOBODY
from peers.signed import unseal
from peers.write_queue import Row
from tests.peers.banks import Bank, until
from tests.peers.bills import offered
from tests.peers.books import backed, keep
from tests.peers.ledgers import Keeper

OWED = 1_936  # by the first to the second, when both signed it off
BATCH = Cid.of(RAW, b"batch")


class Pair(NamedTuple):
    """Two peers, and the first one's key and log."""

    one: Bank
    two: Bank
    keeper: Keeper


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[Pair]:
    """Yield two that have traded, signed it off, and pruned it."""
    keepers = backed()
    banks = []
    for number, keeper in enumerate(keepers[:2], start=1):
        home = keep(tmp_path / f"home{number}", keeper, keepers[2])
        with signing(home, keeper.peer) as book:
            assert prune(book, AtOnce()).entries == len(keeper.log) - 3
        with closing(Book(home / "peers.db")) as said:
            said.accept()  # it goes with this ledger
        banks.append(Bank(number, home))
    yield Pair(*banks, keepers[0])
    for bank in banks:
        bank.close()


def tell(pair: Pair, written: Written) -> str:
    """Have the second take an entry of the first; return why it does not."""
    said: list[str] = []
    pair.two.treasury._teller.said(pair.one.peer, [Row(written)], lambda _, why: said.append(why))
    pair.two.treasury._go_on()
    until(lambda: said, pair.two)
    return said[0]


def test_a_pruned_node_trades_on(pair: Pair) -> None:
    """It starts, hears what it has of the other, and is paid; both say the same after that."""
    one, two, _ = pair
    assert (one.balance(two), two.balance(one)) == (-OWED, OWED)
    one.meet(two)
    offer = offered(one.identity, two.peer.key, 500, "later")
    one.payments.begin(two.peer, offer.cid, lambda _: None)
    until(lambda: two.lines.control(one.peer), one, two)
    two.credit.agree(one.peer, offer, 500, lambda: None)
    line = Line(Cid.of(RAW, b"step"), None, "ran", 1, 0, 64, 0, 64)
    one.payments.bill(two.peer, Bill(offer.cid, BATCH, (line,)), lambda: None)
    agreement = Agreement(offer.cid, unseal(OFFER, offer.data).value)
    one.payments.end(agreement, NOBODY, lambda: None)
    until(lambda: not two.treasury.account(one.peer).agreements, one, two)
    until(lambda: two.balance(one) == OWED + 64, one, two)
    assert one.balance(two) == -(OWED + 64)
    assert "blamed" not in [*one.said, *two.said]


def test_a_wrong_voucher_is_not_taken_by_a_pruned_node(pair: Pair) -> None:
    """What would prove it wrong is gone: it is blamed for it, and convicted of nothing."""
    channel = pair.keeper.ledger.channel(pair.two.peer)
    side = channel.mine
    assert side.voucher is not None
    wrong = Voucher(side.nonce + 1, side.total - 1, bytes(32), 1, side.voucher)
    entry = follow(pair.keeper.ledger, wrong, channel, 0)
    assert tell(pair, write(entry, wrong, pair.keeper.key))
    until(lambda: "blamed" in pair.two.said, pair.two)
    assert not pair.two.treasury.ledger.convicts


def test_a_fork_of_what_was_pruned_is_seen(pair: Pair) -> None:
    """The place is known, though the entry that proves it is not here any more."""
    first, body = pair.keeper.log[1], Limit(7)
    other = replace(first.entry, payload=write_body(body))
    assert tell(pair, write(other, body, pair.keeper.key)) == "another entry is in its place"
    until(lambda: "fork" in pair.two.said, pair.two)
    assert pair.two.book.entry(first.id) is None
    assert not pair.two.treasury.ledger.convicts
