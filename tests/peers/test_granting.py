"""Granting: a limit that is set while no node runs."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.errors import Refused, Unavailable
from peers.credits import Credits
from peers.entries import Checkpoint, Genesis, Limit, Open
from peers.granting import grant
from peers.identity import PeerId
from peers.ledger_book import signing
from peers.ledger_file import LedgerFile
from tests.peers.banks import Bank, until
from tests.peers.keys import identity

ONE, TWO = (PeerId(identity(number).public_key) for number in (1, 2))


def lend(home: Path, amount: int) -> None:
    """Have the first peer lend the second so much, by the command."""
    home.mkdir(exist_ok=True)
    with signing(home, ONE) as book:
        grant(book, identity(1), TWO, Credits(amount))


def end(bank: Bank) -> None:
    """Stop a node."""
    bank.close()
    bank.close = lambda: None  # type: ignore[method-assign]


def said(home: Path) -> list[object]:
    """Return what a ledger has."""
    return [written.body for _, written in LedgerFile(home).said()]


def test_a_ledger_begins_with_a_limit(tmp_path: Path) -> None:
    """The first opens the channel, another changes it; neither grows by itself."""
    home = tmp_path / "home1"
    lend(home, 5)
    lend(home, 7)
    genesis, *rest = said(home)
    assert isinstance(genesis, Genesis)
    assert rest == [Open(TWO.key, 0, 5, is_fixed=True), Limit(7, is_fixed=True)]


def test_a_peer_is_told_when_a_node_runs(tmp_path: Path, opened: Callable[..., Bank]) -> None:
    """Though it was away when its limit was set."""
    lend(tmp_path / "home1", 5)
    one, two = opened(1), opened(2)
    one.meet(two)
    until(lambda: two.treasury.account(ONE).theirs.limit == 5, one, two)


def test_a_ledger_that_was_put_back_lends_nothing(tmp_path: Path) -> None:
    """No node of it has begun anew since."""
    lend(tmp_path / "home1", 5)
    shutil.copytree(tmp_path / "home1", tmp_path / "backup")
    with pytest.raises(Unavailable, match="was put back"):
        lend(tmp_path / "backup", 6)
    assert len(said(tmp_path / "backup")) == 2


def test_nothing_is_lent_to_a_peer_that_was_not_heard(
    tmp_path: Path, opened: Callable[..., Bank]
) -> None:
    """What is lost with a file comes back from it, though a limit was asked for in between."""
    one, two = opened(1), opened(2)
    one.meet(two)
    until(lambda: two.lines.control(ONE), one, two)
    one.credit.grant(TWO, 5)
    until(lambda: two.treasury.account(ONE).theirs.limit == 5, one, two)
    end(one)
    shutil.copytree(one.home, tmp_path / "backup")
    later = opened(1)
    later.credit.grant(TWO, 6)
    later.meet(two)
    until(lambda: two.treasury.account(ONE).theirs.limit == 6, later, two)
    end(later)
    end(opened(1, "backup"))
    with pytest.raises(Unavailable, match="not heard since"):
        lend(tmp_path / "backup", 7)
    restored = opened(1, "backup")
    restored.meet(two)
    until(lambda: restored.treasury.may_sign(TWO), restored, two)
    assert restored.treasury.account(TWO).mine.limit == 6
    restored.credit.grant(TWO, 8)
    until(lambda: two.treasury.account(ONE).theirs.limit == 8, restored, two)
    end(restored)
    lend(tmp_path / "backup", 9)
    assert "blamed" not in [*restored.said, *two.said]


def test_a_channel_that_is_being_ended_lends_nothing(
    tmp_path: Path, opened: Callable[..., Bank]
) -> None:
    """Its peer has yet to answer; starting a node is no way around that."""
    one = opened(1)
    one.credit.grant(TWO, 5)
    account = one.treasury.account(TWO)
    both = account.in_order(account.mine.standing, account.theirs.standing)
    one.treasury.enter(TWO, Checkpoint(1, both, is_final=True))
    end(one)
    with pytest.raises(Refused, match="ended the channel"):
        lend(tmp_path / "home1", 6)
