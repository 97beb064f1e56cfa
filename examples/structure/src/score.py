"""Judge one chain: score.py PREDICTION COORDINATES STRUCTURES SPLIT SCORES

Precision: of the L likeliest pairs at least APART in the chain, L its length, the share that touch.
lDDT: of the distances up to 15 Å, the share that is kept within half an Å, one, two and four, each
counting a quarter (Mariani and others, 2013), for alpha carbons.
"""

import json
import sys
from pathlib import Path

import numpy as np
from prepare import distances

APART, FAR = 6, 24
REACH, WITHIN = 15.0, (0.5, 1.0, 2.0, 4.0)  # Å


def precision(likely: np.ndarray, contacts: np.ndarray, apart: int = APART) -> float:
    """Return the share of contacts among the L likeliest pairs."""
    i, j = np.triu_indices(len(contacts), apart)
    best = np.argsort(-likely[i, j], kind="stable")[: len(contacts)]
    return float(contacts[i[best], j[best]].mean())


def lddt(true: np.ndarray, places: np.ndarray) -> float:
    """Return the mean share of local distances that are kept."""
    near = (true < REACH) & ~np.eye(len(true), dtype=bool)
    wrong = np.abs(distances(places) - true)[near]
    return float(np.mean([(wrong < within).mean() for within in WITHIN]))


def usual(known: dict, names: list[str], length: int) -> np.ndarray:
    """Return how often residues so far apart touch in the training chains, (length, length)."""
    share = np.zeros(length)
    for apart in range(length):
        found = [np.diagonal(known[f"{name}.contacts"], apart) for name in names]
        found = np.concatenate(found)
        share[apart] = found.mean() if len(found) else 0
    return share[np.abs(np.arange(length)[None] - np.arange(length)[:, None])]


def main(prediction: str, coordinates: str, structures: str, split: str, into: str) -> None:
    """Write what the prediction of one chain is worth, beside what needs no model."""
    said, folds, known = np.load(prediction), np.load(coordinates), dict(np.load(structures))
    name = str(said["name"])
    contacts, true = known[f"{name}.contacts"], known[f"{name}.distances"]
    names = json.loads(Path(split).read_text())["training"]
    likely = {
        "model": said["contact"],
        "information": said["information"],
        "separation": usual(known, names, len(contacts)),
    }
    scores = {
        "name": name,
        "residues": len(contacts),
        "contacts": int(np.triu(contacts, APART).sum()),
        "precision": {by: precision(of, contacts) for by, of in likely.items()},
        "precision_far": {by: precision(of, contacts, FAR) for by, of in likely.items()},
        "lddt": {by: lddt(true, folds[by]) for by in likely},
    }
    Path(into).write_text(json.dumps(scores, indent=1, sort_keys=True))
    print(name, scores["precision"], scores["lddt"])


if __name__ == "__main__":
    main(*sys.argv[1:])
