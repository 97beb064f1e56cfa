"""Court: a peer that shows different entries to different peers is convicted when they meet."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from engine.content.blocks import Block
from peers.entries import Body, Limit, Open
from peers.entry import Written, write
from peers.ledger import follow
from peers.proofs import FRAUD_PROOF, check
from peers.teller import Row
from tests.peers.banks import Bank, until
from tests.peers.ledgers import Keeper


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Callable[[int], Bank]]:
    """Return what opens the bank of a peer; all are closed."""
    banks: list[Bank] = []

    def bank(number: int) -> Bank:
        banks.append(Bank(number, tmp_path / f"home{number}"))
        return banks[-1]

    yield bank
    for one in banks:
        one.close()


class Cheat(Keeper):
    """A peer that signs what it likes."""

    def entry(self, bank: Bank, body: Body) -> Written:
        """Return an entry in the channel with a bank; it is forgotten at once."""
        return write(follow(self.ledger, body, self.ledger.channel(bank.peer), 0), body, self.key)


def tell(bank: Bank, cheat: Cheat, written: Written, *evidence: Block) -> None:
    """Have a bank take an entry as if the cheat had said it on a line."""
    bank.treasury._teller.said(cheat.peer, [Row(written, evidence)], lambda *_: None)
    bank.treasury._go_on()


def test_who_forks_its_log_is_convicted_when_both_halves_meet(
    opened: Callable[[int], Bank],
) -> None:
    """By both, and by a third who met neither half; nothing more is lent to it."""
    one, two, three = opened(1), opened(2), opened(3)
    cheat = Cheat(9)
    tell(one, cheat, cheat.entry(one, Open(one.peer.key, 0, 5)))
    tell(two, cheat, cheat.entry(two, Open(two.peer.key, 0, 5)))
    one.meet(two)
    two.meet(three)
    until(
        lambda: all(cheat.peer in bank.treasury.ledger.convicts for bank in (one, two, three)),
        *(one, two, three),
    )
    assert one.credit.room(cheat.peer) == 0
    proof = one.treasury.ledger.convicts[cheat.peer]
    until(lambda: one.book.evidence(proof), one)
    assert check(FRAUD_PROOF.decode(one.book.evidence(proof) or b"")) == cheat.peer


def test_who_says_two_things_to_one_is_convicted_at_once(opened: Callable[[int], Bank]) -> None:
    """By the one to whom it said both."""
    one, cheat = opened(1), Cheat(9)
    cheat.take(opening := cheat.entry(one, Open(one.peer.key, 0, 5)))
    tell(one, cheat, opening)
    tell(one, cheat, cheat.entry(one, Limit(6)))
    tell(one, cheat, cheat.entry(one, Limit(7)))
    until(lambda: cheat.peer in one.treasury.ledger.convicts, one)
    assert one.treasury.account(cheat.peer).theirs.limit == 6


def test_who_is_met_later_is_shown_the_proof(opened: Callable[[int], Bank]) -> None:
    """And a peer that was started anew knows it still."""
    one, two, cheat = opened(1), opened(2), Cheat(9)
    cheat.take(opening := cheat.entry(one, Open(one.peer.key, 0, 5)))
    for written in (opening, cheat.entry(one, Limit(6)), cheat.entry(one, Limit(7))):
        tell(one, cheat, written)
    until(lambda: cheat.peer in one.treasury.ledger.convicts, one)
    one.close()
    one.close = lambda: None  # type: ignore[method-assign]
    again = opened(1)
    two.meet(again)
    until(lambda: cheat.peer in two.treasury.ledger.convicts, again, two)
