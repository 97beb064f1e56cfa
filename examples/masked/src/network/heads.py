"""What is asked of the encoder: which piece was hidden, and which class a sequence is of.

Both give the loss, the mean cross-entropy in nats, and its slope for every weight.
"""

import encoder
import numpy as np


def surprise(scores: np.ndarray, truth: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the cross-entropy of each row, and the slope of their mean for the scores (n, classes)."""
    odds = np.exp(scores - scores.max(axis=1, keepdims=True))
    odds /= odds.sum(axis=1, keepdims=True)
    rows = np.arange(len(truth))
    losses = -np.log(odds[rows, truth] + np.finfo(odds.dtype).tiny)
    odds[rows, truth] -= 1
    return losses, odds / np.asarray(len(truth), odds.dtype)


def hidden_pieces(
    weights: encoder.Weights, seen: np.ndarray, places: np.ndarray
) -> tuple[np.ndarray, tuple]:
    """Score each piece for each hidden place: (b * hidden, v). The piece embeddings are used again."""
    encoded, kept = encoder.forward(weights, seen)
    rows = np.arange(len(seen))[:, None]
    at = encoded[rows, places].reshape(-1, encoded.shape[-1])
    return at @ weights["word"].T + weights["bias"], (encoded.shape, kept, rows, at)


def mask_slopes(
    weights: encoder.Weights, seen: np.ndarray, places: np.ndarray, whole: np.ndarray
) -> tuple[float, encoder.Weights]:
    """Return the loss of guessing the hidden pieces, and its slopes."""
    scores, (shape, kept, rows, at) = hidden_pieces(weights, seen, places)
    losses, slope = surprise(scores, whole[rows, places].ravel())
    back = np.zeros(shape, at.dtype)
    back[rows, places] = (slope @ weights["word"]).reshape(len(seen), -1, shape[-1])
    slopes = encoder.backward(weights, kept, back)
    slopes["word"] += slope.T @ at
    slopes["bias"] = slope.sum(axis=0)
    return float(losses.mean()), slopes


def classify(
    weights: encoder.Weights, tokens: np.ndarray, gaze: np.ndarray
) -> tuple[np.ndarray, tuple]:
    """Score each class for each sequence (b, classes), from the places that the gaze (b, t) is on."""
    encoded, kept = encoder.forward(weights, tokens)
    read = np.einsum("bt,btd->bd", gaze, encoded)
    return read @ weights["class"] + weights["class_bias"], (kept, read)


def class_slopes(
    weights: encoder.Weights, tokens: np.ndarray, gaze: np.ndarray, labels: np.ndarray
) -> tuple[float, encoder.Weights]:
    """Return the loss of naming the classes, and its slopes."""
    scores, (kept, read) = classify(weights, tokens, gaze)
    losses, slope = surprise(scores, labels)
    back = gaze[:, :, None] * (slope @ weights["class"].T)[:, None, :]
    slopes = encoder.backward(weights, kept, back)
    slopes["class"] = read.T @ slope
    slopes["class_bias"] = slope.sum(axis=0)
    return float(losses.mean()), slopes
