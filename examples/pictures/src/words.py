"""Captions: how a picture of a digit may be described, and its words as numbers."""

from collections.abc import Iterator
from itertools import product

import numpy as np

NAMES = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
FORMS = ("a {} handwritten {name} {}", "the {} digit {figure} {}", "the {} number {name} {}")
WEIGHTS = {None: "", -1: "thin", 0: "regular", 1: "bold"}  # None: nothing is said of it
LEANS = {None: "", -1: "leaning left", 0: "standing upright", 1: "leaning right"}
BOTH = [*product((-1, 1), (-1, 1))]  # the extremes of weight and lean
SAID = ("a", "the", "handwritten", "digit", "number", *"thin regular bold".split())
SAID += ("leaning", "standing", "left", "upright", "right")
WORDS = ("", *SAID, *NAMES, *"0123456789")  # the first fills captions up, and comes before them
NUMBER = {word: at for at, word in enumerate(WORDS)}
LENGTH = 6  # words of the longest caption


def caption(digit: int, weight: int | None, lean: int | None, form: int) -> str:
    """Return a description: of the digit, and of what else is said."""
    names = {"name": NAMES[digit], "figure": digit}
    return " ".join(FORMS[form].format(WEIGHTS[weight], LEANS[lean], **names).split())


def numbers(said: str) -> np.ndarray:
    """Return the numbers of a caption's words, filled up, (LENGTH)."""
    known = [NUMBER[word] for word in said.split()]
    return np.array(known + [0] * (LENGTH - len(known)), np.int64)


def asked(digit: int, unseen: tuple[int, int]) -> Iterator[dict]:
    """Yield what is asked for of a digit: with nothing else said in two forms, then both extremes of both."""
    for at, (weight, lean) in enumerate([(None, None), (None, None), *BOTH]):
        yield {
            "caption": caption(digit, weight, lean, at % len(FORMS)),
            "digit": digit,
            "lean": lean,
            "unseen": (weight, lean) == unseen,
            "weight": weight,
        }
