"""A small network with two heads: which move to look at first, and who is going to win.

    84 inputs → 12 windows of 4 × 4 cells, each seen by the same 64 filters → 128 hidden units
              → 7 scores, one a column (policy) and one number from -1 to 1 (value)

A window of 4 × 4 is the smallest that sees a line of four in any direction. Weights are a dict of
float32 arrays, gradients are worked out by hand.
"""

import numpy as np

import game

FILTERS = 64
HIDDEN = 128
SIDE = 4  # of a window
NO_MOVE = np.float32(-1e9)  # the score of a full column

CORNERS = [
    (row, column)
    for row in range(game.ROWS - SIDE + 1)
    for column in range(game.COLUMNS - SIDE + 1)
]
# which of the 84 inputs each window sees: [windows, 2 * 16]
WINDOWS = np.array(
    [
        [
            plane * game.ROWS * game.COLUMNS + (top + row) * game.COLUMNS + left + column
            for plane in range(2)
            for row in range(SIDE)
            for column in range(SIDE)
        ]
        for top, left in CORNERS
    ]
)
SHAPES = {
    "filters": (2 * SIDE * SIDE, FILTERS),
    "hidden": (len(CORNERS) * FILTERS, HIDDEN),
    "policy": (HIDDEN, game.COLUMNS),
    "value": (HIDDEN, 1),
}

Weights = dict[str, np.ndarray]


def initial(rng: np.random.Generator) -> Weights:
    """Draw the first weights, scaled to the number of inputs of each layer; biases are zero."""
    weights = {}
    for name, shape in SHAPES.items():
        scale = 0.1 if name in ("policy", "value") else 1.0  # at first: no opinion of any move
        drawn = rng.standard_normal(shape) * np.sqrt(2 / shape[0]) * scale
        weights[name] = drawn.astype(np.float32)
        weights[name + "_bias"] = np.zeros(shape[1], np.float32)
    return weights


def forward(weights: Weights, planes: np.ndarray) -> tuple[np.ndarray, ...]:
    """Return what each layer makes of PLANES [n, 84]: windows, flat, hidden, scores, value."""
    windows = planes[:, WINDOWS].reshape(-1, len(WINDOWS[0]))  # a row for each of 12 n windows
    filtered = np.maximum(windows @ weights["filters"] + weights["filters_bias"], 0)
    flat = filtered.reshape(len(planes), -1)
    hidden = np.maximum(flat @ weights["hidden"] + weights["hidden_bias"], 0)
    scores = hidden @ weights["policy"] + weights["policy_bias"]
    value = np.tanh(hidden @ weights["value"] + weights["value_bias"])[:, 0]
    return windows, flat, hidden, scores, value


def softmax(scores: np.ndarray) -> np.ndarray:
    """Return SCORES [n, k] as probabilities."""
    odds = np.exp(scores - scores.max(axis=1, keepdims=True))
    return odds / odds.sum(axis=1, keepdims=True)


def judge(weights: Weights, own: np.ndarray, other: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the chance of each legal move, [n, 7], and the value of each position, [n]."""
    *_, scores, value = forward(weights, game.planes(own, other))
    return softmax(np.where(game.legal(own, other), scores, NO_MOVE)), value


def gradients(
    weights: Weights, planes: np.ndarray, policy: np.ndarray, result: np.ndarray
) -> tuple[float, float, Weights]:
    """Return both mean losses over a batch and the slope of their sum for each weight.

    POLICY [n, 7] is how often the search took each move: the loss is the cross-entropy. RESULT [n]
    is how the game ended for who was on move: the loss is the squared error.
    """
    windows, flat, hidden, scores, value = forward(weights, planes)
    count = len(planes)
    chance = softmax(scores)
    policy_loss = -(policy * np.log(chance + 1e-12)).sum() / count
    value_loss = ((value - result) ** 2).sum() / count

    d_scores = (chance - policy) / count
    d_value = (2 * (value - result) * (1 - value**2) / count)[:, None]
    d_hidden = (d_scores @ weights["policy"].T + d_value @ weights["value"].T) * (hidden > 0)
    d_flat = (d_hidden @ weights["hidden"].T) * (flat > 0)
    d_filtered = d_flat.reshape(-1, FILTERS)
    slopes = {
        "filters": windows.T @ d_filtered,
        "filters_bias": d_filtered.sum(axis=0),
        "hidden": flat.T @ d_hidden,
        "hidden_bias": d_hidden.sum(axis=0),
        "policy": hidden.T @ d_scores,
        "policy_bias": d_scores.sum(axis=0),
        "value": hidden.T @ d_value,
        "value_bias": d_value.sum(axis=0),
    }
    return float(policy_loss), float(value_loss), slopes


def load(path: str) -> Weights:
    """Read the weights in PATH."""
    with np.load(path) as arrays:
        return {name: arrays[name] for name in arrays.files}


def save(path: str, weights: Weights) -> None:
    """Write WEIGHTS to PATH, in an order that does not depend on how they were made."""
    with open(path, "wb") as file:
        np.savez(file, **{name: weights[name] for name in sorted(weights)})
