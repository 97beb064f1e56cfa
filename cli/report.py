"""How results are printed: aligned columns for people, JSON for scripts.

Results go to stdout; progress and messages go to stderr.
"""

import json
from collections.abc import Iterable, Sequence
from typing import Any

import click


def printable(text: str) -> str:
    """Return text with control characters escaped: some of it may come from strangers."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c in "\n\t" else f"\\x{ord(c):02x}" for c in text)


def emit_json(value: Any) -> None:  # noqa: ANN401 - whatever JSON can hold
    """Print a value as JSON on one line; what a terminal might obey is escaped."""
    text = json.dumps(value, ensure_ascii=False, separators=(", ", ": "))
    if not text.isprintable():
        text = "".join(c if c.isprintable() else json.dumps(c)[1:-1] for c in text)
    click.echo(text)


def emit_table(rows: Iterable[Sequence[str]], header: Sequence[str] = ()) -> None:
    """Print rows in aligned columns; the header only when there are rows."""
    cells = [[printable(cell) for cell in row] for row in rows]
    if not cells:
        return
    if header:
        cells.insert(0, [name.upper() for name in header])
    widths = [max(len(row[i]) for row in cells) for i in range(len(cells[0]))]
    for row in cells:
        line = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        click.echo(line.rstrip())


def note(message: str) -> None:
    """Say something to the person, not to the script."""
    click.echo(printable(message), err=True)


def human_size(size: int) -> str:
    """Return bytes as people read them: '93.0 MiB'."""
    value = float(size)
    for unit in ("B", "KiB", "MiB", "GiB", "TiB"):
        if value < 1024 or unit == "TiB":
            return f"{size} B" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1024
    raise AssertionError(size)


def human_seconds(milliseconds: int) -> str:
    """Return a duration as people read it: '1.2s', '3min 5s', '2h 7min'."""
    if milliseconds < 59_950:  # which is rounded to a minute
        return f"{milliseconds / 1000:.1f}s"
    seconds = round(milliseconds / 1000)
    if seconds < 3600:
        return f"{seconds // 60}min {seconds % 60}s"
    return f"{seconds // 3600}h {seconds % 3600 // 60}min"


def counted(count: int, noun: str) -> str:
    """Return so many of something: '1 step', '2 steps'."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def some(names: Sequence[str], most: int) -> str:
    """Return the first of some names, and how many more there are: 'a, b and 3 more'."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
