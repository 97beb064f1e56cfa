"""Train one member of the ensemble: train.py CROPS MEMBER WIDTH EPOCHS MODEL

Adam, with a rate that rises for a twentieth of the way and then falls to nothing.
"""

import sys

import net
import numpy as np
import pairs

BATCH = 4
RATE = 4e-3
KEEP, KEEP_SQUARE, SMALL = 0.9, 0.99, 1e-8  # of Adam
NEAR = 2  # neighbours are not asked: everybody knows how far apart those are


def batch(crops: dict, chosen: np.ndarray) -> tuple[np.ndarray, ...]:
    """Return what is shown and asked of some squares."""
    shown = np.stack(
        [pairs.shown(*(crops[key][at] for key in ("pair", "rows", "columns", "apart"))) for at in chosen]
    )  # fmt: skip
    bins, contacts = crops["bins"][chosen], crops["contacts"][chosen]
    asked = (bins != pairs.LEFT_OUT) & (np.abs(crops["apart"][chosen]) >= NEAR)
    return shown, bins, contacts, asked


def rate(done: float) -> float:
    """Return the rate when a share of the way is done."""
    return RATE * min(1, done / 0.05) * (1 + np.cos(np.pi * done)) / 2


def main(crops: str, member: str, width: str, epochs: str, model: str) -> None:
    """Train on all CROPS, EPOCHS times, from MEMBER's own beginning, and write MODEL."""
    squares = dict(np.load(crops))
    rng = np.random.default_rng(int(member))
    channels = batch(squares, np.arange(1))[0].shape[-1]
    weights = net.begin(channels, int(width), pairs.BINS + 1, rng)
    moments = {
        name: (np.zeros_like(value), np.zeros_like(value)) for name, value in weights.items()
    }
    count = len(squares["bins"]) // BATCH
    step, steps = 0, count * int(epochs)
    for epoch in range(int(epochs)):
        order, total = rng.permutation(len(squares["bins"])), 0.0
        for chosen in order[: count * BATCH].reshape(count, BATCH):
            step += 1
            shown, *asked = batch(squares, chosen)
            scores, kept = net.forward(weights, shown)
            value, slope = net.loss(scores, *asked)
            total += value / count
            for name, gradient in net.backward(weights, kept, slope).items():
                mean, square = moments[name]
                mean += (1 - KEEP) * (gradient - mean)
                square += (1 - KEEP_SQUARE) * (gradient**2 - square)
                unbiased = np.sqrt(square / (1 - KEEP_SQUARE**step)) + SMALL
                move = np.float32(rate(step / steps) / (1 - KEEP**step)) * mean / unbiased
                weights[name] -= move.astype(np.float32)
        print(f"epoch {epoch + 1}: {total:.4f}", flush=True)
    np.savez(model, **weights)


if __name__ == "__main__":
    main(*sys.argv[1:])
