"""Draw pass@k: figure.py FIGURE CURVES METRICS

Three panels: pass@k of the model and of the baselines, on a logarithmic axis; of the model for each
number of operations; and what became of its candidates.
"""

import json
import math
import sys
from pathlib import Path

INK, GRID, PAPER, PALE = "#1c1f24", "#e3e6ea", "#ffffff", "#9aa1aa"
LINE, WARM, GOLD, GREEN = "#0b5c8a", "#c2410c", "#8a6d0b", "#3f7d4e"
FONT = "font-family='Helvetica, Arial, sans-serif'"
SIDE, TOP, LEFTS = 250, 78, (62, 386, 790)  # all lengths in pixels
WIDTH, HEIGHT = 1080, TOP + SIDE + 60
MIDDLE, RIGHTWARD = "text-anchor='middle'", "text-anchor='end'"
COLOURS = {"model": LINE, "nearest": WARM, "lines": PALE}
SAID = {"model": "the model", "nearest": "nearest comment", "lines": "chained lines"}
SHADES = ("#7fb3d5", LINE, GOLD, WARM, GREEN)
BECAME = {
    "right": GREEN,
    "wrong": LINE,
    "no Python": GOLD,
    "raised an exception": WARM,
    "stopped": INK,
}


def words(x: float, y: float, said: str, colour: str = INK, size: int = 12, more: str = "") -> str:
    """Return a text."""
    place = f"x='{x:.1f}' y='{y:.1f}' font-size='{size}' fill='{colour}'"
    return f"<text {place} {FONT} {more}>{said}</text>"


def rule(points: list[tuple[float, float]], colour: str, wide: float) -> str:
    """Return a line through points."""
    places = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    return f"<polyline points='{places}' fill='none' stroke='{colour}' stroke-width='{wide}'/>"


def at(left: float, k: float, share: float, most: int) -> tuple[float, float]:
    """Return where a point of a curve is on the page."""
    return left + SIDE * math.log(k) / math.log(most), TOP + SIDE * (1 - share)


def axes(left: float, most: int) -> list[str]:
    """Return a grid with its numbers."""
    parts = []
    for tick in (0, 0.25, 0.5, 0.75, 1):
        y = TOP + SIDE * (1 - tick)
        parts.append(rule([(left, y), (left + SIDE, y)], GRID, 1))
        parts.append(words(left - 8, y + 4, f"{tick:g}", size=11, more=RIGHTWARD))
    for tick in (1, 2, 5, 10, 20, 50, 100):
        x, _ = at(left, tick, 0, most)
        parts.append(rule([(x, TOP), (x, TOP + SIDE)], GRID, 1))
        parts.append(words(x, TOP + SIDE + 18, str(tick), size=11, more=MIDDLE))
    parts.append(words(left + SIDE / 2, TOP + SIDE + 40, "k candidates", more=MIDDLE))
    edge = f"x='{left}' y='{TOP}' width='{SIDE}' height='{SIDE}'"
    return [*parts, f"<rect {edge} fill='none' stroke='{INK}'/>"]


def curve(left: float, points: list[float], colour: str, wide: float) -> str:
    """Return pass@k for each k."""
    places = [at(left, k, share, len(points)) for k, share in enumerate(points, 1)]
    return rule(places, colour, wide)


def compared(curves: dict[str, list[float]]) -> list[str]:
    """Return the first panel: the model over the baselines, each named beside where it ends."""
    left, parts = LEFTS[0], axes(LEFTS[0], len(curves["model"]))
    for row, (name, points) in enumerate(sorted(curves.items(), key=lambda one: -one[1][-1])):
        wide = 3 if name == "model" else 2
        parts.append(curve(left, points, COLOURS.get(name, INK), wide))
        y = TOP + SIDE * 0.44 + 19 * row
        parts.append(rule([(left + 106, y - 4), (left + 126, y - 4)], COLOURS.get(name, INK), wide))
        parts.append(words(left + 132, y, SAID.get(name, name)))
    return parts


def by_length(curves: dict[str, list[float]], learnt: int) -> list[str]:
    """Return the second panel: the model for each number of operations, and which it never saw."""
    left, parts = LEFTS[1], axes(LEFTS[1], len(next(iter(curves.values()))))
    for row, (name, points) in enumerate(sorted(curves.items())):
        colour = SHADES[row % len(SHADES)]
        parts.append(curve(left, points, colour, 2.5))
        y = TOP + SIDE * 0.8 + 19 * row
        parts.append(rule([(left + 118, y - 4), (left + 138, y - 4)], colour, 2.5))
        said = f"{name} operations" if int(name) <= learnt else f"{name}, never learnt"
        parts.append(words(left + 144, y, said))
    return parts


def outcomes(became: dict[str, float], many: int) -> list[str]:
    """Return the third panel: a bar for what became of candidates."""
    left, parts, step = LEFTS[2], [], 44
    most = max(became.values())
    for row, (name, colour) in enumerate(BECAME.items()):
        share, y = became.get(name, 0), TOP + 6 + step * row
        long = (SIDE - 70) * share / most
        size = f"x='{left}' y='{y}' width='{long:.1f}' height='26'"
        parts.append(f"<rect {size} fill='{colour}'/>")
        parts.append(words(left - 8, y + 17, name, more=RIGHTWARD))
        parts.append(words(left + long + 6, y + 17, f"{100 * share:.2f} %"))
    said = f"of {many} candidates, each in a process of its own"
    return [*parts, words(left + 60, TOP + SIDE + 18, said, size=11, more=MIDDLE)]


def main(figure: str, curves: str, metrics: str) -> None:
    """Draw FIGURE."""
    drawn, said = json.loads(Path(curves).read_text()), json.loads(Path(metrics).read_text())
    many = said["candidates"] * said["problems"]
    titles = ("pass@k", "pass@k of the model", "what became of candidates")
    title = (
        f"{said['problems']} problems of unseen composition, {said['candidates']} candidates each"
    )
    bold = f"{MIDDLE} font-weight='bold'"
    parts = [
        f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {WIDTH} {HEIGHT}' "
        f"width='{WIDTH}' height='{HEIGHT}' role='img'>",
        f"<title>{title}</title>",
        f"<rect width='{WIDTH}' height='{HEIGHT}' rx='8' fill='{PAPER}'/>",
        words(WIDTH / 2, 32, title, size=16, more=bold),
        *(
            words(left + SIDE / 2, TOP - 14, one, size=13, more=bold)
            for left, one in zip(LEFTS, titles, strict=True)
        ),
        *compared(drawn["all"]),
        *by_length(drawn["by_operations"], said["most_operations_learnt"]),
        *outcomes(said["became"], many),
        "</svg>\n",
    ]
    Path(figure).write_text("\n".join(parts))
    print(f"{len(drawn['all'])} curves")


if __name__ == "__main__":
    main(*sys.argv[1:])
