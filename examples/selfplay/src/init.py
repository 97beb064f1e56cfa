"""Draw the weights of generation 0, which knows nothing: init.py SEED NET.npz"""

import sys

import numpy as np

import net


def main(seed: str, path: str) -> None:
    """Write a network that was never trained to PATH."""
    weights = net.initial(np.random.default_rng(int(seed)))
    net.save(path, weights)
    print(f"{sum(weight.size for weight in weights.values())} weights")


if __name__ == "__main__":
    main(*sys.argv[1:])
