"""Learn to write programs from comments: train.py TRAIN WIDTH BATCH UPDATES RATE SEED MODEL CURVE

One pair in PROBE of TRAIN is not learnt: CURVE has its surprise on the way, in nats a token.
"""

import json
import sys
from pathlib import Path

import numpy as np

import tokens
import writer
from adam import Adam

PROBE = 50
NOTES = 20  # points of the curve
WARM = 0.05  # of the updates until the rate is whole; then it falls to zero


def schedule(rate: float, done: float) -> float:
    """Return the rate when a share of the updates is done."""
    return rate * min(done / WARM, (1 - done) / (1 - WARM))


def surprise(weights: writer.Arrays, words: np.ndarray, programs: np.ndarray) -> float:
    """Return the mean surprise of programs, in nats a token."""
    logits, _ = writer.forward(weights, words, programs[:, :-1])
    return writer.loss(logits, programs[:, 1:])[0]


def cut(rows: np.ndarray) -> np.ndarray:
    """Return rows without the columns that no row has anything in."""
    return rows[:, : int((rows != tokens.NOTHING).sum(axis=1).max())]


def fit(
    weights: writer.Arrays, words: np.ndarray, programs: np.ndarray, batch: int, updates: int,
    rate: float, rng: np.random.Generator,
) -> list[dict[str, float]]:  # fmt: skip
    """Change `weights` by `updates`; return what was noted on the way."""
    adam, curve = Adam(weights), []
    probe = np.arange(len(words)) % PROBE == 0
    learnt = np.flatnonzero(~probe)
    for done in range(updates):
        rows = rng.choice(learnt, batch, replace=False)
        read, written = cut(words[rows]), cut(programs[rows])
        logits, kept = writer.forward(weights, read, written[:, :-1])
        mean, slope = writer.loss(logits, written[:, 1:])
        gradient = writer.backward(weights, written[:, :-1], kept, slope)
        adam.update(gradient, schedule(rate, (done + 1) / updates))
        if (done + 1) % max(1, updates // NOTES) == 0:
            noted = {"learnt": mean, "probe": surprise(weights, words[probe], programs[probe])}
            curve.append({"update": done + 1} | {key: round(one, 6) for key, one in noted.items()})
    return curve


def main(
    train: str, width: str, batch: str, updates: str, rate: str, seed: str, model: str, out: str
) -> None:
    """Train, and write MODEL and CURVE."""
    pairs = json.loads(Path(train).read_text())
    words = tokens.read([pair["comment"] for pair in pairs])
    programs = tokens.write([pair["lines"] for pair in pairs])
    rng = np.random.default_rng(int(seed))
    weights = writer.init(rng, int(width))
    curve = fit(weights, words, programs, int(batch), int(updates), float(rate), rng)
    np.savez(model, **weights)
    parameters = sum(one.size for one in weights.values())
    report = {"curve": curve, "parameters": parameters}
    Path(out).write_text(json.dumps(report, indent=1, sort_keys=True) + "\n")
    print(f"{parameters} parameters, {curve[-1]['probe']:.4f} nats a token")


if __name__ == "__main__":
    main(*sys.argv[1:])
