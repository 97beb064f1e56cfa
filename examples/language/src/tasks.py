"""The tasks that are mixed into the corpus, a line each, and what a model is asked of them.

A line is a question and its answer, `copy kwzrb > kwzrb`, `close ([{ > }])` or `sum 7+5 = 12`.
"""

import numpy as np

Pair = tuple[str, str]  # a question and its answer

LETTERS = list("abcdefghijklmnopqrstuvwxyz")
COPIED = 5  # letters
CLOSED_BY = {"(": ")", "[": "]", "{": "}"}
DEPTH = (3, 6)  # brackets that are open, from and to
BELOW = 10  # what is added is less than this
SWAPPED = 20  # sums that are learnt in one order and asked in the other


def copy(rng: np.random.Generator) -> Pair:
    """Return letters, which are to be said again."""
    word = "".join(rng.choice(LETTERS, COPIED))
    return f"copy {word} > ", word


def close(rng: np.random.Generator) -> Pair:
    """Return brackets, and what closes them."""
    opened = rng.choice(list(CLOSED_BY), rng.integers(DEPTH[0], DEPTH[1] + 1))
    return f"close {''.join(opened)} > ", "".join(CLOSED_BY[one] for one in reversed(opened))


def add(rng: np.random.Generator) -> Pair:
    """Return two digits, and what they add up to."""
    one, other = rng.integers(0, BELOW, 2)
    return added(one, other)


def added(one: int, other: int) -> Pair:
    """Return the question and answer of a sum."""
    return f"sum {one}+{other} = ", str(one + other)


def mirrored(rng: np.random.Generator) -> set[Pair]:
    """Return sums to be kept out of the corpus, of which 3+5 may be one and 5+3 then is none."""
    pairs = [(one, other) for one in range(BELOW) for other in range(one)]
    chosen = rng.permutation(pairs)[:SWAPPED]
    return {added(*(pair if rng.random() < 0.5 else pair[::-1])) for pair in chosen}


def known(swapped: set[Pair]) -> set[Pair]:
    """Return the sums that are in the corpus."""
    return {added(one, other) for one in range(BELOW) for other in range(BELOW)} - swapped


TASKS = {"close": close, "copy": copy, "sum": add}
