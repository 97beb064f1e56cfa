"""Fit on nine folds, score the tenth: fold.py TABLE FOLDS FOLD SCALE PENALTIES MODEL INNER SCORES

The penalty is chosen on the training patients alone, by inner cross-validation: the patients of
FOLD are scored once, when everything is settled. SCALE says whose mean and spread scale the
measurements: `training`, or `everyone`, which lets the judged patients in. PENALTIES is a list.
MODEL says what was chosen, and each weight by its name. INNER has a score of each training patient,
by models that did not see them, for a threshold to be chosen by; SCORES those of FOLD's patients.
"""

import json
import sys
from pathlib import Path

import numpy as np

import logistic

PLACES = 9


def scale(measured: np.ndarray, known: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return rows for the model, (patients, inputs + 1), with the mean and spread that scale them.

    Those are of the `known` patients.
    """
    mean, spread = measured[known].mean(axis=0), measured[known].std(axis=0)
    spread = np.where(spread > 0, spread, 1)
    return logistic.with_ones((measured - mean) / spread), mean, spread


def inner_scores(
    measured: np.ndarray, labels: np.ndarray, inner: np.ndarray, penalty: float, everyone: bool
) -> np.ndarray:
    """Return a score for each training patient, (patients), by models that did not see them."""
    scores = np.full(len(labels), np.nan)
    for fold in range(inner.max() + 1):
        training = (inner >= 0) & (inner != fold)
        rows, _, _ = scale(measured, training | everyone)
        weights = logistic.fit(rows[training], labels[training], penalty)
        scores[inner == fold] = logistic.predict(weights, rows[inner == fold])
    return scores


def surprise(scores: np.ndarray, labels: np.ndarray) -> float:
    """Return the mean cross-entropy of scores: what the penalty is chosen by."""
    chance = np.clip(np.where(labels == 1, scores, 1 - scores), 1e-12, 1)
    return float(-np.log(chance).mean())


def write(
    path: str, fold: str, patients: np.ndarray, labels: np.ndarray, scores: np.ndarray
) -> None:
    """Write the scores of some patients, one a line."""
    with Path(path).open("w") as lines:
        lines.write("patient,fold,label,score\n")
        for at in patients:
            lines.write(f"{at},{fold},{labels[at]},{scores[at]:.{PLACES}f}\n")


def described(names: np.ndarray, weights: np.ndarray, mean: np.ndarray, spread: np.ndarray) -> dict:
    """Return the weights by the names of what they weigh, with what that is scaled by."""
    table = np.array([mean, spread, weights[:-1]]).T.round(6).tolist()
    return {
        str(name): {"mean": center, "spread": width, "weight": weight}
        for name, (center, width, weight) in zip(names, table, strict=True)
    }


def main(
    table: str, folds: str, fold: str, scale_on: str, penalties: str,
    model: str, inside: str, out: str,
) -> None:  # fmt: skip
    """Choose the penalty, fit, and write MODEL, INNER and SCORES."""
    if scale_on not in ("training", "everyone"):
        raise SystemExit(f"nobody is called {scale_on!r}: training or everyone")
    with np.load(table) as arrays:
        measured, labels, names = arrays["measurements"], arrays["labels"], arrays["names"]
    inner = np.array(json.loads(Path(folds).read_text())["inner"][int(fold)])
    training, everyone = inner >= 0, scale_on == "everyone"
    tried, entropy = {}, {}
    for penalty in json.loads(penalties):
        tried[penalty] = inner_scores(measured, labels, inner, penalty, everyone)
        entropy[penalty] = surprise(tried[penalty][training], labels[training])
    best = min(entropy, key=entropy.get)
    rows, mean, spread = scale(measured, training | everyone)
    weights = logistic.fit(rows[training], labels[training], best)
    report = {
        "fold": int(fold),
        "inner_cross_entropy": {str(penalty): round(one, 6) for penalty, one in entropy.items()},
        "intercept": round(float(weights[-1]), 6),
        "penalty": best,
        "scaled_on": int((training | everyone).sum()),
        "weights": described(names, weights, mean, spread),
    }
    Path(model).write_text(json.dumps(report, indent=2, sort_keys=True) + "\n")
    write(inside, fold, np.flatnonzero(training), labels, tried[best])
    write(out, fold, np.flatnonzero(~training), labels, logistic.predict(weights, rows))
    print(f"fold {fold}: penalty {best}, inner cross-entropy {entropy[best]:.4f}")


if __name__ == "__main__":
    main(*sys.argv[1:])
