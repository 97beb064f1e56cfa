"""Draw ROC curve, its corner and calibration: figure.py FIGURE SCORES METRICS DRAWN...

Three panels: the whole curve; its corner, with what 95 % of the resamples gave as a band and the
stored thresholds as a cross; and predicted against true shares of malignant masses.
"""

import json
import sys
from pathlib import Path

import numpy as np

import measures
import report
from panel import INK, Panel, drawing

LINE, BAND, POINT, PALE = "#0b5c8a", "#a9cfe4", "#c2410c", "#b8bcc2"
TICKS = [0, 0.25, 0.5, 0.75, 1]
CLOSE_TICKS = [0, 0.05, 0.1, 0.15, 0.2, 0.25]
CORNER = 0.25  # how much of both axes the second panel shows


def curves(panel: Panel, table: dict, drawn: np.ndarray) -> None:
    """Draw the curve of all patients over the band of the resamples."""
    at = np.linspace(0, 1, drawn.shape[1])
    low, high = np.percentile(drawn, report.MIDDLE, axis=0)
    panel.area(np.append(at, at[::-1]), np.append(low, high[::-1]), BAND)
    false, true = measures.roc(table["score"], table["label"], np.ones(len(table["label"])))
    panel.path(false, true, LINE)


def operating_point(panel: Panel, metrics: dict) -> None:
    """Draw sensitivity and specificity at the stored thresholds, with their intervals."""
    across, up = 1 - metrics["specificity"], metrics["sensitivity"]
    sides = [1 - metrics["specificity_95"][end] for end in ("high", "low")]
    ends = [metrics["sensitivity_95"][end] for end in ("low", "high")]
    panel.path(sides, [up, up], POINT)
    panel.path([across, across], ends, POINT)
    panel.dot(across, up, POINT)


def whole(table: dict, metrics: dict, drawn: np.ndarray) -> Panel:
    """Return the whole curve, and what is under it."""
    panel = Panel(0, "ROC curve", "false positive rate", "true positive rate", (0, 1), (0, 1))
    panel.axes(TICKS, TICKS)
    panel.path([0, 1], [0, 1], PALE, dashed=True)
    curves(panel, table, drawn)
    low, high = metrics["auc_95"]["low"], metrics["auc_95"]["high"]
    panel.note(0.64, 0.18, f"area {metrics['auc']:.4f}", INK)
    panel.note(0.64, 0.10, f"95 % {low:.4f} to {high:.4f}", INK)
    return panel


def corner(table: dict, metrics: dict, drawn: np.ndarray) -> Panel:
    """Return the corner in which all that matters happens, and how many that is."""
    across, up = (0, CORNER), (1 - CORNER, 1)
    title = "its corner, and the threshold"
    panel = Panel(1, title, "false positive rate", "true positive rate", across, up)
    panel.axes(CLOSE_TICKS, [1 - tick for tick in CLOSE_TICKS])
    curves(panel, table, drawn)
    operating_point(panel, metrics)
    missed, alarms = metrics["missed"], metrics["false_alarms"]
    panel.note(0.5, 0.34, f"{missed} of {metrics['malignant']} malignant masses missed", POINT)
    benign = metrics["patients"] - metrics["malignant"]
    panel.note(0.5, 0.26, f"{alarms} of {benign} benign ones flagged", POINT)
    return panel


def calibration(table: dict, metrics: dict) -> Panel:
    """Return predicted against true shares of malignant masses, a dot for each tenth."""
    panel = Panel(2, "calibration", "predicted share", "malignant share", (0, 1), (0, 1))
    panel.axes(TICKS, TICKS)
    panel.path([0, 1], [0, 1], PALE, dashed=True)
    given, true, _ = np.array(measures.binned(table["score"], table["label"])).T
    panel.path(given, true, LINE)
    for across, up in zip(given, true, strict=True):
        panel.dot(across, up, LINE)
    panel.note(0.64, 0.10, f"Brier score {metrics['brier']:.4f}", INK)
    return panel


def main(figure: str, scores: str, metrics: str, *drawn: str) -> None:
    """Draw SCORES, METRICS and all DRAWN as FIGURE."""
    table, said = measures.read_scores(scores), json.loads(Path(metrics).read_text())
    resampled = np.concatenate([np.load(path)["curves"] for path in drawn])
    panels = [
        whole(table, said, resampled),
        corner(table, said, resampled),
        calibration(table, said),
    ]
    title = f"{said['patients']} patients, each judged by a model that did not see them"
    Path(figure).write_text(drawing(title, panels))
    print(f"{len(resampled)} resamples drawn")


if __name__ == "__main__":
    main(*sys.argv[1:])
