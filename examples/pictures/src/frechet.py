"""How far two sets of pictures are apart, as sets: the Fréchet distance in the space of principal components.

Papers take the activations of a large network for a space; here the pictures are small enough for
those directions in which real ones differ most.
"""

import numpy as np


def components(pixels: np.ndarray, many: int) -> np.ndarray:
    """Return the directions in which pictures, (N, 64), differ most, (64, many)."""
    return np.linalg.svd(pixels - pixels.mean(axis=0), full_matrices=False)[2][:many].T


def distance(one: np.ndarray, other: np.ndarray) -> float:
    """Return the squared distance between the normal distributions that are nearest to two sets of points."""
    spread, more = np.cov(one, rowvar=False), np.cov(other, rowvar=False)
    values, vectors = np.linalg.eigh(spread)
    root = vectors * np.sqrt(np.maximum(values, 0)) @ vectors.T
    both = np.sqrt(np.maximum(np.linalg.eigvalsh(root @ more @ root), 0)).sum()
    apart = ((one.mean(axis=0) - other.mean(axis=0)) ** 2).sum()
    return float(apart + np.trace(spread) + np.trace(more) - 2 * both)
