"""PathChanges: which store paths two closures do not share, told by the names of packages. Pure.

>>> package("numpy-2.2.6"), package("env-sh")
('numpy', 'env-sh')
"""

import re
from collections import defaultdict
from collections.abc import Iterable
from typing import Final

from engine.nix.records import Closure, ClosurePath
from engine.nix.storepath import StorePath
from engine.values import dataclass

_VERSION: Final = re.compile(r"-(?=[0-9])")  # where a version begins, as Nix has it
_DIGEST: Final = 8  # characters of a digest that are shown


@dataclass(frozen=True, slots=True)
class PathChanges:
    """Store paths by base name, each list sorted by it."""

    added: tuple[str, ...]
    removed: tuple[str, ...]
    changed: tuple["PathChange", ...]


@dataclass(frozen=True, slots=True)
class PathChange:
    """A package that both have, at other store paths."""

    was: str  # base name
    now: str
    same_content: bool  # only what it was made from is another


def package(name: str) -> str:
    """Return the name of a store path, or what comes before its digest too, without the version."""
    return _VERSION.split(name, maxsplit=1)[0]


def path_changes(was: Closure, now: Closure) -> PathChanges:
    """Return the paths that two closures do not share."""
    shared = {path.name for path in was.paths} & {path.name for path in now.paths}
    old, new = (_by_package(one.paths, shared) for one in (was, now))
    changed, removed, added = [], [], []
    for name in sorted(old.keys() | new.keys()):
        before, after = old.get(name, []), new.get(name, [])
        if len(before) == len(after):  # else it cannot be told which became which
            changed += [_change(a, b) for a, b in zip(before, after, strict=True)]
        else:
            removed += [path.name for path in before]
            added += [path.name for path in after]
    return PathChanges(tuple(sorted(added)), tuple(sorted(removed)), tuple(changed))


def in_words(change: PathChange) -> str:
    """Return what became of a package: its versions, or else its digests."""
    was, now = StorePath.parse(change.was), StorePath.parse(change.now)
    if was.name != now.name:
        return f"{was.name} → {now.name}"
    how = "the same content" if change.same_content else "other content"
    return f"{was.name}: {was.digest[:_DIGEST]}… → {now.digest[:_DIGEST]}…, {how}"


def _by_package(paths: Iterable[ClosurePath], shared: set[str]) -> dict[str, list[ClosurePath]]:
    found: dict[str, list[ClosurePath]] = defaultdict(list)
    for path in paths:
        if path.name not in shared:
            found[package(StorePath.parse(path.name).name)].append(path)
    return {
        name: sorted(some, key=lambda path: StorePath.parse(path.name).name)
        for name, some in found.items()
    }


def _change(was: ClosurePath, now: ClosurePath) -> PathChange:
    return PathChange(was.name, now.name, was.nar_hash == now.nar_hash)
