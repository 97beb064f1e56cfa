"""One random number gives many, the same every time."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from peers.luck import Luck


@given(st.integers(), st.integers(0, 100), st.integers(0, 5))
def test_some_are_different_items(seed: int, size: int, count: int) -> None:
    """As many as asked for, or all that there are."""
    found = Luck(seed).some(range(size), count)
    assert len(found) == len({*found}) == min(count, size)
    assert found == Luck(seed).some(range(size), count)


@given(st.integers(), st.lists(st.lists(st.integers(), min_size=1)), st.integers(0, 5))
def test_those_among_groups_are_different_and_fit(
    seed: int, groups: list[list[int]], count: int
) -> None:
    """Never more than asked for."""
    found = Luck(seed).among(groups, count, lambda item: item % 2 == 0)
    assert len(found) == len({*found}) <= count
    assert all(item % 2 == 0 and any(item in group for group in groups) for item in found)


def test_every_item_has_its_turn() -> None:
    """Of 100 items each is drawn about as often as any other."""
    drawn: Counter[int] = Counter()
    for seed in range(5_000):
        drawn.update(Luck(seed).some(range(100), 2))
    assert len(drawn) == 100
    assert min(drawn.values()) > 50
    assert max(drawn.values()) < 200


def test_a_large_group_is_drawn_from_as_often_as_a_small_one() -> None:
    """So whoever tells of most peers does not choose whom we meet."""
    drawn = [Luck(seed).among([range(1_000), [-1]], 1, lambda _: True)[0] for seed in range(1_000)]
    assert 400 < drawn.count(-1) < 600
