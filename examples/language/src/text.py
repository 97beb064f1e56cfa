"""Text as numbers: the characters of the corpus, in their order, and windows on it."""

import numpy as np

CHARACTERS = "\n" + "".join(map(chr, range(32, 127)))  # the corpus is ASCII
NUMBER = {one: at for at, one in enumerate(CHARACTERS)}


def encode(text: str) -> np.ndarray:
    """Return the numbers of the characters, (length)."""
    return np.array([NUMBER[one] for one in text], np.int64)


def decode(numbers: np.ndarray) -> str:
    """Return the characters of the numbers."""
    return "".join(CHARACTERS[one] for one in numbers)


def windows(numbers: np.ndarray, length: int, apart: int) -> np.ndarray:
    """Return windows of `length`, each `apart` from the one before, (windows, length)."""
    starts = np.arange(0, len(numbers) - length + 1, apart)
    return numbers[starts[:, None] + np.arange(length)]
