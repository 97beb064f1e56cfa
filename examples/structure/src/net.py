"""A residual network over pairs of residues, and its gradients by hand.

(batch, height, width, channels) all through. Each block adds to what it is given a convolution of
three by three, whose nine taps lie `dilation` apart, and a mixing of channels. The last layer gives a
score for each bin of the distance, and one more for contact.
"""

import numpy as np

DILATIONS = (1, 2, 4, 1)
TAPS = [(down, along) for down in (-1, 0, 1) for along in (-1, 0, 1)]


def begin(channels: int, width: int, answers: int, rng: np.random.Generator) -> dict:
    """Return the weights of a network that knows nothing: each block at first changes nothing."""
    weights = {"first": rng.standard_normal((channels, width)) / np.sqrt(channels)}
    for block in range(len(DILATIONS)):
        weights[f"taps{block}"] = rng.standard_normal((9, width, width)) / np.sqrt(4.5 * width)
        weights[f"bias{block}"] = np.zeros(width)
        weights[f"mix{block}"] = 0.1 * rng.standard_normal((width, width)) / np.sqrt(width)
    weights["last"] = rng.standard_normal((width, answers)) / np.sqrt(width)
    weights["base"] = np.zeros(answers)
    return {name: value.astype(np.float32) for name, value in weights.items()}


def windows(given: np.ndarray, dilation: int) -> np.ndarray:
    """Return beside each pair what its nine taps see, zeros outside, (…, 9 * channels)."""
    height, width = given.shape[1:3]
    edge = ((0, 0), (dilation, dilation), (dilation, dilation), (0, 0))
    wide = np.pad(given, edge)
    seen = [
        wide[:, (1 + down) * dilation :][:, :height, (1 + along) * dilation :][:, :, :width]
        for down, along in TAPS
    ]
    return np.concatenate(seen, axis=3)


def forward(weights: dict, given: np.ndarray) -> tuple[np.ndarray, list]:
    """Return the scores of each pair and what `backward` needs."""
    stream = given @ weights["first"]
    kept = []
    for block, dilation in enumerate(DILATIONS):
        active = np.maximum(stream, 0)
        seen = windows(active, dilation)
        taps = weights[f"taps{block}"]
        inner = np.maximum(seen @ taps.reshape(-1, taps.shape[2]) + weights[f"bias{block}"], 0)
        kept.append((stream, seen, inner))
        stream = stream + inner @ weights[f"mix{block}"]
    kept.append((given, np.maximum(stream, 0)))
    return kept[-1][1] @ weights["last"] + weights["base"], kept


def outer(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Return the slope of a matrix between what went in and the slope of what came out."""
    return left.reshape(-1, left.shape[-1]).T @ right.reshape(-1, right.shape[-1])


def backward(weights: dict, kept: list, slope: np.ndarray) -> dict:
    """Return the slope of the loss in each weight, from its slope in each score."""
    given, last = kept[-1]
    slopes = {"last": outer(last, slope), "base": slope.sum(axis=(0, 1, 2))}
    stream = (slope @ weights["last"].T) * (last > 0)
    for block in reversed(range(len(DILATIONS))):
        before, seen, inner = kept[block]
        taps = weights[f"taps{block}"]
        slopes[f"mix{block}"] = outer(inner, stream)
        inside = (stream @ weights[f"mix{block}"].T) * (inner > 0)
        slopes[f"taps{block}"] = outer(seen, inside).reshape(taps.shape)
        slopes[f"bias{block}"] = inside.sum(axis=(0, 1, 2))
        # A pair was seen through each tap by the pair on the tap's other side.
        turned = taps[::-1].transpose(0, 2, 1).reshape(-1, taps.shape[1])
        back = windows(inside, DILATIONS[block]) @ turned
        stream = stream + back * (before > 0)
    slopes["first"] = outer(given, stream)
    return slopes


def chances(scores: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the chance of each bin, and of contact."""
    odds = np.exp(scores[..., :-1] - scores[..., :-1].max(axis=-1, keepdims=True))
    return odds / odds.sum(axis=-1, keepdims=True), 1 / (1 + np.exp(-scores[..., -1]))


def loss(
    scores: np.ndarray, bins: np.ndarray, contacts: np.ndarray, asked: np.ndarray
) -> tuple[float, np.ndarray]:
    """Return the mean surprise at bins and contacts over the pairs asked, and its slope."""
    distance, contact = chances(scores)
    right = np.eye(distance.shape[-1], dtype=scores.dtype)[np.where(asked, bins, 0)]
    share = (asked / asked.sum()).astype(scores.dtype)
    surprise = -np.log((distance * right).sum(axis=-1) + 1e-9)
    surprise -= np.log(np.where(contacts, contact, 1 - contact) + 1e-9)
    slope = np.concatenate([distance - right, (contact - contacts)[..., None]], axis=-1)
    return float((surprise * share).sum()), (slope * share[..., None]).astype(scores.dtype)
