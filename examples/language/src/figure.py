"""Draw the sweep and the leaderboard: figure.py FIGURE LEADERBOARD CURVE...

Left the validation losses of each learning rate on the way; in the middle bits per character of every
model on the test text; right what the chosen model gets right of each task, beside the best n-gram.
"""

import json
import sys
from pathlib import Path

INK, GRID, PAPER, PALE = "#1c1f24", "#e3e6ea", "#ffffff", "#b8bcc2"
COLOURS = [
    "#7fb3d5",
    "#0b5c8a",
    "#c2410c",
    "#8a6d0b",
    "#5b3f8a",
    "#3f7d4e",
]  # of the rates, in order
FONT = "font-family='Helvetica, Arial, sans-serif'"
SIDE, TOP, LEFTS = 250, 74, (62, 440, 790)  # all lengths in pixels
WIDTH, HEIGHT = 1080, TOP + SIDE + 58


def words(x: float, y: float, said: str, size: int = 12, more: str = "") -> str:
    """Return a text."""
    return (
        f"<text x='{x:.1f}' y='{y:.1f}' font-size='{size}' fill='{INK}' {FONT} {more}>{said}</text>"
    )


def line(points: list[tuple[float, float]], colour: str, wide: float) -> str:
    """Return a line through points."""
    places = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    return f"<polyline points='{places}' fill='none' stroke='{colour}' stroke-width='{wide}'/>"


def bar(x: float, y: float, wide: float, high: float, colour: str) -> str:
    """Return a filled box."""
    size = f"x='{x:.1f}' y='{y:.1f}' width='{max(wide, 0):.1f}' height='{high:.1f}'"
    return f"<rect {size} fill='{colour}'/>"


def losses(curves: list[dict], colour: dict[str, str], chosen: str) -> list[str]:
    """Return the first plot."""
    left, most = LEFTS[0], max(one["curve"][-1]["update"] for one in curves)
    every = [at["validate"] for one in curves for at in one["curve"]]
    low, high = int(min(every)), min(6, int(max(every)) + 1)
    parts = [words(left + SIDE / 2, TOP + SIDE + 40, "updates", more="text-anchor='middle'")]
    for tick in range(low, high + 1):
        y = TOP + SIDE * (high - tick) / (high - low)
        parts += [line([(left, y), (left + SIDE, y)], GRID, 1)]
        parts += [words(left - 8, y + 4, str(tick), 11, "text-anchor='end'")]
    for tick in (0, most // 2, most):
        x = left + SIDE * tick / most
        parts += [words(x, TOP + SIDE + 18, str(tick), 11, "text-anchor='middle'")]
    for at, one in enumerate(curves):
        name = f"rate {one['rate']:g}"
        wide = 3 if name == chosen else 1.5
        points = [
            (
                left + SIDE * each["update"] / most,
                TOP + SIDE * (high - min(each["validate"], high)) / (high - low),
            )
            for each in one["curve"]
        ]
        y = TOP + 20 + 17 * at
        key = [(left + SIDE - 100, y - 4), (left + SIDE - 80, y - 4)]
        parts += [line(points, colour[name], wide), line(key, colour[name], wide)]
        parts += [words(left + SIDE - 74, y, name)]
    edge = f"x='{left}' y='{TOP}' width='{SIDE}' height='{SIDE}'"
    return [*parts, f"<rect {edge} fill='none' stroke='{INK}'/>"]


def ranks(rows: list[dict], colour: dict[str, str]) -> list[str]:
    """Return the second plot: a bar for each model, best first."""
    parts, step = [], SIDE / len(rows)
    for row in rows:
        y, name = TOP + step * (row["rank"] - 1), row["model"]
        wide = (SIDE - 60) * row["bits"] / max(one["bits"] for one in rows)
        weight = "bold" if row["chosen"] else "normal"
        more = f"text-anchor='end' font-weight='{weight}'"
        parts += [words(LEFTS[1] - 8, y + step * 0.6, name, more=more)]
        parts += [bar(LEFTS[1], y + step * 0.15, wide, step * 0.7, colour.get(name, PALE))]
        more = f"font-weight='{weight}'"
        parts += [words(LEFTS[1] + wide + 6, y + step * 0.6, f"{row['bits']:.2f}", more=more)]
    return parts


def tasks(board: dict, colour: dict[str, str]) -> list[str]:
    """Return the third plot: for each task the chosen model over the best n-gram, and chance."""
    chosen = next(row for row in board["models"] if row["chosen"])
    grams = [row for row in board["models"] if row["model"].endswith("gram")]
    parts, step = [], SIDE / len(board["by_chance"])
    for at, (task, chance) in enumerate(sorted(board["by_chance"].items())):
        y, full = TOP + step * at, SIDE - 40
        best = max(row[task] for row in grams)
        parts += [words(LEFTS[2] - 8, y + step * 0.55, task, more="text-anchor='end'")]
        for down, share, fill in (
            (0.15, chosen[task], colour[chosen["model"]]),
            (0.5, best, PALE),
        ):
            parts += [bar(LEFTS[2], y + step * down, full * share, step * 0.33, fill)]
            where = y + step * (down + 0.16) + 4
            parts += [words(LEFTS[2] + full * share + 6, where, f"{100 * share:.0f} %", 11)]
        x = LEFTS[2] + full * chance
        parts += [line([(x, y + step * 0.08), (x, y + step * 0.9)], INK, 2)]
    said = "colour: the chosen model; grey: best n-gram; line: chance"
    return [
        *parts,
        words(LEFTS[2] + SIDE / 2 - 20, TOP + SIDE + 18, said, 11, "text-anchor='middle'"),
    ]


def main(figure: str, leaderboard: str, *paths: str) -> None:
    """Draw FIGURE."""
    board = json.loads(Path(leaderboard).read_text())
    curves = [json.loads(Path(path).read_text()) for path in paths]
    names = [f"rate {one['rate']:g}" for one in curves]
    colour = {name: COLOURS[at % len(COLOURS)] for at, name in enumerate(names)}
    chosen = next(row["model"] for row in board["models"] if row["chosen"])
    titles = (
        "validation, bits per character",
        "test prose, bits per character",
        "answers that are right",
    )
    middle = "text-anchor='middle' font-weight='bold'"
    heads = [
        words(left + SIDE / 2, TOP - 12, title, 13, middle)
        for left, title in zip(LEFTS, titles, strict=True)
    ]
    title = f"{len(names)} learning rates, {chosen} chosen on validation, {len(board['models'])} models judged"
    parts = [
        f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {WIDTH} {HEIGHT}' "
        f"width='{WIDTH}' height='{HEIGHT}' role='img'>",
        f"<title>{title}</title>",
        f"<rect width='{WIDTH}' height='{HEIGHT}' rx='8' fill='{PAPER}'/>",
        words(WIDTH / 2, 32, title, 16, middle),
        *heads,
        *losses(curves, colour, chosen),
        *ranks(board["models"], colour),
        *tasks(board, colour),
        "</svg>\n",
    ]
    Path(figure).write_text("\n".join(parts))
    print(f"{len(curves)} curves, {len(board['models'])} bars")


if __name__ == "__main__":
    main(*sys.argv[1:])
