"""The twenty amino acids: what replaces what, and what fits beside what.

`BLOSUM62` is the table of Henikoff and Henikoff (1992), its lower half. From it come the chances that
`align.py` mutates with; from charge, hydropathy and volume come those of a residue beside another.
"""

import numpy as np

LETTERS = "ARNDCQEGHILKMFPSTWYV"
BLOSUM62 = """
 4
-1 5
-2 0 6
-2 -2 1 6
 0 -3 -3 -3 9
-1 1 0 0 -3 5
-1 0 0 2 -4 2 5
 0 -2 0 -1 -3 -2 -2 6
-2 0 1 -1 -3 0 0 -2 8
-1 -3 -3 -3 -1 -3 -3 -4 -3 4
-1 -2 -3 -4 -1 -2 -3 -4 -3 2 4
-1 2 0 -1 -3 1 1 -2 -1 -3 -2 5
-1 -1 -2 -3 -1 0 -2 -3 -2 1 2 -1 5
-2 -3 -3 -3 -2 -3 -3 -3 -1 0 0 -3 0 6
-1 -2 -2 -1 -3 -1 -1 -2 -2 -3 -3 -1 -2 -4 7
 1 -1 1 0 -1 0 0 0 -1 -2 -2 0 -1 -2 -1 4
 0 -1 0 -1 -1 -1 -1 -2 -2 -1 -1 -1 -1 -2 -1 1 5
-3 -3 -4 -4 -2 -2 -3 -2 -2 -3 -2 -3 -1 1 -4 -3 -2 11
-2 -2 -2 -3 -2 -1 -2 -3 2 -1 -1 -2 -1 3 -3 -2 -2 2 7
 0 -3 -3 -3 -1 -2 -2 -3 -3 3 1 -2 1 -1 -2 -2 0 -3 -1 4
"""
# In the order of LETTERS: how common, how hydrophobic (Kyte and Doolittle 1982), how large (cubic Å).
COMMON = np.array(
    [8.3, 5.5, 4.1, 5.5, 1.4, 3.9, 6.7, 7.1, 2.3, 5.9, 9.7, 5.8, 2.4, 3.9, 4.7, 6.6, 5.4, 1.1, 2.9, 6.9]
)  # fmt: skip
HYDROPATHY = np.array(
    [1.8, -4.5, -3.5, -3.5, 2.5, -3.5, -3.5, -0.4, -3.2, 4.5, 3.8, -3.9, 1.9, 2.8, -1.6, -0.8, -0.7, -0.9, -1.3, 4.2]
)  # fmt: skip
VOLUME = np.array(
    [89, 174, 114, 111, 109, 144, 138, 60, 153, 167, 167, 169, 163, 190, 113, 89, 116, 228, 194, 140]
)  # fmt: skip
CHARGE = np.array([{"R": 1, "K": 1, "D": -1, "E": -1}.get(letter, 0) for letter in LETTERS])


def numbers(sequence: str) -> np.ndarray:
    """Return a sequence as places in LETTERS."""
    return np.array([LETTERS.index(letter) for letter in sequence])


def blosum() -> np.ndarray:
    """Return the whole table, (20, 20)."""
    table = np.zeros((20, 20))
    for row, line in enumerate(BLOSUM62.split("\n")[1:-1]):
        table[row, : row + 1] = [int(word) for word in line.split()]
    return table + np.tril(table, -1).T


def substitution() -> np.ndarray:
    """Return the chance that a residue (row) is replaced by another (column), (20, 20)."""
    odds = COMMON * 2 ** (blosum() / 2)  # the table is in half bits
    np.fill_diagonal(odds, 0)
    return odds / odds.sum(axis=1, keepdims=True)


def standard(values: np.ndarray) -> np.ndarray:
    """Return values with mean 0 and spread 1."""
    return (values - values.mean()) / values.std()


def beside(strength: float) -> np.ndarray:
    """Return the chance of a residue (column) that touches another (row), (20, 20).

    Like goes with like in hydropathy, large with small, plus with minus; `strength` 0 is no such wish.
    """
    like, size = standard(HYDROPATHY), standard(VOLUME)
    wish = np.outer(like, like) - np.outer(size, size) - 2 * np.outer(CHARGE, CHARGE)
    odds = COMMON * np.exp(strength * wish)
    return odds / odds.sum(axis=1, keepdims=True)
