"""Say what the claim is about: report.py METRICS.json CLAIM.txt SCORES.csv DRAWN.npz...

METRICS has each measure over all patients, each judged by a model that did not see them, and the
middle 95 % of what the resamples gave. CLAIM is the same in words, a measure a line.
"""

import json
import sys
from pathlib import Path

import numpy as np

import measures

MIDDLE = (2.5, 97.5)  # percent of the resamples


def interval(values: np.ndarray) -> dict[str, float]:
    """Return what lies between is what 95 % of the resamples gave."""
    low, high = np.percentile(values, MIDDLE)
    return {"low": round(float(low), 6), "high": round(float(high), 6)}


def gathered(drawn: tuple[str, ...]) -> dict[str, np.ndarray]:
    """Return what all resamples of all files gave, (resamples) of each measure."""
    loaded = [np.load(path) for path in drawn]
    names = ("areas", "briers", "sensitivities", "specificities")
    return {name: np.concatenate([one[name] for one in loaded]) for name in names}


def by_fold(table: dict[str, np.ndarray]) -> list[float]:
    """Return the area under the curve of each fold's own patients."""
    found = []
    for fold in np.unique(table["fold"]):
        judged = table["fold"] == fold
        curve = measures.roc(table["score"][judged], table["label"][judged], np.ones(judged.sum()))
        found.append(round(measures.area(*curve), 6))
    return found


def worded(found: dict) -> str:
    """Return what is claimed, a measure a line, so that two claims can be held side by side."""

    def line(name: str, key: str, more: str) -> str:
        low, high = found[f"{key}_95"]["low"], found[f"{key}_95"]["high"]
        return f"{name} {found[key]:.4f} (95 % {low:.4f} to {high:.4f}){more}\n"

    benign = found["patients"] - found["malignant"]
    missed = f": {found['missed']} of {found['malignant']} malignant masses missed"
    alarms = f": {found['false_alarms']} of {benign} benign ones flagged"
    return (
        line("area under the ROC curve", "auc", "")
        + line("sensitivity", "sensitivity", missed)
        + line("specificity", "specificity", alarms)
        + line("Brier score", "brier", "")
    )


def main(metrics: str, claim: str, scores: str, *drawn: str) -> None:
    """Judge SCORES, with intervals from all DRAWN, and write METRICS and CLAIM."""
    table = measures.read_scores(scores)
    given, labels, flagged = table["score"], table["label"], table["flagged"]
    every = np.ones(len(labels))
    sensitivity, specificity = measures.rates(flagged, labels, every)
    slope, intercept = measures.calibration(given, labels)
    together = gathered(drawn)
    report = {
        "auc": round(measures.area(*measures.roc(given, labels, every)), 6),
        "auc_95": interval(together["areas"]),
        "auc_by_fold": by_fold(table),
        "brier": round(float(((given - labels) ** 2).mean()), 6),
        "brier_95": interval(together["briers"]),
        "calibration": {"intercept": round(intercept, 6), "slope": round(slope, 6)},
        "false_alarms": int((flagged * (1 - labels)).sum()),
        "malignant": int(labels.sum()),
        "missed": int(((1 - flagged) * labels).sum()),
        "patients": len(labels),
        "resamples": len(together["areas"]),
        "sensitivity": round(sensitivity, 6),
        "sensitivity_95": interval(together["sensitivities"]),
        "specificity": round(specificity, 6),
        "specificity_95": interval(together["specificities"]),
        "threshold_mean": round(float(table["threshold"].mean()), 6),
    }
    Path(metrics).write_text(json.dumps(report, indent=2, sort_keys=True) + "\n")
    Path(claim).write_text(worded(report))
    print(worded(report), end="")


if __name__ == "__main__":
    main(*sys.argv[1:])
