"""The figure, written as SVG by hand: ratings by generation, and how the last champion did."""

WIDTH, HEIGHT = 900, 420
LEFT, RIGHT, TOP, FLOOR = 70, 500, 70, 350  # the curve's panel
BARS, BARS_END = 640, 870  # the bars' panel, from left to right
INK, FAINT, BLUE = "#222222", "#dddddd", "#1f5fa8"
OUTCOMES = (("won", "#2a9d6f"), ("drawn", "#c9c9c9"), ("lost", "#d1603d"))


def text(x: float, y: float, words: str, extra: str = "") -> str:
    """Return WORDS at X, Y."""
    return f'<text x="{x:.1f}" y="{y:.1f}" {extra}>{words}</text>'


def line(x1: float, y1: float, x2: float, y2: float, colour: str, extra: str = "") -> str:
    """Return a straight line."""
    ends = f'x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"'
    return f'<line {ends} stroke="{colour}" {extra}/>'


def curve(report: dict) -> list[str]:
    """Draw each champion's rating with its interval; hollow where the candidate was not promoted."""
    chance, *champions = report["elo"]
    highest = max(row["high"] for row in champions)
    step = 100 if highest < 700 else 200
    ceiling = (int(highest) // step + 1) * step

    def across(generation: float) -> float:
        return LEFT + 30 + generation * (RIGHT - LEFT - 60) / max(1, len(champions) - 1)

    def up(rating: float) -> float:
        return FLOOR - rating / ceiling * (FLOOR - TOP)

    parts = [text(LEFT, 46, "Elo rating by generation", 'font-weight="bold" font-size="15"')]
    for rating in range(0, ceiling + 1, step):
        parts.append(line(LEFT, up(rating), RIGHT, up(rating), FAINT))
        parts.append(text(LEFT - 8, up(rating) + 4, str(rating), 'text-anchor="end"'))
    parts.append(line(LEFT, up(0), RIGHT, up(0), INK, 'stroke-dasharray="5 4"'))
    parts.append(text(RIGHT - 4, up(0) - 7, "random play", 'text-anchor="end"'))
    points = [(across(k), up(row["elo"])) for k, row in enumerate(champions)]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    parts.append(f'<polyline points="{path}" fill="none" stroke="{BLUE}" stroke-width="2"/>')
    promoted = [True, *(each["verdict"]["promoted"] for each in report["generations"])]
    for (x, y), row, new in zip(points, champions, promoted, strict=True):
        parts.append(line(x, up(row["low"]), x, up(row["high"]), BLUE, 'stroke-width="1.5"'))
        fill = BLUE if new else "#ffffff"
        parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="5" fill="{fill}" stroke="{BLUE}"/>')
    for k in range(len(champions)):
        parts.append(text(across(k), FLOOR + 20, str(k), 'text-anchor="middle"'))
    middle = (LEFT + RIGHT) / 2
    label = "champion after generation (hollow: the candidate was not promoted)"
    return [*parts, text(middle, FLOOR + 42, label, 'text-anchor="middle"')]


def bars(results: list) -> list[str]:
    """Draw what the last champion won, drew and lost against each player before it."""
    last = max(row[1] for row in results)
    rows = [row for row in results if row[1] == last]
    pitch = (FLOOR - TOP) / len(rows)
    parts = [text(BARS, 46, "The last champion against", 'font-weight="bold" font-size="15"')]
    for k, (one, _, lost, drawn, won) in enumerate(rows):
        y, x = TOP + k * pitch, float(BARS)
        name = f"generation {one - 1}" if one else "random play"
        parts.append(text(BARS - 8, y + pitch / 2 + 4, name, 'text-anchor="end"'))
        for count, (_, colour) in zip((won, drawn, lost), OUTCOMES, strict=True):
            wide = count / (won + drawn + lost) * (BARS_END - BARS)
            box = f'x="{x:.1f}" y="{y + 3:.1f}" width="{wide:.1f}" height="{pitch - 6:.1f}"'
            parts.append(f'<rect {box} fill="{colour}"/>')
            if wide > 22:
                place = 'text-anchor="middle" font-size="11"'
                parts.append(text(x + wide / 2, y + pitch / 2 + 4, str(count), place))
            x += wide
    for k, (name, colour) in enumerate(OUTCOMES):
        x = BARS + k * 75
        parts.append(f'<rect x="{x}" y="{FLOOR + 32}" width="12" height="12" fill="{colour}"/>')
        parts.append(text(x + 17, FLOOR + 42, name))
    return parts


def draw(report: dict, results: list) -> str:
    """Return the figure of a REPORT and the RESULTS of the ladder."""
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
        f'width="{WIDTH}" height="{HEIGHT}" font-family="sans-serif" font-size="12" fill="{INK}">'
    )
    page = f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>'
    return "\n".join([head, page, *curve(report), *bars(results), "</svg>"]) + "\n"
