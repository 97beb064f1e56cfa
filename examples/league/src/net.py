"""A small network from what a player sees to its next bid and the result it expects.

One hidden layer. float64 throughout: it costs little at this size.
"""

import numpy as np

from game import CARDS, FEATURES

HIDDEN = 48
NEVER = -1e9  # the score of a card that is not in the hand

NAMES = ("hidden", "hidden_bias", "policy", "policy_bias", "value", "value_bias")
Weights = dict[str, np.ndarray]


def initial(rng: np.random.Generator) -> Weights:
    """Draw the weights of a network that bids nearly at random."""
    return {
        "hidden": rng.standard_normal((FEATURES, HIDDEN)) / np.sqrt(FEATURES / 2),
        "hidden_bias": np.zeros(HIDDEN),
        "policy": 0.01 * rng.standard_normal((HIDDEN, CARDS)),
        "policy_bias": np.zeros(CARDS),
        "value": 0.01 * rng.standard_normal((HIDDEN, 1)),
        "value_bias": np.zeros(1),
    }


def forward(
    weights: Weights, seen: np.ndarray, legal: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return hidden units, chances of the cards [n, CARDS], and expected results [n] of states."""
    hidden = np.tanh(seen @ weights["hidden"] + weights["hidden_bias"])
    scores = np.where(legal, hidden @ weights["policy"] + weights["policy_bias"], NEVER)
    odds = np.exp(scores - scores.max(axis=1, keepdims=True))
    value = (hidden @ weights["value"] + weights["value_bias"])[:, 0]
    return hidden, odds / odds.sum(axis=1, keepdims=True), value


def backward(
    weights: Weights, seen: np.ndarray, hidden: np.ndarray, d_scores: np.ndarray, d_value: np.ndarray
) -> Weights:
    """Return the slope of a loss for each weight, given its slopes for scores and values."""
    d_hidden = d_scores @ weights["policy"].T + d_value[:, None] @ weights["value"].T
    d_hidden *= 1 - hidden**2
    return {
        "hidden": seen.T @ d_hidden,
        "hidden_bias": d_hidden.sum(axis=0),
        "policy": hidden.T @ d_scores,
        "policy_bias": d_scores.sum(axis=0),
        "value": hidden.T @ d_value[:, None],
        "value_bias": d_value.sum(keepdims=True),
    }
