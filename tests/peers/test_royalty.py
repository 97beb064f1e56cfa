"""What authors get, and that it is all of it."""

import random
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.content.cid import Cid
from engine.errors import Damaged, NotHere
from peers.credits import MAX_CREDITS, Credits
from peers.royalty import (
    MANIFEST,
    MAX_AUTHORS,
    MAX_PARENTS,
    MAX_WEIGHT,
    Author,
    Manifest,
    Parent,
    complaint,
    heirs,
    opened,
    pool,
    split,
)
from peers.signed import seal
from tests.peers.keys import identity
from tests.peers.offered import block

ANN, BOB, EVE = (identity(number) for number in (1, 2, 3))
OTHER, THIRD = block("other").cid, block("third").cid
TWO = Manifest(None, (Author(ANN.public_key, 2), Author(BOB.public_key, 1)), 10, 1_000, 500)


def _authors(numbers: tuple[int, ...]) -> tuple[Author, ...]:
    return tuple(Author(number.to_bytes(32, "big"), 1) for number in numbers)


AUTHORS = st.lists(
    st.builds(Author, st.integers(1, 9).map(lambda n: n.to_bytes(32, "big")), st.integers(1, 99)),
    min_size=1,
    max_size=6,
    unique_by=lambda author: author.public_key,
).map(tuple)
SINGLE = st.builds(
    lambda authors, share: Manifest(None, authors, 0, share, 10**6), AUTHORS, st.integers(0, 3_000)
)
PARENTS = st.fixed_dictionaries({OTHER: SINGLE, THIRD: SINGLE})
MANIFESTS = st.builds(
    lambda one, first, second: replace(one, parents=(Parent(OTHER, first), Parent(THIRD, second))),
    SINGLE,
    st.integers(1, 5_000),
    st.integers(1, 5_000),
)
AMOUNTS = st.integers(0, 10**9).map(Credits)


@given(MANIFESTS, PARENTS, AMOUNTS)
def test_the_parts_are_the_pool(
    manifest: Manifest, parents: dict[Cid, Manifest], amount: Credits
) -> None:
    """To the micro-credit, and nobody has a debt of it."""
    parts = split(manifest, parents, amount)
    assert sum(parts.values()) == amount
    assert all(part > 0 for part in parts.values())


@given(MANIFESTS, PARENTS, AMOUNTS, st.randoms(use_true_random=False))
def test_the_order_of_authors_and_parents_does_not_matter(
    manifest: Manifest, parents: dict[Cid, Manifest], amount: Credits, chance: random.Random
) -> None:
    """Two readers of one manifest, or of one written otherwise, pay the same."""
    authors, above = [*manifest.authors], [*manifest.parents]
    chance.shuffle(authors)
    chance.shuffle(above)
    shuffled = replace(manifest, authors=tuple(authors), parents=tuple(above))
    assert split(shuffled, parents, amount) == split(manifest, parents, amount)


@given(MANIFESTS, PARENTS, AMOUNTS, AMOUNTS)
def test_of_a_larger_pool_nobody_gets_less(
    manifest: Manifest, parents: dict[Cid, Manifest], amount: Credits, more: Credits
) -> None:
    """But for the one micro-credit that rounding may take."""
    was = split(manifest, parents, amount)
    now = split(manifest, parents, Credits(amount + more))
    assert all(now.get(key, 0) >= part - 1 for key, part in was.items())


def test_the_largest_remainders_are_rounded_up() -> None:
    """And of equal ones, that of the lower key."""
    assert split(TWO, {}, Credits(100)) == {ANN.public_key: 67, BOB.public_key: 33}
    low, high = (1).to_bytes(32, "big"), (2).to_bytes(32, "big")
    equal = replace(TWO, authors=_authors((2, 1)))
    assert split(equal, {}, Credits(3)) == {low: 2, high: 1}
    assert split(equal, {}, Credits(1)) == {low: 1}


def test_parents_share_by_their_own_weights() -> None:
    """Their part of the pool, and no more; an author of both gets both."""
    parent = replace(TWO, authors=(Author(BOB.public_key, 1), Author(EVE.public_key, 3)))
    manifest = replace(TWO, parents=(Parent(OTHER, 4_000),))
    parts = split(manifest, {OTHER: parent}, Credits(1_000))
    assert parts == {ANN.public_key: 400, BOB.public_key: 300, EVE.public_key: 300}


def test_parents_of_parents_get_nothing() -> None:
    """One level is paid: more would be as long as anybody likes."""
    parent = replace(TWO, parents=(Parent(THIRD, 10_000),))
    manifest = replace(TWO, parents=(Parent(OTHER, 10_000),))
    assert set(split(manifest, {OTHER: parent}, Credits(9))) == {ANN.public_key, BOB.public_key}


def test_what_is_derived_from_what_was_derived_keeps_all_shares() -> None:
    """A parent's own parents get of its part what they get of its pool: it passes that on."""
    parent = replace(TWO, parents=(Parent(THIRD, 2_500),))
    assert heirs({OTHER: parent}, 2_000) == (Parent(OTHER, 1_500), Parent(THIRD, 500))
    both = heirs({OTHER: parent, THIRD: TWO}, 2_000)  # once as a parent, once as a parent's
    assert both == (Parent(OTHER, 1_500), Parent(THIRD, 2_500))


@given(st.integers(1, 8), st.integers(1, 1_250), st.data())
def test_nothing_of_what_parents_get_is_lost(count: int, points: int, data: st.DataObject) -> None:
    """Their parts are what they were promised, however many share; no more than may be named do."""
    names = [block(str(number)).cid for number in range(24)]
    shares = st.lists(st.tuples(st.sampled_from(names), st.integers(1, 1_250)), max_size=8)
    made_from = {}
    for name in names[:count]:
        parts = data.draw(shares.map(dict))
        made_from[name] = replace(TWO, parents=tuple(Parent(*part) for part in parts.items()))
    found = heirs(made_from, points)
    assert sum(parent.basis_points for parent in found) == count * points
    assert not complaint(replace(TWO, parents=found))


def test_a_parent_that_is_not_here_is_said() -> None:
    """Nothing is shared as if it had no authors."""
    manifest = replace(TWO, parents=(Parent(OTHER, 1),))
    with pytest.raises(NotHere, match="manifest is not here") as missing:
        split(manifest, {}, Credits(5))
    assert missing.value.where == str(OTHER)


def test_a_pool_is_a_fixed_part_and_a_share_up_to_its_most() -> None:
    """The fixed part once in a run; the share is rounded down."""
    assert pool(TWO, Credits(999), is_first_of_run=True) == 10 + 99
    assert pool(TWO, Credits(999), is_first_of_run=False) == 99
    assert pool(TWO, Credits(10_000), is_first_of_run=True) == 500
    assert pool(TWO, Credits(0), is_first_of_run=False) == 0
    assert pool(replace(TWO, pool_most=0), Credits(10_000), is_first_of_run=True) == 0


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"authors": ()}, "1 to 64 authors"),
        ({"authors": _authors(tuple(range(MAX_AUTHORS + 1)))}, "1 to 64 authors"),
        ({"authors": _authors((1, 1))}, "one author twice"),
        ({"authors": (Author(b"short", 1),)}, "32 bytes"),
        ({"authors": (Author(bytes(32), 0),)}, "the weight"),
        ({"authors": (Author(bytes(32), MAX_WEIGHT + 1),)}, "the weight"),
        ({"share": 3_001}, "from 0 to 30 percent, not 30.01"),
        ({"share": -1}, "from 0 to 30 percent, not -0.01"),
        ({"per_run": -1}, "for a run"),
        ({"pool_most": MAX_CREDITS + 1}, "at most"),
        ({"parents": (Parent(OTHER, 1),) * 2}, "one parent twice"),
        ({"parents": (Parent(OTHER, 0),)}, "a parent gets"),
        ({"parents": (Parent(OTHER, 5_001), Parent(THIRD, 5_000))}, "more than there is"),
        (
            {"parents": tuple(Parent(block(str(n)).cid, 1) for n in range(MAX_PARENTS + 1))},
            "parents",
        ),
    ],
)
def test_a_manifest_has_bounds(changes: dict[str, object], why: str) -> None:
    """One that goes over is none, and it is said why."""
    with pytest.raises(ValueError, match=why):
        MANIFEST.encode(replace(TWO, **changes))  # type: ignore[arg-type]


def test_a_manifest_is_signed_by_an_author() -> None:
    """Nobody else can say who is paid."""
    assert opened(seal(MANIFEST, TWO, BOB).data).value == TWO
    with pytest.raises(Damaged, match="one of the authors"):
        opened(seal(MANIFEST, TWO, EVE).data)
