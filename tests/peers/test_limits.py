"""Limits: they grow with what was settled."""

from peers.entries import Checkpoint, Limit, Open
from peers.limits import Policy, grown, is_near, opening, promised
from tests.peers.ledgers import Keeper, opened

POLICY = Policy(newcomer=100, growth_percent=50, most=1_000)


def test_a_limit_grows_with_what_is_settled() -> None:
    """By the policy, up to its most."""
    assert grown(POLICY, granted=100, settled=0) == 100
    assert grown(POLICY, granted=100, settled=400) == 300
    assert grown(POLICY, granted=100, settled=10_000) == 1_000


def test_a_limit_never_falls_by_itself() -> None:
    """What its owner set by hand stays."""
    assert grown(POLICY, granted=5_000, settled=0) == 5_000


def _ended(one: Keeper, two: Keeper) -> None:
    account = two.channel(one)
    both = account.in_order(account.mine.standing, account.theirs.standing)
    for signer, other in ((two, one), (one, two)):
        signer.say(Checkpoint(1, both, is_final=True), other)


def test_what_was_set_by_hand_is_lent_in_the_next_channel() -> None:
    """What grew is earned anew, and so is what the other lends."""
    one, two = opened(70)
    two.say(Limit(0, is_fixed=True), one)
    _ended(one, two)
    assert promised(one.ledger, two.peer) == 0
    assert promised(two.ledger, one.peer) is None
    assert opening(two.ledger, one.peer, 100) == Open(one.peer.key, 1, 0, is_fixed=True)
    assert opening(one.ledger, two.peer, 100) == Open(two.peer.key, 1, 100)
    one.say(opening(one.ledger, two.peer, 100), two)
    assert opening(two.ledger, one.peer, 100) == Open(one.peer.key, 1, 0, is_fixed=True)


def test_a_newcomer_is_lent_what_newcomers_are() -> None:
    """With whom there was no channel there was nothing to set."""
    one, two = Keeper(1), Keeper(2)
    assert opening(one.ledger, two.peer, 100) == Open(two.peer.key, 0, 100)


def test_an_owner_is_told_before_a_limit_is_reached() -> None:
    """From four fifths on."""
    assert not is_near(100, 79)
    assert is_near(100, 80)
    assert not is_near(0, 0)
