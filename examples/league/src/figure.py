"""The figure, written as SVG by hand: results of each generation, and how far it can be exploited."""

import numpy as np

from league import League

WIDTH, HEIGHT = 900, 600
SIDE, GAP, TOP = 150, 20, 70  # of the tables of results
LEFT, RIGHT, CEILING, FLOOR = 80, 640, 330, 540  # the curve's panel
INK, FAINT, LINE, OTHER, CHANCE = "#222222", "#dddddd", "#0b5c8a", "#c2410c", "#777777"
LOST, WON = np.array([194, 65, 12]), np.array([11, 92, 138])


def text(x: float, y: float, words: str, extra: str = "") -> str:
    """Return WORDS at X, Y."""
    return f'<text x="{x:.1f}" y="{y:.1f}" {extra}>{words}</text>'


def colour(result: float) -> str:
    """Return white for a draw, and more of a colour the more is won or lost."""
    end = WON if result > 0 else LOST
    mixed = np.rint(255 + (end - 255) * min(1.0, abs(result))).astype(int)
    return "#" + "".join(f"{part:02x}" for part in mixed)


def table(known: League, generation: int, x: float) -> list[str]:
    """Draw who beats whom: a cell for each two agents, snapshots of one generation together."""
    keys = list(dict.fromkeys(zip(known.generations, known.names, strict=True)))
    of = np.array([keys.index(key) for key in zip(known.generations, known.names, strict=True)])
    member = (of == np.arange(len(keys))[:, None]) / np.bincount(of)[:, None]
    means, cell = member @ known.results @ member.T, SIDE / len(keys)
    parts = [text(x, TOP - 8, f"{generation}: {len(known.names)} members")]
    for (row, column), result in np.ndenumerate(means):
        place = f'x="{x + column * cell:.2f}" y="{TOP + row * cell:.2f}"'
        size = f'width="{cell + 0.2:.2f}" height="{cell + 0.2:.2f}"'
        parts.append(f'<rect {place} {size} fill="{colour(result)}"/>')
    box = f'x="{x}" y="{TOP}" width="{SIDE}" height="{SIDE}"'
    return [*parts, f'<rect {box} fill="none" stroke="{INK}"/>']


def curve(report: dict) -> list[str]:
    """Draw the exploitability of each generation's mixture, and of what it is compared with."""
    values, found = report["generations"], report["exploitability"]
    parts = [text(LEFT, CEILING - 22, "how far it can be exploited", 'font-weight="bold"')]

    def up(value: float) -> float:
        return FLOOR - value * (FLOOR - CEILING)

    for tick in (0, 0.25, 0.5, 0.75, 1):
        parts.append(level(up(tick), FAINT))
        parts.append(text(LEFT - 10, up(tick) + 4, f"{tick:g}", 'text-anchor="end"'))
    best = min(found["alone"].values())
    for value, name, ink in ((best, "self-play, at best", OTHER), (found["random"], "random", CHANCE)):
        parts.append(level(up(value), ink, 'stroke-dasharray="6 4" stroke-width="2"'))
        parts.append(text(RIGHT + 12, up(value) + 4, f"{name}: {value:.3f}", f'fill="{ink}"'))
    across = np.linspace(LEFT + 30, RIGHT - 30, len(values))
    points = " ".join(f"{x:.1f},{up(y):.1f}" for x, y in zip(across, values, strict=True))
    parts.append(f'<polyline points="{points}" fill="none" stroke="{LINE}" stroke-width="2.5"/>')
    for generation, (x, y) in enumerate(zip(across, values, strict=True)):
        parts.append(f'<circle cx="{x:.1f}" cy="{up(y):.1f}" r="5" fill="{LINE}"/>')
        parts.append(text(x, FLOOR + 22, str(generation), 'text-anchor="middle"'))
    parts.append(text(RIGHT + 12, up(values[-1]) - 4, f"league: {values[-1]:.3f}", f'fill="{LINE}"'))
    return [*parts, text((LEFT + RIGHT) / 2, FLOOR + 44, "generation", 'text-anchor="middle"')]


def level(y: float, ink: str, extra: str = "") -> str:
    """Return a line across the curve's panel."""
    return f'<line x1="{LEFT}" y1="{y:.1f}" x2="{RIGHT}" y2="{y:.1f}" stroke="{ink}" {extra}/>'


def draw(leagues: list[League], report: dict) -> str:
    """Return the figure."""
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
        f'width="{WIDTH}" height="{HEIGHT}" font-family="sans-serif" font-size="13" fill="{INK}">'
    )
    page = f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>'
    title = text(30, 32, "who beats whom, by generation", 'font-weight="bold"')
    parts = [head, page, title]
    for place, known in enumerate(leagues[1:]):
        parts += table(known, place + 1, 30 + place * (SIDE + GAP))
    legend = "row against column: blue wins, white draws, orange loses; oldest at the top left"
    parts.append(text(30, TOP + SIDE + 24, legend))
    return "\n".join([*parts, *curve(report), "</svg>"]) + "\n"
