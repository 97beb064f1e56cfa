"""Judge every trained model on the test images: report.py METRICS.json DATA.npz MODEL.npz...

METRICS.json says how each seed did, their mean, and how the models do when they vote.
"""

import json
import sys
from pathlib import Path

import numpy as np


def scores(model: str, pixels: np.ndarray) -> tuple[int, np.ndarray]:
    """Return a model's seed and its score for each image and class."""
    with np.load(model) as weights:
        hidden = np.maximum(pixels @ weights["first"] + weights["first_bias"], 0)
        return int(weights["seed"]), hidden @ weights["second"] + weights["second_bias"]


def accuracy(given: np.ndarray, labels: np.ndarray) -> float:
    """Return the share of images whose highest score is that of their label."""
    return round(float((given.argmax(axis=1) == labels).mean()), 6)


def main(metrics: str, data: str, *models: str) -> None:
    """Test every model on DATA and write METRICS."""
    with np.load(data) as arrays:
        pixels, labels = arrays["test_pixels"], arrays["test_labels"]
    judged = [scores(model, pixels) for model in models]
    by_seed = {str(seed): accuracy(given, labels) for seed, given in judged}
    report = {
        "test_images": len(labels),
        "accuracy_by_seed": by_seed,
        "mean_accuracy": round(sum(by_seed.values()) / len(by_seed), 6),
        "vote_accuracy": accuracy(sum(given for _, given in judged), labels),
    }
    text = json.dumps(report, indent=2, sort_keys=True)
    Path(metrics).write_text(text + "\n")
    print(text)


if __name__ == "__main__":
    main(*sys.argv[1:])
