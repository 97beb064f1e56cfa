"""Clean the raw table, note each decision: prepare.py RAW GROUPS LOGARITHM TABLE.npz DECISIONS.json

RAW is scikit-learn's file: a line with its size, then a patient a line, 30 measurements and 0 for a
malignant mass or 1 for a benign one. GROUPS is a JSON list of those measurements to keep, out of
mean, error and worst; LOGARITHM is true or false. TABLE holds measurements (patients, kept), labels
(patients), 1 for malignant, and names (kept). DECISIONS says what was done, in order, to how many.
"""

import json
import sys
from pathlib import Path

import numpy as np

NUCLEI = (
    "radius",
    "texture",
    "perimeter",
    "area",
    "smoothness",
    "compactness",
    "concavity",
    "concave_points",
    "symmetry",
    "fractal_dimension",
)
GROUPS = ("mean", "error", "worst")  # in the order of RAW's columns, ten of each


def clean(table: np.ndarray) -> tuple[np.ndarray, dict[str, int]]:
    """Return the rows that can be used, (patients, 31), and how many of the others there were.

    A patient who is there twice could be learnt from and judged on: only the first row stays.
    """
    whole = table[np.isfinite(table).all(axis=1)]
    possible = whole[(whole[:, :-1] >= 0).all(axis=1)]
    first = np.sort(np.unique(possible, axis=0, return_index=True)[1])
    dropped = {
        "incomplete": len(table) - len(whole),
        "negative": len(whole) - len(possible),
        "twice": len(possible) - len(first),
    }
    return possible[first], dropped


def choose(measured: np.ndarray, groups: list[str]) -> tuple[np.ndarray, list[str]]:
    """Return the columns of those groups, (patients, 10 a group), and their names."""
    names = [f"{group}_{nucleus}" for group in GROUPS for nucleus in NUCLEI]
    kept = [at for at, name in enumerate(names) if name.partition("_")[0] in groups]
    return measured[:, kept], [names[at] for at in kept]


def main(raw: str, groups: str, logarithm: str, table: str, decisions: str) -> None:
    """Read RAW, do what the arguments say and write TABLE and DECISIONS."""
    rows, dropped = clean(np.loadtxt(raw, delimiter=",", skiprows=1))
    measured, names = choose(rows[:, :-1], json.loads(groups))
    labels = (rows[:, -1] == 0).astype(np.int64)
    if json.loads(logarithm):
        measured = np.log1p(measured)
    np.savez(table, measurements=measured, labels=labels, names=np.array(names))
    noted = {
        "1 rows dropped": dropped,
        "2 positive class": "malignant",
        "3 patients": {"malignant": int(labels.sum()), "benign": int((1 - labels).sum())},
        "4 measurements kept": names,
        "5 transformed by": "log(1 + x)" if json.loads(logarithm) else "nothing",
    }
    text = json.dumps(noted, indent=2)
    Path(decisions).write_text(text + "\n")
    print(text)


if __name__ == "__main__":
    main(*sys.argv[1:])
