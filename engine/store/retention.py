"""Retention: what stays when space is wanted, by default. Pure: facts in, what to drop out.

Records stay: they are small, and say how to make again whatever is dropped. Inputs and the final
outputs of runs stay. Intermediate outputs go. Environments stay while they fit a quota, the last
used first. Whatever is pinned stays.

The caller then marks with `links_of` that does not follow what is dropped (engine/store/gc.py).
"""

from collections.abc import Iterable, Iterator
from typing import Final, Literal

from engine.content.cid import Cid
from engine.values import dataclass

GIB: Final = 1024**3

Kind = Literal["record", "input", "output", "intermediate", "environment"]


@dataclass(frozen=True, slots=True)
class Kept:
    """Something in the store that may stay or go, and what the decision needs to know."""

    cid: Cid
    kind: Kind
    size: int  # bytes of disk that are its alone
    last_used_ms: int  # since 1970 UTC
    pinned: bool


@dataclass(frozen=True, slots=True)
class Policy:
    """What a user may set."""

    environments: int = 20 * GIB  # bytes; some tens of scientific environments
    intermediates: bool = False  # whether they stay


@dataclass(frozen=True, slots=True)
class Drop:
    """Something that goes, and why."""

    cid: Cid
    size: int
    why: str


DEFAULT: Final = Policy()


def to_drop(items: Iterable[Kept], policy: Policy = DEFAULT) -> tuple[Drop, ...]:
    """Return what goes, in the order given; an item may be listed under several kinds.

    What stays under one kind stays: a file that is one run's intermediate and another's input.
    """
    items = list(items)
    dropped = {drop.cid: drop for drop in _intermediates(items, policy)}
    dropped |= {drop.cid: drop for drop in _environments(items, policy)}
    staying = {item.cid for item in items if item.pinned or not _may_go(item)}
    return tuple(drop for cid, drop in dropped.items() if cid not in staying)


def _may_go(item: Kept) -> bool:
    return item.kind in ("intermediate", "environment")


def _intermediates(items: list[Kept], policy: Policy) -> Iterator[Drop]:
    for item in items:
        if item.kind == "intermediate" and not policy.intermediates:
            yield Drop(item.cid, item.size, "an intermediate output, which its step makes again")


def _environments(items: list[Kept], policy: Policy) -> Iterator[Drop]:
    """Fill the quota with what is pinned, then with what was used last."""
    environments = [item for item in items if item.kind == "environment"]
    room = policy.environments
    for item in sorted(environments, key=lambda item: (not item.pinned, -item.last_used_ms)):
        if item.pinned or item.size <= room:
            room -= item.size
        else:
            yield Drop(item.cid, item.size, "environments are over their quota")
