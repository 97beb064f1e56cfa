"""Cross-validate one model: judge.py MODEL FOLDS WINES.csv SCORES.json."""

import json
import sys
from pathlib import Path

import pandas as pd
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_val_score
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

MODELS = {
    "logistic": LogisticRegression(max_iter=1000),
    "forest": RandomForestClassifier(n_estimators=50, random_state=0),
    "neighbours": KNeighborsClassifier(),
}


def main(model: str, folds: str, wines: str, scores: str) -> None:
    """Write the accuracy in each fold."""
    table = pd.read_csv(wines)
    splits = StratifiedKFold(int(folds), shuffle=True, random_state=0)
    judged = make_pipeline(StandardScaler(), MODELS[model])
    found = cross_val_score(judged, table.drop(columns="grower"), table["grower"], cv=splits)
    text = json.dumps({"model": model, "accuracy": [round(float(x), 6) for x in found]})
    Path(scores).write_text(text + "\n")


main(*sys.argv[1:])
