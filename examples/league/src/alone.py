"""Learn by self-play alone: alone.py SEED AGENTS GENERATIONS UPDATES SNAPSHOTS ALONE.npz

The network and the learning are those of the league; UPDATES and SNAPSHOTS are each agent's in a
generation, and here one agent has as many as all of AGENTS in all GENERATIONS together.
"""

import json
import sys

import numpy as np

import league
import learn
import net


def main(seed: str, agents: str, generations: str, updates: str, snapshots: str, path: str) -> None:
    """Train and write all snapshots, as many as the league has."""
    rng = np.random.default_rng([int(seed), 0])
    times = len(json.loads(agents)) * int(generations)
    weights = net.initial(rng)
    nobody, odds = np.zeros((0, *learn.policy(weights).shape)), np.ones(1)
    kept = learn.learn(weights, nobody, odds, times * int(updates), times * int(snapshots), rng)
    names, come = ["alone"] * len(kept), list(range(1, len(kept) + 1))
    league.save(path, league.gather(names, come, kept))
    print(f"{len(kept)} snapshots")


if __name__ == "__main__":
    main(*sys.argv[1:])
