"""The rules: four in a row on an upright board of seven columns and six rows, many games at once.

Who is on move drops a stone into a column, where it comes to lie on the stones below. Whoever has
four in a line first, in any of four directions, has won; a full board is a draw.

A position is two whole numbers, `own` (the stones of who is on move) and `other`: bit
`column * 7 + row` is one cell. The seventh bit of each column is never set, so that no line runs on
from the top of one column into the next. All functions take arrays of positions, int64 [n].
"""

import numpy as np

COLUMNS = 7
ROWS = 6
STRIDE = ROWS + 1
CELLS = np.array([column * STRIDE + row for row in range(ROWS) for column in range(COLUMNS)])

BOTTOM = np.array([1 << column * STRIDE for column in range(COLUMNS)])
COLUMN = BOTTOM * (2**ROWS - 1)
TOP = BOTTOM << (ROWS - 1)
BOARD = COLUMN.sum()
DIRECTIONS = (1, STRIDE, STRIDE + 1, STRIDE - 1)  # up, right, right and up, right and down


def start(games: int) -> tuple[np.ndarray, np.ndarray]:
    """Return GAMES empty boards."""
    return np.zeros(games, np.int64), np.zeros(games, np.int64)


def legal(own: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Return which columns still have room: bool [n, 7]."""
    return ((own | other)[:, None] & TOP) == 0


def drop(own: np.ndarray, other: np.ndarray, column: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Drop a stone into COLUMN [n], and return the position as the other player sees it."""
    filled = own | other
    stone = (filled + BOTTOM[column]) & COLUMN[column] & ~filled
    return other, own | stone


def four(stones: np.ndarray) -> np.ndarray:
    """Return where STONES have four in a line: bool [n]."""
    found = np.zeros(stones.shape, bool)
    for step in DIRECTIONS:
        pairs = stones & (stones >> step)
        found |= (pairs & (pairs >> 2 * step)) != 0
    return found


def ending(own: np.ndarray, other: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return which games are over, bool [n], and what they are worth to who is on move.

    Only who has just moved can have won, so that is -1 or, for a full board, 0.
    """
    lost = four(other)
    return lost | ((own | other) == BOARD), np.where(lost, -1.0, 0.0).astype(np.float32)


def planes(own: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Return positions as pictures: float32 [n, 84], 42 cells of own stones, then 42 of the other."""
    both = np.stack([own, other], axis=1)[:, :, None]
    return (both >> CELLS & 1).astype(np.float32).reshape(len(own), 2 * len(CELLS))


def positions(plies: int) -> tuple[np.ndarray, np.ndarray]:
    """Return all different positions after PLIES moves, of games that are not over."""
    own, other = start(1)
    for _ in range(plies):
        game, column = np.nonzero(legal(own, other))
        own, other = np.unique(np.stack(drop(own[game], other[game], column)), axis=1)
        going = ~ending(own, other)[0]
        own, other = own[going], other[going]
    return own, other
