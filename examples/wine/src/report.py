"""Compare the models, and draw them: report.py WINES.csv FIGURE.png REPORT.json SCORES.json..."""

import json
import sys
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pandas as pd
from scipy import stats

mpl.use("Agg")
from matplotlib import pyplot as plt  # noqa: E402 - after the choice of Agg


def separation(table: pd.DataFrame) -> pd.Series:
    """Return how much the growers differ in each measurement: F of an analysis of variance."""
    groups = [group.drop(columns="grower") for _, group in table.groupby("grower")]
    return pd.Series(stats.f_oneway(*groups).statistic, index=groups[0].columns)


def main(wines: str, figure: str, report: str, *scores: str) -> None:
    """Write both."""
    judged = {each["model"]: each["accuracy"] for each in map(read, scores)}
    apart = separation(pd.read_csv(wines)).sort_values(ascending=False)
    found = {
        "mean_accuracy": {name: round(float(np.mean(each)), 6) for name, each in judged.items()},
        "most_telling": {name: round(float(value), 3) for name, value in apart.head(3).items()},
    }
    text = json.dumps(found, indent=2)
    Path(report).write_text(text + "\n")
    print(text)
    left, right = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")[1]
    left.boxplot(list(judged.values()), tick_labels=list(judged))
    left.set_ylabel("accuracy in a fold")
    right.barh(apart.index[::-1], apart[::-1])
    right.set_xlabel("F")
    plt.savefig(figure, dpi=100)


def read(path: str) -> dict:
    """Return what judge.py wrote."""
    return json.loads(Path(path).read_text())


main(*sys.argv[1:])
