"""Train at one learning rate: train.py TRAIN VALIDATE RATE SHAPE BATCH UPDATES SEED MODEL CURVE

SHAPE says how large the model is (gpt.py). Each of UPDATES is by Adam on BATCH windows drawn from
TRAIN; the rate rises for a twentieth of them and then falls to nothing. CURVE has the losses on the
way, in bits per character, and the final one on all of VALIDATE: what the rate is chosen by.
"""

import json
import sys
from pathlib import Path

import numpy as np

import gpt
import text
from adam import Adam

NOTES = 40  # losses that are noted on the way
BIT = np.log(2)
AT_ONCE = 64  # windows that are judged together


def schedule(rate: float, done: float) -> float:
    """Return the rate when a share of the updates is done."""
    return rate * min(done / 0.05, (1 - done) / 0.95)


def bits(weights: gpt.Arrays, rows: np.ndarray) -> float:
    """Return the mean loss on windows, (N, T + 1), in bits per character."""
    losses = []
    for at in range(0, len(rows), AT_ONCE):
        part = rows[at : at + AT_ONCE]
        loss, _ = gpt.loss(gpt.forward(weights, part[:, :-1])[0], part[:, 1:])
        losses.append(loss * len(part))
    return float(sum(losses) / len(rows) / BIT)


def fit(
    weights: gpt.Arrays, tokens: np.ndarray, validating: np.ndarray,
    rate: float, batch: int, updates: int, rng: np.random.Generator,
) -> list[dict]:  # fmt: skip
    """Change the weights, and return the losses on the way."""
    window = weights["0.far"].shape[1]
    adam, curve, recent = Adam(weights), [], []
    for done in range(updates):
        starts = rng.integers(0, len(tokens) - window, batch)
        rows = tokens[starts[:, None] + np.arange(window + 1)]
        logits, kept = gpt.forward(weights, rows[:, :-1])
        loss, slope = gpt.loss(logits, rows[:, 1:])
        adam.update(
            gpt.backward(weights, rows[:, :-1], kept, slope), schedule(rate, (done + 1) / updates)
        )
        recent.append(loss / BIT)
        if (done + 1) % max(1, updates // NOTES) == 0:
            validated = bits(weights, validating[:: max(1, len(validating) // AT_ONCE)])
            noted = {"train": float(np.mean(recent)), "validate": validated}
            curve.append({"update": done + 1} | {key: round(one, 6) for key, one in noted.items()})
            recent = []
    return curve


def main(
    train: str, validate: str, rate: str, shape: str, batch: str, updates: str, seed: str,
    model: str, out: str,
) -> None:  # fmt: skip
    """Train, and write MODEL and CURVE."""
    rng = np.random.default_rng(int(seed))
    weights = gpt.init(rng, json.loads(shape) | {"characters": len(text.CHARACTERS)})
    window = json.loads(shape)["window"]
    tokens = text.encode(Path(train).read_text())
    validating = text.windows(text.encode(Path(validate).read_text()), window + 1, window)
    curve = fit(weights, tokens, validating, float(rate), int(batch), int(updates), rng)
    report = {
        "curve": curve,
        "parameters": sum(one.size for one in weights.values()),
        "rate": float(rate),
        "validation": round(bits(weights, validating), 6),
    }
    np.savez(model, **weights)
    Path(out).write_text(json.dumps(report, indent=1, sort_keys=True) + "\n")
    print(f"rate {rate}: {report['validation']:.4f} bits per character on validation")


if __name__ == "__main__":
    main(*sys.argv[1:])
