"""Sample: which steps of a run are run again when not all are. Pure.

A seed puts all steps in an order that whoever did not know the seed could not foresee; a sample is
what that order begins with, and nothing else: then the bound of `verdict.can_be_wrong` holds
wherever one stops, for whatever reason. That the first so many steps are clean though many are
wrong is as seldom whether or not one would have gone on. A step that is passed by because it takes
too long would spoil it: whoever made the run says how long its steps took.

>>> order("a seed", run, ["train[0]", "train[1]", "report"])               # doctest: +SKIP
(2, 0, 1)
"""

from collections.abc import Iterable, Sequence
from itertools import accumulate, takewhile
from typing import Final

from blake3 import blake3

from engine.content.cid import Cid
from engine.errors import Refused

MAX_SEED: Final = 200  # characters: a number, or a sentence
_ORDER: Final = b"tallystick/sample/1\0"


def check_seed(seed: str) -> str:
    """Return a seed that can be printed and typed.

    Raises: Refused when it cannot.
    """
    if seed and len(seed) <= MAX_SEED and seed.isascii() and seed.isprintable():
        return seed
    what = f"a seed is 1 to {MAX_SEED} letters, digits and signs of ASCII"
    raise Refused(what, fix="leave out --seed, and one is drawn")


def order(seed: str, run: Cid, ids: Sequence[str]) -> tuple[int, ...]:
    """Return the places of all steps of a run, in the order in which a seed draws them.

    It is that of the hashes of the seed, the Run and the step's id, as "train[1]".
    """
    begun = blake3(_ORDER + seed.encode()).digest() + run.raw
    hashes = [blake3(begun + id_.encode()).digest() for id_ in ids]
    return tuple(sorted(range(len(ids)), key=hashes.__getitem__))


def fitting(budget_ms: int, times_ms: Iterable[int]) -> int:
    """Return how many of the first steps together take no longer than a budget.

    >>> fitting(10, [4, 5, 2, 1])
    2
    """
    totals = accumulate(times_ms)
    return sum(1 for _ in takewhile(lambda total: total <= budget_ms, totals))
