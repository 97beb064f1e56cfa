"""What steps would cost, and who would run them, before any runs."""

from hypothesis import given
from hypothesis import strategies as st

from peers.credits import MAX_CREDITS, Credits
from peers.placement import Need, Room
from peers.price_list import CORE_SECOND, FAILURE
from peers.quotation import MAX_PLACED, Quotation, Seller, Wanted, quote
from tests.peers.keys import identity

A, B = sorted(identity(number).peer for number in (1, 2))
SECOND = Need({}, 1_000)


def wanted(name: str, need: Need = SECOND) -> Wanted:
    """Return a step that takes a second, and at most ten."""
    return Wanted(name, need, 10_000)


def seller(peer: object, price: int, cores: int = 1) -> Seller:
    """Return a peer that asks so much for a second of a core."""
    return Seller(peer, Room(cores), {CORE_SECOND: price})  # type: ignore[arg-type]


def who(found: Quotation) -> list[object]:
    """Return who would run each step."""
    return [one.peer for one in found.steps]


def test_steps_go_to_the_cheapest_that_is_free() -> None:
    """As in a run: nobody waits for one while another is idle."""
    found = quote([wanted(name) for name in "abc"], [seller(A, 20), seller(B, 10)])
    assert who(found) == [B, A, B]
    assert [one.expected for one in found.steps] == [10, 20, 10]
    assert (found.expected, found.at_most) == (40, 3 * 200)
    assert [one.id for one in found.by_peer[B]] == ["a", "c"]


def test_what_it_costs_at_most_is_for_as_long_as_it_may_take() -> None:
    """With the dearest that could run it, whatever becomes of it."""
    dear_failure = Seller(A, Room(1), {CORE_SECOND: 1, FAILURE: 70})
    (one,) = quote([wanted("a")], [dear_failure]).steps
    assert (one.expected, one.at_most) == (1, 70)
    (one,) = quote([wanted("a", Need({}, 1_000, cores=2))], [seller(A, 9), seller(B, 2, 2)]).steps
    assert (one.peer, one.expected, one.at_most) == (B, 4, 40)


def test_who_may_have_a_step_runs_it() -> None:
    """Of private steps, those alone that were named; nobody, if they are too small."""
    private = Need({}, 1_000, only=frozenset({A}))
    large = Need({}, 1_000, cores=3, only=frozenset({A}))
    found = quote([wanted("a", private), wanted("b", large)], [seller(A, 20, 2), seller(B, 10, 4)])
    assert who(found) == [A, None]
    assert [one.expected for one in found.steps] == [20, None]
    assert quote([wanted("a")], []).steps[0].peer is None


def test_nobody_runs_more_than_it_lends() -> None:
    """What does not fit goes to a dearer one, or to nobody: then it is said what it would cost."""
    poor = Seller(A, Room(2), {CORE_SECOND: 10}, Credits(25))
    found = quote([wanted(name) for name in "abc"], [poor])
    assert who(found) == [A, A, None]
    assert [(one.id, one.lacks, one.is_guess) for one in found.unlent] == [("c", 10, False)]
    assert found.at_most == 25
    rich = seller(B, 20)
    assert who(quote([wanted(name) for name in "abc"], [poor, rich])) == [A, A, B]
    (one,) = quote([wanted("a", Need({}, None))], [poor._replace(credit=Credits(0))]).steps
    assert (one.peer, one.lacks, one.is_guess) == (None, 10, True)
    free = Seller(A, Room(2), {}, Credits(0))
    assert who(quote([wanted("a")], [free])) == [A]
    nobody = quote([wanted("a", Need({}, 1_000, cores=3))], [poor])
    assert (who(nobody), nobody.unlent) == ([None], ())


def test_what_is_not_known_is_said() -> None:
    """Of a step that never ran, and of one that is nobody knows how many; unless it is free."""
    new, many = wanted("new", Need({}, None)), Wanted("many", SECOND, 10_000, is_counted=False)
    found = quote([new, many], [seller(A, 5)])
    assert found.unknown == ("new", "many")
    assert (found.expected, found.at_most) == (0, MAX_CREDITS)
    free = quote([new, many], [Seller(A, Room(1), {})])
    assert (free.unknown, free.expected, free.at_most) == (("many",), 0, 0)


def test_more_steps_than_are_placed_are_the_cheapest_peers() -> None:
    """A plan of many steps does not take long."""
    many = [wanted(str(number)) for number in range(MAX_PLACED + 3)]
    found = quote(many, [seller(A, 20), seller(B, 10)])
    assert who(found)[-3:] == [B, B, B]


@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(1, 9_000)), max_size=20),
    st.lists(st.tuples(st.integers(1, 4), st.integers(0, 10**6)), max_size=2),
)
def test_nothing_is_expected_to_cost_more_than_it_may(
    steps: list[tuple[int, int]], lent: list[tuple[int, int]]
) -> None:
    """And whoever could run a step has been found, if anybody could."""
    sellers = [seller(p, price, cores) for p, (cores, price) in zip((A, B), lent, strict=False)]
    needs = [Need({}, usual_ms, cores) for cores, usual_ms in steps]
    found = quote([wanted(str(at), need) for at, need in enumerate(needs)], sellers)
    for one, need in zip(found.steps, needs, strict=True):
        assert (one.peer is None) == (not any(each.room.at_once(need) for each in sellers))
        assert (one.expected or 0) <= one.at_most
    assert found.expected <= found.at_most
