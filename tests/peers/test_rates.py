"""How fast a peer may send, by what was agreed with it."""

from peers.allowance import STRANGER, Rate
from peers.rates import Rates
from tests.peers.keys import identity

PEER, OTHER = identity(1).peer, identity(2).peer
MANY, LARGE = Rate(20_000, 1), Rate(1, 2**40)


def test_a_peer_without_an_agreement_has_what_strangers_have() -> None:
    """Whatever was agreed with others; and one that has no more agreements."""
    rates = Rates()
    rates.add(OTHER, MANY)
    assert (rates.of(PEER), rates.count(PEER)) == (STRANGER, 0)
    rates.drop(OTHER)
    rates.drop(OTHER)
    assert (rates.of(OTHER), rates.count(OTHER)) == (STRANGER, 0)


def test_of_several_agreements_the_most_holds() -> None:
    """Of messages and of bytes; until as many have ended as there were."""
    rates = Rates()
    rates.add(PEER, MANY)
    rates.add(PEER, LARGE)
    assert (rates.of(PEER), rates.count(PEER)) == (Rate(20_000, 2**40), 2)
    rates.drop(PEER)
    assert (rates.of(PEER), rates.count(PEER)) == (MANY, 1)
