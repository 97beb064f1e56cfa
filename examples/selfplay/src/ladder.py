"""Let everybody play everybody: ladder.py SEED SHARD OPENINGS SIMULATIONS RESULTS.json CHAMPION.npz...

The players are chance and the champion after each generation. RESULTS is a list of [one, two, won,
drawn, lost], where player 0 is chance and player k + 1 is the champion after generation k.
"""

import json
import sys
from itertools import combinations
from pathlib import Path

import numpy as np

import net
from match import Player, matches, openings


def main(*arguments: str) -> None:
    """Play all pairs and write RESULTS."""
    seed, shard, count, simulations = map(int, arguments[:4])
    champions = [Player(net.load(path), simulations) for path in arguments[5:]]
    players = [Player(None, 0), *champions]
    pairs = list(combinations(range(len(players)), 2))
    rng = np.random.default_rng([seed, shard])
    scores = matches(players, pairs, *openings(seed, shard, count), rng)
    results = [[*pair, *score.values()] for pair, score in zip(pairs, scores, strict=True)]
    Path(arguments[4]).write_text(json.dumps(results) + "\n")
    print(f"{len(results)} pairs, {2 * count} games each")


if __name__ == "__main__":
    main(*sys.argv[1:])
