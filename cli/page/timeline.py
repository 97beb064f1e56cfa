"""Timeline: when each instance ran, as a drawing. Pure.

A few instances have a row each. Of many, each step has one, with how many ran at once: ten
thousand instances are no larger to draw than a hundred.
"""

from collections.abc import Sequence
from typing import Final
from xml.etree.ElementTree import Element, SubElement

from cli.page.facts import Instance
from cli.page.wording import duration
from engine.picture.labels import shortened
from engine.values import dataclass

MAX_ROWS: Final = 60  # of instances; with more, rows are of steps
COLUMNS: Final = 240  # of a step's row: what is shorter than one is drawn as its part of it

_LABEL: Final = 7.3  # the width of a character
_WIDTH: Final = 680.0  # of all the time there is
_RIGHT: Final = 110.0  # for the words after a bar
_TOP: Final = 26.0
_ROW: Final = 20.0
_STEP_ROW: Final = 34.0
_STEPS_S: Final = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 43200)


@dataclass(frozen=True, slots=True)
class Bar:
    """One execution, in milliseconds since the run began."""

    step: str
    id: str
    status: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Timeline:
    """A drawing, and how many steps are not in it: those that began last, where there are many."""

    drawing: Element
    left_out: int


@dataclass(frozen=True, slots=True)
class Scale:
    """The time that is drawn."""

    left: float  # where it begins; labels are before it
    length_ms: int

    def x(self, at: float) -> float:
        """Return where a time stands."""
        return self.left + _WIDTH * at / self.length_ms


def timeline(instances: Sequence[Instance], span: tuple[int, int]) -> Timeline | None:
    """Return the drawing of what ran in this time; None when nothing did."""
    bars = sorted(_bars(instances, span[0]), key=lambda bar: (bar.start, bar.end, bar.id))
    if not bars:
        return None
    length_ms = max(1, span[1] - span[0])
    return _by_instance(bars, length_ms) if len(bars) <= MAX_ROWS else _by_step(bars, length_ms)


def _by_instance(bars: Sequence[Bar], length_ms: int) -> Timeline:
    scale = _scale([bar.id for bar in bars], length_ms)
    root = _root(scale, len(bars) * _ROW, f"When each of {len(bars)} instances ran")
    for row, bar in enumerate(bars):
        _draw_bar(root, scale, bar, _TOP + row * _ROW)
    return Timeline(root, 0)


def _by_step(bars: Sequence[Bar], length_ms: int) -> Timeline:
    steps: dict[str, list[Bar]] = {}
    for bar in bars:
        steps.setdefault(bar.step, []).append(bar)
    rows = [("all steps", bars), *list(steps.items())[: MAX_ROWS - 1]]
    scale = _scale([name for name, _ in rows], length_ms)
    height = sum(_ROW if len(of_step) == 1 else _STEP_ROW for _, of_step in rows)
    root = _root(scale, height, f"How many of {len(bars)} instances ran at once")
    top = _TOP
    for name, of_step in rows:
        if len(of_step) == 1:
            _draw_bar(root, scale, of_step[0], top)
            top += _ROW
        else:
            _draw_area(root, scale, name, of_step, top)
            top += _STEP_ROW
    return Timeline(root, len(steps) + 1 - len(rows))


def _bars(instances: Sequence[Instance], begin_ms: int) -> list[Bar]:
    found = []
    for one in instances:
        if said := one.executed:
            start = said.started_ms - begin_ms
            found.append(Bar(one.name, one.id, one.status, start, start + said.wall_ms))
    return found


def _scale(labels: Sequence[str], length_ms: int) -> Scale:
    return Scale(max(len(shortened(label)) for label in labels) * _LABEL + 14, length_ms)


def _root(scale: Scale, height: float, label: str) -> Element:
    """Return a drawing with an axis of time and room for its rows."""
    size = f"{scale.left + _WIDTH + _RIGHT:.0f}", f"{_TOP + height + 8:.0f}"
    root = Element("svg", {"class": "timeline", "width": size[0], "height": size[1]})
    root.attrib |= {"viewBox": f"0 0 {size[0]} {size[1]}", "role": "img", "aria-label": label}
    _draw_axis(root, scale, height)
    return root


def _draw_axis(root: Element, scale: Scale, height: float) -> None:
    for at in _ticks(scale.length_ms):
        x = f"{scale.x(at):.1f}"
        ends = {"x1": x, "x2": x, "y1": f"{_TOP - 6:g}", "y2": f"{_TOP + height:g}"}
        SubElement(root, "line", {"class": "tick", **ends})
        words = {"class": "time", "x": x, "y": f"{_TOP - 11:g}"}
        SubElement(root, "text", words).text = duration(at).replace(".0", "") if at else "0"


def _ticks(length_ms: int) -> list[int]:
    """Return four to nine round times."""
    step = next((each for each in _round_ms() if length_ms <= 8 * each), length_ms)
    return list(range(0, length_ms + 1, max(1, step)))


def _round_ms() -> list[int]:
    """Return the lengths of time that ticks may be apart, ascending."""
    small = [unit * 10**power for power in range(3) for unit in (1, 2, 5)]
    days = [86_400_000 * unit * 10**power for power in range(16) for unit in (1, 2, 5)]
    return [*small, *(1000 * each for each in _STEPS_S), *days]


def _draw_bar(root: Element, scale: Scale, bar: Bar, top: float) -> None:
    took = duration(bar.end - bar.start)
    group = SubElement(root, "g", {"class": "row"})
    SubElement(group, "title").text = f"{bar.id} {bar.status}: {took}, from {duration(bar.start)}"
    _draw_label(group, scale, bar.id, top + 14)
    left, right = scale.x(bar.start), scale.x(bar.end)
    sides = {"x": f"{left:.1f}", "y": f"{top + 4:g}", "height": "12", "rx": "2"}
    SubElement(
        group, "rect", {"class": bar.status, "width": f"{max(right - left, 1.5):.1f}", **sides}
    )
    words = {"class": "took", "x": f"{right + 6:.1f}", "y": f"{top + 14:g}"}
    SubElement(group, "text", words).text = took


def _draw_label(group: Element, scale: Scale, text: str, y: float) -> None:
    place = {"class": "label", "x": f"{scale.left - 8:.1f}", "y": f"{y:g}"}
    SubElement(group, "text", place).text = shortened(text)


def _draw_area(root: Element, scale: Scale, name: str, bars: Sequence[Bar], top: float) -> None:
    """Draw how many of these ran at once, and below it where some failed."""
    load = at_once(bars, scale.length_ms)
    peak = max(load) or 1.0
    group = SubElement(root, "g", {"class": "row"})
    SubElement(group, "title").text = f"{name}: {len(bars)} ran, at most {peak:.1f} at once"
    _draw_label(group, scale, name, top + 19)
    floor, height = top + 28, 24.0
    path = [f"M{scale.left:.1f} {floor:g}"]
    wide = _WIDTH / COLUMNS
    for column, value in enumerate(load):
        if not column or value != load[column - 1]:
            path.append(f"V{floor - height * value / peak:.1f}")
        path.append(f"H{scale.left + wide * (column + 1):.1f}")
    SubElement(group, "path", {"class": "ran", "d": "".join([*path, f"V{floor:g}Z"])})
    for x in sorted({round(scale.x(bar.end)) for bar in bars if bar.status == "failed"}):
        sides = {"x": f"{x - 1}", "y": f"{top + 4:g}", "width": "2", "height": "24"}
        SubElement(group, "rect", {"class": "failed", **sides})
    words = {"class": "took", "x": f"{scale.left + _WIDTH + 6:.1f}", "y": f"{top + 19:g}"}
    SubElement(group, "text", words).text = f"at most {peak:.0f}" if peak >= 1 else ""


def at_once(bars: Sequence[Bar], length_ms: int) -> list[float]:
    """Return how many of these ran at once on the average of each column."""
    part = [0.0] * (COLUMNS + 1)  # of what begins or ends within a column
    more = [0] * (COLUMNS + 2)  # how many more there are from a column on
    for bar in bars:
        start, end = (min(COLUMNS * at / length_ms, COLUMNS) for at in (bar.start, bar.end))
        first, last = int(start), int(end)
        part[first] += min(end, first + 1) - start
        if last > first:
            part[last] += end - last
            more[first + 1] += 1
            more[last] -= 1
    load, whole = [], 0
    for column in range(COLUMNS):
        whole += more[column]
        load.append(round(whole + part[column], 3))
    return load
