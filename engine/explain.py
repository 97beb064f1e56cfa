"""Say what differs between two steps, two runs: which field of the step key changed. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from itertools import chain

from engine.content.cid import Cid
from engine.step import Gather, Step


@dataclass(frozen=True, slots=True)
class Change:
    """One field that is not the same: its name, and what it was and is, as text ('' is absent)."""

    field: str  # as "inputs.code" or "script"
    was: str
    now: str


def step_changes(was: Step, now: Step) -> tuple[Change, ...]:
    """Return what makes the keys of two steps differ; nothing when they are the same step."""
    return tuple(chain.from_iterable(_field(f.name, was, now) for f in fields(Step)))


def mapping_changes(
    field: str, was: Mapping[str, object], now: Mapping[str, object]
) -> tuple[Change, ...]:
    """Return the entries that two mappings do not share, by name."""
    return tuple(_entries(field, was, now))


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
