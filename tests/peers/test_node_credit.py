"""What a node finds in its home of credit, and in which epoch it goes on."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from peers.credits import Credits
from peers.granting import grant
from peers.ledger_book import signing
from tests.peers.banks import Bank, until
from tests.peers.bills import offered
from tests.peers.keys import identity

Opened = Callable[[], Bank]


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Opened]:
    """Return what opens the bank of one peer, again and again."""
    banks: list[Bank] = []

    def bank() -> Bank:
        for one in banks[-1:]:
            one.close()
        banks.append(Bank(1, tmp_path / "home"))
        return banks[-1]

    yield bank
    banks[-1].close()


def test_who_has_worked_for_nobody_has_lost_no_word(opened: Opened, tmp_path: Path) -> None:
    """A limit that was set before a peer first ran here is no sign that its book was lost."""
    (tmp_path / "home").mkdir()
    key, other = identity(1), identity(2)
    with signing(tmp_path / "home", key.peer) as book:
        grant(book, key, other.peer, Credits(5))
    assert opened().treasury.ledger.epoch == 0


def test_a_book_that_is_lost_begins_an_epoch(opened: Opened, tmp_path: Path) -> None:
    """For it had what this peer has given its word for."""
    one = opened()
    offer = offered(identity(2), one.peer.key, 5)
    one.credit.agree(identity(2).peer, offer, 5, lambda: None)
    until(lambda: one.treasury.evidence(offer.cid) is not None, one)
    assert opened().treasury.ledger.epoch == 0
    for path in (tmp_path / "home").glob("peers.db*"):
        path.unlink()
    assert opened().treasury.ledger.epoch > 0
