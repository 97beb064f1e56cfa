"""Draw the learning curve and the probes as one SVG, on a ground of its own: it looks alike on any page."""

import math

WIDTH, HEIGHT = 860, 400
TOP, FLOOR = 70, 330  # of both panels
CURVE_LEFT, CURVE_RIGHT = 70, 430
BARS_LEFT, BARS_RIGHT = 520, 840
INK, FAINT, BLUE, GREY, RED = "#222222", "#dddddd", "#1f6fb4", "#9aa5b1", "#c0392b"
TICKS = (5, 10, 20, 50, 100, 200, 500, 1000)  # of perplexity
STYLE = "font-family='Helvetica, Arial, sans-serif' font-size='13'"


def text(
    x: float, y: float, words: str, anchor: str = "start", fill: str = INK, size: int = 13
) -> str:
    """Return a line of text."""
    return (
        f"<text x='{x:.1f}' y='{y:.1f}' text-anchor='{anchor}' fill='{fill}' font-size='{size}'>"
        f"{words}</text>"
    )


def line(x1: float, y1: float, x2: float, y2: float, stroke: str = FAINT, more: str = "") -> str:
    """Return a straight line."""
    return (
        f"<line x1='{x1:.1f}' y1='{y1:.1f}' x2='{x2:.1f}' y2='{y2:.1f}' stroke='{stroke}' {more}/>"
    )


def path(points: list[tuple[float, float]], stroke: str) -> str:
    """Return a line through points."""
    joined = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    return f"<polyline points='{joined}' fill='none' stroke='{stroke}' stroke-width='2.5'/>"


def height_of(perplexity: float) -> float:
    """Return where a perplexity is, on a scale by its logarithm."""
    low, high = math.log(TICKS[0]), math.log(TICKS[-1])
    part = (math.log(perplexity) - low) / (high - low)
    return FLOOR - min(1.0, max(0.0, part)) * (FLOOR - TOP)


def learning(masked: dict, curve: list[list]) -> list[str]:
    """Draw perplexity by step: on training batches, on held-out text, and of both tables of counts."""
    last = max(1, curve[-1][0])
    across = (CURVE_RIGHT - CURVE_LEFT) / last
    drawn = [text(CURVE_LEFT, 40, "Perplexity of hidden pieces", size=16)]
    for tick in TICKS:
        drawn += [
            line(CURVE_LEFT, height_of(tick), CURVE_RIGHT, height_of(tick)),
            text(CURVE_LEFT - 8, height_of(tick) + 4, str(tick), "end"),
        ]
    for name in ("unigram", "bigram"):
        at = height_of(masked[name]["perplexity"])
        drawn += [
            line(CURVE_LEFT, at, CURVE_RIGHT, at, RED, "stroke-dasharray='6 4' stroke-width='1.5'"),
            text(CURVE_RIGHT, at - 6, f"{name} {masked[name]['perplexity']:.0f}", "end", RED),
        ]
    for column, colour, words in ((1, GREY, "training"), (2, BLUE, "held-out text")):
        points = [
            (CURVE_LEFT + point[0] * across, height_of(math.exp(point[column])))
            for point in curve
            if point[column] is not None
        ]
        drawn.append(path(points, colour))
        x = CURVE_LEFT + 90 * (column - 1)
        drawn += [line(x, 54, x + 18, 54, colour, "stroke-width='3'"), text(x + 23, 58, words)]
    drawn += [
        text(CURVE_LEFT, FLOOR + 20, "0", "middle"),
        text(CURVE_RIGHT, FLOOR + 20, str(last), "middle"),
        text((CURVE_LEFT + CURVE_RIGHT) / 2, FLOOR + 38, "steps of pre-training", "middle"),
    ]
    return drawn


def bars(probes: dict[str, dict]) -> list[str]:
    """Draw the mean accuracy of each probe and start, a dot for each seed, and what guessing gives."""
    drawn = [text(BARS_LEFT, 40, "Accuracy of fine-tuned probes", size=16)]
    for tick in (0, 25, 50, 75, 100):
        y = FLOOR - tick / 100 * (FLOOR - TOP)
        drawn += [line(BARS_LEFT, y, BARS_RIGHT, y), text(BARS_LEFT - 8, y + 4, f"{tick} %", "end")]
    space = (BARS_RIGHT - BARS_LEFT) / max(1, len(probes))
    wide = space * 0.32
    for number, (task, probe) in enumerate(probes.items()):
        middle = BARS_LEFT + space * (number + 0.5)
        for x, start, colour in ((middle - wide, "random", GREY), (middle, "pretrained", BLUE)):
            drawn += bar(x, wide, probe[start], colour, list(probe[f"{start}_by_seed"].values()))
        y = FLOOR - probe["commonest"] * (FLOOR - TOP)
        more = "stroke-dasharray='6 4' stroke-width='1.5'"
        drawn += [
            line(middle - wide - 6, y, middle + wide + 6, y, RED, more),
            text(middle, FLOOR + 20, task, "middle"),
        ]
    for x, colour, words in (
        (0, GREY, "random start"),
        (112, BLUE, "pre-trained"),
        (214, RED, "guessing"),
    ):
        left = BARS_LEFT + x
        drawn += [
            line(left, 54, left + 14, 54, colour, "stroke-width='3'"),
            text(left + 19, 58, words),
        ]
    return drawn


def bar(x: float, wide: float, mean: float, colour: str, seeds: list[float]) -> list[str]:
    """Draw one bar with its number and the dots of the seeds."""
    tall = mean * (FLOOR - TOP)
    drawn = [
        f"<rect x='{x + 2:.1f}' y='{FLOOR - tall:.1f}' width='{wide - 4:.1f}' height='{tall:.1f}'"
        f" fill='{colour}'/>",
        text(x + wide / 2, FLOOR - 8, f"{mean:.0%}", "middle", "#ffffff"),
    ]
    for number, seed in enumerate(seeds):
        at = x + wide * (number + 1) / (len(seeds) + 1)
        y = FLOOR - seed * (FLOOR - TOP)
        drawn.append(f"<circle cx='{at:.1f}' cy='{y:.1f}' r='3' fill='#ffffff' stroke='{INK}'/>")
    return drawn


def draw(report: dict, curve: list[list]) -> str:
    """Return the figure."""
    parts = [
        f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {WIDTH} {HEIGHT}' {STYLE}>",
        f"<rect width='{WIDTH}' height='{HEIGHT}' rx='8' fill='#ffffff'/>",
        *learning(report["masked"], curve),
        *bars(report["probes"]),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"
