"""The league: every snapshot of every agent there ever was, and how each does against each.

What an agent is, its name says: `main-…`, `main-exploiter-…` or `league-exploiter-…`.
"""

from dataclasses import dataclass

import numpy as np

import exact
import learn
import net

START = "start"  # the name of the one who knows nothing
ITERATIONS = 20_000  # of regret matching


@dataclass(frozen=True)
class League:
    """N members in the order in which they came, and the last mixture."""

    names: list[str]  # whose snapshots they are
    generations: list[int]  # in which they came
    members: list[net.Weights]
    results: np.ndarray  # [N, N]: mean result of each against each, -1 to 1
    mixture: np.ndarray  # [N]: how often the Nash equilibrium of the results plays each

    @property
    def policies(self) -> np.ndarray:
        """All members' policies, [N, states, cards]."""
        return np.array([learn.policy(weights) for weights in self.members])

    def last(self, beginning: str) -> list[int]:
        """Return the place of the last snapshot of each agent whose name begins so."""
        found = {name: at for at, name in enumerate(self.names) if name.startswith(beginning)}
        return sorted(found.values())


def equilibrium(results: np.ndarray) -> np.ndarray:
    """Return odds [N] that nobody in RESULTS, [N, N], does well against: a Nash equilibrium.

    By regret matching: play what would have done better so far, by how much. The mean of that,
    later rounds counting more, comes near an equilibrium; here N is small and so is what is left.
    """
    odds = np.full(len(results), 1 / len(results))
    regret, total = np.zeros(len(results)), np.zeros(len(results))
    for turn in range(1, ITERATIONS + 1):
        worth = results @ odds
        regret = np.maximum(regret + worth - odds @ worth, 0)
        odds = regret / regret.sum() if regret.any() else odds
        total += turn * odds
    return total / total.sum()


def gather(names: list[str], generations: list[int], members: list[net.Weights]) -> League:
    """Return the league of these members, with their results and their equilibrium.

    The results are exact: what games would come to, had one the time to play very many.
    """
    plans = np.array([exact.plan(learn.policy(weights)) for weights in members])
    results = exact.results(plans)
    return League(names, generations, members, results, equilibrium(results))


def save(path: str, league: League) -> None:
    """Write the league to PATH."""
    stacked = {name: np.stack([each[name] for each in league.members]) for name in net.NAMES}
    with open(path, "wb") as file:
        np.savez(
            file,
            names=np.array(league.names),
            generations=np.array(league.generations),
            results=league.results,
            mixture=league.mixture,
            **stacked,
        )


def load(path: str) -> League:
    """Read the league in PATH."""
    with np.load(path) as arrays:
        stacked = {name: arrays[name] for name in net.NAMES}
        names, generations = arrays["names"].tolist(), arrays["generations"].tolist()
        members = [{name: stacked[name][at] for name in net.NAMES} for at in range(len(names))]
        return League(names, generations, members, arrays["results"], arrays["mixture"])
