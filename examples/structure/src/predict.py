"""Predict a chain that no model saw: predict.py PREDICTION SPLIT PLACE FEATURES... -- MODEL...

The mean over all models; a pair is asked from both sides.
"""

import json
import sys
from pathlib import Path

import net
import numpy as np
import pairs


def ask(models: list[dict], single: np.ndarray, pair: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the chance of each bin, (L, L, BINS), and of contact, (L, L)."""
    at = np.arange(len(pair))
    shown = pairs.shown(pair, single, single, at[None] - at[:, None])[None]
    scores = sum(net.forward(weights, shown)[0][0] for weights in models) / len(models)
    return net.chances((scores + scores.transpose(1, 0, 2)) / 2)


def main(into: str, split: str, place: str, *paths: str) -> None:
    """Write what the models say of the held-out chain at PLACE."""
    name = json.loads(Path(split).read_text())["held_out"][int(place)]
    until = paths.index("--")
    features: dict = {}
    for path in paths[:until]:
        features.update(np.load(path))
    models = [dict(np.load(path)) for path in paths[until + 1 :]]
    pair = features[f"{name}.pair"]
    bins, contact = ask(models, features[f"{name}.single"], pair)
    np.savez(into, name=name, bins=bins.astype(np.float32), contact=contact, information=pair)
    print(f"{name}: {contact.shape[0]} residues")


if __name__ == "__main__":
    main(*sys.argv[1:])
