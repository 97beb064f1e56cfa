"""How changes are printed: what was and is, and where in a file, as lines and as JSON."""

from collections.abc import Iterator
from typing import Final

from engine.contrast import Bytes, Content, Contrast, Part, Values
from engine.explain import Change, line_in_words
from engine.lines import Line
from engine.nearness import Mismatch

_SHOWN_LINES: Final = 3  # of a file; JSON has some more
_SHOWN_TEXT: Final = 80  # characters of what was and is
_INDENT: Final = "  "


def change_lines(change: Change, label: str = "") -> Iterator[str]:
    """Yield what is said of a change: a line, and what is in it below."""
    label = label or change.field
    if change.source:
        label += f" ({change.source})"
    below = [*change.details, *(contrast_lines(change.inside) if change.inside else ())]
    if not below and change.source and change.was and change.now:
        yield f"{label}: is another"
    elif not below:
        yield f"{label}: {_short(change.was)} → {_short(change.now)}"
    elif len(below) == 1:
        yield f"{label}: {below[0]}"
    else:
        yield f"{label}:"
        yield from (_INDENT + line for line in below)


def contrast_lines(found: Contrast) -> Iterator[str]:
    """Yield where two trees part."""
    for part in found.first:
        yield from _part_lines(part)
    more = sum(found.counts.values()) - len(found.first)
    if more > 0:
        counts = ", ".join(f"{count} {how}" for how, count in sorted(found.counts.items()))
        yield f"and {more} more; in all: {counts}"


def change_json(change: Change) -> dict[str, object]:
    """Return a change for scripts."""
    return {
        "field": change.field,
        "was": change.was,
        "now": change.now,
        "source": change.source,
        "details": list(change.details),
        "inside": contrast_json(change.inside),
    }


def contrast_json(found: Contrast | None) -> dict[str, object] | None:
    """Return two trees side by side for scripts."""
    if found is None:
        return None
    return {"counts": found.counts, "parts": [_part_json(part) for part in found.first]}


def _part_lines(part: Part) -> Iterator[str]:
    path = f"{part.path} " if part.path else ""
    if part.how != "changed":
        yield f"{path}{'is new' if part.how == 'added' else 'is gone'}"
    elif part.what:
        yield path + part.what
    elif part.content is None:
        yield f"{path}has the same bytes, stored in other blocks"
    else:
        yield from (path + line for line in _content_lines(part.content))


def _content_lines(content: Content) -> Iterator[str]:
    if content.values is not None:
        yield _values_in_words(content.values)
    elif content.lines is not None:
        shown = content.lines.first[:_SHOWN_LINES]
        yield from (line_in_words(line) for line in shown)
        if content.lines.count > len(shown):
            bound = "" if content.lines.is_whole else "at most "
            yield f"and {bound}{content.lines.count - len(shown)} more lines"
    else:
        yield _bytes_in_words(content.parting, content.sizes)


def _values_in_words(values: Values) -> str:
    first = f"{values.first.where} {values.first.what}"
    if values.count == 1:
        return first
    text = f"{values.count} values: first {first}"
    if values.largest is not None and values.largest.apart is not None:
        deviation = measure(values.largest.apart.absolute)
        text += f"; the largest deviation is {deviation}, at {values.largest.where}"
    return text


def measure(value: float) -> str:
    """Return how far two numbers are apart, as people read it."""
    return f"{value:.3g}"


def _bytes_in_words(parting: Bytes, sizes: tuple[int, int]) -> str:
    was, now = (side.hex(" ") or "(the end)" for side in (parting.was, parting.now))
    size = f"; {sizes[0]} bytes → {sizes[1]} bytes" if sizes[0] != sizes[1] else ""
    return f"byte {parting.offset}: {was} → {now}{size}"


def _short(text: str) -> str:
    line = " ".join(text.split())
    return (line if len(line) <= _SHOWN_TEXT else f"{line[: _SHOWN_TEXT - 1]}…") or "(absent)"


def _part_json(part: Part) -> dict[str, object]:
    content = part.content
    return {
        "path": part.path,
        "how": part.how,
        "what": part.what,
        "content": content
        and {
            "sizes": list(content.sizes),
            "bytes": {
                "offset": content.parting.offset,
                "was": content.parting.was.hex(),
                "now": content.parting.now.hex(),
            },
            "lines": content.lines
            and {
                "count": content.lines.count,
                "whole": content.lines.is_whole,
                "first": [_line_json(line) for line in content.lines.first],
            },
            "values": content.values
            and {
                "count": content.values.count,
                "first": _mismatch_json(content.values.first),
                "largest": content.values.largest and _mismatch_json(content.values.largest),
            },
        },
    }


def _line_json(line: Line) -> dict[str, object]:
    return {"number": line.number, "column": line.column, "was": line.was, "now": line.now}


def _mismatch_json(found: Mismatch) -> dict[str, object]:
    return {
        "where": found.where,
        "what": found.what,
        "was": found.was,
        "is": found.now,
        "deviation": found.apart and found.apart.absolute,
        "relative": found.apart and found.apart.relative,
    }
