"""A square plot in an SVG file, beside others: axes, lines, areas, dots and words."""

from collections.abc import Sequence

INK, GRID, PAPER = "#1c1f24", "#e3e6ea", "#ffffff"
SIDE, LEFT, TOP, APART = 240, 62, 74, 322  # all lengths in pixels
HEIGHT = TOP + SIDE + 58
FONT = "font-family='Helvetica, Arial, sans-serif'"


class Panel:
    """One plot: the `place`-th from the left, which shows `across` and `up`, each from and to."""

    def __init__(
        self,
        place: int,
        title: str,
        below: str,
        beside: str,
        across: tuple[float, float],
        up: tuple[float, float],
    ) -> None:
        """Begin an empty plot with its title and the names of its axes."""
        self.left, self.across, self.up = LEFT + place * APART, across, up
        self.parts: list[str] = []
        middle = self.left + SIDE / 2
        self._text(middle, TOP - 12, title, INK, 13, "middle", "bold")
        self._text(middle, TOP + SIDE + 40, below, INK, 12, "middle")
        x, y = self.left - 46, TOP + SIDE / 2
        turn = f" transform='rotate(-90 {x:.0f} {y:.0f})'"
        self._text(x, y, beside, INK, 12, "middle", more=turn)

    def _text(
        self, x: float, y: float, words: str, colour: str, size: int, anchor: str = "start",
        weight: str = "normal", more: str = "",
    ) -> None:  # fmt: skip
        self.parts.append(
            f"<text x='{x:.1f}' y='{y:.1f}' font-size='{size}' font-weight='{weight}' "
            f"text-anchor='{anchor}' fill='{colour}' {FONT}{more}>{words}</text>"
        )

    def at(self, x: float, y: float) -> tuple[float, float]:
        """Return where a point is on the page."""
        (left, right), (low, high) = self.across, self.up
        return (
            self.left + SIDE * (x - left) / (right - left),
            TOP + SIDE * (high - y) / (high - low),
        )

    def axes(self, across: Sequence[float], up: Sequence[float]) -> None:
        """Draw a grid with its numbers."""
        for tick in across:
            x, _ = self.at(tick, self.up[0])
            self._rule(x, TOP, x, TOP + SIDE)
            self._text(x, TOP + SIDE + 18, f"{tick:g}", INK, 11, "middle")
        for tick in up:
            _, y = self.at(self.across[0], tick)
            self._rule(self.left, y, self.left + SIDE, y)
            self._text(self.left - 8, y + 4, f"{tick:g}", INK, 11, "end")

    def _rule(self, x: float, y: float, to_x: float, to_y: float) -> None:
        ends = f"x1='{x:.1f}' y1='{y:.1f}' x2='{to_x:.1f}' y2='{to_y:.1f}'"
        self.parts.append(f"<line {ends} stroke='{GRID}'/>")

    def _points(self, xs: Sequence[float], ys: Sequence[float]) -> str:
        places = [self.at(x, y) for x, y in zip(xs, ys, strict=True)]
        return " ".join(f"{x:.1f},{y:.1f}" for x, y in places)

    def area(self, xs: Sequence[float], ys: Sequence[float], colour: str) -> None:
        """Fill what the points go around; what is outside of the plot is not shown."""
        points = self._points(xs, ys)
        self.parts.append(f"<polygon points='{points}' fill='{colour}' {self._clip()}/>")

    def path(
        self, xs: Sequence[float], ys: Sequence[float], colour: str, *, dashed: bool = False
    ) -> None:
        """Draw a line through the points."""
        dash = " stroke-dasharray='5 4'" if dashed else ""
        self.parts.append(
            f"<polyline points='{self._points(xs, ys)}' fill='none' stroke='{colour}' "
            f"stroke-width='2'{dash} {self._clip()}/>"
        )

    def dot(self, x: float, y: float, colour: str) -> None:
        """Draw a point."""
        across, up = self.at(x, y)
        self.parts.append(f"<circle cx='{across:.1f}' cy='{up:.1f}' r='4' fill='{colour}'/>")

    def note(self, x: float, y: float, words: str, colour: str) -> None:
        """Write words; `x` and `y` are shares of the plot, whatever it shows."""
        self._text(self.left + SIDE * x, TOP + SIDE * (1 - y), words, colour, 12, "middle")

    def _clip(self) -> str:
        return f"clip-path='url(#plot-{self.left})'"

    def drawn(self) -> str:
        """Return the plot as SVG elements."""
        frame = f"x='{self.left}' y='{TOP}' width='{SIDE}' height='{SIDE}'"
        clip = f"<clipPath id='plot-{self.left}'><rect {frame}/></clipPath>"
        edge = f"<rect {frame} fill='none' stroke='{INK}'/>"
        return "\n".join([clip, *self.parts, edge])


def drawing(title: str, panels: Sequence[Panel]) -> str:
    """Return an SVG file with the panels side by side, on paper of its own."""
    width = LEFT + APART * (len(panels) - 1) + SIDE + 30
    return "\n".join(
        [
            f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {width} {HEIGHT}' "
            f"width='{width}' height='{HEIGHT}' role='img'>",
            f"<title>{title}</title>",
            f"<rect width='{width}' height='{HEIGHT}' rx='8' fill='{PAPER}'/>",
            f"<text x='{width / 2:.0f}' y='32' font-size='16' font-weight='bold' "
            f"text-anchor='middle' fill='{INK}' {FONT}>{title}</text>",
            *(panel.drawn() for panel in panels),
            "</svg>\n",
        ]
    )
