"""Rounds are short and look for new peers until enough were reached, or no more can be."""

from peers.dialling import Dialling
from peers.identity import Address
from peers.known import SHARE, Known
from peers.luck import Luck
from peers.rounds import (
    FRUITLESS,
    HARDLY,
    HASTY_MS,
    PARTNERS,
    ROUND_MS,
    SETTLED_MS,
    Rounds,
)
from tests.peers.crowd import notice, peer_id, record

ME, FRIEND, LIAR = peer_id(0), peer_id(1), peer_id(2)


def parts() -> tuple[Known, Dialling, Rounds]:
    """Return what a directory has of them."""
    known, dialling = Known(ME, 1), Dialling()
    return known, dialling, Rounds(ME, known, dialling)


def tell(known: Known, first: int, count: int, *, reached: bool = False) -> None:
    """Let a friend tell of some peers, whom we may have reached."""
    for number in range(first, first + count):
        known.put(notice(peer_id(number), record()), FRIEND)
        if reached:
            known.up(peer_id(number), dialled=True)
            known.down(peer_id(number))


def test_a_round_is_short_while_few_were_reached() -> None:
    """And dials PARTNERS of those that only others told of."""
    known, _, rounds = parts()
    tell(known, 10, 4, reached=True)
    tell(known, 100, 50)
    assert rounds.due(0)
    met = rounds.begin(0, Luck(1))
    assert len(met) == PARTNERS
    assert not any(known.reached(peer) for peer in met)
    assert not rounds.due(ROUND_MS * 3 // 4 - 1)
    assert rounds.due(ROUND_MS)


def test_who_has_hardly_met_anybody_meets_soon_whom_it_is_told_of() -> None:
    """Until that was in vain often enough, or some were reached."""
    known, _, rounds = parts()
    tell(known, 100, 50)
    for at in range(0, FRUITLESS * HASTY_MS, HASTY_MS):
        assert rounds.due(at)
        rounds.begin(at, Luck(1))
        rounds.hasten(at)
    assert not rounds.due(FRUITLESS * HASTY_MS)
    known, _, rounds = parts()
    tell(known, 10, HARDLY, reached=True)
    tell(known, 100, 50)
    rounds.begin(0, Luck(1))
    rounds.hasten(0)
    assert not rounds.due(HASTY_MS)


def test_a_round_is_long_when_enough_were_reached() -> None:
    """40 of 100 are: 40 * 40 is 16 * 100. It dials one, whoever that is."""
    known, _, rounds = parts()
    tell(known, 10, 39, reached=True)
    tell(known, 100, 61)
    rounds.begin(0, Luck(1))
    assert rounds.due(ROUND_MS)
    tell(known, 500, 1, reached=True)
    known.drop(peer_id(100))
    assert len(rounds.begin(ROUND_MS, Luck(1))) == 1
    assert not rounds.due(ROUND_MS + SETTLED_MS * 3 // 4 - 1)
    assert rounds.due(ROUND_MS + SETTLED_MS)


def test_rounds_that_reach_nobody_new_become_long() -> None:
    """As in a crowd of three, or one of which most do not exist; until somebody is reached."""
    known, _, rounds = parts()
    tell(known, 100, 50)
    for number in range(FRUITLESS - 1):
        rounds.begin(number * SETTLED_MS, Luck(number))
    assert rounds.due((FRUITLESS - 2) * SETTLED_MS + ROUND_MS)
    rounds.begin(10**7, Luck(1))
    assert not rounds.due(10**7 + ROUND_MS)
    tell(known, 200, 1, reached=True)
    rounds.begin(2 * 10**7, Luck(1))
    assert rounds.due(2 * 10**7 + ROUND_MS)


def test_whom_to_meet_does_not_depend_on_who_told_of_most() -> None:
    """A liar's thousands are drawn as often as a friend's ten."""
    known, _, _ = parts()
    tell(known, 10, 10)
    for number in range(SHARE):
        known.put(notice(peer_id(1_000 + number), record()), LIAR)
    honest = {peer_id(number) for number in range(10, 20)}
    met = [
        peer for seed in range(100) for peer in Rounds(ME, known, Dialling()).begin(0, Luck(seed))
    ]
    assert sum(peer in honest for peer in met) > len(met) / 4


def test_nobody_is_dialled_who_does_not_listen_or_is_not_due() -> None:
    """Nor is a peer itself."""
    known, dialling, rounds = parts()
    known.put(notice(ME, record()), FRIEND)
    known.put(notice(peer_id(10), record(addresses=())), FRIEND)
    known.put(notice(peer_id(11), record()), FRIEND)
    assert rounds.begin(0, Luck(1)) == [peer_id(11)]
    dialling.dial((Address(peer_id(11), "h", 1),), 0, Luck(1))
    assert rounds.begin(1, Luck(1)) == []
