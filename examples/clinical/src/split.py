"""Draw who is judged with whom: split.py TABLE.npz FOLDS INNER SEED FOLDS.json

FOLDS is a JSON list of fold numbers, INNER how many folds each training set is divided into again.
FOLDS.json holds `outer`, the fold in which each patient is judged, and `inner`: for each outer fold
the inner fold of each patient, -1 for those judged. Both keep the share of malignant masses.
"""

import json
import sys
from pathlib import Path

import numpy as np

JUDGED = -1


def stratified(labels: np.ndarray, folds: int, rng: np.random.Generator) -> np.ndarray:
    """Return a fold for each patient, (patients): each label is dealt out evenly, at random."""
    dealt = np.empty(len(labels), dtype=np.int64)
    for label in (0, 1):
        members = rng.permutation(np.flatnonzero(labels == label))
        dealt[members] = (np.arange(len(members)) + rng.integers(folds)) % folds
    return dealt


def nested(labels: np.ndarray, outer: np.ndarray, fold: int, inner: int, rng) -> np.ndarray:
    """Return inner folds of the patients outside `fold`, (patients), and -1 for those inside."""
    training = outer != fold
    folds = np.full(len(labels), JUDGED)
    folds[training] = stratified(labels[training], inner, rng)
    return folds


def main(table: str, folds: str, inner: str, seed: str, out: str) -> None:
    """Read the labels of TABLE and write all folds to OUT."""
    with np.load(table) as arrays:
        labels = arrays["labels"]
    rng = np.random.default_rng(int(seed))
    outer = stratified(labels, len(json.loads(folds)), rng)
    inside = [nested(labels, outer, fold, int(inner), rng) for fold in json.loads(folds)]
    drawn = {"outer": outer.tolist(), "inner": [one.tolist() for one in inside]}
    Path(out).write_text(json.dumps(drawn, sort_keys=True) + "\n")
    for fold in json.loads(folds):
        judged = labels[outer == fold]
        print(f"fold {fold}: {len(judged)} patients, {judged.sum()} malignant")


if __name__ == "__main__":
    main(*sys.argv[1:])
