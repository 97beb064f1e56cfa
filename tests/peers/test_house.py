"""Whose offers a provider takes, and what it says to the others."""

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from peers.agreement import Offer
from peers.credits import MAX_CREDITS
from peers.house import House, Share, objection, share_of
from peers.identity import PeerId
from tests.peers.keys import identity

THEY, WE, OTHERS = (identity(number) for number in (1, 2, 3))
OFFER = Offer(bytes(16), THEY.public_key, WE.public_key, {}, 0, "own", (), 2, 200, 2_000, 1_000, 0)
HOUSE = House(Share(8, 800, 8_000), Share(4, 400, 4_000), 60_000)


def test_what_fits_is_taken() -> None:
    """From anybody, where nothing else was set."""
    assert objection(HOUSE, OFFER, {}) == ""
    assert objection(HOUSE, OFFER, {THEY.peer: Share(2, 200, 2_000)}) == ""


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"door": "paused"}, "paused"),
        ({"door": "draining"}, "draining"),
        ({"only": frozenset({OTHERS.peer})}, "does not work for you"),
        ({"per_peer": Share(1, 400, 4_000)}, "lends less"),
        ({"lent": Share(8, 100, 8_000)}, "lends less"),
        ({"longest_ms": 999}, "leases for 999 ms"),
        ({"prices": {"core-second": 1}}, "asks for more"),
    ],
)
def test_what_its_owner_set_holds(changes: dict[str, object], said: str) -> None:
    """The requester is told why."""
    assert said in objection(dataclasses.replace(HOUSE, **changes), OFFER, {})  # type: ignore[arg-type]


def test_no_price_is_taken_by_which_a_step_comes_to_no_amount() -> None:
    """With all that is asked for, for as long as it is leased, it is one."""
    most = MAX_CREDITS // (OFFER.cores * OFFER.lease_ms // 1_000)
    for price, said in ((most - 1, ""), (most + 1, "more than there are credits")):
        offer = dataclasses.replace(OFFER, prices={"core-second": price, "cache-hit": 1})
        assert said in objection(HOUSE, offer, {})
        assert bool(said) == bool(objection(HOUSE, offer, {}))


def test_one_requester_does_not_get_all() -> None:
    """However many agreements it makes."""
    assert "to one" in objection(HOUSE, OFFER, {THEY.peer: Share(3, 0, 0)})
    assert objection(HOUSE, OFFER, {OTHERS.peer: Share(4, 0, 0)}) == ""
    assert "lent all" in objection(HOUSE, OFFER, {OTHERS.peer: Share(7, 0, 0)})


@pytest.mark.parametrize(
    ("has", "scarce"),
    [
        (Share(3, 300, 7_000), "cores"),
        (Share(2, 300, 7_000), "memory"),
        (Share(2, 200, 7_000), "disk"),
    ],
)
def test_who_has_all_of_something_is_told_of_what_and_until_when(has: Share, scarce: str) -> None:
    """It is asked again, and has it, when a run of its own has ended."""
    said = objection(HOUSE, OFFER, {THEY.peer: has})
    what = f"you have agreements for all the {scarce} that this peer lends to one"
    assert said == f"{what}, until a run of yours ends there"


SHARES = st.builds(Share, *(st.integers(1, 5) for _ in range(3)))


@given(st.lists(st.tuples(st.integers(1, 4), SHARES), max_size=20))
def test_no_more_is_lent_than_was_set(offers: list[tuple[int, Share]]) -> None:
    """To all together, and to each, in whatever order they come."""
    house = House(Share(8, 8, 8), Share(6, 6, 6), 60_000)
    agreed: dict[PeerId, Share] = {}
    for number, share in offers:
        peer = identity(number).peer
        offer = dataclasses.replace(
            OFFER,
            requester=peer.key,
            cores=share.cores,
            memory_bytes=share.memory_bytes,
            disk_bytes=share.disk_bytes,
        )
        if objection(house, offer, agreed) == "":
            agreed[peer] = agreed.get(peer, Share()).plus(share_of(offer))
    total = Share()
    for share in agreed.values():
        assert share.fits_in(house.per_peer)
        total = total.plus(share)
    assert total.fits_in(house.lent)
