"""Explain: what differs between two steps: which field of the step key changed, and where. Pure.

`step_changes` looks at the two records alone. `look_into` also reads what they name, and says which
line, store path or entry it is.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import fields, replace
from itertools import chain, zip_longest
from typing import Final

from engine.content.cid import Cid
from engine.content.reader import Get, read
from engine.contrast import Contrast, contrast
from engine.errors import Unavailable
from engine.lines import Line, changed_lines
from engine.nix.pathchanges import in_words, path_changes
from engine.nix.records import CLOSURE
from engine.step import GATHER_PAGE_RECORD, Gather, Step
from engine.values import dataclass

MAX_DETAILS: Final = 10  # words, lines or store paths that are named
MAX_GATHERED: Final = 100_000  # items of a gather that are compared
MAX_SCRIPT: Final = 1024 * 1024  # bytes of a linked script that are compared

_NOT_HERE: Final = "what it was, or is, is not here to be looked at"


@dataclass(frozen=True, slots=True)
class Change:
    """One field that is not the same: its name, and what it was and is, as text ('' is absent)."""

    field: str  # as "inputs.code" or "script"
    was: str
    now: str
    details: tuple[str, ...] = ()  # where in it, in words
    inside: Contrast | None = None  # of files and directories
    source: str = ""  # of an input: what it refers to, or the path that this has on disk


def step_changes(was: Step, now: Step) -> tuple[Change, ...]:
    """Return what makes the keys of two steps differ; nothing when they are the same step."""
    return tuple(chain.from_iterable(_field(f.name, was, now) for f in fields(Step)))


def mapping_changes(
    field: str, was: Mapping[str, object], now: Mapping[str, object]
) -> tuple[Change, ...]:
    """Return the entries that two mappings do not share, by name."""
    return tuple(_entries(field, was, now))


def look_into(get: Get, change: Change, was: Step, now: Step, names: Mapping[str, str]) -> Change:
    """Return a change with where in the field it is; `names` is what inputs are called, as files.

    Raises: Damaged when what a step names is malformed. What is not here is said to be.
    """
    try:
        return _looked_into(get, change, was, now, names)
    except Unavailable:
        return replace(change, details=(_NOT_HERE,))


def tree_change(get: Get, change: Change, was: Cid, now: Cid, name: str) -> Change:
    """Return a change of one tree into another, with where in it they part.

    Raises: Damaged when one is malformed. What is not here is said to be.
    """
    try:
        return replace(change, inside=contrast(get, was, now, name))
    except Unavailable:
        return replace(change, details=(_NOT_HERE,))


def closure_details(get: Get, was: Cid, now: Cid) -> tuple[str, ...]:
    """Return which store paths two closures do not share, in words.

    Raises: Unavailable when one is not here; Damaged when it is malformed.
    """
    found = path_changes(CLOSURE.decode(get(was)), CLOSURE.decode(get(now)))
    words = [in_words(change) for change in found.changed]
    words += [f"{name} is new" for name in found.added]
    words += [f"{name} is gone" for name in found.removed]
    return _some(words) or ("the same store paths, in another order on PATH",)


def line_in_words(line: Line) -> str:
    """Return what became of a line."""
    if line.was is None or line.now is None:
        text, how = (line.now, "is new") if line.was is None else (line.was, "is gone")
        return f"line {line.number}: `{text}` {how}"
    return f"line {line.number}: `{line.was}` → `{line.now}`"


def _looked_into(
    get: Get, change: Change, was: Step, now: Step, names: Mapping[str, str]
) -> Change:
    field, _, name = change.field.partition(".")
    if field == "closure":
        return replace(change, details=closure_details(get, was.closure, now.closure))
    if field == "command":
        return replace(change, details=_words(was.command, now.command))
    if field in ("script", "script_link"):
        return replace(change, details=_lines(_script(get, was), _script(get, now)))
    if field == "variables" and name == "PATH" and was.closure != now.closure:
        return replace(change, details=("it follows from the environment",))
    if field == "gathers":
        return _gather(get, change, was.gathers.get(name), now.gathers.get(name), names)
    if field == "inputs" and name in was.inputs and name in now.inputs:
        trees = (was.inputs[name], now.inputs[name])
        return replace(change, inside=contrast(get, *trees, names.get(name, "")))
    return change


def _field(name: str, was: Step, now: Step) -> Iterator[Change]:
    before, after = getattr(was, name), getattr(now, name)
    if before == after:
        return
    if isinstance(before, dict):
        yield from _entries(name, before, after)
    else:
        yield Change(name, _text(before), _text(after))


def _entries(field: str, was: Mapping[str, object], now: Mapping[str, object]) -> Iterator[Change]:
    for key in sorted(was.keys() | now.keys()):
        before, after = was.get(key), now.get(key)
        if before != after:
            yield Change(f"{field}.{key}", _text(before), _text(after))


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, Gather):
        return f"{len(value.items)} values" if not value.pages else f"{len(value.pages)} pages"
    if isinstance(value, tuple):
        return " ".join(str(item) for item in value)
    return str(value) if isinstance(value, str | int | Cid) else repr(value)


def _words(was: Sequence[str], now: Sequence[str]) -> tuple[str, ...]:
    pairs = enumerate(zip_longest(was, now), start=1)
    return _some([_word(at, a, b) for at, (a, b) in pairs if a != b])


def _word(at: int, was: str | None, now: str | None) -> str:
    if was is None or now is None:
        text, how = (now, "is new") if was is None else (was, "is gone")
        return f"word {at}: `{text}` {how}"
    return f"word {at}: `{was}` → `{now}`"


def _lines(was: str, now: str) -> tuple[str, ...]:
    found = changed_lines(was, now)
    more = found.count - len(found.first)
    words = [line_in_words(line) for line in found.first]
    return (*words, *([f"and {more} more lines"] if more else []))


def _script(get: Get, step: Step) -> str:
    if step.script_link is None:
        return step.script
    data = b"".join(read(get, step.script_link, length=MAX_SCRIPT))
    return data.decode(errors="replace")


def _gather(
    get: Get, change: Change, was: Gather | None, now: Gather | None, names: Mapping[str, str]
) -> Change:
    """Say which values are others, and how the first of them differs."""
    old, new = list(_items(get, was)), list(_items(get, now))
    differing = [at for at, (a, b) in enumerate(zip(old, new, strict=False)) if a != b]
    details = []
    if len(old) != len(new):
        details.append(f"it had {len(old)} values and has {len(new)}")
    if differing:
        which = ", ".join(map(str, differing[:MAX_DETAILS]))
        more = ", …" if len(differing) > MAX_DETAILS else ""
        details.append(f"{len(differing)} of its values are others: {which}{more}")
    inside = None
    if differing:
        name = names.get(change.field.partition(".")[2], "")
        inside = contrast(get, old[differing[0]], new[differing[0]], name)
    return replace(change, details=tuple(details), inside=inside)


def _items(get: Get, gather: Gather | None) -> Iterator[Cid]:
    if gather is not None:
        pages = (GATHER_PAGE_RECORD.decode(get(page)).items for page in gather.pages)
        found = chain(gather.items, chain.from_iterable(pages))
        yield from (cid for cid, _ in zip(found, range(MAX_GATHERED), strict=False))


def _some(words: Iterable[str]) -> tuple[str, ...]:
    """Return the first words, and how many more there are."""
    found = list(words)
    more = len(found) - MAX_DETAILS
    return (*found[:MAX_DETAILS], *([f"and {more} more"] if more > 0 else []))
