"""Examine the last champion: exam.py LAST.npz FIRST.npz SEED SHARD OPENINGS SIMULATIONS RESULT.json

It plays chance, and what was trained in the first generation, with and without a search. Both sides
of a match have the same number of simulations, so that what differs is what they learnt.
"""

import json
import sys
from pathlib import Path

import numpy as np

import net
from match import Player, matches, openings


def main(last: str, first: str, *rest: str) -> None:
    """Play and write what LAST won, drew and lost in each match."""
    seed, shard, count, simulations = map(int, rest[:4])
    new, old = net.load(last), net.load(first)
    players = [
        Player(None, 0),
        Player(old, simulations),
        Player(new, simulations),
        Player(old, 0),
        Player(new, 0),
    ]
    pairs = {
        "against_random": (2, 0),
        "against_first": (2, 1),
        "network_alone_against_random": (4, 0),
        "network_alone_against_first": (4, 3),
    }
    rng = np.random.default_rng([seed, shard])
    scores = matches(players, list(pairs.values()), *openings(seed, shard, count), rng)
    found = dict(zip(pairs, scores, strict=True))
    text = json.dumps(found, indent=2, sort_keys=True)
    Path(rest[4]).write_text(text + "\n")
    print(text)


if __name__ == "__main__":
    main(*sys.argv[1:])
