"""How wants are shared among lanes."""

from peers.exchange import MAX_CIDS
from peers.shares import LEAST, Shares


def test_all_lanes_together_have_what_a_source_takes() -> None:
    """However many there are; each that has any has enough to be worth a message."""
    shares = Shares()
    taken = [shares.take(lane) for lane in range(100)]
    assert sum(taken) <= MAX_CIDS
    assert taken[0] == MAX_CIDS // 2
    assert all(share == 0 or share >= LEAST for share in taken)


def test_a_share_goes_to_who_waits_longest() -> None:
    """When a lane ends; one that ends while it waits gets none."""
    shares = Shares()
    having = [lane for lane in range(20) if shares.take(lane)]
    waiting = [lane for lane in range(20) if lane not in having]
    assert shares.give_back(waiting[0]) is None
    assert shares.give_back(having[0]) == waiting[1]
    assert shares.take(waiting[1])
    assert shares.give_back(99) is None
