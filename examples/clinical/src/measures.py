"""How good scores are: ROC curve, area under it, sensitivity, specificity, calibration.

Each takes weights, one a patient: how often somebody was drawn into a resample, or all ones.
"""

import csv
from pathlib import Path

import numpy as np

import logistic

BINS = 10  # for calibration, with equally many patients in each
EDGE = 1e-9  # a probability of 0 or 1 has no logarithm


def read_scores(path: str) -> dict[str, np.ndarray]:
    """Return the columns of a table of scores, by name, (patients) each."""
    with Path(path).open(newline="") as lines:
        rows = list(csv.DictReader(lines))
    return {name: np.array([float(row[name]) for row in rows]) for name in rows[0]}


def roc(
    scores: np.ndarray, labels: np.ndarray, weights: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the false and the true positive rates, from (0, 0) to (1, 1), as thresholds fall.

    Patients with equal scores cannot be told apart: they are one point of the curve.
    """
    order = np.argsort(-scores, kind="stable")
    last = np.append(np.diff(scores[order]) != 0, True)
    hits = np.cumsum((weights * labels)[order])[last]
    alarms = np.cumsum((weights * (1 - labels))[order])[last]
    return np.append(0, alarms / alarms[-1]), np.append(0, hits / hits[-1])


def area(false: np.ndarray, true: np.ndarray) -> float:
    """Return the area under a ROC curve."""
    return float((np.diff(false) * (true[1:] + true[:-1]) / 2).sum())


def rates(flagged: np.ndarray, labels: np.ndarray, weights: np.ndarray) -> tuple[float, float]:
    """Return sensitivity and specificity: malignant masses flagged, benign ones not."""
    sensitivity = (weights * labels * flagged).sum() / (weights * labels).sum()
    benign = weights * (1 - labels)
    return float(sensitivity), float((benign * (1 - flagged)).sum() / benign.sum())


def calibration(scores: np.ndarray, labels: np.ndarray) -> tuple[float, float]:
    """Return slope and intercept of the true log-odds over the predicted ones: 1 and 0 at best."""
    chance = np.clip(scores, EDGE, 1 - EDGE)
    odds = np.log(chance / (1 - chance))
    slope, intercept = logistic.fit(logistic.with_ones(odds[:, None]), labels, penalty=0)
    return float(slope), float(intercept)


def binned(scores: np.ndarray, labels: np.ndarray) -> list[tuple[float, float, int]]:
    """Return the mean score, the share that is malignant and the size of each bin of scores."""
    parts = np.array_split(np.argsort(scores, kind="stable"), BINS)
    return [(float(scores[part].mean()), float(labels[part].mean()), len(part)) for part in parts]
