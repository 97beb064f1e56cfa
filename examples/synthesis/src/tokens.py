"""Words of comments and tokens of programs as numbers.

Both come from the operations and not from a text: whatever may be asked or written has a number. 0 is
nothing, after the end of a row; 1 begins a program, 2 ends it, and 3 begins a line of it.
"""

import numpy as np

import phrases

NOTHING, BEGIN, END, LINE = range(4)
SPECIAL = ["", "<begin>", "<end>", "\n"]
DIGITS = [str(number) for number in range(10)]


def _found(parts: str) -> list[str]:
    every = (*phrases.OPERATIONS.values(), *phrases.ENDS.values())
    texts = [one.replace("{k}", "") for each in every for one in getattr(each, parts)]
    return sorted({word for text in texts for word in text.split()} - set(DIGITS))


WORDS = [*SPECIAL[:1], *phrases.NUMBERS, ",", "then", "but", "before", "that"]
WORDS += [one for one in _found("phrases") if one not in WORDS]
TOKENS = [*SPECIAL, *DIGITS, *_found("lines")]
WORD = {name: at for at, name in enumerate(WORDS)}
TOKEN = {name: at for at, name in enumerate(TOKENS)}


def rows(numbers: list[list[int]]) -> np.ndarray:
    """Return lists of different lengths as one array, with NOTHING after each."""
    filled = np.full((len(numbers), max(map(len, numbers))), NOTHING)
    for row, one in zip(filled, numbers, strict=True):
        row[: len(one)] = one
    return filled


def read(comments: list[str]) -> np.ndarray:
    """Return comments as numbers, (B, S)."""
    return rows([[WORD[word] for word in comment.split()] for comment in comments])


def write(programs: list[list[str]]) -> np.ndarray:
    """Return the lines of programs as numbers, (B, T), from BEGIN to END."""
    between = [f" {SPECIAL[LINE]} ".join(lines).split(" ") for lines in programs]
    return rows([[BEGIN, *(TOKEN[one] for one in each), END] for each in between])


def lines(numbers: list[int]) -> list[str]:
    """Return the lines of what was written, up to END."""
    upto = numbers.index(END) if END in numbers else len(numbers)
    text = " ".join(TOKENS[one] for one in numbers[:upto])
    return [line.strip() for line in text.split(SPECIAL[LINE])]
