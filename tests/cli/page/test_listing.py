"""Which instances a page lists one by one."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from cli.page.listing import fold
from tests.cli.page.conftest import instance


@given(st.lists(st.integers(1, 40), max_size=12), st.integers(1, 60))
def test_nothing_is_lost(sizes: list[int], most: int) -> None:
    """An instance is listed or counted; at most so many are listed, and all of them if they fit."""
    all_of_them = [instance(f"s{n}", i) for n, size in enumerate(sizes) for i in range(size)]
    listed, folded = fold(all_of_them, most)
    counted = Counter({one.step: sum(one.states.values()) for one in folded})
    counted.update(one.name for one in listed)
    assert counted == Counter(one.name for one in all_of_them)
    assert len(listed) <= most
    if len(all_of_them) <= most:
        assert list(listed) == all_of_them


def test_a_small_step_is_listed_whole_beside_a_large_one() -> None:
    """Only the one that has most is cut."""
    small, large = [instance("a", n) for n in range(3)], [instance("b", n) for n in range(1_000)]
    listed, folded = fold([*large, *small], 10)
    assert Counter(one.name for one in listed) == {"a": 3, "b": 7}
    assert [(one.step, dict(one.states)) for one in folded] == [("b", {"ran": 993})]


def test_failures_and_then_the_longest_are_listed() -> None:
    """In the order of their indexes."""
    given_ = [
        instance("a", 0, wall_ms=5),
        instance("a", 1, wall_ms=9),
        instance("a", 2, "failed", wall_ms=1),
        instance("a", 3, wall_ms=7),
    ]
    assert [one.index for one in fold(given_, 2)[0]] == [1, 2]
