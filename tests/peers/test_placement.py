"""A step goes where its result is expected first."""

from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.content.cid import RAW, Cid
from peers.credits import Credits
from peers.placement import FIRST_BAN_MS, LONGEST_BAN_MS, Need, Placement, Room
from peers.purse import Purse
from tests.peers.keys import identity

A, B, C = sorted(identity(number).peer for number in (1, 2, 3))
MIB = 2**20


def root(text: str) -> Cid:
    """Return the name of some content."""
    return Cid.of(RAW, text.encode())


ENVIRONMENT = root("environment")
NEED = Need({ENVIRONMENT: 100 * MIB}, 1_000)
SMALL = Need({}, 1_000)


def placement(*slots: int) -> Placement:
    """Return a placement over one provider for each number of slots."""
    made = Placement()
    for peer, number in zip((A, B, C), slots, strict=False):
        made.join(peer, Room(number))
    return made


def give(made: Placement, name: str, need: Need = SMALL, now_ms: int = 0) -> object:
    """Place a step; return who got it."""
    peer = made.choose(need, now_ms)
    if peer is not None:
        made.given(peer, root(name), need)
    return peer


def test_idle_providers_are_used() -> None:
    """Two steps do not wait for each other while somebody has nothing to do."""
    made = placement(1, 1, 1)
    assert {give(made, name) for name in "xyz"} == {A, B, C}
    assert give(made, "more") is None


def test_a_provider_with_more_slots_gets_more() -> None:
    """As many steps as it runs at once."""
    made = placement(1, 3)
    assert Counter(give(made, str(number)) for number in range(4)) == {A: 1, B: 3}


def test_a_step_goes_where_its_environment_is() -> None:
    """Sending it takes longer than a short wait there."""
    made = placement(2, 2)
    first = give(made, "x", NEED)
    assert give(made, "y", NEED) == first
    assert give(made, "z", NEED) != first


def test_a_slow_provider_gets_a_step_when_others_are_busy() -> None:
    """Measured by what its steps usually take."""
    made = placement(1, 1)
    made.given(A, root("x"), SMALL)
    made.done(A, root("x"), took_ms=20_000)
    assert give(made, "y") == B
    assert give(made, "z") == A


def test_a_provider_that_failed_is_left_alone_for_a_while() -> None:
    """Twice as long each time; a success ends that."""
    made = placement(1)
    made.given(A, root("x"), SMALL)
    made.failed(A, root("x"), 0)
    made.failed(A, root("y"), 1)
    assert made.choose(SMALL, FIRST_BAN_MS - 1) is None
    assert made.choose(SMALL, FIRST_BAN_MS) == A
    now_ms = FIRST_BAN_MS
    made.failed(A, root("x"), now_ms)
    now_ms += 2 * FIRST_BAN_MS
    assert made.choose(SMALL, now_ms - 1) is None
    made.done(A, root("x"), 5)
    made.failed(A, root("x"), now_ms)
    assert made.choose(SMALL, now_ms + FIRST_BAN_MS) == A
    for _ in range(100):
        now_ms += LONGEST_BAN_MS
        made.failed(A, root("x"), now_ms)
    assert made.choose(SMALL, now_ms + LONGEST_BAN_MS) == A


def test_a_liar_whose_steps_come_back_is_still_a_liar() -> None:
    """The hour is not made shorter by what follows."""
    made = placement(1)
    made.given(A, root("x"), SMALL)
    made.blamed(A, 0)
    made.failed(A, root("x"), 1)
    assert made.choose(SMALL, LONGEST_BAN_MS - 1) is None


def test_a_liar_is_given_nothing() -> None:
    """Even when nobody else is there."""
    made = placement(1)
    made.blamed(A, 0)
    assert made.choose(SMALL, LONGEST_BAN_MS - 1) is None


def test_who_left_is_given_nothing_and_may_come_back() -> None:
    """What was learned of it stays."""
    made = placement(1)
    made.leave(A)
    assert made.choose(SMALL, 0) is None
    made.join(A, Room(2))
    assert made.choose(SMALL, 0) == A


def test_a_little_work_may_lie_ahead() -> None:
    """So that a provider begins the next step at once."""
    made = placement(1)
    give(made, "x")
    assert made.choose(SMALL, 0) is None
    assert made.choose(SMALL, 0, ahead_ms=999) is None
    assert made.choose(SMALL, 0, ahead_ms=1_000) == A


def test_nothing_waits_for_a_busy_provider_while_another_is_idle() -> None:
    """However much faster the busy one would have it."""
    made = placement(1, 1)
    made.given(A, root("x"), NEED)
    assert made.choose(replace(NEED, usual_ms=1), 0, ahead_ms=60_000) == B


@pytest.mark.parametrize(
    ("room", "at_once"),
    [(Room(4), 2), (Room(4, memory=100), 1), (Room(4, disk=30), 1), (Room(1), 0)],
)
def test_a_provider_runs_as_many_as_it_has_room_for(room: Room, at_once: int) -> None:
    """Of cores, memory and disk; what it never has room for, it is not given."""
    made, need = Placement(), Need({}, 10, cores=2, memory=60, disk=20)
    made.join(A, room)
    assert made.able(need, 0) == (at_once > 0)
    assert sum(give(made, str(number), need) is not None for number in range(9)) == at_once


@given(st.lists(st.integers(1, 4), min_size=1, max_size=3), st.integers(1, 30))
def test_nobody_gets_more_than_it_runs(slots: list[int], steps: int) -> None:
    """However many steps there are; and nobody is idle while some wait."""
    made = placement(*slots)
    given_to = Counter(give(made, str(number)) for number in range(steps))
    del given_to[None]
    for peer, number in zip((A, B, C), slots, strict=False):
        assert given_to[peer] <= number
    assert sum(given_to.values()) == min(steps, sum(slots))


def paid(*prices: int, cap: int = 10**9, cores: int = 1) -> Placement:
    """Return a placement over providers that ask so much for a second of a core."""
    made = Placement()
    for peer, price in zip((A, B, C), prices, strict=False):
        made.join(peer, Room(cores), Purse({"core-second": price}, Credits(cap)))
    return made


def test_of_idle_providers_the_cheapest_is_first() -> None:
    """One that costs nothing before all others."""
    made = paid(30, 0, 20)
    assert [give(made, name) for name in "xyz"] == [B, C, A]


def test_who_is_much_later_is_not_chosen_for_its_price() -> None:
    """Up to twice the time and a second more is waited for a lower price."""
    made = paid(30, 20)  # the cheaper one has nothing of what a step of a second reads
    for bytes_, chosen in ((0, B), (19_000_000, B), (21_000_000, A)):
        need = Need({root(str(bytes_)): bytes_}, 1_000)
        made.holds(A, need.sizes)
        assert made.choose(need, 0) == chosen


def test_a_slower_provider_costs_more() -> None:
    """It is paid by the time, so that a price is compared for the step and not for a second."""
    made = paid(10, 12)
    made.given(A, root("x"), SMALL)
    made.done(A, root("x"), 3_000)
    assert made.choose(SMALL, 0) == B


def test_what_is_used_up_is_given_no_more() -> None:
    """Until something is paid that was dearer when it was open."""
    made = paid(10, cap=25, cores=8)
    assert [give(made, name) for name in "xyz"] == [A, A, None]
    assert made.able(SMALL, 0) == made.idle(SMALL, 0) == 0
    assert made.affords(A, SMALL) == 0
    made.done(A, root("x"), 1_000)
    assert give(made, "z") == A


@given(st.lists(st.tuples(st.integers(1, 3), st.integers(0, 50)), min_size=1, max_size=3))
def test_a_price_never_leaves_a_step_without_a_provider(lent: list[tuple[int, int]]) -> None:
    """Prices order those who have room, and take none away."""
    free, priced = Placement(), Placement()
    for peer, (cores, price) in zip((A, B, C), lent, strict=False):
        free.join(peer, Room(cores))
        priced.join(peer, Room(cores), Purse({"core-second": price}, Credits(10**9)))
    names = [str(number) for number in range(10)]
    count = sum(cores for cores, _ in lent)
    for made in (free, priced):
        assert sum(give(made, name) is not None for name in names) == count
