"""Train a network with one hidden layer: train.py DATA.npz SEED EPOCHS MODEL.npz

SEED decides the first weights and the order of the batches, and nothing else does: the same
command gives the same bytes.
"""

import sys

import numpy as np

HIDDEN = 96
CLASSES = 10
BATCH = 32
RATE = 0.1
MOMENTUM = 0.9
DECAY = 1e-4  # weight decay: without it the training images are learnt by heart


def initial(rng: np.random.Generator, inputs: int) -> list[np.ndarray]:
    """Draw the first weights, scaled to the number of inputs of each layer."""
    return [
        rng.standard_normal((inputs, HIDDEN)) * np.sqrt(2 / inputs),
        np.zeros(HIDDEN),
        rng.standard_normal((HIDDEN, CLASSES)) * np.sqrt(2 / HIDDEN),
        np.zeros(CLASSES),
    ]


def gradients(
    weights: list[np.ndarray], pixels: np.ndarray, labels: np.ndarray
) -> tuple[float, list[np.ndarray]]:
    """Return the mean cross-entropy over a batch and its slope for each weight."""
    first, first_bias, second, second_bias = weights
    hidden = np.maximum(pixels @ first + first_bias, 0)
    scores = hidden @ second + second_bias
    scores -= scores.max(axis=1, keepdims=True)
    odds = np.exp(scores)
    odds /= odds.sum(axis=1, keepdims=True)
    rows = np.arange(len(labels))
    loss = -np.log(odds[rows, labels]).mean()
    odds[rows, labels] -= 1
    odds /= len(labels)
    back = (odds @ second.T) * (hidden > 0)
    return loss, [
        pixels.T @ back + DECAY * first,
        back.sum(axis=0),
        hidden.T @ odds + DECAY * second,
        odds.sum(axis=0),
    ]


def main(data: str, seed: str, epochs: str, model: str) -> None:
    """Train on DATA for EPOCHS and write MODEL."""
    with np.load(data) as arrays:
        pixels, labels = arrays["train_pixels"], arrays["train_labels"]
    rng = np.random.default_rng(int(seed))
    weights = initial(rng, pixels.shape[1])
    speed = [np.zeros_like(weight) for weight in weights]
    for epoch in range(int(epochs)):
        order = rng.permutation(len(pixels))
        losses = []
        for start in range(0, len(order), BATCH):
            batch = order[start : start + BATCH]
            loss, slopes = gradients(weights, pixels[batch], labels[batch])
            losses.append(loss)
            for weight, pace, slope in zip(weights, speed, slopes, strict=True):
                pace *= MOMENTUM
                pace -= RATE * slope
                weight += pace
        if (epoch + 1) % 10 == 0:
            print(f"epoch {epoch + 1}: loss {np.mean(losses):.4f}", flush=True)
    first, first_bias, second, second_bias = weights
    np.savez(
        model,
        seed=int(seed),
        first=first,
        first_bias=first_bias,
        second=second,
        second_bias=second_bias,
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
