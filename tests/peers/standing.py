"""Standing: what two ledgers on disk say of each other, and whether that can be so."""

from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from itertools import combinations
from pathlib import Path
from typing import NamedTuple

from engine.content.cid import Cid
from peers.balance import Balance
from peers.entries import Agreed, Close, Receipt
from peers.entry import Written
from peers.identity import PeerId
from peers.ledger_file import LedgerFile
from peers.receipts import LINES, Line


class Paid(NamedTuple):
    """A line of a receipt."""

    payer: PeerId
    agreement: Cid
    line: Line


class Standing:
    """One ledger, as it is on disk now."""

    def __init__(self, home: Path) -> None:
        """Read all of it; that what is cached is what its entries give is looked at."""
        with closing(LedgerFile(home)) as book:
            book.load()
            self.me = book.me
            self.entries = [written for _, written in book.said()]
            self.balances = {one.peer: one for one in book.balances()}
            self.paid = list(_lines(book, self.entries))

    def between(self, other: "Standing") -> set[Cid]:
        """Return the entries that are in the channel with another."""
        if (balance := self.balances.get(other.me)) is None:
            return set()
        return {one.id for one in self.entries if one.entry.channel == balance.channel}

    def said_to(self, other: "Standing") -> set[Cid]:
        """Return those of them that this peer has signed."""
        found = self.between(other)
        return {one.id for one in self.entries if one.author == self.me and one.id in found}

    def open(self) -> set[Cid]:
        """Return the agreements that nobody has closed."""
        agreed = {one.body.agreement for one in self.entries if isinstance(one.body, Agreed)}
        closed = {one.body.agreement for one in self.entries if isinstance(one.body, Close)}
        return agreed - closed

    def spent_with(self, other: "Standing") -> int:
        """Return what this peer has given receipts for to another."""
        agreed = {
            one.body.agreement
            for one in self.entries
            if isinstance(one.body, Agreed) and one.author == other.me
        }
        return sum(
            one.line.amount for one in self.paid if one.payer == self.me and one.agreement in agreed
        )


def _lines(book: LedgerFile, entries: list[Written]) -> Iterator[Paid]:
    for written in entries:
        if isinstance(written.body, Receipt):
            data = book.evidence(written.entry.refs[0])
            assert data is not None
            for line in LINES.decode(data).lines:
                yield Paid(written.author, written.body.agreement, line)


def is_quiet(balance: Balance) -> bool:
    """Return whether nothing is under way in a channel."""
    return not (balance.unvouchered or balance.reserved or balance.reserved_received)


def are_quiet(*homes: Path) -> bool:
    """Return whether all that was said in some homes is heard in the others, and all is closed."""
    found = [Standing(home) for home in homes]
    is_settled = all(is_quiet(one) for standing in found for one in standing.balances.values())
    pairs = combinations(found, 2)
    return is_settled and all(one.between(two) == two.between(one) for one, two in pairs)


def check_after(killed: Path, *others: Path) -> None:
    """See that a peer that was killed has lost nothing that others, who go on, have of it.

    Nor has any of them lost what it took from that, and nobody is paid twice.
    """
    if not LedgerFile.is_here(killed):
        return
    lost = Standing(killed)  # it stays as it is, the others do not
    found = [Standing(home) for home in others if LedgerFile.is_here(home)]
    for other in found:
        assert other.between(lost) & _signed(other, lost.me) <= lost.between(other)
        assert lost.between(other) & _signed(lost, other.me) <= other.between(lost)
    for one in (lost, *found):
        _check_paid_once(one)


def _check_paid_once(standing: Standing) -> None:
    lines = ((one.agreement, one.line.step, one.line.attestation) for one in standing.paid)
    assert not [line for line, times in Counter(lines).items() if times > 1]


def check_quiet(*homes: Path) -> None:
    """See that the ledgers of peers that are quiet say the same, and that it follows from lines."""
    found = [Standing(home) for home in homes]
    for one in found:
        _check_paid_once(one)
    for one, two in combinations(found, 2):
        assert one.between(two) == two.between(one)
        if two.me not in one.balances:
            continue
        here, there = one.balances[two.me], two.balances[one.me]
        assert is_quiet(here), here
        assert is_quiet(there), there
        assert here.balance == -there.balance
        assert here.balance == two.spent_with(one) - one.spent_with(two)
        assert (here.limit_granted, here.limit_received) == (
            there.limit_received,
            there.limit_granted,
        )
    assert not [agreement for one in found for agreement in one.open()]


def _signed(standing: Standing, author: PeerId) -> set[Cid]:
    return {one.id for one in standing.entries if one.author == author}
