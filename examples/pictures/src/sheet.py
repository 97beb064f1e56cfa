"""Show what was drawn, as a contact sheet: sheet.py SHEET CODEBOOK ASKED JUDGE RANKED

A row is a caption. Its columns are the best candidates, and then, after a gap, the worst. A picture that the
judge takes for another digit is framed.
"""

import json
import re
import sys
from pathlib import Path

import numpy as np

import codes
import judge
from png import Paper, larger

BEST, WORST = 6, 2  # candidates that are shown of a caption
TIMES = 6  # pixels of the page for one of a picture
SIDE = TIMES * codes.SIDE
CELL, GAP, TEXT, MARGIN, HEAD = SIDE + 8, 16, 288, 28, 112
PANEL = TEXT + (BEST + WORST) * CELL + GAP
SECOND = MARGIN + PANEL + 2 * MARGIN  # where the second panel begins
LINE = 22  # from a line of words to the next
INK, WRONG, PALE, EDGE, WHITE = (22, 28, 45), (208, 56, 12), (98, 106, 120), (222, 226, 232), (255, 255, 255)


def chosen(wanted: list[dict]) -> list[list[int]]:
    """Return places in what is asked: for each digit one that says nothing of traits, and one that does."""
    panels = []
    for says in (False, True):
        mine = [at for at, one in enumerate(wanted) if (one["weight"] is not None) == says]
        digits = sorted({wanted[at]["digit"] for at in mine})
        some = [[at for at in mine if wanted[at]["digit"] == digit] for digit in digits]
        panels.append([each[place % len(each)] for place, each in enumerate(some)])
    return panels


def put(paper: Paper, down: int, right: int, pixels: np.ndarray, edge: tuple) -> None:
    """Put a picture, (64), on the page, with an edge of three pixels."""
    paper.put(down - 3, right - 3, np.ones((SIDE + 6, SIDE + 6)), edge)
    paper.put(down, right, np.ones((SIDE, SIDE)), WHITE)
    paper.put(down, right, larger(pixels.reshape(codes.SIDE, codes.SIDE), TIMES), INK)


def write(paper: Paper, down: int, left: int, said: str) -> None:
    """Put a caption beside its row; what is said of the lean is on a line of its own."""
    digit, *lean = re.split(" (?=leaning|standing)", said)
    top = down + (SIDE - LINE * (1 + len(lean))) // 2 + 4
    for at, words in enumerate([digit, *lean]):
        paper.write(top + at * LINE, left, words, INK, 2)


def row(paper: Paper, down: int, left: int, pixels: np.ndarray, right: np.ndarray) -> None:
    """Put pictures on the page, (BEST + WORST, 64), those that are not right in a frame."""
    for column, one in enumerate(pixels):
        across = left + TEXT + column * CELL + GAP * (column >= BEST)
        put(paper, down, across, one, EDGE if right[column] else WRONG)


def head(paper: Paper, many: int) -> None:
    """Write what the page shows."""
    paper.write(MARGIN, MARGIN, "handwritten digits, drawn from captions", INK, 3)
    paper.write(MARGIN, SECOND, f"{many} drawn for each, put in order by the match.", PALE, 2)
    paper.write(MARGIN + LINE, SECOND, "red: the judge takes it for another digit.", PALE, 2)
    for left in (MARGIN, SECOND):
        paper.write(HEAD - 28, left + TEXT, "best", PALE, 2)
        paper.write(HEAD - 28, left + TEXT + BEST * CELL + GAP, "worst", PALE, 2)


def main(sheet: str, codebook: str, asked: str, known: str, ranked: str) -> None:
    """Draw the SHEET."""
    looks, expert, order = (dict(np.load(one)) for one in (codebook, known, ranked))
    wanted = [json.loads(Path(asked).read_text())[at] for at in order["asked"]]
    panels = chosen(wanted)
    paper = Paper(HEAD + len(panels[0]) * CELL + MARGIN, SECOND + PANEL + MARGIN)
    head(paper, order["codes"].shape[1])
    for left, panel in zip((MARGIN, SECOND), panels, strict=True):
        for at, place in enumerate(panel):
            down, best = HEAD + at * CELL, order["order"][place]
            shown = order["codes"][place][np.append(best[:BEST], best[-WORST:])]
            pixels = codes.decode(looks["codebook"], shown)
            write(paper, down, left, wanted[place]["caption"])
            row(paper, down, left, pixels, judge.says(expert, pixels) == wanted[place]["digit"])
    Path(sheet).write_bytes(paper.png())
    print(f"{len(panels)} panels of {len(panels[0])} captions")


if __name__ == "__main__":
    main(*sys.argv[1:])
