"""What two sequences have in common."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from engine.matching import matching

SOME = st.lists(st.sampled_from("abcdefg"), max_size=30)


def shortest(old: list[str], new: list[str]) -> int:
    """Return how long the longest common subsequence is, by the table of them all."""
    row = [0] * (len(new) + 1)
    for item in old:
        before = row[:]
        for at, other in enumerate(new):
            row[at + 1] = before[at] + 1 if item == other else max(row[at], before[at + 1])
    return row[-1]


@given(SOME, SOME)
def test_as_much_as_can_be_is_matched(old: list[str], new: list[str]) -> None:
    """What is matched is equal, rises in both, and could not be more."""
    found = matching(old, new)
    pairs = [(x + n, y + n) for x, y, length in found.runs for n in range(length)]
    assert all(old[x] == new[y] for x, y in pairs)
    assert all(a < c and b < d for (a, b), (c, d) in itertools.pairwise(pairs))
    assert (len(pairs), found.is_whole) == (shortest(old, new), True)
