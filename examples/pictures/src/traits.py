"""What can be measured of a picture of a digit: how much ink it has, and to which side it leans.

Both are relative: a one has less ink than an eight, so thin and bold mean the lower and the upper
third of the pictures of the same digit that are learnt from.
"""

import numpy as np

from codes import SIDE

NAMES = ("weight", "lean")
THIRDS = (1 / 3, 2 / 3)


def measure(pixels: np.ndarray) -> np.ndarray:
    """Return ink and lean of pictures, (N, 64) to (N, 2).

    The lean is how far a stroke goes to the right for each pixel that it goes up: the covariance
    of both over the ink, divided by the variance of the height.
    """
    ink = pixels.sum(axis=1)
    share = pixels / np.maximum(ink, 1e-9)[:, None]
    down, right = np.divmod(np.arange(SIDE * SIDE), SIDE)
    up = -(down - (share @ down)[:, None])
    across = right - (share @ right)[:, None]
    lean = (share * up * across).sum(axis=1) / np.maximum((share * up * up).sum(axis=1), 1e-9)
    return np.stack([ink, lean], axis=1)


def bounds(pixels: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return where the lower third of each digit ends and the upper begins, (10, 2 traits, 2)."""
    measured = measure(pixels)
    return np.stack([np.quantile(measured[labels == one], THIRDS, axis=0).T for one in range(10)])


def third(pixels: np.ndarray, labels: np.ndarray, limits: np.ndarray) -> np.ndarray:
    """Return -1, 0 or 1 for each trait: lower, middle or upper third of that digit, (N, 2)."""
    measured, mine = measure(pixels), limits[labels]
    return (measured > mine[..., 1]).astype(np.int64) - (measured < mine[..., 0])
