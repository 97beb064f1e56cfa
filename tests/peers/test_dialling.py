"""A peer that does not answer is tried again, ever more seldom, and never by all at once."""

from peers.dialling import FIRST_MS, LONGEST_MS, STEADY_MS, Dialling
from peers.identity import Address
from peers.luck import Luck
from tests.peers.crowd import peer_id

PEER = peer_id(1)
PLACES = (Address(PEER, "a", 1), Address(PEER, "b", 2))


def wait(dialling: Dialling, now_ms: int) -> int:
    """Return when a peer is due again."""
    return next(ms for ms in range(0, LONGEST_MS + 2, 100) if dialling.due(PEER, now_ms + ms))


def test_waits_double_up_to_a_bound_and_are_cut_by_up_to_half() -> None:
    """From 5 s to 30 min."""
    dialling, now_ms, luck = Dialling(), 0, Luck(1)
    for failures in range(14):
        dialling.dial(PLACES, now_ms, luck)
        waited = wait(dialling, now_ms)
        full = min(FIRST_MS << failures, LONGEST_MS)
        assert full // 2 <= waited <= full + 100
        now_ms += waited


def test_two_that_lost_the_same_peer_do_not_come_back_at_once() -> None:
    """Their luck differs, and so do their waits."""
    waits = set()
    for seed in range(20):
        dialling = Dialling()
        dialling.dial(PLACES, 0, Luck(seed))
        waits.add(wait(dialling, 0))
    assert len(waits) > 10


def test_its_addresses_are_tried_in_turn() -> None:
    """The first one first."""
    dialling = Dialling()
    dialled = [dialling.dial(PLACES, number, Luck(1)).host for number in range(4)]
    assert dialled == ["a", "b", "a", "b"]


def test_an_answer_clears_its_failures_once_the_session_lasted() -> None:
    """A peer that takes calls and hangs up at once is called ever more seldom too."""
    dialling = Dialling()
    for number in range(5):
        dialling.dial(PLACES, number, Luck(1))
        dialling.up(PEER, number)
        assert dialling.failures(PEER) == 0
        assert not dialling.due(PEER, 10**9)
        dialling.down(PEER, number + 1, Luck(1))
    assert dialling.failures(PEER) >= 5
    dialling.up(PEER, 100)
    dialling.down(PEER, 100 + STEADY_MS, Luck(1))
    assert dialling.failures(PEER) == 1
    assert wait(dialling, 100 + STEADY_MS) <= FIRST_MS


def test_a_peer_that_is_forgotten_is_new() -> None:
    """It may be dialled at once."""
    dialling = Dialling()
    dialling.dial(PLACES, 0, Luck(1))
    dialling.forget(PEER)
    assert dialling.due(PEER, 0)
    assert dialling.failures(PEER) == 0
