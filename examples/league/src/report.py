"""Say what came of it: report.py METRICS.json LEAGUE.svg ALONE.npz FOUND.json... -- LEAGUE.npz...

Exploitability is what a best response gets on average, from -1 to 1: exact, not sampled.
"""

import json
import sys
from pathlib import Path

import numpy as np

import exact
import figure
import league
from game import random_policy

SELDOM = 0.01  # members that the mixture plays no more often do not count as played


def exploited(known: league.League) -> dict[str, float]:
    """Return by how much the mixture, the mean and the last member of a league can be exploited."""
    plans = np.array([exact.plan(policy) for policy in known.policies])
    mixed = {
        "mixture": np.tensordot(known.mixture, plans, 1),
        "mean": plans.mean(axis=0),
        "last": plans[-1],
    }
    return {name: round(exact.exploitability(plan), 6) for name, plan in mixed.items()}


def against(known: league.League, policy: np.ndarray) -> float:
    """Return the mean result of the mixture against a policy."""
    plans = np.array([exact.plan(one) for one in known.policies])
    both = np.array([np.tensordot(known.mixture, plans, 1), exact.plan(policy)])
    return round(exact.results(both)[0, 1], 6)


def main(metrics: str, drawing: str, alone: str, *files: str) -> None:
    """Gather FILES, and write METRICS and the figure."""
    split = files.index("--")
    found = [json.loads(Path(path).read_text()) for path in files[:split]]
    leagues = [league.load(path) for path in files[split + 1 :]]
    self_play, last = league.load(alone), leagues[-1]
    random = round(exact.exploitability(exact.plan(random_policy())), 6)
    of_league, of_alone = [exploited(one) for one in leagues], exploited(self_play)
    left = of_league[-1]["mixture"]
    report = {
        "exploitability": {"league": of_league[-1], "alone": of_alone, "random": random},
        "generations": [each["mixture"] for each in of_league],
        "part_of_random": round(left / random, 6),
        "part_of_alone": round(left / min(of_alone.values()), 6),
        "against_random": against(last, random_policy()),
        "against_alone": against(last, self_play.policies[-1]),
        "learnt": {each["whom"]: each["learnt"] for each in found},
        "members": len(last.names),
        "played": int((last.mixture > SELDOM).sum()),
    }
    Path(drawing).write_text(figure.draw(leagues, report))
    text = json.dumps(report, indent=2, sort_keys=True)
    Path(metrics).write_text(text + "\n")
    print(text)


if __name__ == "__main__":
    main(*sys.argv[1:])
