"""Fine-tune on a task: probe.py NAME START SEED EPOCHS MODEL.npz SCORE.json TASK.npz...

START is pretrained, and the weights begin as in MODEL, or random, and they begin as SEED draws them;
those of the classes are new in both. All of them learn. Of the TASKs the one called NAME is learnt.
SCORE says how many of its test passages were named rightly, and how many would be by always naming the
class that is commonest in training.
"""

import json
import sys
from pathlib import Path

import adam
import encoder
import heads
import numpy as np

BATCH = 16
PEAK = 2e-3
AT_ONCE = 64  # test passages


def begin(start: str, rng: np.random.Generator, model: str, classes: int) -> encoder.Weights:
    """Return the first weights."""
    with np.load(model) as stored:
        learnt = {name: stored[name] for name in stored.files}
    drawn = encoder.initial(rng, len(learnt["word"]), len(learnt["place"]))
    weights = learnt if start == "pretrained" else drawn
    weights["class"] = np.zeros((encoder.WIDTH, classes), np.float32)
    weights["class_bias"] = np.zeros(classes, np.float32)
    return weights


def tune(weights: encoder.Weights, rng: np.random.Generator, data: dict, epochs: int) -> None:
    """Learn the training passages, in place."""
    tokens, gaze, labels = (data[f"train_{name}"] for name in ("tokens", "gaze", "labels"))
    starts = range(0, len(tokens) - BATCH + 1, BATCH)
    optimiser = adam.Adam(weights, PEAK, epochs * len(starts))
    for epoch in range(epochs):
        order = rng.permutation(len(tokens))
        losses = []
        for at in starts:
            batch = order[at : at + BATCH]
            loss, slopes = heads.class_slopes(weights, tokens[batch], gaze[batch], labels[batch])
            optimiser.move(weights, slopes)
            losses.append(loss)
        print(f"epoch {epoch + 1}: loss {np.mean(losses):.4f}", flush=True)


def accuracy(weights: encoder.Weights, data: dict) -> float:
    """Return the share of test passages whose highest score is that of their class."""
    tokens, gaze, labels = (data[f"test_{name}"] for name in ("tokens", "gaze", "labels"))
    right = 0
    for at in range(0, len(tokens), AT_ONCE):
        some = slice(at, at + AT_ONCE)
        scores, _ = heads.classify(weights, tokens[some], gaze[some])
        right += int((scores.argmax(axis=1) == labels[some]).sum())
    return right / len(labels)


def read(name: str, tasks: tuple[str, ...]) -> dict[str, np.ndarray]:
    """Return the arrays of the task of this name."""
    for path in tasks:
        with np.load(path) as stored:
            if str(stored["name"]) == name:
                return {key: stored[key] for key in stored.files}
    raise SystemExit(f"no task is called {name}")


def main(
    name: str, start: str, seed: str, epochs: str, model: str, score: str, *tasks: str
) -> None:
    """Fine-tune on one of TASKs and write SCORE."""
    data = read(name, tasks)
    rng = np.random.default_rng(int(seed))
    weights = begin(start, rng, model, int(data["classes"]))
    tune(weights, rng, data, int(epochs))
    commonest = np.bincount(data["train_labels"]).argmax()
    report = {
        "task": name,
        "start": start,
        "seed": int(seed),
        "accuracy": round(accuracy(weights, data), 6),
        "commonest": round(float((data["test_labels"] == commonest).mean()), 6),
        "tests": len(data["test_labels"]),
    }
    Path(score).write_text(json.dumps(report, sort_keys=True) + "\n")
    print(report)


if __name__ == "__main__":
    main(*sys.argv[1:])
