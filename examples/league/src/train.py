"""Train one agent for a generation: train.py LEAGUE.npz AGENT SEED GENERATION UPDATES SNAPSHOTS TRAINED.npz

It goes on from its last snapshot, unless it begins anew; opponents come by the results of the
generation before. TRAINED has its snapshots on the way, each array [snapshots, …].
"""

import sys

import numpy as np

import league
import matchmaking
import net
from learn import learn


def main(path: str, agent: str, *rest: str) -> None:
    """Train AGENT and write its snapshots."""
    seed, generation, updates, snapshots = map(int, rest[:4])
    known = league.load(path)
    rng = np.random.default_rng([seed, generation, *agent.encode()])
    if matchmaking.begins_anew(known, agent, rng):
        weights, how = net.initial(rng), "begins anew"
    else:
        weights, how = known.members[known.last(agent)[-1]], "goes on"
    odds = matchmaking.odds(known, agent)
    kept = learn(weights, known.policies, odds, updates, snapshots, rng)
    with open(rest[4], "wb") as file:
        stacked = {name: np.stack([each[name] for each in kept]) for name in net.NAMES}
        np.savez(file, agent=np.array(agent), **stacked)
    most = max(zip(odds, [*known.names, "itself"], strict=True))
    print(f"{agent} {how}; met {most[1]} most, in {most[0]:.0%} of its games")


if __name__ == "__main__":
    main(*sys.argv[1:])
