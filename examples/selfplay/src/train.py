"""Train a candidate on the replay: train.py CHAMPION.npz REPLAY.npz SEED GENERATION EPOCHS CANDIDATE.npz LOSSES.json

Training goes on from the champion's weights. Each position is seen as it was or in the mirror, by
chance: left and right are alike in this game.
"""

import json
import sys
from pathlib import Path

import numpy as np

import game
import net

BATCH = 128
RATE = 1e-3
LAST_RATE = 1e-4  # the rate falls to this in even steps
DECAY = 0.01  # share of a weight lost for each unit of rate: apart from the slopes, as in AdamW
SLOPE_MEMORY, SQUARE_MEMORY, TINY = 0.9, 0.999, 1e-8  # Adam


def mirror(planes: np.ndarray, policy: np.ndarray, flip: np.ndarray) -> tuple:
    """Return PLANES [n, 84] and POLICY [n, 7] with left and right exchanged where FLIP [n] says so."""
    boards = planes.reshape(-1, 2, game.ROWS, game.COLUMNS)
    boards = np.where(flip[:, None, None, None], boards[..., ::-1], boards)
    return boards.reshape(planes.shape), np.where(flip[:, None], policy[:, ::-1], policy)


class Adam:
    """Steps along the mean of past slopes, divided by their usual size."""

    def __init__(self, weights: net.Weights):
        """Start with no past."""
        self.weights, self.count = weights, 0
        self.slope = {name: np.zeros_like(weight) for name, weight in weights.items()}
        self.square = {name: np.zeros_like(weight) for name, weight in weights.items()}

    def step(self, slopes: net.Weights, rate: float) -> None:
        """Move all weights once."""
        self.count += 1
        scale = np.float32(np.sqrt(1 - SQUARE_MEMORY**self.count) / (1 - SLOPE_MEMORY**self.count))
        for name, slope in slopes.items():
            self.slope[name] += (1 - SLOPE_MEMORY) * (slope - self.slope[name])
            self.square[name] += (1 - SQUARE_MEMORY) * (slope**2 - self.square[name])
            pace = self.slope[name] / (np.sqrt(self.square[name]) + TINY)
            self.weights[name] -= np.float32(rate) * (scale * pace + DECAY * self.weights[name])


def main(champion: str, replay: str, seed: str, generation: str, epochs: str, *out: str) -> None:
    """Train and write the candidate and its losses."""
    with np.load(replay) as arrays:
        planes = game.planes(arrays["own"], arrays["other"])
        policy, result = arrays["policy"], arrays["result"]
    rng = np.random.default_rng([int(seed), int(generation)])
    weights = net.load(champion)
    adam = Adam(weights)
    rates = np.linspace(RATE, LAST_RATE, int(epochs))
    for rate in rates:
        order = rng.permutation(len(planes))
        losses = []
        for at in range(0, len(order), BATCH):
            batch = order[at : at + BATCH]
            seen, aim = mirror(planes[batch], policy[batch], rng.random(len(batch)) < 0.5)
            *both, slopes = net.gradients(weights, seen, aim, result[batch])
            adam.step(slopes, rate)
            losses.append(both)
        policy_loss, value_loss = np.mean(losses, axis=0)
    net.save(out[0], weights)
    found = {"policy": round(policy_loss, 6), "value": round(value_loss, 6)}
    Path(out[1]).write_text(json.dumps(found, sort_keys=True) + "\n")
    print(f"{len(planes)} positions: policy loss {policy_loss:.3f}, value loss {value_loss:.3f}")


if __name__ == "__main__":
    main(*sys.argv[1:])
