"""Estimate pi from random points of the unit square: sample.py SEED POINTS ESTIMATE.json."""

import json
import sys
from pathlib import Path

import numpy as np


def main(seed: str, points: str, estimate: str) -> None:
    """Write four times the share of POINTS that are less than 1 from the origin."""
    x, y = np.random.default_rng(int(seed)).random((2, int(points)))
    share = float((x * x + y * y < 1).mean())
    text = json.dumps({"seed": int(seed), "pi": 4 * share})
    Path(estimate).write_text(text + "\n", encoding="utf-8")
    print(text)


main(*sys.argv[1:])
