"""Draw the patients again, many times: bootstrap.py SCORES.csv SEED RESAMPLES DRAWN.npz

Each resample has as many patients as there are, drawn with replacement; who is drawn twice counts
twice. DRAWN holds what each gave: areas, sensitivities, specificities, briers (resamples), and
curves (resamples, GRID): the true positive rate at GRID false positive rates from 0 to 1.
"""

import sys

import numpy as np

import measures

GRID = 501


def draw(patients: int, rng: np.random.Generator) -> np.ndarray:
    """Return how often each patient was drawn, (patients)."""
    return np.bincount(rng.integers(patients, size=patients), minlength=patients)


def main(scores: str, seed: str, resamples: str, drawn: str) -> None:
    """Judge RESAMPLES of SCORES and write DRAWN."""
    table = measures.read_scores(scores)
    labels, given, flagged = table["label"], table["score"], table["flagged"]
    rng = np.random.default_rng(int(seed))
    at = np.linspace(0, 1, GRID)
    areas, curves, pairs, briers = [], [], [], []
    for _ in range(int(resamples)):
        weights = draw(len(labels), rng)
        false, true = measures.roc(given, labels, weights)
        areas.append(measures.area(false, true))
        curves.append(np.interp(at, false, true))
        pairs.append(measures.rates(flagged, labels, weights))
        briers.append(np.average((given - labels) ** 2, weights=weights))
    sensitivities, specificities = np.array(pairs).T
    np.savez(
        drawn,
        areas=np.array(areas),
        briers=np.array(briers),
        curves=np.array(curves),
        sensitivities=sensitivities,
        specificities=specificities,
    )
    print(f"seed {seed}: {resamples} resamples, mean area {np.mean(areas):.4f}")


if __name__ == "__main__":
    main(*sys.argv[1:])
