"""Draw contact maps, true and predicted: figure.py FIGURE STRUCTURES METRICS PREDICTION...

For each of a few chains a map of what touches, one of the chances that the model gives, and one of
the L likeliest pairs: those that touch, and those that do not.
"""

import json
import sys
from pathlib import Path

import numpy as np
from score import APART

INK, PALE, PAPER = "#1c1f24", "#e3e6ea", "#ffffff"
RIGHT, WRONG, MISSED, SHADE = "#0b5c8a", "#d9480f", "#c4cad1", (11, 92, 138)
SIDE, GAP, LEFT, TOP, FOOT = 230, 26, 20, 96, 44  # pixels
SHOWN = 3  # chains: the best predicted, the middle one and the worst
LEAST = 0.05  # a chance below this is not drawn
FONT = "font-family='Helvetica, Arial, sans-serif'"


def text(x: float, y: float, words: str, size: int = 12, weight: str = "normal") -> str:
    """Return words in the middle of a place."""
    return (
        f"<text x='{x:.0f}' y='{y:.0f}' font-size='{size}' font-weight='{weight}' "
        f"text-anchor='middle' fill='{INK}' {FONT}>{words}</text>"
    )


def shade(chance: float) -> str:
    """Return the colour of a chance, from paper to ink."""
    return "#" + "".join(f"{round(255 + (to - 255) * chance):02x}" for to in SHADE)


def cells(x: float, y: float, length: int, filled: list[tuple[int, int, str]]) -> str:
    """Return a square map with some cells filled, by colour."""
    one = SIDE / length
    paths: dict[str, list[str]] = {}
    for row, column, colour in filled:
        paths.setdefault(colour, []).append(f"M{column} {row}h1v1h-1z")
    drawn = "".join(
        f"<path fill='{colour}' d='{''.join(parts)}'/>" for colour, parts in sorted(paths.items())
    )
    return (
        f"<g transform='translate({x:.1f} {y:.1f}) scale({one:.5f})'>{drawn}</g>"
        f"<rect x='{x}' y='{y}' width='{SIDE}' height='{SIDE}' fill='none' stroke='{INK}'/>"
        f"<path d='M{x} {y}l{SIDE} {SIDE}' stroke='{PALE}'/>"
    )


def judged(contacts: np.ndarray, likely: np.ndarray) -> list[tuple[int, int, str]]:
    """Return the cells of two maps: above the diagonal the L likeliest pairs, below what touches."""
    i, j = np.triu_indices(len(contacts), APART)
    best = np.argsort(-likely[i, j], kind="stable")[: len(contacts)]
    above = [
        (a, b, RIGHT if contacts[a, b] else WRONG) for a, b in zip(i[best], j[best], strict=True)
    ]
    below = [(b, a, MISSED) for a, b in zip(i, j, strict=True) if contacts[a, b]]
    return above + below


def row(at: int, said: dict, known: dict, scores: dict) -> str:
    """Return the three maps of a chain."""
    name = str(said["name"])
    contacts, chance = known[f"{name}.contacts"], said["contact"]
    length, y = len(contacts), TOP + at * (SIDE + FOOT)
    across = [LEFT + place * (SIDE + GAP) for place in range(4)]
    i, j = np.nonzero(contacts)
    true = [(a, b, RIGHT) for a, b in zip(i, j, strict=True) if abs(a - b) > 2]
    i, j = np.nonzero(chance >= LEAST)
    given = [
        (a, b, shade(round(chance[a, b] * 12) / 12))
        for a, b in zip(i, j, strict=True)
        if abs(a - b) > 2
    ]
    below = [
        f"{name}, {length} residues, {scores['contacts']} contacts",
        f"lDDT of the fold {scores['lddt']['model']:.2f}",
        f"precision {scores['precision']['model']:.2f}",
        f"precision {scores['precision']['information']:.2f}",
    ]
    maps = [true, given, judged(contacts, chance), judged(contacts, said["information"])]
    parts = [cells(x, y, length, filled) for x, filled in zip(across, maps, strict=True)]
    parts += [
        text(x + SIDE / 2, y + SIDE + 20, words) for x, words in zip(across, below, strict=True)
    ]
    return "\n".join(parts)


def main(figure: str, structures: str, metrics: str, *predictions: str) -> None:
    """Draw the best, the middle and the worst of PREDICTIONS as FIGURE."""
    known, scores = dict(np.load(structures)), json.loads(Path(metrics).read_text())
    said = {str(one["name"]): one for one in map(np.load, predictions)}
    order = sorted(said, key=lambda name: -scores["each"][name]["precision"]["model"])
    places = sorted({0, len(order) // 2, len(order) - 1})[:SHOWN]
    width, height = 2 * LEFT + 4 * SIDE + 3 * GAP, TOP + len(places) * (SIDE + FOOT) - 10
    heads = [
        "what touches",
        "chance that the model gives",
        "its L likeliest pairs",
        "those by mutual information",
    ]
    notes = [
        "beta carbons within 8 Å",
        "of a chain it never saw",
        "blue: they touch; orange: not",
        "grey, below: what touches",
    ]
    parts = [
        text(
            width / 2,
            30,
            "Contacts of held-out chains: best, middle and worst predicted",
            16,
            "bold",
        )
    ]
    for place, (head, note) in enumerate(zip(heads, notes, strict=True)):
        middle = LEFT + place * (SIDE + GAP) + SIDE / 2
        parts += [text(middle, TOP - 28, head, 13, "bold"), text(middle, TOP - 11, note)]
    parts += [
        row(at, said[order[place]], known, scores["each"][order[place]])
        for at, place in enumerate(places)
    ]
    Path(figure).write_text(
        f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {width} {height}' width='{width}' "
        f"height='{height}' role='img'>\n<title>True and predicted contact maps</title>\n"
        f"<rect width='{width}' height='{height}' rx='8' fill='{PAPER}'/>\n"
        + "\n".join(parts)
        + "\n</svg>\n"
    )
    print(f"{len(places)} chains drawn")


if __name__ == "__main__":
    main(*sys.argv[1:])
