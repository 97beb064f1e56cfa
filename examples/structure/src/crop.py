"""Cut squares out of the training chains: crop.py CROPS STRUCTURES SPLIT COUNT SIZE SEED FEATURES...

A square shows SIZE residues against SIZE others, or the same ones, of one chain, anywhere in it.
"""

import json
import sys
from pathlib import Path

import numpy as np
import pairs


def cut(known: dict, features: dict, name: str, size: int, rng: np.random.Generator) -> dict:
    """Return a square of one chain; what reaches over its end is zero, and not asked."""
    length = len(known[f"{name}.residues"])
    first, second = rng.integers(max(1, length - size + 1), size=2)
    rows, columns = np.arange(first, first + size), np.arange(second, second + size)
    inside = np.ix_(rows[rows < length], columns[columns < length])
    down, along = (len(one.ravel()) for one in inside)
    square = {
        "pair": np.zeros((size, size), np.float32),
        "rows": np.zeros((size, features[f"{name}.single"].shape[1]), np.float32),
        "columns": np.zeros((size, features[f"{name}.single"].shape[1]), np.float32),
        "apart": (columns[None] - rows[:, None]).astype(np.int16),
        "bins": np.full((size, size), pairs.LEFT_OUT, np.uint8),
        "contacts": np.zeros((size, size), bool),
    }
    square["pair"][:down, :along] = features[f"{name}.pair"][inside]
    square["rows"][:down] = features[f"{name}.single"][inside[0].ravel()]
    square["columns"][:along] = features[f"{name}.single"][inside[1].ravel()]
    square["bins"][:down, :along] = pairs.bins(known[f"{name}.distances"][inside])
    square["contacts"][:down, :along] = known[f"{name}.contacts"][inside]
    return square


def main(
    into: str, structures: str, split: str, count: str, size: str, seed: str, *shards: str
) -> None:
    """Cut COUNT squares out of the chains that SPLIT has for training."""
    names = json.loads(Path(split).read_text())["training"]
    known, features = dict(np.load(structures)), {}
    for shard in shards:
        features.update(np.load(shard))
    rng = np.random.default_rng([int(seed), 1])
    lengths = np.array([len(known[f"{name}.residues"]) for name in names])
    drawn = rng.choice(names, size=int(count), p=lengths / lengths.sum())
    squares = [cut(known, features, name, int(size), rng) for name in drawn]
    np.savez(into, **{key: np.stack([one[key] for one in squares]) for key in squares[0]})
    print(f"{count} squares of {size} by {size} from {len(names)} chains")


if __name__ == "__main__":
    main(*sys.argv[1:])
