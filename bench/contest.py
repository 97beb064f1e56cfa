"""Contest: several ways of doing the same work, in turn, round by round.

A busy machine is busy for all of them, so the ratio of a round means something where its times do
not. Every second round goes backwards: what gets slower over time harms all alike.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import median

from bench.process import Spent


@dataclass(frozen=True, slots=True)
class Times:
    """What each way took, by round."""

    spent: Mapping[str, list[Spent]]

    def seconds(self, way: str) -> float:
        """Return the seconds of a way, the median of its rounds."""
        return median(one.seconds for one in self.spent[way])

    def processor(self, way: str) -> float:
        """Return the processor's seconds of a way, the median of its rounds."""
        return median(one.processor for one in self.spent[way])

    def ratio(self, ours: str, theirs: str) -> float:
        """Return how many times as long ours took: the median of the rounds' ratios."""
        pairs = zip(self.spent[ours], self.spent[theirs], strict=True)
        return median(mine.seconds / other.seconds for mine, other in pairs)

    def quickest(self, ours: str, theirs: str) -> float:
        """Return the same of the quickest round of each: other work only adds to a time."""
        mine, other = (min(one.seconds for one in self.spent[way]) for way in (ours, theirs))
        return mine / other

    def told(self, *ways: str) -> str:
        """Return the medians of some ways, as a note."""
        return ", ".join(
            f"{way} {self.seconds(way):.3g} s (processor {self.processor(way):.3g})" for way in ways
        )

    def __contains__(self, way: str) -> bool:
        return way in self.spent


def contest(ways: Mapping[str, Callable[[], Spent]], rounds: int) -> Times:
    """Have every way do its work in every round."""
    spent: dict[str, list[Spent]] = {name: [] for name in ways}
    for number in range(rounds):
        for name in list(ways) if number % 2 == 0 else list(reversed(ways)):
            spent[name].append(ways[name]())
    return Times(spent)
