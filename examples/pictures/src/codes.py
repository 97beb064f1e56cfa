"""Pictures as codes: each of the sixteen 2 by 2 patches is named by what is nearest in a codebook."""

import numpy as np

SIDE, PATCH = 8, 2
ACROSS = SIDE // PATCH  # patches in a row
PLACES = ACROSS * ACROSS


def patches(pixels: np.ndarray) -> np.ndarray:
    """Return the patches of pictures, row by row, (N, 64) to (N, 16, 4)."""
    apart = pixels.reshape(-1, ACROSS, PATCH, ACROSS, PATCH)
    return apart.transpose(0, 1, 3, 2, 4).reshape(-1, PLACES, PATCH * PATCH)


def pictures(pieces: np.ndarray) -> np.ndarray:
    """Return the pictures that patches are of, (…, 16, 4) to (…, 64)."""
    apart = pieces.reshape(-1, ACROSS, ACROSS, PATCH, PATCH)
    return apart.transpose(0, 1, 3, 2, 4).reshape(*pieces.shape[:-2], SIDE * SIDE)


def encode(codebook: np.ndarray, pixels: np.ndarray) -> np.ndarray:
    """Return the code of each patch, (N, 16), given what codes look like, (codes, 4)."""
    return nearest(codebook, patches(pixels))


def decode(codebook: np.ndarray, codes: np.ndarray) -> np.ndarray:
    """Return what codes look like, (…, 16) to (…, 64)."""
    return pictures(codebook[codes])


def nearest(codebook: np.ndarray, pieces: np.ndarray) -> np.ndarray:
    """Return which entry of the codebook is nearest to each piece, (..., 4) to (...)."""
    return ((pieces[..., None, :] - codebook) ** 2).sum(axis=-1).argmin(axis=-1)


def mistaken(codebook: np.ndarray, blur: float) -> np.ndarray:
    """Return how likely each code is taken for each other, (codes, codes), as they look alike within `blur`."""
    apart = ((codebook[:, None] - codebook) ** 2).sum(axis=-1)
    chances = np.exp(-apart / blur) if blur else np.eye(len(codebook))
    return chances / chances.sum(axis=1, keepdims=True)


def draw(chances: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return a place for each row of chances, (..., codes) to (...)."""
    passed = np.cumsum(chances, axis=-1) < rng.random(chances.shape[:-1])[..., None]
    return np.minimum(passed.sum(axis=-1), chances.shape[-1] - 1)  # a sum may end just below one
