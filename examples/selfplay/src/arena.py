"""Let the candidate play the champion: arena.py CANDIDATE.npz CHAMPION.npz SEED SHARD OPENINGS SIMULATIONS SCORE.json"""

import json
import sys
from pathlib import Path

import numpy as np

import net
from match import Player, matches, openings


def main(candidate: str, champion: str, *rest: str) -> None:
    """Play and write what the candidate won, drew and lost."""
    seed, shard, count, simulations = map(int, rest[:4])
    players = [Player(net.load(path), simulations) for path in (candidate, champion)]
    boards = openings(seed, shard, count)
    (score,) = matches(players, [(0, 1)], *boards, np.random.default_rng(seed))
    Path(rest[4]).write_text(json.dumps(score, sort_keys=True) + "\n")
    print(score)


if __name__ == "__main__":
    main(*sys.argv[1:])
