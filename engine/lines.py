r"""Lines: where two texts part, line by line. Pure.

>>> changed_lines("a\nlr = 0.1\n", "a\nlr = 0.2\n").first
(Line(number=2, column=8, was='lr = 0.1', now='lr = 0.2'),)
"""

from collections.abc import Iterator, Sequence
from itertools import islice, zip_longest
from typing import Final

from engine.matching import matching
from engine.values import dataclass

MAX_LINES: Final = 5  # that are shown of two texts
MAX_WIDTH: Final = 160  # characters shown of a line
_BEFORE: Final = 40  # of them, before the column where a longer line parts


@dataclass(frozen=True, slots=True)
class Line:
    """A line that is not the same; `number` counts in the text that has it, the second if both."""

    number: int  # from 1
    column: int  # from 1, in characters
    was: str | None  # None where it is new
    now: str | None  # None where it is gone


@dataclass(frozen=True, slots=True)
class Changed:
    """What is not the same in two texts."""

    count: int  # lines; one that became another is one
    first: tuple[Line, ...]  # at most MAX_LINES
    is_whole: bool = True  # False: it took too long to look for all that is the same


def changed_lines(was: str, now: str) -> Changed:
    """Return where two texts part.

    A line that was put in or taken out is one change, not a change of all that comes after.
    """
    old, new = was.split("\n"), now.split("\n")
    found = matching(old, new)
    changes = _changes(old, new, found.runs)
    first = tuple(_line(*change) for change in islice(changes, MAX_LINES))
    return Changed(len(first) + sum(1 for _ in changes), first, found.is_whole)


_Change = tuple[int, str | None, str | None]


def _changes(
    old: Sequence[str], new: Sequence[str], runs: Sequence[tuple[int, int, int]]
) -> Iterator[_Change]:
    """Yield (number of the line, what it was, what it is)."""
    a = c = 0
    for x, y, length in (*runs, (len(old), len(new), 0)):
        yield from _replaced(old[a:x], new[c:y], a, c)
        a, c = x + length, y + length


def _replaced(old: Sequence[str], new: Sequence[str], a: int, c: int) -> Iterator[_Change]:
    for at, (was, now) in enumerate(zip_longest(old, new), start=1):
        yield (a if now is None else c) + at, was, now


def _line(number: int, was: str | None, now: str | None) -> Line:
    column = _shared(was, now) if was is not None and now is not None else 0
    return Line(number, column + 1, _around(was, column), _around(now, column))


def _around(text: str | None, column: int) -> str | None:
    """Return a line, or the part of a long one around a column."""
    if text is None or len(text) <= MAX_WIDTH:
        return text
    start = max(0, column - _BEFORE)
    part = text[start : start + MAX_WIDTH]
    return f"{'…' if start else ''}{part}{'…' if start + MAX_WIDTH < len(text) else ''}"


def _shared(old: Sequence[str], new: Sequence[str]) -> int:
    """Return how many items two sequences begin with in common: lines, or characters."""
    differing = (at for at, (a, b) in enumerate(zip(old, new, strict=False)) if a != b)
    return next(differing, min(len(old), len(new)))
