"""What the model is shown of a pair of residues, and what it is asked of it.

Shown: mutual information, how far apart in the chain, and what is known of either residue.
Asked: in which bin the distance of the alpha carbons is, and whether the beta carbons touch.
"""

import numpy as np

EDGES = np.array([5, 6, 7, 8, 9, 10, 11, 12, 13, 14.5, 16, 18, 20])  # Å, between the bins
CENTRES = np.concatenate([[4.2], (EDGES[1:] + EDGES[:-1]) / 2, [24.0]])
BINS = len(CENTRES)
STEPS = np.array([1, 2, 3, 4, 5, 6, 9, 14, 22, 36])  # how far apart: at least so many
LEFT_OUT = 255  # instead of a bin: not asked


def shown(pair: np.ndarray, rows: np.ndarray, columns: np.ndarray, apart: np.ndarray) -> np.ndarray:
    """Return the features of a rectangle of pairs, (height, width, channels), for (height, width)."""
    height, width = pair.shape
    steps = np.abs(apart)[..., None] >= STEPS
    down = np.broadcast_to(rows[:, None], (height, width, rows.shape[1]))
    along = np.broadcast_to(columns[None], (height, width, columns.shape[1]))
    lifted = np.stack([pair, np.maximum(pair - 1, 0)], axis=2)
    return np.concatenate([lifted, steps, down, along, np.ones((height, width, 1))], axis=2).astype(
        np.float32
    )


def bins(distances: np.ndarray) -> np.ndarray:
    """Return the bin of each distance."""
    return np.searchsorted(EDGES, distances).astype(np.uint8)
