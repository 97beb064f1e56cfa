"""What is to be beaten: the next character by how often it came after the last few.

Counts of each length are mixed as Witten and Bell did (1991): the more different characters came after
a context, the more is left to the shorter one. Order 1 knows no context.
"""

import numpy as np

from text import CHARACTERS

MANY = len(CHARACTERS)


def _codes(numbers: np.ndarray, length: int) -> np.ndarray:
    """Return each run of `length` characters as one number, by where it ends, (..., T - length + 1)."""
    total = np.zeros((*numbers.shape[:-1], numbers.shape[-1] - length + 1), np.int64)
    for at in range(length):
        total = total * MANY + numbers[..., at : at + total.shape[-1]]
    return total


def count(numbers: np.ndarray, order: int) -> dict[str, np.ndarray]:
    """Return the runs of each length up to `order`, sorted, and how often each came."""
    found = {}
    for length in range(1, order + 1):
        found[f"runs{length}"], found[f"counts{length}"] = np.unique(
            _codes(numbers, length), return_counts=True
        )
    return found


def chances(table: dict[str, np.ndarray], numbers: np.ndarray) -> np.ndarray:
    """Return the chance of each next character at each place of windows, (N, T, V)."""
    many, length = numbers.shape
    mixed = np.full((many, length, MANY), 1 / MANY)
    for order in range(1, len(table) // 2 + 1):
        if order - 1 > length:
            break
        runs, counts = table[f"runs{order}"], table[f"counts{order}"]
        context = _codes(numbers, order - 1) if order > 1 else np.zeros((many, length), np.int64)
        codes = context[..., None] * MANY + np.arange(MANY)
        at = np.minimum(np.searchsorted(runs, codes), len(runs) - 1)
        seen = np.where(runs[at] == codes, counts[at], 0)
        total, kinds = seen.sum(axis=-1, keepdims=True), (seen > 0).sum(axis=-1, keepdims=True)
        place = mixed[:, length - context.shape[1] :]
        place[:] = np.where(total > 0, (seen + kinds * place) / np.maximum(total + kinds, 1), place)
    return mixed
