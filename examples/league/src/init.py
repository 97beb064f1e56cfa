"""Found the league, with one member that knows nothing: init.py SEED LEAGUE.npz"""

import sys

import numpy as np

import league
import net


def main(seed: str, path: str) -> None:
    """Write a league of one to PATH."""
    weights = net.initial(np.random.default_rng(int(seed)))
    league.save(path, league.gather([league.START], [0], [weights]))
    print(f"{sum(weight.size for weight in weights.values())} weights")


if __name__ == "__main__":
    main(*sys.argv[1:])
