"""Pre-train: pretrain.py SEED STEPS MODEL.npz CURVE.json TEST.npz SHARD.npz...

In each step a batch of masked sequences of all SHARDs is guessed. CURVE holds the loss on training
batches and on a part of TEST, as training goes on; the weights never learn from TEST.
"""

import json
import sys
from pathlib import Path

import adam
import encoder
import heads
import numpy as np

BATCH = 32
PEAK = 4e-3
POINTS = 25  # of the curve
GLANCE = 128  # test sequences that each point of the curve looks at


def load(paths: tuple[str, ...]) -> tuple[np.ndarray, np.ndarray, np.ndarray, int]:
    """Return the sequences of all shards, what is seen of them, the hidden places, and the pieces."""
    shards = [np.load(path) for path in paths]
    seen, places, whole = (
        np.concatenate([shard[name] for shard in shards]) for name in ("seen", "places", "whole")
    )
    return seen, places, whole, int(shards[0]["pieces"])


def glance(weights: encoder.Weights, test: tuple) -> float:
    """Return the mean loss on the first test sequences."""
    seen, places, whole = (array[:GLANCE] for array in test[:3])
    scores, (_, _, rows, _) = heads.hidden_pieces(weights, seen, places)
    return float(heads.surprise(scores, whole[rows, places].ravel())[0].mean())


def main(seed: str, steps: str, model: str, curve: str, test: str, *shards: str) -> None:
    """Train for STEPS and write MODEL and CURVE."""
    seen, places, whole, pieces = load(shards)
    held = load((test,))
    rng = np.random.default_rng(int(seed))
    weights = encoder.initial(rng, pieces, seen.shape[1])
    optimiser = adam.Adam(weights, PEAK, int(steps))
    every = max(1, int(steps) // POINTS)
    points, losses = [[0, None, round(glance(weights, held), 6)]], []
    order = np.empty(0, np.int64)
    for step in range(1, int(steps) + 1):
        if len(order) < BATCH:
            order = rng.permutation(len(seen))
        batch, order = order[:BATCH], order[BATCH:]
        loss, slopes = heads.mask_slopes(weights, seen[batch], places[batch], whole[batch])
        optimiser.move(weights, slopes)
        losses.append(loss)
        if step % every == 0:
            points.append([step, round(float(np.mean(losses)), 6), round(glance(weights, held), 6)])
            losses = []
            print(f"step {step}: training {points[-1][1]}, test {points[-1][2]}", flush=True)
    np.savez(model, **weights)
    Path(curve).write_text(json.dumps(points) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
